//! Which of the objects that others lead to are not in the same pack, found out in batches.

use std::collections::BTreeSet;

use crate::ports::repository::pack::Pack;

/// The most objects elsewhere that are noted of a directory; beyond it git itself is asked whether all are there.
pub(super) const MOST_ELSEWHERE: usize = 200_000;

/// How many ids are gathered before they are looked up. In the order of the index, each is found near the one before; one by one,
/// each of a million trees would wait for memory that is nowhere near.
const BATCH: usize = 1 << 16;

/// Ids that wait to be looked up in a pack.
#[derive(Default)]
pub(super) struct Links {
    /// The ids, one behind the other.
    ids: Vec<u8>,
    /// The first eight bytes of each as a number, and where it begins.
    order: Vec<(u64, usize)>,
}

impl Links {
    /// Takes an id. Once there are many, those that the pack doesn't have go to `elsewhere`.
    pub(super) fn push(&mut self, id: &[u8], pack: &Pack, elsewhere: &mut BTreeSet<Vec<u8>>) {
        let Some(head) = id.first_chunk() else {
            return;
        };
        self.order.push((u64::from_be_bytes(*head), self.ids.len()));
        self.ids.extend_from_slice(id);
        if self.order.len() >= BATCH {
            self.look_up(id.len(), pack, elsewhere);
        }
    }

    /// Looks up what was gathered, ids of so many bytes.
    pub(super) fn look_up(
        &mut self,
        length: usize,
        pack: &Pack,
        elsewhere: &mut BTreeSet<Vec<u8>>,
    ) {
        let Self { ids, order } = self;
        let id = |start: usize| ids.get(start..start + length).unwrap_or_default();
        order.sort_unstable_by(|(one, start), (other, place)| {
            one.cmp(other).then_with(|| id(*start).cmp(id(*place)))
        });
        order.dedup_by(|(one, start), (other, place)| one == other && id(*start) == id(*place));
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
