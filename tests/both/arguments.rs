//! What each argument of `#[cached]` does.

use std::time::Duration;

use cachefn::cached;

use super::{Runs, User};
use crate::cache;

#[tokio::test]
async fn a_bypass_skips_the_read_and_still_stores() {
    #[cached(namespace = "bypass", key = id, bypass = fresh || id == 0)]
    async fn get(id: u64, fresh: bool, runs: &Runs) -> u32 {
        runs.next()
    }

    let _cache = cache().await;
    let runs = Runs::default();
    assert_eq!((get(1, false, &runs).await, get(1, false, &runs).await), (1, 1));
    assert_eq!((get(1, true, &runs).await, get(1, false, &runs).await), (2, 2));
    assert_eq!((get(0, false, &runs).await, get(0, false, &runs).await), (3, 4));
}

#[tokio::test]
async fn only_wanted_values_are_stored() {
    #[cached(namespace = "when", key = id, when = |user: &User| user.org != "new")]
    async fn get(id: u64, org: &str, runs: &Runs) -> Result<Option<User>, std::fmt::Error> {
        Ok(Some(User { id, org: org.to_owned(), run: runs.next() }))
    }

    let _cache = cache().await;
    let runs = Runs::default();
    let read = async |org: &str| get(7, org, &runs).await.unwrap().unwrap().run;
    assert_eq!((read("new").await, read("new").await), (1, 2));
    assert_eq!((read("old").await, read("new").await), (3, 3));
    // What is not wanted now is the newer truth: what stood there goes.
    assert_eq!(refresh_get(7, "new", &runs).await.unwrap().unwrap().run, 4);
    assert_eq!(read("old").await, 5);
}

#[tokio::test]
async fn closures_see_arguments_that_are_copied() {
    #[cached(namespace = "copied", key = id, when = |rows: &Vec<u8>| rows.len() == size)]
    async fn page(id: u64, size: usize, runs: &Runs) -> Vec<u8> {
        runs.next();
        vec![0; 3.min(size)]
    }

    let _cache = cache().await;
    let runs = Runs::default();
    for (size, expected) in [(9, 1), (9, 2), (3, 3), (3, 3)] {
        page(1, size, &runs).await;
        assert_eq!(runs.get(), expected);
    }
}

#[tokio::test]
async fn none_is_stored_only_if_it_is_told_to() {
    #[cached(namespace = "none", key = (1, some), none = 30)]
    async fn stored(some: bool, runs: &Runs) -> Option<u32> {
        let run = runs.next();
        some.then_some(run)
    }
    #[cached(namespace = "none", key = (2, some), none = "skip")]
    async fn skipped(some: bool, runs: &Runs) -> Result<Option<u32>, ()> {
        let run = runs.next();
        Ok(some.then_some(run))
    }

    let _cache = cache().await;
    let runs = Runs::default();
    assert_eq!((stored(false, &runs).await, stored(false, &runs).await), (None, None));
    assert_eq!((stored(true, &runs).await, stored(true, &runs).await), (Some(2), Some(2)));
    assert_eq!((skipped(false, &runs).await, skipped(false, &runs).await), (Ok(None), Ok(None)));
    assert_eq!(runs.get(), 4);
}

#[tokio::test]
async fn a_life_that_the_arguments_or_the_value_give_may_be_none() {
    #[cached(namespace = "lives", key = seconds, expire = Duration::from_secs(seconds))]
    async fn by_argument(seconds: u64, runs: &Runs) -> u32 {
        runs.next()
    }
    #[cached(namespace = "lives", key = seconds, expire_with = |run: &Life| Duration::from_secs(run.1))]
    async fn by_value(seconds: u64, runs: &Runs) -> Life {
        Life(runs.next(), seconds)
    }

    let _cache = cache().await;
    let runs = Runs::default();
    assert_eq!((by_argument(0, &runs).await, by_argument(0, &runs).await), (1, 2));
    assert_eq!((by_argument(9, &runs).await, by_argument(9, &runs).await), (3, 3));
    assert_eq!((by_argument(u64::MAX, &runs).await, by_argument(u64::MAX, &runs).await), (4, 4));
    assert_eq!((by_value(0, &runs).await.0, by_value(0, &runs).await.0), (5, 6));
    assert_eq!((by_value(9, &runs).await.0, by_value(9, &runs).await.0), (7, 7));
}

#[derive(Clone, serde::Serialize, serde::Deserialize)]
struct Life(u32, u64);

#[tokio::test]
async fn a_value_says_after_how_long_it_expires() {
    #[cached(namespace = "brief", key = id, expire = 600, expire_with = |_| Duration::from_millis(40), jitter = 0.5)]
    async fn get(id: u64, runs: &Runs) -> u32 {
        runs.next()
    }

    let _cache = cache().await;
    let runs = Runs::default();
    let first = get(1, &runs).await;
    for _ in 0..500 {
        if get(1, &runs).await > first {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("an entry of 40 ms is there after 5 s");
}

#[tokio::test]
async fn nothing_is_in_the_key_where_all_is_skipped() {
    #[cached(namespace = "skipped", skip_all)]
    async fn get(_: u64, runs: &Runs) -> u32 {
        runs.next()
    }

    let _cache = cache().await;
    let runs = Runs::default();
    assert_eq!((get(1, &runs).await, get(2, &runs).await), (1, 1));
    invalidate_get().await;
    assert_eq!(get(1, &runs).await, 2);
}

#[tokio::test]
async fn of_a_type_parameter_it_is_not_known_what_may_be_stored() {
    trait Make {
        type Out;
        fn make(&self, run: u32) -> Self::Out;
    }
    struct Fails;
    struct Works;
    impl Make for Fails {
        type Out = Result<u32, String>;
        fn make(&self, run: u32) -> Result<u32, String> {
            Err(run.to_string())
        }
    }
    impl Make for Works {
        type Out = u32;
        fn make(&self, run: u32) -> u32 {
            run
        }
    }
    struct Maker<M>(M);
    impl<M: Make> Maker<M>
    where
        M::Out: Clone + serde::Serialize + serde::de::DeserializeOwned + Send + Sync + 'static,
    {
        #[cached(namespace = "hidden", key = 1)]
        pub(crate) async fn get(&self, runs: &Runs) -> M::Out {
            self.0.make(runs.next())
        }
    }
    #[cached(namespace = "declared", key = 1, result = plain)]
    async fn declared<M: Make>(make: &M, runs: &Runs) -> M::Out
    where
        M::Out: Clone + serde::Serialize + serde::de::DeserializeOwned + Send + Sync + 'static,
    {
        make.make(runs.next())
    }

    let _cache = cache().await;
    let runs = Runs::default();
    let (fails, works) = (Maker(Fails), Maker(Works));
    assert_eq!((fails.get(&runs).await, fails.get(&runs).await), (Err("1".into()), Err("2".into())));
    assert_eq!((works.get(&runs).await, works.get(&runs).await), (3, 3));
    assert_eq!((declared(&Works, &runs).await, declared(&Works, &runs).await), (4, 4));
}

#[tokio::test]
async fn a_namespace_is_named_as_format_would_name_it() {
    #[cached(namespace = "my shops:{city}-{street}:x", key = 1)]
    async fn shop(city: &str, street: &str, runs: &Runs) -> u32 {
        runs.next()
    }

    let _cache = cache().await;
    let runs = Runs::default();
    let long = "ü".repeat(60);
    let cases = [("São Paulo", "a-b"), ("50%", "*?[x]"), ("a%20b", ""), ("%41", "{q}"), (long.as_str(), "b")];
    for (city, street) in cases {
        let before = shop(city, street, &runs).await;
        assert_eq!(shop(city, street, &runs).await, before);
        if !street.is_empty() {
            cachefn::invalidate_namespace(&format!("my shops:{city}-{street}")).await;
            assert_eq!(shop(city, street, &runs).await, before + 1, "{city}, {street}");
        }
    }
    let before = shop("a", "b", &runs).await;
    cachefn::invalidate_namespace("my shops").await;
    assert_eq!(shop("a", "b", &runs).await, before + 1);
}

#[tokio::test]
async fn the_arguments_are_asked_once_whether_to_read() {
    use std::sync::atomic::{AtomicU32, Ordering};

    static ASKED: AtomicU32 = AtomicU32::new(0);

    #[cached(namespace = "asked", key = id, bypass = ASKED.fetch_add(1, Ordering::SeqCst) % 2 == 1)]
    async fn get(id: u64, runs: &Runs) -> u32 {
        runs.next()
    }

    let (_cache, runs) = (cache().await, Runs::default());
    let mut answers = Vec::new();
    for _ in 0..6 {
        answers.push(get(1, &runs).await);
    }
    assert_eq!((answers.as_slice(), ASKED.load(Ordering::SeqCst)), ([1, 2, 2, 3, 3, 4].as_slice(), 6));
}

/// What a key is made of may change between two looks at it.
#[tokio::test]
async fn a_key_that_changes_while_it_is_made_is_still_the_key_of_its_value() {
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

    static MODE: AtomicU32 = AtomicU32::new(0);
    static CHANGES: AtomicBool = AtomicBool::new(false);

    fn mode() -> u32 {
        let mode = MODE.load(Ordering::SeqCst);
        if CHANGES.swap(false, Ordering::SeqCst) {
            MODE.store(1 - mode, Ordering::SeqCst);
        }
        mode
    }

    #[cached(namespace = "mode", key = mode())]
    async fn get(runs: &Runs) -> u32 {
        runs.next()
    }

    let (_cache, runs) = (cache().await, Runs::default());
    assert_eq!(get(&runs).await, 1);
    MODE.store(1, Ordering::SeqCst);
    assert_eq!(get(&runs).await, 2);

    MODE.store(0, Ordering::SeqCst);
    CHANGES.store(true, Ordering::SeqCst);
    assert!([1, 2].contains(&get(&runs).await), "it is a call of either mode");
    for (mode, run) in [(0, 1), (1, 2)] {
        MODE.store(mode, Ordering::SeqCst);
        assert_eq!([get(&runs).await, get(&runs).await], [run, run]);
    }
}
