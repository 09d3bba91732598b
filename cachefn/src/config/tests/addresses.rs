//! Where Redis is, in all the ways it may be written.

use std::path::Path;

use super::*;

fn redis(block: &str) -> RedisConfig {
    read(&format!("{ON}\n{block}")).unwrap().redis().unwrap().clone()
}

#[test]
fn the_port_that_kubernetes_sets_is_an_address() {
    for (block, host, port) in [
        ("REDIS_PORT=tcp://10.0.0.1:6380", "10.0.0.1", 6380),
        ("REDIS_PORT=tcp://[fd00::1]:6380", "fd00::1", 6380),
        ("REDIS_PORT=tcp://10.0.0.1:6380\nREDIS_HOST=redis", "redis", 6380),
        ("REDIS_PORT=6380", "localhost", 6380),
    ] {
        let redis = redis(block);
        assert_eq!((redis.host(), redis.port()), (host, port), "{block}");
    }
}

#[test]
fn what_is_no_port_is_not_repeated_for_it_may_be_a_password() {
    for text in ["PASSword1", "tcp://PASSword1", "tcp://h:PASSword1", "udp://PASSword1:1", "PASSword1:6379"] {
        for name in [
            "REDIS_PORT",
            "REDIS_DB",
            "REDIS_TIMEOUT",
            "REDIS_CLUSTER",
            "REDIS_KEEP",
            "CACHE_DRIVER",
            "CACHE_NEAR",
            "CACHE_DEFAULT_TTL",
            "CACHE_MAX_BYTES",
        ] {
            let error = read(&format!("CACHE_ENABLED=1\nREDIS_ENABLED=1\n{name}={text}")).unwrap_err();
            assert_eq!(error.faults().len(), 1, "{name}={text}");
            assert!(!format!("{error} {error:?}").contains("PASSword"), "{error}");
        }
    }
    for name in ["CACHE_ENABLED", "REDIS_ENABLED"] {
        let error = read(&format!("CACHE_ENABLED=1\n{name}=PASSword1")).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("PASSword"), "{error}");
    }
}

#[test]
fn a_host_is_a_name_or_an_address_and_nothing_else() {
    for (text, host) in [
        ("redis", "redis"),
        ("::1", "::1"),
        ("[::1]", "::1"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("10.0.0.1", "10.0.0.1"),
    ] {
        assert_eq!(redis(&format!("REDIS_HOST={text}")).host(), host, "{text}");
    }
    for (text, said) in [
        ("redis:6379", "write its port into REDIS_PORT"),
        ("[::1]:6379", "write its port into REDIS_PORT"),
        ("10.0.0.1:6379", "write its port into REDIS_PORT"),
        ("redis://redis", "a whole URL belongs into REDIS_URL"),
        ("a,b", "a host name or address alone"),
        ("\"redis\"", "it stands in quotes"),
        ("'redis'", "it stands in quotes"),
        ("re\"dis", "a host name or address alone"),
    ] {
        let error = read(&format!("{ON}\nREDIS_HOST={text}")).unwrap_err().to_string();
        assert!(error.contains("REDIS_HOST: ") && error.contains(said), "{text}: {error}");
    }
}

#[cfg(unix)]
#[test]
fn a_socket_is_named_as_other_clients_name_it() {
    for (url, db, username, password) in [
        ("unix:///run/redis.sock", 0, None, None),
        ("redis+unix:///run/redis.sock?db=2", 2, None, None),
        ("unix://us%40er:p%2Fss@/run/redis.sock?db=3", 3, Some("us@er"), Some("p/ss")),
        ("unix://user@/run/redis.sock?db=0&password=p%3Dss", 0, Some("user"), Some("p=ss")),
        ("unix:///run/redis.sock?user=user&pass=word", 0, Some("user"), Some("word")),
    ] {
        let redis = redis(&format!("REDIS_URL={url}"));
        assert_eq!(redis.socket(), Some(Path::new("/run/redis.sock")), "{url}");
        assert_eq!(redis.db(), db, "{url}");
        assert_eq!((redis.username.as_deref(), redis.password.as_deref()), (username, password), "{url}");
        let shown = format!("{} {redis:?}", redis.settings("p", true).address());
        assert!(shown.starts_with(&format!("unix:///run/redis.sock?db={db} ")), "{shown}");
        assert!(!["us@er", "p/ss", "p=ss", "word\""].iter().any(|secret| shown.contains(secret)), "{shown}");
    }
    let spaced = redis("CACHE_URL=unix:///with%20space/redis.sock");
    assert_eq!(spaced.socket(), Some(Path::new("/with space/redis.sock")));
}
