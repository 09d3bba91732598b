use std::any::TypeId;

use super::*;
use crate::clock::Clock;
use crate::envelope::Envelope;
use crate::error::Error;
use crate::memory::Memory;

fn memory() -> Memory {
    Memory::new(1 << 22, Clock::manual())
}

#[tokio::test]
async fn memory_keeps_every_contract() {
    check(async || memory(), async |memory, time| memory.clock().advance(time)).await;
}

/// What a backend may get wrong.
#[derive(Clone, Copy, Debug)]
enum Flaw {
    StoresWhatWasInvalidated,
    IgnoresGroups,
    StrikesTooMuch,
    LetsTheLastToEndWin,
    NeverExpires,
    KeepsWhatIsVacated,
    NeverAccepts,
    AlwaysAccepts,
    TakesOnlyTheFirstTargets,
    ConfusesKeys,
    IgnoresTagsOfTheValue,
    ForgetsTagsDuringTheBody,
    RefusesForAnyTag,
    KeepsWhatIsOlder,
    ForgetsKnownTags,
}

struct Broken {
    memory: Memory,
    flaw: Flaw,
}

impl Broken {
    fn place(&self, place: &Place) -> Place {
        match self.flaw {
            Flaw::ConfusesKeys => Place { key: place.key.trim().into(), ..place.clone() },
            _ => place.clone(),
        }
    }
}

impl Backend for Broken {
    type Lease = <Memory as Backend>::Lease;

    async fn lookup(&self, place: &Place) -> Result<Lookup, Error> {
        self.memory.lookup(&self.place(place)).await
    }

    async fn acquire(&self, place: &Place, accept: bool) -> Result<Acquired<Self::Lease>, Error> {
        let accept = match self.flaw {
            Flaw::NeverAccepts => false,
            Flaw::AlwaysAccepts => true,
            _ => accept,
        };
        self.memory.acquire(&self.place(place), accept).await
    }

    async fn fill(
        &self,
        place: &Place,
        lease: Self::Lease,
        draft: Draft,
        life: Duration,
    ) -> Result<Filled, Error> {
        let place = &self.place(place);
        let life = if matches!(self.flaw, Flaw::NeverExpires) { LIFE } else { life };
        let lease = match self.flaw {
            Flaw::StoresWhatWasInvalidated => self.memory.begin(place),
            Flaw::ForgetsTagsDuringTheBody if !draft.tags.is_empty() => self.memory.begin(place),
            Flaw::ForgetsKnownTags if !place.tags.is_empty() => self.memory.begin(place),
            Flaw::LetsTheLastToEndWin
                if self.memory.lookup(place).await.is_ok_and(|it| matches!(it, Lookup::Hit(_))) =>
            {
                self.memory.begin(place)
            }
            _ => lease,
        };
        let draft = match self.flaw {
            Flaw::IgnoresTagsOfTheValue => Draft { tags: Vec::new(), ..draft },
            _ => draft,
        };
        let older = self.memory.get(&place.key, TypeId::of::<Envelope>()).ok();
        let filled = self.memory.fill(place, lease, draft, life).await?;
        if let (Filled::Refused, Flaw::KeepsWhatIsOlder, Some(older)) = (filled, self.flaw, older) {
            self.memory.begin(place).store(older);
        }
        Ok(filled)
    }

    async fn release(&self, place: &Place, lease: Self::Lease, vacate: bool) -> Result<Filled, Error> {
        let vacate = vacate && !matches!(self.flaw, Flaw::KeepsWhatIsVacated);
        self.memory.release(&self.place(place), lease, vacate).await
    }

    async fn invalidate(&self, targets: &[Target]) -> Result<(), Error> {
        for target in
            targets.iter().take(if matches!(self.flaw, Flaw::TakesOnlyTheFirstTargets) { 500 } else { 9_999 })
        {
            match (self.flaw, target) {
                (Flaw::IgnoresGroups, Target::Group(_)) => {}
                (Flaw::RefusesForAnyTag, Target::Group(group)) if group.is_tag() => {
                    for tag in ["org:7", "org:8"] {
                        self.memory.invalidate(&Target::Group(Group::tag(tag)));
                    }
                }
                (Flaw::StrikesTooMuch, Target::Group(_)) => {
                    self.memory.invalidate(&Target::Group(Group::root()));
                }
                (Flaw::ConfusesKeys, Target::Key(key)) => {
                    self.memory.invalidate(&Target::Key(key.trim().into()));
                }
                _ => self.memory.invalidate(target),
            }
        }
        Ok(())
    }
}

#[tokio::test]
async fn every_flaw_breaks_the_contract_it_should() {
    let flaws = [
        (Flaw::StoresWhatWasInvalidated, "an_invalidated_key_is_gone_and_beats_a_running_fill"),
        (Flaw::IgnoresGroups, "an_invalidated_group_of_any_kind_beats_entry_and_running_fill"),
        (Flaw::StrikesTooMuch, "invalidation_leaves_everything_else_alone"),
        (Flaw::LetsTheLastToEndWin, "of_two_fills_the_one_begun_later_wins"),
        (Flaw::NeverExpires, "an_entry_expires"),
        (Flaw::KeepsWhatIsVacated, "a_vacating_release_removes_what_stands_there"),
        (Flaw::NeverAccepts, "an_entry_stored_meanwhile_is_accepted_only_if_asked_for"),
        (Flaw::AlwaysAccepts, "an_entry_stored_meanwhile_is_accepted_only_if_asked_for"),
        (Flaw::TakesOnlyTheFirstTargets, "many_targets_are_struck_at_once"),
        (Flaw::ConfusesKeys, "keys_of_any_characters_are_kept_apart"),
        (Flaw::IgnoresTagsOfTheValue, "an_invalidated_tag_of_the_value_ends_every_entry_that_has_it"),
        (Flaw::ForgetsTagsDuringTheBody, "a_tag_struck_during_the_body_refuses_the_fill"),
        (Flaw::ForgetsTagsDuringTheBody, "what_an_open_place_hangs_on_beats_its_fill"),
        (Flaw::StrikesTooMuch, "a_tag_that_the_value_does_not_have_leaves_its_fill_alone"),
        (Flaw::RefusesForAnyTag, "however_many_other_tags_are_struck_the_fill_is_refused_for_its_own_only"),
        (Flaw::ForgetsTagsDuringTheBody, "more_tags_than_a_backend_remembers_lose_no_strike"),
        (
            Flaw::KeepsWhatIsOlder,
            "a_fill_that_is_refused_for_its_tag_leaves_nothing_older_and_nothing_newer_goes",
        ),
        (Flaw::ForgetsKnownTags, "tags_that_are_known_before_are_captured_with_the_place"),
    ];
    for (flaw, contract) in flaws {
        let make = async || Broken { memory: memory(), flaw };
        let breaches = breaches(make, async |broken, time| broken.memory.clock().advance(time)).await;
        assert!(breaches.iter().any(|breach| breach.contract == contract), "{flaw:?}: {breaches:#?}");
    }
}

#[tokio::test]
#[should_panic(expected = "an_invalidated_key_is_gone_and_beats_a_running_fill")]
async fn a_broken_backend_fails_the_check_by_name() {
    let make = async || Broken { memory: memory(), flaw: Flaw::StoresWhatWasInvalidated };
    check(make, async |_, _| {}).await;
}
