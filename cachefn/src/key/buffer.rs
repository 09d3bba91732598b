//! Where a key is built: on the stack, and on the heap only if it is long.

use std::fmt;

/// Keys up to this many bytes need no allocation.
const INLINE: usize = 128;

/// Bytes that grow.
pub(super) struct Buffer {
    inline: [u8; INLINE],
    /// How much of `inline` is used; [`SPILLED`] once everything is in `heap`.
    used: usize,
    heap: Vec<u8>,
}

/// More than fits inline, so that the check whether something fits says no.
const SPILLED: usize = INLINE + 1;

impl Buffer {
    #[inline]
    pub(super) const fn new() -> Self {
        Self { inline: [0; INLINE], used: 0, heap: Vec::new() }
    }

    #[inline]
    pub(super) fn as_slice(&self) -> &[u8] {
        match self.inline.get(..self.used) {
            Some(inline) => inline,
            None => &self.heap,
        }
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.as_slice().len()
    }

    #[inline]
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let end = self.used + bytes.len();
        match self.inline.get_mut(self.used..end) {
            Some(space) => {
                space.copy_from_slice(bytes);
                self.used = end;
            }
            None => self.spill(bytes),
        }
    }

    /// Writes eight bytes.
    #[inline]
    pub(super) fn push_word(&mut self, word: u64) {
        match self.inline.get_mut(self.used..self.used + 8) {
            Some(space) => {
                space.copy_from_slice(&word.to_ne_bytes());
                self.used += 8;
            }
            None => self.spill(&word.to_ne_bytes()),
        }
    }

    /// Writes `last` and as many zeros as make whole words of everything.
    #[inline]
    pub(super) fn end_word(&mut self, last: u8) {
        let word = u64::from(last).to_le_bytes();
        self.push(&word[..8 - self.len() % 8]);
    }

    /// Writes a number in decimal.
    #[inline]
    pub(super) fn push_decimal(&mut self, number: u64) {
        let digits = match number {
            0..=9 => 1,
            10..=99 => 2,
            100..=999 => 3,
            1000..=9999 => 4,
            _ => number.ilog10() as usize + 1,
        };
        let Some(space) = self.inline.get_mut(self.used..self.used + digits) else {
            return self.spill(number.to_string().as_bytes());
        };
        let mut rest = number;
        for digit in space.iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        self.used += digits;
    }

    /// Keeps the first `len` bytes.
    pub(super) fn truncate(&mut self, len: usize) {
        if self.used == SPILLED { self.heap.truncate(len) } else { self.used = self.used.min(len) }
    }

    #[cold]
    #[inline(never)]
    fn spill(&mut self, bytes: &[u8]) {
        if self.used != SPILLED {
            self.heap.extend_from_slice(&self.inline[..self.used]);
            self.used = SPILLED;
        }
        self.heap.extend_from_slice(bytes);
    }
}

/// Without the bytes: they may be secret.
impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buffer").field("bytes", &self.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pushed_is_held_in_order_whatever_its_length() {
        for first in [0, 1, 126, 127, 128, 129, 300] {
            for second in [0_usize, 1, 2, 200] {
                let mut buffer = Buffer::new();
                buffer.push(&vec![b'a'; first]);
                buffer.push(b":");
                buffer.push(&vec![b'b'; second]);
                buffer.push_decimal(907);
                let expected = format!("{}:{}907", "a".repeat(first), "b".repeat(second));
                assert_eq!(buffer.as_slice(), expected.as_bytes());
                buffer.truncate(first);
                buffer.push(b"c");
                assert_eq!(buffer.as_slice(), format!("{}c", "a".repeat(first)).as_bytes());
            }
        }
    }

    #[test]
    fn numbers_are_decimal() {
        for number in [0, 1, 9, 10, 99, 100, 12_345, u64::MAX - 1, u64::MAX] {
            let mut buffer = Buffer::new();
            buffer.push_decimal(number);
            assert_eq!(buffer.as_slice(), number.to_string().as_bytes());
        }
    }
}
