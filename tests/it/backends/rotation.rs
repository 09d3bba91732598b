//! Passwords that are changed under a cache that knows the old one.

use cachefn_backends::backend::Invalidated;
use cachefn_tests::{Options, Proxy, logs};
use tracing::Level;

use super::login::texts;
use super::*;

const OLD: &str = "sesame-old";
const NEW: &str = "sesame-new";

/// Breaks the connection while the password is another one, until that is said; then gives the old one back.
async fn out_and_in_again(
    server: &RedisServer,
    settings: Settings,
    change: impl Fn(&RedisServer, &str),
    break_off: impl Fn(&RedisServer),
) {
    logs::capture();
    let backend = connected(settings).await;
    put(&backend, "k", "1").await.unwrap();
    put(&backend, "other", "1").await.unwrap();
    change(server, NEW);
    assert_eq!(read(&backend, "k").await.as_deref(), Some("1"), "who is logged in stays so");
    break_off(server);
    let address = backend.0.address().to_owned();
    until("it is said", || !texts(&address, Level::ERROR).is_empty()).await;
    assert_eq!((backend.0.state(), backend.0.link().is_none()), (State::Degraded, true));
    assert_eq!(backend.0.invalidate(key("k")).await, Invalidated::Queued);
    until("it is tried again", || texts(&address, Level::DEBUG).len() > 1).await;
    change(server, OLD);
    used_again(&backend).await;
    assert_eq!(read(&backend, "k").await, None, "it was invalidated meanwhile");
    assert_eq!(read(&backend, "other").await.as_deref(), Some("1"), "the same server");
    let (warnings, errors) = (texts(&address, Level::WARN), texts(&address, Level::ERROR));
    assert_eq!((warnings.len(), errors.len()), (1, 1), "{warnings:?} {errors:?}");
    assert!(warnings[0].contains("Lost the connection to Redis"), "{warnings:?}");
    assert!(errors[0].contains("see REDIS_USERNAME and REDIS_PASSWORD"), "{errors:?}");
    assert!(texts(&address, Level::INFO).iter().any(|line| line.contains("Redis is used again")));
    assert!(logs::lines("sesame-").is_empty());
}

#[tokio::test]
async fn a_changed_password_is_said_and_the_old_one_given_back_is_used_without_a_restart() {
    let server = RedisServer::with(Options { password: Some(OLD.into()), ..Options::default() });
    // Somebody who is logged in already.
    let admin = std::sync::Mutex::new(server.connection());
    let set = |_: &RedisServer, password: &str| {
        let mut command = redis::cmd("CONFIG");
        command.arg("SET").arg("requirepass").arg(password).exec(&mut *admin.lock().unwrap()).unwrap();
    };
    let proxy = Proxy::to(server.port());
    let settings = Settings { port: proxy.port(), ..server.settings() };
    let cut = |_: &RedisServer| {
        proxy.cut();
        proxy.heal();
    };
    out_and_in_again(&server, settings, set, cut).await;
}

#[tokio::test]
async fn a_changed_password_of_a_user_is_said_and_the_old_one_given_back_is_used() {
    let old = format!(">{OLD}");
    let server = RedisServer::with(Options::default().line(&["user", "app", "on", &old, "~*", "+@all"]));
    let settings = Settings { username: Some("app".into()), password: Some(OLD.into()), ..server.settings() };
    let set = |server: &RedisServer, password: &str| {
        server.ask::<()>(&["ACL", "SETUSER", "app", "resetpass", &format!(">{password}")]);
    };
    let kill = |server: &RedisServer| server.ask::<()>(&["CLIENT", "KILL", "USER", "app"]);
    out_and_in_again(&server, settings, set, kill).await;
}

#[tokio::test]
async fn a_user_who_is_removed_or_switched_off_is_let_in_when_he_is_back() {
    logs::capture();
    let old = format!(">{OLD}");
    let user = ["app", "on", &old, "~*", "+@all"];
    let server = RedisServer::with(Options::default().line(&[&["user"], &user[..]].concat()));
    let settings = Settings { username: Some("app".into()), password: Some(OLD.into()), ..server.settings() };
    let backend = connected(settings).await;
    let away: [&dyn Fn(); 2] = [&|| server.ask(&["ACL", "DELUSER", "app"]), &|| {
        server.ask::<()>(&["ACL", "SETUSER", "app", "off"]);
        server.ask::<()>(&["CLIENT", "KILL", "USER", "app"]);
    }];
    for (times, leave) in (1..).zip(away) {
        leave();
        until("it is said", || texts(backend.0.address(), Level::ERROR).len() == times).await;
        assert_eq!(backend.0.state(), State::Degraded);
        server.ask::<()>(&[&["ACL", "SETUSER"], &user[..]].concat());
        used_again(&backend).await;
        assert_eq!(put(&backend, "k", "1").await, Ok(Filled::Stored));
    }
    assert!(logs::lines("sesame-").is_empty());
}

#[tokio::test]
async fn a_server_that_wants_a_password_from_now_on_is_used_when_it_does_not_any_more() {
    logs::capture();
    let server = RedisServer::start();
    let mut admin = server.connection();
    let mut set = |password: &str| {
        redis::cmd("CONFIG").arg("SET").arg("requirepass").arg(password).exec(&mut admin).unwrap();
    };
    let proxy = Proxy::to(server.port());
    let backend = connected(Settings { port: proxy.port(), ..server.settings() }).await;
    set(NEW);
    proxy.cut();
    proxy.heal();
    until("it is said", || !texts(backend.0.address(), Level::ERROR).is_empty()).await;
    assert_eq!(backend.0.invalidate(key("k")).await, Invalidated::Queued);
    set("");
    used_again(&backend).await;
    assert_eq!(put(&backend, "k", "1").await, Ok(Filled::Stored));
}
