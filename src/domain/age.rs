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

/// Formats a moment, in seconds since 1970, with its age: `at 14:03 UTC, 12 minutes ago`.
pub(crate) fn moment(at: u64, now: SystemTime) -> String {
    let then = i64::try_from(at)
        .ok()
        .and_then(|at| OffsetDateTime::from_unix_timestamp(at).ok());
    let Some(then) = then else {
        return "at an unknown time".to_owned();
    };
    let age = since(&then.format(&Rfc3339).unwrap_or_default(), now);
    let day = if OffsetDateTime::from(now).date() == then.date() {
        String::new()
    } else {
        format!("on {} ", then.date())
    };
    format!("{day}at {:02}:{:02} UTC, {age}", then.hour(), then.minute())
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
    fn a_moment_has_its_day_unless_it_is_today() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_hours(490_908); // 2026-01-01T12:00:00Z
        let noon = 490_908 * 3600;
        assert_eq!(moment(noon, now), "at 12:00 UTC, just now");
        assert_eq!(moment(noon - 720, now), "at 11:48 UTC, 12 minutes ago");
        assert_eq!(
            moment(noon - 86_400, now),
            "on 2025-12-31 at 12:00 UTC, 1 day ago"
        );
        assert_eq!(moment(u64::MAX, now), "at an unknown time");
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
