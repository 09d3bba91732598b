//! The caret is at the argument that does nothing: past `expire` no value is left to refresh.
use cachefn::cached;

#[cached(expire = 5, stale_if_error = 600, refresh = caller)]
async fn double(id: u64) -> Result<u64, String> {
    Ok(id * 2)
}

fn main() {}
