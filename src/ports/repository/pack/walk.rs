//! The walk through the trees of differences.

use std::{
    hint,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

use libdeflater::Decompressor;

use crate::{
    domain::hex::hex,
    ports::repository::{
        meter::Meter,
        object::{Edit, ObjectKind, ObjectView},
        pack::{
            delta::{apply, inflate},
            file::{Base, Pack},
        },
        threads::on_threads,
    },
};

/// How many bases a thread takes at a time: neighbors share pages.
const ROOTS_AT_ONCE: usize = 32;
/// How much a thread holds of objects whose differences are still to come, in bytes. Beyond it they count as unread.
const HELD_LIMIT: usize = 128 * 1024 * 1024;

/// Unpacks every object of a pack once and gives it to `visit`, which tells whether it found nothing in it. Gives what each thread
/// gathered, and the ids of the objects that could not be read.
pub(in crate::ports::repository) fn walk<S: Default + Send>(
    pack: &Pack,
    threads: usize,
    meter: &Meter,
    visit: impl Fn(&mut S, &ObjectView<'_>) -> bool + Sync,
) -> (Vec<S>, Vec<String>) {
    let trees = DeltaTrees::of(pack, meter);
    let next_root = AtomicUsize::new(0);
    let seen: Vec<AtomicBool> = (0..pack.len()).map(|_| AtomicBool::new(false)).collect();
    let work = || {
        let mut walker = Walker::new(pack, &trees);
        let mut gathered = S::default();
        loop {
            let start = next_root.fetch_add(ROOTS_AT_ONCE, Ordering::Relaxed);
            let end = trees.roots.len().min(start + ROOTS_AT_ONCE);
            let roots = trees.roots.get(start..end).unwrap_or_default();
            if roots.is_empty() || meter.stopped() {
                return gathered;
            }
            for (root, kind) in roots {
                let done = walker.walk(*root, meter, &mut |node, data, edits| {
                    if let Some(seen) = seen.get(node as usize) {
                        seen.store(true, Ordering::Relaxed);
                    }
                    let object = ObjectView {
                        id: &|| trees.id(pack, node),
                        kind: *kind,
                        data,
                        edits,
                    };
                    visit(&mut gathered, &object)
                });
                meter.advance(done);
            }
        }
    };
    let gathered = on_threads(threads, work);
    if meter.stopped() {
        return (gathered, Vec::new());
    }
    let unread = (0..)
        .zip(&seen)
        .filter(|(_, seen)| !seen.load(Ordering::Relaxed));
    (
        gathered,
        unread.map(|(node, _)| trees.id(pack, node)).collect(),
    )
}

/// No object.
const NONE: u32 = u32::MAX;

/// Which object of a pack is a difference to which. An object's number is its place in the pack.
struct DeltaTrees {
    /// The objects by their offsets, ascending; one more for the end.
    nodes: Vec<PackNode>,
    /// The position in the index of each.
    positions: Vec<u32>,
    /// The bases, with their kinds.
    roots: Vec<(u32, ObjectKind)>,
}

/// An object. What a visit needs of it is together, since the next one may be anywhere in the pack.
struct PackNode {
    offset: u64,
    /// Its first child.
    first: u32,
    /// The next child of its parent.
    next: u32,
}

impl DeltaTrees {
    fn of(pack: &Pack, meter: &Meter) -> Self {
        let mut order: Vec<(u64, u32)> = (0..pack.len())
            .filter_map(|position| Some((pack.offset(position)?, u32::try_from(position).ok()?)))
            .collect();
        order.sort_unstable();
        let (offsets, positions): (Vec<u64>, Vec<u32>) = order.into_iter().unzip();
        let mut parents = vec![NONE; offsets.len()];
        let mut roots = Vec::new();
        for ((node, offset), slot) in (0_u32..).zip(&offsets).zip(&mut parents) {
            if node.trailing_zeros() >= 12 && meter.stopped() {
                break;
            }
            let base = match pack.head(*offset).map(|head| head.base) {
                Some(Base::None(kind)) => {
                    roots.push((node, kind));
                    None
                }
                Some(Base::Offset(base)) => Some(base),
                Some(Base::Id(id)) => pack.position(id).and_then(|position| pack.offset(position)),
                None => None,
            };
            let parent = base.and_then(|base| place(&offsets, node as usize, base));
            if let Some(parent) = parent.and_then(|parent| u32::try_from(parent).ok()) {
                *slot = parent;
            }
        }
        let (first, next) = children(&parents);
        let links = first.into_iter().zip(next).chain([(NONE, NONE)]);
        let nodes = offsets.into_iter().chain([pack.end()]).zip(links);
        Self {
            nodes: nodes
                .map(|(offset, (first, next))| PackNode {
                    offset,
                    first,
                    next,
                })
                .collect(),
            positions,
            roots,
        }
    }

    /// The first child of an object, or `NONE`.
    fn first(&self, node: u32) -> u32 {
        self.nodes
            .get(node as usize)
            .map_or(NONE, |node| node.first)
    }

    /// The next child of an object's parent, or `NONE`.
    fn next(&self, node: u32) -> u32 {
        self.nodes.get(node as usize).map_or(NONE, |node| node.next)
    }

    /// Has the first bytes of an object brought near, for soon: they are anywhere in the pack, and nobody waits for this read.
    fn fetch(&self, pack: &Pack, node: u32) {
        if let Some(node) = self.nodes.get(node as usize) {
            hint::black_box(pack.byte(node.offset));
        }
    }

    /// The id of an object, in hexadecimal digits.
    fn id(&self, pack: &Pack, node: u32) -> String {
        let position = self.positions.get(node as usize);
        position.map_or_else(String::new, |position| hex(pack.id(*position as usize)))
    }

    /// An object's packed bytes, and how many they unpack to.
    fn packed<'a>(&self, pack: &'a Pack, node: u32) -> Option<(&'a [u8], usize)> {
        let head = pack.head(self.nodes.get(node as usize)?.offset)?;
        let end = self.nodes.get(node as usize + 1)?.offset;
        Some((pack.bytes(head.start, end)?, head.size))
    }
}

/// The place of an offset among all, which are in ascending order. It is looked for from a place on that is likely to be near: git
/// writes a base not far before what is a difference to it.
fn place(offsets: &[u64], from: usize, offset: u64) -> Option<usize> {
    let (mut low, mut high, mut step) = (from, from, 1);
    while low > 0 && *offsets.get(low)? > offset {
        high = low;
        low = low.saturating_sub(step);
        step *= 2;
    }
    if high == low {
        // behind it, or the very one
        high = offsets.len();
    }
    let found = offsets.get(low..high)?.binary_search(&offset).ok()?;
    Some(low + found)
}

/// Lists of children from the parents, in the order of the pack, but the child with the largest subtree last.
fn children(parents: &[u32]) -> (Vec<u32>, Vec<u32>) {
    let count = parents.len();
    // a parent comes before its children in nearly every pack; where it does not, the sizes are only a worse guess
    let mut sizes = vec![1_u32; count];
    for (node, parent) in parents.iter().enumerate().rev() {
        let size = sizes.get(node).copied().unwrap_or(1);
        if let Some(sum) = sizes.get_mut(*parent as usize) {
            *sum = sum.saturating_add(size);
        }
    }
    let size = |node: u32| sizes.get(node as usize).copied().unwrap_or(0);
    let mut heaviest = vec![NONE; count];
    for (node, parent) in (0_u32..).zip(parents) {
        if let Some(heaviest) = heaviest.get_mut(*parent as usize)
            && size(node) > size(*heaviest)
        {
            *heaviest = node;
        }
    }
    let (mut first, mut next) = (heaviest.clone(), vec![NONE; count]);
    for (node, parent) in parents.iter().enumerate().rev() {
        let node = u32::try_from(node).unwrap_or(NONE);
        let heaviest = heaviest.get(*parent as usize);
        if heaviest.is_some_and(|heaviest| *heaviest != node)
            && let Some(head) = first.get_mut(*parent as usize)
            && let Some(link) = next.get_mut(node as usize)
        {
            *link = *head;
            *head = node;
        }
    }
    (first, next)
}

/// Takes an object's number, its content and its edits; tells whether it found nothing.
type ObjectVisit<'a> = dyn FnMut(u32, &[u8], Option<&[Edit]>) -> bool + 'a;

/// One thread's way through the trees.
struct Walker<'a> {
    pack: &'a Pack,
    trees: &'a DeltaTrees,
    decompressor: Decompressor,
    delta: Vec<u8>,
    edits: Vec<Edit>,
    spare: Vec<Vec<u8>>,
    /// Objects whose children are not all visited: the content, the next child, and whether nothing was found in it.
    open: Vec<(Vec<u8>, u32, bool)>,
    /// How many bytes the open ones have.
    held: usize,
}

impl<'a> Walker<'a> {
    fn new(pack: &'a Pack, trees: &'a DeltaTrees) -> Self {
        Self {
            pack,
            trees,
            decompressor: Decompressor::new(),
            delta: Vec::new(),
            edits: Vec::new(),
            spare: Vec::new(),
            open: Vec::new(),
            held: 0,
        }
    }

    /// Visits a base and everything that is a difference to it, directly or not. Gives the number of visited objects.
    fn walk(&mut self, root: u32, meter: &Meter, visit: &mut ObjectVisit<'_>) -> usize {
        let mut buffer = self.spare.pop().unwrap_or_default();
        let packed = self.trees.packed(self.pack, root);
        let unpacked = packed
            .and_then(|(packed, size)| inflate(&mut self.decompressor, packed, size, &mut buffer));
        if unpacked.is_none() {
            self.give_back(buffer);
            return 0;
        }
        let clean = visit(root, &buffer, None);
        let mut visited = 1;
        self.hold(buffer, root, clean);
        while let Some((parent, child, parent_clean)) = self.open.last_mut() {
            let (node, parent_clean) = (*child, *parent_clean);
            *child = self.trees.next(node);
            let last = *child == NONE;
            self.trees.fetch(self.pack, *child);
            self.trees.fetch(self.pack, self.trees.first(node));
            let mut buffer = self.spare.pop().unwrap_or_default();
            let packed = self.trees.packed(self.pack, node);
            let unpacked = packed.and_then(|(packed, size)| {
                inflate(&mut self.decompressor, packed, size, &mut self.delta)?;
                apply(parent, &self.delta, &mut buffer, &mut self.edits)
            });
            if last && let Some((done, _, _)) = self.open.pop() {
                self.held = self.held.saturating_sub(done.capacity());
                self.give_back(done);
            }
            if unpacked.is_none() {
                self.give_back(buffer);
                continue;
            }
            let edits = parent_clean.then_some(self.edits.as_slice());
            let clean = visit(node, &buffer, edits);
            visited += 1;
            self.hold(buffer, node, clean);
            if meter.stopped() {
                self.open.clear();
                self.held = 0;
            }
        }
        visited
    }

    /// Holds an object for its children, if it has any.
    fn hold(&mut self, buffer: Vec<u8>, node: u32, clean: bool) {
        let child = self.trees.first(node);
        let fits = self.open.is_empty() || self.held + buffer.capacity() <= HELD_LIMIT;
        if child != NONE && fits {
            self.held += buffer.capacity();
            self.open.push((buffer, child, clean));
        } else {
            self.give_back(buffer);
        }
    }

    /// Saves a few buffers of ordinary size for the next objects.
    fn give_back(&mut self, buffer: Vec<u8>) {
        if self.spare.len() < 8 && buffer.capacity() <= 4 << 20 {
            self.spare.push(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_is_found_from_anywhere_and_no_other_is() {
        let offsets: Vec<u64> = (0..100).map(|number| 12 + number * 7).collect();
        for from in 0..100 {
            for (place_of, offset) in offsets.iter().enumerate() {
                assert_eq!(place(&offsets, from, *offset), Some(place_of), "{from}");
                assert_eq!(place(&offsets, from, offset + 1), None, "{from}");
            }
            assert_eq!(place(&offsets, from, 0), None);
        }
        assert_eq!(place(&[], 0, 12), None);
    }

    #[test]
    fn the_largest_subtree_comes_last() {
        // 0 has 1, 2, 3; 2 has 4 and 5
        let parents = [NONE, 0, 0, 0, 2, 2];
        let (first, next) = children(&parents);
        let mut order = Vec::new();
        let mut child = first[0];
        while child != NONE {
            order.push(child);
            child = next[child as usize];
        }
        assert_eq!(order, [1, 3, 2]);
    }
}
