//! What stands for a key or a group, and the rule by which entries are judged.

use crate::envelope::Token;

/// What stands at a name.
pub(super) type Found = Option<Vec<u8>>;

/// The record of a key or a group.
#[derive(Clone, Copy)]
pub(super) struct Record {
    pub(super) token: Token,
    pub(super) until: u64,
    pub(super) begun: u64,
    pub(super) settled: u64,
}

impl Record {
    /// A record that nobody else can have put down.
    pub(super) fn fresh(until: u64) -> Self {
        let mut token = Token::default();
        getrandom::fill(&mut token).expect("the operating system provides random numbers");
        Self { token, until, begun: 0, settled: 0 }
    }

    /// What stands there; nothing if it is not a record.
    pub(super) fn read(found: &Found) -> Option<Self> {
        let ([token, numbers @ ..], []) = found.as_deref()?.as_chunks::<8>() else { return None };
        let [until, begun, settled] = <[_; 3]>::try_from(numbers).ok()?.map(u64::from_le_bytes);
        Some(Self { token: *token, until, begun, settled })
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let numbers = [self.until, self.begun, self.settled].map(u64::to_le_bytes);
        [self.token].into_iter().chain(numbers).flatten().collect()
    }
}

/// The rule: the number and the records of an entry of these `tokens`, if it is usable.
pub(super) fn current(tokens: &[Token], found: &[Found]) -> Option<(u64, Vec<Record>)> {
    let [key, number, groups @ ..] = tokens else { return None };
    let number = u64::from_le_bytes(*number);
    let records = found.iter().map(Record::read).collect::<Option<Vec<_>>>()?;
    let stand = records.iter().map(|record| &record.token).eq([key].into_iter().chain(groups));
    (stand && records.first()?.settled <= number).then_some((number, records))
}
