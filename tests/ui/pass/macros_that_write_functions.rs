//! `macro_rules!` may write annotated functions: name, types, key, body and whole items come from its caller.
#![deny(warnings)]
use cachefn::{Config, cached};

macro_rules! getter {
    ($vis:vis $name:ident($id:ident: $ty:ty) -> $out:ty, $key:expr, $expire:literal, $body:block) => {
        #[cached(expire = $expire, namespace = "written", key = $key)]
        $vis async fn $name($id: $ty, db: &Vec<u64>) -> $out { let _ = db; $body }
    };
    ($item:item) => { #[cached(skip(db))] $item };
}

getter!(pub(crate) doubled(id: u64) -> Option<u64>, (id, 1), 60, { Some(id * 2) });
getter!(pub(crate) shown(id: u64) -> String, id, "5m", { let id = id + 1; id.to_string() });
getter! { async fn sum(id: u64, db: &[u64]) -> u64 { id + db.iter().sum::<u64>() } }

#[tokio::main]
async fn main() {
    cachefn::init_with(Config::builder().enabled(true).build().unwrap()).await.unwrap();
    let db = vec![1, 2];
    assert_eq!(
        (doubled(7, &db).await, shown(7, &db).await, sum(7, &db).await, sum(7, &[]).await),
        (Some(14), "8".into(), 10, 10)
    );
    assert_eq!(
        (refresh_doubled(7, &db).await, refresh_sum(7, &[]).await, sum(7, &db).await),
        (Some(14), 7, 7)
    );
    let _ = (invalidate_doubled(7).await, invalidate_shown(7).await, invalidate_sum(7).await);
}
