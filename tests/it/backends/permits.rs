//! Users of the server who may do what is needed and nothing else, or less.

use cachefn_backends::backend::Invalidated;
use cachefn_tests::{Options, logs};
use tracing::Level;

use super::login::{PASSWORD, is_said_clearly, texts};
use super::*;

/// What a user needs on Redis 7, as the README has it.
pub(super) const NEEDED: [&str; 11] = [
    "~test@*",
    "+ping",
    "+select",
    "+mget",
    "+set",
    "+unlink",
    "+ttl",
    "+pttl",
    "+expire",
    "+evalsha",
    "+script|load",
];

pub(super) fn with_user(name: &str, rules: impl IntoIterator<Item = &'static str>) -> RedisServer {
    let password = format!(">{PASSWORD}");
    let mut words: Vec<&str> = rules.into_iter().collect();
    words.splice(0..0, ["user", name, "on", &password, "-@all"]);
    RedisServer::with(Options::default().line(&words))
}

pub(super) fn as_user(server: &RedisServer, name: &str) -> Settings {
    Settings { username: Some(name.into()), password: Some(PASSWORD.into()), db: 2, ..server.settings() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_of_any_name_who_may_do_what_is_needed_keeps_every_contract() {
    logs::capture();
    let name = "nämе@:/#%?!";
    let rules: Vec<_> = NEEDED.into_iter().filter(|rule| *rule != "~test@*").collect();
    let server = with_user(name, rules.into_iter().chain(["~store*@*", "+info", "+append"]));
    let stores = AtomicUsize::new(0);
    let make = async || {
        let prefix = format!("store{}", stores.fetch_add(1, Ordering::Relaxed));
        connected(Settings { prefix, ..as_user(&server, name) }).await
    };
    contract::check(make, async |_, time| tokio::time::sleep(time).await).await;
    assert!(logs::lines("p@s:s").is_empty());
    assert!(logs::lines("nämе").is_empty());
}

#[tokio::test]
async fn without_info_all_works_and_a_warning_tells_what_it_costs() {
    logs::capture();
    let server = with_user("guest", NEEDED);
    let backend = connected(as_user(&server, "guest")).await;
    assert_eq!(put(&backend, "k", "1").await, Ok(Filled::Stored));
    assert_eq!(backend.0.invalidate(key("k")).await, Invalidated::Applied);
    let warnings = texts(backend.0.address(), Level::WARN);
    assert!(warnings.len() == 1 && warnings[0].contains("run_id"), "{warnings:?}");
}

#[tokio::test]
async fn who_may_not_be_told_of_generations_asks_for_them() {
    // With and without what it takes, and how many names a hit looks at then: a value and four generations, or a value.
    let of_client = ["+client|tracking", "+client|caching"];
    for (rules, names) in [(&of_client[..0], 5), (&of_client[..1], 5), (&of_client[..], 1)] {
        let server = with_user("guest", NEEDED.into_iter().chain(["+info"]).chain(rules.iter().copied()));
        let backend = connected(Settings { near: false, ..as_user(&server, "guest") }).await;
        put(&backend, "k", "1").await.unwrap();
        for _ in 0..2 {
            assert_eq!(read(&backend, "k").await.as_deref(), Some("1"));
        }
        let before = server.looked_at();
        for _ in 0..10 {
            assert_eq!(read(&backend, "k").await.as_deref(), Some("1"));
        }
        assert_eq!(server.looked_at() - before, 10 * names, "{rules:?}");
        assert_eq!(backend.0.invalidate(key("k")).await, Invalidated::Applied);
        assert_eq!(read(&backend, "k").await, None);
    }
}

#[tokio::test]
async fn every_rule_that_a_user_lacks_is_named_and_it_works_once_he_has_it() {
    logs::capture();
    let lacking = async |rule: &'static str| {
        let server = with_user("guest", NEEDED.into_iter().filter(|other| *other != rule));
        let settings = as_user(&server, "guest");
        let shown = if rule.starts_with('~') { "~PREFIX@*" } else { rule };
        let said = format!("user lacks {shown}, see REDIS_USERNAME");
        is_said_clearly(settings.clone(), &said).await;
        server.ask::<()>(&["ACL", "SETUSER", "guest", rule]);
        connected(settings).await;
    };
    let all = NEEDED.map(|rule| tokio::spawn(lacking(rule)));
    for one in all {
        one.await.unwrap();
    }
}

#[tokio::test]
async fn all_that_a_user_lacks_is_named_at_once() {
    let server = with_user("guest", ["+ping", "+mget", "+info"]);
    let said = "user lacks +select +set +unlink +ttl +pttl +expire +evalsha +script|load ~PREFIX@*";
    is_said_clearly(as_user(&server, "guest"), said).await;
}

#[tokio::test]
async fn what_is_taken_from_a_user_who_is_connected_is_named_and_given_back_it_works() {
    logs::capture();
    let server = with_user("guest", NEEDED.into_iter().chain(["+info"]));
    let backend = connected(as_user(&server, "guest")).await;
    server.ask::<()>(&["ACL", "SETUSER", "guest", "-set"]);
    assert_eq!(begin(&backend, "k").await.map(drop).unwrap_err().kind(), ErrorKind::Denied);
    let address = backend.0.address().to_owned();
    until("it is named", || !texts(&address, Level::ERROR).is_empty()).await;
    assert_eq!(backend.0.state(), State::Degraded);
    server.ask::<()>(&["ACL", "SETUSER", "guest", "+set"]);
    used_again(&backend).await;
    assert_eq!(put(&backend, "k", "1").await, Ok(Filled::Stored));
    let (warnings, errors) = (texts(&address, Level::WARN), texts(&address, Level::ERROR));
    assert_eq!((warnings.len(), errors.len()), (1, 1), "{warnings:?} {errors:?}");
    assert!(errors[0].contains("user lacks +set, "), "{errors:?}");
}
