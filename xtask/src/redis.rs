//! The `redis-server` the tests start: named, found on PATH, or installed.
//!
//! The tests start servers of their own on free ports. Installing the package must not leave the one the package
//! would start, on the default port.

use std::env;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::run::REDIS_SERVER;
use crate::tools::{has_apt, on_path, root_shell};

/// With a guard so that the package starts no server; runs as root.
const INSTALL: &str = include_str!("install_redis.sh");

/// The path of a server that runs.
pub(crate) fn server() -> Result<PathBuf, String> {
    let found = match env::var_os(REDIS_SERVER).filter(|value| !value.is_empty()) {
        Some(named) => PathBuf::from(named),
        None => match on_path("redis-server") {
            Some(found) => found,
            None => install()?,
        },
    };
    // Not `canonicalize`: on Debian it is a link to another program, which looks at the name it is called by.
    let found = std::path::absolute(&found).map_err(|fault| format!("{}: {fault}", found.display()))?;
    let version = version(&found).map_err(|fault| {
        format!("{} is no redis-server ({fault}): set {REDIS_SERVER} to the path of one", found.display())
    })?;
    println!("{}: {version}", found.display());
    Ok(found)
}

/// The line by which Redis and Valkey name themselves, such as `Redis server v=7.0.15 …`.
fn version(server: &Path) -> Result<String, String> {
    let output = Command::new(server).arg("--version").output().map_err(|fault| fault.to_string())?;
    let line = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if line.contains("server v=") { Ok(line) } else { Err("it does not say which version it is".to_owned()) }
}

fn install() -> Result<PathBuf, String> {
    let missing =
        |what: &str| format!("redis-server is not on PATH: {what}, or set {REDIS_SERVER} to its path");
    if cfg!(target_os = "macos") {
        return Err(missing("run `brew install redis`"));
    }
    if !has_apt() {
        return Err(missing("install Redis 7 or newer with the package manager of this system"));
    }
    let shell = root_shell().ok_or_else(|| missing("run `apt-get install redis-server` as root"))?;
    let busy = default_port_answers();
    shell.args(&[INSTALL]).stream().map_err(|_| missing("installing it with apt-get failed, see above"))?;
    if !busy && default_port_answers() {
        return Err("installing redis-server started a server on port 6379: \
                    stop it with `service redis-server stop` and run this again"
            .to_owned());
    }
    on_path("redis-server").ok_or_else(|| missing("its package is installed, but the program is elsewhere"))
}

fn default_port_answers() -> bool {
    let default = SocketAddr::from((Ipv4Addr::LOCALHOST, 6379));
    TcpStream::connect_timeout(&default, Duration::from_secs(1)).is_ok()
}
