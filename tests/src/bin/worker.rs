//! A process with cached functions, set up by its environment and driven by lines on standard input.
//!
//! ```text
//! 1 get 7          1 value=3 runs=1 millis=0     through the cache; the database is a directory of files
//! 2 hold 7         2 entered                     the same, but the body reads and then waits …
//! 3 open           3 done                        … until it is let go on
//!                  2 value=3 runs=2 millis=41
//! 4 update 7 5     4 Applied                     writes to the database, then invalidates
//! 5 alone 7        5 value=3 runs=3 millis=1     the same with `lease = true`; `hold-alone` waits in the body
//! 6 many 100 7     6 100 1                       so many such calls at once: how many values there were, and bodies so far
//! 7 coded json 7   7 value={"id":7,…} runs=1     a value that is written down by a codec: `postcard`, `json`, `messagepack`, `own`
//! 8 init · namespace n · all · clear · status · log TEXT · quit
//! ```

use std::collections::BTreeMap;
use std::io::{BufRead as _, Write as _};
use std::path::PathBuf;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use cachefn::codec::{Codec, CodecError};
use cachefn::{Invalidation, cached};
use cachefn_tests::logs;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

static RUNS: AtomicU32 = AtomicU32::new(0);
static GATE: Semaphore = Semaphore::const_new(0);
static DATABASE: LazyLock<PathBuf> =
    LazyLock::new(|| std::env::var_os("DATABASE").expect("DATABASE is set").into());

/// What the database says; `None` makes the body fail.
#[cached(expire = 300, namespace = "users", key = id)]
async fn get(id: &str, gate: Option<&str>) -> Result<String, std::io::Error> {
    RUNS.fetch_add(1, Ordering::SeqCst);
    let value = std::fs::read_to_string(DATABASE.join(id))?;
    if let Some(tag) = gate {
        answer(tag, "entered");
        GATE.acquire().await.expect("the gate is not closed").forget();
    }
    Ok(value)
}

/// The same, one body at a time for all processes.
#[cached(expire = 300, namespace = "alone", key = id, lease = true)]
async fn alone(id: &str, gate: Option<&str>) -> Result<String, std::io::Error> {
    RUNS.fetch_add(1, Ordering::SeqCst);
    let value = std::fs::read_to_string(DATABASE.join(id))?;
    match gate {
        Some(tag) => {
            answer(tag, "entered");
            GATE.acquire().await.expect("the gate is not closed").forget();
        }
        None => tokio::time::sleep(Duration::from_millis(50)).await,
    }
    Ok(value)
}

/// JSON, read from its end.
struct Backwards;

impl Codec for Backwards {
    const NAME: &'static str = "backwards";

    fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, CodecError> {
        let mut bytes = serde_json::to_vec(value).map_err(CodecError::new)?;
        bytes.reverse();
        Ok(bytes)
    }

    fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
        let bytes: Vec<_> = bytes.iter().rev().copied().collect();
        serde_json::from_slice(&bytes).map_err(CodecError::new)
    }
}

/// Something of each kind that serde knows.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Record {
    id: String,
    kind: Kind,
    names: BTreeMap<String, Option<(i8, char)>>,
    after: Duration,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum Kind {
    Unit,
    New(f64),
    Full { bytes: Vec<u8>, next: Option<Box<Kind>> },
}

fn record(id: &str) -> Record {
    RUNS.fetch_add(1, Ordering::SeqCst);
    let full = Kind::Full { bytes: id.into(), next: Some(Box::new(Kind::Unit)) };
    Record {
        id: id.to_owned(),
        kind: if id.len() > 1 { Kind::New(0.1) } else { full },
        names: BTreeMap::from([("é".into(), Some((-1, '\u{1f980}'))), (String::new(), None)]),
        after: Duration::from_nanos(1),
    }
}

/// One function for each codec.
macro_rules! coded {
    ($($name:ident: $codec:ty;)*) => {
        $(
            #[cached(namespace = "coded", key = id, codec = $codec)]
            async fn $name(id: &str) -> Record {
                record(id)
            }
        )*

        async fn coded(codec: &str, id: &str) -> Option<Record> {
            match codec {
                $(stringify!($name) => Some($name(id).await),)*
                _ => None,
            }
        }
    };
}

coded! {
    postcard: Postcard;
    json: Json;
    messagepack: MessagePack;
    own: self::Backwards;
}

#[tokio::main]
async fn main() {
    logs::capture();
    let explicit = std::env::var_os("LAZY").is_none();
    match if explicit { cachefn::init().await } else { Ok(()) } {
        Ok(()) => answer("0", "ready"),
        Err(error) => return answer("0", &format!("{:?}", error.to_string())),
    }
    // Input is read on a thread of its own, as a line may be long in coming.
    let (lines, mut commands) = tokio::sync::mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            let _ = lines.send(line);
        }
    });
    while let Some(line) = commands.recv().await {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        if words.get(1).is_none_or(|word| word == "quit") {
            break;
        }
        tokio::spawn(obey(words));
    }
    cachefn::shutdown().await;
}

async fn obey(words: Vec<String>) {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let tag = words[0];
    match words[1..] {
        ["get", id] => call(tag, id, None).await,
        ["hold", id] => call(tag, id, Some(tag)).await,
        ["alone", id] => said(tag, alone(id, None)).await,
        ["hold-alone", id] => said(tag, alone(id, Some(tag))).await,
        ["many", count, id] => {
            let id = id.to_owned();
            let calls: Vec<_> = (0..count.parse::<u32>().expect("a number"))
                .map(|_| {
                    let id = id.clone();
                    tokio::spawn(async move { alone(&id, None).await.is_ok() })
                })
                .collect();
            let mut values = 0;
            for call in calls {
                values += u32::from(call.await.expect("it does not panic"));
            }
            answer(tag, &format!("{values} {}", RUNS.load(Ordering::SeqCst)));
        }
        ["coded", codec, id] => {
            let text = serde_json::to_string(&coded(codec, id).await).expect("it is JSON");
            answer(tag, &format!("value={text} runs={}", RUNS.load(Ordering::SeqCst)));
        }
        ["strike-alone", id] => invalidated(tag, invalidate_alone(id)).await,
        ["open", count] => {
            GATE.add_permits(count.parse().expect("a number"));
            answer(tag, "done");
        }
        ["update", id, value] => {
            std::fs::write(DATABASE.join(id), value).expect("the database is writable");
            invalidated(tag, invalidate_get(id)).await;
        }
        ["namespace", name] => invalidated(tag, cachefn::invalidate_namespace(name)).await,
        ["all"] => invalidated(tag, invalidate_all_get()).await,
        ["init"] => answer(tag, &format!("{}", cachefn::init().await.is_ok())),
        ["shutdown"] => {
            cachefn::shutdown().await;
            answer(tag, "done");
        }
        ["clear"] => invalidated(tag, cachefn::clear()).await,
        ["status"] => answer(tag, &status()),
        ["log", text] => answer(tag, &format!("{}", logs::lines(text).len())),
        ["log", level, ref text @ ..] => {
            let lines = logs::lines(&text.join(" "));
            let count = lines.iter().filter(|line| line.level.as_str() == level).count();
            answer(tag, &count.to_string());
        }
        _ => answer(tag, "what?"),
    }
}

async fn call(tag: &str, id: &str, gate: Option<&str>) {
    said(tag, get(id, gate)).await;
}

async fn said(tag: &str, call: impl Future<Output = Result<String, std::io::Error>>) {
    let start = Instant::now();
    let value = call.await.unwrap_or_else(|error| format!("error:{:?}", error.kind()));
    let (runs, millis) = (RUNS.load(Ordering::SeqCst), start.elapsed().as_millis());
    answer(tag, &format!("value={value} runs={runs} millis={millis}"));
}

async fn invalidated(tag: &str, invalidation: Invalidation) {
    answer(tag, &format!("{:?}", invalidation.await));
}

fn status() -> String {
    let status = cachefn::status();
    let redis = status.redis.map_or_else(
        || "redis=none".to_owned(),
        |redis| format!("redis={} connected={} journal={}", redis.state, redis.connected, redis.journal),
    );
    format!(
        "mode={:?} {redis} entries={} flights={} fills={}",
        status.mode, status.entries, status.flights, status.fills
    )
}

fn answer(tag: &str, text: &str) {
    let mut out = std::io::stdout().lock();
    // The test that drives this process may have ended.
    let _ = writeln!(out, "{tag} {text}").and_then(|()| out.flush());
}
