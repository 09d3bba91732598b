//! Writers that invalidate.

use std::sync::Arc;

use cachefn::{cached, invalidates};
use tokio::sync::Semaphore;

use super::Runs;
use crate::cache;

mod users {
    use cachefn::cached;

    use super::Runs;

    #[cached(namespace = "inv:users", key = id)]
    pub(crate) async fn get(id: u64, runs: &Runs) -> u32 {
        runs.next()
    }

    #[cached(namespace = "inv:lists", key = page)]
    pub(crate) async fn list(page: &str, runs: &Runs) -> u32 {
        runs.next()
    }

    #[cached(namespace = "inv:count", key = 1)]
    pub(crate) async fn count() -> u32 {
        0
    }
}

struct Repo {
    region: u8,
}

impl Repo {
    #[cached(namespace = "inv:repo", key = (self.region, name))]
    pub(crate) async fn get(&self, name: String, runs: &Runs) -> u32 {
        runs.next()
    }
}

#[tokio::test]
async fn a_writer_invalidates_what_it_names_if_it_succeeds() {
    #[invalidates(users::get(*id), users::list(*), Repo::get(repo, name.clone()))]
    async fn write(id: Box<u64>, repo: &Repo, name: String, fail: bool) -> Result<u64, String> {
        let id = *id;
        if fail { Err(name) } else { Ok(id + name.len() as u64) }
    }

    let _cache = cache().await;
    let (runs, repo) = (Runs::default(), Repo { region: 1 });
    let read = async || {
        [
            users::get(1, &runs).await,
            users::get(2, &runs).await,
            users::list("a", &runs).await,
            users::list("b", &runs).await,
            repo.get("x".into(), &runs).await,
            repo.get("y".into(), &runs).await,
        ]
    };
    assert_eq!(read().await, [1, 2, 3, 4, 5, 6]);
    assert_eq!(write(Box::new(1), &repo, "x".into(), true).await, Err("x".into()));
    assert_eq!(read().await, [1, 2, 3, 4, 5, 6]);
    assert_eq!(write(Box::new(1), &repo, "x".into(), false).await, Ok(2));
    assert_eq!(read().await, [7, 2, 8, 9, 10, 6]);
}

#[tokio::test]
async fn a_writer_invalidates_groups() {
    #[invalidates(tag("inv:page:{page}"))]
    async fn by_tag(page: &str) {}
    #[invalidates(namespace("inv:groups:{id}"), tag(TAG))]
    async fn by_namespace(id: &str) -> Option<u8> {
        None
    }
    #[invalidates(namespace(format!("inv:groups:{id}")))]
    async fn by_text(id: &str) {}
    #[cached(namespace = "inv:pages", key = page, tags = ["inv:page:{page}"])]
    async fn list(page: &str, runs: &Runs) -> u32 {
        runs.next()
    }
    const TAG: &str = "inv:page:always";
    #[cached(namespace = "inv:groups:{id}", key = 1)]
    async fn get(id: &str, runs: &Runs) -> u32 {
        runs.next()
    }

    let _cache = cache().await;
    let runs = Runs::default();
    let read = async || {
        [
            list("a b:c", &runs).await,
            list("always", &runs).await,
            get("x y", &runs).await,
            get("z", &runs).await,
        ]
    };
    assert_eq!(read().await, [1, 2, 3, 4]);
    by_tag("a b:c").await;
    assert_eq!(read().await, [5, 2, 3, 4]);
    assert_eq!(by_namespace("x y").await, None);
    assert_eq!(read().await, [5, 6, 7, 4]);
    by_text("x y").await;
    assert_eq!(read().await, [5, 6, 8, 4]);
}

#[tokio::test]
async fn a_read_that_began_before_the_write_ended_is_not_stored() {
    #[cached(namespace = "inv:race", key = 1)]
    async fn read(entered: Arc<Semaphore>, gate: Arc<Semaphore>, runs: Arc<Runs>) -> u32 {
        let run = runs.next();
        entered.add_permits(1);
        gate.acquire().await.unwrap().forget();
        run
    }
    #[invalidates(read(), namespace("inv:race-2"))]
    async fn write() -> Result<(), ()> {
        Ok(())
    }

    let _cache = cache().await;
    let (entered, gate) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let runs = Arc::new(Runs::default());
    let call = || read(Arc::clone(&entered), Arc::clone(&gate), Arc::clone(&runs));
    let running = tokio::spawn(call());
    entered.acquire().await.unwrap().forget();
    write().await.unwrap();
    gate.add_permits(2);
    assert_eq!((running.await.unwrap(), call().await), (1, 2));
}

#[tokio::test]
async fn a_writer_that_is_dropped_has_invalidated_once_its_body_is_done() {
    use std::future::poll_fn;
    use std::pin::pin;

    #[invalidates(users::get(id))]
    async fn write(id: u64) -> u64 {
        id
    }

    let _cache = cache().await;
    let runs = Runs::default();
    users::get(77, &runs).await;
    {
        let mut writing = pin!(write(77));
        poll_fn(|cx| {
            let _ = writing.as_mut().poll(cx);
            std::task::Poll::Ready(())
        })
        .await;
    }
    is_struck(77, &runs, 2).await;
}

#[tokio::test]
async fn a_writer_whose_end_nobody_knows_has_invalidated() {
    #[invalidates(users::get(id))]
    async fn write(id: u64, gate: &Semaphore) -> Result<u64, String> {
        gate.acquire().await.unwrap().forget();
        assert!(id == 0, "on purpose");
        Ok(id)
    }

    let _cache = cache().await;
    let (runs, closed, open) = (Runs::default(), Semaphore::new(0), Arc::new(Semaphore::new(1)));
    assert_eq!(users::get(88, &runs).await, 1);
    drop(write(88, &closed));
    assert_eq!(users::get(88, &runs).await, 1, "it has not begun");
    tokio::select! { biased; _ = write(88, &closed) => unreachable!(), () = std::future::ready(()) => {} }
    is_struck(88, &runs, 2).await;
    let panics = tokio::spawn(async move { write(88, &open).await });
    assert!(panics.await.unwrap_err().is_panic());
    is_struck(88, &runs, 3).await;
}

/// Redis is told by a task of its own.
async fn is_struck(id: u64, runs: &Runs, expected: u32) {
    for _ in 0..500 {
        if users::get(id, runs).await == expected {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the invalidation was lost with the writer");
}

#[tokio::test]
async fn writers_of_every_kind_keep_their_kind() {
    use std::rc::Rc;

    struct Shop {
        stock: u32,
    }

    impl Shop {
        #[invalidates(users::get(u64::from(self.stock)))]
        async fn buy(&mut self) -> u32 {
            self.stock += 1;
            self.stock
        }

        #[invalidates(users::count(*))]
        async fn close(self: Arc<Self>) {}
    }

    #[invalidates(users::count(*))]
    async fn not_send() -> Result<Rc<u8>, Rc<u8>> {
        Ok(Rc::new(7))
    }

    #[invalidates(users::count(*))]
    async fn borrowed(text: &str) -> Option<&str> {
        text.get(1..)
    }

    fn is_send<T: Send>(value: T) -> T {
        value
    }

    let _cache = cache().await;
    let mut shop = Shop { stock: 1 };
    assert_eq!(is_send(shop.buy()).await, 2);
    is_send(Arc::new(shop).close()).await;
    assert_eq!(is_send(not_send()).await, Ok(Rc::new(7)));
    assert_eq!(is_send(borrowed("ab")).await, Some("b"));
}

#[tokio::test]
async fn a_writer_of_a_type_without_a_name_invalidates_if_it_succeeds() {
    use std::fmt::Debug;

    #[invalidates(users::get(id))]
    async fn write(id: u64, fail: bool) -> Result<impl Debug, String> {
        if fail { Err("on purpose".to_owned()) } else { Ok([id]) }
    }

    #[invalidates(users::get(id))]
    async fn replace(id: u64) -> impl Debug {
        [id]
    }

    let _cache = cache().await;
    let runs = Runs::default();
    let read = async || users::get(99, &runs).await;
    assert_eq!((read().await, read().await), (1, 1));
    assert!(write(99, true).await.is_err());
    assert_eq!(read().await, 1);
    assert!(write(99, false).await.is_ok());
    assert_eq!(read().await, 2);
    let _ = replace(99).await;
    assert_eq!(read().await, 3);
}
