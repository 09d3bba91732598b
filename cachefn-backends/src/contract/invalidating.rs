//! Contracts of what is struck, and what is not.

use std::time::Duration;

use super::{Outcome, Subject, place};
use crate::backend::{Backend, Filled};
use crate::place::{Group, Place, Target};

impl<B: Backend, P: AsyncFn(&B, Duration)> Subject<'_, B, P> {
    pub(super) async fn an_invalidated_key_is_gone_and_beats_a_running_fill(&self) -> Outcome {
        self.is_beaten_by(&place("k"), Target::Key("k".into())).await
    }

    pub(super) async fn an_invalidated_group_of_any_kind_beats_entry_and_running_fill(&self) -> Outcome {
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
    pub(super) async fn renew_groups(&self, place: &Place) -> Outcome {
        let neighbour = Place::new(format!("{} neighbour", place.key), place.lineage.clone());
        self.begin(&neighbour).await.map(drop)
    }

    pub(super) async fn invalidation_leaves_everything_else_alone(&self) -> Outcome {
        let place = place("k");
        self.put(&place, b"1").await?;
        let running = self.begin(&place).await?;
        let namespaces = ["user", "users2", "users:70", "users:7:keys", "users:", "7", "app::get", "*", "r"];
        let functions = ["app::ge", "app::get2", "users", "r", "*"];
        let groups = namespaces.map(Group::namespace).into_iter().chain(functions.map(Group::function));
        let more = ["users:7:get:70", "get:7", "7"].map(Group::instances);
        let keys = ["", "k2", "K", "*", "k*", "k\0", " k"].map(|key| Target::Key(key.into()));
        let targets: Vec<_> = groups.chain(more).map(Target::Group).chain(keys).collect();
        self.strike(&targets).await?;
        ensure!(self.read(&place).await?.as_deref(), Some(b"1"));
        ensure!(self.end(&place, running, b"2").await?, Filled::Stored);
        Ok(())
    }

    pub(super) async fn a_release_tells_whether_the_value_could_have_been_stored(&self) -> Outcome {
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
            ensure!(self.release(&place, early, vacate).await?, Filled::Refused | Filled::Superseded);
            ensure!(self.read(&place).await?.as_deref(), Some(b"late"));
        }
        let lease = self.begin(&place).await?;
        ensure!(self.release(&place, lease, false).await?, Filled::Stored);
        ensure!(self.read(&place).await?.as_deref(), Some(b"late"));
        Ok(())
    }

    pub(super) async fn invalidating_twice_nothing_or_the_unknown_is_fine(&self) -> Outcome {
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

    pub(super) async fn many_targets_are_struck_at_once(&self) -> Outcome {
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
}
