//! Contracts of tags that are known only when there is a value.

use std::time::Duration;

use super::{LIFE, Outcome, Subject, draft, place};
use crate::backend::{Backend, Filled};
use crate::envelope::Draft;
use crate::place::{Group, Place, Target};

impl<B: Backend, P: AsyncFn(&B, Duration)> Subject<'_, B, P> {
    pub(super) async fn an_invalidated_tag_of_the_value_ends_every_entry_that_has_it(&self) -> Outcome {
        let (seven, eight) = tags_apart();
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
        let (known, new) = tags_apart();
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
        let (seven, eight) = tags_apart();
        let place = place("k").open();
        let lease = self.begin(&place).await?;
        self.strike(&[Target::Group(eight)]).await?;
        ensure!(self.end_tagged(&place, lease, b"value", &[&seven]).await?, Filled::Stored);
        ensure!(self.read(&place).await?.as_deref(), Some(b"value"));
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

/// Two tags that a backend may tell apart before it knows them.
fn tags_apart() -> (Group, Group) {
    let first = Group::tag("org:7");
    let mut others = (8..).map(|org| Group::tag(&format!("org:{org}")));
    let second = others.find(|other| other.shard() != first.shard()).expect("there are several shards");
    (first, second)
}
