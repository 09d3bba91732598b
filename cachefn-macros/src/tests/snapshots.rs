//! Whole expansions, one file each in `snapshots/`; `UPDATE_SNAPSHOTS=1` writes them anew.

use std::path::PathBuf;

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::ToTokens;
use syn::Item;

use super::{expanded, tokens};
use crate::invalidates::invalidates;
use crate::pipeline::cached;

#[track_caller]
fn snapshot(name: &str, args: &str, item: &str, enabled: bool) {
    stored(name, &format!("#[cached({args})] {item}"), expanded(args, item, enabled));
}

/// A snapshot of the function alone: its companions are as in the others.
#[track_caller]
fn function(name: &str, args: &str, item: &str) {
    let items = expanded(args, item, true).into_iter().take(1).collect();
    stored(name, &format!("#[cached({args})] {item}"), items);
}

#[track_caller]
fn writer(name: &str, args: &str, item: &str) {
    let expansion = invalidates(tokens(args), &tokens(item), true);
    let file: syn::File = syn::parse2(expansion).expect("the expansion is a list of items");
    stored(name, &format!("#[invalidates({args})] {item}"), file.items);
}

#[track_caller]
fn stored(name: &str, source: &str, items: Vec<Item>) {
    let file = syn::File { shebang: None, frontmatter: None, attrs: Vec::new(), items };
    let printed = format!("// {source}\n\n{}", prettyplease::unparse(&file));
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
fn a_handler_whose_response_is_stored() {
    let item = "async fn page(Path(id): Path<u32>) -> Result<impl IntoResponse, AppError> { Ok(find(id)?) }";
    snapshot("response", "response = private, key = \"{id}\"", item, true);
    snapshot("response_off", "response = private, key = \"{id}\"", item, false);
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
fn what_every_call_shares_is_data() {
    let item = "async fn token(id: u64) -> Option<Token> { issue(id) }";
    function("settings", "none = 30, jitter = 0.1, version = 2, sensitive, codec = MessagePack", item);
}

#[test]
fn what_the_arguments_decide() {
    let args = "key = page.id, bypass = page.fresh, expire = ttl(&page.kind), tags = [\"pages\", \"org:{page.org}:{lang}\"]";
    function("arguments", args, "async fn render(page: Page, lang: &str) -> Html { page.render(lang) }");
}

#[test]
fn what_the_value_decides() {
    let args = "key = id, when = |user: &User| user.is_active(), expire_with = User::lifetime, \
                tags_with = |user| [user.tag()]";
    function("value", args, "async fn get_user(id: u64) -> Result<User, DbError> { find(id).await }");
}

const FRESH: &str =
    "async fn quote(shop: u32, item: String) -> Result<Quote, Error> { ask(shop, item).await }";

#[test]
fn a_refresh_in_the_background() {
    function("stale", "expire = 5, stale = 60, stale_if_error = 600", FRESH);
}

#[test]
fn a_refresh_by_callers() {
    let item = "pub async fn quote(&self, shop: u32, item: &str) -> Quote { self.ask(shop, item).await }";
    function("refresh_by_callers", "key = (shop, item), stale = 60, refresh = caller", item);
}

#[test]
fn all_that_keeps_values_fresh() {
    let args = "expire = \"5m\", stale = 60, refresh_ahead = 0.8, refresh = background, stale_if_error = \"1h\", \
                timeout = \"100ms\", when = |quote: &Quote| quote.shop == shop";
    snapshot("fresh", args, FRESH, true);
}

#[test]
fn a_codec_and_an_option_are_asked_of_the_type() {
    let item = "pub async fn row<T: Row>(&self, id: u64) -> Result<Option<T>, Error> where T: Clone { self.read(id).await }";
    function("codec", "key = id, codec = crate::Packed, none = \"skip\"", item);
}

#[test]
fn a_type_that_shows_no_shape() {
    function("plain", "result = plain, skip(make)", "async fn make<T>(make: impl Fn() -> T) -> T { make() }");
}

#[test]
fn nothing_in_the_key() {
    snapshot("skip_all", "skip_all", "async fn settings(db: &Db) -> Settings { db.settings() }", true);
}

#[test]
fn arguments_that_are_not_always_there() {
    let item = "async fn list(#[cfg(unix)] user: u32, #[cfg(not(unix))] user: String) -> Vec<u8> { vec![] }";
    snapshot("cfg", "", item, true);
}

#[test]
fn a_function_that_async_trait_has_boxed() {
    let item = "fn get<'life0, 'async_trait>(&'life0 self, id: u64) -> ::core::pin::Pin<Box<dyn \
                ::core::future::Future<Output = User> + ::core::marker::Send + 'async_trait>> where 'life0: \
                'async_trait, Self: 'async_trait { Box::pin(async move { let __self = self; let id = id; \
                let __ret: User = { __self.find(id).await }; __ret }) }";
    snapshot("async_trait", "key = id", item, true);
}

#[test]
fn a_writer() {
    let args = "get_user(user.id), users::list(*), Repo::<S>::get(user.id), tag(\"org:{user.org}\"), \
                namespace(\"users:{user.id}\"), tag(TAG)";
    writer(
        "invalidates",
        args,
        "async fn update(user: User, db: &Db) -> Result<(), DbError> { db.put(user).await }",
    );
}

#[test]
fn only_three_statements_stand_outside_the_body() {
    let items = expanded(ARGS, GET_USER, true);
    let Some(Item::Fn(function)) = items.first() else { panic!("the function comes first") };
    let [syn::Stmt::Local(_), syn::Stmt::Local(_), syn::Stmt::Expr(run, None)] =
        function.block.stmts.as_slice()
    else {
        panic!("two `let`s and a value")
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

/// While somebody types, one thing is unfinished, and everything else goes on working.
#[test]
fn arguments_that_are_being_typed_leave_everything_else_alone() {
    for args in [
        "exp",
        "expire =",
        "expire = 3, key",
        "key = id.",
        "key = (id,",
        "tags = [",
        "tags = [\"a\",",
        "when = |user",
        "when = |user: &User| user.",
        "skip(",
        "codec = my::",
        ",",
        "=",
    ] {
        let Ok(typed) = args.parse::<TokenStream>() else {
            // An open delimiter: the compiler's own parser asks for it before any macro runs.
            continue;
        };
        let expansion = cached(typed, &tokens(GET_USER), true);
        let text = expansion.to_string();
        assert!(text.contains(&tokens(GET_USER).to_string()) || text.contains("begin"), "{args}: {text}");
        assert!(text.contains("fn invalidate_get_user") && text.contains("fn refresh_get_user"), "{args}");
        assert!(syn::parse2::<syn::File>(expansion).is_ok(), "{args}");
    }
    for args in ["get_user", "get_user(", "users::", "tag(\"a", "tag()", "get_user(user.)"] {
        let Ok(typed) = args.parse::<TokenStream>() else { continue };
        let text = invalidates(typed, &tokens(GET_USER), true).to_string();
        assert!(text.contains("db . find (id) . await"), "{args}: {text}");
    }
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

/// Generated code is compile time in every crate that uses the attribute. Each argument adds a line or two and never
/// changes the rest, so whatever is written, and however much of it, the sum stays what its parts are.
#[test]
fn the_expansion_stays_within_its_budget() {
    let (function, companions) = generated(ARGS);
    assert!((325..=345).contains(&function), "{function} tokens in the function");
    assert!((390..=425).contains(&companions), "{companions} tokens in the companions");

    let each = [
        ("jitter = 0.1", 4, 12),
        ("version = 2", 4, 12),
        ("sensitive", 4, 12),
        ("lease = true", 4, 12),
        ("stale = 60, refresh_ahead = 0.8, timeout = \"100ms\", refresh = caller", 12, 36),
        ("stale_if_error = 600", 8, 12),
        ("none = 30", 14, 12),
        ("codec = Json", 45, 0),
        ("bypass = id == 0", 15, 0),
        ("tags = [\"all\", \"user:{id}\"]", 115, 0),
        ("when = |user: &User| user.is_active()", 40, 0),
        ("expire_with = User::life", 30, 0),
        ("tags_with = |user: &User| [user.tag()]", 40, 12),
    ];
    for (argument, more, beside) in each {
        let (with, companions_with) = generated(&format!("{ARGS}, {argument}"));
        assert!(with <= function + more, "{argument}: {} tokens more in the function", with - function);
        let added = companions_with - companions;
        assert!(added <= beside, "{argument}: {added} tokens more in the companions");
    }
    let all = each.map(|(argument, ..)| argument).join(", ");
    let (most, most_beside) =
        generated(&format!("{ARGS}, {}", all.replace("\"all\", \"user:{id}\"", "\"all\"")));
    assert!(most <= function + each.iter().map(|(_, more, _)| more).sum::<usize>(), "{most} tokens");
    assert!(most_beside <= companions + each.iter().map(|(.., beside)| beside).sum::<usize>());
}

#[test]
fn a_refresh_in_the_background_costs_one_token() {
    let item = GET_USER.replace("&Db", "Db");
    let args = format!("{ARGS}, stale = 60, when = User::is_active");
    let (background, beside) = generated_of(&args, &item);
    assert_eq!(generated_of(&format!("{args}, refresh = caller"), &item), (background - 1, beside));
}

/// The tokens that are added to the function, and those of its companions.
fn generated(args: &str) -> (usize, usize) {
    generated_of(args, GET_USER)
}

fn generated_of(args: &str, item: &str) -> (usize, usize) {
    let items = expanded(args, item, true);
    assert!(items.iter().all(|item| matches!(item, Item::Fn(_))), "{args} has no faults");
    let function = count(items[0].to_token_stream()) - count(tokens(item));
    (function, items[1..].iter().map(|item| count(item.to_token_stream())).sum())
}

fn count(tokens: TokenStream) -> usize {
    let inside = |group: &Group| count(group.stream());
    tokens
        .into_iter()
        .map(|token| if let TokenTree::Group(group) = &token { 1 + inside(group) } else { 1 })
        .sum()
}
