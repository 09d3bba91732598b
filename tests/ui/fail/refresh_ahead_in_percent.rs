//! The caret is at the value: a part of a life is a number.
use cachefn::cached;

#[cached(expire = 300, refresh_ahead = "80%")]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
