//! Env files that dotenvx has encrypted: they are made to be committed. Their keys are not.

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

/// What an encrypted value begins with.
const SEALED: &str = "encrypted:";
/// What the names of the keys begin with, one for each environment.
const PUBLIC_KEY: &str = "DOTENV_PUBLIC_KEY";
const PRIVATE_KEY: &str = "DOTENV_PRIVATE_KEY";

/// Whether dotenvx has encrypted every secret of an env file: it has the public key, and nothing in it is secret in plain text, a
/// comment included.
pub(crate) fn is_sealed(document: &Document) -> bool {
    let mut sealed = 0;
    let mut public = false;
    for entry in document.entries() {
        let value = entry.value.expose();
        if entry.key.starts_with(PUBLIC_KEY) {
            public = true;
        } else if value.starts_with(SEALED) {
            sealed += 1;
        } else if entry.key.starts_with(PRIVATE_KEY)
            || !value.is_empty() && (is_secret_key(&entry.key) || is_secret_value(value))
        {
            return false;
        }
    }
    public && sealed > 0 && credentials::find(document.bytes()).is_empty()
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
        is_sealed(&Document::parse(text.as_bytes()))
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
