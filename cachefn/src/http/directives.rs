//! What a request says about caching: `Cache-Control` of RFC 9111, 5.2.1, and `Pragma` of 5.4.
//!
//! | what is written | what is made of it |
//! |---|---|
//! | a directive nobody knows | nothing |
//! | a directive twice | the one that asks for more |
//! | a number as quoted text | the number |
//! | a number over 2³¹ | 2³¹ |
//! | `max-age` without a number | `max-age=0`, as freshness that cannot be read is none (4.2.1) |
//! | `min-fresh` without a number | nothing |
//! | `max-stale` without a number | however old |
//! | `max-stale` with what is no number | nothing |

use std::time::Duration;

use http::header::{CACHE_CONTROL, PRAGMA};
use http::{HeaderMap, HeaderName};

/// A directive of a request that [`CacheLayer`](super::CacheLayer) heeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RequestDirective {
    /// The bodies are run, and what they return is stored.
    NoCache,
    /// The bodies are run, and nothing is stored.
    NoStore,
    /// What is older is a miss.
    MaxAge,
    /// What expires before is a miss.
    MinFresh,
    /// What has expired for longer is a miss.
    MaxStale,
    /// A miss is answered with 504, and nothing is run.
    OnlyIfCached,
}

/// What a request says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Directives {
    pub(super) no_cache: bool,
    pub(super) no_store: bool,
    pub(super) only_if_cached: bool,
    pub(super) max_age: Option<Duration>,
    pub(super) min_fresh: Option<Duration>,
    pub(super) max_stale: Option<Duration>,
}

/// RFC 9111, 1.2.2: who cannot represent a greater number takes this.
const MOST_SECONDS: u64 = 1 << 31;

impl Directives {
    /// Those that are not refused.
    pub(super) fn of(headers: &HeaderMap, refused: &[RequestDirective]) -> Self {
        let mut all = Self::default();
        for line in headers.get_all(CACHE_CONTROL) {
            for (name, value) in each(line.as_bytes()) {
                all.read(name, value);
            }
        }
        if !headers.contains_key(CACHE_CONTROL) {
            let mut lines = headers.get_all(PRAGMA).iter();
            all.no_cache = lines
                .any(|line| each(line.as_bytes()).any(|(name, _)| name.eq_ignore_ascii_case(b"no-cache")));
        }
        for refused in refused {
            all.forget(*refused);
        }
        all
    }

    fn read(&mut self, name: &[u8], value: Option<&[u8]>) {
        match name.to_ascii_lowercase().as_slice() {
            b"no-cache" => self.no_cache = true,
            b"no-store" => self.no_store = true,
            b"only-if-cached" => self.only_if_cached = true,
            b"max-age" => least(&mut self.max_age, seconds(value).unwrap_or_default()),
            b"min-fresh" => {
                if let Some(seconds) = seconds(value) {
                    self.min_fresh = self.min_fresh.max(Some(seconds));
                }
            }
            b"max-stale" => {
                if let Some(seconds) = value.map_or(Some(Duration::MAX), |value| seconds(Some(value))) {
                    least(&mut self.max_stale, seconds);
                }
            }
            _ => {}
        }
    }

    fn forget(&mut self, refused: RequestDirective) {
        match refused {
            RequestDirective::NoCache => self.no_cache = false,
            RequestDirective::NoStore => self.no_store = false,
            RequestDirective::OnlyIfCached => self.only_if_cached = false,
            RequestDirective::MaxAge => self.max_age = None,
            RequestDirective::MinFresh => self.min_fresh = None,
            RequestDirective::MaxStale => self.max_stale = None,
        }
    }
}

/// Whether the list that a header is has an element of that name, whatever its value.
pub(super) fn has(headers: &HeaderMap, header: HeaderName, directive: &str) -> bool {
    let mut lines = headers.get_all(header).iter();
    lines.any(|line| each(line.as_bytes()).any(|(name, _)| name.eq_ignore_ascii_case(directive.as_bytes())))
}

/// The names of the elements of the list that a header is.
pub(super) fn names(headers: &HeaderMap, header: HeaderName) -> impl Iterator<Item = &[u8]> {
    let lines = headers.get_all(header).iter();
    lines
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .filter(|name| !name.is_empty())
}

fn least(held: &mut Option<Duration>, seconds: Duration) {
    *held = Some(held.map_or(seconds, |held| held.min(seconds)));
}

fn seconds(value: Option<&[u8]>) -> Option<Duration> {
    let digits = value.map(unquoted).filter(|digits| !digits.is_empty())?;
    let add = |sum: u64, digit: &u8| {
        digit.is_ascii_digit().then(|| (sum * 10 + u64::from(digit - b'0')).min(MOST_SECONDS))
    };
    digits.iter().try_fold(0, add).map(Duration::from_secs)
}

/// Digits need no escapes in quoted text; what has some is no number.
fn unquoted(value: &[u8]) -> &[u8] {
    value.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")).unwrap_or(value)
}

/// Name and value of each element of a list.
fn each(line: &[u8]) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
    elements(line).filter_map(|element| {
        let element = element.trim_ascii();
        let at = element.iter().position(|byte| *byte == b'=');
        let (name, value) = at.map_or((element, None), |at| (&element[..at], Some(&element[at + 1..])));
        let (name, value) = (name.trim_ascii_end(), value.map(<[u8]>::trim_ascii_start));
        (!name.is_empty()).then_some((name, value))
    })
}

/// What stands between commas that are not inside of quotes. Where quotes are never closed the rest is one element.
fn elements(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (mut quoted, mut escaped) = (false, false);
    line.split(move |byte| {
        if escaped {
            escaped = false;
            return false;
        }
        match byte {
            b'"' => quoted = !quoted,
            b'\\' => escaped = quoted,
            _ => {}
        }
        *byte == b',' && !quoted
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    /// Header lines, and what they say: flags by letter (`c`ache, `s`tore, `o`nly), max-age, min-fresh, max-stale.
    type Row = (&'static [&'static [u8]], &'static str, Option<u64>, Option<u64>, Option<u64>);

    const ROWS: &[Row] = &[
        (&[], "", None, None, None),
        (&[b""], "", None, None, None),
        (&[b"no-cache"], "c", None, None, None),
        (&[b"No-Cache"], "c", None, None, None),
        (&[b"  no-cache\t"], "c", None, None, None),
        (&[b"no-store"], "s", None, None, None),
        (&[b"only-if-cached"], "o", None, None, None),
        (&[b"no-cache, no-store,only-if-cached"], "cso", None, None, None),
        (&[b"no-cache", b"no-store"], "cs", None, None, None),
        (&[b",, no-cache ,,"], "c", None, None, None),
        (&[b"no-cache=\"Set-Cookie\""], "c", None, None, None),
        (&[b"no-cachet"], "", None, None, None),
        (&[b"no_cache"], "", None, None, None),
        (&[b"no cache"], "", None, None, None),
        (&[b"max-age=5"], "", Some(5), None, None),
        (&[b"MAX-AGE=5"], "", Some(5), None, None),
        (&[b"max-age=\"5\""], "", Some(5), None, None),
        (&[b"max-age=007"], "", Some(7), None, None),
        (&[b"max-age=0"], "", Some(0), None, None),
        (&[b"max-age"], "", Some(0), None, None),
        (&[b"max-age="], "", Some(0), None, None),
        (&[b"max-age=-5"], "", Some(0), None, None),
        (&[b"max-age=5s"], "", Some(0), None, None),
        (&[b"max-age=1.5"], "", Some(0), None, None),
        (&[b"max-age=\"5"], "", Some(0), None, None),
        (&[b"max-age=5, max-age=9"], "", Some(5), None, None),
        (&[b"max-age=9", b"max-age=5"], "", Some(5), None, None),
        (&[b"max-age=2147483648"], "", Some(1 << 31), None, None),
        (&[b"max-age=99999999999999999999999999"], "", Some(1 << 31), None, None),
        (&[b"min-fresh=3"], "", None, Some(3), None),
        (&[b"min-fresh=3, min-fresh=4"], "", None, Some(4), None),
        (&[b"min-fresh"], "", None, None, None),
        (&[b"min-fresh=x"], "", None, None, None),
        (&[b"max-stale=3"], "", None, None, Some(3)),
        (&[b"max-stale"], "", None, None, Some(u64::MAX)),
        (&[b"max-stale, max-stale=4"], "", None, None, Some(4)),
        (&[b"max-stale=x"], "", None, None, None),
        (&[b"no-transform, x=\"a, no-store, \\\", no-cache\", max-age=1"], "", Some(1), None, None),
        (&[b"x=\"never closed, no-store"], "", None, None, None),
        (&[b"\xff\xfe, no-store"], "s", None, None, None),
        (&[b"=5, no-store"], "s", None, None, None),
        (&[b"s-maxage=1, private, public, immutable"], "", None, None, None),
    ];

    fn headers(name: &HeaderName, lines: &[&[u8]]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(name, HeaderValue::from_bytes(line).expect("a header can hold it"));
        }
        headers
    }

    #[test]
    fn requests_are_read_as_rfc_9111_says() {
        for (lines, flags, max_age, min_fresh, max_stale) in ROWS {
            let duration = |seconds: &Option<u64>| {
                seconds.map(|seconds| match seconds {
                    u64::MAX => Duration::MAX,
                    seconds => Duration::from_secs(seconds),
                })
            };
            let expected = Directives {
                no_cache: flags.contains('c'),
                no_store: flags.contains('s'),
                only_if_cached: flags.contains('o'),
                max_age: duration(max_age),
                min_fresh: duration(min_fresh),
                max_stale: duration(max_stale),
            };
            let shown: Vec<_> = lines.iter().map(|line| line.escape_ascii().to_string()).collect();
            assert_eq!(Directives::of(&headers(&CACHE_CONTROL, lines), &[]), expected, "{shown:?}");
        }
    }

    #[test]
    fn pragma_counts_only_where_there_is_no_cache_control() {
        let alone = headers(&PRAGMA, &[b"x, No-Cache"]);
        assert!(Directives::of(&alone, &[]).no_cache);
        let mut beside = alone.clone();
        beside.insert(CACHE_CONTROL, HeaderValue::from_static("max-age=5"));
        assert!(!Directives::of(&beside, &[]).no_cache);
        assert!(!Directives::of(&headers(&PRAGMA, &[b"no-store"]), &[]).no_cache);
    }

    #[test]
    fn what_is_refused_is_not_heard() {
        use RequestDirective::*;
        let all = headers(
            &CACHE_CONTROL,
            &[b"no-cache, no-store, only-if-cached, max-age=1, min-fresh=1, max-stale=1"],
        );
        let heard = Directives::of(&all, &[NoCache, MaxAge, MaxStale]);
        assert!(!heard.no_cache && heard.no_store && heard.only_if_cached);
        assert_eq!(
            (heard.max_age, heard.min_fresh, heard.max_stale),
            (None, Some(Duration::from_secs(1)), None)
        );
        let none = [NoCache, NoStore, MaxAge, MinFresh, MaxStale, OnlyIfCached];
        assert_eq!(Directives::of(&all, &none), Directives::default());
    }
}
