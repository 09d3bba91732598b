//! The caret is at the return type: `Cow` could be stored, but not one that borrows.
use cachefn::cached;
use std::borrow::Cow;

#[cached(expire = 300)]
async fn lower<'a>(word: &'a str) -> Cow<'a, str> {
    Cow::Borrowed(word)
}

fn main() {}
