//! Requests a second over the loopback, by what makes the response.
//!
//! Server and clients share the machine, so the clients do as little as can be: they write the same request again and
//! read to the end of the response. Everybody takes turns.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use cachefn::Config;
use cachefn_benches::measure::median;
use cachefn_benches_http::{VARIANTS, app};
use memchr::memmem;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const CLIENTS: usize = 16;
const ROUNDS: usize = 9;
/// How long one variant runs in a round.
const TURN: Duration = Duration::from_millis(400);

/// As hyper writes it.
const STATED: &[u8] = b"content-length: ";

/// Asks for `path` again and again: requests a second, of all clients together.
async fn load(server: SocketAddr, path: &'static str) -> f64 {
    let begun = Instant::now();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            tokio::spawn(async move {
                let mut client = Client::connect(server, path).await;
                let mut requests = 0_u32;
                while begun.elapsed() < TURN {
                    client.request().await;
                    requests += 1;
                }
                requests
            })
        })
        .collect();
    let mut requests = 0;
    for client in clients {
        requests += client.await.expect("it does not panic");
    }
    f64::from(requests) / begun.elapsed().as_secs_f64()
}

struct Client {
    stream: TcpStream,
    request: String,
    buffer: Vec<u8>,
}

impl Client {
    async fn connect(server: SocketAddr, path: &str) -> Self {
        let stream = TcpStream::connect(server).await.expect("it listens");
        stream.set_nodelay(true).expect("it is a socket");
        Self { stream, request: format!("GET {path} HTTP/1.1\r\nhost: here\r\n\r\n"), buffer: Vec::new() }
    }

    async fn request(&mut self) {
        self.stream.write_all(self.request.as_bytes()).await.expect("it is connected");
        self.buffer.clear();
        let mut whole = None;
        while whole.is_none_or(|whole| self.buffer.len() < whole) {
            let read = self.stream.read_buf(&mut self.buffer).await.expect("it is connected");
            assert!(read > 0, "the connection has ended");
            whole = whole.or_else(|| length(&self.buffer));
        }
        assert!(self.buffer.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&self.buffer));
    }
}

/// How long the response is, once its head is there.
fn length(bytes: &[u8]) -> Option<usize> {
    let head = memmem::find(bytes, b"\r\n\r\n")? + 4;
    let stated = memmem::find(&bytes[..head], STATED).expect("its length is known") + STATED.len();
    let digits = bytes[stated..head].iter().take_while(|byte| byte.is_ascii_digit());
    Some(head + digits.fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0')))
}

async fn measure() {
    cachefn::init_with(Config::builder().enabled(true).build().expect("it is one")).await.expect("it is off");
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
    let server = listener.local_addr().expect("it is bound");
    tokio::spawn(async move { axum::serve(listener, app()).await.expect("it serves") });

    let mut samples = vec![Vec::new(); VARIANTS.len()];
    for _ in 0..ROUNDS {
        for ((_, path), samples) in VARIANTS.iter().zip(&mut samples) {
            samples.push(load(server, path).await);
        }
    }
    let medians: Vec<f64> = samples.iter_mut().map(|samples| median(samples)).collect();
    println!("\n{:<20}{:>14}{:>14}", "", "requests/s", "beside bytes");
    for ((name, _), each) in VARIANTS.iter().zip(&medians) {
        println!("{name:<20}{each:>14.0}{:>13.2}x", each / medians[0]);
    }
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("it starts").block_on(async { tokio::spawn(measure()).await.expect("it does not panic") });
}
