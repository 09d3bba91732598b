//! What a request can fail of.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// What a request has failed of. It is never cached.
#[derive(Debug)]
pub enum ApiError {
    /// There is no such thing.
    NotFound,
    /// The caller has not said who it is, or not what we know.
    Unauthorized,
    /// What is wrong with the request.
    BadRequest(&'static str),
    /// Another user has that.
    Conflict,
    /// The database has failed.
    Database(rusqlite::Error),
}

impl From<rusqlite::Error> for ApiError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::ConstraintViolation) => Self::Conflict,
            _ => Self::Database(error),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, problem) = match self {
            Self::NotFound => (StatusCode::NOT_FOUND, "there is no such thing"),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "send an API key in `X-API-Key`"),
            Self::BadRequest(problem) => (StatusCode::BAD_REQUEST, problem),
            Self::Conflict => (StatusCode::CONFLICT, "another user has that e-mail address"),
            Self::Database(error) => {
                tracing::error!(%error, "the database has failed");
                (StatusCode::INTERNAL_SERVER_ERROR, "the database has failed")
            }
        };
        (status, Json(json!({ "error": problem }))).into_response()
    }
}
