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

#[test]
fn what_clients_may_keep_is_written_as_in_cache_control() {
    for text in [
        "private, must-revalidate, max-age=60",
        "public,max-age=0, s-maxage=60, immutable, stale-while-revalidate=5",
        "Private, No-Cache",
    ] {
        assert_eq!(messages(&format!("response, client = \"{text}\""), HANDLER), [""; 0], "{text}");
    }
    let rows = [
        (
            "",
            "`` is not one of `public`, `private`, `no-cache`, `max-age`, `s-maxage`, `must-revalidate`, \
              `stale-while-revalidate` and `immutable`",
        ),
        (
            "private, maxage=60",
            "`maxage=60` is not one of `public`, `private`, `no-cache`, `max-age`, `s-maxage`, \
              `must-revalidate`, `stale-while-revalidate` and `immutable`",
        ),
        ("private, max-age=1m", "`max-age` takes whole seconds; write `max-age=60`"),
        ("private=x, max-age=1", "`private` takes no value; write `private`"),
        ("no-store", "clients are told `no-store` without `client` already; remove `client`"),
        ("private, private, max-age=1", "`private` is given twice; remove one"),
        ("max-age=1", "say for whom, with either `public` or `private`"),
        ("public, private, max-age=1", "say for whom, with either `public` or `private`"),
        ("public", "say for how long, with either `max-age=60` or `no-cache`"),
        (
            "private, max-age=1, s-maxage=1",
            "`s-maxage` is for shared caches, which keep nothing `private`; remove one",
        ),
        (
            "public, no-cache",
            "what is asked for each time is kept by the user's own client; write `private, no-cache`",
        ),
    ];
    for (text, message) in rows {
        assert_eq!(messages(&format!("response, client = \"{text}\""), HANDLER), [message], "{text}");
    }
    let number = "`client` takes the text of `Cache-Control`; write `client = \"private, max-age=60\"`";
    assert_eq!(messages("response, client = 60", HANDLER), [number]);
    let alone =
        "`client` is for stored responses; add `response`, or give the whole `CacheLayer` a `ClientCache`";
    assert_eq!(messages("client = \"private, max-age=60\"", HANDLER), [alone]);
}
