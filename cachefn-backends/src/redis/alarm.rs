//! Deadlines of one question after the other, with one timer.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Instant;

use tokio::time::{Sleep, sleep_until};

/// A timer for one question after the other. Most are answered long before their time is over: it is left as it was set
/// for an earlier one, and set anew when that is over.
pub(super) struct Alarm(Pin<Box<Sleep>>);

impl Alarm {
    pub(super) fn new() -> Self {
        Self(Box::pin(sleep_until(Instant::now().into())))
    }

    /// What comes of `future`; nothing, if it takes longer than until `deadline`.
    pub(super) async fn within<F: Future>(&mut self, deadline: Instant, future: F) -> Option<F::Output> {
        let mut future = pin!(future);
        if self.0.deadline() > deadline.into() {
            self.0.as_mut().reset(deadline.into());
        }
        poll_fn(|context| {
            if let Poll::Ready(output) = future.as_mut().poll(context) {
                return Poll::Ready(Some(output));
            }
            while self.0.as_mut().poll(context).is_ready() {
                if self.0.deadline() >= deadline.into() {
                    return Poll::Ready(None);
                }
                self.0.as_mut().reset(deadline.into());
            }
            Poll::Pending
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_question_ends_with_its_answer_or_at_its_deadline_whatever_the_one_before() {
        let (mut alarm, begun) = (Alarm::new(), Instant::now());
        let after = |millis| begun + Duration::from_millis(millis);
        assert_eq!(alarm.within(after(60_000), ready(1)).await, Some(1));
        assert_eq!(alarm.within(after(60_000), async { background(20).await }).await, Some(()));
        assert_eq!(alarm.within(after(40), pending::<()>()).await, None);
        assert!(begun.elapsed() >= Duration::from_millis(40));
        assert_eq!(alarm.within(after(50), pending::<()>()).await, None);
        assert!(begun.elapsed() >= Duration::from_millis(50) && begun.elapsed() < Duration::from_secs(30));
        assert_eq!(alarm.within(begun, ready(2)).await, Some(2), "the answer is here");
        assert_eq!(alarm.within(begun, pending::<()>()).await, None);
    }

    async fn background(millis: u64) {
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }
}
