//! What a search of objects found, before it is named.

use std::collections::BTreeSet;

use crate::{
    core::proof::Coverage,
    ports::repository::{object::ObjectKind, searcher::SearchResult},
};

/// An object in which something was found, or could not be read.
pub(super) struct ObjectMatch {
    pub(super) id: String,
    pub(super) kind: ObjectKind,
    pub(super) found: SearchResult,
}

/// What was found in many objects.
pub(super) struct Matches {
    pub(super) objects: Vec<ObjectMatch>,
    /// The watched names in trees.
    pub(super) names: BTreeSet<Vec<u8>>,
    /// Objects that others lead to, and that do not lie beside them.
    pub(super) elsewhere: BTreeSet<Vec<u8>>,
    /// Objects that are there and could not be read.
    pub(super) unread: Vec<String>,
    /// What else was not read.
    pub(super) coverage: Coverage,
}

impl Default for Matches {
    fn default() -> Self {
        Self {
            objects: Vec::new(),
            names: BTreeSet::new(),
            elsewhere: BTreeSet::new(),
            unread: Vec::new(),
            coverage: Coverage::complete(),
        }
    }
}

impl Matches {
    pub(super) fn add(&mut self, mut other: Self) {
        self.objects.append(&mut other.objects);
        self.names.append(&mut other.names);
        self.elsewhere.append(&mut other.elsewhere);
        self.unread.append(&mut other.unread);
        self.coverage.join(other.coverage);
    }
}
