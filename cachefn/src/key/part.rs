//! How the type of an argument decides what it reads like, and which error it is if it cannot be in a key.
//!
//! Generated code calls `(&&&Part(&argument)).argument(key)`, in a template `.write(key, separator)`. Method lookup removes one reference at
//! a time, so the trait on the most references that applies wins: [`BarePart`], [`TextPart`], [`NotAPart`].
//! In a generic function the bounds in scope decide, the same for all instances.

use serde::Serialize;

use super::KeyWriter;
use super::bare::Bare;
use super::escape::Escaped;
use super::text::Text;

/// One argument of a call.
#[derive(Debug)]
pub struct Part<'a, T: ?Sized>(pub &'a T);

/// Basic types: written as they display.
pub trait BarePart {
    /// Writes the argument; `separator` is the first byte of what follows it in the key.
    fn write(&self, key: &mut KeyWriter, separator: u8);

    /// Writes the argument behind a `:`, where the key is no template.
    #[inline]
    fn argument(&self, key: &mut KeyWriter) {
        key.text(":");
        self.write(key, b':');
    }
}

/// Types that serialize: written as structured text.
pub trait TextPart {
    /// Writes the argument; `separator` is the first byte of what follows it in the key.
    fn write(&self, key: &mut KeyWriter, separator: u8);

    /// Writes the argument behind a `:`, where the key is no template.
    #[inline]
    fn argument(&self, key: &mut KeyWriter) {
        key.text(":");
        self.write(key, b':');
    }
}

/// All other types: one error where the argument is.
pub trait NotAPart {
    /// The type of the argument.
    type Argument: ?Sized;

    /// Cannot be called.
    fn write(&self, key: &mut KeyWriter, separator: u8)
    where
        Self: KeyPart<Self::Argument>;

    /// Cannot be called.
    fn argument(&self, key: &mut KeyWriter)
    where
        Self: KeyPart<Self::Argument>;
}

/// All other types, where the call itself has the error already.
pub trait AnyPart {
    /// Writes nothing.
    fn write(&self, key: &mut KeyWriter, separator: u8);

    /// Writes nothing.
    fn argument(&self, key: &mut KeyWriter);
}

/// Implemented by nothing, so that no implementation is suggested. The argument's type is a parameter because
/// the compiler suggests to bound a `Self` that is a type parameter by this trait.
#[diagnostic::on_unimplemented(
    message = "`{Argument}` cannot be part of a cache key",
    label = "must be a basic type or implement `serde::Serialize`",
    note = "write `key = …` with what identifies the value, or leave the argument out with `skip(…)`"
)]
pub trait KeyPart<Argument: ?Sized> {}

impl<T: Bare + ?Sized> BarePart for &&Part<'_, T> {
    #[inline]
    fn write(&self, key: &mut KeyWriter, separator: u8) {
        self.0.write_bare(&mut Escaped::new(key, separator));
    }
}

impl<T: Serialize + ?Sized> TextPart for &Part<'_, T> {
    fn write(&self, key: &mut KeyWriter, separator: u8) {
        let mut out = Escaped::new(key, separator);
        if let Err(error) = self.0.serialize(Text::new(&mut out)) {
            out.fail(error);
        }
    }
}

impl<T: ?Sized> NotAPart for Part<'_, T> {
    type Argument = T;

    fn write(&self, _: &mut KeyWriter, _: u8)
    where
        Self: KeyPart<T>,
    {
    }

    fn argument(&self, _: &mut KeyWriter)
    where
        Self: KeyPart<T>,
    {
    }
}

impl<T: ?Sized> AnyPart for Part<'_, T> {
    fn write(&self, _: &mut KeyWriter, _: u8) {}

    fn argument(&self, _: &mut KeyWriter) {}
}
