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
        for number in [0.5, -0.0, 1e300] {
            get(text, number, &runs).await;
            let before = runs.get();
            invalidate_tag(&format!("tags c:{text}:{number}")).await;
            get(text, number, &runs).await;
            assert_eq!(runs.get(), before + 1, "{text:?} {number}");
        }
    }
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
