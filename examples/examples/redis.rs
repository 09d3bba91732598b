//! Two processes share one Redis: what one of them caches, the other need not query, and what one of them
//! invalidates, neither sees again.
//!
//! ```text
//! cargo run -p cachefn-examples --example redis
//! REDIS_URL=redis://localhost:6379 cargo run -p cachefn-examples --example redis
//! ```
//!
//! Without `REDIS_URL` it starts a server of its own, and ends it. This process is A; it starts itself once more
//! as B. The queries are in `src/lib.rs`.

use std::env;
use std::error::Error;
use std::path::Path;

use cachefn::{Config, Invalidated, cached};
use cachefn_examples::{Account, Redis, Shop};

#[cached(expire = 300, namespace = "users", key = id)]
async fn account(id: u32, shop: &Shop) -> rusqlite::Result<Account> {
    shop.account(id).await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    match env::args_os().nth(1) {
        None => process_a().await,
        Some(database) => process_b(Path::new(&database)).await,
    }
}

async fn process_a() -> Result<(), Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    let redis = Redis::find_or_start(directory.path())?;
    let url = redis.url();
    let prefix = format!("example-{}", std::process::id());
    let config =
        Config::builder().enabled(true).redis_enabled(true).redis_url(url).prefix(&prefix).build()?;
    cachefn::init_with(config).await?;
    if !cachefn::status().redis.is_some_and(|redis| redis.connected) {
        return Err("no Redis can be reached there".into());
    }
    // What a process of this number left in a Redis that is not ours.
    cachefn::clear().await;

    let database = directory.path().join("shop.sqlite");
    let shop = Shop::create(&database)?;
    assert_eq!((account(7, &shop).await?.name.as_str(), shop.queries()), ("user 7", 1));
    assert_eq!((account(7, &shop).await?.name.as_str(), shop.queries()), ("user 7", 1));
    println!("A asks for user 7 twice: `user 7`, 1 body ran");

    // B is set up by its environment, as services are.
    let b = tokio::process::Command::new(env::current_exe()?)
        .arg(&database)
        .envs([
            ("CACHE_ENABLED", "true"),
            ("REDIS_ENABLED", "true"),
            ("REDIS_URL", url),
            ("CACHE_PREFIX", &prefix),
        ])
        .status();
    assert!(b.await?.success(), "B has failed");

    assert_eq!((account(7, &shop).await?.name.as_str(), shop.queries()), ("Grace", 2));
    println!("A asks for user 7 again: `Grace`, its body ran once more");
    cachefn::shutdown().await;
    Ok(())
}

async fn process_b(database: &Path) -> Result<(), Box<dyn Error>> {
    cachefn::init().await?;
    let shop = Shop::open(database)?;
    assert_eq!((account(7, &shop).await?.name.as_str(), shop.queries()), ("user 7", 0));
    println!("B asks for user 7:       `user 7`, no body ran: the entry is A's");

    shop.execute("UPDATE users SET name = 'Grace' WHERE id = 7").await?;
    assert_eq!(invalidate_account(7).await, Invalidated::Applied);
    println!("B renames user 7 and calls invalidate_account(7)");
    cachefn::shutdown().await;
    Ok(())
}
