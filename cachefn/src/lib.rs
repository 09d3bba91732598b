//! Caching for async functions.
mod call;
mod codec;
mod config;
mod error;
mod event;
mod flight;
mod global;
mod invalidate;
mod key;
mod layout;
mod refresh;
mod remote;
mod schema;
mod shape;
mod site;
mod stats;
mod status;

pub use cachefn_macros::cached;
pub use config::{Config, ConfigBuilder, RedisConfig};
pub use error::{Error, Fault};
pub use global::{init, init_with, shutdown};
pub use invalidate::{Invalidated, Invalidation, clear, invalidate_namespace};
pub use stats::{FunctionStats, Stats, stats};
pub use status::{Mode, RedisStatus, Status, status};

/// What generated code names. Not for people: it changes with any version.
#[doc(hidden)]
pub mod __private {
    pub use crate::call::{Call, Run, begin, run};
    pub use crate::invalidate::{invalidate, invalidate_all};
    pub use crate::key::{BarePart, KeyPart, KeyWriter, NotAPart, Part, TextPart};
    pub use crate::refresh::{Refresh, refresh};
    pub use crate::shape::{
        Acceptable, Checked, Kind, No, Shape, ShapeOption, ShapePlain, ShapeResult, ShapeResultOption,
        Storable, StoredValue, Verdict, VerdictNo, VerdictYes, Yes, check,
    };
    pub use crate::site::Site;

    /// An invalidation where nothing is cached.
    pub fn off() -> crate::Invalidation {
        crate::Invalidation::off()
    }
}
