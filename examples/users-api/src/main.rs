//! The service: `cargo run -p users-api`.

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::Parser;
use tokio::net::TcpListener;
use users_api::{Db, app};

/// Users and their API keys, over HTTP. `CACHE_ENABLED=true` caches in memory, with `REDIS_ENABLED=true` in Redis.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where to listen on this machine; 0 is any free port.
    #[arg(long, default_value_t = 3000)]
    port: u16,
    /// Where the database is, which is made if there is none; without it, it is a new one each time.
    #[arg(long)]
    database: Option<PathBuf>,
    /// How many users a new database has.
    #[arg(long, default_value_t = 50)]
    users: u32,
    /// Say nothing but where it listens.
    #[arg(long)]
    quiet: bool,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // What its error says may hold a password out of the file.
    if dotenvy::dotenv().is_err_and(|error| !error.not_found()) {
        return Err("`.env` cannot be read: write lines such as `CACHE_ENABLED=true`".into());
    }
    let Arguments { port, database, users, quiet } = Arguments::parse();
    if !quiet {
        tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    }
    cachefn::init().await?;
    let directory = tempfile::tempdir()?;
    let db = Db::open(&database.unwrap_or_else(|| directory.path().join("users.sqlite")), users)?;
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let token = std::env::var("ADMIN_TOKEN").ok();
    axum::serve(listener, app(db, token.as_deref())?).with_graceful_shutdown(interrupted()).await?;
    cachefn::shutdown().await;
    Ok(())
}

async fn interrupted() {
    // Where no signal can be waited for, the process is ended in another way.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
