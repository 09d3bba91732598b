//! The caret is at the template, for nothing smaller has a place, and the message names the placeholder.
use cachefn::cached;

#[cached(key = "{user}:single")]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
