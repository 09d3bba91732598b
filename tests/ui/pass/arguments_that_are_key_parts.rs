//! What can be part of a key, by value, borrowed and optional.
#![deny(warnings)]
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::IpAddr;
use std::num::NonZeroU8;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use cachefn::cached;
use serde::Serialize;

#[derive(Serialize)]
enum Order {
    Newest,
    By { field: &'static str },
}

#[cached]
async fn numbers(a: (u8, i128), b: f64, c: bool, d: char, e: NonZeroU8, f: Option<&u64>, g: ()) -> usize {
    let _ = (a, b, c, d, e, f, g);
    1
}

#[cached]
async fn texts(a: &str, b: String, c: Cow<'_, str>, d: Arc<str>, e: &Path, f: Option<PathBuf>, g: Box<str>) -> usize {
    let _ = (b, d, f, g);
    a.len() + c.len() + e.as_os_str().len()
}

#[cached]
async fn lists(a: &[u8], b: Vec<String>, c: [u8; 40], d: &[[i8; 3]; 2], e: Option<Vec<(u8, String)>>) -> usize {
    let _ = (b, c, d, e);
    a.len()
}

#[cached]
async fn groups(
    a: HashMap<String, u8>,
    b: &BTreeMap<u8, Vec<u8>>,
    c: HashSet<u8>,
    d: Option<&BTreeSet<String>>,
) -> usize {
    a.len() + b.len() + c.len() + d.map_or(0, BTreeSet::len)
}

#[cached]
async fn others(a: IpAddr, b: Duration, c: SystemTime, d: &Order, e: Vec<Order>) -> usize {
    let _ = (a, b, c);
    let name = |order: &Order| if let Order::By { field } = order { field.len() } else { 0 };
    name(d) + e.iter().map(name).sum::<usize>()
}

#[tokio::main]
async fn main() {
    cachefn::init_with(cachefn::Config::builder().enabled(true).build().unwrap()).await.unwrap();
    assert_eq!(numbers((1, -1), f64::NAN, true, 'x', NonZeroU8::MIN, Some(&1), ()).await, 1);
    let path = PathBuf::from("/x");
    assert_eq!(texts("a", String::new(), "b".into(), "c".into(), &path, Some(path.clone()), "d".into()).await, 4);
    assert_eq!(lists(&[1], vec!["a".into()], [0; 40], &[[1; 3]; 2], Some(vec![(1, "a".into())])).await, 1);
    let set = BTreeSet::from(["x".to_owned()]);
    assert_eq!(groups(HashMap::new(), &BTreeMap::new(), HashSet::from([1]), Some(&set)).await, 2);
    let order = Order::By { field: "name" };
    let all = || vec![Order::Newest, Order::By { field: "id" }];
    let ip: IpAddr = "::1".parse().unwrap();
    for _ in 0..2 {
        assert_eq!(others(ip, Duration::ZERO, SystemTime::UNIX_EPOCH, &order, all()).await, 6);
    }
    assert_eq!(cachefn::stats().total().hits, 1);
}
