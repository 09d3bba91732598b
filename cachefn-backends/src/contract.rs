//! The suite that every backend passes.
//!
//! A contract is a sentence of behaviour and a function that tries it on a fresh backend. [`check`]
//! tries all and names those that are broken. What a backend does beyond the protocol, foreign bytes
//! or an outage for instance, is its own tests' business.

use std::time::Duration;

use crate::backend::{Absence, Acquired, Backend, Filled, Lookup};
use crate::envelope::{Draft, Ident, Span};
use crate::place::{Group, Lineage, Place, Target};

#[cfg(test)]
mod tests;

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
    let more = [Group::instances("app::get", "7")];
    Place::new(key, Lineage::new("users:7", "app::get", more))
}

fn draft(payload: &[u8]) -> Draft {
    Draft {
        ident: Ident { codec: 1, fingerprint: 2, site: 3 },
        span: Span { born: 4, fresh_until: 5, stale_until: 6, error_until: 7 },
        payload: payload.to_vec(),
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

    async fn a_filled_entry_is_found_as_it_was_stored(&self) -> Outcome {
        let place = place("k");
        ensure!(self.backend.lookup(&place).await, Ok(Lookup::Miss(Absence::Absent)));
        ensure!(self.put(&place, b"value").await?, Filled::Stored);
        let sent = draft(b"value");
        ensure!(
            self.backend.lookup(&place).await,
            Ok(Lookup::Hit(envelope)) if (envelope.ident, envelope.span, envelope.payload())
                == (sent.ident, sent.span, &sent.payload)
        );
        ensure!(self.put(&place, b"other").await?, Filled::Stored);
        ensure!(self.read(&place).await?.as_deref(), Some(b"other"));
        Ok(())
    }

    async fn an_entry_expires(&self) -> Outcome {
        let (short, long) = (place("short"), place("long"));
        self.put(&long, b"long").await?;
        let lease = self.begin(&short).await?;
        let filled = self.backend.fill(&short, lease, draft(b"short"), Duration::from_millis(50)).await;
        ensure!(filled, Ok(Filled::Stored));
        for _ in 0..500 {
            if self.read(&short).await?.is_none() {
                ensure!(self.backend.lookup(&short).await, Ok(Lookup::Miss(Absence::Absent)));
                ensure!(self.read(&long).await?.as_deref(), Some(b"long"));
                return Ok(());
            }
            (self.pass)(&self.backend, Duration::from_millis(10)).await;
        }
        Err("an entry of 50 ms is there after 5 s".into())
    }

    async fn an_invalidated_key_is_gone_and_beats_a_running_fill(&self) -> Outcome {
        self.is_beaten_by(&place("k"), Target::Key("k".into())).await
    }

    async fn an_invalidated_group_of_any_kind_beats_entry_and_running_fill(&self) -> Outcome {
        let place = place("k");
        for group in place.lineage.groups() {
            let beaten = self.is_beaten_by(&place, Target::Group(group.clone())).await;
            beaten.map_err(|found| format!("{}: {found}", group.name()))?;
        }
        Ok(())
    }

    async fn is_beaten_by(&self, place: &Place, target: Target) -> Outcome {
        ensure!(self.put(place, b"1").await?, Filled::Stored);
        let (first, second) = (self.begin(place).await?, self.begin(place).await?);
        self.strike(std::slice::from_ref(&target)).await?;
        ensure!(self.read(place).await?, None);
        self.renew_groups(place).await?;
        ensure!(self.end(place, first, b"2").await?, Filled::Refused);
        let later = self.begin(place).await?;
        ensure!(self.end(place, second, b"2").await?, Filled::Refused);
        ensure!(self.read(place).await?, None);
        ensure!(self.end(place, later, b"3").await?, Filled::Stored);
        ensure!(self.read(place).await?.as_deref(), Some(b"3"));
        self.strike(&[target]).await?;
        ensure!(self.read(place).await?, None);
        Ok(())
    }

    /// Begins a fill of another key, so that groups that lost their generation get another.
    async fn renew_groups(&self, place: &Place) -> Outcome {
        let neighbour = Place::new(&format!("{} neighbour", place.key), place.lineage.clone());
        self.begin(&neighbour).await.map(drop)
    }

    async fn invalidation_leaves_everything_else_alone(&self) -> Outcome {
        let place = place("k");
        self.put(&place, b"1").await?;
        let running = self.begin(&place).await?;
        let namespaces = ["user", "users2", "users:70", "users:7:keys", "users:", "7", "app::get", "*", "r"];
        let functions = ["app::ge", "app::get2", "users", "r", "*"];
        let groups = namespaces.map(Group::namespace).into_iter().chain(functions.map(Group::function));
        let more = [Group::instances("app::get", "70"), Group::instances("app", "get:7")];
        let keys = ["", "k2", "K", "*", "k*", "k\0", " k"].map(|key| Target::Key(key.into()));
        let targets: Vec<_> = groups.chain(more).map(Target::Group).chain(keys).collect();
        self.strike(&targets).await?;
        ensure!(self.read(&place).await?.as_deref(), Some(b"1"));
        ensure!(self.end(&place, running, b"2").await?, Filled::Stored);
        Ok(())
    }

    async fn of_two_fills_the_one_begun_later_wins(&self) -> Outcome {
        let place = place("k");
        let (early, late) = (self.begin(&place).await?, self.begin(&place).await?);
        ensure!(self.end(&place, late, b"late").await?, Filled::Stored);
        ensure!(self.end(&place, early, b"early").await?, Filled::Refused);
        ensure!(self.read(&place).await?.as_deref(), Some(b"late"));

        let (early, late) = (self.begin(&place).await?, self.begin(&place).await?);
        ensure!(self.end(&place, early, b"early").await?, Filled::Stored);
        ensure!(self.read(&place).await?.as_deref(), Some(b"early"));
        ensure!(self.end(&place, late, b"late").await?, Filled::Stored);
        ensure!(self.read(&place).await?.as_deref(), Some(b"late"));
        Ok(())
    }

    async fn a_release_tells_whether_the_value_could_have_been_stored(&self) -> Outcome {
        let place = place("k");
        self.put(&place, b"1").await?;
        for vacate in [false, true] {
            for target in [Target::Key("k".into()), Target::Group(Group::namespace("users"))] {
                let lease = self.begin(&place).await?;
                self.strike(&[target]).await?;
                self.renew_groups(&place).await?;
                ensure!(self.release(&place, lease, vacate).await?, Filled::Refused);
            }
            let (early, late) = (self.begin(&place).await?, self.begin(&place).await?);
            self.end(&place, late, b"late").await?;
            ensure!(self.release(&place, early, vacate).await?, Filled::Refused);
            ensure!(self.read(&place).await?.as_deref(), Some(b"late"));
        }
        let lease = self.begin(&place).await?;
        ensure!(self.release(&place, lease, false).await?, Filled::Stored);
        ensure!(self.read(&place).await?.as_deref(), Some(b"late"));
        Ok(())
    }

    async fn a_vacating_release_removes_what_stands_there(&self) -> Outcome {
        let place = place("k");
        self.put(&place, b"1").await?;
        let (early, late) = (self.begin(&place).await?, self.begin(&place).await?);
        ensure!(self.release(&place, late, true).await?, Filled::Stored);
        ensure!(self.read(&place).await?, None);
        ensure!(self.end(&place, early, b"early").await?, Filled::Refused);
        ensure!(self.read(&place).await?, None);
        Ok(())
    }

    async fn an_entry_stored_meanwhile_is_accepted_only_if_asked_for(&self) -> Outcome {
        let place = place("k");
        ensure!(
            self.backend.acquire(&place, true).await.is_ok_and(|got| matches!(got, Acquired::Granted(_))),
            true
        );
        self.put(&place, b"1").await?;
        match self.backend.acquire(&place, true).await {
            Ok(Acquired::Hit(envelope)) => ensure!(envelope.payload(), b"1"),
            _ => return Err("the entry that stands was not accepted".into()),
        }
        let lease = self.begin(&place).await?;
        ensure!(self.end(&place, lease, b"2").await?, Filled::Stored);
        self.strike(&[Target::Group(Group::root())]).await?;
        self.renew_groups(&place).await?;
        let struck = self.backend.acquire(&place, true).await;
        ensure!(struck.is_ok_and(|got| matches!(got, Acquired::Granted(_))), true);
        Ok(())
    }

    async fn a_fill_that_came_to_nothing_leaves_the_key_usable(&self) -> Outcome {
        let place = place("k");
        drop(self.begin(&place).await?);
        let released = self.begin(&place).await?;
        self.release(&place, released, false).await?;
        let struck = self.begin(&place).await?;
        self.strike(&[Target::Key("k".into())]).await?;
        drop(struck);
        ensure!(self.put(&place, b"1").await?, Filled::Stored);
        ensure!(self.read(&place).await?.as_deref(), Some(b"1"));
        Ok(())
    }

    async fn invalidating_twice_nothing_or_the_unknown_is_fine(&self) -> Outcome {
        let place = place("k");
        self.put(&place, b"1").await?;
        let unknown = [Target::Key("unknown".into()), Target::Group(Group::namespace("unknown"))];
        for targets in [&[], &unknown[..], &unknown[..]] {
            self.strike(targets).await?;
            ensure!(self.read(&place).await?.as_deref(), Some(b"1"));
        }
        let known = [Target::Key("k".into()), Target::Key("k".into())];
        for _ in 0..2 {
            self.strike(&known).await?;
            ensure!(self.read(&place).await?, None);
        }
        Ok(())
    }

    async fn many_targets_are_struck_at_once(&self) -> Outcome {
        let ids = (0..1_234).map(|id| format!("key{id}"));
        let targets: Vec<_> = ids.map(|id| Target::Key(id.into())).collect();
        for key in ["key0", "key499", "key500", "key1233"] {
            self.put(&place(key), b"1").await?;
        }
        self.strike(&targets).await?;
        for key in ["key0", "key499", "key500", "key1233"] {
            ensure!(self.read(&place(key)).await?, None);
        }
        Ok(())
    }

    async fn keys_of_any_characters_are_kept_apart(&self) -> Outcome {
        let keys = ["", " ", "*", "?", "[a]", "{}", "{a}b", "a:b", "a\n", "a\r\n", "\0", "ü", "%41", "A"];
        for key in keys {
            self.put(&place(key), key.as_bytes()).await?;
        }
        for (index, key) in keys.into_iter().enumerate() {
            self.strike(&[Target::Key(key.into())]).await?;
            for (other_index, other) in keys.into_iter().enumerate() {
                let expected = (other_index > index).then_some(other.as_bytes());
                ensure!(self.read(&place(other)).await?, found if found.as_deref() == expected);
            }
        }
        Ok(())
    }

    async fn a_payload_may_be_empty_or_large(&self) -> Outcome {
        for size in [0, 1, 300_000] {
            let payload = vec![b'x'; size];
            self.put(&place("k"), &payload).await?;
            ensure!(self.read(&place("k")).await?.map(|found| found == payload), Some(true));
        }
        Ok(())
    }
}
