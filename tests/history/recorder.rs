//! The records of this process, on their way to the judge.
//!
//! They are collected in memory and sent every few milliseconds, so that an operation costs a lock and 36 bytes. If this
//! process is killed, the last of them are lost, which makes the judge see fewer reads and fewer invalidations, never
//! different ones. Only writes to the database are sent before they are made: what a killed process has written and not
//! invalidated may stay in the cache.

use std::io::{self, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use crate::record::Record;

/// Where workers connect to, in the directory of the database.
pub(crate) const SOCKET: &str = "records";
/// Who has recorded so much waits until it is sent.
const BOUND: usize = 1 << 20;

static STREAM: OnceLock<Mutex<UnixStream>> = OnceLock::new();
static RECORDS: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Connects to the judge as a process of this number on this link.
pub(crate) fn connect(directory: &Path, process: u8, link: u8) -> io::Result<()> {
    let mut stream = UnixStream::connect(directory.join(SOCKET))?;
    stream.write_all(&[process, link])?;
    STREAM.set(Mutex::new(stream)).map_err(|_| io::ErrorKind::AlreadyExists.into())
}

/// Adds a record.
pub(crate) fn push(record: &Record) {
    let mut records = lock(&RECORDS);
    records.extend_from_slice(&record.encode());
    let full = records.len() >= BOUND;
    drop(records);
    if full {
        flush();
    }
}

/// Sends what there is.
pub(crate) fn flush() {
    let Some(stream) = STREAM.get() else { return };
    // The stream first, so that records keep their order.
    let mut stream = lock(stream);
    let records = std::mem::take(&mut *lock(&RECORDS));
    // Who judges may have ended, and then ends this process too.
    let _ = stream.write_all(&records);
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
