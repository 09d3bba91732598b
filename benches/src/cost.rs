//! What one call costs, in each of the ways to call a function.

use std::fmt;

use crate::cases::Case;
use crate::measure::{turn_off, turn_on};

/// How a function is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// Without the attribute.
    Plain,
    /// With it, in a build without caching.
    CompiledOut,
    /// With it, while caching is off.
    Off,
    /// With it, answered from memory.
    Hit,
}

/// What one call costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// Nanoseconds.
    pub time: f64,
    /// Where they can be counted.
    pub instructions: Option<u64>,
    /// Allocations and reallocations.
    pub allocations: u64,
    /// Bytes of the future.
    pub size: usize,
}

impl Variant {
    /// Those of this build, the plain one first.
    pub const ALL: &'static [Self] = if cfg!(feature = "enabled") {
        &[Self::Plain, Self::Off, Self::Hit]
    } else {
        &[Self::Plain, Self::CompiledOut]
    };

    /// How tables and command lines call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::CompiledOut => "compiled-out",
            Self::Off => "off",
            Self::Hit => "hit",
        }
    }

    /// A call of `case`, after the cache was brought into the state that belongs to it.
    pub fn prepared(self, case: &Case) -> fn() {
        turn_off();
        if self == Self::Hit {
            turn_on();
        }
        let call = if self == Self::Plain { case.bare } else { case.annotated };
        // Twice: what was found once is found faster.
        call();
        call();
        call
    }

    /// The size of the future of `case`.
    pub fn size(self, case: &Case) -> usize {
        if self == Self::Plain { (case.bare_size)() } else { (case.annotated_size)() }
    }
}

/// As numbers with spaces between them; [`Cost::read`] reads it.
impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let instructions = self.instructions.map_or_else(|| "-".to_owned(), |count| count.to_string());
        write!(f, "{} {instructions} {} {}", self.time, self.allocations, self.size)
    }
}

impl Cost {
    /// Reads what was displayed.
    pub fn read(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let mut next = || words.next();
        Some(Self {
            time: next()?.parse().ok()?,
            instructions: next()?.parse().ok(),
            allocations: next()?.parse().ok()?,
            size: next()?.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Cost;

    #[test]
    fn a_cost_is_read_as_it_was_displayed() {
        for instructions in [None, Some(7)] {
            let cost = Cost { time: 1.5, instructions, allocations: 2, size: 64 };
            assert_eq!(Cost::read(&cost.to_string()), Some(cost));
        }
        assert_eq!(Cost::read("1.5 7"), None);
    }
}
