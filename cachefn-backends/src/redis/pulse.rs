//! What is heard of a server: whether it is silent, or only slow for one call.
//!
//! A server answers in the order in which it is asked, so a call that ran out of time proves nothing: there may be thousands
//! before it. What counts is the connection. As long as something arrives on it the server is at work; it is silent when it
//! owes an answer and nothing has arrived since that was sent, or since the last that did arrive.
//!
//! All of this is noted by the task that reads and writes. A process that is too busy to read must not take the server for
//! silent: that task has its turn before this is judged.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::wire::Wire;

/// What is heard of one server.
#[derive(Debug)]
pub(super) struct Pulse {
    origin: Instant,
    /// When something arrived last, as all moments here in nanoseconds since the origin.
    heard: AtomicU64,
    /// When something was sent first since then; 0 if nothing was.
    sent: AtomicU64,
    /// How many answers the server owes.
    owed: AtomicUsize,
    /// Since when it owes any.
    owing: AtomicU64,
}

/// An answer that the server owes, until this is dropped.
pub(super) struct Owed<'a>(&'a Pulse);

impl Pulse {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            origin: Instant::now(),
            heard: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            owed: AtomicUsize::new(0),
            owing: AtomicU64::new(0),
        })
    }

    /// Notes that something is asked for.
    pub(super) fn owes(&self) -> Owed<'_> {
        if self.owed.fetch_add(1, Ordering::Relaxed) == 0 {
            self.owing.store(self.now(), Ordering::Relaxed);
        }
        Owed(self)
    }

    /// Since when the server has been silent; nothing where it owes no answer.
    pub(super) fn silent_since(&self) -> Option<Instant> {
        if self.owed.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let since = match self.sent.load(Ordering::Relaxed) {
            // All that is owed was sent before something else arrived.
            0 => self.heard.load(Ordering::Relaxed).max(self.owing.load(Ordering::Relaxed)),
            sent => sent,
        };
        Some(self.origin + Duration::from_nanos(since))
    }

    fn hears(&self) {
        self.heard.store(self.now(), Ordering::Relaxed);
        self.sent.store(0, Ordering::Relaxed);
    }

    fn sends(&self) {
        if self.sent.load(Ordering::Relaxed) == 0 {
            self.sent.store(self.now(), Ordering::Relaxed);
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX).max(1)
    }
}

impl Drop for Owed<'_> {
    fn drop(&mut self) {
        self.0.owed.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A wire whose traffic is noted.
pub(super) struct Heard {
    pub(super) wire: Box<dyn Wire>,
    pub(super) pulse: Arc<Pulse>,
}

impl Heard {
    fn sent(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if matches!(written, Poll::Ready(Ok(1..))) {
            self.pulse.sends();
        }
        written
    }
}

impl AsyncRead for Heard {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.wire).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.pulse.hears();
        }
        read
    }
}

impl AsyncWrite for Heard {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.wire).poll_write(context, bytes);
        self.sent(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.wire).poll_write_vectored(context, bytes);
        self.sent(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.wire.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Since when, in nanoseconds since the origin.
    fn silence(pulse: &Pulse) -> Option<u64> {
        let since = pulse.silent_since()? - pulse.origin;
        Some(u64::try_from(since.as_nanos()).unwrap())
    }

    #[test]
    fn a_server_is_silent_from_when_it_was_asked_or_has_answered_another() {
        let pulse = Pulse::new();
        assert_eq!(silence(&pulse), None, "it owes nothing");
        let first = pulse.owes();
        assert_eq!(silence(&pulse), Some(pulse.owing.load(Ordering::Relaxed)), "it has not been sent");
        pulse.sends();
        let sent = pulse.sent.load(Ordering::Relaxed);
        let second = pulse.owes();
        pulse.sends();
        assert_eq!(silence(&pulse), Some(sent), "the first that was sent");
        pulse.hears();
        drop(first);
        assert_eq!(silence(&pulse), Some(pulse.heard.load(Ordering::Relaxed)), "the second is still owed");
        drop(second);
        assert_eq!(silence(&pulse), None);
        let _third = pulse.owes();
        assert!(silence(&pulse) > Some(pulse.heard.load(Ordering::Relaxed)), "an idle time is no silence");
    }
}
