//! The one thread on which timers and connections live.
//!
//! A process may have many tokio runtimes, each `#[tokio::test]` has one, and any of them may end
//! while others go on. What outlives a single call therefore runs on a thread of its own, started
//! at first need and never ended; idle it costs a stack. Timers there are real time, whatever a
//! test does to the clock of its own runtime.

use std::sync::OnceLock;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};

/// The runtime of the background thread.
///
/// # Panics
///
/// If the operating system refuses a thread or an event queue, as the standard library and tokio
/// do.
pub fn handle() -> &'static Handle {
    static HANDLE: OnceLock<Handle> = OnceLock::new();
    HANDLE.get_or_init(|| {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("the operating system provides an event queue");
        let handle = runtime.handle().clone();
        std::thread::Builder::new()
            .name("cachefn".into())
            .spawn(move || runtime.block_on(std::future::pending::<()>()))
            .expect("the operating system provides a thread");
        handle
    })
}

/// Has a task run there until it ends, and begin again should it panic.
#[cfg(feature = "redis")]
pub(crate) fn persist<F>(mut make: impl FnMut() -> F + Send + 'static)
where
    F: Future<Output = ()> + Send + 'static,
{
    handle().spawn(async move { while handle().spawn(make()).await.is_err_and(|ended| ended.is_panic()) {} });
}

/// Waits for `duration` on any executor. Dropping the future cancels the timer.
pub async fn sleep(duration: Duration) {
    struct AbortOnDrop(tokio::task::AbortHandle);
    impl Drop for AbortOnDrop {
        fn drop(&mut self) {
            self.0.abort();
        }
    }
    let timer = handle().spawn(async move { tokio::time::sleep(duration).await });
    let _abort = AbortOnDrop(timer.abort_handle());
    let _ = timer.await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[cfg(feature = "redis")]
    #[tokio::test]
    async fn what_persists_begins_again_after_a_panic_and_not_after_its_end() {
        let (begins, mut begun) = tokio::sync::mpsc::unbounded_channel();
        let mut rounds = 0..;
        persist(move || {
            let (begins, round) = (begins.clone(), rounds.next());
            async move {
                begins.send(round).unwrap();
                assert_eq!(round, Some(2), "provoked");
            }
        });
        for round in 0..3 {
            assert_eq!(begun.recv().await, Some(Some(round)));
        }
        assert_eq!(begun.recv().await, None, "nobody begins any more");
    }

    #[tokio::test(start_paused = true)]
    async fn a_paused_runtime_does_not_move_the_background_clock() {
        let start = Instant::now();
        sleep(Duration::from_millis(30)).await;
        assert!(start.elapsed() >= Duration::from_millis(30));
    }
}
