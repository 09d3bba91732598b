//! For the tests of programs that use the crate (feature `test-util`).
//!
//! ```
//! use cachefn::{Outcome, cached, observe};
//!
//! #[cached(key = id)]
//! async fn get_user(id: u64) -> String {
//!     format!("user {id}")
//! }
//!
//! # mod tests { use super::*;
//! #[cachefn::test]
//! async fn a_user_is_read_once() {
//!     get_user(7).await;
//!     let (_, report) = observe(get_user(7)).await;
//!     assert_eq!(report.count(Outcome::Hit), 1);
//! }
//! # }
//! # fn main() {}
//! ```
//!
//! | what | for |
//! |---|---|
//! | [`#[cachefn::test]`](macro@crate::test), [`isolated`], [`spawn`] | a cache for each test, so that tests that run at a time share nothing |
//! | [`Clock`] | time that passes when the test says so |
//! | [`FaultyBackend`] | what Redis does to a program when it is away, slow, silent or damaged |
//! | [`strict`] | what works in memory works in Redis; equal arguments have equal keys |

mod clock;
mod faulty;
mod isolated;
mod keys;
mod strict;

pub use clock::Clock;
pub use faulty::FaultyBackend;
pub use isolated::{Isolated, isolated, spawn};
#[doc(hidden)]
pub use isolated::{memory, run};
pub(crate) use keys::Keys;
pub use strict::strict;
pub(crate) use strict::through;
