//! Which answer each request gets in this pass, and the hash of all requests.
//!
//! A pass is one run of `T::deserialize`. A request with an open answer takes a slot on the path; after the
//! pass the last slot moves to its next alternative, or is dropped when it has none, until the path is empty.
//! This walk is depth first, and linear in the size of the type, because a type takes a slot only where it is
//! met first: met again, it is played back the answers that made it succeed.
//!
//! A recursive type may meet itself before it has succeeded once. That pass fails, and the whole walk is
//! repeated with what was learned meanwhile.

use std::collections::HashMap;

use xxhash_rust::xxh3::Xxh3;

use super::Shape;
use super::request::{Refused, Request};
use super::slot::{Owner, Slot, Until};
use crate::codec::{Form, Forms, Name};

const MAX_REQUESTS: usize = 1 << 18;
const MAX_REQUESTS_PER_PASS: usize = 1 << 14;
const MAX_RECIPE: usize = 1 << 12;
const MAX_DEPTH: usize = 64;
const MAX_WALKS: usize = 8;

#[derive(Default)]
struct Known {
    home: Home,
    /// The answers that made the type succeed, its own first.
    recipe: Option<Vec<usize>>,
}

/// Where on the path a type is expanded in this walk.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Home {
    #[default]
    Unmet,
    Slot(usize),
    Left,
}

/// A composite around the request at hand.
struct Composite {
    identity: u64,
    by_name: bool,
}

/// A composite being answered.
pub(super) struct Open {
    pub(super) pick: usize,
    start: usize,
    owner: Option<usize>,
    plays_back: bool,
}

/// The state of a trace.
pub(super) struct Tape {
    pub(super) human_readable: bool,
    pub(super) self_describing: bool,
    pub(super) passes: usize,
    forms: Forms,
    path: Vec<Slot>,
    cursor: usize,
    ids: HashMap<u64, usize>,
    known: Vec<Known>,
    /// The sample last accepted for a leaf, to begin with where it is asked for again.
    accepted: HashMap<u64, usize>,
    /// Answers still to be played back, the next one last.
    script: Vec<usize>,
    /// The answers of this pass.
    log: Vec<usize>,
    hash: Xxh3,
    open: Vec<Composite>,
    pub(super) requests: usize,
    walk: Walk,
}

/// One walk over all paths.
struct Walk {
    number: usize,
    /// A type without a recipe was met again.
    starved: bool,
    /// A recipe was found.
    learned: bool,
}

impl Walk {
    fn new(number: usize) -> Self {
        Self { number, starved: false, learned: false }
    }

    fn is_worth_repeating(&self) -> bool {
        self.starved && self.learned && self.number < MAX_WALKS
    }
}

impl Tape {
    pub(super) fn new(root: &str, human_readable: bool) -> Self {
        let mut tape = Self {
            human_readable,
            self_describing: false,
            passes: 0,
            forms: Forms::default(),
            path: Vec::new(),
            cursor: 0,
            ids: HashMap::new(),
            known: Vec::new(),
            accepted: HashMap::new(),
            script: Vec::new(),
            log: Vec::new(),
            hash: Xxh3::new(),
            open: Vec::new(),
            requests: 0,
            walk: Walk::new(1),
        };
        tape.feed(root);
        tape.hash.update(&[u8::from(human_readable)]);
        tape
    }

    pub(super) fn into_shape(self) -> Shape {
        let fingerprint = self.hash.digest();
        Shape { fingerprint, self_describing: self.self_describing, forms: self.forms }
    }

    /// Notes that the innermost composite tells its parts apart by name, where postcard has none.
    pub(super) fn asks_by_name(&mut self) {
        self.self_describing = true;
        if let Some(open) = self.open.last_mut() {
            open.by_name = true;
        }
    }

    pub(super) fn is_by_name(&self) -> bool {
        self.open.last().is_some_and(|open| open.by_name)
    }

    /// Notes what the type expects, unless that is only played back.
    pub(super) fn learn(&mut self, name: Name, form: Form) {
        if self.script.is_empty() {
            self.forms.learn(name, form);
        }
    }

    /// Moves on to the next path; false when there is none.
    pub(super) fn next_pass(&mut self, passed: bool) -> bool {
        self.passes += 1;
        self.cursor = 0;
        self.open.clear();
        self.script.clear();
        self.log.clear();
        self.requests < MAX_REQUESTS && (self.backtrack(passed) || self.next_walk())
    }

    fn backtrack(&mut self, passed: bool) -> bool {
        let mut survived = passed;
        while let Some(slot) = self.path.last_mut() {
            let succeeded = match slot.owner {
                Owner::Composite(id) => self.known[id].recipe.is_some(),
                Owner::Leaf(_) => false,
            };
            if slot.advance(survived, succeeded) {
                return true;
            }
            match slot.owner {
                Owner::Composite(id) => self.known[id].home = Home::Left,
                Owner::Leaf(identity) if survived => {
                    self.accepted.insert(identity, slot.pick());
                }
                Owner::Leaf(_) => {}
            }
            self.path.pop();
            survived = true;
        }
        false
    }

    fn next_walk(&mut self) -> bool {
        if !self.walk.is_worth_repeating() {
            return false;
        }
        self.walk = Walk::new(self.walk.number + 1);
        self.self_describing = false;
        self.known.iter_mut().for_each(|known| known.home = Home::Unmet);
        true
    }

    /// Answers a request that nests nothing, with one of `of` samples.
    pub(super) fn leaf(&mut self, request: Request, of: usize) -> Result<usize, Refused> {
        self.note(request)?;
        let pick = match self.script.pop() {
            Some(pick) => pick,
            None => self.take_slot(of, Until::Accepted, Owner::Leaf(request.identity)),
        };
        self.answer(pick, of)
    }

    /// Answers a request that may nest others. The outcome goes to [`Tape::close`].
    pub(super) fn open(&mut self, request: Request, of: usize, until: Until) -> Result<Open, Refused> {
        self.note(request)?;
        if self.open.len() == MAX_DEPTH {
            return Err(Refused);
        }
        let start = self.log.len();
        let (pick, owner, plays_back) = match self.script.pop() {
            Some(pick) => (pick, None, false),
            None => self.meet(self.place_of(request), of, until)?,
        };
        let pick = self.answer(pick, of)?;
        self.open.push(Composite { identity: request.identity, by_name: false });
        Ok(Open { pick, start, owner, plays_back })
    }

    pub(super) fn close(&mut self, open: &Open, succeeded: bool) {
        self.open.pop();
        if open.plays_back {
            self.script.clear();
        }
        let Some(known) = open.owner.and_then(|id| self.known.get_mut(id)) else { return };
        let recipe = &self.log[open.start..];
        if succeeded && known.recipe.is_none() && recipe.len() <= MAX_RECIPE {
            known.recipe = Some(recipe.to_vec());
            self.walk.learned = true;
        }
    }

    /// The answer for a type outside a script, and whether it owns a slot or starts a script.
    fn meet(
        &mut self,
        identity: u64,
        of: usize,
        until: Until,
    ) -> Result<(usize, Option<usize>, bool), Refused> {
        let next = self.known.len();
        let id = *self.ids.entry(identity).or_insert(next);
        if id == next {
            self.known.push(Known::default());
        }
        let known = &mut self.known[id];
        if known.home == Home::Unmet {
            known.home = Home::Slot(self.cursor);
        }
        if known.home == Home::Slot(self.cursor) {
            return Ok((self.take_slot(of, until, Owner::Composite(id)), Some(id), false));
        }
        let Some(recipe) = &known.recipe else {
            self.walk.starved = true;
            return Err(Refused);
        };
        self.script.extend(recipe.iter().rev());
        Ok((self.script.pop().ok_or(Refused)?, None, true))
    }

    /// An enum may be the tag that decides what its parent asks for next, so it is met anew in every parent.
    fn place_of(&self, request: Request) -> u64 {
        match self.open.last() {
            Some(parent) if request.is_enum => request.identity ^ parent.identity.rotate_left(1),
            _ => request.identity,
        }
    }

    fn take_slot(&mut self, of: usize, until: Until, owner: Owner) -> usize {
        if self.cursor == self.path.len() {
            let first = match owner {
                Owner::Leaf(identity) => self.accepted.get(&identity).copied().unwrap_or(0),
                Owner::Composite(_) => 0,
            };
            self.path.push(Slot { taken: 0, of, first, until, owner });
        }
        self.cursor += 1;
        self.path[self.cursor - 1].pick()
    }

    /// A `Deserialize` that asks differently each time may ask for a pick that does not exist.
    fn answer(&mut self, pick: usize, of: usize) -> Result<usize, Refused> {
        self.log.push(pick);
        self.hash.update(&(pick as u64).to_le_bytes());
        if pick < of { Ok(pick) } else { Err(Refused) }
    }

    fn note(&mut self, request: Request) -> Result<(), Refused> {
        self.requests += 1;
        if self.requests >= MAX_REQUESTS || self.log.len() >= MAX_REQUESTS_PER_PASS {
            return Err(Refused);
        }
        self.hash.update(&request.print.to_le_bytes());
        Ok(())
    }

    pub(super) fn feed(&mut self, text: &str) {
        self.hash.update(&(text.len() as u64).to_le_bytes());
        self.hash.update(text.as_bytes());
    }
}
