//! The caret is at the whole type: what is wrong inside of it only the alias knows.
use cachefn::cached;

type Answer = Result<String, std::io::Error>;

#[cached(response, key = id)]
async fn page(id: u64) -> Answer {
    Ok(id.to_string())
}

fn main() {}
