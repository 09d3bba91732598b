//! Namespaces and tags are named as `format!` would name them, whatever the type.

use std::fmt;

use cachefn::{cached, invalidate_namespace, invalidate_tag, invalidates};
use serde::Serialize;

use super::{Runs, TAGS};
use crate::cache;

#[derive(Clone, Copy, Serialize)]
struct UserId(u64);

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Shows little of what it is.
#[derive(Clone, Copy, Serialize)]
struct Masked(&'static str);

impl fmt::Display for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}***", &self.0[..1])
    }
}

#[tokio::test]
async fn a_type_of_ones_own_is_named_as_it_displays() {
    #[cached(namespace = "groups-a", key = id, tags = ["groups-user:{id}"])]
    async fn tagged(id: UserId, runs: &Runs) -> u32 {
        runs.next()
    }
    #[cached(namespace = "groups-b:{id}", key = 1)]
    async fn spaced(id: UserId, runs: &Runs) -> u32 {
        runs.next()
    }
    #[cached(namespace = "groups-c:{id}", key = 1)]
    async fn by_uuid(id: uuid::Uuid, runs: &Runs) -> u32 {
        runs.next()
    }

    let (_cache, _alone) = (cache().await, TAGS.lock().await);
    let (runs, id, uuid) = (Runs::default(), UserId(7), uuid::Uuid::from_u128(9));
    let read = async || [tagged(id, &runs).await, spaced(id, &runs).await, by_uuid(uuid, &runs).await];
    assert_eq!(read().await, [1, 2, 3]);
    invalidate_tag(&format!("groups-user:{id}")).await;
    assert_eq!(read().await, [4, 2, 3]);
    invalidate_namespace(&format!("groups-b:{id}")).await;
    assert_eq!(read().await, [4, 5, 3]);
    invalidate_namespace(&format!("groups-c:{uuid}")).await;
    assert_eq!(read().await, [4, 5, 6]);
}

#[tokio::test]
async fn values_that_display_alike_share_a_namespace_and_no_entries() {
    #[cached(namespace = "groups-d:{mail}", key = 1)]
    async fn get(mail: Masked) -> String {
        mail.0.to_owned()
    }

    let _cache = cache().await;
    assert_eq!([get(Masked("ada")).await, get(Masked("alan")).await], ["ada", "alan"]);
    assert_eq!([get(Masked("ada")).await, get(Masked("alan")).await], ["ada", "alan"]);
}

#[tokio::test]
async fn a_namespace_with_nothing_in_it_is_named_too() {
    #[cached(namespace = "groups-e:{id}:keys", key = 1)]
    async fn within(id: &str, runs: &Runs) -> u32 {
        runs.next()
    }
    #[cached(namespace = "{id}:groups-e", key = 1)]
    async fn before(id: &str, runs: &Runs) -> u32 {
        runs.next()
    }

    let (_cache, runs, id) = (cache().await, Runs::default(), "");
    assert_eq!([within(id, &runs).await, before(id, &runs).await], [1, 2]);
    invalidate_namespace(&format!("groups-e:{id}:keys")).await;
    invalidate_namespace(&format!("{id}:groups-e")).await;
    assert_eq!([within(id, &runs).await, before(id, &runs).await], [3, 4]);
}

#[tokio::test]
async fn what_an_argument_of_a_writers_target_invalidates_is_invalidated() {
    #[cached(namespace = "groups-f", key = id)]
    async fn get(id: u64, runs: &Runs) -> u32 {
        runs.next()
    }
    #[cached(namespace = "groups-g", key = id)]
    async fn twin(id: u64) -> u64 {
        id
    }
    fn forget(id: u64) -> u64 {
        drop(invalidate_get(id));
        id
    }
    #[invalidates(twin(forget(id)))]
    async fn fails(id: u64) -> Result<(), ()> {
        Err(())
    }

    let (_cache, runs) = (cache().await, Runs::default());
    assert_eq!(get(1, &runs).await, 1);
    fails(1).await.unwrap_err();
    assert_eq!(get(1, &runs).await, 2, "the writer failed, but its argument did what it did");
}
