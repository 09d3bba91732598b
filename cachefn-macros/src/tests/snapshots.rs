//! Whole expansions, one file each in `snapshots/`; `UPDATE_SNAPSHOTS=1` writes them anew.

use std::path::PathBuf;

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::ToTokens;
use syn::Item;

use super::{expanded, tokens};
use crate::pipeline::cached;

#[track_caller]
fn snapshot(name: &str, args: &str, item: &str, enabled: bool) {
    let items = expanded(args, item, enabled);
    let file = syn::File { shebang: None, frontmatter: None, attrs: Vec::new(), items };
    let printed = format!("// #[cached({args})] {item}\n\n{}", prettyplease::unparse(&file));
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("snapshots").join(format!("{name}.rs"));
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, &printed).expect("the folder of the snapshots is there");
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(printed, stored, "{name}: UPDATE_SNAPSHOTS=1 accepts what is left");
}

const GET_USER: &str =
    "/// Fetches.\npub async fn get_user(id: u64, db: &Db) -> Result<User, DbError> { db.find(id).await }";
const ARGS: &str = "expire = 300, namespace = \"users\", key = id";

#[test]
fn a_function() {
    snapshot("function", ARGS, GET_USER, true);
    snapshot("function_off", ARGS, GET_USER, false);
    snapshot("function_fault", "ttl = 300, namespace = \"users\", key = id", GET_USER, true);
}

#[test]
fn a_default_key_with_patterns() {
    let item = "async fn page<T: Send>(Path(org): Path<u32>, (size, page): (u8, u8), db: &T) -> Vec<T> where T: Db { \
                db.page() }";
    snapshot("default_key", "expire = \"250ms\", skip(db)", item, true);
}

#[test]
fn templates() {
    let item = "async fn keys(id: u64, user: User, db: impl Db) -> Option<Keys> { db.keys() }";
    let args = "namespace = \"products:{id}:keys\", key = \"{namespace}-{user.org}|{fn}:{user.pair.0}\"";
    snapshot("templates", args, item, true);
}

#[test]
fn a_method() {
    let item = "pub(crate) async fn get(self: Arc<Self>, id: u64) -> Arc<User> { self.find(id) }";
    snapshot("method", "key = (self.region, id), crate = \"web::cache\"", item, true);
}

#[test]
fn only_two_statements_stand_outside_the_body() {
    let items = expanded(ARGS, GET_USER, true);
    let Some(Item::Fn(function)) = items.first() else { panic!("the function comes first") };
    let [syn::Stmt::Local(_), syn::Stmt::Expr(run, None)] = function.block.stmts.as_slice() else {
        panic!("a `let` and a value")
    };
    let run = run.to_token_stream().to_string();
    assert!(run.ends_with("{ db . find (id) . await } }) . await"), "{run}");
    assert_eq!(run.matches("find").count(), 1);
}

#[test]
fn a_body_that_is_being_typed_still_expands() {
    let body = "{ let user = db. ; user.posts. }";
    let expansion = cached(tokens(""), &tokens(&format!("async fn get() -> u8 {body}")), true).to_string();
    assert!(expansion.contains("begin"));
    assert!(expansion.contains(&tokens(body).to_string()));
    assert!(!expansion.contains("compile_error"));
}

#[test]
fn the_attributes_of_a_body_stand_before_the_first_statement() {
    let item = "async fn get() -> u8 { #![allow(unused)] #![warn(missing_docs)] 1 }";
    let Some(Item::Fn(function)) = expanded("", item, true).into_iter().next() else { panic!("a function") };
    assert_eq!(function.attrs.len(), 2);
}

#[test]
fn without_the_feature_the_function_comes_out_as_it_went_in() {
    let expansion = cached(tokens(ARGS), &tokens(GET_USER), false).to_string();
    assert!(expansion.starts_with(&tokens(GET_USER).to_string()));
}

/// Measured 295 and 425; more generated code is compile time in every crate that uses the attribute.
#[test]
fn the_expansion_stays_within_its_budget() {
    let written = count(tokens(GET_USER));
    let items = expanded(ARGS, GET_USER, true);
    let function = count(items[0].to_token_stream()) - written;
    let companions: usize = items[1..].iter().map(|item| count(item.to_token_stream())).sum();
    assert!(function <= 310, "{function} tokens in the function");
    assert!(companions <= 440, "{companions} tokens in the companions");
}

fn count(tokens: TokenStream) -> usize {
    let inside = |group: &Group| count(group.stream());
    tokens
        .into_iter()
        .map(|token| if let TokenTree::Group(group) = &token { 1 + inside(group) } else { 1 })
        .sum()
}
