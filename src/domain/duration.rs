//! Durations: as a person reads them, and their median.

use std::time::Duration;

/// Formats a duration as `0.3 ms`, `2 ms`, `57 ms`, `1.2 s` or `1 m 05 s`: a single measurement isn't worth more digits.
pub(crate) fn format(duration: Duration) -> String {
    let micros = duration.as_micros();
    let millis = (micros + 500) / 1000;
    if micros < 50 {
        "<0.1 ms".to_owned()
    } else if micros < 950 {
        format!("0.{} ms", (micros + 50) / 100)
    } else if millis < 1000 {
        format!("{millis} ms")
    } else if millis < 60_000 {
        format!("{}.{} s", millis / 1000, millis % 1000 / 100)
    } else {
        format!("{} m {:02} s", millis / 60_000, millis / 1000 % 60)
    }
}

/// Formats the time that work has taken so far, in tenths of a second, so that it is calm to watch.
pub(crate) fn running(taken: Duration) -> String {
    let millis = taken.as_millis();
    if millis < 60_000 {
        format!("{}.{} s", millis / 1000, millis % 1000 / 100)
    } else {
        format(taken)
    }
}

/// The median; the upper one of an even number of durations.
pub(crate) fn median(durations: &[Duration]) -> Option<Duration> {
    let mut sorted = durations.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_two_or_three_digits() {
        let shown = [
            0, 49, 50, 149, 949, 950, 1_499, 1_500, 33_000, 999_499, 999_500, 1_234_000,
            59_999_499, 65_000_000,
        ]
        .map(|micros| format(Duration::from_micros(micros)));
        assert_eq!(
            shown,
            [
                "<0.1 ms", "<0.1 ms", "0.1 ms", "0.1 ms", "0.9 ms", "1 ms", "1 ms", "2 ms",
                "33 ms", "999 ms", "1.0 s", "1.2 s", "59.9 s", "1 m 05 s",
            ]
        );
    }

    #[test]
    fn the_median_of_nothing_is_nothing() {
        let seconds = |count: &u64| Duration::from_secs(*count);
        let median_of = |list: &[u64]| median(&list.iter().map(seconds).collect::<Vec<_>>());
        assert_eq!(median_of(&[]), None);
        assert_eq!(median_of(&[3, 1, 2]), Some(Duration::from_secs(2)));
        assert_eq!(median_of(&[4, 1, 3, 2]), Some(Duration::from_secs(3)));
    }
}
