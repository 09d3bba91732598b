//! Rows of the database, and which invalidations cover the values of a row.

use std::fmt;
use std::time::Duration;

use crate::functions::FUNCTIONS;

/// How many rows each function has.
pub(crate) const IDS: usize = 16;
/// Every other call is for one of these.
const HOT: usize = 3;
/// One read in so many is of a value with a short life.
const SHORT_LIVED: u8 = 24;
/// The parts of a group: rows whose numbers have the same remainder.
pub(crate) const HALVES: usize = 2;
/// Tags out of the value: the remainder of the version.
pub(crate) const STATES: u64 = 3;
/// Values of `Chosen` whose version has this remainder are not stored.
const REJECTED: (u64, u64) = (4, 3);
/// How many rows there are.
pub(crate) const ROWS: usize = FUNCTIONS.len() * IDS;

/// The function that reads a row. One for a further argument of the attribute is one more line here, in [`FUNCTIONS`], and in
/// each `match` of `calls`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    ByKey,
    InShop,
    Tagged,
    ByValue,
    /// `lease = true`
    Leased,
    /// A short life.
    Brief,
    /// `stale`
    Stale,
    /// `stale` with `refresh = caller`
    Called,
    /// `stale_if_error`
    IfError,
    /// `refresh_ahead`
    Ahead,
    /// `timeout`
    Timed,
    /// `when`
    Chosen,
    /// `bypass`
    Bypassed,
    /// `cache()`
    Store,
    /// `cache().tag(…)`
    StoreTagged,
    /// `#[cached(response)]`
    Page,
    /// A key template with levels.
    Level,
}

/// A row of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Row(pub(crate) usize);

/// What is invalidated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Key(Row),
    /// The rows of `Tagged` in one half.
    Half(usize),
    /// The values of `ByValue` in one state.
    State(u64),
    /// The rows of `InShop` in one half.
    Shop(usize),
    /// All rows of `InShop`.
    Shops,
    /// The rows of `StoreTagged` in one half.
    Keeper(usize),
    /// One row of `Level`, by a level of its key template.
    Level(usize),
    /// All rows of `ByKey`, by the level of the function's name.
    Named,
    Function(Function),
    Everything,
}

impl Row {
    pub(crate) fn of(function: Function, id: usize) -> Self {
        Self(function as usize * IDS + id)
    }

    /// Any row of a function that `fits`; some are drawn more often than others.
    pub(crate) fn any(random: &mut fastrand::Rng, fits: impl Fn(Function) -> bool) -> Self {
        loop {
            let function = FUNCTIONS[random.usize(..FUNCTIONS.len())];
            if fits(function) {
                let ids = if random.bool() { HOT } else { IDS };
                return Self::of(function, random.usize(..ids));
            }
        }
    }

    /// A row to read, of any function but `Leased`; seldom one whose values expire soon, for each time its body runs anew.
    pub(crate) fn drawn(random: &mut fastrand::Rng) -> Self {
        let expires = random.u8(..SHORT_LIVED) == 0;
        Self::any(random, |function| function != Function::Leased && function.bound().is_some() == expires)
    }

    pub(crate) fn function(self) -> Function {
        FUNCTIONS[self.0 / IDS]
    }

    pub(crate) fn id(self) -> usize {
        self.0 % IDS
    }

    pub(crate) fn half(self) -> usize {
        self.id() % HALVES
    }

    /// Every target that covers a value of this version.
    pub(crate) fn covered_by(self, version: u64) -> impl Iterator<Item = Target> {
        let function = self.function();
        let groups = match function {
            Function::InShop => [Some(Target::Shop(self.half())), Some(Target::Shops)],
            Function::Tagged => [Some(Target::Half(self.half())), None],
            Function::ByValue => [Some(Target::State(version % STATES)), None],
            Function::StoreTagged => [Some(Target::Keeper(self.half())), None],
            Function::Level => [Some(Target::Level(self.id())), None],
            Function::ByKey => [Some(Target::Named), None],
            _ => [None, None],
        };
        let all = [Target::Key(self), Target::Function(function), Target::Everything];
        all.into_iter().chain(groups.into_iter().flatten())
    }

    /// One of the many choices of what to invalidate after a write of this row that found a version in `replaced`.
    pub(crate) fn targets(self, replaced: std::ops::Range<u64>, random: &mut fastrand::Rng) -> Vec<Target> {
        let function = self.function();
        let group = match function {
            Function::Tagged => vec![Target::Half(self.half())],
            Function::InShop if random.bool() => vec![Target::Shops],
            Function::InShop => vec![Target::Shop(self.half())],
            Function::StoreTagged => vec![Target::Keeper(self.half())],
            Function::Level => vec![Target::Level(self.id())],
            Function::ByKey if random.bool() => vec![Target::Named],
            // One that is missed here would be invalidated by nobody.
            Function::ByValue => replaced.map(|version| Target::State(version % STATES)).take(3).collect(),
            _ => vec![Target::Key(self)],
        };
        match random.u16(..400) {
            0 => vec![Target::Everything],
            1..8 => vec![Target::Function(function)],
            8..100 => group,
            _ => vec![Target::Key(self)],
        }
    }
}

impl Function {
    /// The longest time after its birth that a value may be served, where that is short.
    pub(crate) fn bound(self) -> Option<Duration> {
        let millis = match self {
            Self::Brief => 50,
            Self::Stale | Self::Called => 40 + 150,
            Self::IfError => 60 + 250,
            Self::Ahead => 120,
            Self::Timed => 40 + 200,
            _ => return None,
        };
        Some(Duration::from_millis(millis))
    }

    /// Whether its bodies fail now and then.
    pub(crate) fn fails(self) -> bool {
        matches!(self, Self::Stale | Self::Called | Self::IfError | Self::Timed)
    }

    /// Whether its values have tags that are not known before the body has run.
    pub(crate) fn has_late_tags(self) -> bool {
        matches!(self, Self::ByValue | Self::StoreTagged)
    }

    /// Whether a value of this version is never stored.
    pub(crate) fn rejects(self, version: u64) -> bool {
        self == Self::Chosen && version % REJECTED.0 == REJECTED.1
    }

    /// The longest time that a call may take.
    pub(crate) fn longest(self) -> Duration {
        // It waits for Redis for one timeout and, where others lead, up to three times for one whose Redis takes as long; and
        // a busy machine has its share. A leaseholder that died, or cannot reach Redis, is waited for longer.
        Duration::from_millis(if self == Self::Leased { 6_500 } else { 800 })
    }
}

impl Target {
    const FIRST_GROUP: u16 = 1 << 10;
    const PER_KIND: u16 = 1 << 6;
    /// All codes are less.
    pub(crate) const CODES: u16 = Self::FIRST_GROUP + 9 * Self::PER_KIND;

    /// Its number in records.
    pub(crate) fn code(self) -> u16 {
        let (kind, number) = match self {
            Self::Key(row) => return u16::try_from(row.0).expect("there are fewer rows"),
            Self::Half(half) => (0, half),
            Self::State(state) => (1, usize::try_from(state).expect("there are three")),
            Self::Shop(shop) => (2, shop),
            Self::Shops => (3, 0),
            Self::Keeper(half) => (4, half),
            Self::Level(id) => (5, id),
            Self::Named => (6, 0),
            Self::Function(function) => (7, function as usize),
            Self::Everything => (8, 0),
        };
        Self::FIRST_GROUP + kind * Self::PER_KIND + u16::try_from(number).expect("there are fewer of a kind")
    }

    /// The target of a number in a record.
    pub(crate) fn decode(code: u16) -> Option<Self> {
        let Some(group) = code.checked_sub(Self::FIRST_GROUP) else {
            return Some(Self::Key(Row(code.into()))).filter(|_| usize::from(code) < ROWS);
        };
        let number = usize::from(group % Self::PER_KIND);
        Some(match group / Self::PER_KIND {
            0 => Self::Half(number),
            1 => Self::State(number as u64),
            2 => Self::Shop(number),
            3 => Self::Shops,
            4 => Self::Keeper(number),
            5 => Self::Level(number),
            6 => Self::Named,
            7 => Self::Function(*FUNCTIONS.get(number)?),
            8 => Self::Everything,
            _ => return None,
        })
    }

    /// Whether it is a tag.
    pub(crate) fn is_tag(self) -> bool {
        matches!(self, Self::Half(_) | Self::State(_) | Self::Keeper(_))
    }

    /// Its kind, in a word.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::Key(_) => "key",
            Self::Half(_) => "tag",
            Self::State(_) | Self::Keeper(_) => "tag of a value",
            Self::Shop(_) | Self::Shops => "namespace",
            Self::Level(_) | Self::Named => "level",
            Self::Function(_) => "function",
            Self::Everything => "everything",
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({})", self.function(), self.id())
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(row) => write!(f, "{row}"),
            other => write!(f, "{other:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_that_is_drawn_covers_the_row_and_survives_its_code() {
        let mut random = fastrand::Rng::with_seed(1);
        for row in (0..ROWS).map(Row) {
            for _ in 0..200 {
                for target in row.targets(6..7, &mut random) {
                    assert_eq!(Target::decode(target.code()), Some(target));
                    assert!(row.covered_by(6).any(|covers| covers == target), "{target} of {row}");
                }
            }
        }
        assert_eq!(Target::decode(u16::MAX), None);
    }
}
