//! The caret is at the spawned future: an `Rc` across an await is no more `Send` than without the attribute.
use cachefn::cached;
use std::rc::Rc;

#[cached(expire = 300)]
async fn double(id: u64) -> u64 {
    let id = Rc::new(id);
    tokio::task::yield_now().await;
    *id * 2
}

fn main() {
    fn spawn(_: impl Send) {}
    spawn(double(7));
}
