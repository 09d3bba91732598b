//! Groups that cross functions and namespaces.

use std::sync::Arc;

use cachefn::{cached, invalidate_tag};
use tokio::sync::Semaphore;

use super::{Runs, User};
use crate::cache;

#[tokio::test]
async fn a_tag_reaches_the_entries_of_every_function_that_has_it() {
    #[cached(namespace = "tags-a", key = id, tags = ["tags:all", "tags:org:{org}"])]
    async fn one(id: u64, org: &str, runs: &Runs) -> u32 {
        runs.next()
    }
    #[cached(namespace = "tags-b", key = org, tags = ["tags:org:{org}"])]
    async fn list(org: &str, runs: &Runs) -> u32 {
        runs.next()
    }

    let _cache = cache().await;
    let runs = Runs::default();
    let read = async || {
        [one(1, "a", &runs).await, one(2, "b", &runs).await, list("a", &runs).await, list("b", &runs).await]
    };
    assert_eq!(read().await, [1, 2, 3, 4]);
    invalidate_tag("tags:org:a").await;
    assert_eq!(read().await, [5, 2, 6, 4]);
    invalidate_tag("tags:all").await;
    assert_eq!(read().await, [7, 8, 6, 4]);
    invalidate_tag("tags:org").await;
    assert_eq!(read().await, [7, 8, 6, 4]);
}

#[tokio::test]
async fn a_tag_is_named_as_format_would_name_it() {
    #[cached(namespace = "tags-c", key = (text, number), tags = ["tags c:{text}:{number}"])]
    async fn get(text: &str, number: f64, runs: &Runs) -> u32 {
        runs.next()
    }

    let _cache = cache().await;
    let runs = Runs::default();
    let long = "long ".repeat(100);
    for text in ["", "a b:c", "50%", "{x}*?", "%20", "ü\n\0", &long] {
        for number in [0.5, -2.0, 1e300] {
            get(text, number, &runs).await;
            let before = runs.get();
            invalidate_tag(&format!("tags c:{text}:{number}")).await;
            get(text, number, &runs).await;
            assert_eq!(runs.get(), before + 1, "{text:?} {number}");
        }
    }
    // Equal arguments have one key, and so one tag.
    get("", -0.0, &runs).await;
    let before = runs.get();
    invalidate_tag("tags c::0").await;
    get("", -0.0, &runs).await;
    assert_eq!(runs.get(), before + 1);
}

#[tokio::test]
async fn a_value_names_its_tags() {
    #[cached(namespace = "tags-d", key = id, tags = ["tags:users"], tags_with = |user: &User| tags_of(user))]
    async fn get(id: u64, org: &str, runs: &Runs) -> Option<User> {
        Some(User { id, org: org.to_owned(), run: runs.next() })
    }
    fn tags_of(user: &User) -> Vec<String> {
        user.org.split('+').map(|org| format!("tags:d:{org}")).collect()
    }

    let _cache = cache().await;
    let runs = Runs::default();
    let read = async || {
        let mut all = Vec::new();
        for (id, org) in [(1, "a"), (2, "b"), (3, "a+b"), (4, "c")] {
            all.push(get(id, org, &runs).await.unwrap().run);
        }
        all
    };
    assert_eq!(read().await, [1, 2, 3, 4]);
    assert_eq!(read().await, [1, 2, 3, 4]);
    invalidate_tag("tags:d:a").await;
    assert_eq!(read().await, [5, 2, 6, 4]);
    invalidate_tag("tags:d:b").await;
    assert_eq!(read().await, [5, 7, 8, 4]);
    invalidate_tag("tags:d:nobody").await;
    assert_eq!(read().await, [5, 7, 8, 4]);
    invalidate_tag("tags:users").await;
    assert_eq!(read().await, [9, 10, 11, 12]);
    invalidate_get(4).await;
    assert_eq!(read().await, [9, 10, 11, 13]);
}

#[tokio::test]
async fn a_tag_that_is_struck_during_the_body_refuses_its_value() {
    #[cached(namespace = "tags-e", key = 1, tags_with = |user: &User| ["tags:e", &user.org].map(str::to_owned))]
    async fn get(entered: Arc<Semaphore>, gate: Arc<Semaphore>, runs: Arc<Runs>) -> User {
        let user = User { id: 1, org: "tags:e:org".into(), run: runs.next() };
        entered.add_permits(1);
        gate.acquire().await.unwrap().forget();
        user
    }

    let _cache = cache().await;
    let (entered, gate) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let runs = Arc::new(Runs::default());
    let call = || get(Arc::clone(&entered), Arc::clone(&gate), Arc::clone(&runs));
    for (tag, expected) in [("tags:e:org", 2), ("tags:e", 4)] {
        let running = tokio::spawn(call());
        entered.acquire().await.unwrap().forget();
        invalidate_tag(tag).await;
        gate.add_permits(2);
        assert_eq!(running.await.unwrap().run, expected - 1);
        assert_eq!(call().await.run, expected, "what was loaded before {tag} was struck is not served");
        entered.acquire().await.unwrap().forget();
        invalidate_get().await;
    }
}

#[tokio::test]
async fn other_tags_that_are_struck_during_the_body_leave_its_value_alone() {
    #[cached(namespace = "tags-g", key = 1, tags_with = |user: &User| [user.org.clone()])]
    async fn get(entered: Arc<Semaphore>, gate: Arc<Semaphore>, runs: Arc<Runs>) -> User {
        let user = User { id: 1, org: "tags:g:own".into(), run: runs.next() };
        entered.add_permits(1);
        gate.acquire().await.unwrap().forget();
        user
    }

    let _cache = cache().await;
    let (entered, gate) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let runs = Arc::new(Runs::default());
    let call = || get(Arc::clone(&entered), Arc::clone(&gate), Arc::clone(&runs));
    let running = tokio::spawn(call());
    entered.acquire().await.unwrap().forget();
    for number in 0..200 {
        invalidate_tag(&format!("tags:g:{number}")).await;
    }
    gate.add_permits(1);
    assert_eq!(running.await.unwrap().run, 1);
    assert_eq!(call().await.run, 1, "it is stored");
    invalidate_tag("tags:g:own").await;
    gate.add_permits(1);
    assert_eq!(call().await.run, 2);
}

#[tokio::test]
async fn a_refresh_that_is_refused_for_its_tag_leaves_nothing_older_behind() {
    #[cached(namespace = "tags-h", key = 1, tags_with = |user: &User| [user.org.clone()])]
    async fn get(entered: Arc<Semaphore>, gate: Arc<Semaphore>, runs: Arc<Runs>) -> User {
        let run = runs.next();
        let user = User { id: 1, org: format!("tags:h:{}", run.min(2)), run };
        entered.add_permits(1);
        gate.acquire().await.unwrap().forget();
        user
    }

    let _cache = cache().await;
    let (entered, gate) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let runs = Arc::new(Runs::default());
    let call = || get(Arc::clone(&entered), Arc::clone(&gate), Arc::clone(&runs));
    gate.add_permits(1);
    assert_eq!(call().await.run, 1);
    assert_eq!(call().await.run, 1);
    entered.acquire().await.unwrap().forget();
    // The newer value has another tag, which is invalidated while it is on its way.
    let refreshing = refresh_get(Arc::clone(&entered), Arc::clone(&gate), Arc::clone(&runs));
    let refreshing = tokio::spawn(refreshing);
    entered.acquire().await.unwrap().forget();
    invalidate_tag("tags:h:2").await;
    gate.add_permits(2);
    assert_eq!(refreshing.await.unwrap().run, 2);
    assert_eq!(call().await.run, 3, "neither the older value nor the one that was refused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_that_is_set_is_found_whatever_other_tags_are_struck() {
    let _cache = cache().await;
    let striking = tokio::spawn(async {
        for number in 0.. {
            invalidate_tag(&format!("tags:i:{}", number % 100)).await;
            // In memory nothing is waited for.
            tokio::task::yield_now().await;
        }
    });
    let values = cachefn::cache().namespace("tags-i").tag("tags:i:own").tag("tags:i:also").tag("tags:i:own");
    for number in 0..400 {
        values.set("k", number).await;
        assert_eq!(values.get("k").await, Some(number));
    }
    striking.abort();
    let _ = striking.await;
    // Who looks for it need not know its tags.
    let untagged = cachefn::cache().namespace("tags-i");
    assert_eq!(untagged.get("k").await, Some(399));
    for tag in ["tags:i:also", "tags:i:own"] {
        invalidate_tag(tag).await;
        assert_eq!(untagged.get::<i32>("k").await, None, "{tag}");
        assert_eq!(values.get_or_fill("k", async || 7).await, 7);
        assert_eq!(untagged.get("k").await, Some(7));
    }
}

#[tokio::test]
async fn a_value_with_too_many_tags_is_not_stored() {
    #[cached(namespace = "tags-f", key = count, tags_with = |count: &usize| (0..*count).map(|n| format!("tags:f:{n}")))]
    async fn get(count: usize, runs: &Runs) -> usize {
        runs.next();
        count
    }

    let _cache = cache().await;
    let runs = Runs::default();
    for count in [64, 65] {
        assert_eq!((get(count, &runs).await, get(count, &runs).await), (count, count));
    }
    assert_eq!(runs.get(), 3);
}
