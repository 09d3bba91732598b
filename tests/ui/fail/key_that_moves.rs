//! A label is at what moves, in the words of the compiler: the key is made before the body, which needs it too.
use cachefn::cached;

#[cached(key = name.into_bytes())]
async fn length(name: String) -> usize {
    name.len()
}

fn main() {}
