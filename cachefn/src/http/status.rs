//! What the headers say the cache did: `X-Cache`, `X-Cache-TTL-Remaining`, and `Cache-Status` (RFC 9211).
//!
//! A request with several cached calls has one answer: that of the call that came off worst, in the order of
//! [`Verdict`]. The remaining life is the least.

use super::line::Line;
use crate::observe::{Lacked, Outcome};
use crate::tally::Tally;
use crate::why_unstored::WhyUnstored;

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
    /// Why something was not stored.
    unstored: Option<WhyUnstored>,
}

impl Summary {
    /// None where there was no call. `bypass` is why calls have bypassed the cache, where some have.
    pub(super) fn of(tally: &Tally, bypass: Forward) -> Option<Self> {
        let some = |outcome| tally.count(outcome) > 0;
        let missed = some(Outcome::Miss) || some(Outcome::Collapsed);
        let (verdict, forward) = if some(Outcome::Bypassed) {
            (Verdict::Bypass, Some(bypass))
        } else if missed {
            (Verdict::Miss, Some(forward(tally.lacked())))
        } else if some(Outcome::Stale) {
            (Verdict::Stale, None)
        } else if some(Outcome::Hit) {
            (Verdict::Hit, None)
        } else {
            return None;
        };
        Some(Self {
            verdict,
            remaining: tally.remaining().map(|remaining| remaining.as_secs()),
            forward,
            stored: tally.has_stored_all(),
            collapsed: some(Outcome::Collapsed),
            unstored: tally.why_unstored(),
        })
    }
}

fn forward(lacked: Lacked) -> Forward {
    match lacked {
        Lacked::Nothing => Forward::UriMiss,
        Lacked::Expired => Forward::Stale,
        Lacked::Unsuitable => Forward::Request,
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

impl Summary {
    /// Whether nothing was made anew.
    pub(super) fn is_answered(self) -> bool {
        self.forward.is_none()
    }

    /// The member that `Cache-Status` has for this cache, with the first of the keys that a header can hold.
    pub(super) fn line(&self, keys: &[String]) -> Line {
        let mut line = Line::default();
        match self.forward {
            None => line.text("cachefn; hit"),
            Some(forward) => line.text("cachefn; fwd=").text(forward.word()),
        };
        match (self.verdict, self.remaining) {
            (Verdict::Hit, Some(remaining)) => line.text("; ttl=").number(remaining),
            (Verdict::Stale, _) => line.text("; detail=stale"),
            _ => &mut line,
        };
        if self.stored {
            line.text("; stored");
        } else if let Some(why) = self.unstored.filter(|_| self.forward.is_some()) {
            line.text("; detail=").text(why.token());
        }
        if self.collapsed {
            line.text("; collapsed");
        }
        let shown = |key: &&String| key.bytes().all(|byte| (0x20..0x7f).contains(&byte));
        if let Some(key) = keys.iter().find(shown) {
            line.text("; key=").quoted(key);
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::watching::Amendment;

    /// What a call comes to, with what is left of what answered, whether its value was stored, and what had not answered.
    type Call = (Outcome, Option<u64>, bool, Lacked);

    fn tally(calls: &[Call]) -> Tally {
        let mut tally = Tally::default();
        for (outcome, remaining, stored, lacked) in calls {
            tally.add(*outcome, remaining.map(Duration::from_secs), None);
            tally.amend(Amendment::Lacked(*lacked));
            if *stored {
                tally.amend(Amendment::Stored(Duration::from_secs(60)));
            }
        }
        tally
    }

    #[test]
    fn the_call_that_came_off_worst_speaks_for_all() {
        use Lacked::{Expired, Nothing, Unsuitable};
        let hit = (Outcome::Hit, Some(60), false, Nothing);
        let short = (Outcome::Hit, Some(7), false, Nothing);
        let stale = (Outcome::Stale, None, false, Nothing);
        let miss = (Outcome::Miss, None, true, Nothing);
        let lost = (Outcome::Miss, None, false, Nothing);
        let expired = (Outcome::Miss, None, true, Expired);
        let refused = (Outcome::Miss, None, true, Unsuitable);
        let collapsed = (Outcome::Collapsed, Some(9), false, Nothing);
        let passed = (Outcome::Bypassed, None, false, Nothing);
        let rows: [(&[Call], &str, Option<u64>, &str); 12] = [
            (&[hit], "HIT", Some(60), "cachefn; hit; ttl=60"),
            (&[hit, short, hit], "HIT", Some(7), "cachefn; hit; ttl=7"),
            (&[stale], "STALE", Some(0), "cachefn; hit; detail=stale"),
            (&[hit, stale], "STALE", Some(0), "cachefn; hit; detail=stale"),
            (&[miss], "MISS", None, "cachefn; fwd=uri-miss; stored"),
            (&[lost], "MISS", None, "cachefn; fwd=uri-miss"),
            (&[miss, lost], "MISS", None, "cachefn; fwd=uri-miss"),
            (&[short, expired, stale], "MISS", Some(0), "cachefn; fwd=stale; stored"),
            (&[expired, refused], "MISS", None, "cachefn; fwd=request; stored"),
            (&[collapsed], "MISS", Some(9), "cachefn; fwd=uri-miss; collapsed"),
            (&[collapsed, miss], "MISS", Some(9), "cachefn; fwd=uri-miss; stored; collapsed"),
            (&[passed, miss, hit], "BYPASS", Some(60), "cachefn; fwd=bypass"),
        ];
        for (calls, word, remaining, status) in rows {
            let summary = Summary::of(&tally(calls), Forward::Bypass).expect("there were calls");
            assert_eq!((summary.verdict.word(), summary.remaining), (word, remaining), "{calls:?}");
            assert_eq!(summary.line(&[]).value().unwrap(), status, "{calls:?}");
        }
        assert_eq!(Summary::of(&Tally::default(), Forward::Bypass), None);
    }

    #[test]
    fn a_key_is_quoted_and_left_out_where_a_header_cannot_hold_it() {
        let summary =
            Summary::of(&tally(&[(Outcome::Hit, Some(1), false, Lacked::Nothing)]), Forward::Bypass);
        let line = |keys: [&str; 2]| summary.unwrap().line(&keys.map(str::to_owned)).value().unwrap();
        assert_eq!(line(["a\"b", "c"]), r#"cachefn; hit; ttl=1; key="a\"b""#);
        assert_eq!(line(["ü", "c"]), r#"cachefn; hit; ttl=1; key="c""#);
        assert_eq!(line(["ü", "\n"]), "cachefn; hit; ttl=1");
    }
}
