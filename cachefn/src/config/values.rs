//! Judges single values. What may be a password, put into the wrong variable, is not repeated in an error.

use std::time::Duration;

use bytesize::ByteSize;

/// The longest wait for Redis.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(60);

/// The shortest time to live.
const SHORTEST_LIFE: Duration = Duration::from_millis(1);

/// A longer time to live is likely to be a number of milliseconds, read as seconds.
const LONG_LIFE: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// A smaller memory is likely to be a number of mebibytes or kibibytes, read as bytes.
const SMALL_MEMORY: u64 = 64 << 10;

const QUOTES: [char; 3] = ['"', '\'', '`'];

/// An engine that entries live in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Driver {
    Memory,
    Redis,
}

/// The value, unless it stands in quotes.
pub(super) fn unquoted(text: &str) -> Result<&str, String> {
    if text.starts_with(QUOTES) || text.ends_with(QUOTES) {
        return Err("it stands in quotes, which `docker --env-file` and others keep: remove them".into());
    }
    Ok(text)
}

/// What is odd about a text that may hold any characters.
pub(super) fn oddity(text: &str) -> Option<&'static str> {
    let inner = text.trim();
    if text.ends_with(['\n', '\r']) {
        Some("ends with a line end, which is taken as part of it: write the file with `printf`, not `echo`")
    } else if inner.len() < text.len() {
        Some("begins or ends with white space, which is taken as part of it: remove it if it is not meant")
    } else if QUOTES
        .iter()
        .any(|quote| inner.len() > 1 && inner.starts_with(*quote) && inner.ends_with(*quote))
    {
        Some("stands in quotes, which are taken as part of it: remove them if they are not meant")
    } else if text.contains(char::REPLACEMENT_CHARACTER) {
        Some("is not UTF-8: what is not has been replaced")
    } else {
        None
    }
}

pub(super) fn switch(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err(format!("{} is neither on nor off: write `true` or `false`", shown(text))),
    }
}

pub(super) fn driver(text: &str) -> Result<Driver, String> {
    match text.to_ascii_lowercase().as_str() {
        "memory" => Ok(Driver::Memory),
        "redis" => Ok(Driver::Redis),
        _ => Err("it is not an engine of this build: write `memory` or `redis`".into()),
    }
}

/// Seconds, or a number with a unit.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    if text.split(|c: char| !c.is_alphabetic()).any(|unit| unit == "M") {
        return Err("`M` means months: write minutes as `1m`, months as days (`30d`)".into());
    }
    let seconds = text.parse().map(Duration::from_secs).ok();
    let duration = seconds.or_else(|| humantime::parse_duration(text).ok());
    match duration {
        Some(Duration::ZERO) => {
            Err("zero is no time to live: write at least `1ms`, or switch the cache off".into())
        }
        Some(duration) if duration < SHORTEST_LIFE => {
            Err("it is shorter than a millisecond: write at least `1ms`".into())
        }
        Some(duration) => Ok(duration),
        None => Err(format!("{} is not a duration: write seconds (`300`), or `5m`, `250ms`", shown(text))),
    }
}

pub(super) fn timeout(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        long if long > LONGEST_TIMEOUT => {
            Err("it is longer than a minute; a bare number means seconds: write `250ms`".into())
        }
        fitting => Ok(fitting),
    }
}

/// Returns true if a time to live is so long that another unit must have been meant.
pub(super) fn is_long(life: Duration) -> bool {
    life > LONG_LIFE
}

pub(super) fn bytes(text: &str) -> Result<u64, String> {
    match text.parse::<ByteSize>() {
        Ok(ByteSize(0)) => Err("zero bytes hold nothing: write a size such as `64MiB`".into()),
        Ok(ByteSize(bytes)) => Ok(bytes),
        Err(_) => Err(format!("{} is not a size: write bytes (`67108864`), or `64MiB`", shown(text))),
    }
}

/// Returns true if a bound is so small that another unit must have been meant.
pub(super) fn is_small(bytes: u64) -> bool {
    bytes < SMALL_MEMORY
}

pub(super) fn prefix(text: &str) -> Result<String, String> {
    // Two deployments whose prefixes differ in nothing that can be seen do not hear of each other's invalidations.
    let unseen =
        |c: char| matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{fffd}');
    let unfit = |c: char| {
        c.is_whitespace() || c.is_control() || unseen(c) || QUOTES.contains(&c) || "@{}*?[]\\%".contains(c)
    };
    match text.chars().find(|c| unfit(*c)) {
        Some(c) => {
            let c = if unseen(c) { c.escape_unicode().to_string() } else { c.escape_debug().to_string() };
            Err(format!("`{c}` cannot be part of a key: use letters, digits, `-`, `_`, `.`"))
        }
        None => Ok(text.to_owned()),
    }
}

/// The value as an error may show it: a short one, which is not anybody's password.
fn shown(text: &str) -> String {
    if text.chars().count() <= 5 { format!("`{text}`") } else { "the value".into() }
}
