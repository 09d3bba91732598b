//! The functions that are measured, each with and without the attribute.
//!
//! The bodies do next to nothing and never wait, so that what is left is the cost of the attribute.

use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Waker};

use cachefn::cached;

/// Stands for the handle that every real function takes.
#[derive(Debug)]
pub struct Db(u64);

/// Stands for the error that every real function has.
#[derive(Clone, Debug)]
pub struct Missing;

impl Db {
    #[allow(clippy::unused_async, reason = "what a body awaits is part of its future")]
    async fn read(&self, id: u64) -> Result<u64, Missing> {
        if id == u64::MAX { Err(Missing) } else { Ok(black_box(self.0 ^ id)) }
    }
}

static DB: Db = Db(7);

/// One function and its twin.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// What it takes.
    pub name: &'static str,
    /// Calls the plain function once.
    pub bare: fn(),
    /// Calls the annotated function once.
    pub annotated: fn(),
    /// The size of the plain function's future, in bytes.
    pub bare_size: fn() -> usize,
    /// The size of the annotated function's future, in bytes.
    pub annotated_size: fn() -> usize,
}

/// Writes a function down twice, with the attribute and without, and how to call both.
macro_rules! case {
    (
        $case:ident = $name:literal, key = $key:expr, $({ $($refresh:tt)* },)?
        ($($arg:ident: $ty:ty = $value:expr),*), $db:ident: $db_ty:ty, $body:block
    ) => {
        const $case: Case = {
            #[cached(expire = 3600, key = $key, companions = false $(, $($refresh)*)?)]
            async fn annotated($($arg: $ty,)* $db: $db_ty) -> Result<u64, Missing> $body

            async fn bare($($arg: $ty,)* $db: $db_ty) -> Result<u64, Missing> $body

            Case {
                name: $name,
                bare: || call(bare($($value,)* &DB)),
                annotated: || call(annotated($($value,)* &DB)),
                bare_size: || size_of_val(&bare($($value,)* &DB)),
                annotated_size: || size_of_val(&annotated($($value,)* &DB)),
            }
        };
    };
}

case!(NUMBER = "(u64, &Db)", key = id, (id: u64 = black_box(7)), db: &Db, { db.read(id).await });
case!(
    NAME = "(String, &Db)", key = name,
    (name: String = String::from(black_box("ada"))), db: &Db,
    { db.read(name.len() as u64).await }
);
case!(
    BYTES = "(String, Vec<u8>, &Db)", key = (name, bytes),
    (name: String = String::from(black_box("ada")), bytes: Vec<u8> = vec![black_box(1); 8]), db: &Db,
    { db.read(name.len() as u64 + bytes.len() as u64).await }
);
case!(
    BLOCK = "(u64, [u64; 32], &Db)", key = id,
    (id: u64 = black_box(7), block: [u64; 32] = black_box([1; 32])), db: &Db,
    { Ok(db.read(id).await? + block[31]) }
);
case!(LOCALS = "(u64, &Db), 512 B of locals", key = id, (id: u64 = black_box(7)), db: &Db, {
    let locals = black_box([id; 64]);
    Ok(db.read(id).await? + locals[63])
});

case!(
    STALE = "(u64, &'static Db), stale", key = id, { stale = 60 },
    (id: u64 = black_box(7)), db: &'static Db,
    { db.read(id).await }
);
case!(
    CALLER = "(u64, &Db), refresh = caller", key = id, { stale = 60, refresh = caller },
    (id: u64 = black_box(7)), db: &Db,
    { db.read(id).await }
);

/// All of them.
pub const ALL: [Case; 7] = [NUMBER, NAME, BYTES, BLOCK, LOCALS, STALE, CALLER];

/// Runs a future that hardly ever waits.
///
/// Where the future is, is hidden from the compiler, for an executor does not know its state either: otherwise a plain
/// function without a loop would be polled by no code at all.
#[inline(always)]
#[allow(clippy::inline_always, reason = "a call would move the future, which is not what is measured")]
pub fn call<F: Future>(future: F) {
    let mut context = Context::from_waker(Waker::noop());
    let mut future = pin!(future);
    while black_box(future.as_mut()).poll(&mut context).map(|output| drop(black_box(output))).is_pending() {
        std::thread::yield_now();
    }
}
