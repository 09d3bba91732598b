//! `#[invalidates]`: what is said, and what comes out.

use syn::Item;

use super::diagnostics::{FRAMED, SEPARATOR};
use super::tokens;
use crate::invalidates::invalidates;

const ITEM: &str = "async fn update(user: &User, name: String) -> Result<(), E> { store(user, name) }";

fn messages_on(args: &str, item: &str) -> Vec<String> {
    let expansion = invalidates(tokens(args), &tokens(item), true);
    let off = invalidates(tokens(args), &tokens(item), false).to_string();
    let faults = super::errors(expansion.clone());
    if faults.is_empty() {
        assert_eq!(off, tokens(item).to_string());
    } else {
        assert_eq!(off, expansion.to_string());
        assert!(off.ends_with(&tokens(item).to_string()), "the item survives");
    }
    faults
}

#[track_caller]
fn one(args: &str, message: &str) {
    assert_eq!(messages_on(args, ITEM), [message], "#[invalidates({args})]");
}

#[test]
fn sound_attributes_have_no_errors() {
    for args in [
        "get_user(user.id)",
        "get_user(user.id), users::list(*), Repo::get(&*user, name.clone()),",
        "Repo::<User, 3>::get(user.id), <Repo as Get<u8, u16>>::find(1)",
        "tag(\"org:{user.org}\"), namespace(\"users:{user.id}:keys\"), tag(TAG), namespace(&user.group())",
        "tag(\"a\",), tag((\"b\")), namespace(concat(user, 1),)",
        "get(*), crate = \"web::cache\"",
    ] {
        assert_eq!(messages_on(args, ITEM), [""; 0], "{args}");
    }
}

#[test]
fn what_names_nothing_is_refused() {
    one("", "`#[invalidates]` names nothing; write `#[invalidates(get_user(id))]`");
    one(
        "get_user",
        "of which call? write `get_user(…)` with its arguments, or `get_user(*)` for all of them",
    );
    one(
        "users::get",
        "of which call? write `users::get(…)` with its arguments, or `users::get(*)` for all of them",
    );
    one("\"users\"", "text alone names nothing; write `tag(\"users\")` or `namespace(\"users\")`");
    let advice = "write `get_user(id)`, `list_users(*)`, `tag(\"org:{org}\")` or `namespace(\"users\")`";
    one("namespace = \"users\"", &format!("`namespace` takes its value in parentheses; {advice}"));
    for args in ["3", "get[1]", "user.get(1)", "get(1) + 1", "*"] {
        one(args, &format!("this names nothing to invalidate; {advice}"));
    }
    for (args, function) in [
        ("invalidate_get_user(id)", "get_user(…)"),
        ("users::invalidate_all_list(*)", "users::list(*)"),
        ("Self::invalidate_find(id)", "Self::find(…)"),
    ] {
        one(args, &format!("the companion is called by itself; name the function: write `{function}`"));
    }
    let twice = "crate = \"a\", get(*), crate = \"b\"";
    one(twice, "`crate` is given twice; remove one");
    one("crate = \"a b\", get(*)", "this is no path to a crate; write `crate = \"path::to::cachefn\"`");
}

#[test]
fn a_group_has_one_name() {
    for (name, form) in [("tag", "tag(\"org:{org}\")"), ("namespace", "namespace(\"users\")")] {
        one(&format!("{name}()"), &format!("this `{name}` has no name; write `{form}`"));
        let star = "`*` stands for all calls of a function, not for a";
        one(&format!("{name}(*)"), &format!("{star} {name}; write `{form}`"));
        let message = format!("`{name}` takes one text; write one `{form}` for each");
        one(&format!("{name}(\"a\", \"b\")"), &message);
        one(&format!("{name}(TAG, OTHER)"), &message);
    }
    for (typed, name) in [("tags", "tag"), ("ns", "namespace"), ("namespaces", "namespace")] {
        let function = format!("a function of that name is written `self::{typed}(…)`");
        let message = format!("`{typed}` is no group; did you mean `{name}`? {function}");
        one(&format!("{typed}(\"a\")"), &message);
        one(&format!("{typed}(\"a\", \"b\")"), &message);
        assert_eq!(
            messages_on(&format!("self::{typed}(\"a\"), {typed}(user.id), {typed}(*)"), ITEM),
            [""; 0]
        );
    }
}

#[test]
fn names_in_the_patterns_of_a_boxed_function_are_out_of_reach() {
    let message = "there is no argument `id`: under `#[async_trait]` a pattern has no names here; write \
                   `id: Path<(u64, u8)>`";
    for args in ["get(org, &id)", "tag(\"user:{id}\")", "namespace(format!(\"users:{id}\"))"] {
        assert_eq!(messages_on(args, FRAMED), [message], "{args}");
    }
    assert_eq!(messages_on("get(org, user.id)", FRAMED), [""; 0]);
}

#[test]
fn what_cannot_be_named_is_asked_of_the_body() {
    let item = "async fn put() -> Result<(u8, Vec<impl Debug>), Box<E>> { written().await }";
    assert_eq!(messages_on("get(*)", item), [""; 0]);
    let made = invalidates(tokens("get(*)"), &tokens(item), true).to_string();
    assert!(made.contains("None :: < Result < (u8 , Vec < _ >) , Box < E > > >"), "{made}");
}

#[test]
fn templates_are_checked() {
    one("tag(\"org:{org}\")", "there is no argument `org`; its arguments are `user`, `name`");
    one("namespace(\"\")", "the namespace is empty; name it");
    one("tag(\"{user.a}{user.b}\")", SEPARATOR);
    one("namespace(\"{user.a}→{user.b}\")", SEPARATOR);
    for namespace in ["a:", ":a", "a::{user.b}"] {
        let message = "a level of the namespace is empty; put text on both sides of each `:`";
        one(&format!("namespace({namespace:?})"), message);
    }
}

#[test]
fn functions_that_cannot_invalidate() {
    let on = |item: &str| messages_on("get(*)", item);
    assert_eq!(on("fn put() { }"), ["only an async function can invalidate; write `async fn put`"]);
    let message = "an `unsafe fn` cannot invalidate; put the unsafe part into a block of its body";
    assert_eq!(on("async unsafe fn put() { }"), [message]);
    assert_eq!(on("async fn put();"), ["`put` has no body; annotate it in each `impl` of the trait"]);
    let message = "`#[invalidates]` goes on an async function, not on `struct`; annotate the async functions inside its `impl`";
    assert_eq!(on("struct A;"), [message]);
    assert_eq!(on("async fn put() { }"), [""; 0]);
}

#[test]
fn independent_faults_are_reported_together() {
    assert_eq!(messages_on("get, \"x\", tag(\"{a}\"), put(1)", "fn put() { }").len(), 4);
}

#[test]
fn only_two_statements_stand_outside_the_body() {
    let expansion = invalidates(tokens("get_user(user.id), list(*)"), &tokens(ITEM), true);
    let Ok(Item::Fn(function)) = syn::parse2(expansion) else { panic!("one function comes out") };
    let [syn::Stmt::Local(_), syn::Stmt::Expr(_, None)] = function.block.stmts.as_slice() else {
        panic!("a `let` and a value")
    };
}
