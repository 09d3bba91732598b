//! Where encoded bytes go: a buffer that refuses to grow past its limit.

use std::cell::{Cell, RefCell};
use std::io;

use postcard::ser_flavors::Flavor;

/// Bytes written so far, at most `max` of them.
pub(super) struct Sink {
    bytes: RefCell<Vec<u8>>,
    max: usize,
    full: Cell<bool>,
}

impl Sink {
    pub(super) fn new(max: usize) -> Self {
        Self { bytes: RefCell::default(), max, full: Cell::new(false) }
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.borrow().len()
    }

    /// Whether a write was refused.
    pub(super) fn is_full(&self) -> bool {
        self.full.get()
    }

    /// Looks at what was written since the sink was `start` bytes long.
    pub(super) fn since<R>(&self, start: usize, look: impl FnOnce(&[u8]) -> R) -> R {
        look(&self.bytes.borrow()[start..])
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes.into_inner()
    }

    fn put(&self, more: &[u8]) -> bool {
        let mut bytes = self.bytes.borrow_mut();
        if more.len() > self.max - bytes.len() {
            self.full.set(true);
            return false;
        }
        bytes.extend_from_slice(more);
        true
    }
}

impl Flavor for &Sink {
    type Output = ();

    fn try_extend(&mut self, more: &[u8]) -> postcard::Result<()> {
        if self.put(more) { Ok(()) } else { Err(postcard::Error::SerializeBufferFull) }
    }

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.try_extend(&[byte])
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

impl io::Write for &Sink {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        if self.put(more) { Ok(more.len()) } else { Err(io::ErrorKind::StorageFull.into()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
