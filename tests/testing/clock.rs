//! Clocks of tests.

use std::time::Duration;

use cachefn::testing::{Clock, isolated};
use cachefn::{Config, cached};

use super::Runs;

#[cached(namespace = "clock", key = id, expire = 60)]
async fn get(id: u64, runs: &Runs) -> u32 {
    runs.next()
}

fn memory(clock: &Clock) -> Config {
    Config::builder().enabled(true).clock(clock).build().unwrap()
}

#[cachefn::test(config = memory(&Clock::tokio()))]
#[tokio::test(start_paused = true)]
async fn entries_live_by_the_clock_of_the_runtime() {
    let runs = Runs::default();
    assert_eq!(get(1, &runs).await, 1);
    tokio::time::sleep(Duration::from_secs(59)).await;
    assert_eq!(get(1, &runs).await, 1);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(get(1, &runs).await, 2);
    let (_, report) = cachefn::observe(get(1, &runs)).await;
    assert_eq!(report.calls[0].remaining, Some(Duration::from_secs(60)), "no time goes by of itself");
}

#[tokio::test(start_paused = true)]
async fn it_can_be_moved_by_hand_as_well_and_asked_from_anywhere() {
    let (runs, clock) = (Runs::default(), Clock::tokio());
    isolated(memory(&clock), async {
        assert_eq!(get(1, &runs).await, 1);
        clock.advance(Duration::from_secs(30));
        tokio::time::advance(Duration::from_secs(29)).await;
        assert_eq!(get(1, &runs).await, 1);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(get(1, &runs).await, 2);
        let elsewhere = cachefn::testing::spawn(async { cachefn::cache().get::<u8>("none").await });
        assert_eq!(elsewhere.await.unwrap(), None);
    })
    .await;
}
