//! What is said of each argument's value.

use super::messages;

const ITEM: &str = "async fn get(id: u64, db: &Db) -> Option<User> { find(id, db) }";

#[track_caller]
fn one(args: &str, message: &str) {
    assert_eq!(messages(&format!("{args}, key = id"), ITEM), [message], "#[cached({args})]");
}

#[test]
fn tags_are_templates() {
    one("tags = \"org:{id}\"", "`tags` is a list of strings; write `tags = [\"org:{org}\"]`");
    one("tags = []", "`tags` names no tag; write `tags = [\"org:{org}\"]`");
    one("tags = [\"\"]", "the tag is empty; name it");
    let advice = "as in `\"org:{org}\"`; `tags_with` takes it from the value";
    one("tags = [id]", &format!("a tag is written as a string, {advice}"));
    one("tags = [\"org:{org}\"]", "there is no argument `org`; its arguments are `id`, `db`");
    one("tags = [\"{namespace}\"]", "`{namespace}` cannot be part of a tag; write its text");
    one("tags = [\"a\", \"b:{id}\", \"a\"]", "the tag `a` is given twice; remove one");
    one("tags = [\"b:{id}\", (\"b:{id}\")]", "the tag `b:{id}` is given twice; remove one");
    let many = (0..33).map(|tag| format!("\"{tag}\"")).collect::<Vec<_>>().join(",");
    one(&format!("tags = [{many}]"), "a function has at most 32 tags");
}

#[test]
fn the_value_is_asked_by_closures() {
    let form = "write `when = |user: &User| user.is_active()`";
    one("when = true", &format!("`true` is no closure over the value; {form}"));
    one("when = || true", &format!("`when` is given the value and nothing else; {form}"));
    one("when = |a, b| true", &format!("`when` is given the value and nothing else; {form}"));
    one("when = async |user| true", &format!("`when` cannot wait; {form}"));
    one("when", &format!("`when` has no value; {form}"));
    assert!(messages("key = id, when = (|user: &User| user.active)", ITEM).is_empty());
    let form = "write `expire_with = |token: &Token| token.lifetime()`";
    one("expire_with = 300", &format!("`300` is no closure over the value; {form}"));
    let form = "write `tags_with = |user: &User| [user.tag()]`";
    one("tags_with = [\"a\"]", &format!("`[\"a\"]` is no closure over the value; {form}"));
}

#[test]
fn none_is_skipped_or_lives() {
    one("none = \"keep\"", "`\"keep\"` is no duration; write seconds as in `none = 30`, or `\"5m\"`");
    one("none = 0", "nothing lives for less than a millisecond; write `none = 30`");
    one("none = skip", "`skip` is no duration; write seconds as in `none = 30`, or `\"5m\"`");
}

#[test]
fn jitter_is_a_part_of_one() {
    for typed in ["0.0", "1.0", "1.5", "- 0.1", "10", "\"10%\"", "x"] {
        let advice = "write a number between 0 and 1, as in `0.1`";
        one(&format!("jitter = {typed}"), &format!("`{typed}` is no part of a life; {advice}"));
    }
}

#[test]
fn a_version_is_a_whole_number() {
    for typed in ["\"2\"", "-1", "1.5", "2u8", "V"] {
        one(&format!("version = {typed}"), "a version is a whole number; write `version = 2`");
    }
}

#[test]
fn flags_have_no_value() {
    one("sensitive = true", "`sensitive` takes no value; write `sensitive`");
    let item = "async fn get(id: u64) -> u8 { 1 }";
    assert_eq!(messages("skip_all = true", item), ["`skip_all` takes no value; write `skip_all`"]);
    assert_eq!(messages("skip_all, skip(id)", item), ["`skip_all` skips these too; remove one"]);
    one("skip_all", "there is nothing to skip: `key` says what the key is made of; remove one");
}

#[test]
fn what_is_hidden_in_the_key_is_not_shown_elsewhere() {
    let hides = |by| format!("`sensitive` hides `id` in the key, and `{by}` would show it; remove one");
    one("sensitive, namespace = \"users:{id}\"", &hides("namespace"));
    one("sensitive, tags = [\"user:{id}\"]", &hides("tags"));
    assert!(messages("sensitive, key = id, tags = [\"db:{db.name}\"]", ITEM).is_empty());
}

#[test]
fn a_codec_is_a_type() {
    let advice = "write `Json`, `Postcard`, `MessagePack`, or the path of a type that implements `Codec`";
    one("codec = \"json\"", &format!("`\"json\"` names no codec; {advice}"));
}

#[test]
fn a_result_is_plain_or_not_mentioned() {
    one(
        "result = true",
        "`result` is `plain` or absent; write `result = plain` where the type shows no shape",
    );
}

#[test]
fn bypass_is_a_condition() {
    one("bypass = |id| true", "`bypass` is a condition, not a closure; write `bypass = fresh`");
    let advice = "remove `bypass`, or the attribute";
    for typed in ["true", "(true)", "!false", "!(!((true)))"] {
        let message = format!("`bypass` is a condition over the arguments; {advice}");
        one(&format!("bypass = {typed}"), &message);
    }
}

#[test]
fn a_boxed_function_of_a_trait_has_no_companions() {
    let item = "fn get<'a, 'async_trait>(&'a self, id: u64) -> Pin<Box<dyn Future<Output = u8> + Send + 'async_trait>> \
                { Box::pin(async move { 1 }) }";
    assert!(messages("key = id", item).is_empty());
    let message =
        "companions cannot stand in the implementation of a trait; invalidate by `namespace` or `tags`";
    assert_eq!(messages("key = id, companions = true", item), [message]);
    let message = "only an async function can be cached; write `async fn get`, which returns `u8`";
    assert_eq!(messages("key = id", &item.replace("'async_trait", "'b")), [message]);
}
