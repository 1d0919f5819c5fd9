//! Ids, keys, passwords and timestamps in the form that Neon gives them.
//!
//! The `neon` CLI takes a string for a branch id only if it matches `^br-[a-z0-9]+-[a-z0-9]+-[a-z0-9]+$`, so the form is part of
//! the contract.

use time::{OffsetDateTime, format_description::well_known::Rfc3339, macros::format_description};

const ADJECTIVES: &str = "aged autumn billowing bitter black blue bold broad calm cold cool crimson damp dark dawn \
    delicate divine dry falling floral fragrant frosty gentle green hidden holy icy late \
    lingering little lively long misty morning muddy noisy old patient plain polished proud \
    quiet rapid raspy royal shiny silent violet";
const NOUNS: &str = "band bar base bird block boat bonus bread breeze brook bush butterfly cake cell cherry \
    cloud credit darkness dawn dew disk dream dust feather field fire firefly flower fog \
    forest frog frost glade glitter grass hall hat haze heart hill lab lake leaf meadow moon \
    sea sun term";
const LOWER: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const MIXED: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const DIGITS: &[u8] = b"0123456789";

/// Random bytes of the operating system.
///
/// If it has none (early at boot), ids fall back to the clock. Secrets are never made that way: a sandbox whose CA key could
/// not be generated does not start.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    if getrandom::fill(&mut bytes).is_err() {
        let nanos = OffsetDateTime::now_utc()
            .unix_timestamp_nanos()
            .to_le_bytes();
        for (byte, seed) in bytes.iter_mut().zip(nanos.iter().cycle()) {
            *byte = *seed;
        }
    }
    bytes
}

fn letters(alphabet: &[u8], length: usize) -> String {
    let bytes: [u8; 64] = random();
    // The modulo's bias is below 2 bits over a whole key: nothing for keys that open a loopback sandbox.
    bytes
        .iter()
        .take(length)
        .filter_map(|byte| alphabet.get(usize::from(*byte) % alphabet.len()))
        .map(|letter| char::from(*letter))
        .collect()
}

fn words() -> String {
    let [first, second] = random();
    let pick = |list: &'static str, byte: u8| {
        let words: Vec<_> = list.split(' ').collect();
        words.get(usize::from(byte) % words.len()).copied()
    };
    let (adjective, noun) = (pick(ADJECTIVES, first), pick(NOUNS, second));
    format!("{}-{}", adjective.unwrap_or("odd"), noun.unwrap_or("id"))
}

/// A code or a token of a login, as Neon's issuer makes them.
pub(crate) fn oauth(prefix: &str) -> String {
    format!("{prefix}{}", letters(MIXED, 43))
}

/// Such as `old-violet-32930710`.
pub(crate) fn project() -> String {
    format!("{}-{}", words(), letters(DIGITS, 8))
}

/// Such as `br-noisy-breeze-a5e59rrb`.
pub(crate) fn branch() -> String {
    format!("br-{}-{}", words(), letters(LOWER, 8))
}

/// Such as `ep-misty-sea-a5833nbi`.
pub(crate) fn endpoint() -> String {
    format!("ep-{}-{}", words(), letters(LOWER, 8))
}

/// Such as `org-morning-bread-81040908`.
pub(crate) fn organization() -> String {
    format!("org-{}-{}", words(), letters(DIGITS, 8))
}

/// A Neon API key: `napi_` and 64 letters.
pub(crate) fn api_key() -> String {
    format!("napi_{}", letters(LOWER, 64))
}

/// A role's password: `npg_` and 12 letters.
pub(crate) fn password() -> String {
    format!("npg_{}", letters(MIXED, 12))
}

/// A random UUID (version 4).
pub(crate) fn uuid() -> String {
    let value = u128::from_be_bytes(random());
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        value >> 96,
        value >> 80 & 0xffff,
        value >> 64 & 0xfff,
        value >> 48 & 0x3fff | 0x8000,
        value & 0xffff_ffff_ffff
    )
}

/// Whether an id that a client has chosen has the form of a UUID.
pub(crate) fn is_uuid(text: &str) -> bool {
    let groups = text.split('-').map(|group| {
        let hex = group.bytes().all(|byte| byte.is_ascii_hexdigit());
        hex.then_some(group.len())
    });
    groups.eq([8, 4, 4, 4, 12].map(Some))
}

/// The time now, as Neon writes it: RFC 3339 in UTC, here with microseconds.
pub(crate) fn now() -> String {
    timestamp(OffsetDateTime::now_utc())
}

pub(crate) fn timestamp(moment: OffsetDateTime) -> String {
    moment
        .format(format_description!(
            "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z"
        ))
        .unwrap_or_else(|_| ZERO_TIME.to_owned())
}

/// Parses a timestamp.
pub(crate) fn moment(timestamp: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(timestamp, &Rfc3339).ok()
}

/// How Neon writes "never".
pub(crate) const ZERO_TIME: &str = "0001-01-01T00:00:00Z";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_form_that_the_neon_cli_recognizes() {
        let branch = branch();
        let parts: Vec<_> = branch.split('-').collect();
        assert_eq!(parts.len(), 4, "{branch}");
        assert_eq!(parts[0], "br");
        assert!(parts.iter().all(|part| {
            part.bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        }));
        assert!(api_key().starts_with("napi_") && api_key().len() == 69);
        assert!(password().starts_with("npg_"));
        let uuid = uuid();
        assert!(is_uuid(&uuid), "{uuid}");
        let malformed = uuid.replace('4', "g");
        let longer = format!("{uuid}-");
        for other in ["", "0b0c", &malformed, &longer] {
            assert!(!is_uuid(other), "{other}");
        }
        assert_eq!(uuid.as_bytes()[14], b'4', "{uuid}");
        assert!(b"89ab".contains(&uuid.as_bytes()[19]), "{uuid}");
    }

    #[test]
    fn timestamp_is_rfc_3339() {
        assert_eq!(
            timestamp(OffsetDateTime::UNIX_EPOCH),
            "1970-01-01T00:00:00.000000Z"
        );
    }
}
