//! A pack, read once from end to end.
//!
//! Most objects of a pack are differences to another one. Asked for one by one, the same bases are unpacked again and again;
//! so the tree of differences is walked instead, from each base down, every object unpacked exactly once. Of two or more
//! children the one with the largest family comes last, when its parent is no longer needed: so the number of objects in
//! memory at a time is at most the logarithm of the family's size. The bases are shared out to the cores.
//!
//! gitoxide's walk (`gix-pack` 0.77) does not tell which parts of an object its base has not, so that every byte of every version
//! would be searched: on git/git, the search of the whole history then takes 2.4 times the CPU.

mod delta;
mod file;
mod walk;

/// Applies bytes as a difference, for the fuzz target.
#[cfg(any(test, feature = "testing"))]
pub(super) fn fuzz_delta(base: &[u8], delta: &[u8]) {
    let (mut out, mut edits) = (Vec::new(), Vec::new());
    if delta::apply(base, delta, &mut out, &mut edits).is_some() {
        let inside = |(from, to): &(usize, usize)| from <= to && *to <= out.len();
        assert!(
            edits.iter().all(inside),
            "an edit lies outside of its object"
        );
    }
}

pub(super) use {
    file::{Pack, Positions, indexes, without_index},
    walk::walk,
};
