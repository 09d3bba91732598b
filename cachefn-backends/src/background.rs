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

    #[tokio::test(start_paused = true)]
    async fn a_paused_runtime_does_not_move_the_background_clock() {
        let start = Instant::now();
        sleep(Duration::from_millis(30)).await;
        assert!(start.elapsed() >= Duration::from_millis(30));
    }
}
