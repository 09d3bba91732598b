//! Keys, page by page.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use cachefn::cached;

use super::get;

#[cached(namespace = "listed:all", key = id)]
pub(super) async fn number(id: u32) -> u32 {
    id
}

#[cached(namespace = "listed2", key = id)]
async fn neighbour(id: u32) -> u32 {
    id
}

/// All keys of a walk, none of which may come twice.
pub(super) async fn walk(query: &str) -> BTreeSet<String> {
    let (mut keys, mut cursor) = (BTreeSet::new(), None::<String>);
    loop {
        let next = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let page = get(&format!("/keys?{query}{next}")).await;
        assert_eq!(page.status, StatusCode::OK, "{page:?}");
        for listed in page.body["keys"].as_array().unwrap() {
            let key = listed["key"].as_str().unwrap().to_owned();
            assert!(keys.insert(key.clone()), "{key} comes twice");
        }
        cursor = page.body["next"].as_str().map(str::to_owned);
        if cursor.is_none() {
            return keys;
        }
    }
}

#[cachefn::test]
async fn a_thousand_keys_come_once_each() {
    for id in 0..1_000 {
        number(id).await;
        neighbour(id % 10).await;
    }
    let expected: BTreeSet<_> = (0..1_000).map(|id| format!("cachefn:listed:all:number:{id}")).collect();
    assert_eq!(walk("namespace=listed&limit=64").await, expected);
    assert_eq!(walk("namespace=listed:all&limit=1000").await, expected);
    assert_eq!(walk("limit=99").await.len(), 1_010);
    assert_eq!(
        walk("namespace=listed2").await.len(),
        10,
        "a namespace is not the beginning of another's name"
    );
    let page = get("/keys?namespace=listed&limit=1").await;
    let one = &page.body["keys"][0];
    assert!(one["function"].as_str().unwrap().ends_with("keys::number"));
    assert!(one["ttl"].as_f64().unwrap() > 250.0 && one["bytes"].as_u64().unwrap() > 0);

    invalidate_all_number().await;
    assert!(walk("namespace=listed").await.is_empty(), "what was struck is not listed");
}

#[cachefn::test]
async fn a_sensitive_key_is_listed_as_its_digest_and_a_generic_one_once() {
    #[cached(namespace = "hidden", sensitive)]
    async fn account(number: &str) -> String {
        number.to_owned()
    }
    #[cached(namespace = "generic", key = id)]
    async fn of_type<
        T: Default + Clone + Send + Sync + serde::Serialize + for<'de> serde::Deserialize<'de> + 'static,
    >(
        id: u8,
    ) -> (u8, T) {
        (id, T::default())
    }
    account("4556 7375 8689 9855").await;
    let hidden = walk("namespace=hidden").await;
    assert!(
        hidden.iter().all(|key| key.contains(":%x") && !key.contains("4556 ") && !key.contains("4556%")),
        "{hidden:?}"
    );
    of_type::<u8>(1).await;
    let generic = walk("namespace=generic").await;
    assert!(generic.iter().all(|key| key.ends_with("of_type:1") && !key.contains('~')), "{generic:?}");
    assert_eq!((hidden.len(), generic.len()), (1, 1));
}

#[cachefn::test]
async fn what_is_no_page_is_refused() {
    for query in ["limit=0", "limit=1001", "limit=x", "cursor=x", "cursor=0.17", "page=2", "namespace="] {
        let answer = get(&format!("/keys?{query}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
        assert!(!answer.error().is_empty());
    }
}
