//! What sequences and maps cost beside what their elements own.

use super::{Part, allocation};

/// How many entries a node of a `BTreeMap` has room for.
const NODE: usize = 11;

/// How many it holds: between six, filled in order, and eleven.
const IN_NODE: usize = 8;

/// How the elements are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Next to each other.
    List,
    /// In nodes.
    Tree,
    /// In buckets.
    Hashed,
    /// Next to each other, with a table of their places.
    Indexed,
    /// In a map of which nothing is known: the mean of nodes and buckets.
    Unknown,
}

impl Kind {
    /// That of the collection of this name, if it is one that is known.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "what is compared is constant where it is inlined")]
    pub(super) fn named(name: &'static str) -> Option<Self> {
        let name = name.strip_prefix('&').unwrap_or(name);
        // Those that are everywhere cost a comparison, or none.
        if name.starts_with("alloc::vec::Vec<") || name.starts_with('[') {
            Some(Self::List)
        } else if name.starts_with("std::collections::hash::") {
            Some(Self::Hashed)
        } else if name.starts_with("alloc::collections::btree::") {
            Some(Self::Tree)
        } else {
            Self::found(name)
        }
    }

    /// The same for the others.
    #[inline(never)]
    fn found(name: &'static str) -> Option<Self> {
        let path = name.split('<').next().unwrap_or(name);
        let json =
            path == std::any::type_name::<serde_json::Value>() || path.starts_with("serde_json::map::Map");
        if json {
            let sorted = size_of::<serde_json::Map<String, serde_json::Value>>() == size_of::<Vec<u8>>();
            return Some(if sorted { Self::Tree } else { Self::Indexed });
        }
        match path.rsplit("::").next().unwrap_or(path) {
            "VecDeque" | "SmallVec" | "BinaryHeap" => Some(Self::List),
            "HashMap" | "HashSet" | "AHashMap" | "AHashSet" | "DashMap" | "DashSet" => Some(Self::Hashed),
            "IndexMap" | "IndexSet" | "LinkedHashMap" | "LinkedHashSet" => Some(Self::Indexed),
            _ => None,
        }
    }

    /// Memory for so many keys and values; sets and sequences have keys only.
    pub(super) fn cost(self, count: usize, key: Part, value: Part) -> usize {
        let both = key.and(value).stride();
        match self {
            _ if count == 0 => 0,
            Self::List => allocation(count.saturating_mul(both)),
            Self::Tree => tree(count, key.size.saturating_add(value.size)),
            Self::Hashed => hashed(count, both),
            Self::Unknown => {
                let [tree, hashed] = [Self::Tree, Self::Hashed].map(|kind| kind.cost(count, key, value));
                tree / 2 + hashed / 2
            }
            Self::Indexed => {
                let entry = both.saturating_add(size_of::<u64>());
                allocation(count.saturating_mul(entry)).saturating_add(hashed(count, size_of::<usize>()))
            }
        }
    }
}

fn tree(count: usize, entry: usize) -> usize {
    // Keys and values, a pointer to the parent, two short numbers.
    let leaf = NODE.saturating_mul(entry).saturating_add(12).next_multiple_of(8);
    let nodes = count.div_ceil(IN_NODE);
    let inner = if nodes > 1 { nodes.div_ceil(IN_NODE) } else { 0 };
    nodes.saturating_mul(allocation(leaf)).saturating_add(inner * (NODE + 1) * size_of::<usize>())
}

/// As hashbrown has it: seven eighths are filled at most, and each bucket has a byte of control.
fn hashed(count: usize, bucket: usize) -> usize {
    let buckets = match count {
        ..4 => 4,
        4..8 => 8,
        _ => (count.saturating_mul(8) / 7).checked_next_power_of_two().unwrap_or(usize::MAX),
    };
    allocation(buckets.saturating_mul(bucket + 1).saturating_add(16))
}
