//! The way back from structured text to the value.

use super::model::{Entries, NAMES, Name, Shape, Value};

/// The value that was written as `part`.
pub(super) fn read(part: &str) -> Value {
    let text = unescape(part);
    let mut reader = Reader(&text);
    let value = reader.value();
    assert_eq!(reader.0, "", "nothing is left of {text}");
    value
}

/// The text that was written as `part`.
pub(super) fn read_bare(part: &str) -> String {
    if part == "%e" { String::new() } else { unescape(part) }
}

fn unescape(part: &str) -> String {
    let mut pieces = part.split('%');
    let mut bytes = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        bytes.push(u8::from_str_radix(&piece[..2], 16).expect("two hex digits"));
        bytes.extend(&piece.as_bytes()[2..]);
    }
    String::from_utf8(bytes).expect("escapes are of whole characters")
}

struct Reader<'a>(&'a str);

impl<'a> Reader<'a> {
    fn eat(&mut self, token: &str) -> bool {
        self.0.strip_prefix(token).map(|rest| self.0 = rest).is_some()
    }

    fn expect(&mut self, token: &str) {
        assert!(self.eat(token), "{token} in {}", self.0);
    }

    fn word(&mut self, also: &str) -> &'a str {
        let plain = |c: char| c.is_alphanumeric() || also.contains(c);
        let (word, rest) = self.0.split_at(self.0.find(|c| !plain(c)).unwrap_or(self.0.len()));
        self.0 = rest;
        word
    }

    fn quoted(&mut self) -> String {
        self.expect("\"");
        let mut text = String::new();
        loop {
            let (piece, rest) = self.0.split_once('"').expect("a closing quote");
            text += piece;
            self.0 = rest;
            if !self.eat("\"") {
                return text;
            }
            text.push('"');
        }
    }

    fn value(&mut self) -> Value {
        if self.0.starts_with('"') {
            return Value::Text(self.quoted());
        }
        if self.eat("'") {
            let c = self.0.chars().next().expect("a character");
            self.0 = &self.0[c.len_utf8()..];
            self.expect("'");
            return Value::Char(c);
        }
        if self.eat("#map(") {
            return Value::Map(Entries(self.until(")", Self::entry)));
        }
        if self.eat("#(") {
            return Value::Seq(self.until(")", Self::value));
        }
        if self.eat("(") {
            return Value::Tuple(self.until(")", Self::value));
        }
        if self.eat("@") { self.named() } else { self.plain() }
    }

    fn plain(&mut self) -> Value {
        match self.word("-.") {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "unit" => Value::Unit,
            "none" => Value::None,
            "some" => {
                self.expect("(");
                Value::Some(Box::new(self.newtype()))
            }
            "b" => {
                let hex = self.quoted();
                let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex");
                Value::Bytes((0..hex.len()).step_by(2).map(byte).collect())
            }
            number => read_number(number),
        }
    }

    fn named(&mut self) -> Value {
        let name = self.name();
        if self.eat(".") {
            let variant = self.name();
            return Value::Variant(name, variant, self.shape());
        }
        Value::Struct(name, self.shape())
    }

    fn shape(&mut self) -> Shape {
        if self.eat("<") {
            return Shape::Tuple(self.until(">", Self::value));
        }
        if !self.eat("(") {
            return Shape::Unit;
        }
        if self.0.starts_with(')') || self.at_a_field() {
            return Shape::Fields(self.until(")", Self::field));
        }
        Shape::Newtype(Box::new(self.newtype()))
    }

    fn at_a_field(&self) -> bool {
        let mut ahead = Reader(self.0);
        ahead.any_name();
        ahead.0.len() < self.0.len() && ahead.eat("=")
    }

    fn newtype(&mut self) -> Value {
        let value = self.value();
        self.expect(")");
        value
    }

    fn any_name(&mut self) -> String {
        if self.0.starts_with('"') { self.quoted() } else { self.word("_-").to_owned() }
    }

    fn name(&mut self) -> Name {
        let name = self.any_name();
        NAMES.into_iter().find(|known| *known == name).expect("a known name")
    }

    fn field(&mut self) -> (Name, Option<Value>) {
        let name = self.name();
        self.expect("=");
        (name, if self.eat("_") { None } else { Some(self.value()) })
    }

    fn entry(&mut self) -> (Value, Value) {
        let key = self.value();
        self.expect("=");
        (key, self.value())
    }

    fn until<T>(&mut self, close: &str, read: fn(&mut Self) -> T) -> Vec<T> {
        let mut all = Vec::new();
        while !self.eat(close) {
            if !all.is_empty() {
                self.expect(",");
            }
            all.push(read(self));
        }
        all
    }
}

fn read_number(word: &str) -> Value {
    let at = word.rfind(['i', 'u', 'f']).expect("a suffix");
    let (digits, suffix) = word.split_at(at);
    let nan = digits.strip_prefix("nan");
    match suffix {
        "i8" => Value::I8(digits.parse().expect("an i8")),
        "i64" => Value::I64(digits.parse().expect("an i64")),
        "i128" => Value::I128(digits.parse().expect("an i128")),
        "u8" => Value::U8(digits.parse().expect("a u8")),
        "u64" => Value::U64(digits.parse().expect("a u64")),
        "f32" => Value::F32(nan.map_or_else(
            || digits.parse::<f32>().expect("an f32").to_bits(),
            |bits| u32::from_str_radix(bits, 16).expect("hex"),
        )),
        "f64" => Value::F64(nan.map_or_else(
            || digits.parse::<f64>().expect("an f64").to_bits(),
            |bits| u64::from_str_radix(bits, 16).expect("hex"),
        )),
        _ => panic!("no value reads as {word}"),
    }
}
