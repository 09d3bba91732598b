//! The caret is at the expression in the body, as it is without the attribute, and only there.
use cachefn::cached;

#[cached(expire = 300)]
async fn double(id: u64) -> Result<u64, String> {
    if id == 0 {
        return Err(0);
    }
    Ok(id * 2)
}

fn main() {}
