//! Env files that dotenvx, SOPS, git-crypt or the like have encrypted: they are made to be committed. Their keys are not.

use crate::{
    core::secret::Secret,
    domain::{
        credentials,
        dotenv::Document,
        sensitive::{is_secret_key, is_secret_value},
    },
};

/// The file in which dotenvx keeps the private keys, beside the env files.
pub(crate) const KEYS_FILE: &str = ".env.keys";

/// What an encrypted value begins with: by dotenvx, and by SOPS.
const SEALED: [&str; 2] = ["encrypted:", "ENC["];
/// What the names of the keys begin with, one for each environment.
const PUBLIC_KEY: &str = "DOTENV_PUBLIC_KEY";
/// The names under which SOPS says how it has encrypted the others, beside those of lists of keys (`sops_age__list_0__map_enc`).
const OF_SOPS: [&str; 10] = [
    "sops_version",
    "sops_mac",
    "sops_lastmodified",
    "sops_unencrypted_suffix",
    "sops_encrypted_suffix",
    "sops_unencrypted_regex",
    "sops_encrypted_regex",
    "sops_mac_only_encrypted",
    "sops_shamir_threshold",
    "sops_key_groups",
];
/// What binary files begin with that are encrypted as a whole: by git-crypt, and by openssl.
const WHOLE: [&[u8]; 2] = [b"\0GITCRYPT\0", b"Salted__"];
/// The same of text: by Ansible's vault, age, `GnuPG`, and openssl or transcrypt.
const WHOLE_TEXT: [&[u8]; 5] = [
    b"$ANSIBLE_VAULT;",
    b"age-encryption.org/v1",
    b"-----BEGIN AGE ENCRYPTED FILE-----",
    b"-----BEGIN PGP MESSAGE-----",
    b"U2FsdGVkX1",
];
const PRIVATE_KEY: &str = "DOTENV_PRIVATE_KEY";

/// Whether a file is encrypted as a whole. In a text, nothing behind the mark may be a key with its value: the `=` of base64 stand at the
/// end.
pub(crate) fn is_encrypted(bytes: &[u8]) -> bool {
    let sets_a_key = |line: &[u8]| {
        let line = line.trim_ascii_end();
        let plain = line.iter().rposition(|byte| *byte != b'=');
        let plain = plain.and_then(|last| line.get(..=last)).unwrap_or_default();
        line.is_ascii() && memchr::memchr(b'=', plain).is_some()
    };
    let begins = |marks: &[&[u8]]| marks.iter().any(|mark| bytes.starts_with(mark));
    let encrypted = begins(&WHOLE) && !is_text(bytes)
        || begins(&WHOLE_TEXT) && !bytes.split(|byte| *byte == b'\n').any(sets_a_key);
    encrypted && credentials::find(bytes).is_empty()
}

fn is_text(bytes: &[u8]) -> bool {
    bytes
        .iter()
        .all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace())
}

/// Whether an env file is encrypted: as a whole, or every secret of it.
pub(crate) fn is_sealed(bytes: &[u8]) -> bool {
    is_encrypted(bytes) || has_sealed_values(&Document::parse(bytes))
}

/// Whether dotenvx or SOPS has encrypted every secret of an env file: it says how, and nothing in it is secret in plain text, a comment
/// included.
fn has_sealed_values(document: &Document) -> bool {
    let mut sealed = 0;
    let mut public = false;
    for entry in document.entries() {
        let value = entry.value.expose();
        if entry.key.starts_with(PUBLIC_KEY) || is_of_sops(&entry.key) {
            public = true;
        } else if SEALED.iter().any(|start| value.starts_with(start)) {
            sealed += 1;
        } else if entry.key.starts_with(PRIVATE_KEY)
            || !value.is_empty() && (is_secret_key(&entry.key) || is_secret_value(value))
        {
            return false;
        }
    }
    public && sealed > 0 && credentials::find(document.bytes()).is_empty()
}

fn is_of_sops(key: &str) -> bool {
    OF_SOPS.contains(&key) || key.starts_with("sops_") && key.contains("__list_")
}

/// The private keys in a file of dotenvx, by name.
pub(crate) fn private_keys(document: &Document) -> Vec<(String, Secret)> {
    let keys = document
        .entries()
        .filter(|entry| entry.key.starts_with(PRIVATE_KEY));
    // several in one, with commas between them, are the newest and older ones
    keys.flat_map(|entry| {
        let values = entry.value.expose().split(',');
        values.map(|value| (entry.key.clone(), Secret::new(value.trim())))
    })
    .filter(|(_, value)| !value.is_empty())
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(text: &str) -> bool {
        is_sealed(text.as_bytes())
    }

    #[test]
    fn what_other_tools_encrypt_is_sealed_too() {
        let sops = "DATABASE_URL=ENC[AES256_GCM,data:9fT3l0Q2u2mWJ9s1,iv:Zm9v,tag:AA==,type:str]\nsops_version=3.9.0\n\
            sops_age__list_0__map_enc=-----BEGIN AGE ENCRYPTED FILE-----\\nYWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUx\\n\n";
        assert!(sealed(sops));
        assert!(!sealed(&format!("{sops}JWT_SECRET=abc\n")));
        assert!(!sealed(&format!("{sops}sops_JWT_SECRET=abc\n")));
        assert!(sealed("U2FsdGVkX1+vupppZksvRf5pq5g5XjFRlipRkwB0K1Y=\n"));
        assert!(!sealed("U2FsdGVkX1=x\nJWT_SECRET=abc\n"));
        assert!(!sealed("Salted__=x\nJWT_SECRET=abc\n"));
        assert!(sealed("Salted__\u{1}\u{2}\n=a\n"));
        assert!(!sealed(
            "U2FsdGVkX1+vupppZksvRf5pq5g5XjFRlipRkwB0K1Y=\nJWT_SECRET=abc\n"
        ));
        assert!(sealed("\0GITCRYPT\0\u{1}\u{2}"));
        assert!(sealed("$ANSIBLE_VAULT;1.1;AES256\n6162\n"));
        assert!(!sealed(
            "$ANSIBLE_VAULT;1.1;AES256\nU=postgres://o:npg_aB3dE5fG7hJ9@ep-a-1.neon.tech/d\n"
        ));
    }

    const HEAD: &str =
        "#/ public key\nDOTENV_PUBLIC_KEY_PRODUCTION=\"03a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4\"\n";

    #[test]
    fn a_file_is_sealed_only_if_no_secret_is_left_in_plain_text() {
        let url = "DATABASE_URL=\"encrypted:BCQx/9aB3dE5fG7hJ9aB3dE5fG7hJ9\"\n";
        assert!(sealed(&format!("{HEAD}{url}")));
        assert!(sealed(&format!("{HEAD}{url}PORT=3000\nJWT_SECRET=\n")));
        for plain in [
            "",
            "JWT_SECRET=abc\n",
            "DATABASE_URL_2=postgres://o:npg_aB3dE5fG7hJ9@ep-a-1.neon.tech/d\n",
            "# was postgres://o:npg_aB3dE5fG7hJ9@ep-a-1.neon.tech/d\n",
            "DOTENV_PRIVATE_KEY=abc\n",
        ] {
            let first = if plain.is_empty() { "" } else { url };
            assert!(!sealed(&format!("{HEAD}{first}{plain}")), "{plain}");
        }
        assert!(!sealed(url));
    }

    #[test]
    fn private_keys_are_read_each_by_itself() {
        let text = "DOTENV_PRIVATE_KEY=\"aa, bb\"\nDOTENV_PRIVATE_KEY_CI=cc\nOTHER=dd\n";
        let keys = private_keys(&Document::parse(text.as_bytes()));
        let values: Vec<_> = keys.iter().map(|(_, key)| key.expose()).collect();
        assert_eq!(values, ["aa", "bb", "cc"]);
    }
}
