//! The caret is at the body's last semicolon, as it is without the attribute.
use cachefn::cached;

#[cached(expire = 300)]
async fn double(id: u64) -> u64 {
    id * 2;
}

fn main() {}
