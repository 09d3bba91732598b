//! The caret is at `impl …`, which is what has to change.
use cachefn::cached;

#[cached(response, key = id)]
async fn page(id: u64) -> Result<impl std::fmt::Display, std::io::Error> {
    Ok(id)
}

fn main() {}
