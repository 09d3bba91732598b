//! How the type of an argument decides what it reads like, and which error it is if it cannot be in a key.
//!
//! Generated code calls `(&&&Part(&argument)).cachefn_argument(key)`, in a template `.cachefn_write(key, separator)`. Method lookup removes one reference at
//! a time, so the trait on the most references that applies wins: [`BarePart`], [`TextPart`], [`NotAPart`].
//! In a generic function the bounds in scope decide, the same for all instances.

use std::fmt::{Display, Write as _};

use serde::Serialize;

use super::bare::Bare;
use super::escape::Escaped;
use super::text::{Reading, write_text};
use super::{KeyError, KeyWriter};

/// One argument of a call.
#[derive(Debug)]
pub struct Part<'a, T: ?Sized>(pub &'a T);

/// Basic types: written as they display.
pub trait BarePart {
    /// Writes the argument; `separator` is the first byte of what follows it in the key.
    fn cachefn_write(&self, key: &mut KeyWriter, separator: u8);

    /// Writes the argument behind a `:`, where the key is no template.
    #[inline]
    fn cachefn_argument(&self, key: &mut KeyWriter) {
        key.text(":");
        self.cachefn_write(key, b':');
    }

    /// The same in the name of a namespace or tag.
    #[inline]
    fn cachefn_named(&self, key: &mut KeyWriter, separator: u8) {
        self.cachefn_write(key, separator);
    }
}

/// Types that serialize: written as structured text.
pub trait TextPart {
    /// Writes the argument; `separator` is the first byte of what follows it in the key.
    fn cachefn_write(&self, key: &mut KeyWriter, separator: u8);

    /// Writes the argument behind a `:`, where the key is no template.
    #[inline]
    fn cachefn_argument(&self, key: &mut KeyWriter) {
        key.text(":");
        self.cachefn_write(key, b':');
    }
}

/// All other types: one error where the argument is.
pub trait NotAPart {
    /// The type of the argument.
    type Argument: ?Sized;

    /// Cannot be called.
    fn cachefn_write(&self, key: &mut KeyWriter, separator: u8)
    where
        Self: KeyPart<Self::Argument>;

    /// Cannot be called.
    fn cachefn_argument(&self, key: &mut KeyWriter)
    where
        Self: KeyPart<Self::Argument>;
}

/// All other types, where the call itself has the error already.
pub trait AnyPart {
    /// Writes nothing.
    fn cachefn_write(&self, key: &mut KeyWriter, separator: u8);

    /// Writes nothing.
    fn cachefn_argument(&self, key: &mut KeyWriter);
}

/// Implemented by nothing, so that no implementation is suggested. The argument's type is a parameter because
/// the compiler suggests to bound a `Self` that is a type parameter by this trait.
#[diagnostic::on_unimplemented(
    message = "`{Argument}` cannot be part of a cache key",
    label = "must be a basic type or implement `serde::Serialize`",
    note = "write `key = …` with what identifies the value, or leave the argument out with `skip(…)`"
)]
pub trait KeyPart<Argument: ?Sized> {}

/// In the name of a namespace or tag: types that display, so that a program can name the same group with `format!`.
pub trait NamedPart {
    /// Writes what the argument displays.
    fn cachefn_named(&self, key: &mut KeyWriter, separator: u8);
}

/// All other types in such a name: one error where the argument is.
pub trait NotNamed {
    /// The type of the argument.
    type Argument: ?Sized;

    /// Cannot be called.
    fn cachefn_named(&self, key: &mut KeyWriter, separator: u8)
    where
        Self: NamePart<Self::Argument>;
}

/// Implemented by nothing, like [`KeyPart`].
#[diagnostic::on_unimplemented(
    message = "`{Argument}` cannot be in the name of a namespace or tag",
    label = "must be a basic type, or implement `Display` and `serde::Serialize`",
    note = "write what names it, like `{{user.id}}`"
)]
pub trait NamePart<Argument: ?Sized> {}

impl<T: Serialize + Display + ?Sized> NamedPart for &Part<'_, T> {
    fn cachefn_named(&self, key: &mut KeyWriter, separator: u8) {
        let (mut shown, mut whole) = (String::new(), String::new());
        let written = write!(shown, "{}", self.0).map_err(KeyError::from);
        let written = written.and_then(|()| write_text(self.0, &mut whole, Reading::Exact));
        let from = key.len();
        let mut out = Escaped::new(key, separator);
        if let Err(error) = written {
            return out.fail(error);
        }
        if shown.is_empty() {
            out.nothing();
        } else {
            out.text(&shown);
        }
        out.close();
        // What displays alike need not be the same, unless it is a text that displays as it is.
        let tells = whole != format!("\"{}\"", shown.replace('"', "\"\""));
        key.distinguish(from, separator, &whole, tells);
    }
}

impl<T: ?Sized> NotNamed for Part<'_, T> {
    type Argument = T;

    fn cachefn_named(&self, _: &mut KeyWriter, _: u8)
    where
        Self: NamePart<T>,
    {
    }
}

/// The same, where the call itself has the error already.
pub trait AnyNamed {
    /// Writes nothing.
    fn cachefn_named(&self, key: &mut KeyWriter, separator: u8);
}

impl<T: ?Sized> AnyNamed for Part<'_, T> {
    fn cachefn_named(&self, _: &mut KeyWriter, _: u8) {}
}

impl<T: Bare + ?Sized> BarePart for &&Part<'_, T> {
    #[inline]
    fn cachefn_write(&self, key: &mut KeyWriter, separator: u8) {
        let mut out = Escaped::new(key, separator);
        self.0.write_bare(&mut out);
        out.close();
    }
}

impl<T: Serialize + ?Sized> TextPart for &Part<'_, T> {
    fn cachefn_write(&self, key: &mut KeyWriter, separator: u8) {
        let start = key.text.len();
        let mut out = Escaped::new(key, separator);
        if let Err(error) = write_text(self.0, &mut out, Reading::Exact) {
            out.fail(error);
        }
        out.close();
        key.compare(start, |loose| write_text(self.0, loose, Reading::Loose));
    }
}

impl<T: ?Sized> NotAPart for Part<'_, T> {
    type Argument = T;

    fn cachefn_write(&self, _: &mut KeyWriter, _: u8)
    where
        Self: KeyPart<T>,
    {
    }

    fn cachefn_argument(&self, _: &mut KeyWriter)
    where
        Self: KeyPart<T>,
    {
    }
}

impl<T: ?Sized> AnyPart for Part<'_, T> {
    fn cachefn_write(&self, _: &mut KeyWriter, _: u8) {}

    fn cachefn_argument(&self, _: &mut KeyWriter) {}
}
