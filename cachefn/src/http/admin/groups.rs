//! Invalidations of groups, and of everything.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use super::query::Query;
use super::reply::{self, Refusal};
use crate::invalidate::{Invalidated, Invalidation, clear, invalidate_namespace, invalidate_tag};
use crate::stats;

/// What was invalidated.
#[derive(Serialize, Default)]
pub(super) struct Struck {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) namespace: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) function: Option<String>,
    pub(super) invalidated: &'static str,
}

impl Struck {
    /// Waits for the invalidation, and answers.
    pub(super) async fn by(mut self, invalidation: Invalidation) -> Response {
        let (status, word) = match invalidation.await {
            Invalidated::Applied => (StatusCode::OK, "applied"),
            Invalidated::Queued => (StatusCode::ACCEPTED, "queued"),
        };
        self.invalidated = word;
        (status, Json(self)).into_response()
    }
}

/// `DELETE /`
pub(super) async fn invalidate(query: Query) -> Result<Response, Refusal> {
    let cache = reply::cache()?;
    let struck = Struck::default();
    Ok(match query.take(["namespace", "tag", "function"])? {
        [None, None, None] => struck.by(clear()).await,
        [Some(namespace), None, None] => {
            let invalidation = invalidate_namespace(&namespace);
            Struck { namespace: Some(namespace), ..struck }.by(invalidation).await
        }
        [None, Some(tag), None] => {
            let invalidation = invalidate_tag(&tag);
            Struck { tag: Some(tag), ..struck }.by(invalidation).await
        }
        [None, None, Some(function)] => {
            let (path, target) = named(&function)?;
            let invalidation = Invalidation::of(&cache, vec![target], &path);
            Struck { function: Some(path), ..struck }.by(invalidation).await
        }
        _ => return Err(Refusal::odd("write one of `namespace`, `tag` and `function` at a time")),
    })
}

/// The one function of a path, or of a path's end.
fn named(function: &str) -> Result<(String, cachefn_backends::place::Target), Refusal> {
    let known = stats::identities();
    let mut paths: Vec<_> = known.iter().map(|identity| identity.path.as_str()).collect();
    paths.retain(|path| stats::is_named(path, function));
    paths.sort_unstable();
    paths.dedup();
    // A path in full is meant, though it may be the end of a longer one.
    match paths.iter().find(|path| **path == function).map_or(paths.as_slice(), std::slice::from_ref) {
        [] => Err(Refusal::absent(format!("no function `{function}` was called in this process"))),
        [path] => {
            let group = cachefn_backends::place::Group::function(path);
            Ok(((*path).to_owned(), cachefn_backends::place::Target::Group(group)))
        }
        several => {
            Err(Refusal::conflict(format!("`{function}` is one of {}: write its path", several.join(", "))))
        }
    }
}
