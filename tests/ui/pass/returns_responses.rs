//! With `response` a handler returns what axum makes a response of.
#![deny(warnings)]
use axum::Json;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use cachefn::cached;

struct Page(u64);

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        format!("<p>{}</p>", self.0).into_response()
    }
}

#[cached(response, key = id)]
async fn html(id: u64) -> Html<String> {
    Html(format!("<p>{id}</p>"))
}

#[cached(response, key = id)]
async fn tuple(id: u64) -> (StatusCode, [(&'static str, &'static str); 1], Json<u64>) {
    (StatusCode::CREATED, [("x-page", "7")], Json(id))
}

#[cached(response, key = id)]
async fn failing(id: u64) -> Result<Html<&'static str>, std::fmt::Error> {
    if id == 0 {
        return Err(std::fmt::Error);
    }
    Ok(Html("<p>page</p>"))
}

#[cached(response, key = id)]
async fn page(id: u64) -> impl IntoResponse {
    Page(id)
}

#[cached(response, key = id)]
async fn json(id: u64) -> axum::Json<Vec<u64>> {
    Json(vec![id])
}

#[cached(response, key = id)]
async fn text(id: u64) -> String {
    id.to_string()
}

#[cached(response)]
async fn fixed() -> &'static str {
    "fixed"
}

#[tokio::main]
async fn main() {
    let statuses = [
        html(7).await.status(),
        tuple(7).await.status(),
        failing(7).await.unwrap().status(),
        page(7).await.into_response().status(),
        json(7).await.status(),
        text(7).await.status(),
        fixed().await.status(),
        refresh_html(7).await.status(),
    ];
    assert_eq!(statuses.map(|status| status.as_u16()), [200, 201, 200, 200, 200, 200, 200, 200]);
    assert!(failing(0).await.is_err());
}
