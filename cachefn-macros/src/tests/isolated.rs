//! `#[cachefn::test]`: what is said, and what comes out.

use super::tokens;
use crate::isolated::test;

const ITEM: &str = "async fn it_works() -> Result<(), E> { works().await }";

fn expanded(args: &str, item: &str) -> String {
    let file = syn::parse2(test(tokens(args), &tokens(item))).expect("the expansion is a list of items");
    prettyplease::unparse(&file)
}

fn one(args: &str, item: &str, message: &str) {
    let expansion = test(tokens(args), &tokens(item));
    assert_eq!(super::errors(expansion.clone()), [message], "#[cachefn::test({args})] {item}");
    assert!(expansion.to_string().ends_with(&tokens(item).to_string()), "the item survives");
}

#[test]
fn alone_it_makes_a_test() {
    let expansion = expanded("", ITEM);
    assert!(expansion.starts_with("#[::core::prelude::v1::test]\nfn it_works() -> Result<(), E> {"));
    assert!(expansion.contains("::cachefn::testing::run("), "{expansion}");
    assert!(expansion.contains("|| ::cachefn::testing::memory()"), "{expansion}");
    let expansion = expanded("config = small(), crate = \"web::cache\"", ITEM);
    assert!(expansion.contains("web::cache::testing::run("), "{expansion}");
    assert!(expansion.contains("|| small()"), "{expansion}");
}

#[test]
fn above_another_one_it_gives_it_a_cache() {
    let expansion = expanded("config = small()", &format!("#[tokio::test(start_paused = true)] {ITEM}"));
    assert!(expansion.starts_with("#[tokio::test(start_paused = true)]\nasync fn it_works()"), "{expansion}");
    assert!(expansion.contains("::cachefn::testing::isolated("), "{expansion}");
}

#[test]
fn mistakes_are_said_in_the_users_words() {
    one("flavor = \"multi_thread\"", ITEM, "there is no argument `flavor`; write `config = …`");
    one("config = a, config = b", ITEM, "`config` is there twice; remove one");
    one("crate = web", ITEM, "this is no path to a crate; write `crate = \"path::to::cachefn\"`");
    one(
        "",
        "fn it_works() {}",
        "a test with a cache of its own is an `async fn`; above `#[tokio::test]` it still is one",
    );
    one(
        "",
        "struct S;",
        "`#[cachefn::test]` goes on an async function, not on `struct`; annotate the async functions inside its `impl`",
    );
}
