//! Companions are as visible as the function, and neither unused ones nor private types in them are a warning.
#![deny(warnings, unreachable_pub, missing_docs)]
use cachefn::{Config, cached};

mod users {
    #[derive(serde::Serialize)]
    struct Private(u64);

    #[super::cached]
    pub(super) async fn shared(id: u64) -> u64 {
        private(&Private(id)).await
    }

    #[super::cached(crate = "cachefn")]
    pub(in crate::users) async fn private(private: &Private) -> u64 {
        private.0
    }
}

#[tokio::main]
async fn main() {
    #[cached]
    async fn local(id: u64) -> u64 {
        users::shared(id).await
    }

    cachefn::init_with(Config::builder().enabled(true).build().unwrap()).await.unwrap();
    assert_eq!((local(7).await, refresh_local(7).await, users::refresh_shared(7).await), (7, 7, 7));
    let _ = (invalidate_all_local().await, users::invalidate_shared(7).await);
}
