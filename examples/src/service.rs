//! A service in a process of its own, and a connection to it.

use std::error::Error;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{HeaderMap, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// What can go wrong.
pub type Problem = Box<dyn Error + Send + Sync>;

/// A program that says where it listens, as `listening on http://127.0.0.1:3000`. It ends when this is dropped.
#[derive(Debug)]
pub struct Service {
    child: Child,
    address: String,
}

impl Service {
    /// Starts it, with none of this process's variables that set a cache up.
    ///
    /// # Errors
    ///
    /// If there is no such program, or it ends at once.
    pub fn start<'a>(
        program: &Path,
        arguments: impl IntoIterator<Item = &'a str>,
        environment: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, Problem> {
        let inherited = std::env::vars_os().map(|(name, _)| name);
        let cache = inherited.filter(|name| {
            name.to_str().is_some_and(|name| name.starts_with("CACHE_") || name.starts_with("REDIS_"))
        });
        let mut command = Command::new(program);
        cache.for_each(|name| {
            command.env_remove(name);
        });
        command.args(arguments).envs(environment).stdout(Stdio::piped());
        let child = command.spawn();
        let child = child.map_err(|error| format!("{} cannot be started: {error}", program.display()))?;
        let mut service = Self { child, address: String::new() };
        let mut line = String::new();
        let output = service.child.stdout.take().ok_or("it has no output")?;
        BufReader::new(output).read_line(&mut line)?;
        let address = line.trim().strip_prefix("listening on http://").ok_or("it does not listen")?;
        address.clone_into(&mut service.address);
        Ok(service)
    }

    /// Host and port.
    pub fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One connection to a service.
#[derive(Debug)]
pub struct Client {
    sender: SendRequest<Full<Bytes>>,
    address: String,
}

/// What a service has answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// How it went.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Client {
    /// Connects to host and port.
    ///
    /// # Errors
    ///
    /// If nobody listens there.
    pub async fn connect(address: &str) -> Result<Self, Problem> {
        let (sender, connection) = handshake(TokioIo::new(TcpStream::connect(address).await?)).await?;
        tokio::spawn(connection);
        Ok(Self { sender, address: address.to_owned() })
    }

    /// Sends a request, such as `GET` of `/users`, and waits for all of the answer. A body is JSON.
    ///
    /// # Errors
    ///
    /// If the connection breaks.
    pub async fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Answer, Problem> {
        let mut request = Request::builder().method(method).uri(path).header(HOST, &self.address);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        self.sender.ready().await?;
        let answer = self.sender.send_request(request.body(Full::from(body.to_owned()))?).await?;
        let (parts, body) = answer.into_parts();
        Ok(Answer { status: parts.status, headers: parts.headers, body: body.collect().await?.to_bytes() })
    }
}

impl Answer {
    /// One header as text; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}
