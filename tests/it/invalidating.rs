//! What an invalidation strikes, and what it does not.

use std::sync::Arc;

use cachefn::{Invalidated, cached};

use crate::memory::{Db, User, memory, spawn};

/// One gated function in a namespace of its own, and everything that invalidates it.
mod gated {
    use crate::memory::{Db, User};
    use cachefn::cached;

    #[cached(namespace = "gated:{org}", key = id)]
    pub(super) async fn get(org: &str, id: u64, db: &Db) -> User {
        db.slow_user(id).await
    }
}

#[tokio::test]
async fn an_invalidation_beats_a_running_body_whatever_it_names() {
    type Invalidate = fn() -> cachefn::Invalidation;
    let ways: [(&str, Invalidate); 5] = [
        ("key", || gated::invalidate_get("key", 7)),
        ("function", || gated::invalidate_all_get()),
        ("level", || cachefn::invalidate_namespace("gated:level")),
        ("parent", || cachefn::invalidate_namespace("gated")),
        ("refresh-free", || gated::invalidate_get("refresh-free", 7)),
    ];
    memory().await;
    for (org, invalidate) in ways {
        let db = Db::closed();
        let call = |db: &Arc<Db>| {
            let db = Arc::clone(db);
            spawn(async move { gated::get(org, 7, &db).await })
        };
        let early = call(&db);
        db.entered().await;
        let new = db.update();
        assert_eq!(invalidate().await, Invalidated::Applied);
        let late = call(&db);
        db.entered().await;
        db.open(2);
        assert_eq!(early.await.unwrap().version, new - 1, "{org}: the early caller's own");
        assert_eq!(late.await.unwrap().version, new, "{org}: a later caller was given the old value");
        assert_eq!(gated::get(org, 7, &db).await.version, new, "{org}: the old value was stored");
        assert_eq!(db.reads(), 2, "{org}");
    }
}

#[tokio::test]
async fn a_namespace_covers_what_is_below_it_and_nothing_else() {
    #[cached(namespace = "area:{name}", key = "it")]
    async fn get(name: &str, db: &Db) -> User {
        db.user(name.len() as u64)
    }

    memory().await;
    let db = Db::new();
    let names = ["users", "users2", "user", "*", "us?rs", "a:b"];
    for name in names {
        get(name, &db).await;
    }
    let reads = db.reads();
    for miss in ["area:u", "are", "area:user?", "area:a:b", "area2", "rea"] {
        cachefn::invalidate_namespace(miss).await;
    }
    for name in names {
        get(name, &db).await;
    }
    assert_eq!(db.reads(), reads, "an invalidation struck a neighbour");
    cachefn::invalidate_namespace("area:users").await;
    for name in names {
        get(name, &db).await;
    }
    assert_eq!(db.reads(), reads + 1);
    cachefn::invalidate_namespace("area").await;
    for name in names {
        get(name, &db).await;
    }
    assert_eq!(db.reads(), reads + 1 + 6);
}
