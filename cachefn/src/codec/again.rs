//! Whether a value that was read is all that was written.
//!
//! What `flatten`, `untagged` and `tag` buffer, no fingerprint shows: after a field in there was renamed, its old name is
//! passed over and an `Option` is `None`. The names stand in what was written, though, and writing the value again shows
//! which of them were read. The order of elements and entries is that of a hash map, so it does not count.

use std::fmt;
use std::hash::{Hash, Hasher};

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use xxhash_rust::xxh3::Xxh3;

use super::{Format, Forms, Serialize, Written, contain, read, write};

/// Whether `value` is written as `bytes`, which hold nothing else.
pub(crate) fn is_all_of<T: Serialize>(value: &T, codec: Format, bytes: &[u8]) -> bool {
    let again = contain(|| write(&Forms::default(), codec, value, bytes.len()));
    let Some(Ok(Written { bytes: again, .. })) = again else { return false };
    again == bytes
        || again.len() == bytes.len()
            && digest(codec, &again).is_some_and(|all| digest(codec, bytes) == Some(all))
}

fn digest(codec: Format, bytes: &[u8]) -> Option<u64> {
    read::<Digest>(codec, bytes).ok().map(|digest| digest.0)
}

/// A hash of a document, in any order of its elements and entries.
struct Digest(u64);

impl Digest {
    fn of(content: impl Hash) -> Self {
        let mut hasher = Xxh3::new();
        content.hash(&mut hasher);
        Self(hasher.finish())
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Document)
    }
}

struct Document;

macro_rules! leaves {
    ($($visit:ident($type:ty) $as:expr;)*) => {$(
        fn $visit<E: Error>(self, value: $type) -> Result<Digest, E> {
            let of: fn($type) -> Digest = $as;
            Ok(of(value))
        }
    )*};
}

impl<'de> Visitor<'de> for Document {
    type Value = Digest;

    leaves! {
        visit_bool(bool) |value| Digest::of((0, value));
        visit_i64(i64) |value| Digest::of((1, i128::from(value)));
        visit_u64(u64) |value| Digest::of((1, i128::from(value)));
        visit_i128(i128) |value| Digest::of((1, value));
        visit_u128(u128) |value| Digest::of((2, value));
        visit_f64(f64) |value| Digest::of((3, value.to_bits()));
        visit_str(&str) |value| Digest::of((4, value));
        visit_bytes(&[u8]) |value| Digest::of((5, value));
    }

    fn visit_unit<E: Error>(self) -> Result<Digest, E> {
        Ok(Digest::of(6))
    }

    fn visit_none<E: Error>(self) -> Result<Digest, E> {
        self.visit_unit()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Digest, A::Error> {
        let mut sum = 0_u64;
        while let Some(Digest(element)) = elements.next_element()? {
            sum = sum.wrapping_add(Digest::of(element).0);
        }
        Ok(Digest::of((7, sum)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Digest, A::Error> {
        let mut sum = 0_u64;
        while let Some((Digest(key), Digest(value))) = entries.next_entry()? {
            sum = sum.wrapping_add(Digest::of((key, value)).0);
        }
        Ok(Digest::of((8, sum)))
    }

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }
}
