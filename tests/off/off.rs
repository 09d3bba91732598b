//! What is left of the attribute where caching is compiled out: the user's own functions, and companions that do
//! nothing.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cachefn::{Config, Invalidated, Mode, cached, invalidates};

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Answer(u64);

struct Db {
    bodies: Cell<u64>,
}

impl Db {
    fn new() -> Self {
        Self { bodies: Cell::new(0) }
    }

    #[allow(clippy::unused_async, reason = "what a body awaits is part of its future")]
    async fn read(&self, id: u64) -> Answer {
        self.bodies.set(self.bodies.get() + 1);
        Answer(id)
    }

    #[cached(expire = 300, key = id)]
    pub(crate) async fn answer(&self, id: u64) -> Result<Answer, String> {
        Ok(self.read(id).await)
    }
}

#[cached(expire = 300, namespace = "answers", key = id)]
async fn answer(id: u64, db: &Db) -> Option<Answer> {
    Some(db.read(id).await)
}

#[cached(
    expire = std::time::Duration::from_secs(id),
    key = "{id}",
    namespace = "answers:{id}",
    tags = ["answers"],
    tags_with = |answer: &Answer| [answer.0.to_string()],
    when = |answer: &Answer| answer.0 > 0,
    bypass = id == 0,
    none = 30,
    jitter = 0.1,
    stale = 60,
    refresh_ahead = 0.8,
    refresh = caller,
    stale_if_error = 600,
    timeout = "100ms",
    version = 2,
    codec = Json
)]
async fn every_argument(id: u64, db: &Db) -> Option<Answer> {
    Some(db.read(id).await)
}

#[cached(expire = 300, stale = 60, refresh_ahead = 0.8, stale_if_error = 600, timeout = "100ms", key = id)]
async fn refreshed(id: u64, bodies: Arc<AtomicU64>) -> Result<Answer, String> {
    bodies.fetch_add(1, Ordering::Relaxed);
    Ok(Answer(id))
}

#[expect(clippy::unused_async, reason = "it is compared with the annotated one")]
async fn plain_with_bodies(id: u64, bodies: Arc<AtomicU64>) -> Result<Answer, String> {
    bodies.fetch_add(1, Ordering::Relaxed);
    Ok(Answer(id))
}

#[invalidates(answer(id), every_argument(*), tag("answers"))]
async fn write(id: u64, db: &Db) -> Option<Answer> {
    Some(db.read(id).await)
}

async fn plain(id: u64, db: &Db) -> Option<Answer> {
    Some(db.read(id).await)
}

#[test]
fn a_future_is_as_large_as_the_plain_one() {
    let db = Db::new();
    assert_eq!(size_of_val(&answer(7, &db)), size_of_val(&plain(7, &db)));
    assert_eq!(align_of_val(&answer(7, &db)), align_of_val(&plain(7, &db)));
    assert_eq!(size_of_val(&every_argument(7, &db)), size_of_val(&plain(7, &db)));
    assert_eq!(size_of_val(&write(7, &db)), size_of_val(&plain(7, &db)));
    let bodies = Arc::default;
    assert_eq!(size_of_val(&refreshed(7, bodies())), size_of_val(&plain_with_bodies(7, bodies())));
}

#[tokio::test]
async fn every_call_runs_the_body_whatever_the_configuration_says() {
    let config = Config::builder().enabled(true).build().expect("nothing else is set");
    cachefn::init_with(config).await.expect("nothing was initialized before");
    let db = Db::new();
    for bodies in 1..=3 {
        assert_eq!(answer(7, &db).await, Some(Answer(7)));
        assert_eq!(db.bodies.get(), bodies);
    }
    assert_eq!(refresh_answer(7, &db).await, Some(Answer(7)));
    assert_eq!(db.answer(7).await, db.refresh_answer(7).await);
    assert_eq!(db.bodies.get(), 6);
    let bodies = Arc::<AtomicU64>::default();
    assert_eq!(refreshed(7, Arc::clone(&bodies)).await, refreshed(7, Arc::clone(&bodies)).await);
    assert_eq!(refresh_refreshed(7, Arc::clone(&bodies)).await, Ok(Answer(7)));
    assert_eq!(bodies.load(Ordering::Relaxed), 3);

    let status = cachefn::status();
    assert_eq!((status.mode, status.redis), (Mode::Disabled, None));
    assert_eq!((status.entries, status.bytes, status.fills, status.flights), (0, 0, 0, 0));
    assert!(cachefn::stats().functions.is_empty(), "no function is known to the cache");
    cachefn::shutdown().await;
}

#[tokio::test]
async fn nothing_is_put_into_the_cache_by_hand() {
    let (values, bodies) = (cachefn::cache().namespace("values").tag("tag"), Cell::new(0));
    values.set("it", 7).await;
    assert_eq!(values.get::<i32>("it").await, None);
    let body = async || bodies.replace(bodies.get() + 1);
    assert_eq!([values.get_or_fill("it", body).await, values.get_or_fill("it", body).await], [0, 1]);
    assert_eq!(values.try_get_or_fill("it", async || Err::<u8, _>("none")).await, Err("none"));
    assert_eq!(values.remove("it").await, Invalidated::Applied);
}

#[tokio::test]
async fn invalidations_are_applied_for_there_is_nothing_to_invalidate() {
    assert_eq!(invalidate_answer(7).await, Invalidated::Applied);
    assert_eq!(invalidate_all_answer().await, Invalidated::Applied);
    assert_eq!(invalidate_refreshed(7).await, Invalidated::Applied);
    assert_eq!(Db::invalidate_answer(7).await, Invalidated::Applied);
    assert_eq!(Db::invalidate_all_answer().await, Invalidated::Applied);
    assert_eq!(cachefn::invalidate_namespace("answers").await, Invalidated::Applied);
    assert_eq!(cachefn::clear().await, Invalidated::Applied);
}
