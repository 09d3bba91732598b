//! Moments that are written with an offset from UTC: the same moment in UTC.

use std::fmt::Write as _;

const DAY: i64 = 86_400;

/// The date, the time of day in seconds, and the offset from UTC.
struct Moment {
    year: i64,
    month: i64,
    day: i64,
    seconds: i64,
    offset: i64,
}

impl Moment {
    /// The same in UTC; nothing if the year would not have four digits, by which its text would change.
    fn in_utc(self) -> Option<Self> {
        let seconds = days_since_epoch(self.year, self.month, self.day) * DAY + self.seconds - self.offset;
        let (year, month, day) = date(seconds.div_euclid(DAY));
        let seconds = seconds.rem_euclid(DAY);
        (0..10_000).contains(&year).then_some(Self { year, month, day, seconds, offset: 0 })
    }
}

/// `2024-02-29T12:30:00.5+02:00`, and what of it `time` and `jiff` write otherwise, in UTC. Nothing if it is in UTC
/// already, or is anything else.
///
/// Offsets that are no quarters of an hour are those of the time before time zones. Some were rounded when they were
/// written, so that two moments could be one text: they are left as they are unless they are `exact`.
pub(super) fn in_utc(text: &str, exact: bool) -> Option<String> {
    let (moment, zone) = text.split_once('[').map_or((text, None), |(moment, zone)| (moment, Some(zone)));
    let (date, clock) = moment.split_at_checked(10)?;
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let separator = clock.chars().next().filter(|c| matches!(c, 'T' | ' '))?;
    let at = clock.find(['+', '-', 'Z'])?;
    let (clock, offset) = (&clock[1..at], &clock[at..]);
    let (spaced, clock) = clock.strip_suffix(' ').map_or((false, clock), |clock| (true, clock));
    let (clock, fraction) = clock.split_at(clock.find('.').unwrap_or(clock.len()));
    let [hour, minute, second] = numbers(clock, ':', [2, 2, 2])?;
    let seconds_of_offset = seconds_of(offset)?;
    if offset == "Z" && zone.is_none() || !exact && seconds_of_offset % 900 != 0 {
        return None;
    }
    // A leap second is the 61st of its minute in every zone.
    let leap = i64::from(second == 60);
    let seconds = hour * 3600 + minute * 60 + second - leap;
    let utc = Moment { year, month, day, seconds, offset: seconds_of_offset }.in_utc()?;
    let Moment { year, month, day, seconds, .. } = utc;
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60 + leap);
    let mut out =
        format!("{year:04}-{month:02}-{day:02}{separator}{hour:02}:{minute:02}:{second:02}{fraction}");
    if spaced {
        let zeros = if offset.len() > 6 { " +00:00:00" } else { " +00:00" };
        out.push_str(zeros);
    } else {
        out.push('Z');
    }
    Some(out)
}

/// The nine numbers that `time` writes of a moment, as text of a key, in UTC: year, day of the year, hour, minute,
/// second, nanosecond, and the offset in hours, minutes and seconds.
pub(super) fn numbers_in_utc(parts: &[String]) -> Option<Vec<String>> {
    const KINDS: [&str; 9] = ["i32", "u16", "u8", "u8", "u8", "u32", "i8", "i8", "i8"];
    let mut numbers = [0; 9];
    let parts: &[String; 9] = parts.try_into().ok()?;
    for ((number, part), kind) in numbers.iter_mut().zip(parts).zip(KINDS) {
        *number = part.strip_suffix(kind)?.parse::<i64>().ok()?;
    }
    let [year, ordinal, hour, minute, second, nanos, hours, minutes, seconds] = numbers;
    let offset = hours * 3600 + minutes * 60 + seconds;
    let since =
        (days_since_epoch(year, 1, 1) + ordinal - 1) * DAY + hour * 3600 + minute * 60 + second - offset;
    let (year, ..) = date(since.div_euclid(DAY));
    let ordinal = since.div_euclid(DAY) - days_since_epoch(year, 1, 1) + 1;
    let of_day = since.rem_euclid(DAY);
    let numbers = [year, ordinal, of_day / 3600, of_day / 60 % 60, of_day % 60, nanos, 0, 0, 0];
    Some(numbers.iter().zip(KINDS).map(|(number, kind)| format!("{number}{kind}")).collect())
}

/// Numbers of so many digits, parted by `between`.
fn numbers(text: &str, between: char, digits: [usize; 3]) -> Option<[i64; 3]> {
    let mut parts = text.split(between);
    let mut numbers = [0; 3];
    for (number, digits) in numbers.iter_mut().zip(digits) {
        let part =
            parts.next().filter(|part| part.len() == digits && part.bytes().all(|b| b.is_ascii_digit()))?;
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

/// Of `Z`, `+02:00` or `-02:00:30`.
fn seconds_of(offset: &str) -> Option<i64> {
    if offset == "Z" {
        return Some(0);
    }
    let (sign, offset) = match offset.split_at_checked(1)? {
        ("+", offset) => (1, offset),
        ("-", offset) => (-1, offset),
        _ => return None,
    };
    let mut whole = offset.to_owned();
    if offset.len() == 5 {
        write!(whole, ":00").ok()?;
    }
    let [hours, minutes, seconds] = numbers(&whole, ':', [2, 2, 2])?;
    Some(sign * (hours * 3600 + minutes * 60 + seconds))
}

/// Days from 1970-01-01 to a date of the Gregorian calendar (Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The date so many days after 1970-01-01.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, FixedOffset, NaiveDate, Utc};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_moment_is_one_text_whatever_its_offset() {
        for (text, utc) in [
            ("2024-03-01T01:30:00+02:00", "2024-02-29T23:30:00Z"),
            ("2023-12-31T23:59:60.5-01:00", "2024-01-01T00:59:60.5Z"),
            ("2024-02-29 12:30:45.5 +02:00:00", "2024-02-29 10:30:45.5 +00:00:00"),
            ("2024-02-29T12:30:45-05:00[America/New_York]", "2024-02-29T17:30:45Z"),
            ("2024-02-29T12:30:45+00:00[UTC]", "2024-02-29T12:30:45Z"),
        ] {
            assert_eq!(in_utc(text, false).as_deref(), Some(utc));
        }
        for text in [
            "",
            "2024-02-29",
            "2024-02-29T10:30:00Z",
            "2024-02-29T10:30:00",
            "0000-01-01T00:00:00+01:00",
            "é",
        ] {
            assert_eq!(in_utc(text, true), None, "{text}");
        }
        assert_eq!(in_utc("1900-01-01T00:20:00+00:20", false), None, "it may have been rounded");
        assert_eq!(in_utc("1900-01-01T00:20:00+00:20", true).as_deref(), Some("1900-01-01T00:00:00Z"));
    }

    proptest! {
        #[test]
        fn it_is_what_chrono_says(seconds in -60_000_000_000_i64..250_000_000_000, offset in -1439..1440_i32) {
            let utc = DateTime::<Utc>::from_timestamp(seconds, 0).expect("it is in range");
            let there = utc.with_timezone(&FixedOffset::east_opt(offset * 60).expect("it is less than a day"));
            let four = |year: i32| (0..10_000).contains(&year);
            prop_assume!(offset != 0 && four(chrono::Datelike::year(&utc)) && four(chrono::Datelike::year(&there)));
            let json = serde_json::to_string(&there).expect("it is text");
            let expected = serde_json::to_string(&utc).expect("it is text");
            prop_assert_eq!(in_utc(json.trim_matches('"'), true), Some(expected.trim_matches('"').to_owned()));
        }

        #[test]
        fn dates_are_what_chrono_says(days in -1_000_000..3_000_000_i32) {
            use chrono::Datelike as _;
            let expected = NaiveDate::from_num_days_from_ce_opt(days + 719_163).expect("it is in range");
            let (year, month, day) = date(days.into());
            prop_assert_eq!((year, month, day), (expected.year().into(), expected.month().into(), expected.day().into()));
            prop_assert_eq!(days_since_epoch(year, month, day), i64::from(days));
        }
    }
}
