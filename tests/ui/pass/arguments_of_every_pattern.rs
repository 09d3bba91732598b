//! Every name that a pattern binds takes part in the default key, and the companions take the same patterns.
#![deny(warnings)]
use cachefn::{Config, cached};

struct Path<T>(T);
#[derive(Clone, Copy)]
struct Page {
    size: u32,
    number: u32,
}

#[cached]
async fn sum(Path(id): Path<u32>, [a, b]: [u32; 2], Page { size, number: n }: Page, mut mutable: u32) -> u32 {
    mutable += 1;
    id + a + b + size + n + mutable
}

#[tokio::main]
async fn main() {
    cachefn::init_with(Config::builder().enabled(true).build().unwrap()).await.unwrap();
    let page = Page { size: 4, number: 5 };
    let hits = || cachefn::stats().functions[0].hits;
    assert_eq!((sum(Path(1), [2, 3], page, 6).await, hits()), (22, 0));
    assert_eq!((sum(Path(1), [3, 2], page, 6).await, hits()), (22, 0));
    assert_eq!((sum(Path(1), [2, 3], page, 6).await, hits()), (22, 1));
    assert_eq!((refresh_sum(Path(1), [2, 3], page, 6).await, hits()), (22, 1));
    let _ = invalidate_sum(Path(1), [2, 3], page, 6).await;
    assert_eq!((sum(Path(1), [2, 3], page, 6).await, hits()), (22, 1));
}
