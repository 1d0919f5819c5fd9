//! Hexadecimal digits.

use std::fmt::Write as _;

/// Writes bytes in lower-case digits, two for each.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // writing to a string cannot fail
        write!(text, "{byte:02x}").ok();
    }
    text
}

/// Reads digits, two for each byte; `None` for anything else.
pub(crate) fn unhex(digits: &str) -> Option<Vec<u8>> {
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let digits = digits.as_bytes();
    let whole = digits.len().is_multiple_of(2) && digits.iter().all(u8::is_ascii_hexdigit);
    whole.then(|| digits.chunks(2).map(pair).collect())?
}

#[cfg(test)]
mod tests {
    #[test]
    fn digits_are_read_back() {
        assert_eq!(super::unhex("0009fF"), Some(vec![0, 9, 255]));
        for wrong in ["0", "+1", "0g", "ä"] {
            assert_eq!(super::unhex(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn every_byte_has_two_digits() {
        assert_eq!(super::hex(&[0, 9, 255]), "0009ff");
    }
}
