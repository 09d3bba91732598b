//! The text of a header, as it is written.

use http::HeaderValue;
use smallvec::SmallVec;

/// The text of a header. What the layer has to say is not long: it stands on the stack until it is a header.
#[derive(Default)]
pub(super) struct Line(SmallVec<[u8; 64]>);

impl Line {
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    pub(super) fn number(&mut self, mut number: u64) -> &mut Self {
        let first = self.0.len();
        loop {
            self.0.push(b'0' + (number % 10) as u8);
            number /= 10;
            if number == 0 {
                break;
            }
        }
        self.0[first..].reverse();
        self
    }

    /// Text in quotes, as structured fields have it (RFC 9651, 3.3.3).
    pub(super) fn quoted(&mut self, text: &str) -> &mut Self {
        self.0.push(b'"');
        for byte in text.bytes() {
            if matches!(byte, b'"' | b'\\') {
                self.0.push(b'\\');
            }
            self.0.push(byte);
        }
        self.0.push(b'"');
        self
    }

    /// None where a header cannot hold it.
    pub(super) fn value(&self) -> Option<HeaderValue> {
        HeaderValue::from_bytes(&self.0).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::Line;

    #[test]
    fn a_line_is_what_was_written() {
        let mut line = Line::default();
        line.text("ttl=").number(3_600).text("; key=").quoted(r#"a"b\c"#);
        assert_eq!(line.value().unwrap(), r#"ttl=3600; key="a\"b\\c""#);
        for number in [0, 7, 10, u64::MAX] {
            assert_eq!(Line::default().number(number).value().unwrap(), number.to_string());
        }
        assert_eq!(Line::default().text("\n").value(), None);
    }
}
