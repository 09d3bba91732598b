mod addresses;
mod oddities;
mod unused;

use super::*;

/// What makes all variables used that are not about another way to Redis.
const ON: &str = "CACHE_ENABLED=1\nREDIS_ENABLED=1";

fn read(block: &str) -> Result<Config, Error> {
    Config::from_lookup(|name| {
        let lines = block.lines().filter_map(|line| line.trim().split_once('='));
        lines.filter(|(variable, _)| *variable == name).map(|(_, value)| value.to_owned()).next_back()
    })
}

#[test]
fn an_empty_environment_caches_nothing() {
    let config = Config::default();
    assert!(!config.enabled());
    assert_eq!(config.default_ttl(), Duration::from_secs(300));
    assert_eq!(config.prefix(), "cachefn");
    assert_eq!(config.max_bytes(), 64 * 1024 * 1024);
    assert_eq!(config.fallback_ttl(), Duration::from_secs(30));
    assert!(config.near() && !config.has_secret() && config.redis().is_none());
}

#[test]
fn the_block_that_disables_the_cache_is_read() {
    let config = read("CACHE_ENABLED=false\nREDIS_ENABLED=false").unwrap();
    assert!(!config.enabled());
    assert!(config.redis().is_none());
}

#[test]
fn the_block_for_memory_is_read() {
    let config = read("CACHE_ENABLED=true\nREDIS_ENABLED=false\nCACHE_DEFAULT_TTL=300").unwrap();
    assert!(config.enabled());
    assert_eq!(config.default_ttl(), Duration::from_secs(300));
    assert!(config.redis().is_none());
}

#[test]
fn the_block_for_redis_is_read() {
    let config = read(
        "CACHE_ENABLED=true
         REDIS_ENABLED=true
         REDIS_HOST=redis.internal
         REDIS_PORT=6380
         REDIS_PASSWORD=s3cret
         REDIS_DB=1
         CACHE_DEFAULT_TTL=600",
    )
    .unwrap();
    assert_eq!(config.default_ttl(), Duration::from_secs(600));
    let redis = config.redis().unwrap();
    assert_eq!((redis.host(), redis.port(), redis.db()), ("redis.internal", 6380, 1));
    assert_eq!(redis.password.as_deref(), Some("s3cret"));
    assert_eq!(redis.timeout(), Duration::from_millis(250));
}

#[test]
fn every_switch_word_is_read_in_any_case() {
    for (word, on) in [("TRUE", true), ("1", true), ("Yes", true), ("on", true)] {
        assert_eq!(read(&format!("CACHE_ENABLED={word}")).unwrap().enabled(), on, "{word}");
    }
    for word in ["FALSE", "0", "no", "Off", "", " "] {
        assert!(!read(&format!("CACHE_ENABLED={word}")).unwrap().enabled(), "{word}");
    }
}

#[test]
fn all_faults_are_reported_at_once_each_by_name() {
    let bad = [
        ("CACHE_ENABLED", "maybe"),
        ("CACHE_DEFAULT_TTL", "0"),
        ("CACHE_PREFIX", "a b"),
        ("CACHE_MAX_BYTES", "lots"),
        ("CACHE_NEAR", "2"),
        ("CACHE_FALLBACK_TTL", "-5"),
        ("CACHE_DRIVER", "file"),
        ("REDIS_ENABLED", "si"),
        ("REDIS_TIMEOUT", "250"),
        ("REDIS_CLUSTER", "?"),
    ];
    let parts = [("REDIS_HOST", "redis://host"), ("REDIS_PORT", "66000"), ("REDIS_DB", "-1")];
    for address in [&parts[..], &[("REDIS_URL", "http://host")], &[("CACHE_URL", "redis://")]] {
        let bad = [&bad, address].concat();
        let find = |name: &str| {
            bad.iter().find(|(variable, _)| *variable == name).map(|(_, value)| (*value).to_owned())
        };
        let error = Config::from_lookup(find).unwrap_err();
        let mut named: Vec<_> = error.faults().iter().map(crate::error::Fault::variable).collect();
        let mut expected: Vec<_> = bad.iter().map(|(name, _)| *name).collect();
        named.sort_unstable();
        expected.sort_unstable();
        assert_eq!(named, expected);
        let text = error.to_string();
        assert!(expected.iter().all(|name| text.contains(name)), "{text}");
    }
}

#[test]
fn durations_and_sizes_are_read_with_and_without_units() {
    for (text, millis) in [("300", 300_000), ("5m", 300_000), ("250ms", 250), ("1h 30m", 5_400_000)] {
        let config = read(&format!("CACHE_DEFAULT_TTL={text}")).unwrap();
        assert_eq!(config.default_ttl(), Duration::from_millis(millis), "{text}");
    }
    for (text, bytes) in [("1024", 1024), ("64MiB", 64 << 20), ("1GiB", 1 << 30), ("5 MB", 5_000_000)] {
        assert_eq!(read(&format!("CACHE_MAX_BYTES={text}")).unwrap().max_bytes(), bytes, "{text}");
    }
}

#[test]
fn a_whole_url_wins_over_the_parts_and_is_percent_decoded() {
    let config = read(
        "CACHE_ENABLED=1
         REDIS_ENABLED=1
         REDIS_HOST=ignored
         REDIS_URL=redis://us%40er:p%40ss%2F%C3%BC@[::1]:7000/3",
    );
    let redis = config.unwrap().redis().cloned().unwrap();
    assert_eq!((redis.host(), redis.port(), redis.db()), ("::1", 7000, 3));
    assert_eq!((redis.username.as_deref(), redis.password.as_deref()), (Some("us@er"), Some("p@ss/ü")));
}

#[test]
fn a_url_asks_for_tls_by_its_scheme() {
    let url = "REDIS_URL=rediss://:hunter2@host";
    let used = read(&format!("CACHE_ENABLED=1\nREDIS_ENABLED=1\n{url}\nREDIS_CA_FILE=/etc/ca.pem"));
    if cfg!(feature = "rustls") {
        let config = used.unwrap();
        let redis = config.redis().unwrap();
        assert_eq!((redis.tls(), redis.port()), (true, 6379));
        assert_eq!(redis.settings("p", true).tls.unwrap().ca_file.unwrap().to_str(), Some("/etc/ca.pem"));
        assert_eq!(config.warnings(), [""; 0]);
    } else {
        let error = used.unwrap_err().to_string();
        assert!(error.contains("REDIS_URL: ") && error.contains("`rustls` feature"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
    assert!(read(url).is_ok(), "where Redis is not used, nothing is missing");
}

#[test]
fn a_url_names_sentinels_and_what_they_call_the_master() {
    let url = "REDIS_URL=rediss+sentinel://app:p%40ss@[::1]:7000,two,three:7002/my%20name/3";
    let used = read(&format!("CACHE_ENABLED=1\nREDIS_ENABLED=1\n{url}"));
    if cfg!(all(feature = "sentinel", feature = "rustls")) {
        let redis = used.unwrap().redis().cloned().unwrap();
        assert_eq!((redis.host(), redis.port(), redis.db()), ("::1", 7000, 3));
        assert_eq!((redis.service(), redis.tls()), (Some("my name"), true));
        assert_eq!((redis.username.as_deref(), redis.password.as_deref()), (Some("app"), Some("p@ss")));
        let others = &redis.sentinel.as_ref().unwrap().others;
        assert_eq!(*others, [("two".to_owned(), 26379), ("three".to_owned(), 7002)]);
        let address = redis.settings("p", true).address();
        assert_eq!(address, "rediss+sentinel://[::1]:7000,two:26379,three:7002/my name/3");
    } else {
        let error = used.unwrap_err().to_string();
        assert!(error.contains("REDIS_URL: ") && error.contains("`sentinel` feature"), "{error}");
    }
    let plain = "CACHE_ENABLED=1\nREDIS_URL=redis+sentinel://host/main";
    assert!(read(plain).is_ok(), "where Redis is not used, nothing is missing");
}

#[cfg(feature = "redis")]
#[test]
fn what_a_server_has_is_kept_only_for_who_asks_for_it() {
    for (text, keeps) in [("", false), ("REDIS_KEEP=no", false), ("REDIS_KEEP=yes", true)] {
        let config = read(&format!("CACHE_ENABLED=1\nREDIS_ENABLED=1\n{text}")).unwrap();
        let redis = config.redis().unwrap();
        assert_eq!((redis.keep(), redis.settings("p", true).keep), (keeps, keeps), "{text}");
    }
}

#[test]
fn authorities_for_a_connection_without_tls_are_a_warning() {
    let config = read("CACHE_ENABLED=1\nREDIS_ENABLED=1\nREDIS_CA_FILE=/etc/ca.pem").unwrap();
    assert!(!config.redis().unwrap().tls());
    assert!(config.warnings()[0].contains("nothing is encrypted"));
}

#[test]
fn urls_that_cannot_be_used_are_refused_without_repeating_them() {
    for url in [
        "redis+sentinel://:hunter2@host",
        "redis+sentinel://:hunter2@host/",
        "redis+sentinel://:hunter2@host,:1/name",
        "redis+sentinel://:hunter2@one,x:hunter2@two/name",
        "redis+sentinel://:hunter2/x@host/name",
        "redis+sentinel://:hunter2@host/name/db",
        "redis+sentinel://:hunter2@host/name/0/1",
        "redis+sentinel://:hunter2@host/name/0?x=y",
        "redis+sentinel://:hunter2@host,two#x/name",
        "redis+sentinels://:hunter2@host/name",
        "sentinel://:hunter2@host/name",
        "redis://:hunter2#x@host",
        "redis://:hunter2/x@host",
        "redis://:hunter2@host/db",
        "redis://:hunter2@host/0?a=b",
        "hunter2",
        "redis:///0",
        "unix://",
        "unix://:hunter2@",
        "unix://hunter2/run/redis.sock",
        "unix:///run/redis.sock?db=hunter2",
        "unix:///run/redis.sock?hunter2",
        "unix:///run/redis.sock?password=x&hunter2=1",
        "unix://:x#hunter2@/run/redis.sock",
    ] {
        let error = read(&format!("{ON}\nREDIS_URL={url}")).unwrap_err();
        assert_eq!(error.faults().len(), 1, "{url}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    }
}

#[test]
fn no_debug_output_holds_a_secret() {
    let builder = Config::builder()
        .enabled(true)
        .redis_enabled(true)
        .secret("hunter2")
        .redis_username("hunter2")
        .redis_password("hunter2")
        .redis_url("redis://hunter2:hunter2@host/0");
    let debug = format!("{builder:?} {:?}", builder.clone().build().unwrap());
    assert!(!debug.contains("hunter2"), "{debug}");
}

#[test]
fn a_password_of_any_characters_is_taken_as_it_is() {
    let password = "@:/#%?! ümläut";
    let config =
        Config::builder().enabled(true).redis_enabled(true).redis_password(password).build().unwrap();
    assert_eq!(config.redis().unwrap().password.as_deref(), Some(password));
}

#[test]
fn redis_without_the_cache_is_a_warning() {
    let config = read("REDIS_ENABLED=true").unwrap();
    assert_eq!(config.warnings().len(), 1);
    assert!(config.redis().is_none());
}

#[test]
fn a_cluster_is_refused_only_where_it_cannot_be_what_is_asked_for() {
    let used = "CACHE_ENABLED=1\nREDIS_ENABLED=1\nREDIS_CLUSTER=1";
    if cfg!(feature = "cluster") {
        assert!(read(used).unwrap().redis().unwrap().cluster());
        let error = read(&format!("{used}\nREDIS_DB=3")).unwrap_err().to_string();
        assert!(error.contains("REDIS_DB: ") && error.contains("no database but 0"), "{error}");
        let error = read(&format!("{used}\nREDIS_URL=redis://host/3")).unwrap_err().to_string();
        assert!(error.contains("REDIS_URL: ") && error.contains("no database but 0"), "{error}");
        let error = read(&format!("{used}\nREDIS_URL=unix:///redis.sock")).unwrap_err().to_string();
        assert!(error.contains("REDIS_CLUSTER: a socket leads to one server"), "{error}");
        let error = read(&format!("{used}\nREDIS_URL=redis+sentinel://host/main")).unwrap_err().to_string();
        assert!(error.contains("REDIS_CLUSTER: sentinels watch no cluster"), "{error}");
    } else {
        let error = read(used).unwrap_err().to_string();
        assert!(error.contains("REDIS_CLUSTER: ") && error.contains("`cluster` feature"), "{error}");
    }
    assert!(read("REDIS_CLUSTER=1\nREDIS_DB=3").is_ok());
}
