//! Hashes that nobody can make without the key.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::domain::hex::hex;

/// The length of the key, in bytes: that of the hash.
pub(super) const KEY_LENGTH: usize = 32;

/// A key for hashes that only its owner can make.
#[derive(Clone, Copy)]
pub(super) struct HashKey([u8; KEY_LENGTH]);

impl HashKey {
    pub(super) const fn new(key: [u8; KEY_LENGTH]) -> Self {
        Self(key)
    }

    /// Hashes a content under a label, so that the same content elsewhere has another hash.
    pub(super) fn hash(&self, label: &[u8], content: &[u8]) -> String {
        let mut hasher = self.hasher(label);
        hasher.update(content);
        finish(hasher)
    }

    /// Begins a hash under a label.
    #[expect(
        clippy::expect_used,
        reason = "HMAC takes a key of any length, and the type cannot say so"
    )]
    pub(super) fn hasher(&self, label: &[u8]) -> Hmac<Sha256> {
        let mut hasher = Hmac::<Sha256>::new_from_slice(&self.0).expect("a key of any length");
        hasher.update(&label.len().to_le_bytes());
        hasher.update(label);
        hasher
    }
}

/// The first half of the hash, which nobody can forge either, keeps the record short.
pub(super) fn finish(hasher: Hmac<Sha256>) -> String {
    let bytes = hasher.finalize().into_bytes();
    hex(bytes.get(..16).unwrap_or_default())
}
