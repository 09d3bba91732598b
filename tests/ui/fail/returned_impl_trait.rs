//! The caret is at `impl …` and not at the whole return type, the rest of which may be right.
use cachefn::cached;

#[cached(expire = 300)]
async fn letters(word: String) -> Result<impl Iterator<Item = char>, String> {
    Ok(word.chars().collect::<Vec<_>>().into_iter())
}

fn main() {}
