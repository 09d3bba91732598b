//! Structured text of what has elements: lists as they come, maps and sets sorted.

use std::fmt::Write;

use serde::ser::{self, Error as _, Serialize};

use super::KeyError;
use super::escape::Escaped;
use super::moment;
use super::text::{Reading, write_name, write_text};

/// The elements of a sequence, tuple or struct, and its closing bracket.
pub(super) struct List<'a> {
    out: &'a mut dyn Write,
    close: char,
    reading: Reading,
    empty: bool,
    /// Elements that are not written before all are known.
    kept: Option<Box<Kept>>,
}

/// What becomes of elements that are kept.
struct Kept {
    elements: Vec<String>,
    arrange: fn(&mut Vec<String>),
}

impl<'a> List<'a> {
    pub(super) fn new(out: &'a mut dyn Write, close: char, reading: Reading) -> Self {
        Self { out, close, reading, empty: true, kept: None }
    }

    /// Has the order of the elements not count.
    pub(super) fn sorted(self) -> Self {
        self.keeping(|elements| elements.sort_unstable())
    }

    /// Has the elements be a moment, whose offset from UTC does not count.
    pub(super) fn moment(self) -> Self {
        self.keeping(|elements| {
            if let Some(in_utc) = moment::numbers_in_utc(elements) {
                *elements = in_utc;
            }
        })
    }

    fn keeping(mut self, arrange: fn(&mut Vec<String>)) -> Self {
        self.kept = Some(Box::new(Kept { elements: Vec::new(), arrange }));
        self
    }

    fn comma(&mut self) -> Result<(), KeyError> {
        if !std::mem::take(&mut self.empty) {
            self.out.write_char(',')?;
        }
        Ok(())
    }

    fn element(&mut self, value: &(impl Serialize + ?Sized)) -> Result<(), KeyError> {
        if let Some(kept) = &mut self.kept {
            kept.elements.push(text_of(value, self.reading)?);
            return Ok(());
        }
        self.comma()?;
        write_text(value, self.out, self.reading)
    }

    fn field(&mut self, name: &str, value: &(impl Serialize + ?Sized)) -> Result<(), KeyError> {
        self.comma()?;
        write_name(self.out, name)?;
        self.out.write_char('=')?;
        write_text(value, self.out, self.reading)
    }

    /// A skipped field is not the same as a shorter struct.
    fn skipped(&mut self, name: &str) -> Result<(), KeyError> {
        self.comma()?;
        write_name(self.out, name)?;
        Ok(self.out.write_str("=_")?)
    }

    fn close(self) -> Result<(), KeyError> {
        if let Some(mut kept) = self.kept {
            (kept.arrange)(&mut kept.elements);
            self.out.write_str(&kept.elements.join(","))?;
        }
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
    reading: Reading,
    entries: Vec<(String, String)>,
}

impl<'a> Map<'a> {
    pub(super) fn new(out: &'a mut dyn Write, reading: Reading) -> Self {
        Self { out, reading, entries: Vec::new() }
    }
}

impl ser::SerializeMap for Map<'_> {
    type Ok = ();
    type Error = KeyError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), KeyError> {
        self.entries.push((text_of(key, self.reading)?, String::new()));
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), KeyError> {
        let entry = self.entries.last_mut().ok_or_else(|| KeyError::custom("a map's value without a key"))?;
        entry.1 = text_of(value, self.reading)?;
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
    match set.into_iter().map(|element| text_of(element, Reading::Exact)).collect::<Result<Vec<_>, _>>() {
        Ok(mut elements) => {
            elements.sort_unstable();
            out.text("#set(");
            out.text(&elements.join(","));
            out.text(")");
        }
        Err(error) => out.fail(error),
    }
}

fn text_of<T: Serialize + ?Sized>(value: &T, reading: Reading) -> Result<String, KeyError> {
    let mut text = String::new();
    write_text(value, &mut text, reading)?;
    Ok(text)
}
