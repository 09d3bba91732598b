//! Arguments are borrowed for the call only, also those that the key is made of and those that the body moves.
#![deny(warnings)]
use cachefn::{Config, cached};

struct Db<'a>(&'a [(u64, &'a str)]);

#[cached(expire = 60, key = (id, tags))]
async fn name<'a>(id: &u64, tags: &[&'a str], tail: String, db: &Db<'a>, log: &mut Vec<u64>) -> Option<String> {
    log.push(*id);
    let (_, name) = db.0.iter().find(|(known, _)| known == id)?;
    Some(format!("{name}{}", into(tail)))
}

fn into(tail: String) -> Box<str> {
    tail.into()
}

#[tokio::main]
async fn main() {
    cachefn::init_with(Config::builder().enabled(true).build().unwrap()).await.unwrap();
    let (rows, mut log) = ([(7, "Ada")].to_vec(), Vec::new());
    let db = Db(&rows);
    for tail in ["!", "?"] {
        assert_eq!(name(&7, &["a"], tail.into(), &db, &mut log).await.as_deref(), Some("Ada!"));
    }
    assert_eq!(name(&7, &["b"], "?".into(), &db, &mut log).await.as_deref(), Some("Ada?"));
    assert!(invalidate_name(&7, &["a"]).await == cachefn::Invalidated::Applied && log == [7, 7]);
}
