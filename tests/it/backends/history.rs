//! Random histories of writers, readers and outages: nothing read is older than what the reader's own
//! process has invalidated, nor than what anybody's invalidation has been applied to; and in the end
//! the cache says what the database says.

use std::sync::atomic::{AtomicBool, AtomicU64};

use cachefn_backends::backend::Invalidated;
use cachefn_tests::Proxy;

use super::*;

const KEYS: usize = 12;

/// A database of counters, and the version of each row whose invalidation has been applied.
#[derive(Default)]
struct World {
    rows: [AtomicU64; KEYS],
    applied: [AtomicU64; KEYS],
    /// Nobody writes or breaks anything any more.
    calm: AtomicBool,
    over: AtomicBool,
}

/// One process: its connection, and the version of each row that it has invalidated since.
struct Process {
    backend: Direct,
    invalidated: [AtomicU64; KEYS],
}

/// A small generator: the schedule need not be good, only different each time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn row(&mut self) -> usize {
        usize::try_from(self.below(KEYS as u64)).unwrap()
    }

    async fn pause(&mut self, millis: u64) {
        tokio::time::sleep(Duration::from_micros(self.below(millis * 1_000))).await;
    }
}

fn target(row: usize, random: &mut Random) -> Vec<Target> {
    let place = place(&row.to_string());
    match random.below(30) {
        0 => vec![Target::Group(place.lineage.groups()[1].clone())],
        _ => vec![Target::Key(place.key)],
    }
}

async fn write(world: &World, process: &Process, mut random: Random) {
    while !world.calm.load(Ordering::SeqCst) {
        let row = random.row();
        let version = world.rows[row].fetch_add(1, Ordering::SeqCst) + 1;
        let answer = process.backend.0.invalidate(target(row, &mut random));
        if random.below(2) == 0 {
            let answer = answer.await;
            process.invalidated[row].fetch_max(version, Ordering::SeqCst);
            if answer == Invalidated::Applied {
                world.applied[row].fetch_max(version, Ordering::SeqCst);
            }
        }
        random.pause(30).await;
    }
}

async fn reading(world: &World, process: &Process, mut random: Random) {
    while !world.over.load(Ordering::SeqCst) {
        let row = random.row();
        let known = [&process.invalidated[row], &world.applied[row]].map(|it| it.load(Ordering::SeqCst));
        let (place, known) = (place(&row.to_string()), known[0].max(known[1]));
        let found = match process.backend.lookup(&place).await {
            Ok(Lookup::Hit(envelope)) => String::from_utf8_lossy(envelope.payload()).parse().ok(),
            _ => None,
        };
        match found {
            Some(version) => assert!(known <= version, "row {row}: {version} is older than {known}"),
            None => fill(world, process, &place, row, &mut random).await,
        }
        random.pause(1).await;
    }
}

async fn fill(world: &World, process: &Process, place: &Place, row: usize, random: &mut Random) {
    let Ok(Acquired::Granted(lease)) = process.backend.acquire(place, random.below(2) == 0).await else {
        return;
    };
    let version = world.rows[row].load(Ordering::SeqCst);
    random.pause(6).await;
    let _ = match random.below(8) {
        0 => process.backend.release(place, lease, true).await,
        1 => process.backend.release(place, lease, false).await,
        _ => process.backend.fill(place, lease, draft(&version.to_string()), LIFE).await,
    };
}

async fn break_things(world: &World, proxy: &Proxy, mut random: Random) {
    while !world.calm.load(Ordering::SeqCst) {
        random.pause(400).await;
        if random.below(2) == 0 {
            proxy.hold();
        } else {
            proxy.cut();
        }
        random.pause(300).await;
        proxy.heal();
        // What was held back arrives after the connection is back: late fills of a dead connection.
        random.pause(60).await;
        proxy.release();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_history_makes_the_cache_differ_from_the_database() {
    let server = RedisServer::start();
    let seed = u64::from(std::process::id());
    println!("seed {seed}");
    let (world, mut readers, mut others, mut all) = (Arc::new(World::default()), vec![], vec![], vec![]);
    for number in 0..4 {
        let random = move |role: u64| {
            Random((seed * 100 + number * 10 + role).wrapping_mul(0x2545_f491_4f6c_dd1d) | 1)
        };
        let proxy = Proxy::to(server.port());
        let timeout = Duration::from_millis(80);
        let redis = Redis::start(Settings { port: proxy.port(), timeout, ..server.settings() }, || {});
        let process = Arc::new(Process { backend: Direct(redis), invalidated: Default::default() });
        all.push(Arc::clone(&process));
        for role in 0..3 {
            let (world, process) = (Arc::clone(&world), Arc::clone(&process));
            readers.push(tokio::spawn(async move { reading(&world, &process, random(role)).await }));
        }
        let (here, there) = (Arc::clone(&world), Arc::clone(&world));
        others.push(tokio::spawn(async move { write(&here, &process, random(8)).await }));
        others.push(tokio::spawn(async move {
            // The first one's network is good.
            if number > 0 {
                break_things(&there, &proxy, random(9)).await;
            }
            until("all is over", || there.over.load(Ordering::SeqCst)).await;
        }));
    }
    tokio::time::sleep(Duration::from_secs(4)).await;
    world.calm.store(true, Ordering::SeqCst);
    for process in &all {
        used_again(&process.backend).await;
        until("the journal is empty", || process.backend.0.journal_len() == 0).await;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    world.over.store(true, Ordering::SeqCst);
    for task in readers.into_iter().chain(others) {
        task.await.unwrap();
    }
    is_what_the_database_says(&world, &connected(server.settings()).await).await;
}

async fn is_what_the_database_says(world: &World, witness: &Direct) {
    let mut cached = 0;
    for (row, version) in world.rows.iter().enumerate() {
        if let Some(found) = read(witness, &row.to_string()).await {
            assert_eq!(found, version.load(Ordering::SeqCst).to_string(), "row {row}");
            cached += 1;
        }
    }
    assert!(cached > KEYS / 2, "{cached} of {KEYS}");
}
