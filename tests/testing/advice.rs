//! What `status().advice()` finds, and where it finds nothing.

use std::time::Duration;

use cachefn::testing::{Clock, FaultyBackend, isolated};
use cachefn::{Advice, AdviceKind, Config, cached};

/// What is said of the function whose path ends like this, or of the process where that is empty.
fn found(function: &str) -> Vec<AdviceKind> {
    advice(function).into_iter().map(|one| one.kind).collect()
}

fn advice(function: &str) -> Vec<Advice> {
    let is_of = |one: &Advice| match &one.function {
        Some(path) => !function.is_empty() && path.ends_with(&format!("::{function}")),
        None => function.is_empty(),
    };
    cachefn::status().advice().into_iter().filter(is_of).collect()
}

fn memory() -> Config {
    Config::builder().enabled(true).build().unwrap()
}

fn shared(backend: &FaultyBackend) -> Config {
    Config::builder().enabled(true).backend(backend).build().unwrap()
}

#[tokio::test]
async fn caching_that_is_off_is_the_only_finding() {
    isolated(Config::default(), async {
        assert_eq!(found(""), [AdviceKind::CachingOff]);
        assert!(advice("")[0].to_string().contains("CACHE_ENABLED=true"));
        assert_eq!(cachefn::status().advice().len(), 1);
    })
    .await;
    isolated(memory(), async { assert_eq!(cachefn::status().advice(), []) }).await;
}

#[tokio::test]
async fn redis_that_is_away_is_found_until_it_is_back() {
    #[cached(namespace = "advice-away", key = id)]
    async fn get(id: u64) -> u64 {
        id
    }

    let backend = FaultyBackend::new();
    isolated(shared(&backend), async {
        get(1).await;
        assert_eq!(cachefn::status().advice(), []);
        backend.fail();
        get(2).await;
        assert_eq!(found(""), [AdviceKind::RedisAway]);
        backend.heal();
        get(3).await;
        assert_eq!(cachefn::status().advice(), []);
    })
    .await;
}

#[tokio::test]
async fn a_hit_rate_below_eighty_of_a_hundred_is_found() {
    #[cached(namespace = "advice-rate", key = id)]
    async fn low(id: u64) -> u64 {
        id
    }

    #[cached(namespace = "advice-rate", key = id)]
    async fn fair(id: u64) -> u64 {
        id
    }

    isolated(memory(), async {
        for call in 0..100 {
            low(call / 2).await;
            fair(call / 5).await;
        }
        assert_eq!(found("low"), [AdviceKind::LowHitRate]);
        assert!(advice("low")[0].message.starts_with("50 % of 100 calls are hits"), "{:?}", advice("low"));
        assert_eq!(found("fair"), []);
    })
    .await;
}

#[tokio::test]
async fn a_life_shorter_than_the_body_takes_is_found_also_where_the_call_or_the_value_decides_it() {
    const BODY: Duration = Duration::from_millis(30);

    #[cached(namespace = "advice-life", key = id, expire = "5ms")]
    async fn short(id: u64) -> u64 {
        tokio::time::sleep(BODY).await;
        id
    }

    #[cached(namespace = "advice-life", key = id, expire_with = |_: &u64| Duration::from_millis(5))]
    async fn short_by_value(id: u64) -> u64 {
        tokio::time::sleep(BODY).await;
        id
    }

    #[cached(namespace = "advice-life", key = id, expire = "5ms", stale = 60)]
    async fn served_stale(id: u64) -> u64 {
        tokio::time::sleep(BODY).await;
        id
    }

    #[cached(namespace = "advice-life", key = id, expire = "60s")]
    async fn long(id: u64) -> u64 {
        tokio::time::sleep(BODY).await;
        id
    }

    isolated(memory(), async {
        for id in 0..4 {
            short(id).await;
        }
        assert_eq!(found("short"), [], "four bodies say little");
        short(4).await;
        for id in 0..5 {
            short_by_value(id).await;
            served_stale(id).await;
            long(id).await;
        }
        assert_eq!(found("short"), [AdviceKind::ShortLife]);
        assert_eq!(found("short_by_value"), [AdviceKind::ShortLife]);
        assert_eq!((found("served_stale"), found("long")), (vec![], vec![]));
    })
    .await;
}

#[tokio::test]
async fn entries_that_nobody_asks_for_again_are_found_and_no_low_hit_rate_beside() {
    #[cached(namespace = "advice-again", key = (id, now))]
    async fn never(id: u64, now: u64) -> u64 {
        id + now
    }

    isolated(memory(), async {
        for now in 0..100 {
            never(1, now).await;
        }
        assert_eq!(found("never"), [AdviceKind::NeverAskedAgain]);
        never(1, 7).await;
        assert_eq!(found("never"), [AdviceKind::LowHitRate]);
    })
    .await;
}

#[tokio::test]
async fn a_secret_in_a_key_is_found_by_its_name_unless_it_is_hidden() {
    #[cached(namespace = "advice-secret", key = token)]
    async fn shown(token: &str) -> usize {
        token.len()
    }

    #[cached(namespace = "advice-secret")]
    async fn by_default(id: u64, password: &str) -> u64 {
        id + password.len() as u64
    }

    #[cached(namespace = "advice-secret:{api_key}", key = "one")]
    async fn in_the_namespace(api_key: &str) -> usize {
        api_key.len()
    }

    #[cached(namespace = "advice-secret", key = token, sensitive)]
    async fn hidden(token: &str) -> usize {
        token.len()
    }

    #[cached(namespace = "advice-secret", key = (id, page_token))]
    async fn paged(id: u64, page_token: &str) -> u64 {
        id + page_token.len() as u64
    }

    isolated(memory(), async {
        shown("t0p-s3cret").await;
        by_default(1, "t0p-s3cret").await;
        in_the_namespace("t0p-s3cret").await;
        hidden("t0p-s3cret").await;
        paged(1, "2").await;
        for (function, name) in
            [("shown", "token"), ("by_default", "password"), ("in_the_namespace", "api_key")]
        {
            let advice = advice(function);
            assert_eq!(found(function), [AdviceKind::ExposedSecret], "{function}");
            assert!(advice[0].message.contains(&format!("`{name}`")), "{advice:?}");
            assert!(!advice[0].to_string().contains("t0p"), "{advice:?}");
        }
        assert_eq!((found("hidden"), found("paged")), (vec![], vec![]));
    })
    .await;
}

/// Two programs, and the same function as two functions of one program.
mod versions {
    use cachefn::cached;

    pub(super) mod other {
        use super::*;

        #[cached(namespace = "advice-prefix", key = "user:{id}")]
        pub(crate) async fn theirs(id: u64) -> String {
            id.to_string()
        }
    }

    #[cached(namespace = "advice-prefix", key = "user:{id}")]
    pub(super) async fn ours(id: u64) -> u64 {
        id
    }

    #[cached(namespace = "advice-version", key = id)]
    pub(super) async fn generation(id: u64) -> u64 {
        id
    }
}

#[tokio::test]
async fn another_program_under_the_same_prefix_is_found_for_ten_minutes() {
    let (backend, clock) = (FaultyBackend::new(), Clock::new());
    isolated(shared(&backend), versions::other::theirs(7)).await;
    let config = Config::builder().enabled(true).backend(&backend).clock(&clock).build().unwrap();
    isolated(config, async {
        versions::ours(1).await;
        assert_eq!(cachefn::status().advice(), [], "keys that do not meet");
        versions::ours(7).await;
        assert_eq!(found("ours"), [AdviceKind::SharedPrefix]);
        assert!(advice("ours")[0].message.contains("CACHE_PREFIX"));
        clock.advance(Duration::from_secs(601));
        assert_eq!(found("ours"), []);
    })
    .await;
}

#[tokio::test]
async fn two_functions_of_one_program_under_one_key_are_no_second_deployment() {
    let backend = FaultyBackend::new();
    isolated(shared(&backend), async {
        versions::other::theirs(7).await;
        versions::ours(7).await;
        versions::generation(7).await;
        assert_eq!(found("ours"), []);
    })
    .await;
}

#[tokio::test]
async fn values_that_are_kept_out_of_redis_are_found_with_the_reason() {
    #[cached(namespace = "advice-out", key = id)]
    async fn large(id: u8) -> Vec<u8> {
        vec![id; 2 << 20]
    }

    #[cached(namespace = "advice-out", key = id, sensitive)]
    async fn without_a_secret(id: u8) -> u8 {
        id
    }

    #[cached(namespace = "advice-out", key = id)]
    async fn stored(id: u8) -> u8 {
        id
    }

    let calls = async || {
        large(1).await;
        without_a_secret(1).await;
        stored(1).await;
    };
    let backend = FaultyBackend::new();
    isolated(shared(&backend), async {
        calls().await;
        assert_eq!(found("large"), [AdviceKind::KeptOutOfRedis]);
        assert!(advice("large")[0].message.contains("1 MiB"), "{:?}", advice("large"));
        assert_eq!(found("without_a_secret"), [AdviceKind::KeptOutOfRedis]);
        assert!(advice("without_a_secret")[0].message.contains("CACHE_SECRET"));
        assert_eq!(found("stored"), []);
    })
    .await;
    isolated(memory(), async {
        calls().await;
        assert_eq!(cachefn::status().advice(), [], "memory takes all of them");
    })
    .await;
}
