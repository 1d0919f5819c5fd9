//! The lossless `.env` document: bytes in, spans out, and edits that touch one value and nothing else.
//!
//! Readers of env files disagree about nearly everything but `KEY=value`. This one follows the majority of 22 measured
//! readers where there is one, and reports what they disagree on ([`Document::lint`]). It never fails: a line that isn't env
//! syntax is kept as it is.

mod document;
mod editing;
mod limit;
mod lint;
mod quote;
mod redacted;
mod scan;
mod sealed;
#[cfg(test)]
mod tests;

pub(crate) use document::{Document, SetOutcome, is_portable_key};
pub(crate) use editing::{EnvEdit, EnvEdits, MaskedChange, editable, restored};
pub(crate) use limit::{EnvLimit, beyond_limit};
pub(crate) use lint::{EnvLint, LintKind};
pub(crate) use redacted::redacted_lines;
pub(crate) use scan::EnvEntry;
pub(crate) use sealed::{KEYS_FILE, is_encrypted, is_sealed, private_keys};
