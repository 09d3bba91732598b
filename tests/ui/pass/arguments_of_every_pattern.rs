//! Every name a pattern binds takes part in the default key; `mut` and `_named` are names like others.
#![deny(warnings)]
use cachefn::{Config, cached};

struct Path<T>(T);
struct Page { size: u32, number: u32 }

#[cached]
async fn sum(Path(id): Path<u32>, [a, b]: [u32; 2], Page { size, number: n }: Page, mut mutable: u32, _unused: u32) -> u32 {
    mutable += 1;
    id + a + b + size + n + mutable
}

#[cached(key = "{id}:{pair.0}:{path.0}")]
async fn templated(id: u32, pair: (u32, u32), path: Path<u32>, _: &str) -> u32 {
    id + pair.1 + path.0
}

#[tokio::main]
async fn main() {
    cachefn::init_with(Config::builder().enabled(true).build().unwrap()).await.unwrap();
    let page = || Page { size: 4, number: 5 };
    assert_eq!(sum(Path(1), [2, 3], page(), 6, 7).await, 22);
    assert_eq!(sum(Path(1), [3, 2], page(), 6, 7).await, 22);
    assert_eq!(refresh_sum(Path(1), [2, 3], page(), 6, 8).await, 22);
    let _ = invalidate_sum(Path(1), [2, 3], page(), 6, 8).await;
    assert_eq!(cachefn::stats().functions[0].hits, 0);
    assert_eq!((templated(1, (2, 3), Path(4), "").await, templated(1, (2, 9), Path(4), "x").await), (8, 8));
}
