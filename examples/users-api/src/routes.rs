//! The routes, and the layer that says what the cache did.

use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{delete, get};
use axum::{Json, Router};
use cachefn::cached;
use cachefn::http::CacheLayer;
use cachefn::http::admin::{self, TokenError};
use serde::Deserialize;

use crate::caller::Caller;
use crate::db::Db;
use crate::error::ApiError;
use crate::keys::{self, ApiKey, NewKey};
use crate::users::{self, Profile, User};

const LARGEST_PAGE: u32 = 100;

/// The service, with the pages of the cache's administrator if there is a token for them.
///
/// # Errors
///
/// If the token is none.
pub fn app(db: Db, admin_token: Option<&str>) -> Result<Router, TokenError> {
    let admin = match admin_token {
        Some(token) => Router::new().nest("/admin/cache", admin::router().token(token)?),
        None => Router::new(),
    };
    let app = Router::new()
        .route("/users", get(list).post(create))
        .route("/users/{id}", get(single).put(update).delete(remove))
        .route("/users/me", get(me))
        .route("/users/me/keys", get(own_keys).post(add_key))
        .route("/users/me/keys/{id}", delete(remove_key))
        .layer(CacheLayer::new())
        .route("/queries", get(queries))
        .with_state(db);
    Ok(app.merge(admin))
}

#[derive(Debug, Deserialize)]
struct Page {
    #[serde(default = "first")]
    page: u32,
    #[serde(default = "usual")]
    size: u32,
}

fn first() -> u32 {
    1
}

fn usual() -> u32 {
    10
}

/// A page as it is sent. The first, which everybody looks at, is made anew after ten seconds, others after a minute.
#[cached(
    response,
    expire = Duration::from_secs(if page == 1 { 10 } else { 60 }),
    namespace = "users",
    key = "list:page:{page}:size:{size}",
    tags = ["users:lists"]
)]
async fn list(
    Query(Page { page, size }): Query<Page>,
    State(db): State<Db>,
) -> Result<impl IntoResponse, ApiError> {
    if page == 0 || size == 0 || size > LARGEST_PAGE {
        return Err(ApiError::BadRequest("pages begin with 1 and hold 1 to 100 users"));
    }
    users::list(page, size, &db).await.map(Json)
}

async fn single(Path(id): Path<i64>, State(db): State<Db>) -> Result<Json<User>, ApiError> {
    users::find(id, &db).await?.map(Json).ok_or(ApiError::NotFound)
}

async fn create(
    _: Caller,
    State(db): State<Db>,
    Json(profile): Json<Profile>,
) -> Result<(StatusCode, Json<User>), ApiError> {
    let user = users::create(profile, &db).await?;
    Ok((StatusCode::CREATED, Json(user)))
}

async fn update(
    _: Caller,
    Path(id): Path<i64>,
    State(db): State<Db>,
    Json(profile): Json<Profile>,
) -> Result<Json<User>, ApiError> {
    users::update(id, profile, &db).await.map(Json)
}

async fn remove(_: Caller, Path(id): Path<i64>, State(db): State<Db>) -> Result<StatusCode, ApiError> {
    users::delete(id, &db).await.map(|()| StatusCode::NO_CONTENT)
}

async fn me(caller: Caller, State(db): State<Db>) -> Result<Json<User>, ApiError> {
    users::find(caller.id, &db).await?.map(Json).ok_or(ApiError::Unauthorized)
}

async fn own_keys(caller: Caller, State(db): State<Db>) -> Result<Json<Vec<ApiKey>>, ApiError> {
    keys::of(caller.id, &db).await.map(Json)
}

#[derive(Debug, Deserialize)]
struct Purpose {
    name: String,
}

async fn add_key(
    caller: Caller,
    State(db): State<Db>,
    Json(purpose): Json<Purpose>,
) -> Result<(StatusCode, Json<NewKey>), ApiError> {
    let key = keys::create(caller.id, purpose.name, &db).await?;
    Ok((StatusCode::CREATED, Json(key)))
}

async fn remove_key(
    caller: Caller,
    Path(id): Path<i64>,
    State(db): State<Db>,
) -> Result<StatusCode, ApiError> {
    keys::delete(caller.id, id, &db).await.map(|()| StatusCode::NO_CONTENT)
}

/// How many queries the database has run: what caching is to save.
async fn queries(State(db): State<Db>) -> String {
    db.queries().to_string()
}
