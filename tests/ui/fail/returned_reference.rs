//! The caret is at the return type: what is borrowed of an argument is gone at the next call.
use cachefn::cached;

#[cached(expire = 300)]
async fn first<'a>(words: &'a str) -> Option<&'a str> {
    words.split(' ').next()
}

fn main() {}
