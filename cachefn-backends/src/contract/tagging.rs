//! Contracts of tags that are known only when there is a value.

use std::time::Duration;

use super::{LIFE, Outcome, Subject, draft, place};
use crate::backend::{Backend, Filled};
use crate::envelope::Draft;
use crate::place::{Group, Place, Target};

impl<B: Backend, P: AsyncFn(&B, Duration)> Subject<'_, B, P> {
    pub(super) async fn an_invalidated_tag_of_the_value_ends_every_entry_that_has_it(&self) -> Outcome {
        let (seven, eight) = two_tags();
        let [a, b, c, none] = ["a", "b", "c", "none"].map(|key| place(key).open());
        ensure!(self.put_tagged(&a, b"a", &[&seven]).await?, Filled::Stored);
        ensure!(self.put_tagged(&b, b"b", &[&eight, &seven]).await?, Filled::Stored);
        ensure!(self.put_tagged(&c, b"c", &[&eight]).await?, Filled::Stored);
        ensure!(self.put_tagged(&none, b"none", &[]).await?, Filled::Stored);
        ensure!(self.read(&b).await?.as_deref(), Some(b"b"));
        self.strike(&[Target::Group(seven.clone())]).await?;
        ensure!(self.read(&a).await?, None);
        ensure!(self.read(&b).await?, None);
        ensure!(self.read(&c).await?.as_deref(), Some(b"c"));
        ensure!(self.read(&none).await?.as_deref(), Some(b"none"));

        ensure!(self.put_tagged(&a, b"again", &[&seven]).await?, Filled::Stored);
        ensure!(self.read(&a).await?.as_deref(), Some(b"again"));
        self.strike(&[Target::Key("a".into())]).await?;
        ensure!(self.read(&a).await?, None);
        Ok(())
    }

    pub(super) async fn a_tag_struck_during_the_body_refuses_the_fill(&self) -> Outcome {
        let (known, new) = two_tags();
        self.put_tagged(&place("other").open(), b"other", &[&known]).await?;
        for tag in [&known, &new] {
            let place = place("k").open();
            let lease = self.begin(&place).await?;
            self.strike(&[Target::Group(tag.clone())]).await?;
            ensure!(self.end_tagged(&place, lease, b"stale", &[tag]).await?, Filled::Refused);
            ensure!(self.read(&place).await?, None);
        }
        Ok(())
    }

    pub(super) async fn a_tag_that_the_value_does_not_have_leaves_its_fill_alone(&self) -> Outcome {
        let (seven, eight) = two_tags();
        let place = place("k").open();
        let lease = self.begin(&place).await?;
        self.strike(&[Target::Group(eight)]).await?;
        ensure!(self.end_tagged(&place, lease, b"value", &[&seven]).await?, Filled::Stored);
        ensure!(self.read(&place).await?.as_deref(), Some(b"value"));
        Ok(())
    }

    pub(super) async fn however_many_other_tags_are_struck_the_fill_is_refused_for_its_own_only(
        &self,
    ) -> Outcome {
        let place = place("k").open();
        let [seven, eight] = ["org:7", "org:8"].map(Group::tag);
        let lease = self.begin(&place).await?;
        for number in 0..250 {
            self.strike(&[Target::Group(Group::tag(&format!("user:{number}")))]).await?;
        }
        ensure!(self.end_tagged(&place, lease, b"value", &[&seven, &eight]).await?, Filled::Stored);
        ensure!(self.read(&place).await?.as_deref(), Some(b"value"));
        // First, last and in the midst of what is struck together, and alone.
        let others = |count: usize| (0..count).map(|number| Group::tag(&format!("user:{number}")));
        for (before, after) in [(0, 40), (40, 0), (20, 20), (0, 0)] {
            let lease = self.begin(&place).await?;
            let groups = others(before).chain([eight.clone()]).chain(others(after));
            self.strike(&groups.map(Target::Group).collect::<Vec<_>>()).await?;
            ensure!(self.end_tagged(&place, lease, b"stale", &[&seven, &eight]).await?, Filled::Refused);
            ensure!(self.read(&place).await?, None);
        }
        Ok(())
    }

    pub(super) async fn more_tags_than_a_backend_remembers_lose_no_strike(&self) -> Outcome {
        let (seven, place) = (Group::tag("org:7"), place("k").open());
        for together in [100, 2_500] {
            let (first, second) = (self.begin(&place).await?, self.begin(&place).await?);
            self.strike(&[Target::Group(seven.clone())]).await?;
            for batch in 0..5_000 / together {
                let other = |number| Target::Group(Group::tag(&format!("{batch}:{number}")));
                self.strike(&(0..together).map(other).collect::<Vec<_>>()).await?;
                if batch == 0 {
                    // Whoever begins meanwhile may have to make room.
                    drop(self.begin(&place).await?);
                }
            }
            ensure!(self.end_tagged(&place, first, b"stale", &[&seven]).await?, Filled::Refused);
            let lease = self.begin(&place).await?;
            ensure!(self.end_tagged(&place, second, b"stale", &[&seven]).await?, Filled::Refused);
            ensure!(self.read(&place).await?, None);
            ensure!(self.end_tagged(&place, lease, b"value", &[&seven]).await?, Filled::Stored);
            ensure!(self.read(&place).await?.as_deref(), Some(b"value"));
        }
        Ok(())
    }

    pub(super) async fn a_fill_that_is_refused_for_its_tag_leaves_nothing_older_and_nothing_newer_goes(
        &self,
    ) -> Outcome {
        let (place, tag) = (place("k").open(), Group::tag("org:7"));
        let known = Place { open: false, ..place.clone() }.tagged([tag.clone()]);
        for refreshed in [&place, &known] {
            self.put(&place, b"older").await?;
            let lease = self.begin(refreshed).await?;
            self.strike(&[Target::Group(tag.clone())]).await?;
            ensure!(self.end_tagged(refreshed, lease, b"stale", &[&tag]).await?, Filled::Refused);
            ensure!(self.read(&place).await?, None);

            let (early, late) = (self.begin(refreshed).await?, self.begin(&place).await?);
            self.strike(&[Target::Group(tag.clone())]).await?;
            ensure!(self.end(&place, late, b"newer").await?, Filled::Stored);
            ensure!(
                self.end_tagged(refreshed, early, b"stale", &[&tag]).await?,
                Filled::Refused | Filled::Superseded
            );
            ensure!(self.read(&place).await?.as_deref(), Some(b"newer"));
        }
        Ok(())
    }

    pub(super) async fn tags_that_are_known_before_are_captured_with_the_place(&self) -> Outcome {
        let [seven, eight, other] = ["org:7", "org:8", "org:9"].map(Group::tag);
        let (plain, known) = (place("k"), place("k").tagged([seven.clone(), eight.clone()]));
        let tags = [&seven, &eight];
        let lease = self.begin(&known).await?;
        self.strike(&[Target::Group(other)]).await?;
        ensure!(self.end_tagged(&known, lease, b"1", &tags).await?, Filled::Stored);
        // Who reads does not know them.
        ensure!(self.read(&plain).await?.as_deref(), Some(b"1"));
        // Fills of one key are of one order, whatever is known of their tags.
        let (early, open, late) =
            (self.begin(&known).await?, self.begin(&place("k").open()).await?, self.begin(&known).await?);
        ensure!(self.end_tagged(&known, early, b"2", &tags).await?, Filled::Stored);
        ensure!(self.end_tagged(&place("k").open(), open, b"3", &[]).await?, Filled::Stored);
        ensure!(self.end_tagged(&known, late, b"4", &tags).await?, Filled::Stored);
        ensure!(self.read(&plain).await?.as_deref(), Some(b"4"));
        for struck in tags {
            let lease = self.begin(&known).await?;
            self.strike(&[Target::Group(struck.clone())]).await?;
            ensure!(self.end_tagged(&known, lease, b"stale", &tags).await?, Filled::Refused);
            ensure!(self.read(&plain).await?, None);
            ensure!(self.put_tagged(&known, b"5", &tags).await?, Filled::Stored);
            ensure!(self.read(&plain).await?.as_deref(), Some(b"5"));
        }
        Ok(())
    }

    pub(super) async fn what_an_open_place_hangs_on_beats_its_fill(&self) -> Outcome {
        let place = place("k").open();
        for target in [Target::Key("k".into()), Target::Group(Group::namespace("users"))] {
            let lease = self.begin(&place).await?;
            self.strike(&[target]).await?;
            ensure!(
                self.end_tagged(&place, lease, b"stale", &[&Group::tag("org:7")]).await?,
                Filled::Refused
            );
        }
        let (early, late) = (self.begin(&place).await?, self.begin(&place).await?);
        ensure!(self.end_tagged(&place, late, b"late", &[&Group::tag("a")]).await?, Filled::Stored);
        ensure!(
            self.end_tagged(&place, early, b"early", &[&Group::tag("b")]).await?,
            Filled::Refused | Filled::Superseded
        );
        ensure!(self.read(&place).await?.as_deref(), Some(b"late"));
        Ok(())
    }

    async fn put_tagged(&self, place: &Place, payload: &[u8], tags: &[&Group]) -> Result<Filled, String> {
        let lease = self.begin(place).await?;
        self.end_tagged(place, lease, payload, tags).await
    }

    async fn end_tagged(
        &self,
        place: &Place,
        lease: B::Lease,
        payload: &[u8],
        tags: &[&Group],
    ) -> Result<Filled, String> {
        let tags = tags.iter().copied().cloned().collect();
        let draft = Draft { tags, ..draft(payload) };
        self.backend.fill(place, lease, draft, LIFE).await.map_err(|error| format!("fill: {error}"))
    }
}

fn two_tags() -> (Group, Group) {
    (Group::tag("org:7"), Group::tag("org:8"))
}
