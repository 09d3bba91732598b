//! What the README's session with `curl` shows, against the running service: in memory, and in Redis.
#![allow(missing_docs)]

use std::path::Path;

use cachefn_examples::{Answer, Client, Problem, Redis, Service};
use serde_json::{Value, json};

const KEY: (&str, &str) = ("x-api-key", "key-1");
const ADMIN: (&str, &str) = ("ADMIN_TOKEN", "of-the-administrator");

struct Session {
    client: Client,
    _service: Service,
}

impl Session {
    async fn start(environment: &[(&str, &str)]) -> Result<Self, Problem> {
        let program = Path::new(env!("CARGO_BIN_EXE_users-api"));
        let service = Service::start(program, ["--port", "0", "--quiet"], environment.iter().copied())?;
        Ok(Self { client: Client::connect(service.address()).await?, _service: service })
    }

    async fn get(&mut self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.client.send("GET", path, headers, "").await.expect("the service answers")
    }

    async fn send(&mut self, method: &str, path: &str, body: &Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.client.send(method, path, &[KEY], &body).await.expect("the service answers")
    }

    /// Status, `X-Cache`, and the name of the user.
    async fn name(&mut self, path: &str, headers: &[(&str, &str)]) -> (u16, String, String) {
        let answer = self.get(path, headers).await;
        let body: Value = serde_json::from_slice(&answer.body).expect("it is JSON");
        let name = body["name"].as_str().unwrap_or_default().to_owned();
        (answer.status.as_u16(), answer.header("x-cache").to_owned(), name)
    }

    async fn queries(&mut self) -> u64 {
        self.get("/queries", &[]).await.text().parse().expect("it is a number")
    }
}

fn seen(status: u16, cache: &str, name: &str) -> (u16, String, String) {
    (status, cache.to_owned(), name.to_owned())
}

async fn users_come_from_the_cache_until_they_change(session: &mut Session) {
    assert_eq!(session.name("/users/7", &[]).await, seen(200, "MISS", "User 7"));
    let answer = session.get("/users/7", &[]).await;
    assert_eq!(answer.header("x-cache"), "HIT");
    let left: u64 = answer.header("x-cache-ttl-remaining").parse().unwrap();
    assert!((290..=300).contains(&left), "{left}");
    assert!(answer.header("cache-status").contains("hit"), "{}", answer.header("cache-status"));

    let before = session.queries().await;
    assert_eq!(session.name("/users/7", &[("cache-control", "no-cache")]).await.2, "User 7");
    assert_eq!(session.queries().await, before + 1, "it was read anew");
    assert_eq!(session.name("/users/7", &[]).await, seen(200, "HIT", "User 7"), "and stored");

    let grace = json!({ "name": "Grace", "email": "grace@example.com" });
    assert_eq!(session.send("PUT", "/users/7", &grace).await.status, 200);
    assert_eq!(session.name("/users/7", &[]).await, seen(200, "MISS", "Grace"));
    assert_eq!(session.name("/users/7", &[]).await, seen(200, "HIT", "Grace"));
}

async fn pages_show_what_was_added_and_removed(session: &mut Session) {
    let page = async |session: &mut Session| {
        let answer = session.get("/users?page=6&size=10", &[]).await;
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        let names = body["users"].as_array().unwrap().iter().map(|user| user["name"].to_string());
        (body["total"].as_u64().unwrap(), names.collect::<Vec<_>>())
    };
    let mary = json!({ "name": "Mary", "email": "mary@example.com" });
    assert_eq!(page(session).await, (50, vec![]));
    assert_eq!(session.send("POST", "/users", &mary).await.status, 201);
    assert_eq!(page(session).await, (51, vec!["\"Mary\"".to_owned()]));
    assert_eq!(session.send("POST", "/users", &mary).await.status, 409, "the address is taken");
    assert_eq!(session.send("DELETE", "/users/51", &Value::Null).await.status, 204);
    assert_eq!(page(session).await, (50, vec![]));
    assert_eq!(session.get("/users/51", &[]).await.status, 404);
    assert_eq!(session.get("/users?page=0", &[]).await.status, 400);
}

async fn keys_open_until_they_are_taken_away(session: &mut Session) {
    assert_eq!(session.get("/users/me", &[]).await.status, 401);
    assert_eq!(session.get("/users/me", &[("x-api-key", "guessed")]).await.status, 401);
    assert_eq!(session.name("/users/me", &[KEY]).await.2, "User 1");

    let made = session.send("POST", "/users/me/keys", &json!({ "name": "phone" })).await;
    assert_eq!(made.status, 201);
    let made: Value = serde_json::from_slice(&made.body).unwrap();
    let key = made["key"].as_str().unwrap();
    assert_eq!(session.name("/users/me", &[("x-api-key", key)]).await.2, "User 1");
    assert!(session.get("/users/me/keys", &[KEY]).await.text().contains("phone"));

    let path = format!("/users/me/keys/{}", made["id"]);
    assert_eq!(session.send("DELETE", &path, &Value::Null).await.status, 204);
    assert_eq!(session.get("/users/me", &[("x-api-key", key)]).await.status, 401);
    assert!(!session.get("/users/me/keys", &[KEY]).await.text().contains("phone"));
}

async fn an_administrator_names_what_stands_below_a_level(session: &mut Session) {
    const TOKEN: (&str, &str) = ("authorization", "Bearer of-the-administrator");
    // `users:1:single` and `users:1:keys`, `users:11:single`
    for path in ["/users/1", "/users/11"] {
        session.name(path, &[]).await;
        assert_eq!(session.name(path, &[]).await.1, "HIT");
    }
    session.get("/users/me/keys", &[KEY]).await;
    let listed = session.get("/admin/cache/keys?namespace=users:1", &[TOKEN]).await;
    let listed: Value = serde_json::from_slice(&listed.body).unwrap();
    let keys = listed["keys"].as_array().unwrap().iter().map(|listed| listed["key"].as_str().unwrap());
    let keys: Vec<_> = keys.map(|key| key.split_once(':').unwrap().1).collect();
    assert_eq!(keys, ["users:1:keys", "users:1:single"]);

    let path = "/admin/cache?namespace=users:1";
    let answer = session.client.send("DELETE", path, &[TOKEN], "").await.unwrap();
    assert!(answer.text().contains("applied"), "{}", answer.text());
    assert_eq!(session.name("/users/1", &[]).await.1, "MISS");
    assert_eq!(session.name("/users/11", &[]).await.1, "HIT");
    let before = session.queries().await;
    session.get("/users/me/keys", &[KEY]).await;
    assert_eq!(session.queries().await, before + 1);
}

async fn all_of_it(environment: &[(&str, &str)]) -> Result<(), Problem> {
    let mut session = Session::start(environment).await?;
    users_come_from_the_cache_until_they_change(&mut session).await;
    pages_show_what_was_added_and_removed(&mut session).await;
    keys_open_until_they_are_taken_away(&mut session).await;
    an_administrator_names_what_stands_below_a_level(&mut session).await;
    Ok(())
}

#[tokio::test]
async fn the_session_in_memory() -> Result<(), Problem> {
    all_of_it(&[("CACHE_ENABLED", "true"), ADMIN]).await
}

#[tokio::test]
async fn the_session_in_redis() -> Result<(), Problem> {
    let directory = tempfile::tempdir()?;
    let redis = Redis::find_or_start(directory.path()).map_err(|error| error.to_string())?;
    let prefix = format!("session-{}", std::process::id());
    let environment = [
        ("CACHE_ENABLED", "true"),
        ("REDIS_ENABLED", "true"),
        ("REDIS_URL", redis.url()),
        ("CACHE_PREFIX", &prefix),
        ("CACHE_SECRET", "not much of a secret"),
        ADMIN,
    ];
    all_of_it(&environment).await
}

#[tokio::test]
async fn without_a_cache_everything_is_read_anew() -> Result<(), Problem> {
    let mut session = Session::start(&[]).await?;
    for expected in 1..=3 {
        assert_eq!(session.name("/users/7", &[]).await, seen(200, "", "User 7"));
        assert_eq!(session.queries().await, expected);
    }
    Ok(())
}
