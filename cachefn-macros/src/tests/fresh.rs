//! What is said of the arguments that serve old values.

use super::diagnostics::FRAMED;
use super::messages;

const ITEM: &str = "async fn get(id: u64) -> Result<User, DbError> { find(id) }";

#[track_caller]
fn one(args: &str, message: &str) {
    assert_eq!(messages(args, ITEM), [message], "#[cached({args})]");
}

#[track_caller]
fn sound(args: &str, item: &str) {
    assert_eq!(messages(args, item), [""; 0], "#[cached({args})] {item}");
}

#[track_caller]
fn borrowed(arguments: &str, message: &str) {
    let item = format!("async fn get({arguments}) -> User {{ find() }}");
    let message =
        format!("a refresh in the background outlives the call, and {message}, or write `refresh = caller`");
    assert_eq!(messages("stale = 60, key = 1", &item), [message], "{arguments}");
    sound("stale = 60, key = 1, refresh = caller", &item);
}

#[test]
fn every_combination_that_does_something_is_sound() {
    for args in [
        "stale = 60",
        "stale = \"5m\", stale_if_error = \"250ms\"",
        "stale = 60, refresh = background",
        "refresh_ahead = 0.8, refresh = caller",
        "refresh_ahead = 0.8",
        "stale_if_error = 600",
        "stale_if_error = 600, timeout = 1",
        "stale = 60, timeout = \"100ms\"",
        "stale_if_error = 600, timeout = \"100ms\", refresh = caller",
        "expire = 5, stale = 60, refresh_ahead = 0.8, stale_if_error = 600, timeout = \"1s\", refresh = (caller)",
    ] {
        sound(args, ITEM);
    }
}

#[test]
fn old_values_are_served_for_a_time_that_is_written_down() {
    for name in ["stale", "stale_if_error"] {
        let form = if name == "stale" { "`stale = 60`" } else { "`stale_if_error = 600`" };
        let advice = format!("write seconds as in {form}, or `\"5m\"`");
        for typed in ["0", "\"0s\"", "\"10us\""] {
            let message = format!("nothing is served for less than a millisecond; write {form}");
            one(&format!("{name} = {typed}"), &message);
        }
        for typed in ["\"soon\"", "1.5", "- 5", "true", "5u64"] {
            one(&format!("{name} = {typed}"), &format!("`{typed}` is no duration; {advice}"));
        }
        for typed in ["TTL", "id * 60", "Duration :: from_secs (60)"] {
            let message =
                format!("`{name}` is the same for every call, and `{typed}` is no literal; {advice}");
            one(&format!("{name} = {typed}"), &message);
        }
        one(&format!("{name} = \"101y\""), "nothing is kept for more than a century");
        one(name, &format!("`{name}` has no value; write {form}"));
        one(&format!("{name}(60)"), &format!("`{name}` takes one value; write {form}"));
    }
}

#[test]
fn nobody_waits_for_no_time_or_ever() {
    let within = |typed: &str| format!("stale_if_error = 600, timeout = {typed}");
    let form = "write `timeout = \"100ms\"`";
    one(&within("0"), &format!("nobody waits for less than a millisecond; {form}"));
    one(&within("\"101y\""), "nobody waits for more than a century");
    one(&within("0.1"), &format!("`0.1` is no duration; {form}, or a number of seconds"));
    let message = "`timeout` is the same for every call, and `SOON` is no literal";
    one(&within("SOON"), &format!("{message}; {form}, or a number of seconds"));
}

#[test]
fn a_refresh_ahead_is_a_part_of_a_life() {
    for typed in ["0", "1", "0.0", "1.0", "1.5", "- 0.8", "\"80%\"", "80", "PART"] {
        let advice = "write a number between 0 and 1, as in `refresh_ahead = 0.8`";
        one(&format!("refresh_ahead = {typed}"), &format!("`{typed}` is no part of a life; {advice}"));
    }
}

#[test]
fn who_refreshes_is_one_of_two() {
    for typed in ["spawn", "\"caller\"", "true", "self :: caller"] {
        let message = format!("`refresh` is `background` or `caller`, not `{typed}`");
        one(&format!("stale = 60, refresh = {typed}"), &message);
        one(&format!("refresh = {typed}"), &message);
    }
    one("stale = 60, refresh", "`refresh` has no value; write `refresh = caller`");
}

#[test]
fn what_does_nothing_is_refused() {
    let advice = "write `stale = 60` beside it, or remove it";
    for args in ["refresh = caller", "refresh = background", "refresh = caller, stale_if_error = 600"] {
        one(args, &format!("`refresh` says who refreshes, and nothing is refreshed; {advice}"));
    }
    let advice = "write `stale_if_error = 600` or `stale = 60` beside it";
    for args in ["timeout = 1", "timeout = 1, refresh = caller", "timeout = 1, refresh_ahead = 0.8"] {
        one(args, &format!("no old value may be served when `timeout` is over; {advice}"));
    }
}

#[test]
fn one_mistake_is_not_two() {
    one("stale = 0, refresh = caller", "nothing is served for less than a millisecond; write `stale = 60`");
    one("stale = 60 refresh = caller", "expected `,` between two arguments");
    one("timeout = 1 stale = 60", "expected `,` between two arguments");
    let item = "async fn get(id: &u64) -> User { find(id) }";
    assert_eq!(messages("stale = 60, refresh = spawn", item).len(), 1);
    assert_eq!(messages("stale = 60 refresh = caller", item).len(), 1);
    assert_eq!(messages("stale = 0", item).len(), 2);
}

#[test]
fn other_names_lead_to_the_argument() {
    for (typed, meant) in [
        ("swr = 60", "stale"),
        ("stale_while_revalidate = 60", "stale"),
        ("grace = 60", "stale"),
        ("sie = 60", "stale_if_error"),
        ("on_error = 60", "stale_if_error"),
        ("fallback = 60", "stale_if_error"),
        ("early_refresh = 0.5", "refresh_ahead"),
        ("prefetch = 0.5", "refresh_ahead"),
        ("refresh_before = 0.5", "refresh_ahead"),
        ("stale = 1, deadline = 60", "timeout"),
        ("stale = 1, soft_timeout = 60", "timeout"),
        ("stale = 1, revalidate = caller", "refresh"),
    ] {
        let name = typed.rsplit(", ").next().and_then(|last| last.split(' ').next()).unwrap_or_default();
        one(typed, &format!("`#[cached]` has no argument `{name}`; did you mean `{meant}`?"));
    }
}

#[test]
fn what_outlives_the_call_is_owned() {
    borrowed("db: &Db", "`db` is borrowed; take it owned, as in `db: Arc<Db>`");
    borrowed(
        "mut db: &'a mut db::Db<u8, A>",
        "`db` is borrowed; take it owned, as in `db: Arc<db::Db<u8, A>>`",
    );
    borrowed("id: &u64", "`id` is borrowed; take it owned, as in `id: u64`");
    borrowed("ids: &[u64]", "`ids` is borrowed; take it owned, as in `ids: Vec<u64>`");
    borrowed("id: u8, db: &dyn Db", "`db` is borrowed; take it owned");
    let both = "`name`, `db` are borrowed; take them owned, as in `name: String`, `db: Arc<Db>`";
    borrowed("name: &str, id: u8, db: &Db", both);
    borrowed("(a, _): (&str, &str)", "`a` is borrowed; take it owned");
    borrowed("(a, b): (&str, &str)", "`a`, `b` are borrowed; take them owned");
    borrowed("_: &str", "`_` is borrowed; take it owned");
    let own = "`self` is borrowed; take it owned, as in `self: Arc<Self>`";
    for receiver in
        ["&self", "&mut self", "&'a self", "self: &Self", "self: Pin<&mut Self>", "self: &Arc<Self>"]
    {
        borrowed(receiver, own);
    }
    let all = "`self`, `name` are borrowed; take them owned, as in `self: Arc<Self>`, `name: String`";
    borrowed("&self, name: &str", all);
}

#[test]
fn a_lifetime_anywhere_in_a_type_borrows() {
    for ty in [
        "Cow<'_, str>",
        "Row<'a>",
        "Option<&str>",
        "(u8, [&str; 2])",
        "Box<dyn Get + '_>",
        "impl Get + 'a",
        "impl Iterator<Item = &'a str>",
        "&'static Row<'a>",
        "fn(&'a str) -> u8",
        "impl for<'b> Get<'b, &'a str>",
        "Vec<for<'b> fn(&'b str, &'a str)>",
    ] {
        borrowed(&format!("x: {ty}"), "`x` is borrowed; take it owned");
    }
    for ty in [
        "&'static str",
        "Cow<'static, [&'static str]>",
        "Box<dyn Get + Send>",
        "fn(&str) -> &str",
        "impl Fn(&str) -> Row<'_> + Send + 'static",
        "impl for<'a> Get<'a, &'a str>",
        "for<'a> fn(&'a str) -> Row<'a>",
        "Arc<dyn Fn(&str) -> u8>",
        "[u8; { let _ = &1; 2 }]",
    ] {
        sound("stale = 60, key = 1", &format!("async fn get(x: {ty}) -> User {{ find(x) }}"));
    }
    for receiver in ["self", "mut self", "self: Arc<Self>", "self: Box<Self>"] {
        sound("stale = 60, key = 1", &format!("async fn get({receiver}) -> User {{ find() }}"));
    }
}

#[test]
fn an_argument_that_may_not_be_there_is_left_to_the_compiler() {
    sound("stale = 60, key = 1", "async fn get(#[cfg(test)] db: &Db) -> User { find() }");
}

#[test]
fn a_boxed_function_is_refused_as_it_was_written() {
    let them = "`self`, `_` are borrowed; take them owned, as in `self: Arc<Self>`";
    let message =
        format!("a refresh in the background outlives the call, and {them}, or write `refresh = caller`");
    assert_eq!(messages("stale = 60, key = org", FRAMED), [message]);
    let pattern = FRAMED.replace("Path<(u64, u8)>", "Path<(&'life2 u64, u8)>");
    let them = "`self`, `id`, `page`, `_` are borrowed; take them owned, as in `self: Arc<Self>`";
    let message =
        format!("a refresh in the background outlives the call, and {them}, or write `refresh = caller`");
    assert_eq!(messages("stale = 60, key = org", &pattern), [message]);
    let owned = FRAMED.replace("&'life0 self", "self: Arc<Self>").replace("&'life1 Db", "Db");
    sound("stale = 60, key = org", &owned);
    sound("stale = 60, key = org, refresh = caller", FRAMED);
}
