//! A label is at the use, in the words of the compiler: by then the body owns the argument.
use cachefn::cached;

#[cached(key = 1, when = |length: &usize| *length > name.len())]
async fn length(name: String) -> usize {
    let name = name;
    name.len()
}

fn main() {}
