//! What `#[invalidates]` does: targets are named before the body, which may move the arguments, and struck after it.
//!
//! The companions name them: while a [`Plan`] is made, they strike nothing and return what they would have struck. That
//! happens inside one function call, so a note of the thread is enough.
//!
//! ```text
//! body          strikes
//! not begun     no
//! Ok, or any    yes, in the poll in which it returned
//! Err           no
//! dropped       yes, once it is gone: nobody knows how far it came, and a miss too many is no harm
//! panicked      likewise
//! ```

use std::cell::RefCell;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use cachefn_backends::clock::Clock;
use cachefn_backends::place::{Group, Target};
use pin_project_lite::pin_project;

use crate::event;
use crate::invalidate::{Invalidation, in_use, invalidate_namespace, invalidate_tag};
use crate::key::{Covered, KeyError, KeyWriter};
use crate::log_limit::{LogLimits, Reason};
use crate::shape::{Kind, Split};
use crate::verdict::Verdict;

thread_local! {
    static NOTED: RefCell<Option<Plan>> = const { RefCell::new(None) };
}

/// What is to be struck. Nothing, where nothing is cached.
#[derive(Debug, Default)]
pub struct Plan {
    targets: Vec<Target>,
    /// What logs call them.
    names: Vec<Box<str>>,
    /// Nothing was cached when it was made, so nothing is named.
    blind: bool,
}

/// Whether companions are to name what they would strike.
pub(crate) fn is_planning() -> bool {
    // In a thread that ends nothing is planned.
    NOTED.try_with(|noted| noted.borrow().is_some()).unwrap_or(false)
}

/// Names what is to be struck. While caching is off nothing is asked.
pub fn plan(name: impl FnOnce()) -> Plan {
    /// Gives back what an outer plan has noted, also if an argument panics.
    struct Outer(Option<Plan>);

    impl Drop for Outer {
        fn drop(&mut self) {
            NOTED.set(self.0.take());
        }
    }

    if in_use().is_none() {
        return Plan { blind: true, ..Plan::default() };
    }
    let outer = Outer(NOTED.replace(Some(Plan::default())));
    name();
    let noted = NOTED.take().unwrap_or_default();
    drop(outer);
    noted
}

/// `f(arguments)` and `f(*)`, by the companion. What was invalidated while the arguments were made is not named here,
/// and so is struck.
pub fn named(invalidation: Invalidation) {
    if let Some(mut named) = invalidation.into_named() {
        note(std::mem::take(&mut named.targets), std::mem::take(&mut named.name));
    }
}

fn note(targets: Vec<Target>, name: Box<str>) {
    NOTED.with_borrow_mut(|noted| {
        if let Some(plan) = noted {
            plan.targets.extend(targets);
            plan.names.push(name);
        }
    });
}

/// Says that a group cannot be named, for all writers of the process together.
fn not_written(what: &str, why: &KeyError) {
    static LIMITS: LogLimits = LogLimits::new();
    if let Some(left_out) = LIMITS.permit(Reason::Key, Clock::system().now()) {
        event::no_key(what, why, left_out);
    }
}

/// `tag("…")`
pub fn tag(write: impl FnOnce(&mut KeyWriter)) {
    let mut writer = KeyWriter::raw();
    write(&mut writer);
    match writer.into_text() {
        Ok(tag) => named(invalidate_tag(&tag)),
        Err(error) => not_written("tag", &error),
    }
}

/// `namespace("…")`
pub fn namespace(write: impl FnOnce(&mut KeyWriter)) {
    let mut writer = KeyWriter::new();
    write(&mut writer);
    match writer.into_names() {
        Ok(names) => {
            let name = names[0].as_str().into();
            note(Covered::by_written(names).targets(), name);
        }
        Err(error) => not_written("namespace", &error),
    }
}

/// `namespace(…)` of text that the program has at hand.
pub fn namespace_of(namespace: impl AsRef<str>) {
    named(invalidate_namespace(namespace.as_ref()));
}

/// `tag(…)` of text that the program has at hand.
pub fn tag_of(tag: impl AsRef<str>) {
    named(invalidate_tag(tag.as_ref()));
}

impl Plan {
    fn strike(self) -> Invalidation {
        let Some(cache) = in_use() else { return Invalidation::off() };
        if self.blind {
            // Caching began while the writer was under way: what it would have named may have been read meanwhile.
            return Invalidation::strike(&cache, &[Target::Group(Group::root())]);
        }
        if self.targets.is_empty() {
            return Invalidation::off();
        }
        for name in &self.names {
            event::invalidates(&cache.prefix, name);
        }
        Invalidation::strike(&cache, &self.targets)
    }
}

/// A plan with a body that may or may not come to its end.
#[derive(Debug)]
struct Pending {
    plan: Plan,
    begun: bool,
}

impl Pending {
    /// The body has come to its end.
    fn settle(&mut self) -> Plan {
        std::mem::take(&mut self.plan)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if self.begun {
            drop(self.settle().strike());
        }
    }
}

/// What the writer returned can wait for Redis's answer.
#[derive(Debug)]
pub struct Waits<K>(PhantomData<K>);

/// It cannot: holding it would make the writer's future one that does not move between threads.
#[derive(Debug)]
pub struct Leaves<K>(PhantomData<K>);

/// The lookup that finds [`Waits`].
pub trait Waiting {
    /// How the writer ends.
    type End;

    /// How the writer ends.
    fn cachefn_end(&self) -> Self::End;
}

/// The lookup that finds [`Leaves`].
pub trait Leaving {
    /// How the writer ends.
    type End;

    /// How the writer ends.
    fn cachefn_end(&self) -> Self::End;
}

impl<K: Kind<Stored: Send>> Waiting for &Verdict<K> {
    type End = Waits<K>;

    fn cachefn_end(&self) -> Waits<K> {
        Waits(PhantomData)
    }
}

impl<K: Kind> Leaving for Verdict<K> {
    type End = Leaves<K>;

    fn cachefn_end(&self) -> Leaves<K> {
        Leaves(PhantomData)
    }
}

/// The end of a writer.
pub trait End {
    /// What it returns.
    type Kind: Kind;
    /// What is held meanwhile.
    type Held;

    /// Holds what was returned, or returns it at once.
    fn hold(returned: <Self::Kind as Kind>::Stored) -> Result<Self::Held, <Self::Kind as Kind>::Output>;

    /// What is returned in the end.
    fn release(held: Self::Held) -> <Self::Kind as Kind>::Output;
}

impl<K: Kind> End for Waits<K> {
    type Kind = K;
    type Held = K::Stored;

    fn hold(returned: K::Stored) -> Result<K::Stored, K::Output> {
        Ok(returned)
    }

    fn release(held: K::Stored) -> K::Output {
        K::restore(held)
    }
}

impl<K: Kind> End for Leaves<K> {
    type Kind = K;
    type Held = std::convert::Infallible;

    fn hold(returned: K::Stored) -> Result<Self::Held, K::Output> {
        Err(K::restore(returned))
    }

    fn release(held: Self::Held) -> K::Output {
        match held {}
    }
}

pin_project! {
    /// A writer: its body, and then what it invalidates.
    #[must_use = "futures do nothing unless polled"]
    pub struct Writing<E: End, F> {
        struck: Option<(Invalidation, E::Held)>,
        #[pin]
        body: F,
        // Behind the body, to be dropped after it.
        pending: Pending,
    }
}

/// Runs a writer's body, and strikes after it, in the same poll, unless it failed.
pub fn writing<E: End, F: Future<Output = <E::Kind as Kind>::Output>>(
    plan: Plan,
    _: E,
    body: F,
) -> Writing<E, F> {
    Writing { struck: None, body, pending: Pending { plan, begun: false } }
}

impl<E: End, F: Future<Output = <E::Kind as Kind>::Output>> Future for Writing<E, F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        if this.struck.is_none() {
            this.pending.begun = true;
            let output = ready!(this.body.poll(cx));
            let plan = this.pending.settle();
            let returned = match E::Kind::split(output) {
                Split::Failure(failure) => return Poll::Ready(failure),
                Split::Value(returned) | Split::Nothing(returned) => E::hold(returned),
                Split::Hidden(output) | Split::Passing(output) | Split::Unrelated(output) => Err(output),
            };
            let invalidation = plan.strike();
            match returned {
                Ok(held) => *this.struck = Some((invalidation, held)),
                Err(output) => return Poll::Ready(output),
            }
        }
        if let Some((invalidation, _)) = this.struck {
            ready!(Pin::new(invalidation).poll(cx));
        }
        match this.struck.take() {
            Some((_, held)) => Poll::Ready(E::release(held)),
            None => unreachable!("it was put there by this very function"),
        }
    }
}
