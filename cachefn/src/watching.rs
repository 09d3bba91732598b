//! Who watches the calls of a thread, and what they are told.
//!
//! | who | how closely | what is kept |
//! |---|---|---|
//! | [`observe`](crate::observe()) | in detail | a report of every call |
//! | a request (feature `axum`) | counting, unless it shows keys | a tally, however many calls there are |
//!
//! It is a note of the thread that lasts for one poll. Whoever does not watch pays for a look at one flag.

use std::cell::{Cell, RefCell};
use std::thread::LocalKey;
use std::time::Duration;

use crate::observe::{CallReport, Lacked, Outcome, Report};
#[cfg(feature = "axum")]
use crate::tally::Tally;
use crate::why_unstored::WhyUnstored;

thread_local! {
    static ATTENTION: Cell<Attention> = const { Cell::new(Attention::None) };
    static REPORTS: RefCell<Vec<Report>> = const { RefCell::new(Vec::new()) };
    #[cfg(feature = "axum")]
    static TALLIES: RefCell<Vec<Tally>> = const { RefCell::new(Vec::new()) };
}

/// How closely calls are watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Attention {
    None,
    /// What they come to is counted.
    #[cfg_attr(not(feature = "axum"), expect(dead_code, reason = "only requests count"))]
    Counting,
    /// Their keys are asked for, and how long they take.
    Detail,
}

/// What is told of a call once it was told what it came to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Amendment {
    /// The value of its body was stored, and lives for so long.
    Stored(#[cfg_attr(not(feature = "axum"), expect(dead_code, reason = "only requests ask"))] Duration),
    /// There was something that did not answer.
    Lacked(Lacked),
}

/// What somebody who watches keeps.
pub(crate) trait Watcher: Default + 'static {
    /// What all of its kind keep who watch this thread, the innermost last.
    fn all() -> &'static LocalKey<RefCell<Vec<Self>>>;

    fn attention(&self) -> Attention;
}

impl Watcher for Report {
    fn all() -> &'static LocalKey<RefCell<Vec<Self>>> {
        &REPORTS
    }

    fn attention(&self) -> Attention {
        Attention::Detail
    }
}

#[cfg(feature = "axum")]
impl Watcher for Tally {
    fn all() -> &'static LocalKey<RefCell<Vec<Self>>> {
        &TALLIES
    }

    fn attention(&self) -> Attention {
        if self.shows_keys() { Attention::Detail } else { Attention::Counting }
    }
}

/// Lasts for one poll, also if it panics.
pub(crate) struct Watching<'a, W: Watcher> {
    watcher: &'a mut W,
    before: Attention,
}

impl<'a, W: Watcher> Watching<'a, W> {
    pub(crate) fn with(watcher: &'a mut W) -> Self {
        let before = ATTENTION.get();
        ATTENTION.set(before.max(watcher.attention()));
        // A thread that ends watches nothing.
        let _ = W::all().try_with(|all| all.borrow_mut().push(std::mem::take(watcher)));
        Self { watcher, before }
    }
}

impl<W: Watcher> Drop for Watching<'_, W> {
    fn drop(&mut self) {
        let _ = W::all().try_with(|all| *self.watcher = all.borrow_mut().pop().unwrap_or_default());
        ATTENTION.set(self.before);
    }
}

/// How closely the calls of this thread are watched.
#[inline]
pub(crate) fn attention() -> Attention {
    ATTENTION.get()
}

fn each<W: Watcher>(tell: impl FnMut(&mut W)) {
    let _ = W::all().try_with(|all| all.borrow_mut().iter_mut().for_each(tell));
}

/// Tells everybody what a call has come to.
pub(crate) fn tell(call: CallReport) {
    #[cfg(feature = "axum")]
    each(|tally: &mut Tally| tally.add(call.outcome, call.remaining, Some(&call.key)));
    let _ = REPORTS.try_with(|all| {
        let mut all = all.borrow_mut();
        let Some((innermost, others)) = all.split_last_mut() else { return };
        for report in others {
            report.calls.push(call.clone());
        }
        innermost.calls.push(call);
    });
}

/// The same where everybody who watches only counts.
#[cfg_attr(not(feature = "axum"), expect(unused_variables, reason = "only requests count"))]
pub(crate) fn count(outcome: Outcome, remaining: Option<Duration>) {
    #[cfg(feature = "axum")]
    each(|tally: &mut Tally| tally.add(outcome, remaining, None));
}

/// Tells everybody more of the call of `key` that has ended last.
pub(crate) fn amend(prefix: &str, key: &str, amendment: Amendment) {
    #[cfg(feature = "axum")]
    each(|tally: &mut Tally| tally.amend(amendment));
    let is_it = |call: &&mut CallReport| {
        call.key.strip_prefix(prefix).and_then(|rest| rest.strip_prefix(':')) == Some(key)
    };
    each(|report: &mut Report| {
        if let Some(call) = report.calls.iter_mut().rev().find(is_it) {
            call.amend(amendment);
        }
    });
}

/// Tells those who count how long ago the value was stored that a call is answered with.
#[cfg_attr(not(feature = "axum"), expect(unused_variables, reason = "only requests show it"))]
pub(crate) fn aged(age: Duration) {
    #[cfg(feature = "axum")]
    each(|tally: &mut Tally| tally.aged(age));
}

/// Tells requests what their clients may keep.
#[cfg(feature = "axum")]
pub(crate) fn set_client(client: &'static str) {
    each(|tally: &mut Tally| tally.set_client(client));
}

/// Whether a function has said what clients may keep.
#[cfg(feature = "axum")]
pub(crate) fn has_client() -> bool {
    let mut has = false;
    each(|tally: &mut Tally| has |= tally.client().is_some());
    has
}

/// Tells those who count why the value of the call that has just ended, or is about to, is not stored.
#[cfg_attr(not(feature = "axum"), expect(unused_variables, reason = "only requests show it"))]
pub(crate) fn unstored(why: WhyUnstored) {
    #[cfg(feature = "axum")]
    each(|tally: &mut Tally| tally.unstored(why));
}

/// Tells those who show where a call was made that a `sensitive` function is called.
#[cold]
pub(crate) fn hide() {
    #[cfg(feature = "axum")]
    each(Tally::hide);
}
