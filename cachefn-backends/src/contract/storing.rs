//! Contracts of what is stored, and which of several fills it is.

use std::time::Duration;

use super::{Outcome, Subject, draft, place};
use crate::backend::{Absence, Acquired, Backend, Filled, Lookup};
use crate::place::{Group, Target};

impl<B: Backend, P: AsyncFn(&B, Duration)> Subject<'_, B, P> {
    pub(super) async fn a_filled_entry_is_found_as_it_was_stored(&self) -> Outcome {
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

    pub(super) async fn an_entry_expires(&self) -> Outcome {
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

    pub(super) async fn of_two_fills_the_one_begun_later_wins(&self) -> Outcome {
        let place = place("k");
        let (early, late) = (self.begin(&place).await?, self.begin(&place).await?);
        ensure!(self.end(&place, late, b"late").await?, Filled::Stored);
        ensure!(self.end(&place, early, b"early").await?, Filled::Refused | Filled::Superseded);
        ensure!(self.read(&place).await?.as_deref(), Some(b"late"));

        let (early, late) = (self.begin(&place).await?, self.begin(&place).await?);
        ensure!(self.end(&place, early, b"early").await?, Filled::Stored);
        ensure!(self.read(&place).await?.as_deref(), Some(b"early"));
        ensure!(self.end(&place, late, b"late").await?, Filled::Stored);
        ensure!(self.read(&place).await?.as_deref(), Some(b"late"));
        Ok(())
    }

    pub(super) async fn a_vacating_release_removes_what_stands_there(&self) -> Outcome {
        let place = place("k");
        self.put(&place, b"1").await?;
        let (early, late) = (self.begin(&place).await?, self.begin(&place).await?);
        ensure!(self.release(&place, late, true).await?, Filled::Stored);
        ensure!(self.read(&place).await?, None);
        ensure!(self.end(&place, early, b"early").await?, Filled::Refused | Filled::Superseded);
        ensure!(self.read(&place).await?, None);
        Ok(())
    }

    pub(super) async fn an_entry_stored_meanwhile_is_accepted_only_if_asked_for(&self) -> Outcome {
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

    pub(super) async fn a_fill_that_came_to_nothing_leaves_the_key_usable(&self) -> Outcome {
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

    pub(super) async fn keys_of_any_characters_are_kept_apart(&self) -> Outcome {
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

    pub(super) async fn a_payload_may_be_empty_or_large(&self) -> Outcome {
        for size in [0, 1, 300_000] {
            let payload = vec![b'x'; size];
            self.put(&place("k"), &payload).await?;
            ensure!(self.read(&place("k")).await?.map(|found| found == payload), Some(true));
        }
        Ok(())
    }
}
