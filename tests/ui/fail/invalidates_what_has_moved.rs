//! A label is at the use, in the words of the compiler: the attribute takes its arguments before the body does.
use cachefn::{cached, invalidates};

#[cached(key = name)]
async fn get_name(name: String) -> u64 {
    name.len() as u64
}

#[invalidates(get_name(name))]
async fn update(name: String) -> Result<u64, String> {
    Err(name)
}

fn main() {
    let _ = update("Ada".to_owned());
}
