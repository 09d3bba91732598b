//! A `self` that is handed into a macro is the caller's own, and so is that of the companions.
#![deny(warnings)]
use cachefn::{Config, cached};

macro_rules! getter {
    ($self:ident, $key:expr) => {
        #[cached(namespace = "handed", key = ($key, id))]
        pub async fn get(&$self, id: u64) -> u64 {
            id + u64::from($self.region)
        }
    };
}

struct Repo {
    region: u8,
}

impl Repo {
    getter!(self, self.region);
}

#[tokio::main]
async fn main() {
    cachefn::init_with(Config::builder().enabled(true).build().unwrap()).await.unwrap();
    let repo = Repo { region: 3 };
    assert_eq!((repo.get(7).await, repo.refresh_get(7).await), (10, 10));
    let _ = repo.invalidate_get(7).await;
}
