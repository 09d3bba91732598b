//! Validators and conditions: `ETag`, `Last-Modified`, `If-None-Match`, `If-Modified-Since` (RFC 9110, 8.8 and 13.1).

use std::time::SystemTime;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};
use http::{HeaderMap, HeaderValue};
use xxhash_rust::xxh3::Xxh3;

/// A strong entity tag: what has the same is the same, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tag(HeaderValue);

impl Tag {
    /// That of a body, and of what says how to read it.
    pub(super) fn of(headers: &HeaderMap, body: &Bytes) -> Self {
        let mut hash = Xxh3::new();
        for name in [CONTENT_TYPE, CONTENT_ENCODING] {
            let value = headers.get(name).map_or(&[][..], HeaderValue::as_bytes);
            hash.update(&(value.len() as u64).to_le_bytes());
            hash.update(value);
        }
        hash.update(body);
        let text = format!("\"{:032x}\"", hash.digest128());
        Self(HeaderValue::try_from(text).expect("digits and quotes can be in a header"))
    }

    pub(super) fn into_value(self) -> HeaderValue {
        self.0
    }
}

/// What a request says it has already.
#[derive(Clone, Debug, Default)]
pub(super) struct Conditions {
    none_match: Vec<HeaderValue>,
    modified_since: Option<SystemTime>,
}

impl Conditions {
    /// A date beside `If-None-Match` is none, and so is one that cannot be read, or that stands there twice.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let none_match: Vec<_> = headers.get_all(IF_NONE_MATCH).iter().cloned().collect();
        let mut dates = headers.get_all(IF_MODIFIED_SINCE).iter();
        let modified_since = match (dates.next(), dates.next()) {
            (Some(date), None) if none_match.is_empty() => read_date(date),
            _ => None,
        };
        Self { none_match, modified_since }
    }

    /// Whether the client has what a response of 200 with these headers has.
    pub(super) fn hold(&self, response: &HeaderMap) -> bool {
        if !self.none_match.is_empty() {
            let tag = response.get(ETAG).map(|tag| opaque(tag.as_bytes()));
            return self.none_match.iter().any(|line| names(line.as_bytes(), tag));
        }
        let modified = response.get(LAST_MODIFIED).and_then(read_date);
        self.modified_since.zip(modified).is_some_and(|(since, modified)| modified <= since)
    }
}

pub(super) fn date(moment: SystemTime) -> Option<HeaderValue> {
    // Later than the year 9999 there are no dates.
    let representable = moment < httpdate_end();
    representable.then(|| HeaderValue::try_from(httpdate::fmt_http_date(moment)).ok()).flatten()
}

fn httpdate_end() -> SystemTime {
    const SECONDS: u64 = 253_402_300_800;
    SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(SECONDS)
}

fn read_date(value: &HeaderValue) -> Option<SystemTime> {
    httpdate::parse_http_date(value.to_str().ok()?.trim()).ok()
}

/// A tag without the mark of a weak one: the comparison of `If-None-Match` is the weak one.
fn opaque(tag: &[u8]) -> &[u8] {
    tag.strip_prefix(b"W/").unwrap_or(tag)
}

/// Whether a line of `If-None-Match` names the tag. What stands behind a fault of the line is not read.
fn names(line: &[u8], tag: Option<&[u8]>) -> bool {
    let mut rest = line.trim_ascii();
    if rest == b"*" {
        return true;
    }
    while !rest.is_empty() {
        if let Some(behind) = rest.strip_prefix(b",") {
            rest = behind.trim_ascii_start();
            continue;
        }
        let Some((named, behind)) = first(opaque(rest)) else { return false };
        if Some(named) == tag {
            return true;
        }
        rest = behind.trim_ascii_start();
        if !rest.is_empty() && !rest.starts_with(b",") {
            return false;
        }
    }
    false
}

/// The quoted text at the start, quotes included, and what comes behind it. It has no escapes.
fn first(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let inside = line.strip_prefix(b"\"")?;
    let end = inside.iter().position(|byte| *byte == b'"')?;
    Some(line.split_at(end + 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(http::HeaderName, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(name, HeaderValue::from_str(value).expect("a header can hold it"));
        }
        headers
    }

    #[test]
    fn conditions_hold_as_rfc_9110_says() {
        const THEN: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
        const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
        let (none, since) = (IF_NONE_MATCH, IF_MODIFIED_SINCE);
        let rows: &[(&[(http::HeaderName, &str)], bool)] = &[
            (&[], false),
            (&[(none.clone(), "\"a\"")], true),
            (&[(none.clone(), "W/\"a\"")], true),
            (&[(none.clone(), "w/\"a\"")], false),
            (&[(none.clone(), "\"A\"")], false),
            (&[(none.clone(), "a")], false),
            (&[(none.clone(), "\"b\"")], false),
            (&[(none.clone(), "\"b\", \"a\"")], true),
            (&[(none.clone(), "\"b\",W/\"a\"")], true),
            (&[(none.clone(), " , ,\"b\" ,, \"a\" ,")], true),
            (&[(none.clone(), "\"b,\\\", \"a\"")], true),
            (&[(none.clone(), "\"b, \"a\"")], false),
            (&[(none.clone(), "\"b\" \"a\"")], false),
            (&[(none.clone(), "\"a")], false),
            (&[(none.clone(), "*")], true),
            (&[(none.clone(), " * ")], true),
            (&[(none.clone(), "\"*\"")], false),
            (&[(none.clone(), "\"b\", *")], false),
            (&[(none.clone(), "")], false),
            (&[(none.clone(), "\"b\""), (none.clone(), "\"a\"")], true),
            (&[(since.clone(), THEN)], true),
            (&[(since.clone(), "Mon, 07 Nov 1994 08:49:37 GMT")], true),
            (&[(since.clone(), "Sunday, 06-Nov-94 08:49:37 GMT")], true),
            (&[(since.clone(), "Sun Nov  6 08:49:37 1994")], true),
            (&[(since.clone(), BEFORE)], false),
            (&[(since.clone(), "yesterday")], false),
            (&[(since.clone(), THEN), (since.clone(), THEN)], false),
            (&[(none.clone(), "\"b\""), (since.clone(), THEN)], false),
            (&[(none, "\"a\""), (since, BEFORE)], true),
        ];
        let response = headers(&[(ETAG, "\"a\""), (LAST_MODIFIED, THEN)]);
        for (request, holds) in rows {
            assert_eq!(Conditions::of(&headers(request)).hold(&response), *holds, "{request:?}");
        }
        assert!(!Conditions::of(&headers(&[(IF_NONE_MATCH, "\"a\"")])).hold(&HeaderMap::new()));
        assert!(!Conditions::of(&headers(&[(IF_MODIFIED_SINCE, THEN)])).hold(&HeaderMap::new()));
    }

    #[test]
    fn a_tag_is_that_of_the_content_and_of_how_to_read_it() {
        let (text, html) =
            (headers(&[(CONTENT_TYPE, "text/plain")]), headers(&[(CONTENT_TYPE, "text/html")]));
        let body = Bytes::from_static(b"hello");
        assert_eq!(Tag::of(&text, &body), Tag::of(&text, &body.clone()));
        assert_ne!(Tag::of(&text, &body), Tag::of(&html, &body));
        assert_ne!(Tag::of(&text, &body), Tag::of(&text, &Bytes::from_static(b"hallo")));
        let tag = Tag::of(&text, &body).into_value();
        assert!(tag.to_str().is_ok_and(|tag| tag.len() == 34 && tag.starts_with('"') && tag.ends_with('"')));
    }

    #[test]
    fn a_moment_without_a_date_has_none() {
        assert!(date(SystemTime::UNIX_EPOCH).is_some());
        assert!(date(httpdate_end()).is_none());
    }
}
