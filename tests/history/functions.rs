//! The functions whose history is checked, what their bodies read, and what strikes which of their rows.
//!
//! Each function has rows of its own in the database: what it returns is the row's version when its body began.

use std::fmt;
use std::io;
use std::str::FromStr;
use std::time::Duration;

use cachefn::{Invalidation, cached};
use serde::{Deserialize, Serialize};

use crate::database;

/// How many rows each function has.
const IDS: usize = 24;
/// These are wanted by every other call.
const HOT: usize = 4;
/// Rows of a group: those whose numbers have the same rest.
const HALVES: usize = 2;
/// Tags out of the value: the rest of the version.
const STATES: u64 = 3;
/// The longest that a body takes, in milliseconds.
pub(crate) const BODY: u64 = 3;

/// Who reads. A function for a further argument of the attribute is one more line here, in [`FUNCTIONS`], and
/// in each `match` below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    ByKey,
    InShop,
    Tagged,
    ByValue,
}

const FUNCTIONS: [Function; 4] = [Function::ByKey, Function::InShop, Function::Tagged, Function::ByValue];

/// How many rows there are.
pub(crate) const ROWS: usize = FUNCTIONS.len() * IDS;

/// A row of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row(pub(crate) usize);

/// What a function returns.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Value {
    pub(crate) row: usize,
    pub(crate) version: u64,
}

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
    Function(Function),
    Everything,
}

#[cached(expire = 300, namespace = "plain", key = id)]
async fn by_key(id: usize) -> io::Result<Value> {
    body(Function::ByKey, id).await
}

#[cached(expire = 300, namespace = "shops:{shop}", key = id)]
async fn in_shop(shop: usize, id: usize) -> io::Result<Value> {
    debug_assert_eq!(shop, id % HALVES);
    body(Function::InShop, id).await
}

#[cached(expire = 300, namespace = "tagged", key = id, tags = ["half:{half}"])]
async fn tagged(half: usize, id: usize) -> io::Result<Value> {
    debug_assert_eq!(half, id % HALVES);
    body(Function::Tagged, id).await
}

#[cached(expire = 300, namespace = "valued", key = id, tags_with = |value: &Value| [format!("state:{}", value.version % STATES)])]
async fn by_value(id: usize) -> io::Result<Value> {
    body(Function::ByValue, id).await
}

async fn body(function: Function, id: usize) -> io::Result<Value> {
    let row = Row(function as usize * IDS + id);
    let version = database::version(row.0)?;
    tokio::time::sleep(Duration::from_millis(fastrand::u64(..=BODY))).await;
    Ok(Value { row: row.0, version })
}

impl Row {
    /// Any row; some are wanted more than others.
    pub(crate) fn any(random: &mut fastrand::Rng) -> Self {
        let ids = if random.bool() { HOT } else { IDS };
        Self(random.usize(..FUNCTIONS.len()) * IDS + random.usize(..ids))
    }

    pub(crate) fn function(self) -> Function {
        FUNCTIONS[self.0 / IDS]
    }

    fn id(self) -> usize {
        self.0 % IDS
    }

    fn half(self) -> usize {
        self.id() % HALVES
    }

    /// Calls the function.
    pub(crate) async fn read(self) -> io::Result<Value> {
        match self.function() {
            Function::ByKey => by_key(self.id()).await,
            Function::InShop => in_shop(self.half(), self.id()).await,
            Function::Tagged => tagged(self.half(), self.id()).await,
            Function::ByValue => by_value(self.id()).await,
        }
    }

    /// Has the function run its body now and store what it returns.
    pub(crate) async fn refresh(self) -> io::Result<Value> {
        match self.function() {
            Function::ByKey => refresh_by_key(self.id()).await,
            Function::InShop => refresh_in_shop(self.half(), self.id()).await,
            Function::Tagged => refresh_tagged(self.half(), self.id()).await,
            Function::ByValue => refresh_by_value(self.id()).await,
        }
    }

    /// What there is to invalidate after a write of this row that found a version in `replaced`; one of many choices.
    pub(crate) fn targets(self, replaced: std::ops::Range<u64>, random: &mut fastrand::Rng) -> Vec<Target> {
        let group = match self.function() {
            Function::Tagged => vec![Target::Half(self.half())],
            Function::InShop if random.bool() => vec![Target::Shops],
            Function::InShop => vec![Target::Shop(self.half())],
            Function::ByKey => vec![Target::Function(Function::ByKey)],
            // One that is missed here would be nobody's to strike.
            Function::ByValue => replaced.map(|version| Target::State(version % STATES)).take(3).collect(),
        };
        match random.u8(..100) {
            0..1 => vec![Target::Everything],
            1..5 => vec![Target::Function(self.function())],
            5..30 => group,
            _ => vec![Target::Key(self)],
        }
    }
}

impl Target {
    /// Invalidates it.
    pub(crate) fn strike(self) -> Invalidation {
        match self {
            Self::Key(row) => match row.function() {
                Function::ByKey => invalidate_by_key(row.id()),
                Function::InShop => invalidate_in_shop(row.half(), row.id()),
                Function::Tagged => invalidate_tagged(row.id()),
                Function::ByValue => invalidate_by_value(row.id()),
            },
            Self::Half(half) => cachefn::invalidate_tag(&format!("half:{half}")),
            Self::State(state) => cachefn::invalidate_tag(&format!("state:{state}")),
            Self::Shop(shop) => cachefn::invalidate_namespace(&format!("shops:{shop}")),
            Self::Shops => cachefn::invalidate_namespace("shops"),
            Self::Function(Function::ByKey) => invalidate_all_by_key(),
            Self::Function(Function::InShop) => invalidate_all_in_shop(),
            Self::Function(Function::Tagged) => invalidate_all_tagged(),
            Self::Function(Function::ByValue) => invalidate_all_by_value(),
            Self::Everything => cachefn::clear(),
        }
    }

    /// Whether it strikes values of `row`; of which state, if not all of them.
    pub(crate) fn covers(self, row: Row) -> Option<Covers> {
        let all = |covered: bool| covered.then_some(Covers::All);
        match self {
            Self::Key(key) => all(key == row),
            Self::Half(half) => all(row.function() == Function::Tagged && row.half() == half),
            Self::State(state) => {
                (row.function() == Function::ByValue).then_some(Covers::State(state % STATES))
            }
            Self::Shop(shop) => all(row.function() == Function::InShop && row.half() == shop),
            Self::Shops => all(row.function() == Function::InShop),
            Self::Function(function) => all(row.function() == function),
            Self::Everything => Some(Covers::All),
        }
    }

    /// Its kind, in a word.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::Key(_) => "key",
            Self::Half(_) => "tag",
            Self::State(_) => "tag of a value",
            Self::Shop(_) | Self::Shops => "namespace",
            Self::Function(_) => "function",
            Self::Everything => "everything",
        }
    }
}

/// Which values of a row are struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Covers {
    All,
    State(u64),
}

impl Covers {
    /// Every way in which a value of this version may be covered.
    pub(crate) fn of(version: u64) -> [Self; 2] {
        [Self::All, Self::State(version % STATES)]
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({})", self.function(), self.id())
    }
}

/// As it is written in a history: a kind and a number, without blanks.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(row) => write!(f, "key:{}", row.0),
            Self::Half(half) => write!(f, "half:{half}"),
            Self::State(state) => write!(f, "state:{state}"),
            Self::Shop(shop) => write!(f, "shop:{shop}"),
            Self::Shops => f.write_str("shops:0"),
            Self::Function(function) => write!(f, "function:{}", *function as usize),
            Self::Everything => f.write_str("everything:0"),
        }
    }
}

impl FromStr for Target {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (kind, number) = text.split_once(':').unwrap_or((text, ""));
        let number: usize = number.parse()?;
        Ok(match kind {
            "key" => Self::Key(Row(number)),
            "half" => Self::Half(number),
            "state" => Self::State(number as u64),
            "shop" => Self::Shop(number),
            "shops" => Self::Shops,
            "function" => Self::Function(FUNCTIONS[number]),
            _ => Self::Everything,
        })
    }
}
