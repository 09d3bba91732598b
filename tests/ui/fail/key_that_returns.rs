//! The caret is at `?`: a key is a value, and nobody is there to return an error to.
use cachefn::cached;

#[cached(key = id.parse::<u64>()?)]
async fn double(id: String) -> Result<String, std::num::ParseIntError> {
    Ok(id.repeat(2))
}

fn main() {}
