//! Ages and remaining times, as a person reads them.

use std::time::SystemTime;

use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

/// Formats the age of an RFC 3339 time, such as `3 days ago`; gives back the text where it can't be read.
pub(crate) fn since(at: &str, now: SystemTime) -> String {
    let Ok(then) = OffsetDateTime::parse(at, &Rfc3339) else {
        return at.to_owned();
    };
    let minutes = (OffsetDateTime::from(now) - then).whole_minutes();
    let words =
        |count: i64, unit: &str| format!("{count} {unit}{} ago", if count == 1 { "" } else { "s" });
    match minutes {
        ..=0 => "just now".to_owned(),
        1..=59 => words(minutes, "minute"),
        60..=1439 => words(minutes / 60, "hour"),
        _ => words(minutes / 1440, "day"),
    }
}

/// The time until an RFC 3339 time: negative once it is over, `None` where it can't be read.
pub(crate) fn until(at: &str, now: SystemTime) -> Option<Duration> {
    Some(OffsetDateTime::parse(at, &Rfc3339).ok()? - OffsetDateTime::from(now))
}

/// Formats a span in its two largest units, such as `2 days 23 hours`.
pub(crate) fn span(span: Duration) -> String {
    let words =
        |count: i64, unit: &str| format!("{count} {unit}{}", if count == 1 { "" } else { "s" });
    let minutes = span.whole_minutes().max(0);
    let (large, small) = match minutes {
        0 => return "less than a minute".to_owned(),
        1..=59 => (words(minutes, "minute"), None),
        60..=1439 => (words(minutes / 60, "hour"), Some((minutes % 60, "minute"))),
        _ => (
            words(minutes / 1440, "day"),
            Some((minutes % 1440 / 60, "hour")),
        ),
    };
    match small {
        Some((count, unit)) if count > 0 => format!("{large} {}", words(count, unit)),
        Some(_) | None => large,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn spans_have_their_two_largest_units() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_hours(490_896); // 2026-01-01T00:00:00Z
        for (at, words) in [
            ("2026-01-04T00:00:00Z", "3 days"),
            ("2026-01-03T23:59:00Z", "2 days 23 hours"),
            ("2026-01-01T05:30:59Z", "5 hours 30 minutes"),
            ("2026-01-01T01:00:00Z", "1 hour"),
            ("2026-01-01T00:01:00.5Z", "1 minute"),
            ("2026-01-01T00:00:59+00:00", "less than a minute"),
            ("2025-12-31T00:00:00Z", "less than a minute"),
        ] {
            assert_eq!(span(until(at, now).unwrap()), words, "{at}");
        }
        assert!(until("2025-12-31T23:59:59Z", now).unwrap().is_negative());
        assert_eq!(until("some day", now), None);
    }

    #[test]
    fn ages_have_one_unit() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_hours(490_896); // 2026-01-01T00:00:00Z
        assert_eq!(since("2025-12-31T23:59:50Z", now), "just now");
        assert_eq!(since("2025-12-31T23:59:00Z", now), "1 minute ago");
        assert_eq!(since("2025-12-31T20:00:00Z", now), "4 hours ago");
        assert_eq!(since("2025-12-29T00:00:00Z", now), "3 days ago");
        assert_eq!(since("2027-01-01T00:00:00Z", now), "just now");
        assert_eq!(since("long ago", now), "long ago");
    }
}
