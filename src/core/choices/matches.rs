//! The listed projects that a filter matches.

use std::sync::Arc;

use crate::core::facts::{self, ListedProject};

/// The most projects that are read out at once, beside those that may be the right one.
pub(crate) const MOST_READ_OUT: usize = 9;

/// The listed projects that a filter matches. There may be thousands, so that they are kept as their places in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProjectMatches {
    filter: String,
    list: Arc<[ListedProject]>,
    places: Vec<usize>,
    /// How many of them may be the right one.
    candidates: usize,
}

impl ProjectMatches {
    pub(crate) fn new(list: &Arc<[ListedProject]>, filter: &str) -> Self {
        let mut matches = Self {
            filter: filter.to_owned(),
            list: Arc::clone(list),
            places: Vec::new(),
            candidates: 0,
        };
        for (place, project) in facts::matching(list, filter) {
            matches.places.push(place);
            matches.candidates += usize::from(project.meant);
        }
        matches
    }

    /// Whether these are the matches of this filter in this list.
    pub(crate) fn are_of(&self, list: &Arc<[ListedProject]>, filter: &str) -> bool {
        Arc::ptr_eq(&self.list, list) && self.filter == filter
    }

    pub(crate) fn is_filtered(&self) -> bool {
        !self.filter.trim().is_empty()
    }

    /// How many of them may be the right one.
    pub(super) const fn candidates(&self) -> usize {
        self.candidates
    }

    pub(crate) fn count(&self) -> usize {
        self.places.len()
    }

    pub(crate) fn get(&self, index: usize) -> Option<&ListedProject> {
        self.list.get(*self.places.get(index)?)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &ListedProject> {
        (0..self.count()).filter_map(|index| self.get(index))
    }

    /// Those that are read out: all that may be the right one, and then some of the others.
    pub(super) fn read_out(&self) -> Self {
        let meant = |place: &&usize| self.list.get(**place).is_some_and(|project| project.meant);
        let candidates = self.places.iter().filter(meant);
        let others = self.places.iter().filter(|place| !meant(place));
        let places = candidates.chain(others.take(MOST_READ_OUT));
        Self {
            places: places.copied().collect(),
            ..self.clone()
        }
    }

    /// Whether some of them are not read out.
    pub(crate) const fn are_shortened(&self) -> bool {
        self.places.len() - self.candidates > MOST_READ_OUT
    }
}
