//! Functions that share a name and a key, and never a value.

use cachefn::cached;

use crate::memory::{AtomicCount, memory};

mod one {
    #[cachefn::cached(namespace = "meeting", key = id)]
    pub(super) async fn get(id: u64) -> u32 {
        u32::try_from(id).unwrap() + 1
    }
}

mod two {
    #[cachefn::cached(namespace = "meeting", key = id)]
    pub(super) async fn get(id: u64) -> String {
        format!("two {id}")
    }
}

#[tokio::test]
async fn functions_of_one_name_in_two_modules_never_meet() {
    memory().await;
    for _ in 0..3 {
        assert_eq!(one::get(7).await, 8);
        assert_eq!(two::get(7).await, "two 7");
    }
}

struct Repo<T> {
    runs: AtomicCount,
    id: T,
}

struct Other {
    runs: AtomicCount,
}

impl<T: ToString + Copy> Repo<T> {
    #[cached(namespace = "methods", key = (self.id.to_string(), page))]
    pub(crate) async fn get(&self, page: u32) -> String {
        format!("{} of {}: run {}", page, std::any::type_name::<T>(), self.runs.next())
    }
}

impl Other {
    #[cached(namespace = "methods", skip(self))]
    pub(crate) async fn get(&self, id: u8, page: u32) -> String {
        format!("other {id} {page}: run {}", self.runs.next())
    }
}

#[tokio::test]
async fn methods_of_two_types_and_instances_of_one_have_entries_of_their_own() {
    memory().await;
    let (small, large) =
        (Repo { runs: AtomicCount::default(), id: 1_u8 }, Repo { runs: AtomicCount::default(), id: 1_u64 });
    let other = Other { runs: AtomicCount::default() };
    for _ in 0..3 {
        assert_eq!(small.get(2).await, "2 of u8: run 1");
        assert_eq!(large.get(2).await, "2 of u64: run 1");
        assert_eq!(other.get(1, 2).await, "other 1 2: run 1");
    }
    small.invalidate_get(2).await;
    assert_eq!(small.get(2).await, "2 of u8: run 2");
    assert_eq!(large.get(2).await, "2 of u64: run 2", "the key of a generic method goes in all instances");
    assert_eq!(other.get(1, 2).await, "other 1 2: run 1");
    Repo::<u8>::invalidate_all_get().await;
    assert_eq!(large.get(2).await, "2 of u64: run 3");
}
