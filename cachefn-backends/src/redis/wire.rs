//! The bytes to a server and back: TCP, with TLS over it where that is asked for, or a socket of this machine.

use std::io;
use std::net::SocketAddr;
use std::path::Path;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::fault::Fault;
#[cfg(not(feature = "rustls"))]
use super::fault::Handshake;
use super::settings::{Settings, Tls};

/// A connection that bytes can be sent over.
pub(super) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// Connects to the server of the settings.
pub(super) async fn to_server(settings: &Settings) -> Result<Box<dyn Wire>, Fault> {
    match &settings.socket {
        Some(path) => local(path).await,
        None => open(&settings.host, settings.port, settings.tls.as_ref()).await,
    }
}

#[cfg(unix)]
async fn local(path: &Path) -> Result<Box<dyn Wire>, Fault> {
    match tokio::net::UnixStream::connect(path).await {
        Ok(stream) => Ok(Box::new(stream)),
        Err(fault) => Err(match fault.kind() {
            // A server that has not started yet has not made it.
            io::ErrorKind::NotFound => Fault::Refused,
            io::ErrorKind::PermissionDenied => Fault::Socket,
            _ => Fault::of_io(&fault),
        }),
    }
}

#[cfg(not(unix))]
#[expect(clippy::unused_async, reason = "the shape of the real one")]
async fn local(_: &Path) -> Result<Box<dyn Wire>, Fault> {
    Err(Fault::Socket)
}

/// Connects to `host`, and shakes hands if there is `tls`.
pub(super) async fn open(host: &str, port: u16, tls: Option<&Tls>) -> Result<Box<dyn Wire>, Fault> {
    let stream = tcp(host, port).await.map_err(|fault| Fault::of_io(&fault))?;
    match tls {
        None => Ok(Box::new(stream)),
        Some(tls) => shake_hands(stream, host, tls).await,
    }
}

#[cfg(feature = "rustls")]
async fn shake_hands(stream: TcpStream, host: &str, tls: &Tls) -> Result<Box<dyn Wire>, Fault> {
    Ok(Box::new(super::tls::shake_hands(stream, host, tls).await?))
}

#[cfg(not(feature = "rustls"))]
#[expect(clippy::unused_async, reason = "the shape of the real one")]
async fn shake_hands(_: TcpStream, _: &str, _: &Tls) -> Result<Box<dyn Wire>, Fault> {
    Err(Fault::Tls(Handshake::Absent))
}

/// To whichever of the host's addresses answers first: one may be a black hole.
async fn tcp(host: &str, port: u16) -> io::Result<TcpStream> {
    let mut attempts: JoinSet<_> = tokio::net::lookup_host((host, port)).await?.map(to).collect();
    let mut fault = io::ErrorKind::NotFound.into();
    while let Some(attempt) = attempts.join_next().await {
        match attempt.unwrap_or_else(|ended| Err(ended.into())) {
            Ok(stream) => return Ok(stream),
            Err(other) => fault = other,
        }
    }
    Err(fault)
}

async fn to(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    // A broken connection's unsent commands are thrown away with it.
    stream.set_zero_linger()?;
    Ok(stream)
}
