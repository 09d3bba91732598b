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
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use cachefn::{Config, Invalidated, cached};
use cachefn_examples::{Account, Shop};

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
    let (url, _server) = redis(directory.path())?;
    let prefix = format!("example-{}", std::process::id());
    let config =
        Config::builder().enabled(true).redis_enabled(true).redis_url(&url).prefix(&prefix).build()?;
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
            ("REDIS_URL", &url),
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

/// The URL of the Redis to use, and the server that was started for it.
fn redis(directory: &Path) -> Result<(String, Option<Server>), Box<dyn Error>> {
    if let Ok(url) = env::var("REDIS_URL") {
        return Ok((url, None));
    }
    let (server, port) = Server::start(directory)?;
    Ok((format!("redis://127.0.0.1:{port}"), Some(server)))
}

/// A server on a free port, ended when this is dropped.
struct Server(Child);

impl Server {
    fn start(directory: &Path) -> Result<(Self, u16), Box<dyn Error>> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let program = env::var_os("REDIS_SERVER").unwrap_or_else(|| "redis-server".into());
        let started = Command::new(&program)
            .args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--appendonly", "no"])
            .current_dir(directory)
            .stdout(Stdio::null())
            .spawn();
        let child = started.map_err(|error| {
            format!(
                "{} cannot be started ({error}): run `cargo xtask test` once, which installs it, or install \
                 redis-server, or set REDIS_URL to a Redis that is running",
                program.display()
            )
        })?;
        let mut server = Self(child);
        server.wait_for(port)?;
        Ok((server, port))
    }

    fn wait_for(&mut self, port: u16) -> Result<(), Box<dyn Error>> {
        for _ in 0..500 {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
                return Ok(());
            }
            if let Some(status) = self.0.try_wait()? {
                return Err(format!("redis-server has ended ({status})").into());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Err("redis-server does not answer within five seconds".into())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
