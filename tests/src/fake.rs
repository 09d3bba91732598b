//! A server that answers what a test tells it to.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

type Answer = dyn Fn(&[String]) -> String + Send + Sync;

/// A listener that understands commands and nothing of what they mean. It lives as long as the
/// process.
#[derive(Debug)]
pub struct FakeServer {
    port: u16,
}

impl FakeServer {
    /// Answers each command, given as its words, with the bytes of `answer`.
    ///
    /// # Panics
    ///
    /// If there is no free port.
    pub fn start(answer: impl Fn(&[String]) -> String + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        let answer: Arc<Answer> = Arc::new(answer);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let answer = Arc::clone(&answer);
                thread::spawn(move || serve(stream, &*answer));
            }
        });
        Self { port }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }
}

fn serve(mut stream: TcpStream, answer: &Answer) {
    let (mut pending, mut buffer) = (Vec::new(), [0; 4_096]);
    while let Ok(size @ 1..) = stream.read(&mut buffer) {
        pending.extend_from_slice(&buffer[..size]);
        while let Some((words, used)) = command(&pending) {
            pending.drain(..used);
            if stream.write_all(answer(&words).as_bytes()).is_err() {
                return;
            }
        }
    }
}

/// The first whole command: `*2 $4 PING $1 x`, each part on a line; and how many bytes it takes.
fn command(bytes: &[u8]) -> Option<(Vec<String>, usize)> {
    let (count, mut at) = header(bytes, 0)?;
    let mut words = Vec::new();
    for _ in 0..count {
        let (size, start) = header(bytes, at)?;
        words.push(String::from_utf8_lossy(bytes.get(start..start + size)?).into_owned());
        at = start + size + 2;
    }
    (at <= bytes.len()).then_some((words, at))
}

/// The number on the line that begins at `at`, after its sign; and where the next line begins.
fn header(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let line = bytes.get(at + 1..)?;
    let end = line.windows(2).position(|two| two == b"\r\n")?;
    let number = std::str::from_utf8(&line[..end]).ok()?.parse().ok()?;
    Some((number, at + 1 + end + 2))
}
