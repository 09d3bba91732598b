//! A shop caches its queries: what that saves, and how a change is seen at once.
//!
//! ```text
//! cargo run -p cachefn-examples --example quickstart
//! CACHE_ENABLED=true REDIS_ENABLED=true cargo run -p cachefn-examples --example quickstart
//! ```
//!
//! It caches in memory unless the environment says otherwise. The queries themselves are in `src/lib.rs`.

use std::env;
use std::time::{Duration, Instant};

use cachefn::{Config, Mode, cached, invalidates};
use cachefn_examples::{Account, CITIES, Shop};
use rusqlite::Result;

/// Only `id` is part of the key: the shop does not change the result.
#[cached(expire = 300, namespace = "users", key = id)]
async fn account(id: u32, shop: &Shop) -> Result<Account> {
    shop.account(id).await
}

/// Without `key`, every argument that is not skipped is part of it.
#[cached(expire = "5m", namespace = "users:cities", skip(shop))]
async fn revenue(city: &str, shop: &Shop) -> Result<i64> {
    shop.revenue(city).await
}

/// A writer says what it changes: once it has succeeded, nobody reads what it has replaced.
#[invalidates(account(id))]
async fn rename_to_ada(id: u32, shop: &Shop) -> Result<usize> {
    assert_eq!(id, 7);
    shop.execute("UPDATE users SET name = 'Ada' WHERE id = 7").await
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    cachefn::init_with(config()?).await?;
    let directory = tempfile::tempdir()?;
    let shop = Shop::create(&directory.path().join("shop.sqlite"))?;

    // What an earlier run left in Redis.
    cachefn::clear().await;
    what_it_saves(&shop).await?;
    if cachefn::status().mode != Mode::Disabled {
        a_change_of_one_user(&shop).await?;
        a_change_of_all_orders(&shop).await?;
    }
    cachefn::shutdown().await;
    Ok(())
}

/// With a prefix of its own, so that nobody else's entries are cleared.
fn config() -> std::result::Result<Config, cachefn::Error> {
    if env::var_os("CACHE_ENABLED").is_none() {
        return Config::builder().enabled(true).build();
    }
    let default = |name: &str| (name == "CACHE_PREFIX").then(|| "quickstart".to_owned());
    Config::from_lookup(|name| env::var(name).ok().or_else(|| default(name)))
}

async fn a_change_of_one_user(shop: &Shop) -> Result<()> {
    shop.execute("UPDATE users SET name = 'Grace' WHERE id = 7").await?;
    assert_eq!(account(7, shop).await?.name, "user 7");

    // Generated beside `account`; it takes what the key uses.
    invalidate_account(7).await;
    let before = shop.queries();
    assert_eq!(account(7, shop).await?.name, "Grace");
    assert_eq!(account(8, shop).await?.name, "user 8");
    assert_eq!(shop.queries() - before, 1);
    println!("invalidate_account(7)          the new name is seen at once; 1 body ran, that of user 7");

    rename_to_ada(7, shop).await?;
    assert_eq!(account(7, shop).await?.name, "Ada");
    println!("#[invalidates(account(id))]    the writer does it by itself");
    Ok(())
}

async fn a_change_of_all_orders(shop: &Shop) -> Result<()> {
    let (one, city) = (account(7, shop).await?.cents, revenue("Oslo", shop).await?);
    shop.execute("UPDATE orders SET cents = 2 * cents").await?;
    assert_eq!((account(7, shop).await?.cents, revenue("Oslo", shop).await?), (one, city));

    // Of both functions: `users:cities` is below `users`.
    cachefn::invalidate_namespace("users").await;
    assert_eq!((account(7, shop).await?.cents, revenue("Oslo", shop).await?), (2 * one, 2 * city));
    println!("invalidate_namespace(\"users\")  all sums are new at once, of users and of cities");
    Ok(())
}

const ROUNDS: u64 = 15;
const IDS: u32 = 200;
const KEYS: u64 = IDS as u64 + CITIES.len() as u64;
const CALLS: u64 = ROUNDS * KEYS;

/// The same calls three times: past the cache, with the cache empty, with the cache full.
async fn what_it_saves(shop: &Shop) -> Result<()> {
    println!("mode: {:?}\n", cachefn::status().mode);
    println!("               calls   hits  misses  bodies         time    speed-up");
    let without = run("without cache", shop, false, None).await?;
    let empty = run("cache, empty", shop, true, Some(&without)).await?;
    let full = run("cache, full", shop, true, Some(&without)).await?;
    println!();

    assert_eq!((without.bodies, without.cents), (CALLS, full.cents));
    if cachefn::status().mode != Mode::Disabled {
        assert_eq!((empty.hits, empty.misses, empty.bodies), (CALLS - KEYS, KEYS, KEYS));
        assert_eq!((full.hits, full.misses, full.bodies), (CALLS, 0, 0));
    }
    // In Redis every hit is a round trip, and what that saves depends on the way there.
    if cachefn::status().mode == Mode::Memory {
        assert!(full.time * 5 < without.time);
    }
    Ok(())
}

struct Run {
    hits: u64,
    misses: u64,
    bodies: u64,
    time: Duration,
    /// All results added up, to see that they are the same.
    cents: i64,
}

async fn run(name: &str, shop: &Shop, cached: bool, plain: Option<&Run>) -> Result<Run> {
    let (before, queries, began) = (cachefn::stats().total(), shop.queries(), Instant::now());
    let mut cents = 0;
    for _ in 0..ROUNDS {
        for id in 1..=IDS {
            cents += if cached { account(id, shop).await? } else { shop.account(id).await? }.cents;
        }
        for city in CITIES {
            cents += if cached { revenue(city, shop).await? } else { shop.revenue(city).await? };
        }
    }
    let (time, after) = (began.elapsed(), cachefn::stats().total());
    let (hits, misses, bodies) =
        (after.hits - before.hits, after.misses - before.misses, shop.queries() - queries);
    let (ms, factor) =
        (time.as_secs_f64() * 1e3, plain.map_or(1.0, |plain| plain.time.div_duration_f64(time)));
    println!("{name:<14}{CALLS:>6}{hits:>7}{misses:>8}{bodies:>8}{ms:>10.1} ms{factor:>11.1}x");
    Ok(Run { hits, misses, bodies, time, cents })
}
