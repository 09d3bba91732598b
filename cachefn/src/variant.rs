//! Several values of one key, of which a call is for one.
//!
//! Only responses have them: a handler that sets `Vary` answers each request by some of its headers (RFC 9111, 4.1).
//!
//! ```text
//! key            the response that was stored first: its own id, the names in its `Vary`, a digest of the request's values
//! 1st place, 2nd the response of a request that disagrees: the id of the first as its parent, and likewise names and digest
//! ```
//!
//! A call looks under the key. If the response there is for another request, the names in its `Vary` and the values of the
//! call's own request choose two of [`PLACES`] further places, where the call goes on as any other: each place has its own
//! lookup, flight, lease and fill, in memory and in Redis alike. The second is tried where the first is taken by one more
//! variant; what the second holds is replaced.
//!
//! **Nothing is served unless its own `Vary` agrees with the request and its parent is what stands under the key.** So the
//! key alone is what there is to invalidate: without the first response nothing leads to the others, and a new first
//! response has an id that none of them has as its parent. They stay, at most [`PLACES`] of a key, until they expire or are
//! replaced. A load under way for one of them ends under the old parent. `no-cache` and `refresh_f` store under the key, and
//! the older variants go with the older first response.
//!
//! Rejected: a list of variants in one entry. To add one, the others have to be stored anew under generations that were
//! captured before they were read, which takes one more round trip and loses one of two that are added at a time; and each
//! needs a life of its own.

/// How many variants a key has room for, beside the first.
pub(crate) const PLACES: u8 = 16;

/// The way to a variant of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hop {
    /// The response under the key that has led here.
    pub(crate) parent: u64,
    place: u8,
    /// Where to look next; nothing in the last place.
    next: Option<u8>,
}

/// What a value is to a call that has found it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// Its own.
    Own,
    /// Another call's, whose own would stand there.
    Other(Hop),
    /// Nobody's: it is replaced.
    Orphan,
}

/// Whether a value is known to be the call's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vetted {
    Yes,
    No,
}

#[cfg_attr(not(feature = "axum"), expect(dead_code, reason = "only responses have variants"))]
impl Hop {
    /// The first place for a request with this digest.
    pub(crate) fn first(parent: u64, digest: &[u8; 16]) -> Self {
        let (place, next) = (digest[0] % PLACES, digest[1] % PLACES);
        let next = if next == place { (next + 1) % PLACES } else { next };
        Self { parent, place, next: Some(next) }
    }

    /// The place after this one.
    pub(crate) fn next(self) -> Option<Self> {
        self.next.map(|place| Self { place, next: None, ..self })
    }
}

impl Hop {
    /// The text under which the variant of `key` is stored, if that is the text of the first. It has the form of the keys
    /// of generic functions, so that it is shown as the same key.
    pub(crate) fn key(self, key: &str) -> String {
        let first = match key.split_at_checked(17) {
            Some((place, first)) if is_place(place) => first,
            _ => key,
        };
        format!("{MARK}{:x}~{first}", self.place)
    }
}

/// What no instance of a function begins with, but by chance: one in 2⁶⁰, which costs misses.
const MARK: &str = "766172696174696";

fn is_place(text: &str) -> bool {
    text.starts_with(MARK) && text.ends_with('~')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_place_is_another_one_and_the_last() {
        for digest in [[0; 16], [3; 16], [255; 16], [17, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]] {
            let first = Hop::first(7, &digest);
            let second = first.next().unwrap();
            assert_ne!(first.key("k"), second.key("k"));
            assert_eq!((second.parent, second.next()), (7, None));
        }
    }

    #[test]
    fn a_place_is_one_of_the_key_whatever_place_it_is_reached_from() {
        let first = Hop::first(7, &[1; 16]);
        let second = first.next().unwrap();
        let generic = "0123456789abcdef~pages:page:7";
        for key in ["pages:page:7", generic, "", "ä"] {
            assert_eq!(second.key(&first.key(key)), second.key(key));
            assert!(second.key(key).ends_with(&format!("~{key}")));
        }
    }
}
