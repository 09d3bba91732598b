//! Generated code finds the crate under the name that the manifest gives it.

mod cachefn {
    //! Not the crate.
}

use memo::{Config, Invalidated, cached, invalidates};

#[cached(expire = 300, namespace = "users:{id}", key = id, tags = ["user:{id}"], codec = Json)]
async fn get_user(id: u64, runs: &std::sync::atomic::AtomicU64) -> Result<u64, String> {
    Ok(id + runs.fetch_add(1, std::sync::atomic::Ordering::SeqCst))
}

#[invalidates(get_user(id))]
async fn update_user(id: u64) {}

#[tokio::test]
async fn a_renamed_dependency_is_found() {
    memo::init_with(Config::builder().enabled(true).build().unwrap()).await.unwrap();
    let runs = std::sync::atomic::AtomicU64::new(0);
    assert_eq!((get_user(7, &runs).await, get_user(7, &runs).await), (Ok(7), Ok(7)));
    assert_eq!(invalidate_get_user(7).await, Invalidated::Applied);
    assert_eq!(get_user(7, &runs).await, Ok(8));
    update_user(7).await;
    assert_eq!(refresh_get_user(7, &runs).await, Ok(9));
}
