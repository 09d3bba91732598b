//! Addresses of sockets of this machine.

use super::RedisConfig;
use super::redis::{self, ENCODE, decoded};

/// Reads what follows `unix://`: `[user[:password]@]/path[?db=0&user=…&password=…]`, as the clients of Redis for Python,
/// Go and Rust write it. As with them, a `+` behind the `?` is a space.
pub(super) fn from_url(rest: &str) -> Result<RedisConfig, String> {
    if !cfg!(unix) {
        return Err("there are no `unix://` sockets on this system: write `redis://host:6379/0`".into());
    }
    let (place, options) = rest.split_once('?').unwrap_or((rest, ""));
    let (login, path) = place.split_at(place.find('/').unwrap_or(place.len()));
    let login = if login.is_empty() { Some("") } else { login.strip_suffix('@') };
    let (Some(login), false, false) = (login, path.is_empty(), rest.contains('#')) else {
        return Err(format!("it names no path: write `unix:///run/redis.sock?db=0`; {ENCODE}"));
    };
    let (username, password) = login.split_once(':').unwrap_or((login, ""));
    let path = decoded(path)?.unwrap_or_default();
    let mut config = RedisConfig {
        socket: Some(path.into()),
        username: decoded(username)?,
        password: decoded(password)?,
        ..RedisConfig::at("localhost".into(), 6379)
    };
    for option in options.split('&').filter(|option| !option.is_empty()) {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        let value = decoded(&value.replace('+', " "))?;
        match name {
            "db" => config.db = value.map_or(Ok(0), |db| redis::db(&db)).map_err(|_| unknown())?,
            "user" | "username" => config.username = value,
            "pass" | "password" => config.password = value,
            _ => return Err(unknown()),
        }
    }
    Ok(config)
}

fn unknown() -> String {
    format!("behind its `?` only `db` (a number), `user` and `password` are known; {ENCODE}")
}
