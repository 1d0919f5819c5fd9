//! Which of the objects that others lead to are not in the same pack, found out in batches.

use std::collections::BTreeSet;

use crate::ports::repository::pack::Pack;

/// The most objects elsewhere that are noted of a directory; beyond it git itself is asked whether all are there.
pub(super) const MOST_ELSEWHERE: usize = 200_000;

/// How many ids are gathered before they are looked up. In the order of the index, each is found near the one before; one by one,
/// each of a million trees would wait for memory that is nowhere near.
const BATCH: usize = 1 << 16;

/// The objects that those of a pack lead to.
#[derive(Default)]
pub(super) struct Links {
    /// The ids that wait to be looked up, one behind the other.
    ids: Vec<u8>,
    /// The first eight bytes of each as a number, and where it begins.
    order: Vec<(u64, usize)>,
    /// Those that the pack doesn't have.
    elsewhere: BTreeSet<Vec<u8>>,
}

impl Links {
    /// Takes an id.
    pub(super) fn push(&mut self, id: &[u8], pack: &Pack) {
        let Some(head) = id.first_chunk() else {
            return;
        };
        self.order.push((u64::from_be_bytes(*head), self.ids.len()));
        self.ids.extend_from_slice(id);
        if self.order.len() >= BATCH {
            self.look_up(id.len(), pack);
        }
    }

    /// Gives the ids that the pack doesn't have, each of so many bytes.
    pub(super) fn elsewhere(mut self, length: usize, pack: &Pack) -> BTreeSet<Vec<u8>> {
        self.look_up(length, pack);
        self.elsewhere
    }

    /// Looks up what was gathered.
    fn look_up(&mut self, length: usize, pack: &Pack) {
        let Self {
            ids,
            order,
            elsewhere,
        } = self;
        let id = |start: usize| ids.get(start..start + length).unwrap_or_default();
        // the first eight bytes nearly always decide, and a pack has them in this order
        order.sort_unstable();
        let in_order = order.iter().map(|(_, start)| id(*start));
        pack.missing(in_order, &mut |id| note(id, elsewhere));
        order.clear();
        self.ids.clear();
    }
}

/// Notes an id, as long as there aren't too many.
pub(super) fn note(id: &[u8], elsewhere: &mut BTreeSet<Vec<u8>>) {
    if elsewhere.len() <= MOST_ELSEWHERE {
        elsewhere.insert(id.to_owned());
    }
}
