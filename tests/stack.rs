//! How large a stack calls need, by the variant of the attribute. What overflows its stack ends its process, so each call is
//! made in a process of its own, on a thread with a stack of a given size.
#![allow(missing_docs, clippy::large_stack_arrays)]

use std::future::Future;
use std::hint::black_box;
use std::pin::Pin;
use std::process::{Command, Stdio};
use std::thread;

use cachefn::{Config, cached};

/// What the future of each body holds.
const HELD: usize = 256 << 10;

/// In KiB: without optimizations room for one more copy of a body, of some fifteen, and with them for none.
const SLACK: usize = if cfg!(debug_assertions) { (HELD >> 10) + 128 } else { 128 };

/// What a child does: variant, mode and stack in KiB.
const ASKED: &str = "CACHEFN_TEST_STACK";

macro_rules! variants {
    ($($name:ident($($argument:tt)*);)*) => {$(
        mod $name {
            use super::*;

            #[cached(expire = 60, key = id, $($argument)*)]
            pub(super) async fn one(id: u64) -> Result<u64, ()> {
                let held = [1_u8; HELD];
                tokio::task::yield_now().await;
                Ok(id + u64::from(black_box(&held)[HELD - 1]))
            }

            #[cached(expire = 60, key = id, $($argument)*)]
            async fn second(id: u64) -> Result<u64, ()> {
                one(id).await
            }

            #[cached(expire = 60, key = id, $($argument)*)]
            async fn third(id: u64) -> Result<u64, ()> {
                second(id).await
            }

            #[cached(expire = 60, key = id, $($argument)*)]
            async fn fourth(id: u64) -> Result<u64, ()> {
                third(id).await
            }

            #[cached(expire = 60, key = id, $($argument)*)]
            pub(super) async fn five(id: u64) -> Result<u64, ()> {
                fourth(id).await
            }
        }
    )*};
}

variants! {
    usual();
    asked(when = |id: &u64| *id > 0);
    stale(stale = "1h");
    ahead(refresh_ahead = 0.5);
    judged(stale = "1h", when = |id: &u64| *id > 0);
    by_caller(stale = "1h", refresh = caller);
}

type Call = Pin<Box<dyn Future<Output = Result<u64, ()>>>>;

/// Polls a call on this thread; what boxes it has nothing else on its stack.
#[inline(never)]
fn run(variant: &str, runtime: &tokio::runtime::Runtime) {
    macro_rules! call {
        ($($name:ident)*) => {
            match variant.split_once('-').expect("a variant and how it is called") {
                $((stringify!($name), "one") => Box::pin($name::one(7)) as Call,
                (stringify!($name), "five") => Box::pin($name::five(7)) as Call,)*
                other => panic!("{other:?}"),
            }
        };
    }
    let call = call!(usual asked stale ahead judged by_caller);
    assert_eq!(runtime.block_on(call), Ok(8));
}

/// The part of a child.
#[test]
fn child() {
    let Ok(asked) = std::env::var(ASKED) else { return };
    let [variant, mode, stack] = asked.split(' ').collect::<Vec<_>>()[..] else { panic!("{asked}") };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    if mode != "off" {
        let config = Config::builder().enabled(true).build().unwrap();
        runtime.block_on(cachefn::init_with(config)).unwrap();
    }
    run_on(stack.parse().unwrap(), variant, &runtime);
}

fn run_on(stack: usize, variant: &str, runtime: &tokio::runtime::Runtime) {
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(stack << 10);
        thread.spawn_scoped(scope, || run(variant, runtime)).unwrap().join().unwrap();
    });
}

/// Whether a call survives with so many KiB of stack.
fn survives(variant: &str, mode: &str, stack: usize) -> bool {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "child", "--nocapture"]).env(ASKED, format!("{variant} {mode} {stack}"));
    child.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
}

/// The least stack that a call needs, in KiB, to a part of what a body holds.
fn least(variant: &str, mode: &str) -> usize {
    let (mut fails, mut works) = (HELD >> 10, 32 << 10);
    assert!(survives(variant, mode, works), "{variant}, {mode}");
    while works - fails > 32 {
        let between = usize::midpoint(fails, works);
        if survives(variant, mode, between) { works = between } else { fails = between }
    }
    works
}

#[test]
fn a_call_that_may_go_on_in_the_background_needs_no_more_stack_than_another() {
    for how in ["one", "five"] {
        for (usual, others) in [("usual", &["stale", "ahead", "by_caller"][..]), ("asked", &["judged"][..])] {
            for mode in ["off", "on"] {
                let enough = least(&format!("{usual}-{how}"), mode);
                for other in others {
                    let needed = least(&format!("{other}-{how}"), mode);
                    println!("{other}-{how}, {mode}: {needed} KiB, {usual}: {enough} KiB");
                    assert!(needed <= enough + SLACK, "{other}-{how}, {mode}: {needed} KiB, not {enough}");
                }
            }
        }
    }
}
