//! In the words of the compiler: a key is made from references, maybe twice, and before the body, which needs the
//! argument too. It says both.
use cachefn::cached;

#[cached(key = name.into_bytes())]
async fn length(name: String) -> usize {
    name.len()
}

fn main() {}
