//! Keys that could not be stored or read.

use crate::{
    core::{code::Code, failure::Failure},
    os::homes::{CONFIG, HOME},
    ports::store::StoreError,
};

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let what = error.to_string();
        let (why, hint) = match error {
            StoreError::Keyring(keyring) => (
                keyring.to_string(),
                "unlock it, or use --store file (a 0600 file, in plain text) or --store session"
                    .to_owned(),
            ),
            StoreError::NoFolder => (
                format!("{HOME} isn't set, or isn't an absolute path"),
                format!(
                    "set {HOME} to your home folder, or keep the key for this session only (--store session)"
                ),
            ),
            StoreError::InRepository(_) => (
                format!("{HOME} is inside it, and a commit could include the key"),
                format!(
                    "set {HOME} or {CONFIG} to a folder outside it, or keep the key for this session only (--store session)"
                ),
            ),
            StoreError::File { source, .. } => (
                source.to_string(),
                "check its permissions, or keep the key for this session only (--store session)"
                    .to_owned(),
            ),
        };
        Self::new(Code::LoginKeyringUnavailable, what)
            .why(why)
            .hint(hint)
    }
}
