//! The suite that every backend passes.
//!
//! A contract is a sentence of behaviour and a function that tries it on a fresh backend. [`check`]
//! tries all and names those that are broken. What a backend does beyond the protocol, foreign bytes
//! or an outage for instance, is its own tests' business.

use std::time::Duration;

use crate::backend::{Acquired, Backend, Filled, Lookup};
use crate::envelope::{Draft, Ident, Packing, Span};
use crate::place::{Group, Lineage, Place, Target};

/// A contract that is broken: its name and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// The name of the contract.
    pub contract: &'static str,
    /// What was found instead.
    pub found: String,
}

type Outcome = Result<(), String>;

const LIFE: Duration = Duration::from_secs(600);

macro_rules! ensure {
    ($found:expr, $pattern:pat $(if $guard:expr)?) => {
        match $found {
            $pattern $(if $guard)? => {}
            other => {
                let expected = stringify!($pattern $(if $guard)?);
                return Err(format!("line {}: expected {expected}, found {other:?}", line!()));
            }
        }
    };
}

mod invalidating;
mod storing;
mod tagging;
#[cfg(all(test, not(cachefn_model)))]
mod tests;

macro_rules! contracts {
    ($($name:ident),* $(,)?) => {
        /// The names of all contracts.
        pub const CONTRACTS: &[&str] = &[$(stringify!($name)),*];

        /// Tries every contract on a backend of its own. `make` gives a backend that is empty; `pass`
        /// lets time go by for it.
        pub async fn breaches<B: Backend>(
            make: impl AsyncFn() -> B,
            pass: impl AsyncFn(&B, Duration),
        ) -> Vec<Breach> {
            let mut breaches = Vec::new();
            $(
                let subject = Subject { backend: make().await, pass: &pass };
                if let Err(found) = subject.$name().await {
                    breaches.push(Breach { contract: stringify!($name), found });
                }
            )*
            breaches
        }
    };
}

contracts! {
    a_filled_entry_is_found_as_it_was_stored,
    an_entry_expires,
    an_invalidated_key_is_gone_and_beats_a_running_fill,
    an_invalidated_group_of_any_kind_beats_entry_and_running_fill,
    invalidation_leaves_everything_else_alone,
    of_two_fills_the_one_begun_later_wins,
    a_release_tells_whether_the_value_could_have_been_stored,
    a_vacating_release_removes_what_stands_there,
    an_entry_stored_meanwhile_is_accepted_only_if_asked_for,
    a_fill_that_came_to_nothing_leaves_the_key_usable,
    invalidating_twice_nothing_or_the_unknown_is_fine,
    many_targets_are_struck_at_once,
    keys_of_any_characters_are_kept_apart,
    a_payload_may_be_empty_or_large,
    an_invalidated_tag_of_the_value_ends_every_entry_that_has_it,
    a_tag_struck_during_the_body_refuses_the_fill,
    a_tag_that_the_value_does_not_have_leaves_its_fill_alone,
    however_many_other_tags_are_struck_the_fill_is_refused_for_its_own_only,
    more_tags_than_a_backend_remembers_lose_no_strike,
    a_fill_that_is_refused_for_its_tag_leaves_nothing_older_and_nothing_newer_goes,
    tags_that_are_known_before_are_captured_with_the_place,
    what_an_open_place_hangs_on_beats_its_fill,
}

/// Tries every contract.
///
/// # Panics
///
/// If one is broken; the message names all that are.
pub async fn check<B: Backend>(make: impl AsyncFn() -> B, pass: impl AsyncFn(&B, Duration)) {
    let breaches = breaches(make, pass).await;
    assert!(breaches.is_empty(), "broken contracts: {breaches:#?}");
}

struct Subject<'a, B, P> {
    backend: B,
    pass: &'a P,
}

fn place(key: &str) -> Place {
    let more = [Group::instances("users:7:get:7")];
    Place::new(key, Lineage::new("users:7", "app::get", more))
}

fn draft(payload: &[u8]) -> Draft {
    Draft {
        ident: Ident { codec: 1, fingerprint: 2, site: 3 },
        span: Span { born: 4, fresh_until: 5, stale_until: 6, error_until: 7 },
        packing: Packing::Plain,
        payload: payload.to_vec(),
        tags: Vec::new(),
    }
}

impl<B: Backend, P: AsyncFn(&B, Duration)> Subject<'_, B, P> {
    async fn read(&self, place: &Place) -> Result<Option<Vec<u8>>, String> {
        match self.backend.lookup(place).await {
            Ok(Lookup::Hit(envelope)) => Ok(Some(envelope.payload().to_vec())),
            Ok(Lookup::Miss(_)) => Ok(None),
            Err(error) => Err(format!("lookup: {error}")),
        }
    }

    async fn begin(&self, place: &Place) -> Result<B::Lease, String> {
        match self.backend.acquire(place, false).await {
            Ok(Acquired::Granted(lease)) => Ok(lease),
            Ok(Acquired::Hit(_)) => Err("acquire accepted an entry unasked".into()),
            Ok(Acquired::Held(_)) => Err("acquire refused a fill that need not be alone".into()),
            Err(error) => Err(format!("acquire: {error}")),
        }
    }

    async fn end(&self, place: &Place, lease: B::Lease, payload: &[u8]) -> Result<Filled, String> {
        let filled = self.backend.fill(place, lease, draft(payload), LIFE).await;
        filled.map_err(|error| format!("fill: {error}"))
    }

    async fn put(&self, place: &Place, payload: &[u8]) -> Result<Filled, String> {
        let lease = self.begin(place).await?;
        self.end(place, lease, payload).await
    }

    async fn release(&self, place: &Place, lease: B::Lease, vacate: bool) -> Result<Filled, String> {
        self.backend.release(place, lease, vacate).await.map_err(|error| format!("release: {error}"))
    }

    async fn strike(&self, targets: &[Target]) -> Outcome {
        self.backend.invalidate(targets).await.map_err(|error| format!("invalidate: {error}"))
    }
}
