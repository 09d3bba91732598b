//! What the headers say the cache did: `X-Cache`, `X-Cache-TTL-Remaining`, and `Cache-Status` (RFC 9211).
//!
//! A request with several cached calls has one answer: that of the call that came off worst, in the order of
//! [`Verdict`]. The remaining life is the least.

use std::fmt::{self, Display, Write as _};

use crate::observe::{CallReport, Lacked, Outcome};

/// What became of a request, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    Hit,
    Stale,
    Miss,
    Bypass,
}

/// Why bodies were run, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Forward {
    /// There was nothing.
    UriMiss,
    /// There was something that has expired.
    Stale,
    /// There was something, or might have been, and the request did not want it.
    Request,
    /// The cache was not to be asked.
    Bypass,
}

/// What the cached calls of a request came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Summary {
    pub(super) verdict: Verdict,
    /// In seconds.
    pub(super) remaining: Option<u64>,
    forward: Option<Forward>,
    /// Whether all that was made anew was stored.
    stored: bool,
    collapsed: bool,
}

impl Summary {
    /// None where there was no call. `refused` is what the request did to calls that bypassed the cache.
    pub(super) fn of(calls: &[CallReport], bypass: Forward) -> Option<Self> {
        let verdict = calls.iter().map(|call| verdict(call.outcome)).max()?;
        let left = |call: &CallReport| match call.outcome {
            Outcome::Stale => Some(0),
            _ => call.remaining.map(|remaining| remaining.as_secs()),
        };
        let ran = |call: &&CallReport| matches!(call.outcome, Outcome::Miss | Outcome::Bypassed);
        let collapsed = |call: &CallReport| call.outcome == Outcome::Collapsed;
        Some(Self {
            verdict,
            remaining: calls.iter().filter_map(left).min(),
            forward: calls.iter().filter_map(|call| forward(call, bypass)).max(),
            stored: calls.iter().any(|call| ran(&call)) && calls.iter().filter(ran).all(|call| call.stored),
            collapsed: calls.iter().any(collapsed),
        })
    }
}

fn verdict(outcome: Outcome) -> Verdict {
    match outcome {
        Outcome::Hit => Verdict::Hit,
        Outcome::Stale => Verdict::Stale,
        Outcome::Miss | Outcome::Collapsed => Verdict::Miss,
        Outcome::Bypassed => Verdict::Bypass,
    }
}

fn forward(call: &CallReport, bypass: Forward) -> Option<Forward> {
    match (call.outcome, call.lacked) {
        (Outcome::Hit | Outcome::Stale, _) => None,
        (Outcome::Bypassed, _) => Some(bypass),
        (_, Lacked::Nothing) => Some(Forward::UriMiss),
        (_, Lacked::Expired) => Some(Forward::Stale),
        (_, Lacked::Unsuitable) => Some(Forward::Request),
    }
}

impl Verdict {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Hit => "HIT",
            Self::Stale => "STALE",
            Self::Miss => "MISS",
            Self::Bypass => "BYPASS",
        }
    }
}

impl Forward {
    fn word(self) -> &'static str {
        match self {
            Self::UriMiss => "uri-miss",
            Self::Stale => "stale",
            Self::Request => "request",
            Self::Bypass => "bypass",
        }
    }
}

/// The member that `Cache-Status` has for this cache.
impl Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cachefn")?;
        match self.forward {
            None => f.write_str("; hit")?,
            Some(forward) => write!(f, "; fwd={}", forward.word())?,
        }
        match (self.verdict, self.remaining) {
            (Verdict::Hit, Some(remaining)) => write!(f, "; ttl={remaining}")?,
            (Verdict::Stale, _) => f.write_str("; detail=stale")?,
            _ => {}
        }
        if self.stored {
            f.write_str("; stored")?;
        }
        if self.collapsed { f.write_str("; collapsed") } else { Ok(()) }
    }
}

/// The same with the keys, for those who debug.
pub(super) fn with_keys<'k>(status: &impl Display, keys: impl Iterator<Item = &'k str>) -> String {
    let mut text = status.to_string();
    for key in keys.filter(|key| key.bytes().all(|byte| (0x20..0x7f).contains(&byte))).take(1) {
        text.push_str("; key=\"");
        key.chars().for_each(|letter| {
            if matches!(letter, '"' | '\\') {
                text.push('\\');
            }
            let _ = text.write_char(letter);
        });
        text.push('"');
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn call(outcome: Outcome, remaining: Option<u64>, stored: bool, lacked: Lacked) -> CallReport {
        CallReport {
            function: "f".into(),
            namespace: "n".into(),
            key: "cachefn:n:f:1".into(),
            outcome,
            remaining: remaining.map(Duration::from_secs),
            elapsed: Duration::ZERO,
            stored,
            lacked,
        }
    }

    #[test]
    fn the_call_that_came_off_worst_speaks_for_all() {
        use Lacked::{Expired, Nothing, Unsuitable};
        let hit = || call(Outcome::Hit, Some(60), false, Nothing);
        let short = || call(Outcome::Hit, Some(7), false, Nothing);
        let stale = || call(Outcome::Stale, None, false, Nothing);
        let miss = || call(Outcome::Miss, None, true, Nothing);
        let lost = || call(Outcome::Miss, None, false, Nothing);
        let expired = || call(Outcome::Miss, None, true, Expired);
        let refused = || call(Outcome::Miss, None, true, Unsuitable);
        let collapsed = || call(Outcome::Collapsed, Some(9), false, Nothing);
        let passed = || call(Outcome::Bypassed, None, false, Nothing);
        let rows: [(Vec<CallReport>, &str, Option<u64>, &str); 12] = [
            (vec![hit()], "HIT", Some(60), "cachefn; hit; ttl=60"),
            (vec![hit(), short(), hit()], "HIT", Some(7), "cachefn; hit; ttl=7"),
            (vec![stale()], "STALE", Some(0), "cachefn; hit; detail=stale"),
            (vec![hit(), stale()], "STALE", Some(0), "cachefn; hit; detail=stale"),
            (vec![miss()], "MISS", None, "cachefn; fwd=uri-miss; stored"),
            (vec![lost()], "MISS", None, "cachefn; fwd=uri-miss"),
            (vec![miss(), lost()], "MISS", None, "cachefn; fwd=uri-miss"),
            (vec![short(), expired(), stale()], "MISS", Some(0), "cachefn; fwd=stale; stored"),
            (vec![expired(), refused()], "MISS", None, "cachefn; fwd=request; stored"),
            (vec![collapsed()], "MISS", Some(9), "cachefn; fwd=uri-miss; collapsed"),
            (vec![collapsed(), miss()], "MISS", Some(9), "cachefn; fwd=uri-miss; stored; collapsed"),
            (vec![passed(), miss(), hit()], "BYPASS", Some(60), "cachefn; fwd=bypass"),
        ];
        for (calls, word, remaining, status) in rows {
            let summary = Summary::of(&calls, Forward::Bypass).expect("there were calls");
            assert_eq!((summary.verdict.word(), summary.remaining), (word, remaining), "{calls:?}");
            assert_eq!(summary.to_string(), status, "{calls:?}");
        }
        assert_eq!(Summary::of(&[], Forward::Bypass), None);
    }

    #[test]
    fn a_key_is_quoted_and_left_out_where_a_header_cannot_hold_it() {
        assert_eq!(with_keys(&"cachefn", ["a\"b\\c"].into_iter()), r#"cachefn; key="a\"b\\c""#);
        assert_eq!(with_keys(&"cachefn", ["ü"].into_iter()), "cachefn");
    }
}
