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

use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::Shape;

const MAX_REQUESTS: usize = 1 << 18;
const MAX_REQUESTS_PER_PASS: usize = 1 << 14;
const MAX_RECIPE: usize = 1 << 12;
const MAX_DEPTH: usize = 64;
const MAX_WALKS: usize = 8;

/// The request cannot be answered; the pass fails.
#[derive(Debug)]
pub(super) struct Refused;

/// What a `Deserialize` asks for.
pub(super) struct Request<'a> {
    pub(super) kind: &'static str,
    /// Tells two functions producing one type apart. Not hashed: it is private to whoever wrote it.
    pub(super) visitor: &'static str,
    pub(super) value: &'static str,
    pub(super) name: &'static str,
    pub(super) names: &'a [&'static str],
    pub(super) len: usize,
}

/// When a slot has tried enough.
#[derive(Clone, Copy)]
pub(super) enum Until {
    /// After all alternatives, as each may show something else.
    Exhausted,
    /// After one that the pass survived, as the alternatives are samples of one thing.
    Accepted,
    /// After the first two if one of them succeeded, else after all.
    Whole,
}

struct Slot {
    taken: usize,
    of: usize,
    until: Until,
    owner: Option<usize>,
}

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
    path: Vec<Slot>,
    cursor: usize,
    ids: HashMap<u64, usize>,
    known: Vec<Known>,
    /// Answers still to be played back, the next one last.
    script: Vec<usize>,
    /// The answers of this pass.
    log: Vec<usize>,
    hash: Xxh3,
    /// The identities of the open composites.
    open: Vec<u64>,
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
            path: Vec::new(),
            cursor: 0,
            ids: HashMap::new(),
            known: Vec::new(),
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

    pub(super) fn shape(&self) -> Shape {
        Shape { fingerprint: self.hash.digest(), self_describing: self.self_describing }
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
            let succeeded = slot.owner.is_some_and(|id| self.known[id].recipe.is_some());
            let enough = match slot.until {
                Until::Exhausted => false,
                Until::Accepted => survived,
                Until::Whole => succeeded && slot.taken < 2,
            };
            slot.taken += 1;
            if !enough && slot.taken < slot.of {
                return true;
            }
            if let Some(id) = slot.owner {
                self.known[id].home = Home::Left;
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
    pub(super) fn leaf(&mut self, request: &Request<'_>, of: usize) -> Result<usize, Refused> {
        self.note(request)?;
        let pick = match self.script.pop() {
            Some(pick) => pick,
            None => self.take_slot(of, Until::Accepted, None),
        };
        self.answer(pick, of)
    }

    /// Answers a request that may nest others. The outcome goes to [`Tape::close`].
    pub(super) fn open(&mut self, request: &Request<'_>, of: usize, until: Until) -> Result<Open, Refused> {
        self.note(request)?;
        if self.open.len() == MAX_DEPTH {
            return Err(Refused);
        }
        let identity = request.identity();
        let start = self.log.len();
        let (pick, owner, plays_back) = match self.script.pop() {
            Some(pick) => (pick, None, false),
            None => self.meet(self.place_of(request, identity), of, until)?,
        };
        let pick = self.answer(pick, of)?;
        self.open.push(identity);
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
            return Ok((self.take_slot(of, until, Some(id)), Some(id), false));
        }
        let Some(recipe) = &known.recipe else {
            self.walk.starved = true;
            return Err(Refused);
        };
        self.script.extend(recipe.iter().rev());
        Ok((self.script.pop().ok_or(Refused)?, None, true))
    }

    /// An enum may be the tag that decides what its parent asks for next, so it is met anew in every parent.
    fn place_of(&self, request: &Request<'_>, identity: u64) -> u64 {
        match self.open.last() {
            Some(parent) if request.kind == "enum" => identity ^ parent.rotate_left(1),
            _ => identity,
        }
    }

    fn take_slot(&mut self, of: usize, until: Until, owner: Option<usize>) -> usize {
        if self.cursor == self.path.len() {
            self.path.push(Slot { taken: 0, of, until, owner });
        }
        self.cursor += 1;
        self.path[self.cursor - 1].taken
    }

    /// A `Deserialize` that asks differently each time may ask for a pick that does not exist.
    fn answer(&mut self, pick: usize, of: usize) -> Result<usize, Refused> {
        self.log.push(pick);
        self.hash.update(&(pick as u64).to_le_bytes());
        if pick < of { Ok(pick) } else { Err(Refused) }
    }

    fn note(&mut self, request: &Request<'_>) -> Result<(), Refused> {
        self.requests += 1;
        if self.requests >= MAX_REQUESTS || self.log.len() >= MAX_REQUESTS_PER_PASS {
            return Err(Refused);
        }
        for text in [request.kind, request.value, request.name] {
            self.feed(text);
        }
        request.names.iter().for_each(|name| self.feed(name));
        self.hash.update(&(request.len as u64).to_le_bytes());
        Ok(())
    }

    pub(super) fn feed(&mut self, text: &str) {
        self.hash.update(&(text.len() as u64).to_le_bytes());
        self.hash.update(text.as_bytes());
    }
}

impl Request<'_> {
    fn identity(&self) -> u64 {
        let mut hash = Xxh3::new();
        let texts = [self.kind, self.visitor, self.value, self.name];
        for text in texts.iter().chain(self.names) {
            hash.update(&xxh3_64(text.as_bytes()).to_le_bytes());
        }
        hash.update(&(self.len as u64).to_le_bytes());
        hash.digest()
    }
}
