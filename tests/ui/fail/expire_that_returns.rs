//! The caret is at `return`: the call goes on behind the expression.
use cachefn::cached;

#[cached(expire = if id > 7 { return id } else { std::time::Duration::from_secs(id) })]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
