//! How much of an env file is read. Both limits are far above what people write, and far below what slows a setup down.

/// The largest env file, in bytes. The largest examples of open projects have some 60 kB.
const SIZE_LIMIT: usize = 1024 * 1024;
/// The most lines of an env file. The longest examples of open projects have some 2,000.
const LINES_LIMIT: usize = 50_000;

/// An env file that is more than is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EnvLimit {
    #[error("larger than {} MB", SIZE_LIMIT / (1024 * 1024))]
    Size,
    #[error("it has more than {LINES_LIMIT} lines")]
    Lines,
    /// Readers of env files want UTF-8, and so does what is written into it.
    #[error("it is saved as UTF-16, which hardly any env file reader supports: save it as UTF-8")]
    Utf16,
}

/// The limit that a file's bytes go beyond.
pub(crate) fn beyond_limit(bytes: &[u8]) -> Option<EnvLimit> {
    if is_utf16(bytes) {
        Some(EnvLimit::Utf16)
    } else if bytes.len() > SIZE_LIMIT {
        Some(EnvLimit::Size)
    } else if memchr::memchr_iter(b'\n', bytes).count() > LINES_LIMIT {
        Some(EnvLimit::Lines)
    } else {
        None
    }
}

/// Whether bytes begin as UTF-16 does: with its byte order mark, or with two letters that have a zero byte each beside them.
fn is_utf16(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xff\xfe")
        || bytes.starts_with(b"\xfe\xff")
        || matches!(bytes, [0, a, 0, b, ..] | [a, 0, b, 0, ..] if *a != 0 && *b != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_within_the_limits() {
        assert_eq!(beyond_limit(&b"KEY=value # why\n".repeat(2000)), None);
        for utf16 in [
            b"\xff\xfeA\0=\0",
            b"\xfe\xff\0A\0=",
            b"A\0=\0\n\0",
            b"\0A\0=\0\n",
        ] {
            assert_eq!(beyond_limit(utf16), Some(EnvLimit::Utf16));
        }
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
