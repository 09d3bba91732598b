//! Keys: from the arguments of a call to the text its entry is stored under.
//!
//! ```text
//! key        = namespace ":" function (":" part)*      written as an expression, or absent
//!            | namespace ":" template                  literals, and parts in place of `{…}`
//! part       = bare | structured                       chosen by the argument's type
//! bare       = 7 · -7 · 1.5 · true · bob · #set(v,v)
//!            | %e empty · %n None · %s%n Some(None) · %u unit · %f7ff8000000000000 NaN by its bits
//! structured = true · 7u64 · 1.5f64 · nan7ff8000000000000f64 · 'c' · "text" · b"00ff"
//!            | unit · none · some(v) · #(v,v) · (v,v) · #map(k=v,k=v) · name rest
//! name       = @Type · @Enum.Variant
//! rest       = nothing · (v) newtype · <v,v> tuple · (f=v,g=_) fields, the second one skipped
//! ```
//!
//! Within one function, two argument tuples have one key if they are equal, as far as that can be known, and only then:
//!
//! - *Escaping.* In a part `%`, `:`, `{ } * ? [ ] \ ^`, white space, controls and the character that follows
//!   the part in the template are written as their bytes, `%` and two digits or **upper-case** letters each.
//!   So a part never holds the byte that ends it, and can be cut out and unescaped. For this that byte must
//!   be neither a letter, a digit nor `%`; the macro refuses such templates.
//! - *Markers.* `%` and a **lower-case** letter: no escape and no escaped text reads like one.
//! - *Bare.* The type is known, and `Display` of each of these types tells its values apart; floats are
//!   written with as many digits as bring the same bits back. `Some(x)` reads as `x`, and `%s` is put
//!   before it only if `x` is a `None` itself, at any depth.
//! - *Structured.* The first characters tell the kind of a value, and each kind knows its own end: numbers
//!   by their type, quoted text by a `"` that is not doubled, a `char` by its length, all else by its
//!   closing bracket. Names of other than letters, digits, `_` and `-` are quoted like text. After
//!   `@Type(` a name is told from a value by the `=` that follows it, and `_` is no value.
//!
//! - *Equal.* `-0.0` is `0.0`, and all NaN are one. Entries of a map and elements of a set are sorted by their text.
//!   Moments with an offset are written in UTC, decimals without the zeros at their end, paths without what does not count in them. Inside
//!   other types sets and these are known by the [name of their type](equal); where that is hidden (`transparent`,
//!   `serialize_with`, a `Serialize` written by hand), the order of a set and the form of a moment count.
//!
//! Variants are known by their names. What a type leaves out of its own `Serialize` is not in the key.
//!
//! Over 200 bytes the last of the arguments, or of a template's levels, is replaced by `%h` and 128 bits of the SHA-256 of
//! all of them, and each one before it over 64 bytes by its own: `users:7:%h…` is still [below](levels) `users:7`. Segments
//! of a namespace over 64 bytes always are: see [`canonical_group`]. Sensitive arguments are replaced by `%x` and 128 bits
//! of their HMAC-SHA256 under a secret, all together: nothing of them is a level.

mod bare;
mod buffer;
mod compound;
mod equal;
mod escape;
mod levels;
mod moment;
mod part;
mod shorten;
mod text;
mod writer;

#[cfg(all(test, not(cachefn_model)))]
mod tests;

pub(crate) use levels::{Covered, Levels};
pub use part::{
    AnyNamed, AnyPart, BarePart, KeyPart, NamePart, NamedPart, NotAPart, NotNamed, Part, TextPart,
};
#[cfg(feature = "redis")]
pub(crate) use shorten::check_value;
pub(crate) use shorten::{canonical_group, canonical_tag};
pub use writer::KeyWriter;
pub(crate) use writer::{Key, KeyError};
