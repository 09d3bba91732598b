//! What one writer does: writes a row, perhaps stores it, and invalidates.

use std::future::Future as _;
use std::io;
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;

use cachefn::Invalidated;

use crate::clock::now;
use crate::database;
use crate::functions::{CALM, Written, read_to_give, store};
use crate::reading::{cancelled, note, note_stored};
use crate::record::{How, Note, Outcome, Record, Strike};
use crate::recorder;
use crate::row::{Function, Row, Target};
use crate::worker::{CALLS, failed};

/// A writer writes once in so many calls of its process: an invalidation costs as much as a hundred hits, and those that
/// read a row between two of them are what is checked.
const CALLS_PER_WRITE: u64 = 300;
/// It waits no longer for them than this many milliseconds.
const PATIENCE: u64 = 30;

pub(crate) async fn write(mut random: fastrand::Rng) {
    while !CALM.load(Ordering::SeqCst) {
        if let Err(error) = write_once(&mut random).await {
            failed(&error);
        }
        let due = CALLS.load(Ordering::Relaxed) + random.u64(..CALLS_PER_WRITE * 2);
        for _ in 0..random.u64(..PATIENCE) {
            if CALLS.load(Ordering::Relaxed) >= due {
                break;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

async fn write_once(random: &mut fastrand::Rng) -> io::Result<()> {
    let row = Row::any(random, |_| true);
    if let Some(target) = row.written_target().filter(|_| random.u8(..4) == 0) {
        return write_and_invalidate(row, target, random).await;
    }
    let found = database::version(row.0)?;
    write_row(row)?;
    if random.u8(..10) == 0 {
        if random.bool() {
            // So that there are loads under way which are older than the refresh, rather than a value.
            invalidate(Target::Key(row), random).await;
            tokio::time::sleep(Duration::from_millis(1)).await;
            write_row(row)?;
        }
        store_anew(row, random).await?;
        // Time for others to see what has become of it, before it is invalidated.
        tokio::time::sleep(Duration::from_millis(random.u64(1..40))).await;
    }
    for target in row.targets(found..database::version(row.0)?, random) {
        invalidate(target, random).await;
    }
    Ok(())
}

fn write_row(row: Row) -> io::Result<()> {
    about_to_write(row);
    database::write(row.0)
}

/// Sent at once: if this process is killed from here on, nobody may invalidate the row.
fn about_to_write(row: Row) {
    recorder::push(&Record::Write(row, now()));
    recorder::flush();
}

async fn store_anew(row: Row, random: &mut fastrand::Rng) -> io::Result<()> {
    let how = match row.function() {
        Function::Store | Function::StoreTagged => How::Set,
        Function::Bypassed => How::Bypass,
        Function::Page => How::NoCache,
        _ => How::Refresh,
    };
    if how == How::Set && random.u8(..4) == 0 {
        drop(store(row).set(row.id().to_string(), read_to_give(row)?));
        recorder::push(&Record::Note(Note::Unawaited));
        return Ok(());
    }
    let begin = now();
    let value = row.refresh().await;
    note_stored(row, begin, how, &value);
    note(row, begin, false, value);
    Ok(())
}

async fn invalidate(target: Target, random: &mut fastrand::Rng) {
    let begin = now();
    let invalidation = target.invalidate();
    let struck = now();
    let answer = match random.u8(..32) {
        0 => {
            drop(invalidation);
            None
        }
        1 => cancelled(invalidation, random.u32(1..3)).await,
        _ => Some(invalidation.await),
    };
    let outcome = match answer {
        Some(Invalidated::Applied) => Outcome::Applied,
        Some(Invalidated::Queued) => Outcome::Queued,
        None => Outcome::Unknown,
    };
    recorder::push(&Record::Strike(Strike { target, begin, struck, end: now(), outcome }));
}

/// Calls a writer that invalidates by itself, and drops it at any of its polls.
async fn write_and_invalidate(row: Row, target: Target, random: &mut fastrand::Rng) -> io::Result<()> {
    about_to_write(row);
    let (written, mut struck) = (Written::default(), None);
    let mut left = if random.u8(..3) == 0 { random.u32(1..4) } else { u32::MAX };
    let ended = {
        let mut call = pin!(row.write_and_invalidate(&written));
        std::future::poll_fn(|cx| {
            let polled = call.as_mut().poll(cx);
            // The invalidation is begun in the poll in which the body has ended.
            if struck.is_none() && written.at().is_some() {
                struck = Some(now());
            }
            left = left.saturating_sub(1);
            match polled {
                Poll::Ready(result) => Poll::Ready(Some(result)),
                Poll::Pending if left == 0 => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    };
    let outcome = if ended.is_some() { Outcome::Ended } else { Outcome::Unknown };
    if let (Some(begin), Some(struck)) = (written.at(), struck) {
        recorder::push(&Record::Strike(Strike { target, begin, struck, end: now(), outcome }));
    } else {
        // It has not come to the write, or has and was dropped before it could say so.
        invalidate(target, random).await;
    }
    ended.unwrap_or(Ok(()))
}
