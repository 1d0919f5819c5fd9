//! Database credentials in any text: recognized, told apart from placeholders, and never repeated.
//!
//! Two questions are kept apart. [`find()`] looks for anything that *looks like* a credential, and so needs judgment;
//! [`Needles`] looks for secrets that are *known*, in every way they can be written down, and so is never wrong.

mod find;
mod judge;
mod needles;

pub(crate) use find::{ANCHORS, CredentialKind, find};
pub(crate) use judge::{Weight, is_placeholder};
pub(crate) use needles::{Needles, NeedlesError, Spelling};
