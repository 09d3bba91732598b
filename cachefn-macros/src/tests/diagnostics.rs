use super::{expanded, messages, signatures, tokens};
use crate::pipeline::cached;

const ITEM: &str = "async fn get(id: u64, db: &Db) -> Option<User> { find(id, db) }";
/// What is said of placeholders that run into each other.
pub(super) const SEPARATOR: &str = "two placeholders without a separator; put text between them that starts with ASCII \
                                    other than a letter, a digit or `%`, as in `{a}:{b}`";
const METHOD: &str = "pub async fn get(&self, id: u64) -> Option<User> { self.find(id) }";

/// One fault, one error, and everything else as it was.
#[track_caller]
fn one_on(args: &str, item: &str, message: &str) {
    assert_eq!(messages(args, item), [message], "#[cached({args})] {item}");
    let name = if item.contains("fn list") { "list" } else { "get" };
    let all = signatures(&expanded(args, item, true));
    for companion in [name.to_owned(), format!("invalidate_{name}"), format!("invalidate_all_{name}")] {
        let found = all.iter().filter(|signature| signature.contains(&format!("fn {companion}")));
        assert!(found.count() > 0, "{companion} of #[cached({args})] {item}");
    }
    let expansion = cached(tokens(args), &tokens(item), true).to_string();
    assert!(expansion.contains(&tokens(item).to_string()), "the item survives");
    assert_eq!(expansion, cached(tokens(args), &tokens(item), false).to_string());
}

#[track_caller]
fn one(args: &str, message: &str) {
    one_on(args, ITEM, message);
}

#[test]
fn sound_attributes_have_no_errors() {
    for args in [
        "",
        "expire = 300",
        "expire = \"1h 30m\", namespace = \"users\", key = id,",
        "key = \"{namespace}:{id}:{fn}\", namespace = \"users:{id}\"",
        "skip(db)",
        "key = GLOBAL, companions = false, crate = \"web::cache\"",
        "key = (db.region, id.to_string(), format!(\"{id}\"))",
        "key = \"list\"",
        "skip_all",
        "expire = TTL, key = id",
        "expire = Duration::from_secs(id), key = id",
        "tags = [\"all\", \"user:{id}\"], key = id",
        "tags_with = |user: &User| [user.tag()], expire_with = User::life, when = active(), key = id",
        "bypass = id == 0, none = 30, jitter = 0.1, version = 2, sensitive, codec = Json, key = id",
        "none = \"skip\", codec = my::Codec, result = plain, key = id",
    ] {
        assert!(messages(args, ITEM).is_empty(), "{args}");
    }
    for args in ["key = id", "skip(self)", "key = self.region", "key = \"{self.region}\""] {
        assert!(messages(args, METHOD).is_empty(), "{args}");
    }
}

#[test]
fn expire_is_a_duration() {
    one("expire = 0", "nothing lives for less than a millisecond; write `expire = 300`");
    one("expire = \"10us\"", "nothing lives for less than a millisecond; write `expire = 300`");
    let advice = "write seconds as in `expire = 300`, or `\"5m\"`";
    for typed in ["\"soon\"", "5m", "1.5", "- 5", "true"] {
        one(&format!("expire = {typed}"), &format!("`{typed}` is no duration; {advice}"));
    }
    one("expire = \"101y\"", "nothing is kept for more than a century");
    one("expire = 18446744073709551615", "nothing is kept for more than a century");
    one("expire", "`expire` has no value; write `expire = 300`");
    one("expire(300)", "`expire` takes one value; write `expire = 300`");
}

#[test]
fn names_of_arguments_are_known() {
    for typed in ["ttl", "expires", "expre"] {
        let message = format!("`#[cached]` has no argument `{typed}`; did you mean `expire`?");
        one(&format!("{typed} = 300"), &message);
    }
    one("nmaespace = \"a\"", "`#[cached]` has no argument `nmaespace`; did you mean `namespace`?");
    let known = "`expire`, `namespace`, `key`, `skip`, `skip_all`, `tags`, `tags_with`, `expire_with`, `when`, \
                 `bypass`, `none`, `jitter`, `stale`, `refresh_ahead`, `refresh`, `stale_if_error`, `timeout`, \
                 `lease`, `version`, `sensitive`, `codec`, `response`, `client`, `result`, `companions`, \
                 `crate`";
    one("colour = 1", &format!("`#[cached]` has no argument `colour`; it has {known}"));
    one("key = id, db", "`db` is an argument of the function; write `key = db` or `skip(db)`");
    one("expire = 1, expire = 2", "`expire` is given twice; remove one");
    one_on("kye = id", METHOD, "`#[cached]` has no argument `kye`; did you mean `key`?");
}

#[test]
fn habits_of_other_caches_are_answered_with_what_does_it_here() {
    for (typed, ours) in [
        ("time = 60", "write `expire = 300`, of seconds, or `expire = \"250ms\"`"),
        ("size = 100", "one bound holds for all functions: `CACHE_MAX_BYTES`"),
        (
            "sync_writes = \"by_key\"",
            "one body at a time runs for a key anyway, and with `lease = true` in all processes",
        ),
        ("convert = r#\"{ id }\"#", "`key` is an expression over the arguments, as in `key = (org, id)`"),
        ("with_cached_flag = true", "`cachefn::observe(future)` returns what was a hit"),
    ] {
        let name = typed.split(' ').next().unwrap_or(typed);
        one(&format!("{typed}, key = id"), &format!("`#[cached]` has no argument `{name}`; {ours}"));
    }
}

#[test]
fn tokens_between_arguments_are_refused() {
    one("= 3", "expected the name of an argument; write it as in `expire = 300`");
    one("expire: 300", "between an argument and its value stands `=`; write `expire = 300`");
    one(
        "namespace: \"a\", key = id",
        "between an argument and its value stands `=`; write `namespace = \"users\"`",
    );
    one("skip: db", "nothing follows a `:` here; write `skip(db)`");
    one("sensitive: true, key = id", "nothing follows a `:` here; write `sensitive`");
    one("expire = 300 namespace = \"a\"", "expected `,` between two arguments");
    one("key = id db", "expected `,` between two arguments");
}

#[test]
fn a_half_typed_key_is_one_error() {
    one("key =", "`key` has no value; write `key = id`");
    one("key = , expire = 3", "`key` has no value; write `key = id`");
    let end = "the value of `key` is no expression: unexpected end of input, expected identifier or integer";
    one("key = id.", end);
    one("key(id)", "`key` takes one value; write `key = id`");
    one("key = user.id", "there is no argument `user`; its arguments are `id`, `db`");
    one("key = (id, &dbb)", "there is no argument `dbb`; its arguments are `id`, `db`");
}

#[test]
fn templates_are_checked() {
    one("key = \"\"", "the key is empty; write `key = \"{fn}\"` or `key = id`");
    one("key = \"{user}\"", "there is no argument `user`; its arguments are `id`, `db`");
    for template in
        ["{id}{db}", "{id}x{db}", "{id}0-{db}", "{id}%{db}", "{fn}é{id}", "{id}→{db}", "{id}…:{db}"]
    {
        one(&format!("key = {template:?}"), SEPARATOR);
        one(&format!("namespace = {template:?}"), SEPARATOR);
    }
    for template in ["{id}:{db}", "{id} {db}", "{id}\u{a0}{db}", "{id}:→{db}", "{id}→", "é{id}:é{fn}"] {
        assert_eq!(messages(&format!("key = {template:?}, namespace = {template:?}"), ITEM), [""; 0]);
    }
    assert_eq!(messages("key = id, tags = [\"{id}→{db}\"]", ITEM), [""; 0]);
    one("key = \"a{{b}}\"", "braces cannot be part of a key; remove `{{`");
    one("key = \"a}}\"", "braces cannot be part of a key; remove `}}`");
    one("key = \"{id\"", "`{` has no `}`");
    one("key = \"id}\"", "`}` has no `{`");
    one("key = \"{id:?}\"", "`{id:?}` is no placeholder; write `{name}` or `{name.field}`");
    one("key = \"{}\"", "`{}` is no placeholder; write `{name}` or `{name.field}`");
}

#[test]
fn a_name_in_quotes_is_no_argument() {
    let message = "this is text, the same for every call; write";
    one("key = \"id\"", &format!("{message} `key = id` or `key = \"{{id}}\"`"));
    one("key = id, tags = [\"all\", \"id\"]", &format!("{message} `\"id:{{id}}\"`"));
    let item = "async fn get(r#type: u8) -> u8 { r#type }";
    let message = format!("{message} `key = r#type` or `key = \"{{type}}\"`");
    assert_eq!(messages("key = \"type\"", item), [message]);
    for args in ["key = \"users:id\"", "key = \"ids\"", "namespace = \"id\""] {
        assert_eq!(messages(args, ITEM), [""; 0], "{args}");
    }
}

#[test]
fn what_is_evaluated_has_a_value() {
    let closure = "is an expression over the arguments, not a closure; write the closure's body";
    one("key = |id| id", &format!("the key {closure}"));
    one("expire = || TTL, key = id", &format!("`expire` {closure}"));
    let form = "key = id, bypass = fresh?".replace("fresh", "db");
    for (args, name) in
        [("key = id?", "key"), (form.as_str(), "bypass"), ("key = id, expire = db.ttl()?", "expire")]
    {
        let advice = "handle the error there, as `.ok()` does";
        one(args, &format!("`?` cannot stand in `{name}`, which returns to nobody; {advice}"));
    }
    let advice = "await before the call, and pass what comes out as an argument";
    one("key = (id, db.load().await)", &format!("`key` cannot wait; {advice}"));
    one("key = id, bypass = db.busy().await", &format!("`bypass` cannot wait; {advice}"));
    one("key = { return id }", "`return` cannot stand in `key`; write the value alone");
    let within = "key = { let f = || -> Option<u8> { return Some(db?) }; f(id) }";
    assert_eq!(messages(within, ITEM), [""; 0]);
    assert_eq!(messages("key = id, bypass = db.load().await?", ITEM).len(), 2);
}

#[test]
fn arguments_without_names_are_skipped_by_their_mark() {
    let item = "async fn get(id: u8, _: &Db, _: u8) -> u8 { id }";
    assert_eq!(messages("skip(_)", item), [""; 0]);
    one_on("skip(_, _)", item, "`_` is skipped twice; remove one");
    one_on(
        "skip(_)",
        "async fn get(id: u8, (a, _): (u8, u8)) -> u8 { id }",
        "no argument is called `_`; remove it",
    );
}

#[test]
fn of_two_attributes_one_speaks() {
    let message = "`#[cached]` stands on this function twice; remove one";
    for again in ["#[cached]", "#[doc = \"\"] #[cachefn::cached(key = id)]"] {
        assert_eq!(messages("key = id", &format!("{again} {ITEM}")), [message]);
    }
    assert_eq!(messages("", &format!("#[cached] #[cached] {ITEM}")), [""; 0]);
}

/// What `#[async_trait]` makes of `async fn get(&self, Path((id, page)): Path<(u64, u8)>, _: &Db, org: u8)`.
pub(super) const FRAMED: &str = "fn get<'life0, 'life1, 'async_trait>(&'life0 self, __arg1: Path<(u64, u8)>, __arg2: &'life1 Db, org: u8) \
     -> ::core::pin::Pin<Box<dyn ::core::future::Future<Output = User> + 'async_trait>> { Box::pin(async move { \
     let __self = self; let Path((id, page)) = { let __arg1 = __arg1; __arg1 }; let __arg2 = __arg2; let org = org; \
     let __ret: User = { __self.find(id).await }; __ret }) }";

#[test]
fn names_in_the_patterns_of_a_boxed_function_are_out_of_reach() {
    let on = |args: &str| messages(args, FRAMED);
    let patterns = "under `#[async_trait]` a pattern has no names here";
    let hidden = format!("there is no argument `id`: {patterns}; write `id: Path<(u64, u8)>`");
    for args in [
        "key = id",
        "key = (org, id.clone())",
        "key = format!(\"{id}\")",
        "key = \"{id}\"",
        "key = org, namespace = \"users:{id}\"",
        "key = org, tags = [\"user:{id}\"]",
        "key = org, bypass = f(id)",
        "key = org, expire = f(id)",
    ] {
        assert_eq!(on(args), [hidden.as_str()], "{args}");
    }
    let message = hidden.replace("`id`:", "`id` to skip:");
    assert_eq!(on("skip(self, _, id)"), [message]);
    let message = format!("there is no argument `ord`; its arguments are `self`, `org`; {patterns}");
    assert_eq!(on("key = ord"), [message]);
    assert_eq!(on("skip(self, _)"), [""; 0]);
    assert_eq!(on("skip(self)"), ["this argument has no name; name it, or write `skip(_)`"]);
    assert_eq!(on("key = id.0")[0], hidden);
}

#[test]
fn what_does_nothing_is_refused() {
    one("skip(db, db)", "`db` is skipped twice; remove one");
    let message = "`sensitive` hides the arguments in the key, and this key uses none; remove it";
    for args in
        ["sensitive, key = \"list\"", "sensitive, skip_all", "sensitive, skip(id, db)", "key = 1, sensitive"]
    {
        one(args, message);
    }
    one(
        "sensitive, key = id.",
        "the value of `key` is no expression: unexpected end of input, expected identifier or integer",
    );
    assert_eq!(messages("sensitive, key = self.0", METHOD), [""; 0]);
}

#[test]
fn namespaces_have_named_levels() {
    one("namespace = \"\"", "the namespace is empty; name it, or leave it out for the module's path");
    for namespace in [":a", "a:", "a::b", ":", "{id}:"] {
        let message = "a level of the namespace is empty; put text on both sides of each `:`";
        one(&format!("namespace = {namespace:?}"), message);
    }
    one("namespace = \"{namespace}\"", "`{namespace}` cannot be part of the namespace itself");
    one("namespace = users", "a namespace is written as a string; write `namespace = \"users\"`");
}

#[test]
fn skip_names_arguments() {
    one("skip(dbb)", "there is no argument `dbb` to skip; its arguments are `id`, `db`");
    one("skip(db.pool)", "expected the name of an argument");
    one("skip()", "`skip` names no argument; write `skip(db)`");
    one("skip = db", "`skip` takes a list of names; write `skip(db)`");
    let message = "there is nothing to skip: `key` says what the key is made of; remove one";
    one("key = id, skip(db)", message);
    one("key = id, skip(dbb)", message);
    one_on("skip(slef)", METHOD, "there is no argument `slef` to skip; its arguments are `self`, `id`");
}

#[test]
fn the_default_key_needs_names() {
    let message = "`self` cannot be part of the default key; write `key = …` with what the result depends on, or \
                   `skip(self)`";
    for receiver in ["&self", "self", "&mut self", "self: Arc<Self>"] {
        one_on("", &format!("pub async fn get({receiver}) -> u8 {{ 1 }}"), message);
    }
    let message = "this argument has no name; name it, or write `skip(_)`";
    one_on("", "async fn get(id: u8, _: &Db) -> u8 { id }", message);
    assert!(messages("key = id", "async fn get(id: u8, _: &Db) -> u8 { id }").is_empty());
}

#[test]
fn switches_and_paths() {
    let advice = "write `companions = Self` for a function of a type that takes no `self`";
    for typed in ["1", "self", "User"] {
        let message = format!("`companions` is `true`, `false` or `Self`; {advice}");
        one(&format!("companions = {typed}"), &message);
    }
    one("companions", "`companions` has no value; write `companions = false`");
    let message = "this is no path to a crate; write `crate = \"path::to::cachefn\"`";
    one("crate = \"a b\"", message);
    one("crate = web", message);
}

#[test]
fn functions_that_cannot_be_cached() {
    let plain = "only an async function can be cached; write `async fn list`";
    one_on("", "fn list() -> u8 { 1 }", plain);
    one_on("", "const fn list() -> u8 { 1 }", "a `const fn` cannot be cached; write `async fn list`");
    let message = "an `unsafe fn` cannot be cached; put the unsafe part into a block of its body";
    one_on("", "async unsafe fn list() -> u8 { 1 }", message);
    let message = "an `extern fn` cannot be cached; write `async fn list`";
    one_on("", "async extern \"C\" fn list() -> u8 { 1 }", message);
    one_on("", "async fn list() -> ! { exit() }", "a function that never returns has nothing to cache");
    for nothing in
        ["async fn list() { }", "async fn list() -> () { }", "async fn list() -> Result<(), E> { f() }"]
    {
        assert!(messages("", nothing).is_empty(), "{nothing}");
    }
    let message = "a type behind `impl` cannot be stored; write the type's name";
    one_on("", "async fn list() -> impl Iterator<Item = impl Debug> { 1 }", message);
    one_on("", "async fn list() -> Result<Vec<impl Debug>, E> { 1 }", message);
    let message = "a type behind `impl` cannot be stored; write `response`, which stores the finished response, or the \
                   type's name";
    one_on("", "async fn list() -> impl IntoResponse { 1 }", message);
    let advice = "write `result = plain` if it is none, or return a `Result` of it";
    for typed in ["T", "T :: Out", "< T as Get > :: Out", "(T)", "((T :: Out))"] {
        let message = format!("`{typed}` may be a `Result`, whose errors are not to be stored; {advice}");
        one_on("", &format!("async fn list<T: Get>() -> {typed} {{ 1 }}"), &message);
    }
    assert!(messages("result = plain", "async fn list<T>() -> T { 1 }").is_empty());
    assert!(messages("", "async fn list<T>() -> Result<T, E> { 1 }").is_empty());
}

#[test]
fn the_attribute_stands_on_a_function() {
    let on = |item: &str, message: &str| {
        assert_eq!(messages("ttl = 3", item), [message]);
        let expansion = cached(tokens("ttl = 3"), &tokens(item), true).to_string();
        assert!(expansion.ends_with(&tokens(item).to_string()));
    };
    let inside = "annotate the async functions inside it";
    for (first, item) in
        [("impl", "impl User { fn a() {} }"), ("trait", "pub trait A {}"), ("mod", "#[doc = \"\"] mod a {}")]
    {
        on(item, &format!("`#[cached]` goes on an async function, not on `{first}`; {inside}"));
    }
    let advice = "annotate the async functions inside its `impl`";
    on("struct User;", &format!("`#[cached]` goes on an async function, not on `struct`; {advice}"));
    let advice = "annotate an `async fn`";
    on("const A: u8 = 1;", &format!("`#[cached]` goes on an async function, not on `const`; {advice}"));
    let declared = cached(tokens(""), &tokens("async fn get(&self) -> u8;"), true).to_string();
    assert!(declared.contains("`get` has no body; annotate it in each `impl` of the trait"));
    assert!(declared.ends_with(&tokens("async fn get(&self) -> u8;").to_string()));
}

#[test]
fn independent_faults_are_reported_together() {
    let item = "fn get(&self, id: u8) -> impl Debug { id }";
    let args = "ttl = \"soon\", key = \"{a}:{b}{c\", colour = 1, namespace = \"a:\"";
    assert_eq!(messages(args, item).len(), 8);
    assert_eq!(messages(args, &item.replacen("fn", "async fn", 1)).len(), 8);
}

#[test]
fn a_function_that_returns_a_future_is_told_what_it_would_return() {
    for (returned, output) in [
        ("impl Future<Output = u64>", "u64"),
        ("impl std::future::Future<Output = Result<Vec<u8>, E>> + Send", "Result<Vec<u8>, E>"),
        ("Pin<Box<dyn Future<Output = Option<app::User>> + Send + '_>>", "Option<app::User>"),
    ] {
        let message =
            format!("only an async function can be cached; write `async fn list`, which returns `{output}`");
        one_on("", &format!("fn list() -> {returned} {{ wait() }}"), &message);
    }
    one_on(
        "",
        "fn list() -> BoxFuture<'_, u8> { wait() }",
        "only an async function can be cached; write `async fn list`",
    );
}

#[test]
fn what_is_borrowed_is_refused_where_it_shows() {
    let owned = |ty: &str| format!("return an owned type, as in `{ty}`");
    let plain = || "return an owned type".to_owned();
    for (returned, advice) in [
        ("&str", owned("String")),
        ("Option<&'a [u8]>", owned("Vec<u8>")),
        ("Result<Vec<&User>, E>", owned("Arc<User>")),
        ("std::borrow::Cow<'_, str>", owned("String")),
        ("Row<'a>", plain()),
        ("HashMap<u64, (u8, Row<'_>)>", plain()),
        ("io::Result<Box<dyn Row + 'a>>", plain()),
    ] {
        let message = format!("what is stored outlives the call, and this is borrowed; {advice}");
        one_on("key = 1", &format!("async fn list<'a>(db: &'a Db) -> {returned} {{ db.all() }}"), &message);
    }
    for returned in
        ["&'static str", "Result<User, Error<'a>>", "app::DbResult<'a, User>", "DbResult<'a>", "Vec<u8>"]
    {
        let item = format!("async fn list<'a>(db: &'a Db) -> {returned} {{ db.all() }}");
        assert!(messages("key = 1", &item).is_empty(), "{returned}");
    }
}

#[test]
fn a_route_below_is_said_to_come_too_late() {
    for (written, name) in [
        ("#[get(\"/users\")]", "get"),
        ("#[actix_web::post(\"/users\", name = \"users\")]", "post"),
        ("#[route(\"/users\", method = \"GET\")]", "route"),
        ("#[handler]", "handler"),
    ] {
        let item = format!("/// Documented. {written} async fn list(id: u8) -> u8 {{ 1 }}")
            .replace("Documented. ", "\n");
        let advice = format!("write `#[cached]` below `#[{name}]`, directly above the function");
        let message = format!("`#[{name}]` makes a type of the function, which cannot be called; {advice}");
        assert_eq!(messages("", &item), [message]);
        let functions = signatures(&expanded("", &item, true));
        let companions: Vec<_> = functions.iter().filter(|function| function.contains("_list(")).collect();
        assert!(
            companions.len() == 2 && companions.iter().all(|one| one.contains("invalidate_")),
            "{companions:?}"
        );
    }
    for other in
        ["#[get]", "#[tracing::instrument(skip(id))]", "#[utoipa::path(get, path = \"/\")]", "#[must_use]"]
    {
        assert!(messages("", &format!("{other} async fn list(id: u8) -> u8 {{ 1 }}")).is_empty(), "{other}");
    }
}
