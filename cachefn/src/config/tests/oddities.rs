//! Values that are rarely meant as they stand.

use super::*;

/// One variable, its value as it is.
fn with(name: &str, value: &str) -> Result<Config, Error> {
    Config::from_lookup(|asked| match asked {
        "CACHE_ENABLED" | "REDIS_ENABLED" => Some("true".into()),
        _ => (asked == name).then(|| value.to_owned()),
    })
}

#[test]
fn quotes_around_a_value_that_is_read_are_an_error_that_says_so() {
    for (name, value) in [
        ("CACHE_PREFIX", "\"shop\""),
        ("CACHE_PREFIX", "'shop'"),
        ("CACHE_PREFIX", "\"shop\"\r\n"),
        ("CACHE_DEFAULT_TTL", "\"300\""),
        ("CACHE_MAX_BYTES", "'64MiB'"),
        ("CACHE_DRIVER", "\"redis\""),
        ("CACHE_URL", "\"redis://host\""),
        ("REDIS_URL", "'redis://host'"),
        ("REDIS_HOST", "\"redis\""),
        ("REDIS_PORT", "\"6379\""),
        ("REDIS_CA_FILE", "\"/ca.pem\""),
    ] {
        let error = with(name, value).unwrap_err().to_string();
        let said =
            format!("{name}: it stands in quotes, which `docker --env-file` and others keep: remove them");
        assert!(error.contains(&said), "{name}={value}: {error}");
    }
}

#[test]
fn a_prefix_holds_nothing_that_cannot_be_seen() {
    for (prefix, shown) in [
        ("sh\"op", "`\\\"`"),
        ("sh`op", "``` cannot"),
        ("shop\u{200b}", "`\\u{200b}`"),
        ("\u{feff}shop", "`\\u{feff}`"),
        ("sh\u{fffd}op", "`\\u{fffd}`"),
        ("sh\top", "`\\t`"),
    ] {
        let error = with("CACHE_PREFIX", prefix).unwrap_err().to_string();
        assert!(error.contains("CACHE_PREFIX: ") && error.contains(shown), "{prefix:?}: {error}");
    }
    for prefix in ["shop\n", " shop\r\n", "shop"] {
        assert_eq!(with("CACHE_PREFIX", prefix).unwrap().prefix(), "shop", "{prefix:?}");
    }
}

#[test]
fn quotes_and_line_ends_around_a_secret_are_one_warning_that_does_not_show_it() {
    for name in ["CACHE_SECRET", "REDIS_PASSWORD", "REDIS_USERNAME"] {
        for (value, said) in [
            ("\"hunter2\"", "stands in quotes"),
            ("'hunter2'", "stands in quotes"),
            ("hunter2\n", "ends with a line end"),
            ("\"hunter2\"\r\n", "ends with a line end"),
            ("hunter2 ", "white space"),
            (" hunter2", "white space"),
            ("hunter2\u{fffd}", "not UTF-8"),
        ] {
            let config = with(name, value).unwrap();
            let [warning] = config.warnings() else { panic!("{name}={value:?}: {:?}", config.warnings()) };
            assert!(warning.starts_with(name) && warning.contains(said), "{value:?}: {warning}");
            assert!(!warning.contains("hunter2"), "{warning}");
            let redis = config.redis().unwrap();
            let kept = [config.secret(), redis.password.as_deref(), redis.username.as_deref()];
            assert!(kept.contains(&Some(value)), "it may be meant: {value:?}");
        }
        for value in ["hun\"ter2", "hun ter2", "\"hunter2", "it's"] {
            assert_eq!(with(name, value).unwrap().warnings(), [""; 0], "{value:?}");
        }
    }
}

#[test]
fn a_secret_that_holds_nothing_is_none() {
    for value in ["", " ", "\n", "\"\"", "''\n"] {
        assert!(!with("CACHE_SECRET", value).unwrap().has_secret(), "{value:?}");
    }
}

#[test]
fn times_that_no_entry_could_live_by_are_refused() {
    for name in ["CACHE_DEFAULT_TTL", "CACHE_FALLBACK_TTL", "REDIS_TIMEOUT"] {
        for (value, said) in [
            ("1us", "shorter than a millisecond"),
            ("999us", "shorter than a millisecond"),
            ("1M", "`M` means months"),
            ("1 M", "`M` means months"),
            ("1h 2M", "`M` means months"),
        ] {
            let error = with(name, value).unwrap_err().to_string();
            assert!(error.contains(&format!("{name}: ")) && error.contains(said), "{value}: {error}");
        }
    }
    for value in ["1ms", "1m", "2months", "1y"] {
        assert_eq!(with("CACHE_DEFAULT_TTL", value).unwrap().warnings(), [""; 0], "{value}");
    }
}

#[test]
fn a_number_in_the_wrong_unit_is_a_warning() {
    for (name, value, said) in [
        ("CACHE_MAX_BYTES", "1", "a bare number means bytes"),
        ("CACHE_MAX_BYTES", "64", "a bare number means bytes"),
        ("CACHE_MAX_BYTES", "64B", "a bare number means bytes"),
        ("CACHE_DEFAULT_TTL", "86400000", "longer than a year; a bare number means seconds"),
        ("CACHE_DEFAULT_TTL", "18446744073709551615", "longer than a year"),
        ("CACHE_FALLBACK_TTL", "2y", "longer than a year"),
    ] {
        let config = with(name, value).unwrap();
        let [warning] = config.warnings() else { panic!("{name}={value}: {:?}", config.warnings()) };
        assert!(warning.starts_with(name) && warning.contains(said), "{warning}");
    }
    for (name, value) in
        [("CACHE_MAX_BYTES", "64KiB"), ("CACHE_MAX_BYTES", "64Mi"), ("CACHE_DEFAULT_TTL", "86400")]
    {
        assert_eq!(with(name, value).unwrap().warnings(), [""; 0], "{name}={value}");
    }
}
