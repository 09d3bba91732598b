//! `response`: what it may stand on, and what it makes of the return type.

use super::{expanded, messages, signatures};

const HANDLER: &str = "async fn page(Path(id): Path<u32>) -> Response { find(id) }";

fn returning(ty: &str) -> String {
    format!("async fn page(Path(id): Path<u32>) -> {ty} {{ find(id) }}")
}

#[test]
fn it_stands_alone_or_is_private() {
    for args in ["response", "response, expire = 5", "response = private, key = id", "key = id, response"] {
        assert_eq!(messages(args, HANDLER), [""; 0], "{args}");
    }
    let rows = [
        (
            "response = public",
            "responses are anybody's or `private`, not `public`; write `response`, or `response = private` where the \
             key names the user",
        ),
        (
            "response = private",
            "`private` responses need a `key` that names the user; write it, as in `key = \"{user.id}\"`",
        ),
        ("response(private)", "`response` takes one value; write `response`"),
        ("response, result = plain", "`response` says what is stored of the result; remove one"),
    ];
    for (args, message) in rows {
        assert_eq!(messages(args, HANDLER), [message], "{args}");
    }
}

#[test]
fn what_is_hidden_becomes_a_response() {
    let rows = [
        ("Response", "Response"),
        ("impl IntoResponse", "::cachefn::__private::Response"),
        ("impl axum::response::IntoResponse + use<>", "::cachefn::__private::Response"),
        ("Result<impl IntoResponse, AppError>", "Result<::cachefn::__private::Response, AppError>"),
        ("app::Result<impl IntoResponse>", "app::Result<::cachefn::__private::Response>"),
        ("(Result<impl IntoResponse, ()>)", "(Result<::cachefn::__private::Response, ()>)"),
        ("Html<String>", "::cachefn::__private::Response"),
        ("(StatusCode, axum::Json<u8>)", "::cachefn::__private::Response"),
        (
            "Result<axum::response::Html<&'static str>, AppError>",
            "Result<::cachefn::__private::Response, AppError>",
        ),
        ("ApiResult<(StatusCode, String)>", "ApiResult<::cachefn::__private::Response>"),
        ("&'static str", "::cachefn::__private::Response"),
        ("Page", "Page"),
        ("Result<Page, AppError>", "Result<Page, AppError>"),
    ];
    for (written, shown) in rows {
        let functions = signatures(&expanded("response, key = id", &returning(written), true));
        let (first, last) = (&functions[0], functions.last().expect("there are companions"));
        assert_eq!(*first, format!("async fn page(Path(id): Path<u32>) -> {shown}"));
        assert!(
            last.starts_with("async fn refresh_page(") && last.ends_with(&format!("-> {shown}")),
            "{last}"
        );
    }
}

#[test]
fn what_shows_that_it_is_no_response_is_refused() {
    let advice = "write `Response`, `impl IntoResponse`, or a `Result` of either";
    for ty in ["impl Display", "Result<impl Display, ()>", "Option<(u8, impl IntoResponse)>"] {
        assert_eq!(
            messages("response, key = id", &returning(ty)),
            [format!("this is no response; {advice}")]
        );
    }
    let nothing = "async fn page(Path(id): Path<u32>) { find(id); }";
    assert_eq!(messages("response, key = id", nothing), [format!("`page` returns no response; {advice}")]);
}
