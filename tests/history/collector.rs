//! Takes the records of all processes, and has them judged as they come.

use std::io::{self, Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{JoinHandle, spawn};

use crate::clock::now;
use crate::judge::{Fact, Judge};
use crate::record::{Record, SIZE};
use crate::recorder::SOCKET;

/// Parcels on their way to the judge: who brings more waits, and so does, in the end, who records.
const PARCELS: usize = 256;
/// Says that no process comes any more.
const OVER: [u8; 2] = [u8::MAX; 2];

/// What is brought to the judge.
pub(crate) enum Parcel {
    Fact(Fact),
    /// Whole records of a process.
    Records {
        process: usize,
        bytes: Vec<u8>,
    },
}

pub(crate) struct Collector {
    path: PathBuf,
    sender: SyncSender<Parcel>,
    accepting: JoinHandle<()>,
    judging: JoinHandle<Judge>,
}

impl Collector {
    /// Listens in a directory.
    pub(crate) fn start(directory: &Path, judge: Judge) -> io::Result<Self> {
        let path = directory.join(SOCKET);
        let listener = UnixListener::bind(&path)?;
        let (sender, parcels) = sync_channel(PARCELS);
        let judging = spawn(move || judge_all(judge, parcels));
        let sink = sender.clone();
        let accepting = spawn(move || accept(&listener, &sink));
        Ok(Self { path, sender, accepting, judging })
    }

    /// Where facts are sent that no process records.
    pub(crate) fn facts(&self) -> SyncSender<Parcel> {
        self.sender.clone()
    }

    /// Waits for the judge, once every process has ended and nobody sends facts any more.
    pub(crate) fn finish(self) -> io::Result<Judge> {
        UnixStream::connect(&self.path)?.write_all(&OVER)?;
        self.accepting.join().expect("it does not panic");
        drop(self.sender);
        Ok(self.judging.join().expect("the judge does not panic"))
    }
}

fn judge_all(mut judge: Judge, parcels: Receiver<Parcel>) -> Judge {
    for parcel in parcels {
        match parcel {
            Parcel::Fact(fact) => judge.take(fact),
            Parcel::Records { process, bytes } => {
                for record in bytes.chunks_exact(SIZE) {
                    let record = record.try_into().ok().and_then(Record::decode);
                    let record = record.expect("workers are built with their judge");
                    judge.take(Fact::Record { process, record });
                }
            }
        }
    }
    judge.finish();
    judge
}

fn accept(listener: &UnixListener, sender: &SyncSender<Parcel>) {
    let mut readers = Vec::new();
    for stream in listener.incoming() {
        let Ok(mut stream) = stream else { continue };
        let mut head = [0; 2];
        if stream.read_exact(&mut head).is_err() {
            // It was killed before it could say who it is.
            continue;
        }
        if head == OVER {
            break;
        }
        let (process, link) = (head[0].into(), head[1].into());
        let sender = sender.clone();
        readers.push(spawn(move || forward(stream, process, link, &sender)));
    }
    for reader in readers {
        reader.join().expect("it does not panic");
    }
}

/// Brings the records of one process to the judge. A part of a record at the end is that of a killed process.
fn forward(mut stream: UnixStream, process: usize, link: usize, sender: &SyncSender<Parcel>) {
    let send = |parcel| sender.send(parcel).expect("the judge takes all");
    send(Parcel::Fact(Fact::Begin { process, link, at: now() }));
    let mut buffer = vec![0; 1_024 * SIZE];
    let mut filled = 0;
    while let Ok(size @ 1..) = stream.read(&mut buffer[filled..]) {
        filled += size;
        let whole = filled - filled % SIZE;
        if whole > 0 {
            send(Parcel::Records { process, bytes: buffer[..whole].to_vec() });
            buffer.copy_within(whole..filled, 0);
            filled -= whole;
        }
    }
    send(Parcel::Fact(Fact::End { process }));
}
