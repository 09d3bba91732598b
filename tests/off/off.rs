//! What is left of the attribute where caching is compiled out: the user's own functions, and companions that do
//! nothing.

use std::cell::Cell;
use std::io::ErrorKind;
use std::net::TcpListener;

use cachefn::{Config, Invalidated, Mode, cached};

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Answer(u64);

struct Db {
    bodies: Cell<u64>,
}

impl Db {
    fn new() -> Self {
        Self { bodies: Cell::new(0) }
    }

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

async fn plain(id: u64, db: &Db) -> Option<Answer> {
    Some(db.read(id).await)
}

/// Asks for everything the environment could ask for; the answer is where Redis would be.
async fn init() -> TcpListener {
    let server = TcpListener::bind("127.0.0.1:0").expect("a free port");
    server.set_nonblocking(true).expect("sockets can be nonblocking");
    let address = server.local_addr().expect("it is bound");
    let config = Config::builder().enabled(true).redis_enabled(true).redis_url(&format!("redis://{address}"));
    let config = config.build().expect("the configuration is the same in every build");
    cachefn::init_with(config).await.expect("nothing was initialized before");
    server
}

#[test]
fn a_future_is_as_large_as_the_plain_one() {
    let db = Db::new();
    assert_eq!(size_of_val(&answer(7, &db)), size_of_val(&plain(7, &db)));
    assert_eq!(align_of_val(&answer(7, &db)), align_of_val(&plain(7, &db)));
}

#[tokio::test]
async fn every_call_runs_the_body_whatever_the_configuration_says() {
    let server = init().await;
    let db = Db::new();
    for bodies in 1..=3 {
        assert_eq!(answer(7, &db).await, Some(Answer(7)));
        assert_eq!(db.bodies.get(), bodies);
    }
    assert_eq!(refresh_answer(7, &db).await, Some(Answer(7)));
    assert_eq!(db.answer(7).await, db.refresh_answer(7).await);
    assert_eq!(db.bodies.get(), 6);

    let status = cachefn::status();
    assert_eq!((status.mode, status.redis), (Mode::Disabled, None));
    assert_eq!((status.entries, status.bytes, status.fills, status.flights), (0, 0, 0, 0));
    assert!(cachefn::stats().functions.is_empty(), "no function is known to the cache");
    let connection = server.accept().map_err(|error| error.kind());
    assert_eq!(connection.err(), Some(ErrorKind::WouldBlock), "nobody asked for a connection");
    cachefn::shutdown().await;
}

#[tokio::test]
async fn invalidations_are_applied_for_there_is_nothing_to_invalidate() {
    assert_eq!(invalidate_answer(7).await, Invalidated::Applied);
    assert_eq!(invalidate_all_answer().await, Invalidated::Applied);
    assert_eq!(Db::invalidate_answer(7).await, Invalidated::Applied);
    assert_eq!(Db::invalidate_all_answer().await, Invalidated::Applied);
    assert_eq!(cachefn::invalidate_namespace("answers").await, Invalidated::Applied);
    assert_eq!(cachefn::clear().await, Invalidated::Applied);
}
