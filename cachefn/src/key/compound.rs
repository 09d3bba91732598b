//! Structured text of what has elements: lists as they come, maps and sets sorted.

use std::fmt::Write;

use serde::ser::{self, Error as _, Serialize};

use super::KeyError;
use super::escape::Escaped;
use super::text::{Text, write_name};

/// The elements of a sequence, tuple or struct, and its closing bracket.
pub(super) struct List<'a> {
    out: &'a mut dyn Write,
    close: char,
    empty: bool,
}

impl<'a> List<'a> {
    pub(super) fn new(out: &'a mut dyn Write, close: char) -> Self {
        Self { out, close, empty: true }
    }

    fn comma(&mut self) -> Result<(), KeyError> {
        if !std::mem::take(&mut self.empty) {
            self.out.write_char(',')?;
        }
        Ok(())
    }

    fn element(&mut self, value: &(impl Serialize + ?Sized)) -> Result<(), KeyError> {
        self.comma()?;
        value.serialize(Text::new(self.out))
    }

    fn field(&mut self, name: &str, value: &(impl Serialize + ?Sized)) -> Result<(), KeyError> {
        self.comma()?;
        write_name(self.out, name)?;
        self.out.write_char('=')?;
        value.serialize(Text::new(self.out))
    }

    /// A skipped field is not the same as a shorter struct.
    fn skipped(&mut self, name: &str) -> Result<(), KeyError> {
        self.comma()?;
        write_name(self.out, name)?;
        Ok(self.out.write_str("=_")?)
    }

    fn close(self) -> Result<(), KeyError> {
        Ok(self.out.write_char(self.close)?)
    }
}

macro_rules! lists {
    ($($trait:ident $method:ident,)*) => {$(
        impl ser::$trait for List<'_> {
            type Ok = ();
            type Error = KeyError;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), KeyError> {
                self.element(value)
            }

            fn end(self) -> Result<(), KeyError> {
                self.close()
            }
        }
    )*};
}

lists! {
    SerializeSeq serialize_element,
    SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field,
}

macro_rules! structs {
    ($($trait:ident),*) => {$(
        impl ser::$trait for List<'_> {
            type Ok = ();
            type Error = KeyError;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), KeyError> {
                self.field(name, value)
            }

            fn skip_field(&mut self, name: &'static str) -> Result<(), KeyError> {
                self.skipped(name)
            }

            fn end(self) -> Result<(), KeyError> {
                self.close()
            }
        }
    )*};
}

structs!(SerializeStruct, SerializeStructVariant);

/// The entries of a map, kept until all are known.
pub(super) struct Map<'a> {
    out: &'a mut dyn Write,
    entries: Vec<(String, String)>,
}

impl<'a> Map<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self { out, entries: Vec::new() }
    }
}

impl ser::SerializeMap for Map<'_> {
    type Ok = ();
    type Error = KeyError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), KeyError> {
        self.entries.push((text_of(key)?, String::new()));
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), KeyError> {
        let entry = self.entries.last_mut().ok_or_else(|| KeyError::custom("a map's value without a key"))?;
        entry.1 = text_of(value)?;
        Ok(())
    }

    /// The sort is stable: of entries with the same key, which only a hand-written map has, the order counts.
    fn end(mut self) -> Result<(), KeyError> {
        self.entries.sort_by(|(a, _), (b, _)| a.cmp(b));
        self.out.write_str("#map(")?;
        for (at, (key, value)) in self.entries.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(self.out, "{comma}{key}={value}")?;
        }
        Ok(self.out.write_char(')')?)
    }
}

/// Writes the elements sorted by their text.
pub(super) fn write_set<'s, T: Serialize + 's>(set: impl IntoIterator<Item = &'s T>, out: &mut Escaped<'_>) {
    match set.into_iter().map(text_of).collect::<Result<Vec<_>, _>>() {
        Ok(mut elements) => {
            elements.sort_unstable();
            out.text("#set(");
            out.text(&elements.join(","));
            out.text(")");
        }
        Err(error) => out.fail(error),
    }
}

fn text_of<T: Serialize + ?Sized>(value: &T) -> Result<String, KeyError> {
    let mut text = String::new();
    value.serialize(Text::new(&mut text))?;
    Ok(text)
}
