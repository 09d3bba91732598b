//! The caret is at the type, which may be a `Result` in any parentheses.
#![allow(unused_parens)]
use cachefn::cached;

#[cached(skip(value))]
async fn given<T: Clone>(value: T) -> (T) {
    value
}

fn main() {}
