//! Namespaces and tags are named as `format!` would name them, whatever the type.

use std::fmt;

use cachefn::{cached, invalidate_namespace, invalidate_tag, invalidates};
use serde::Serialize;

use super::Runs;
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

    let _cache = cache().await;
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

/// Different owners with the same number.
#[derive(Clone, Copy, Serialize)]
enum Owner {
    User(u64),
    Org(u64),
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::User(id) | Self::Org(id)) = self;
        write!(f, "{id}")
    }
}

/// A number or a text, and nobody can see which.
#[derive(Clone, Serialize)]
#[serde(untagged)]
enum Id {
    Number(u64),
    Text(String),
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(id) => write!(f, "{id}"),
            Self::Text(id) => f.write_str(id),
        }
    }
}

/// Shows what it does not serialize.
#[derive(Clone, Serialize)]
struct Tenant {
    #[serde(skip)]
    name: String,
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// Does not display at all.
#[derive(Clone, Serialize)]
struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Err(fmt::Error)
    }
}

#[tokio::test]
async fn whatever_a_namespace_does_not_show_tells_entries_apart() {
    #[cached(namespace = "groups-h:{owner}", key = 1)]
    async fn owned(owner: Owner) -> String {
        match owner {
            Owner::User(id) => format!("user {id}"),
            Owner::Org(id) => format!("org {id}"),
        }
    }
    #[cached(namespace = "groups-i:{id}", key = 1)]
    async fn numbered(id: Id) -> bool {
        matches!(id, Id::Number(_))
    }
    #[cached(namespace = "groups-j:{tenant}", key = 1)]
    async fn rented(tenant: Tenant) -> String {
        tenant.name
    }
    #[cached(namespace = "groups-k:{broken}", key = 1)]
    async fn unnamed(broken: Broken, runs: &Runs) -> u32 {
        runs.next()
    }

    let (_cache, runs) = (cache().await, Runs::default());
    let tenant = |name: &str| Tenant { name: name.to_owned() };
    // What was found once is found in another way.
    for _ in 0..3 {
        assert_eq!([owned(Owner::User(7)).await, owned(Owner::Org(7)).await], ["user 7", "org 7"]);
        assert_eq!([numbered(Id::Number(7)).await, numbered(Id::Text("7".into())).await], [true, false]);
        assert_eq!([rented(tenant("a")).await, rented(tenant("b")).await], ["a", "b"]);
    }
    assert_eq!([unnamed(Broken, &runs).await, unnamed(Broken, &runs).await], [1, 2], "it is not cached");
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
