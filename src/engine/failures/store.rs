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
                "unlock it, or use --store file (a 0600 file, in plain text) or --store session",
            ),
            StoreError::NoFolder => (
                "HOME isn't set, or isn't an absolute path".to_owned(),
                "set HOME to your home folder, or keep the key for this session only (--store session)",
            ),
            StoreError::InRepository(_) => (
                "HOME is inside it, and a commit could include the key".to_owned(),
                "set HOME or XDG_CONFIG_HOME to a folder outside it, or keep the key for this session only (--store session)",
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
