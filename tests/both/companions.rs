//! What the functions generated beside a cached one reach.

use std::sync::Arc;

use cachefn::cached;
use serde::Serialize;

use super::Runs;
use crate::cache;

trait Entity {
    type Id;
}

#[derive(Clone, Copy)]
struct User;

impl Entity for User {
    type Id = u64;
}

struct Repo<E> {
    runs: Runs,
    of: std::marker::PhantomData<fn() -> E>,
}

impl<E: Entity> Repo<E> {
    #[cached(namespace = "companions:repo", key = id)]
    pub(crate) async fn get(&self, id: &E::Id) -> u32
    where
        E::Id: Serialize,
    {
        self.runs.next()
    }
}

struct Holder<T>(T, Runs);

impl<T> Holder<T> {
    #[cached(namespace = "companions:holder", key = self.0)]
    pub(crate) async fn get(&self) -> u32
    where
        T: Serialize,
    {
        self.1.next()
    }
}

#[tokio::test]
async fn a_key_whose_bounds_are_those_of_the_type_around_is_invalidated() {
    let _cache = cache().await;
    let repo = Repo::<User> { runs: Runs::default(), of: std::marker::PhantomData };
    assert_eq!((repo.get(&7).await, repo.get(&7).await), (1, 1));
    Repo::<User>::invalidate_get(&7).await;
    assert_eq!(repo.get(&7).await, 2);

    let holder = Holder([1_u8, 2], Runs::default());
    assert_eq!((holder.get().await, holder.get().await), (1, 1));
    holder.invalidate_get().await;
    assert_eq!(holder.get().await, 2);
}

struct Shop;

impl Shop {
    #[cached(namespace = "companions:shop", key = id, companions = Self)]
    pub(crate) async fn find(id: u64, runs: Arc<Runs>) -> u32 {
        runs.next()
    }

    #[cached(namespace = "companions:shop", key = Self::normal(id))]
    pub(crate) async fn normalised(id: u64, runs: Arc<Runs>) -> u32 {
        runs.next()
    }

    fn normal(id: u64) -> u64 {
        id % 10
    }
}

#[tokio::test]
async fn a_function_of_a_type_is_reached_through_it() {
    let _cache = cache().await;
    let runs = Arc::new(Runs::default());
    let find = || Shop::find(7, Arc::clone(&runs));
    assert_eq!((find().await, find().await), (1, 1));
    assert_eq!((Shop::refresh_find(7, Arc::clone(&runs)).await, find().await), (2, 2));
    Shop::invalidate_find(7).await;
    assert_eq!(find().await, 3);

    let normalised = |id| Shop::normalised(id, Arc::clone(&runs));
    assert_eq!((normalised(7).await, normalised(17).await), (4, 4));
    assert_eq!((Shop::refresh_normalised(27, Arc::clone(&runs)).await, normalised(7).await), (5, 5));
    Shop::invalidate_normalised(37).await;
    assert_eq!(normalised(7).await, 6);
}

#[tokio::test]
async fn a_function_with_an_implementation_inside_stands_alone() {
    #[cached(namespace = "companions:local", key = id)]
    async fn local(id: u64, runs: &Runs) -> u32 {
        struct Doubled(u32);

        impl From<u32> for Doubled {
            fn from(run: u32) -> Self {
                Self(run * 2)
            }
        }

        Doubled::from(runs.next()).0 / 2
    }

    let _cache = cache().await;
    let runs = Runs::default();
    assert_eq!((local(7, &runs).await, local(7, &runs).await), (1, 1));
    assert_eq!(refresh_local(7, &runs).await, 2);
    invalidate_local(7).await;
    assert_eq!(local(7, &runs).await, 3);
}

trait Loads {
    type Id;
}

struct Users;

impl Loads for Users {
    type Id = u64;
}

/// Another type than the key's own only by its conversion.
struct Wrapped;

impl From<u64> for Wrapped {
    fn from(_: u64) -> Self {
        Self
    }
}

#[tokio::test]
async fn a_bound_that_names_more_than_the_key_comes_along() {
    #[cached(namespace = "companions:bounds", key = id)]
    async fn load<T: Loads, U>(id: T::Id, more: U, runs: &Runs) -> u32
    where
        T::Id: serde::Serialize + Into<U>,
    {
        drop(more);
        runs.next()
    }

    let (_cache, runs) = (cache().await, Runs::default());
    let read = || load::<Users, Wrapped>(7, Wrapped, &runs);
    assert_eq!((read().await, read().await), (1, 1));
    invalidate_load::<Users, Wrapped>(7).await;
    assert_eq!(read().await, 2);
}
