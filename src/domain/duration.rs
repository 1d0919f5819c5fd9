//! Durations: as a person reads them, and their median.

use std::time::Duration;

/// `0.3 ms`, `2 ms`, `57 ms`, `1.2 s`, `1 m 05 s`: two or three digits, which is more than a single measurement is worth.
pub(crate) fn words(duration: Duration) -> String {
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

/// The median of these; of an even number the greater of the two in the middle.
pub(crate) fn median(durations: &[Duration]) -> Option<Duration> {
    let mut sorted = durations.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_short_words() {
        let shown = [
            0, 49, 50, 149, 949, 950, 1_499, 1_500, 33_000, 999_499, 999_500, 1_234_000,
            59_999_499, 65_000_000,
        ]
        .map(|micros| words(Duration::from_micros(micros)));
        assert_eq!(
            shown,
            [
                "<0.1 ms", "<0.1 ms", "0.1 ms", "0.1 ms", "0.9 ms", "1 ms", "1 ms", "2 ms",
                "33 ms", "999 ms", "1.0 s", "1.2 s", "59.9 s", "1 m 05 s",
            ]
        );
    }
}
