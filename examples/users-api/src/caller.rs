//! Who calls: an extractor, which asks the cache before the database.

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;

use crate::db::Db;
use crate::error::ApiError;
use crate::keys;

/// The user whose API key stands in `X-API-Key`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Its number.
    pub id: i64,
}

impl<S: Send + Sync> FromRequestParts<S> for Caller
where
    Db: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let key = parts.headers.get("x-api-key").and_then(|key| key.to_str().ok());
        let key = key.ok_or(ApiError::Unauthorized)?;
        let owner = keys::owner(key, &Db::from_ref(state)).await?;
        owner.map(|id| Self { id }).ok_or(ApiError::Unauthorized)
    }
}
