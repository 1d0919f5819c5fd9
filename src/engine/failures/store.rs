//! Keys that could not be stored or read.

use crate::{
    core::{code::Code, failure::Failure},
    ports::store::StoreError,
};

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let what = error.to_string();
        let (why, hint) = match error {
            StoreError::Keyring(keyring) => (
                keyring.to_string(),
                "unlock it, or choose --store file (a 0600 file, in clear) or --store session",
            ),
            StoreError::NoFolder => (
                "HOME is not set, or names no absolute path".to_owned(),
                "set HOME to a folder of your own, or keep the key for this session only (--store session)",
            ),
            StoreError::InRepository(_) => (
                "HOME lies in it, and a commit could take the key".to_owned(),
                "set HOME or XDG_CONFIG_HOME to a folder outside, or keep the key for this session only (--store session)",
            ),
            StoreError::File { source, .. } => (
                source.to_string(),
                "check its permissions, or keep the key for this session only (--store session)",
            ),
        };
        Self::new(Code::LoginKeyringUnavailable, what)
            .why(why)
            .hint(hint)
    }
}
