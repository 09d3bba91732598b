//! The memory that a value takes, estimated in one pass over its `Serialize`.
//!
//! Serde shows the parts of a value, and not where they are. A part that is handed over as itself (a field of a struct, of
//! a tuple or of a variant, the content of a `Some`) has a type here, and so a size that is exact. Elements of sequences
//! and maps come as references: their size is put together of their parts, and the largest of them stands for all.
//!
//! | part | counts for |
//! |---|---|
//! | a type of less than a pointer's alignment | its size: it owns nothing |
//! | a string | its length and an allocation |
//! | a sequence | its elements, next to each other |
//! | a map or set of `BTree…` | nodes of eleven, filled with eight |
//! | a map or set of `Hash…` | a power of two of buckets, an eighth of them empty at least |
//! | a map that is neither by its name, as with `flatten` | the mean of both |
//! | `Box`, `Arc`, `Rc` | an allocation of what is in it, as often as it is met |
//!
//! An allocation costs its length and [`ALLOCATION`] bytes: room that is rounded up to, and the allocator's own.
//!
//! Not seen: fields that are skipped, capacity beyond the length (a clone has none), variants and `Some`s that are larger
//! than what stands in the sequence. What is nested deeper than [`DEEPEST`] is not looked into.

mod container;
#[cfg(all(test, not(cachefn_model)))]
mod tests;
mod walk;

use std::any::type_name;
use std::cell::Cell;

use serde::Serialize;

use crate::codec::contain;
use walk::{Unseen, Walk};

/// What an allocation costs beside its length, in bytes.
const ALLOCATION: usize = 16;

/// How many parts may be inside of each other. A `Some` or a `Box` is one as well.
const DEEPEST: u8 = 192;

/// A `&'static str` that names a variant is handed over as any other text is; so short a text is taken for one.
const SHORT_NAME: usize = 24;

/// How many bytes of memory `value` takes, its own size included.
///
/// Allocates nothing of its own. Where `Serialize` fails or panics, what was seen until then counts.
pub(crate) fn of<V: Serialize>(value: &V) -> usize {
    let heap = Cell::new(0);
    let walk = Walk { heap: &heap, left: DEEPEST, of: type_name::<V>() };
    // What is lost with a panic or an error is the size of the value itself, and that is known.
    let _ = contain(|| walk.part(value));
    heap.get().saturating_add(size_of::<V>())
}

/// A part as it lies in what holds it. What it owns elsewhere has been counted already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    size: usize,
    /// As much of it as is no guess.
    sure: usize,
    align: usize,
    /// Whether an `Option` of it is no larger.
    niche: bool,
    /// Whether it is the handle of a text, a sequence or a map, which may be smaller than a `Vec`.
    handle: bool,
}

impl Part {
    /// A `String`, a `Vec`, a `BTreeMap`.
    const HANDLE: Self = Self { niche: true, handle: true, ..Self::plain(24, 8) };
    /// An empty `Option` of anything: one of a number, or a little less than one of a `String`.
    const NONE: Self = Self { sure: 1, niche: true, ..Self::plain(16, 8) };
    /// A field that is left out: most often an empty `Option` of a `String` or an empty `Vec`.
    const LEFT_OUT: Self = Self { sure: 1, niche: true, ..Self::plain(24, 8) };
    const NOTHING: Self = Self::plain(0, 1);
    const POINTER: Self = Self { niche: true, ..Self::plain(8, 8) };

    const fn plain(size: usize, align: usize) -> Self {
        Self { size, sure: size, align, niche: false, handle: false }
    }

    const fn of<T>() -> Self {
        Self::plain(size_of::<T>(), align_of::<T>())
    }

    /// From one of these to the next.
    #[inline]
    fn stride(self) -> usize {
        self.size.next_multiple_of(self.align.max(1))
    }

    /// One that has room for both.
    #[inline]
    fn or(self, other: Self) -> Self {
        Self {
            size: self.size.max(other.size),
            sure: self.sure.max(other.sure),
            align: self.align.max(other.align),
            niche: self.niche || other.niche,
            handle: self.handle || other.handle,
        }
    }

    /// Both, next to each other.
    #[inline]
    fn and(self, other: Self) -> Self {
        Self {
            size: self.size.saturating_add(other.size),
            sure: self.sure.saturating_add(other.sure),
            align: self.align.max(other.align),
            niche: self.niche || other.niche,
            handle: false,
        }
    }

    /// The same with a tag beside it, unless an unused value of its own can be the tag.
    #[inline]
    fn tagged(self) -> Self {
        let size = if self.niche { self.stride() } else { Self { size: self.size + 1, ..self }.stride() };
        Self { size, niche: true, ..self }
    }
}

/// What an allocation of `size` bytes costs.
fn allocation(size: usize) -> usize {
    if size == 0 { 0 } else { size.saturating_add(ALLOCATION) }
}

impl Walk<'_> {
    fn add(&self, bytes: usize) {
        self.heap.set(self.heap.get().saturating_add(bytes));
    }

    /// Looks at a part of the value.
    fn part<T: Serialize + ?Sized>(&self, value: &T) -> Result<Part, Unseen> {
        let name = type_name::<T>();
        let (size, align) = (size_of_val(value), align_of_val(value));
        if size_of::<&T>() != size_of::<usize>() {
            // A text or a slice by itself.
            return if name == "str" && size <= SHORT_NAME {
                Ok(Part::plain(16, 8))
            } else {
                self.enter(name, value)
            };
        }
        if align < align_of::<usize>() {
            return Ok(Part::plain(size, align));
        }
        let (target, place) = Place::of(name);
        match (place, self.enter(target, value)?) {
            (Place::Itself, part) => Ok(self.itself(part, size, align)),
            (Place::Elsewhere, part) if target == type_name::<serde_json::Value>() => {
                Ok(part.or(Part::of::<serde_json::Value>()))
            }
            (Place::Elsewhere, part) => Ok(part),
            (Place::Owned { header, by_reference }, part) => {
                let fat = part.handle && (by_reference || size == 2 * size_of::<usize>());
                self.add(if fat { header } else { allocation(part.stride() + header) });
                let size = if fat { 16 } else { 8 };
                Ok(Part { size, handle: fat, ..Part::POINTER })
            }
        }
    }

    /// A part whose own size is known.
    #[inline]
    fn itself(&self, seen: Part, size: usize, align: usize) -> Part {
        let least = if seen.handle { 2 * size_of::<usize>() } else { seen.sure };
        if least > size {
            // There is no room for it there.
            self.add(allocation(seen.stride()));
        }
        Part { size, sure: size, align, ..seen }
    }

    fn enter<T: Serialize + ?Sized>(&self, of: &'static str, value: &T) -> Result<Part, Unseen> {
        match self.left.checked_sub(1) {
            Some(left) => value.serialize(Walk { left, of, ..*self }),
            None => Ok(Part::NOTHING),
        }
    }
}

/// Where a part is that is handed over under a type of this name.
#[derive(Clone, Copy)]
enum Place {
    /// There, so that its size is known.
    Itself,
    /// It is referred to.
    Elsewhere,
    /// In an allocation, behind so many bytes; the pointer to it may be referred to.
    Owned { header: usize, by_reference: bool },
}

impl Place {
    /// The place, and the name of the type that is there. Names are constants, so little of this is left when it runs.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "what is compared is constant where it is inlined")]
    fn of(name: &'static str) -> (&'static str, Self) {
        let outer = name.strip_prefix('&').unwrap_or(name);
        let target = outer.strip_prefix('&').unwrap_or(outer);
        let by_reference = target.len() < name.len();
        let counts = 2 * size_of::<usize>();
        for (pointer, header) in
            [("alloc::boxed::Box<", 0), ("alloc::sync::Arc<", counts), ("alloc::rc::Rc<", counts)]
        {
            if let Some(target) = target.strip_prefix(pointer) {
                return (target, Self::Owned { header, by_reference });
            }
        }
        // What `serialize_with` stands for: a struct that refers to the field.
        let with = target.ends_with("::__SerializeWith") || target.ends_with("::__SerializeWith<'_>");
        let refers = by_reference || with;
        (target, if refers { Self::Elsewhere } else { Self::Itself })
    }
}
