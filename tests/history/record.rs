//! One record of a history, and its bytes on the way to the judge.

use crate::row::{Row, Target};

/// Bytes of a record: its kind, two small numbers and four times.
pub(crate) const SIZE: usize = 36;

/// A value that a call returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) row: Row,
    pub(crate) begin: u64,
    pub(crate) end: u64,
    pub(crate) version: u64,
    /// When the value was read from the database, or given to `set`.
    pub(crate) born: u64,
    /// Redis was in use just before; false also where nobody looked.
    pub(crate) connected: bool,
}

/// An invalidation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Strike {
    pub(crate) target: Target,
    pub(crate) begin: u64,
    /// When its function had returned, or the poll in which it was begun had ended: from then on it holds in its own process.
    pub(crate) struck: u64,
    /// When its answer was there.
    pub(crate) end: u64,
    pub(crate) outcome: Outcome,
}

/// What an invalidation came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    Applied,
    Queued,
    /// Nobody waited for the answer.
    Unknown,
    /// `#[invalidates]`: it was waited for, and does not say which of the two.
    Ended,
}

/// A call that ran its body, or was given a value, whatever was cached, and stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) row: Row,
    pub(crate) begin: u64,
    pub(crate) end: u64,
    pub(crate) how: How,
}

/// What made a call skip the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum How {
    Refresh,
    /// `cache().set(…)`
    Set,
    /// The argument, or `cachefn::bypass`.
    Bypass,
    NoCache,
}

/// How things stood with Redis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sample {
    pub(crate) before: u64,
    pub(crate) after: u64,
    /// Redis was in use, so that nothing waited in the journal.
    pub(crate) connected: bool,
}

/// Operations of which it only matters that they took place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Note {
    /// A call was dropped before it had ended.
    Cancelled,
    /// `get` found nothing.
    Absent,
    /// The body failed, as it should.
    Failed,
    /// A `set` that nobody waited for.
    Unawaited,
}

/// One record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Record {
    Read(Read),
    Strike(Strike),
    Stored(Stored),
    /// A row is about to be written to the database.
    Write(Row, u64),
    Sample(Sample),
    Note(Note),
}

pub(crate) const OUTCOMES: [Outcome; 4] =
    [Outcome::Applied, Outcome::Queued, Outcome::Unknown, Outcome::Ended];
pub(crate) const WAYS: [How; 4] = [How::Refresh, How::Set, How::Bypass, How::NoCache];
pub(crate) const NOTES: [Note; 4] = [Note::Cancelled, Note::Absent, Note::Failed, Note::Unawaited];

impl Read {
    /// Whether the value was given to `set`, rather than read by a body.
    pub(crate) fn is_given(&self) -> bool {
        self.born % 2 == 1
    }
}

impl Record {
    pub(crate) fn encode(&self) -> [u8; SIZE] {
        let row = |row: Row| u16::try_from(row.0).expect("there are fewer rows");
        let (kind, flag, subject, times) = match *self {
            Self::Read(Read { row: at, begin, end, version, born, connected }) => {
                (0, u8::from(connected), row(at), [begin, end, born, version])
            }
            Self::Strike(Strike { target, begin, struck, end, outcome }) => {
                (1, outcome as u8, target.code(), [begin, struck, end, 0])
            }
            Self::Stored(Stored { row: at, begin, end, how }) => (2, how as u8, row(at), [begin, end, 0, 0]),
            Self::Write(at, begin) => (3, 0, row(at), [begin, 0, 0, 0]),
            Self::Sample(Sample { before, after, connected }) => {
                (4, u8::from(connected), 0, [before, after, 0, 0])
            }
            Self::Note(note) => (5, note as u8, 0, [0; 4]),
        };
        let mut bytes = [0; SIZE];
        (bytes[0], bytes[1]) = (kind, flag);
        bytes[2..4].copy_from_slice(&subject.to_le_bytes());
        for (place, time) in bytes[4..].chunks_exact_mut(8).zip(times) {
            place.copy_from_slice(&time.to_le_bytes());
        }
        bytes
    }

    /// None if these are not the bytes of a record.
    pub(crate) fn decode(bytes: &[u8; SIZE]) -> Option<Self> {
        let (kind, flag, subject) = (bytes[0], bytes[1], u16::from_le_bytes([bytes[2], bytes[3]]));
        let mut times = [0; 4];
        for (time, place) in times.iter_mut().zip(bytes[4..].chunks_exact(8)) {
            *time = u64::from_le_bytes(place.try_into().ok()?);
        }
        let (row, flag_at) = (Row(subject.into()), usize::from(flag));
        let [begin, second, third, fourth] = times;
        Some(match kind {
            0 => Self::Read(Read {
                row,
                begin,
                end: second,
                born: third,
                version: fourth,
                connected: flag == 1,
            }),
            1 => {
                let (target, outcome) = (Target::decode(subject)?, *OUTCOMES.get(flag_at)?);
                Self::Strike(Strike { target, begin, struck: second, end: third, outcome })
            }
            2 => Self::Stored(Stored { row, begin, end: second, how: *WAYS.get(flag_at)? }),
            3 => Self::Write(row, begin),
            4 => Self::Sample(Sample { before: begin, after: second, connected: flag == 1 }),
            5 => Self::Note(*NOTES.get(flag_at)?),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_record_survives_its_bytes() {
        let row = Row(17);
        let read = Read { row, begin: 1, end: 2, version: 3, born: 4, connected: true };
        let target = Target::Function(row.function());
        let mut records = vec![
            Record::Read(read),
            Record::Write(row, 9),
            Record::Sample(Sample { before: 5, after: 6, connected: false }),
        ];
        records.extend(NOTES.map(Record::Note));
        records.extend(WAYS.map(|how| Record::Stored(Stored { row, begin: 1, end: u64::MAX, how })));
        records.extend(
            OUTCOMES.map(|outcome| Record::Strike(Strike { target, begin: 1, struck: 2, end: 3, outcome })),
        );
        for record in records {
            assert_eq!(Record::decode(&record.encode()), Some(record));
        }
        assert_eq!(Record::decode(&[9; SIZE]), None);
    }
}
