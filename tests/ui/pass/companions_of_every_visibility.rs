//! Companions are where the function is and as visible; unused ones and those of private types are no warning.
#![deny(warnings, unreachable_pub, missing_docs)]
use cachefn::{Config, cached};

mod users {
    #[derive(Clone, serde::Serialize)]
    struct Private;

    #[super::cached]
    pub(crate) async fn public(id: u64) -> u64 { id + nested(&Private).await }

    #[super::cached(expire = "1h 30m")]
    async fn nested(_private: &Private) -> u64 { tail::deep(1).await }

    mod tail {
        #[crate::cached(crate = "cachefn", namespace = "deep")]
        pub(in crate::users) async fn deep(id: u64) -> u64 { id }
    }
}

#[tokio::main]
async fn main() {
    #[cached(key = id)]
    async fn local(id: u64) -> u64 { users::public(id).await }

    cachefn::init_with(Config::builder().enabled(true).build().unwrap()).await.unwrap();
    assert_eq!((local(7).await, local(7).await, refresh_local(7).await, users::refresh_public(7).await), (8, 8, 8, 8));
    let _ = (invalidate_all_local().await, invalidate_local(7).await, users::invalidate_all_public().await);
}
