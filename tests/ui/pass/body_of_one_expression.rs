//! A body that is one expression is as quiet as without the attribute, whatever the expression.
#![deny(warnings)]
use cachefn::cached;

#[cached]
async fn argument(id: u64) -> u64 {
    id
}

#[cached]
async fn block(id: u64) -> u64 {
    unsafe { id.unchecked_add(0) }
}

#[cached]
async fn endless(id: u64) -> u64 {
    loop {
        if id > 0 {
            break id;
        }
    }
}

#[tokio::main]
async fn main() {
    cachefn::init_with(cachefn::Config::builder().enabled(true).build().unwrap()).await.unwrap();
    assert_eq!((argument(7).await, argument(7).await, block(7).await, endless(7).await), (7, 7, 7, 7));
}
