//! The calls of one reader.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::task::Poll;

use crate::clock::now;
use crate::functions::{Value, store};
use crate::record::{How, Note, Read, Record, Stored};
use crate::recorder;
use crate::row::{Function, Row};
use crate::worker::{CALLS, failed, is_connected, is_over};

/// One call in so many also notes whether Redis is in use, which is dearer than a hit.
const LOOKED_AT: u8 = 8;
/// So many calls are made between two yields.
const TURN: u8 = 8;
/// Polls after which a cancelled call is dropped, at most.
const POLLS: u32 = 4;

/// A task that calls functions until the episode is over.
pub(crate) struct Reader {
    pub(crate) random: fastrand::Rng,
    pub(crate) near: bool,
    /// It calls `Leased`, and nothing else; the others call everything else.
    pub(crate) leased: bool,
}

impl Reader {
    pub(crate) async fn run(mut self) {
        let mut turn = 0;
        while !is_over() {
            self.call().await;
            CALLS.fetch_add(1, Ordering::Relaxed);
            turn = (turn + 1) % TURN;
            if turn == 0 {
                tokio::task::yield_now().await;
            }
        }
    }

    async fn call(&mut self) {
        let row = if self.leased {
            Row::any(&mut self.random, |function| function == Function::Leased)
        } else {
            Row::drawn(&mut self.random)
        };
        // Only where nothing is late by a push does it matter to a single call.
        let connected = !self.near && self.random.u8(..LOOKED_AT) == 0 && is_connected();
        let begin = now();
        match self.random.u8(..) {
            0 if row.function() != Function::Page => {
                let value = cachefn::bypass(row.read()).await;
                note_stored(row, begin, How::Bypass, &value);
                note(row, begin, connected, value);
            }
            1..6 => {
                let polls = self.random.u32(1..=POLLS);
                match cancelled(row.read(), polls).await {
                    Some(value) => note(row, begin, connected, value),
                    None => recorder::push(&Record::Note(Note::Cancelled)),
                }
            }
            6..80 if matches!(row.function(), Function::Store | Function::StoreTagged) => {
                match store(row).get::<Value>(row.id().to_string()).await {
                    Some(value) => note(row, begin, connected, Ok(value)),
                    None => recorder::push(&Record::Note(Note::Absent)),
                }
            }
            _ => note(row, begin, connected, row.read().await),
        }
    }
}

/// Notes what a call returned.
pub(crate) fn note(row: Row, begin: u64, connected: bool, value: io::Result<Value>) {
    match value {
        Ok(Value { row: of, version, born }) if of == row.0 => {
            recorder::push(&Record::Read(Read { row, begin, end: now(), version, born, connected }));
        }
        Err(_) if row.function().fails() => recorder::push(&Record::Note(Note::Failed)),
        other => failed(&format_args!("{row} answered {other:?}")),
    }
}

/// Notes that a call has stored a value of its own: what was begun before it must not be seen after it.
pub(crate) fn note_stored(row: Row, begin: u64, how: How, value: &io::Result<Value>) {
    // An older value was served in the place of the body's, as `stale_if_error` and `timeout` say.
    if value.as_ref().is_ok_and(|value| value.born >= begin) {
        recorder::push(&Record::Stored(Stored { row, begin, end: now(), how }));
    }
}

/// Polls a future so often at most, and then drops it.
pub(crate) async fn cancelled<F: Future>(future: F, polls: u32) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    std::future::poll_fn(move |cx| match future.as_mut().poll(cx) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending if left <= 1 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}
