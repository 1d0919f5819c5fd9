//! How long ago something happened, in words.

use std::time::SystemTime;

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// `3 days ago`, from an RFC 3339 time; the time itself where it cannot be read.
pub fn since(at: &str, now: SystemTime) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn ages_read_well() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_hours(490_896); // 2026-01-01T00:00:00Z
        assert_eq!(since("2025-12-31T23:59:50Z", now), "just now");
        assert_eq!(since("2025-12-31T23:59:00Z", now), "1 minute ago");
        assert_eq!(since("2025-12-31T20:00:00Z", now), "4 hours ago");
        assert_eq!(since("2025-12-29T00:00:00Z", now), "3 days ago");
        assert_eq!(since("2027-01-01T00:00:00Z", now), "just now");
        assert_eq!(since("long ago", now), "long ago");
    }
}
