//! Replaces an old password with a new one in files of any form.
//!
//! The env files that `neonup.toml` names are written through [`crate::domain::dotenv::Document`]. Other
//! files may be anything (a compose file, a `.pgpass`, a shell script), so here only the password's own bytes change, and only where that cannot go wrong: a password of letters,
//! digits, `_`, `-`, `.` and `~` means the same in a URL, in quotes and without. Neon's own passwords are all of that kind.

use crate::core::secret::Secret;

/// What became of a file's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Replacement {
    /// The old password does not stand there.
    Absent,
    /// With the new password; all other bytes are the same.
    Bytes(Vec<u8>),
    /// The old password stands there, and cannot be replaced without knowing the file's form.
    ByHand,
}

/// The shortest password that is looked for in files of unknown form: a shorter one could be an ordinary word.
const SHORTEST: usize = 8;

/// Replaces every `old` that stands by itself with `new`.
pub(crate) fn replace(bytes: &[u8], old: &Secret, new: &Secret) -> Replacement {
    let (old, new) = (old.expose().as_bytes(), new.expose().as_bytes());
    let hits: Vec<usize> = if old.is_empty() {
        Vec::new()
    } else {
        memchr::memmem::find_iter(bytes, old)
            .filter(|at| stands_alone(bytes, *at, old.len()))
            .collect()
    };
    if hits.is_empty() {
        return Replacement::Absent;
    }
    if old.len() < SHORTEST || !is_plain(old) || !is_plain(new) {
        return Replacement::ByHand;
    }
    let mut result = Vec::with_capacity(bytes.len() + hits.len() * new.len());
    let mut done = 0;
    for at in hits {
        result.extend_from_slice(bytes.get(done..at).unwrap_or_default());
        result.extend_from_slice(new);
        done = at + old.len();
    }
    result.extend_from_slice(bytes.get(done..).unwrap_or_default());
    Replacement::Bytes(result)
}

/// Whether the hit isn't part of a longer word.
fn stands_alone(bytes: &[u8], at: usize, len: usize) -> bool {
    let part =
        |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    !part(at.checked_sub(1).and_then(|before| bytes.get(before))) && !part(bytes.get(at + len))
}

/// Unreserved in a URL (RFC 3986, section 2.3), and without meaning in quotes and to a shell.
fn is_plain(password: &[u8]) -> bool {
    password
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'~'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn swap(text: &str) -> Replacement {
        let (old, new) = (Secret::new("npg_oldOld42"), Secret::new("npg_newNew4242"));
        replace(text.as_bytes(), &old, &new)
    }

    fn bytes(text: &str) -> Replacement {
        Replacement::Bytes(text.as_bytes().to_vec())
    }

    #[test]
    fn only_a_password_that_stands_alone_is_replaced() {
        assert_eq!(
            swap(
                "A='postgresql://u:npg_oldOld42@h/d' # npg_oldOld42\r\nB=xnpg_oldOld42 npg_oldOld42x\n"
            ),
            bytes(
                "A='postgresql://u:npg_newNew4242@h/d' # npg_newNew4242\r\nB=xnpg_oldOld42 npg_oldOld42x\n"
            )
        );
        assert_eq!(swap("B=xnpg_oldOld42"), Replacement::Absent);
        assert_eq!(swap(""), Replacement::Absent);
    }

    #[test]
    fn passwords_that_need_quoting_are_left_to_a_person() {
        let text = b"PGPASSWORD=secret-old-one";
        let old = Secret::new("secret-old-one");
        assert_eq!(
            replace(text, &old, &Secret::new("a b'c d")),
            Replacement::ByHand
        );
        assert_eq!(
            replace(
                b"A=word",
                &Secret::new("word"),
                &Secret::new("npg_newNew4242")
            ),
            Replacement::ByHand
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn replacing_back_gives_the_same_bytes(before in any::<Vec<u8>>(), after in any::<Vec<u8>>()) {
            let (old, new) = (Secret::new("npg_oldOld42"), Secret::new("npg_newNew4242"));
            let text = [before.as_slice(), b"\n", old.expose().as_bytes(), b"\n", after.as_slice()].concat();
            let Replacement::Bytes(there) = replace(&text, &old, &new) else {
                return Err(TestCaseError::fail("not replaced"));
            };
            prop_assert_eq!(replace(&there, &old, &new), Replacement::Absent);
            prop_assert_eq!(replace(&there, &new, &old), Replacement::Bytes(text));
        }
    }
}
