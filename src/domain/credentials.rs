//! Database credentials in any text: recognized, told apart from placeholders, and never repeated.
//!
//! Two questions are kept apart. [`find()`] looks for anything that *looks like* a credential, and so needs judgment;
//! [`Needles`] looks for secrets that are *known*, in every way they can be written down, and so is never wrong.

mod broken;
mod encoded;
mod find;
mod forms;
mod judge;
mod needles;
mod seeds;
mod spelling;
#[cfg(test)]
mod table;

pub(crate) use encoded::{each_packed, find_in_base64};
pub(crate) use find::{ANCHORS, CredentialKind, find, without_joints};
pub(crate) use judge::{Weight, is_placeholder};
pub(crate) use needles::{Needles, NeedlesError};
pub(crate) use spelling::{NeedleHit, Spelling};
