//! The Redis that an example uses: one that is there, or one that is started for it.

use std::env;
use std::error::Error;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A Redis; if it was started for the example it ends when this is dropped.
#[derive(Debug)]
pub struct Redis {
    url: String,
    _server: Option<Server>,
}

impl Redis {
    /// That of `REDIS_URL`, else one of its own that keeps its files, if any, in `directory`.
    ///
    /// # Errors
    ///
    /// If it cannot be started, with what to do.
    pub fn find_or_start(directory: &Path) -> Result<Self, Box<dyn Error>> {
        if let Ok(url) = env::var("REDIS_URL") {
            return Ok(Self { url, _server: None });
        }
        let (server, port) = Server::start(directory)?;
        Ok(Self { url: format!("redis://127.0.0.1:{port}"), _server: Some(server) })
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// A server on a free port, ended when this is dropped.
#[derive(Debug)]
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
