//! One question for many lookups: their values, and what generations are not known.

use std::io::Write as _;

use redis::{Cmd, RedisWrite as _, Value};
use smallvec::{SmallVec, smallvec};

use super::connect::Bucket;
use super::fault::Fault;
use super::known::{Known, Moment, Tokens};
use super::reading::{Found, Request};
use crate::envelope::Token;
use crate::place::{Group, Lineage};

/// What a name is taken to be long, until it is written.
const NAME: usize = 128;

/// Those who have the same lineage.
struct Kin<'a> {
    lineage: &'a Lineage,
    /// What is known of its generations. What is not is asked for.
    known: SmallVec<[Option<Token>; 6]>,
    tokens: Option<Tokens>,
}

impl<'a> Kin<'a> {
    fn new(lineage: &'a Lineage, known: Option<&Known>) -> Self {
        let groups = lineage.groups();
        let known = known.map_or_else(|| smallvec![None; groups.len()], |known| known.some_of(groups));
        let tokens = known.iter().copied().collect();
        Self { lineage, known, tokens }
    }

    /// The groups whose generations are asked for.
    fn lacks(&self) -> impl Iterator<Item = &'a Group> {
        let unknown = self.lineage.groups().iter().zip(&self.known).filter(|(_, token)| token.is_none());
        unknown.map(|(group, _)| group)
    }

    fn is_known(&self) -> bool {
        self.known.iter().all(Option::is_some)
    }

    /// Takes in those that were asked for, which are the next of the answers.
    fn read(&mut self, generations: &mut impl Iterator<Item = Value>) {
        // All of them, whether one is missing or not: what follows is another's.
        let tokens: SmallVec<[_; 6]> =
            self.known.iter().map(|known| known.or_else(|| token(generations.next()?))).collect();
        self.tokens = tokens.into_iter().collect();
    }
}

/// Asks for all of it on one connection; what is found, in the order of the requests.
pub(super) async fn ask(bucket: Bucket, requests: &[Request]) -> Result<Vec<Found>, Fault> {
    let known = bucket.known();
    let moment = known.map(Known::moment);
    let mut kin = SmallVec::<[Kin<'_>; 4]>::new();
    let mut command = Cmd::with_capacity(requests.len() + 8, NAME * (requests.len() + 8));
    command.arg("MGET");
    for request in requests {
        add(&mut command, bucket.keys().value_in_parts(&request.key));
        if find(&kin, &request.lineage).is_none() {
            kin.push(Kin::new(&request.lineage, known));
        }
    }
    let values = if kin.iter().all(Kin::is_known) {
        answers(bucket.ask(&command).await?, requests.len())?
    } else {
        // In a box, as what is rare.
        Box::pin(ask_both(&bucket, command, requests.len(), &mut kin, moment)).await?
    };
    // What was known before counts only if it still is, now that the values are here.
    if known.map(Known::moment) != moment {
        Box::pin(know_again(&bucket, &mut kin)).await?;
    }
    let found = |(value, request): (Value, &Request)| {
        let kin = find(&kin, &request.lineage);
        Found::new(value, kin.and_then(|kin| kin.tokens.as_deref()))
    };
    Ok(values.into_iter().zip(requests).map(found).collect())
}

/// Asks for values, and for the generations that are not known, not before them.
async fn ask_both(
    bucket: &Bucket,
    mut command: Cmd,
    count: usize,
    kin: &mut [Kin<'_>],
    moment: Option<Moment>,
) -> Result<Vec<Value>, Fault> {
    let (values, generations) = if bucket.known().is_some() {
        let mut marked = redis::cmd("MGET");
        let asks = add_generations(&mut marked, bucket, kin.iter());
        let mut commands = redis::pipe();
        commands.add_command(command);
        let [values, generations] = bucket.ask_marked(commands, marked).await?;
        (answers(values, count)?, answers(generations, asks)?)
    } else {
        let asks = add_generations(&mut command, bucket, kin.iter());
        let mut values = answers(bucket.ask(&command).await?, count + asks)?;
        let generations = values.split_off(count);
        (values, generations)
    };
    let mut generations = generations.into_iter();
    for kin in kin.iter_mut().filter(|kin| !kin.is_known()) {
        kin.read(&mut generations);
        if let (Some(known), Some(moment), Some(tokens)) = (bucket.known(), moment, &kin.tokens) {
            known.learn(moment, kin.lineage.groups(), tokens);
        }
    }
    Ok(values)
}

/// Something was struck while the question was on its way: what was known and is not any more is asked for.
async fn know_again(bucket: &Bucket, kin: &mut [Kin<'_>]) -> Result<(), Fault> {
    let mut changed = Vec::new();
    for kin in kin.iter_mut().filter(|kin| kin.known.iter().any(Option::is_some)) {
        *kin = Kin::new(kin.lineage, bucket.known());
        if !kin.is_known() {
            changed.push(kin);
        }
    }
    if changed.is_empty() {
        return Ok(());
    }
    let mut command = redis::cmd("MGET");
    let asks = add_generations(&mut command, bucket, changed.iter().map(|kin| &**kin));
    let mut generations = answers(bucket.ask(&command).await?, asks)?.into_iter();
    for kin in changed {
        kin.read(&mut generations);
    }
    Ok(())
}

fn find<'k, 'a>(kin: &'k [Kin<'a>], lineage: &Lineage) -> Option<&'k Kin<'a>> {
    kin.iter().find(|kin| kin.lineage.is_same(lineage))
}

/// Adds a name; it is not put together before.
fn add(command: &mut Cmd, name: [&str; 3]) {
    let mut word = command.writer_for_next_arg();
    for part in name {
        word.write_all(part.as_bytes()).expect("what is in memory is written");
    }
}

/// Asks for the generations that all of them lack, so many names.
fn add_generations<'k, 'a: 'k>(
    command: &mut Cmd,
    bucket: &Bucket,
    kin: impl Iterator<Item = &'k Kin<'a>>,
) -> usize {
    let mut count = 0;
    for group in kin.flat_map(Kin::lacks) {
        add(command, bucket.keys().group_in_parts(group.name()));
        count += 1;
    }
    count
}

/// The values that were asked for.
fn answers(answer: Value, count: usize) -> Result<Vec<Value>, Fault> {
    match answer {
        Value::Array(values) if values.len() == count => Ok(values),
        _ => Err(Fault::Answer("MGET")),
    }
}

/// The generation of a group, if there is one.
pub(super) fn token(value: Value) -> Option<Token> {
    match value {
        Value::BulkString(token) => token.try_into().ok(),
        _ => None,
    }
}
