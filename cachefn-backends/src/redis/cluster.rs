//! The masters of a cluster, and which of them serves which bucket.
//!
//! ```text
//! CLUSTER SLOTS   asked when connecting, at whichever node answers first
//! MOVED           the bucket is served by another node: it is asked there from now on
//!                 by one that is not known: trust ends, and the connection is made anew
//! ASK             this once the other node is asked
//! TRYAGAIN        some of the names have moved, some have not: whoever asks does without
//! ```
//!
//! There is one connection to each master that serves a bucket, and one trust for all: when one of them breaks, memory
//! serves until all buckets are served again. A connection to a master that was not trusted before begins with
//! everything struck: what it holds may come from a snapshot, or from a replica that has not heard everything. Whoever
//! was connected all the time knows of that; a process that begins just then does not.

use std::future::{Future, poll_fn};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Cmd, Pipeline, ProtocolVersion, RedisError, Value};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::commands;
use super::connect::CONNECT_TIMEOUT;
use super::fault::Fault;
use super::keys::{BUCKETS, Keys};
use super::log::{self, Step, Strike};
use super::node::{Driver, Node, Pushed};
use super::permits::Missing;
use super::settings::{self, Settings};
use super::wire;

/// How long one node is waited for that is asked for the others: a part of the attempt to connect.
const LIMIT: Duration = CONNECT_TIMEOUT.checked_div(4).expect("four is not zero");

/// How often one command is sent on.
const REDIRECTIONS: usize = 5;

const SLOTS: u16 = 16_384;

/// A connection to each master that serves a bucket.
pub(super) struct Cluster {
    nodes: Vec<Node>,
    /// Which of the nodes serves which bucket.
    serving: Vec<AtomicUsize>,
    /// Where the nodes are.
    places: Vec<(String, u16)>,
    /// Whether all of them tell the time.
    pub(super) tells_time: bool,
}

/// One command of an invalidation; its names are of one bucket.
#[derive(Clone)]
struct Part {
    bucket: usize,
    step: Step,
}

/// What a node says of a slot that it does not serve, or not alone.
enum Elsewhere {
    Moved(String),
    Ask(String),
    Torn,
}

impl Cluster {
    /// Asks which nodes there are, and connects to those that `keys`, a set for each bucket, are served by.
    pub(super) async fn open(
        settings: &Settings,
        known: &[(String, u16)],
        pushed: &Pushed,
        keys: &[Keys],
    ) -> Result<Self, Fault> {
        let servers = serving(settings, known).await?;
        let mut places: Vec<_> = servers.clone();
        places.sort();
        places.dedup();
        let opened = together(places.iter().map(async |place| {
            let bucket = servers.iter().position(|server| server == place);
            let (host, port) = place.clone();
            let node = Node::open(&Settings { host, port, ..settings.clone() }, pushed.clone()).await?;
            let able = node.prepare(&keys[bucket.expect("the places are those of buckets")]).await?;
            Ok((node, able.tells_time))
        }));
        let opened: Vec<(Node, bool)> = opened.await.into_iter().collect::<Result<_, Fault>>()?;
        let tells_time = opened.iter().all(|(_, tells_time)| *tells_time);
        let nodes: Vec<_> = opened.into_iter().map(|(node, _)| node).collect();
        let number = |server| places.binary_search(server).expect("the places are those of buckets");
        let serving = servers.iter().map(number).map(AtomicUsize::new).collect();
        Ok(Self { nodes, serving, places, tells_time })
    }

    /// The nodes.
    pub(super) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Hosts and ports of the nodes.
    pub(super) fn known(&self) -> &[(String, u16)] {
        &self.places
    }

    /// Sends a command to every node. The first fault is the answer.
    pub(super) async fn ask_everybody(&self, command: &Cmd) -> Result<(), Fault> {
        let answers = together(self.nodes.iter().map(|node| node.ask(command))).await;
        answers.into_iter().try_for_each(|answer| answer.map(drop))
    }

    /// Sends a command about names of one bucket.
    pub(super) async fn ask(&self, bucket: usize, command: &Cmd) -> Result<Value, Fault> {
        for _ in 0..REDIRECTIONS {
            let node = self.node(bucket);
            let error = match node.send(command).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            match elsewhere(&error, node) {
                None => return Err(Fault::of(&error).about(commands::name(command))),
                Some(Elsewhere::Moved(place)) => self.has_moved(bucket, &place)?,
                Some(Elsewhere::Ask(place)) => return self.ask_once(&place, command).await,
                Some(Elsewhere::Torn) => return Err(Fault::Moving),
            }
        }
        Err(Fault::Moving)
    }

    /// Sends commands about names of one bucket together. If one is refused all are sent again.
    pub(super) async fn ask_all(&self, bucket: usize, commands: &Pipeline) -> Result<Vec<Value>, Fault> {
        'again: for _ in 0..REDIRECTIONS {
            let node = self.node(bucket);
            let answers = node.send_all(commands).await?;
            for answer in &answers {
                match refused(answer, node) {
                    Ok(()) => {}
                    Err((_, Some(Elsewhere::Moved(place)))) => {
                        self.has_moved(bucket, &place)?;
                        continue 'again;
                    }
                    Err((_, Some(_))) => return Err(Fault::Moving),
                    Err((fault, None)) => return Err(fault),
                }
            }
            return Ok(answers);
        }
        Err(Fault::Moving)
    }

    /// Carries out an invalidation, in each bucket in its order. All of it is on its way when this has been polled once.
    pub(super) async fn strike(&self, strikes: Vec<Strike>) -> Result<(), Fault> {
        let mut left: Vec<_> = strikes
            .into_iter()
            .enumerate()
            .flat_map(|(bucket, strike)| {
                let steps = strike.steps(self.node(bucket).appends());
                steps.into_iter().map(move |step| Part { bucket, step })
            })
            .collect();
        for _ in 0..REDIRECTIONS {
            if left.is_empty() {
                return Ok(());
            }
            let mut shares: Vec<Vec<Part>> = vec![Vec::new(); self.nodes.len()];
            for part in left.drain(..) {
                shares[self.serving[part.bucket].load(Ordering::Acquire)].push(part);
            }
            let shares = self.nodes.iter().zip(shares).filter(|(_, parts)| !parts.is_empty());
            for answer in together(shares.map(|(node, parts)| self.strike_at(node, parts))).await {
                left.extend(answer?);
            }
        }
        if left.is_empty() { Ok(()) } else { Err(Fault::Moving) }
    }

    /// Does what one node serves; what is left to be done, by others or once more. In each bucket nothing counts that was
    /// done before what should have come first.
    async fn strike_at(&self, node: &Node, parts: Vec<Part>) -> Result<Vec<Part>, Fault> {
        let answers = node.send_all(&log::pipeline(parts.iter().map(|part| &part.step))).await?;
        let mut left: Vec<Part> = Vec::new();
        // Parts of one bucket follow each other.
        let mut behind = None;
        for (part, answer) in parts.into_iter().zip(&answers) {
            let bucket = part.bucket;
            let is_behind = behind == Some(bucket);
            match refused(answer, node) {
                Err((_, Some(Elsewhere::Moved(place)))) => {
                    self.has_moved(bucket, &place)?;
                    left.push(part);
                    behind = Some(bucket);
                }
                _ if is_behind => left.push(part),
                Err((_, Some(_))) => {
                    left.extend(self.strike_singly(part).await?);
                    behind = Some(bucket);
                }
                outcome => match part.step.remedy(answer) {
                    Some(remedy) => {
                        node.notes(answer);
                        left.push(Part { bucket, step: remedy });
                        behind = Some(bucket);
                    }
                    None => outcome.map_err(|(fault, _)| fault)?,
                },
            }
        }
        Ok(left)
    }

    /// Does a part in a slot that is on its way: of one name it is always known where it is. One by one, for the order
    /// matters, and some may be here and some there. What is left of it.
    async fn strike_singly(&self, part: Part) -> Result<Option<Part>, Fault> {
        let Part { bucket, step } = part;
        let remedy = match &step {
            Step::Unlink(names) => {
                for name in names {
                    self.ask(bucket, redis::cmd("UNLINK").arg(name)).await?;
                }
                None
            }
            Step::Append(..) | Step::Keep(_) => {
                let answer = self.ask(bucket, &step.command()).await;
                step.remedy(answer.as_ref().unwrap_or(&Value::Nil))
            }
        };
        Ok(remedy.map(|step| Part { bucket, step }))
    }

    /// Asks a node for something that is on its way to it.
    async fn ask_once(&self, place: &str, command: &Cmd) -> Result<Value, Fault> {
        let node = &self.nodes[self.number(place)?];
        let mut commands = redis::pipe();
        commands.cmd("ASKING").add_command(command.clone());
        let answer = node.send_all(&commands).await?.pop().ok_or(Fault::Answer("ASKING"))?;
        match refused(&answer, node) {
            Ok(()) => Ok(answer),
            Err((_, Some(_))) => Err(Fault::Moving),
            Err((fault, None)) => Err(fault),
        }
    }

    fn node(&self, bucket: usize) -> &Node {
        &self.nodes[self.serving[bucket].load(Ordering::Acquire)]
    }

    fn has_moved(&self, bucket: usize, place: &str) -> Result<(), Fault> {
        self.serving[bucket].store(self.number(place)?, Ordering::Release);
        Ok(())
    }

    fn number(&self, place: &str) -> Result<usize, Fault> {
        self.nodes.iter().position(|node| node.place == place).ok_or(Fault::Resharded)
    }
}

/// Why an answer is a refusal, and what it says of the slot.
fn refused(answer: &Value, node: &Node) -> Result<(), (Fault, Option<Elsewhere>)> {
    let Value::ServerError(error) = answer else { return Ok(()) };
    let error = error.clone().into();
    Err((Fault::of(&error), elsewhere(&error, node)))
}

fn elsewhere(error: &RedisError, node: &Node) -> Option<Elsewhere> {
    let place = || {
        let (host, port) = error.detail()?.split(' ').next_back()?.rsplit_once(':')?;
        // A node that does not know its own address leaves it out of those of others.
        let own = || node.place.rsplit_once(':').map_or("", |(host, _)| host);
        let host = if host.is_empty() { own() } else { host };
        Some(settings::place(host.trim_matches(['[', ']']), port.parse().ok()?))
    };
    match error.code()? {
        "MOVED" => place().map(Elsewhere::Moved),
        "ASK" => place().map(Elsewhere::Ask),
        "TRYAGAIN" => Some(Elsewhere::Torn),
        _ => None,
    }
}

/// Which server serves which bucket, by the first node that knows that of all.
async fn serving(settings: &Settings, known: &[(String, u16)]) -> Result<Vec<(String, u16)>, Fault> {
    let first = (settings.host.clone(), settings.port);
    let others = known.iter().filter(|node| **node != first).cloned();
    let nodes = [first.clone()].into_iter().chain(others);
    let mut answers: JoinSet<_> = nodes.map(|node| slots(settings.clone(), node)).collect();
    let mut fault = Fault::Broken;
    while let Some(answer) = answers.join_next().await {
        match answer.unwrap_or(Err(Fault::Broken)) {
            Ok(servers) => return Ok(servers),
            // What somebody has to look at is said rather than that another node does not answer.
            Err(other) if !fault.needs_a_human() => fault = other,
            Err(_) => {}
        }
    }
    Err(fault)
}

/// Which server serves which bucket, in the eyes of one node.
async fn slots(settings: Settings, (host, port): (String, u16)) -> Result<Vec<(String, u16)>, Fault> {
    let asked = async {
        let wire = wire::open(&host, port, settings.tls.as_ref()).await?;
        let config = AsyncConnectionConfig::new().set_response_timeout(None);
        let login = settings.login(ProtocolVersion::RESP2);
        let opened = MultiplexedConnection::new_with_config(&login, wire, config).await;
        let (mut mux, driver) = opened.map_err(|error| Fault::of(&error))?;
        let _driver = Driver::start(driver);
        let answer = redis::cmd("CLUSTER").arg("SLOTS").query_async::<Value>(&mut mux).await;
        answer.map_err(|error| match Fault::of(&error) {
            Fault::Permission(_) => Fault::Permission(Missing::refused("CLUSTER SLOTS")),
            Fault::Unknown(_) => Fault::Permission(Missing::unknown("CLUSTER SLOTS")),
            // It knows the command, and has no cluster to speak of.
            Fault::Answer(_) => Fault::Single,
            fault => fault,
        })
    };
    let answer = timeout(LIMIT, asked).await.unwrap_or(Err(Fault::Timeout))?;
    let ranges = ranges(answer, &host).ok_or(Fault::Answer("CLUSTER SLOTS"))?;
    let server = |bucket: usize| {
        let slot = slot(&bucket.to_string());
        let range = ranges.iter().find(|(first, last, _)| (*first..=*last).contains(&slot));
        range.map(|(.., server)| server.clone()).ok_or(Fault::Down)
    };
    (0..BUCKETS).map(server).collect()
}

/// First and last slot, and host and port of the master.
type Range = (u16, u16, (String, u16));

/// The ranges of slots. What a node leaves out of an address is as in `host`, its own.
fn ranges(answer: Value, host: &str) -> Option<Vec<Range>> {
    let ranges: Vec<Vec<Value>> = redis::from_redis_value(answer).ok()?;
    let range = |range: Vec<Value>| {
        let mut parts = range.into_iter();
        let (first, last) = (parts.next()?, parts.next()?);
        let master: Vec<Value> = redis::from_redis_value(parts.next()?).ok()?;
        let mut master = master.into_iter();
        let named: Option<String> = redis::from_redis_value(master.next()?).ok()?;
        let named = named.filter(|host| !matches!(host.as_str(), "" | "?"));
        let server = (named.unwrap_or_else(|| host.to_owned()), number(master.next()?)?);
        Some((number(first)?, number(last)?, server))
    };
    ranges.into_iter().map(range).collect()
}

fn number(value: Value) -> Option<u16> {
    redis::from_redis_value(value).ok()
}

/// The slot of what stands in braces: CRC-16/XMODEM.
fn slot(tag: &str) -> u16 {
    let step = |sum: u16, _| if sum & 0x8000 == 0 { sum << 1 } else { (sum << 1) ^ 0x1021 };
    let crc = tag.bytes().fold(0, |sum, byte| (0..8).fold(sum ^ (u16::from(byte) << 8), step));
    crc % SLOTS
}

/// The answers of all, which are begun in their order when this is polled first.
async fn together<F: Future>(all: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut all: Vec<_> = all.into_iter().map(|one| (Box::pin(one), None)).collect();
    poll_fn(|context| {
        let mut waits = false;
        for (one, answer) in &mut all {
            if answer.is_none() {
                match one.as_mut().poll(context) {
                    Poll::Ready(ready) => *answer = Some(ready),
                    Poll::Pending => waits = true,
                }
            }
        }
        if waits { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    all.into_iter().filter_map(|(_, answer)| answer).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_those_of_the_servers() {
        assert_eq!(slot("123456789"), 0x31c3 % SLOTS);
        assert_eq!(slot("foo"), 12_182);
    }

    #[test]
    fn buckets_are_spread_evenly_over_up_to_eight_masters() {
        for masters in 1..=8 {
            let mut counts = vec![0; masters];
            for bucket in 0..BUCKETS {
                counts[usize::from(slot(&bucket.to_string())) * masters / usize::from(SLOTS)] += 1;
            }
            let (least, most) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
            assert!(most <= &(least * 2), "{counts:?}");
        }
    }

    #[test]
    fn a_node_that_leaves_out_an_address_means_its_own() {
        let range = |host: Value| {
            let master = Value::Array(vec![host, Value::Int(7001), Value::BulkString(b"id".into())]);
            Value::Array(vec![Value::Array(vec![Value::Int(0), Value::Int(16_383), master])])
        };
        for (host, expected) in [("10.0.0.1", "10.0.0.1"), ("", "seed"), ("?", "seed")] {
            let answer = ranges(range(Value::BulkString(host.into())), "seed");
            assert_eq!(answer, Some(vec![(0, 16_383, (expected.to_owned(), 7001))]));
        }
        assert_eq!(ranges(range(Value::Nil), "seed").unwrap()[0].2.0, "seed");
        assert_eq!(ranges(Value::Array(vec![Value::Nil]), "seed"), None);
    }
}
