//! The caret is at the type that is no codec.
use cachefn::cached;

struct Fast;
#[cached(codec = self::Fast)]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
