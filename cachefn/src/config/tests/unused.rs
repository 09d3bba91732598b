//! Variables that are not used belong to others, whatever stands in them.

use super::*;

/// What Kubernetes, another library or another program leave in the names that we use, too.
const FOREIGN: &[&str] = &[
    "REDIS_PORT=tcp://10.0.0.1:6379",
    "REDIS_PORT=udp://10.0.0.1:6379",
    "REDIS_PORT=PASSword1",
    "REDIS_HOST=redis:6379",
    "REDIS_HOST=\"redis\"",
    "REDIS_DB=cache",
    "REDIS_URL=sentinel://a,b/main",
    "REDIS_URL=unix://tmp",
    "REDIS_URL=redis://localhost/0?protocol=resp3",
    "REDIS_URL=rediss://localhost?ssl_cert_reqs=none",
    "CACHE_URL=locmem://",
    "REDIS_TIMEOUT=5000",
    "REDIS_CLUSTER=a:1,b:2",
    "REDIS_KEEP=alive",
    "REDIS_PASSWORD=\"quoted\"",
];

#[test]
fn what_memory_does_not_use_is_neither_judged_nor_warned_of() {
    for foreign in FOREIGN {
        let config = read(&format!("CACHE_ENABLED=true\n{foreign}")).unwrap();
        assert!(config.enabled() && config.redis().is_none(), "{foreign}");
        assert_eq!(config.warnings(), [""; 0], "{foreign}");
    }
    let all = FOREIGN.join("\n");
    for driver in ["", "CACHE_DRIVER=memory", "REDIS_ENABLED=off"] {
        assert!(read(&format!("CACHE_ENABLED=true\n{all}\n{driver}")).unwrap().redis().is_none(), "{driver}");
    }
}

#[test]
fn without_the_cache_nothing_but_its_switch_is_judged() {
    let others =
        "CACHE_DEFAULT_TTL=soon\nCACHE_PREFIX=\"shop\"\nCACHE_MAX_BYTES=1\nCACHE_NEAR=?\nCACHE_SECRET=\"x\"";
    for off in ["CACHE_ENABLED=false", "CACHE_ENABLED="] {
        let config = read(&format!("{off}\n{others}\n{}", FOREIGN.join("\n"))).unwrap();
        assert!(!config.enabled(), "{off}");
        assert_eq!(config.warnings(), [""; 0], "{off}");
        assert_eq!((config.prefix(), config.default_ttl()), ("cachefn", Duration::from_secs(300)), "{off}");
    }
    let error = read(&format!("CACHE_ENABLED=\"true\"\n{others}")).unwrap_err().to_string();
    assert!(error.contains("CACHE_ENABLED: it stands in quotes"), "{error}");
}

#[test]
fn parts_beside_a_url_are_not_judged() {
    let parts = "REDIS_PORT=tcp://10.0.0.1:6379\nREDIS_HOST=redis:6379\nREDIS_DB=?\nREDIS_PASSWORD=\"x\"";
    for url in ["REDIS_URL", "CACHE_URL"] {
        let config = read(&format!("{ON}\n{url}=redis://one:7000/2\n{parts}")).unwrap();
        let redis = config.redis().unwrap();
        assert_eq!((redis.host(), redis.port(), redis.db()), ("one", 7000, 2), "{url}");
        assert_eq!((redis.password.as_deref(), config.warnings()), (None, &[][..]), "{url}");
    }
}

#[test]
fn cache_url_wins_over_the_redis_url_of_another_program() {
    for foreign in FOREIGN.iter().filter(|foreign| foreign.starts_with("REDIS_URL")) {
        let config = read(&format!("{ON}\nCACHE_URL=redis://:word@ours/1\n{foreign}")).unwrap();
        let redis = config.redis().unwrap();
        assert_eq!(
            (redis.host(), redis.db(), redis.password.as_deref()),
            ("ours", 1, Some("word")),
            "{foreign}"
        );
        let error = read(&format!("{ON}\n{foreign}")).unwrap_err().to_string();
        assert!(error.contains("REDIS_URL: ") && error.contains("set CACHE_URL, which wins"), "{error}");
    }
    let error = read(&format!("{ON}\nCACHE_URL=locmem://\nREDIS_URL=redis://host")).unwrap_err().to_string();
    assert!(error.contains("CACHE_URL: ") && !error.contains("REDIS_URL: "), "{error}");
}

#[test]
fn an_engine_by_name_is_the_switch_of_redis_by_another_name() {
    assert!(read("CACHE_ENABLED=1\nCACHE_DRIVER=redis").unwrap().redis().is_some());
    assert!(read("CACHE_ENABLED=1\nCACHE_DRIVER=Redis\nREDIS_ENABLED=1").unwrap().redis().is_some());
    assert!(read("CACHE_ENABLED=1\nCACHE_DRIVER=memory\nREDIS_ENABLED=0").unwrap().redis().is_none());
    for (driver, switch) in [("redis", "off"), ("memory", "on")] {
        let error = read(&format!("CACHE_ENABLED=1\nCACHE_DRIVER={driver}\nREDIS_ENABLED={switch}"));
        let error = error.unwrap_err().to_string();
        assert!(error.contains("CACHE_DRIVER: ") && error.contains("unset one of them"), "{error}");
    }
    let error = read("CACHE_ENABLED=1\nCACHE_DRIVER=array").unwrap_err().to_string();
    assert!(error.contains("CACHE_DRIVER: it is not an engine of this build"), "{error}");
}

#[test]
fn what_asks_for_a_cache_that_is_off_is_one_warning() {
    for (text, name) in [
        ("CACHE_DRIVER=redis", "CACHE_DRIVER"),
        ("CACHE_DRIVER=memory", "CACHE_DRIVER"),
        ("CACHE_DRIVER=file", "CACHE_DRIVER"),
        ("REDIS_ENABLED=yes", "REDIS_ENABLED"),
        ("REDIS_ENABLED=yes\nCACHE_DRIVER=redis", "REDIS_ENABLED"),
    ] {
        let config = read(text).unwrap();
        let [warning] = config.warnings() else { panic!("{text}: {:?}", config.warnings()) };
        assert_eq!(*warning, format!("{name} is set, but CACHE_ENABLED is not: nothing is cached"));
    }
}
