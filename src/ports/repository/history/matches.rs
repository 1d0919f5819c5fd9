//! What a search of objects found, before it is named.

use std::collections::BTreeSet;

use crate::ports::repository::{object::ObjectKind, searcher::TextMatch};

/// An object in which something was found.
pub(super) struct ObjectMatch {
    pub(super) id: String,
    pub(super) kind: ObjectKind,
    pub(super) found: Vec<TextMatch>,
}

/// What was found in many objects.
#[derive(Default)]
pub(super) struct Matches {
    pub(super) objects: Vec<ObjectMatch>,
    /// The watched names in trees.
    pub(super) names: BTreeSet<Vec<u8>>,
}

impl Matches {
    pub(super) fn add(&mut self, mut other: Self) {
        self.objects.append(&mut other.objects);
        self.names.append(&mut other.names);
    }
}
