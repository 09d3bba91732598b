//! The caret is at the first borrowed argument, and the error names them all.
use std::borrow::Cow;

use cachefn::cached;

pub struct Db;

#[cached(expire = 5, stale = 60, key = (id, name, lang))]
pub async fn page(id: u64, name: &str, lang: Cow<'_, str>, db: &Db) -> u64 {
    let _ = (name, lang, db);
    id
}

fn main() {}
