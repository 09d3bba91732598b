//! A level of a key is a group, wherever it is written.

use std::sync::Arc;

use cachefn::{cached, invalidate_namespace, invalidates};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use super::{Runs, User};
use crate::cache;

fn user(id: u64) -> User {
    User { id, org: "org".into(), run: 1 }
}

#[tokio::test]
async fn levels_of_a_template_are_invalidated_like_those_of_a_namespace() {
    #[cached(namespace = "levels-a", key = "{id}:single")]
    async fn single(id: u64, runs: &Runs) -> u32 {
        runs.next()
    }
    #[cached(namespace = "levels-a", key = "{user.id}:{fn}")]
    async fn orders(user: &User, runs: &Runs) -> u32 {
        runs.next()
    }
    #[cached(namespace = "levels-a:{id}", key = "keys")]
    async fn keys(id: u64, runs: &Runs) -> u32 {
        runs.next()
    }

    let (_cache, runs) = (cache().await, Runs::default());
    let read = async |id| [single(id, &runs).await, orders(&user(id), &runs).await, keys(id, &runs).await];
    assert_eq!((read(3).await, read(33).await), ([1, 2, 3], [4, 5, 6]));
    assert_eq!((read(3).await, read(33).await), ([1, 2, 3], [4, 5, 6]));
    invalidate_namespace("levels-a:3").await;
    assert_eq!((read(3).await, read(33).await), ([7, 8, 9], [4, 5, 6]));
    invalidate_namespace("levels-a:33:single").await;
    assert_eq!((read(3).await, read(33).await), ([7, 8, 9], [10, 5, 6]));
    invalidate_namespace("levels-a:3:orders").await;
    assert_eq!((read(3).await, read(33).await), ([7, 11, 9], [10, 5, 6]));
    invalidate_namespace("levels-a").await;
    assert_eq!((read(3).await, read(33).await), ([12, 13, 14], [15, 16, 17]));
}

#[cached(namespace = "levels-b", skip(runs))]
async fn get(id: u64, page: &str, runs: &Runs) -> u32 {
    runs.next()
}

struct Repo;

impl Repo {
    #[cached(namespace = "levels-b", skip(self, runs))]
    async fn get(&self, id: u64, page: &str, runs: &Runs) -> u32 {
        runs.next()
    }

    #[cached(namespace = "levels-b", skip(self, runs))]
    async fn all(&self, runs: &Runs) -> u32 {
        runs.next()
    }
}

#[tokio::test]
async fn the_name_of_a_function_and_each_of_its_arguments_is_a_level() {
    let (_cache, runs, repo) = (cache().await, Runs::default(), Repo);
    let read = async || {
        let functions = [get(1, "a", &runs).await, get(1, "b", &runs).await, get(2, "a", &runs).await];
        (functions, repo.get(1, "a", &runs).await, repo.all(&runs).await)
    };
    assert_eq!(read().await, ([1, 2, 3], 4, 5));
    invalidate_namespace("levels-b:get:1").await;
    assert_eq!(read().await, ([6, 7, 3], 4, 5));
    invalidate_namespace("levels-b:get:1:a").await;
    assert_eq!(read().await, ([8, 7, 3], 4, 5));
    invalidate_namespace("levels-b:get").await;
    assert_eq!(read().await, ([9, 10, 11], 4, 5));
    invalidate_namespace("levels-b:Repo::get").await;
    assert_eq!(read().await, ([9, 10, 11], 12, 5));
    invalidate_namespace("levels-b:Repo::all").await;
    assert_eq!(read().await, ([9, 10, 11], 12, 13));
    invalidate_namespace("levels-b:Repo").await;
    assert_eq!(read().await, ([9, 10, 11], 14, 15));
}

#[tokio::test]
async fn a_separator_in_an_argument_begins_no_level() {
    #[cached(namespace = "levels-c", key = "{name}:single")]
    async fn named(name: &str, runs: &Runs) -> u32 {
        runs.next()
    }

    let (_cache, runs) = (cache().await, Runs::default());
    let read = async || [named("a:b", &runs).await, named("a", &runs).await, named("a b/%", &runs).await];
    assert_eq!(read().await, [1, 2, 3]);
    invalidate_namespace("levels-c:a").await;
    assert_eq!(read().await, [1, 4, 3]);
    invalidate_namespace("levels-c:a%3Ab").await;
    assert_eq!(read().await, [5, 4, 3]);
    invalidate_namespace("levels-c:a b/%").await;
    assert_eq!(read().await, [5, 4, 6]);
}

#[tokio::test]
async fn a_key_of_a_generic_function_is_covered_in_all_instances() {
    #[cached(namespace = "levels-d", key = "{id}:{kind}")]
    async fn of_type<T: Default + Clone + Send + Sync + Serialize + for<'de> Deserialize<'de> + 'static>(
        id: u8,
        kind: &str,
        runs: &Runs,
    ) -> (u32, T) {
        (runs.next(), T::default())
    }

    let (_cache, runs) = (cache().await, Runs::default());
    let read = async || {
        let numbers = [of_type::<u8>(1, "x", &runs).await, of_type::<u8>(2, "x", &runs).await];
        (numbers.map(|(run, _)| run), of_type::<String>(1, "x", &runs).await.0)
    };
    assert_eq!(read().await, ([1, 2], 3));
    invalidate_namespace("levels-d:1:x").await;
    assert_eq!(read().await, ([4, 2], 5));
    invalidate_namespace("levels-d:1").await;
    assert_eq!(read().await, ([6, 2], 7));
}

#[tokio::test]
async fn a_value_that_no_function_produces_is_covered_by_its_key() {
    let _cache = cache().await;
    let values = cachefn::cache().namespace("levels-e:7");
    for key in ["a", "a b", "c:d", "é\u{2003}"] {
        values.set(key, 1_u8).await;
        values.set("other", 2_u8).await;
        invalidate_namespace(&format!("levels-e:7:{}", key.replace(':', "%3A"))).await;
        assert_eq!((values.get::<u8>(key).await, values.get("other").await), (None, Some(2_u8)), "{key}");
        values.set(key, 1_u8).await;
        invalidate_namespace("levels-e:7").await;
        assert_eq!((values.get::<u8>(key).await, values.get::<u8>("other").await), (None, None));
    }
}

/// Reads in a key as what it is, and in a text as its number.
#[derive(Clone, Copy, Serialize)]
struct UserId(u64);

impl std::fmt::Display for UserId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[tokio::test]
async fn a_writer_names_levels_with_the_types_that_keys_are_made_of() {
    #[cached(namespace = "levels-f", key = "{id}:of:{shop}:single")]
    async fn single(id: UserId, shop: uuid::Uuid, runs: &Runs) -> u32 {
        runs.next()
    }
    #[invalidates(namespace("levels-f:{id}"))]
    async fn change(id: UserId) {}
    #[invalidates(namespace("levels-f:{id}:of:{shop}"))]
    async fn close(id: UserId, shop: uuid::Uuid) {}
    #[invalidates(namespace("levels-f:{id}:of:{shop}:single"))]
    async fn forget(id: UserId, shop: uuid::Uuid) {}

    let (_cache, runs) = (cache().await, Runs::default());
    let (id, shop) = (UserId(7), uuid::Uuid::from_u128(9));
    let read = async || [single(id, shop, &runs).await, single(UserId(8), shop, &runs).await];
    assert_eq!(read().await, [1, 2]);
    change(id).await;
    assert_eq!(read().await, [3, 2]);
    close(id, shop).await;
    assert_eq!(read().await, [4, 2]);
    forget(id, shop).await;
    assert_eq!(read().await, [5, 2]);
    invalidate_namespace(&format!("levels-f:@UserId(8u64):of:{shop}")).await;
    assert_eq!(read().await, [5, 6], "what is not text is named as keys show it");
}

#[tokio::test]
async fn levels_of_a_key_that_is_too_long_are_invalidated_too() {
    #[cached(namespace = "levels-g", key = "{id}:{text}:{fn}:{more}")]
    async fn long(id: u64, text: &str, more: &str, runs: &Runs) -> u32 {
        runs.next()
    }

    let (_cache, runs, text) = (cache().await, Runs::default(), "a b".repeat(50));
    let read = async || {
        [long(1, &text, &text, &runs).await, long(1, "a", &text, &runs).await, long(1, "a", "a", &runs).await]
    };
    assert_eq!(read().await, [1, 2, 3]);
    invalidate_namespace(&format!("levels-g:1:{text}")).await;
    assert_eq!(read().await, [4, 2, 3]);
    invalidate_namespace("levels-g:1:a:long").await;
    assert_eq!(read().await, [4, 5, 6]);
    invalidate_namespace("levels-g:1").await;
    assert_eq!(read().await, [7, 8, 9]);
}

#[tokio::test]
async fn a_body_that_runs_while_a_level_of_its_key_is_invalidated_stores_nothing() {
    #[cached(namespace = "levels-h", key = "{id}:single")]
    async fn slow(id: u64, runs: &Runs, gates: &(Semaphore, Semaphore)) -> u32 {
        let run = runs.next();
        gates.0.add_permits(1);
        gates.1.acquire().await.unwrap().forget();
        run
    }

    let _cache = cache().await;
    for (number, covering) in ["levels-h:1", "levels-h:1:single", "levels-h"].into_iter().enumerate() {
        let (runs, gates) = (Arc::new(Runs::default()), Arc::new((Semaphore::new(0), Semaphore::new(0))));
        let call = tokio::spawn({
            let (runs, gates) = (Arc::clone(&runs), Arc::clone(&gates));
            async move { slow(1, &runs, &gates).await }
        });
        gates.0.acquire().await.unwrap().forget();
        invalidate_namespace(covering).await;
        gates.1.add_permits(2);
        assert_eq!(call.await.unwrap(), 1);
        assert_eq!(slow(1, &runs, &gates).await, 2, "{number}: {covering}");
        invalidate_slow(1).await;
    }
}
