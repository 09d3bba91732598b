//! Types whose values read in a key as they display.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};
use std::fmt::{Display, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::num::NonZero;
use std::rc::Rc;
use std::sync::Arc;

use serde::Serialize;

use super::compound::write_set;
use super::equal::without_sign_of_zero;
use super::escape::Escaped;
use super::text::{Reading, write_text};

/// A type written as it displays: two values of it write the same only if they are equal.
pub trait Bare {
    /// Writes the value.
    fn write_bare(&self, out: &mut Escaped<'_>);

    /// Whether the value is a `None`, or a `Some` of one at any depth.
    fn is_absent(&self) -> bool {
        false
    }
}

impl Bare for str {
    #[inline]
    fn write_bare(&self, out: &mut Escaped<'_>) {
        if self.is_empty() { out.nothing() } else { out.text(self) }
    }
}

impl Bare for String {
    #[inline]
    fn write_bare(&self, out: &mut Escaped<'_>) {
        self.as_str().write_bare(out);
    }
}

impl Bare for char {
    fn write_bare(&self, out: &mut Escaped<'_>) {
        out.text(self.encode_utf8(&mut [0; 4]));
    }
}

impl Bare for bool {
    fn write_bare(&self, out: &mut Escaped<'_>) {
        out.text(if *self { "true" } else { "false" });
    }
}

impl Bare for () {
    fn write_bare(&self, out: &mut Escaped<'_>) {
        out.marker('u');
    }
}

impl<T: Bare> Bare for Option<T> {
    fn write_bare(&self, out: &mut Escaped<'_>) {
        match self {
            None => out.marker('n'),
            Some(inner) => {
                if inner.is_absent() {
                    out.marker('s');
                }
                inner.write_bare(out);
            }
        }
    }

    fn is_absent(&self) -> bool {
        self.as_ref().is_none_or(Bare::is_absent)
    }
}

impl<T: Serialize, S> Bare for HashSet<T, S> {
    fn write_bare(&self, out: &mut Escaped<'_>) {
        write_set(self, out);
    }
}

impl<T: Serialize> Bare for BTreeSet<T> {
    fn write_bare(&self, out: &mut Escaped<'_>) {
        write_set(self, out);
    }
}

/// Of any length: serde's own stop at 32.
impl<T: Serialize, const N: usize> Bare for [T; N] {
    fn write_bare(&self, out: &mut Escaped<'_>) {
        if let Err(error) = write_text(self.as_slice(), out, Reading::Exact) {
            out.fail(error);
        }
    }
}

macro_rules! displayed {
    ($($type:ty),*) => {$(
        impl Bare for $type {
            fn write_bare(&self, out: &mut Escaped<'_>) {
                write_display(self, out);
            }
        }
    )*};
}

displayed!(IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6);

impl Bare for f32 {
    fn write_bare(&self, out: &mut Escaped<'_>) {
        write_float(&without_sign_of_zero(*self), self.is_nan().then(|| u64::from(f32::NAN.to_bits())), out);
    }
}

impl Bare for f64 {
    fn write_bare(&self, out: &mut Escaped<'_>) {
        write_float(&without_sign_of_zero(*self), self.is_nan().then(|| f64::NAN.to_bits()), out);
    }
}

macro_rules! integers {
    ($($int:ty: $integer:expr;)*) => {$(
        impl Bare for $int {
            #[inline]
            fn write_bare(&self, out: &mut Escaped<'_>) {
                let write: fn(&$int, &mut Escaped<'_>) = $integer;
                write(self, out);
            }
        }

        impl Bare for NonZero<$int> {
            #[inline]
            fn write_bare(&self, out: &mut Escaped<'_>) {
                self.get().write_bare(out);
            }
        }
    )*};
}

integers! {
    u8: |n, out| out.integer(false, u64::from(*n));
    u16: |n, out| out.integer(false, u64::from(*n));
    u32: |n, out| out.integer(false, u64::from(*n));
    u64: |n, out| out.integer(false, *n);
    usize: |n, out| out.integer(false, *n as u64);
    u128: |n, out| write_display(n, out);
    i8: |n, out| write_signed(i64::from(*n), out);
    i16: |n, out| write_signed(i64::from(*n), out);
    i32: |n, out| write_signed(i64::from(*n), out);
    i64: |n, out| write_signed(*n, out);
    isize: |n, out| write_signed(*n as i64, out);
    i128: |n, out| write_display(n, out);
}

macro_rules! pointers {
    ($($pointer:ty;)*) => {$(
        impl<T: Bare + ?Sized> Bare for $pointer {
            #[inline]
            fn write_bare(&self, out: &mut Escaped<'_>) {
                (**self).write_bare(out);
            }

            fn is_absent(&self) -> bool {
                (**self).is_absent()
            }
        }
    )*};
}

pointers! {
    &T;
    &mut T;
    Box<T>;
    Rc<T>;
    Arc<T>;
}

impl<T: Bare + ToOwned + ?Sized> Bare for Cow<'_, T> {
    #[inline]
    fn write_bare(&self, out: &mut Escaped<'_>) {
        (**self).write_bare(out);
    }

    fn is_absent(&self) -> bool {
        (**self).is_absent()
    }
}

#[inline]
fn write_signed(n: i64, out: &mut Escaped<'_>) {
    out.integer(n < 0, n.unsigned_abs());
}

/// The digits are as many as bring the same float back; a NaN has no digits, and of its many bit patterns one is written.
fn write_float(float: &impl Display, nan: Option<u64>, out: &mut Escaped<'_>) {
    match nan {
        None => write_display(float, out),
        Some(bits) => {
            out.marker('f');
            write_display(&format_args!("{bits:x}"), out);
        }
    }
}

fn write_display(value: &impl Display, out: &mut Escaped<'_>) {
    if let Err(error) = write!(out, "{value}") {
        out.fail(error.into());
    }
}
