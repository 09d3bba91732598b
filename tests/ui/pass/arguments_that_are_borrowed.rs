//! Arguments are borrowed for the call only, also those that the key is made of; the body may move the others.
#![deny(warnings)]
use cachefn::{Config, cached};

struct Db<'a>(&'a [(u64, &'a str)]);

#[cached(key = (id, tags, no))]
async fn name<'a>(id: &u64, tags: &[&'a str], no: String, db: &Db<'a>, log: &mut Vec<u64>) -> Option<String> {
    log.push(*id);
    drop(no);
    let (_, name) = db.0.iter().find(|(known, _)| known == id)?;
    Some(format!("{name}{}", tags.concat()))
}

#[tokio::main]
async fn main() {
    cachefn::init_with(Config::builder().enabled(true).build().unwrap()).await.unwrap();
    let (rows, mut log) = (vec![(7, "Ada")], Vec::new());
    let db = Db(&rows);
    for _ in 0..2 {
        assert_eq!(name(&7, &["!"], "a".into(), &db, &mut log).await.as_deref(), Some("Ada!"));
    }
    assert_eq!(name(&7, &["?"], "a".into(), &db, &mut log).await.as_deref(), Some("Ada?"));
    assert_eq!(name(&8, &["?"], "a".into(), &db, &mut log).await, None);
    let _ = invalidate_name(&7, &["!"], "a".into()).await;
    assert_eq!(log, [7, 7, 8]);
}
