//! Which of the objects that others lead to are not in the same pack, found out in batches.

use std::collections::BTreeSet;

use crate::ports::repository::pack::Positions;

/// The most objects elsewhere that are noted of a directory; beyond it git itself is asked whether all are there.
pub(super) const MOST_ELSEWHERE: usize = 200_000;

/// How many ids with the same first byte are gathered before they are looked up: the part of the index that holds them then stays near.
/// One by one, each of a million ids would wait for memory that is nowhere near.
const BATCH: usize = 1024;

/// Those of the objects that the ones of a pack lead to which the pack doesn't have.
pub(super) struct Links {
    /// The ids that wait to be looked up, by their first byte, one behind the other.
    waiting: Vec<Vec<u8>>,
    elsewhere: BTreeSet<Vec<u8>>,
}

impl Default for Links {
    fn default() -> Self {
        Self {
            waiting: vec![Vec::new(); 256],
            elsewhere: BTreeSet::new(),
        }
    }
}

impl Links {
    /// Takes an id.
    pub(super) fn push(&mut self, id: &[u8], positions: &Positions<'_>) {
        let first = id.first().copied().unwrap_or_default();
        let Some(waiting) = self.waiting.get_mut(usize::from(first)) else {
            return;
        };
        waiting.extend_from_slice(id);
        if waiting.len() >= BATCH * id.len() {
            look_up(waiting, id.len(), positions, &mut self.elsewhere);
        }
    }

    /// Gives the ids that the pack doesn't have, each of so many bytes.
    pub(super) fn elsewhere(
        mut self,
        length: usize,
        positions: &Positions<'_>,
    ) -> BTreeSet<Vec<u8>> {
        for waiting in &mut self.waiting {
            look_up(waiting, length, positions, &mut self.elsewhere);
        }
        self.elsewhere
    }
}

/// Looks up what was gathered.
fn look_up(
    waiting: &mut Vec<u8>,
    length: usize,
    positions: &Positions<'_>,
    elsewhere: &mut BTreeSet<Vec<u8>>,
) {
    for id in waiting.chunks_exact(length) {
        if !positions.has(id) {
            note(id, elsewhere);
        }
    }
    waiting.clear();
}

/// Notes an id, as long as there aren't too many.
pub(super) fn note(id: &[u8], elsewhere: &mut BTreeSet<Vec<u8>>) {
    if elsewhere.len() <= MOST_ELSEWHERE {
        elsewhere.insert(id.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::repository::pack::Pack;
    use sha2::{Digest as _, Sha256};

    fn id(number: u32) -> Vec<u8> {
        Sha256::digest(number.to_be_bytes())[..20].to_vec()
    }

    #[test]
    fn those_that_are_missing_are_told_from_the_others() {
        for (there, asked) in [(0, 50), (1, 3), (300, 40), (700, 20_000), (3_000, 400_000)] {
            let pack = Pack::of_ids(&(0..there).map(id).collect::<Vec<_>>());
            let positions = Positions::of(&pack);
            let mut links = Links::default();
            let wanted: Vec<_> = (0..asked).map(|number| id(number * 2)).collect();
            for id in &wanted {
                links.push(id, &positions);
            }
            let missing = wanted.into_iter().filter(|id| pack.position(id).is_none());
            let missing: BTreeSet<_> = missing.take(MOST_ELSEWHERE + 1).collect();
            let found = links.elsewhere(20, &positions);
            if missing.len() > MOST_ELSEWHERE {
                assert_eq!(found.len(), MOST_ELSEWHERE + 1);
            } else {
                assert_eq!(found, missing, "{there} {asked}");
            }
        }
    }
}
