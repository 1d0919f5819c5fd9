//! How much of an env file is read. Both limits are far above what people write, and far below what slows a setup down.

/// The largest env file, in bytes. The largest examples of open projects have some 60 kB.
const SIZE_LIMIT: usize = 1024 * 1024;
/// The most lines of an env file. The longest examples of open projects have some 2,000.
const LINES_LIMIT: usize = 50_000;

/// An env file that is more than is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EnvLimit {
    #[error("it is larger than {} MB", SIZE_LIMIT / (1024 * 1024))]
    Size,
    #[error("it has more than {LINES_LIMIT} lines")]
    Lines,
}

/// The limit that a file's bytes go beyond.
pub(crate) fn beyond_limit(bytes: &[u8]) -> Option<EnvLimit> {
    if bytes.len() > SIZE_LIMIT {
        Some(EnvLimit::Size)
    } else if memchr::memchr_iter(b'\n', bytes).count() > LINES_LIMIT {
        Some(EnvLimit::Lines)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_within_the_limits() {
        assert_eq!(beyond_limit(&b"KEY=value # why\n".repeat(2000)), None);
        assert_eq!(
            beyond_limit(&vec![b'x'; SIZE_LIMIT + 1]),
            Some(EnvLimit::Size)
        );
        assert_eq!(
            beyond_limit(&vec![b'\n'; LINES_LIMIT + 1]),
            Some(EnvLimit::Lines)
        );
    }
}
