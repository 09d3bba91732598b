//! Values that are equal and serialize differently: a key is to be one for all of them.
//!
//! serde does not show what type a value has. A serializer is generic over each value it is handed, though, so the *name*
//! of its type is known, wherever it stands: behind references, in lists, in the fields of a struct. By it sets are
//! written in order, and moments, decimals and paths in one form. A name that is not known here leaves a value as it
//! serializes: `serialize_with`, `#[serde(transparent)]` and a `Serialize` written by hand hide the type that they write.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use super::moment;
use super::text::Reading;

/// The name of a type, asked for only where it counts.
pub(super) type Named = fn() -> &'static str;

/// What is known of a type by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Equality {
    /// Equal values serialize alike.
    AsWritten,
    /// The order of elements does not count.
    Set,
    /// The instant counts, not the offset from UTC that it is written in. A name or a historical offset may be rounded
    /// where not `exact`.
    Moment { exact: bool },
    /// Trailing zeros do not count.
    Decimal,
    /// `a//b/` is `a/b`.
    Path,
    /// Nothing is known.
    Unknown,
}

impl Equality {
    pub(super) fn of(name: &str) -> Self {
        let name = pointee(name);
        let Some((library, rest)) = name.split_once("::") else { return Self::AsWritten };
        let path = rest.split('<').next().unwrap_or(rest);
        let of = path.rsplit("::").next().unwrap_or(path);
        match (library, of) {
            // Tuples and arrays of anything are not it.
            _ if library.contains(['(', '[', '<', ' ']) => Self::AsWritten,
            ("std" | "hashbrown" | "im" | "im_rc" | "imbl" | "scc" | "papaya", "HashSet")
            | ("indexmap", "IndexSet")
            | ("dashmap", "DashSet")
            | ("ahash", "AHashSet") => Self::Set,
            ("std", "Path" | "PathBuf") | ("camino", "Utf8Path" | "Utf8PathBuf") => Self::Path,
            ("std" | "core" | "alloc", _) => Self::AsWritten,
            ("chrono", "DateTime") => Self::Moment { exact: rest.contains("FixedOffset>") },
            ("time", "OffsetDateTime") => Self::Moment { exact: true },
            ("jiff", "Zoned" | "ZonedDateTime") => Self::Moment { exact: false },
            ("rust_decimal", "Decimal") | ("bigdecimal", "BigDecimal") => Self::Decimal,
            _ => Self::Unknown,
        }
    }

    /// Whether text is left as it is.
    #[inline]
    pub(super) fn is_plain(self, reading: Reading) -> bool {
        match self {
            Self::AsWritten | Self::Set => true,
            Self::Unknown => reading == Reading::Exact,
            Self::Moment { .. } | Self::Decimal | Self::Path => false,
        }
    }

    /// Text in the form that all equal values share.
    pub(super) fn text(self, text: &str) -> Cow<'_, str> {
        let other = match self {
            Self::Moment { exact } => moment::in_utc(text, exact),
            Self::Decimal => decimal(text),
            Self::Path => path(text),
            Self::AsWritten | Self::Set | Self::Unknown => None,
        };
        other.map_or(Cow::Borrowed(text), Cow::Owned)
    }

    /// Text in a form that values may share which are equal, where nothing is known of their type.
    pub(super) fn guess(self, text: &str) -> Cow<'_, str> {
        if self == Self::Unknown {
            let other = moment::in_utc(text, true).or_else(|| decimal(text));
            return other.map_or(Cow::Borrowed(text), Cow::Owned);
        }
        self.text(text)
    }
}

/// Whether a sequence of an unknown type may have no order: what is called a list has one.
pub(super) fn may_be_a_set(name: &str) -> bool {
    let name = pointee(name);
    let path = name.split('<').next().unwrap_or(name);
    let of = path.rsplit("::").next().unwrap_or(path);
    Equality::of(name) == Equality::Unknown
        && !["Vec", "Array", "List", "Deque", "Slice", "Bytes", "Queue"].iter().any(|list| of.contains(list))
}

/// The float, where `-0.0` is the `0.0` that it is equal to.
pub(super) fn without_sign_of_zero<F: PartialEq + Default>(float: F) -> F {
    if float == F::default() { F::default() } else { float }
}

/// The type that references and pointers lead to, as far as the beginning of its name tells.
fn pointee(mut name: &str) -> &str {
    const POINTERS: [&str; 8] = [
        "&mut ",
        "&",
        "alloc::boxed::Box<",
        "alloc::sync::Arc<",
        "alloc::rc::Rc<",
        "alloc::borrow::Cow<",
        "'_, ",
        "core::cmp::Reverse<",
    ];
    while let Some(inner) = POINTERS.iter().find_map(|pointer| name.strip_prefix(pointer)) {
        name = inner;
    }
    name
}

/// A decimal number without the zeros that do not count; nothing if there are none.
fn decimal(text: &str) -> Option<String> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |digits: &str| digits.bytes().all(|digit| digit.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(fraction) {
        return None;
    }
    let short = if digits.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text };
    let short = if short == "-0" { "0" } else { short };
    (short != text).then(|| short.to_owned())
}

fn path(text: &str) -> Option<String> {
    let short = Path::new(text).components().collect::<PathBuf>().into_os_string().into_string().ok()?;
    (short != text).then_some(short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_known_behind_references_and_pointers() {
        for name in [
            "std::collections::hash::set::HashSet<u32>",
            "&&std::collections::hash::set::HashSet<u32>",
            "alloc::boxed::Box<alloc::sync::Arc<hashbrown::set::HashSet<u32>>>",
            "alloc::borrow::Cow<'_, std::collections::hash::set::HashSet<u32>>",
        ] {
            assert_eq!(Equality::of(name), Equality::Set, "{name}");
        }
        for name in [
            "u32",
            "alloc::vec::Vec<std::collections::hash::set::HashSet<u32>>",
            "(u8, std::collections::hash::set::HashSet<u32>)",
            "[std::collections::hash::set::HashSet<u32>]",
            "&[std::collections::hash::set::HashSet<u32>; 3]",
            "alloc::collections::btree::set::BTreeSet<u32>",
        ] {
            assert_eq!(Equality::of(name), Equality::AsWritten, "{name}");
            assert!(!may_be_a_set(name), "{name}");
        }
        assert_eq!(Equality::of("app::HashSet<u32>"), Equality::Unknown);
        assert!(may_be_a_set("app::Roles") && !may_be_a_set("smallvec::SmallVec<[u8; 4]>"));
    }

    #[test]
    fn zeros_behind_the_point_do_not_count() {
        for (text, short) in [
            ("1.00", Some("1")),
            ("1.10", Some("1.1")),
            ("-0.00", Some("0")),
            ("-0", Some("0")),
            ("100", None),
            ("1.01", None),
            ("", None),
            (".", None),
            ("1.0.0", None),
            ("1e3", None),
        ] {
            assert_eq!(decimal(text).as_deref(), short, "{text}");
        }
    }
}
