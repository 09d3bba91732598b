//! The dashboard: one file, and nothing but that.

use std::fmt::Write as _;

use axum::http::HeaderName;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_FRAME_OPTIONS};
use axum::response::IntoResponse;

const PAGE: &str = include_str!("dashboard.html");

/// Stands in the page where the nonce of an answer goes.
const NONCE: &str = "{nonce}";

/// The page, whose script and style alone the browser runs.
pub(super) async fn show() -> impl IntoResponse {
    let nonce = nonce();
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    let headers: [(HeaderName, String); 3] = [
        (CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (CONTENT_SECURITY_POLICY, policy),
        (X_FRAME_OPTIONS, "DENY".to_owned()),
    ];
    (headers, PAGE.replace(NONCE, &nonce))
}

fn nonce() -> String {
    let mut random = [0_u8; 16];
    getrandom::fill(&mut random).expect("the operating system provides random numbers");
    random.iter().fold(String::new(), |mut nonce, byte| {
        // Writing to a `String` does not fail.
        let _ = write!(nonce, "{byte:02x}");
        nonce
    })
}
