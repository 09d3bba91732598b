//! Who waits for what another process is doing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Notify;

use crate::background;

/// Where the server does not say what changes it is asked again after so long, and half as often each time …
const FIRST_PAUSE: Duration = Duration::from_millis(5);
/// … and never less often than this.
const LONGEST_PAUSE: Duration = Duration::from_millis(200);
/// Where it does, it is asked that often all the same.
const TOLD_PAUSE: Duration = Duration::from_secs(1);

/// Those who wait, by key.
#[derive(Debug, Default)]
pub(super) struct Waiting(Mutex<Waiters>);

type Waiters = HashMap<Arc<str>, Vec<Weak<Notify>>>;

/// Somebody who waits for a key to change. Dropping it leaves nothing behind.
#[derive(Debug)]
pub struct Waiter {
    waiting: Arc<Waiting>,
    key: Arc<str>,
    woken: Arc<Notify>,
    /// Whether the server says what changes.
    told: bool,
}

impl Waiting {
    /// Wakes who waits for `key`.
    pub(super) fn wake(&self, key: &str) {
        for woken in self.lock().get(key).into_iter().flatten().filter_map(Weak::upgrade) {
            woken.notify_one();
        }
    }

    /// Wakes everybody.
    pub(super) fn wake_all(&self) {
        for woken in self.lock().values().flatten().filter_map(Weak::upgrade) {
            woken.notify_one();
        }
    }

    pub(super) fn waiter(self: &Arc<Self>, key: &Arc<str>, told: bool) -> Waiter {
        let woken = Arc::new(Notify::new());
        self.lock().entry(Arc::clone(key)).or_default().push(Arc::downgrade(&woken));
        Waiter { waiting: Arc::clone(self), key: Arc::clone(key), woken, told }
    }

    fn lock(&self) -> MutexGuard<'_, Waiters> {
        // Every change is complete before anything can panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiter {
    /// Waits until the key has changed since this was made, or it is worth asking again: for the `round`th time, and after
    /// `limit` at the latest.
    pub async fn wait(self, round: u32, limit: Duration) {
        let pause = if self.told {
            TOLD_PAUSE
        } else {
            FIRST_PAUSE.saturating_mul(1 << round.min(16)).min(LONGEST_PAUSE)
        };
        let woken = Arc::clone(&self.woken);
        let waiting = background::handle().spawn(async move {
            // Over by the one or the other.
            let _ = tokio::time::timeout(pause.min(limit), woken.notified()).await;
        });
        // It ends by itself, soon.
        let _ = waiting.await;
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let mut waiting = self.waiting.lock();
        if let Some(waiters) = waiting.get_mut(&self.key) {
            waiters.retain(|other| !std::ptr::eq(other.as_ptr(), Arc::as_ptr(&self.woken)));
            if waiters.is_empty() {
                waiting.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[tokio::test]
    async fn what_changed_since_it_was_made_is_not_waited_for() {
        let waiting = Arc::new(Waiting::default());
        let key = Arc::from("k");
        let (one, two) = (waiting.waiter(&key, true), waiting.waiter(&key, true));
        let other = waiting.waiter(&"x".into(), true);
        waiting.wake("k");
        let began = Instant::now();
        one.wait(0, Duration::MAX).await;
        two.wait(0, Duration::MAX).await;
        assert!(began.elapsed() < Duration::from_millis(900));
        other.wait(0, Duration::from_millis(20)).await;
        assert!(began.elapsed() >= Duration::from_millis(20));
        assert!(waiting.lock().is_empty(), "nobody is left behind");
    }
}
