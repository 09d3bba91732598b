//! An answer with alternatives, one of which is taken in each pass.

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

/// One open answer.
pub(super) struct Slot {
    pub(super) taken: usize,
    pub(super) of: usize,
    /// The alternative to begin with; the others follow in a circle.
    pub(super) first: usize,
    pub(super) until: Until,
    pub(super) owner: Owner,
}

/// What a slot answers.
#[derive(Clone, Copy)]
pub(super) enum Owner {
    Composite(usize),
    Leaf(u64),
}

impl Slot {
    pub(super) fn pick(&self) -> usize {
        // An empty enum has no alternative, and the answer says so.
        (self.first + self.taken).checked_rem(self.of).unwrap_or(0)
    }

    /// Moves on to the next alternative if one is worth trying.
    pub(super) fn advance(&mut self, survived: bool, owner_succeeded: bool) -> bool {
        let enough = match self.until {
            Until::Exhausted => false,
            Until::Accepted => survived,
            Until::Whole => self.taken < 2 && owner_succeeded,
        };
        let advances = !enough && self.taken + 1 < self.of;
        self.taken += usize::from(advances);
        advances
    }
}
