//! A handler's `Json<T>` is stored as its `T`; its arguments are extractors.
#![deny(warnings)]
use axum::Json;
use cachefn::cached;

struct Path<T>(T);
struct State<S>(S);

#[derive(Clone, serde::Serialize, serde::Deserialize)]
struct User {
    id: u64,
}

#[cached(namespace = "handlers", key = id, when = |user: &User| user.id > 0)]
async fn get_user(Path(id): Path<u64>, State(_db): State<()>) -> Json<User> {
    Json(User { id })
}

#[cached(namespace = "handlers", key = id)]
async fn find_user(Path(id): Path<u64>) -> Result<Json<Option<User>>, String> {
    Ok(Json(Some(User { id })))
}

#[tokio::main]
async fn main() {
    cachefn::init_with(cachefn::Config::builder().enabled(true).build().unwrap()).await.unwrap();
    for _ in 0..2 {
        assert_eq!(get_user(Path(7), State(())).await.id, 7);
        assert_eq!(find_user(Path(7)).await.unwrap().0.unwrap().id, 7);
    }
    assert_eq!(cachefn::stats().total().hits, 2);
    invalidate_get_user(Path(7)).await;
}
