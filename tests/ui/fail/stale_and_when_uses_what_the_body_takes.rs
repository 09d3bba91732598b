//! In the words of the compiler: of what the body owns, `when` can use what is `Copy`.
use cachefn::cached;

#[cached(expire = 5, stale = 60, key = 1, when = |length: &usize| *length > name.len())]
pub async fn length(name: String) -> usize {
    let name = name;
    name.len()
}

fn main() {}
