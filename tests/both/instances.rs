//! Functions with type parameters of their own: each instance has its entries, and one invalidation reaches them all.

use cachefn::{cached, invalidates};

use super::Runs;
use crate::cache;

trait Db: Sync {
    fn read(&self) -> u32;
}

impl Db for Runs {
    fn read(&self) -> u32 {
        self.next()
    }
}

#[tokio::test]
async fn an_invalidation_reaches_instances_that_its_key_does_not_mention() {
    #[cached(namespace = "instances-a", key = id)]
    async fn by_parameter<D: Db>(id: u64, db: &D) -> u32 {
        db.read()
    }
    #[cached(namespace = "instances-b", key = id)]
    async fn by_impl(id: u64, db: &impl Db) -> u32 {
        db.read()
    }
    #[cached(namespace = "instances-c", key = id)]
    async fn by_number<const N: usize>(id: u64, db: &Runs) -> u32 {
        db.next()
    }
    #[cached(namespace = "instances-d", key = id)]
    async fn by_lifetime<'a>(id: u64, db: &'a Runs) -> u32
    where
        'a: 'a,
    {
        db.next()
    }

    let (_cache, runs) = (cache().await, Runs::default());
    let read = async || {
        [
            by_parameter(1, &runs).await,
            by_impl(1, &runs).await,
            by_number::<3>(1, &runs).await,
            by_lifetime(1, &runs).await,
        ]
    };
    assert_eq!(read().await, [1, 2, 3, 4]);
    assert_eq!(read().await, [1, 2, 3, 4]);
    invalidate_by_parameter(1).await;
    invalidate_by_impl(1).await;
    invalidate_by_number(1).await;
    invalidate_by_lifetime(1).await;
    assert_eq!(read().await, [5, 6, 7, 8]);
    invalidate_all_by_parameter().await;
    assert_eq!(read().await, [9, 6, 7, 8]);
}

struct Repo<'a> {
    runs: &'a Runs,
}

impl Repo<'_> {
    #[cached(namespace = "instances-e", key = id)]
    pub async fn get(&self, id: u64, more: impl Fn() -> u32) -> u32 {
        self.runs.next() + more()
    }
}

#[tokio::test]
async fn a_writer_reaches_every_instance_of_a_method() {
    #[invalidates(Repo::get(id))]
    async fn update(id: u64) -> Result<(), ()> {
        Ok(())
    }

    let (_cache, runs) = (cache().await, Runs::default());
    let repo = Repo { runs: &runs };
    let (one, other) = (|| 10, || 20);
    assert_eq!([repo.get(1, one).await, repo.get(1, other).await], [11, 22]);
    update(1).await.unwrap();
    assert_eq!([repo.get(1, one).await, repo.get(1, other).await], [13, 24]);
}

#[tokio::test]
async fn closures_and_functions_of_one_name_do_not_share_values() {
    #[cached(namespace = "instances-f", key = id)]
    async fn memo<F: AsyncFn() -> String>(id: u32, make: F) -> String {
        make().await
    }

    let _cache = cache().await;
    let (one, other) = (async || "one".to_owned(), async || "other".to_owned());
    assert_eq!([memo(1, one).await, memo(1, other).await], ["one", "other"]);

    let first = {
        #[cached(key = id)]
        async fn get(id: u32) -> String {
            format!("first {id}")
        }
        get(1).await
    };
    let second = {
        #[cached(key = id)]
        async fn get(id: u32) -> String {
            format!("second {id}")
        }
        get(1).await
    };
    assert_eq!([first, second], ["first 1", "second 1"]);
}

#[tokio::test]
async fn generic_functions_of_one_name_in_blocks_are_told_apart() {
    let _cache = cache().await;
    let first = {
        #[cached(key = id)]
        async fn get<T: Into<u64> + Copy + serde::Serialize>(id: T) -> u64 {
            id.into() + 100
        }
        get(7_u8).await
    };
    let second = {
        #[cached(key = id)]
        async fn get<T: Into<u64> + Copy + serde::Serialize>(id: T) -> u64 {
            id.into() + 200
        }
        get(7_u8).await
    };
    assert_eq!([first, second], [107, 207]);
}

/// Writes an entity whose loader stands in a block without a name.
macro_rules! entity {
    ($entity:ident, $text:literal) => {
        struct $entity;

        const _: () = {
            #[cached(key = id)]
            async fn load(id: u32) -> String {
                format!(concat!($text, " {}"), id)
            }

            impl $entity {
                async fn fetch(id: u32) -> String {
                    load(id).await
                }
            }
        };
    };
}

entity!(Member, "member");
entity!(Order, "order");

#[tokio::test]
async fn functions_that_a_macro_writes_into_nameless_blocks_are_told_apart() {
    let _cache = cache().await;
    assert_eq!([Member::fetch(1).await, Order::fetch(1).await], ["member 1", "order 1"]);
}
