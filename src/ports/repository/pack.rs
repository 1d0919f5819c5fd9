//! A pack, read once from end to end.
//!
//! Most objects of a pack are differences to another one. Asked for one by one, the same bases are unpacked again and again;
//! so the tree of differences is walked instead, from each base down, every object unpacked exactly once. Of two or more
//! children the one with the largest family comes last, when its parent is no longer needed: so the number of objects in
//! memory at a time is at most the logarithm of the family's size. The bases are shared out to the cores.
//!
//! gitoxide's walk (`gix-pack` 0.77) does not tell which parts of an object its base has not, so that every byte of every version
//! would be searched: on git/git, the search of the whole history then takes 2.4 times the CPU.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

use libdeflater::Decompressor;
use memmap2::Mmap;

use crate::{
    domain::hex::hex,
    ports::repository::{meter::Meter, threads::on_threads},
};

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ObjectKind {
    Commit,
    Tree,
    Blob,
    Tag,
}

impl ObjectKind {
    /// The kind of this name in git.
    pub(super) fn from_name(name: &[u8]) -> Option<Self> {
        match name {
            b"commit" => Some(Self::Commit),
            b"tree" => Some(Self::Tree),
            b"blob" => Some(Self::Blob),
            b"tag" => Some(Self::Tag),
            _ => None,
        }
    }
}

/// An object that is visited.
pub(super) struct ObjectView<'a> {
    /// Gives the id, in hexadecimal digits.
    pub(super) id: &'a dyn Fn() -> String,
    pub(super) kind: ObjectKind,
    pub(super) data: &'a [u8],
    /// The parts that its base has not, if nothing was found in the base: in all the rest nothing can be found either. An empty
    /// part is a place where two pieces of the base meet.
    pub(super) edits: Option<&'a [Edit]>,
}

/// A part of an object: its first byte, and the byte after its last.
pub(super) type Edit = (usize, usize);

/// A pack and its index, mapped into memory.
pub(super) struct Pack {
    data: Mmap,
    index: Mmap,
    hash: usize,
    count: usize,
    version: u32,
}

/// No object.
const NONE: u32 = u32::MAX;

impl Pack {
    /// Opens the pack that an index belongs to.
    pub(super) fn open(index: &Path, hash: usize) -> io::Result<Self> {
        let data = map(&index.with_extension("pack"))?;
        let index = map(index)?;
        let version = if index.starts_with(b"\xfftOc") {
            be32(&index, 4).unwrap_or(0)
        } else {
            1
        };
        let fan = if version == 1 { 0 } else { 8 };
        let count = be32(&index, fan + 255 * 4).ok_or_else(|| broken("its index is cut"))? as usize;
        if version > 2 || !data.starts_with(b"PACK") {
            return Err(broken("it has an unknown form"));
        }
        let entry = if version == 1 { 4 + hash } else { hash + 8 };
        if index.len() < fan + 1024 + count * entry || count >= NONE as usize {
            return Err(broken("its index is cut"));
        }
        Ok(Self {
            data,
            index,
            hash,
            count,
            version,
        })
    }

    /// The number of objects.
    pub(super) const fn len(&self) -> usize {
        self.count
    }

    /// The checksum at the pack's end, which stands for everything in it.
    pub(super) fn checksum(&self) -> &[u8] {
        let start = self.data.len().saturating_sub(self.hash);
        self.data.get(start..).unwrap_or_default()
    }

    /// The id of the object in the index's nth place.
    fn id(&self, place: usize) -> &[u8] {
        let start = if self.version == 1 {
            1024 + place * (4 + self.hash) + 4
        } else {
            8 + 1024 + place * self.hash
        };
        self.index.get(start..start + self.hash).unwrap_or_default()
    }

    /// The offset of the object in the index's nth place.
    fn offset(&self, place: usize) -> Option<u64> {
        if self.version == 1 {
            return be32(&self.index, 1024 + place * (4 + self.hash)).map(u64::from);
        }
        let offsets = 8 + 1024 + self.count * (self.hash + 4);
        let small = be32(&self.index, offsets + place * 4)?;
        if small & 0x8000_0000 == 0 {
            return Some(u64::from(small));
        }
        let large = offsets + self.count * 4 + (small & 0x7fff_ffff) as usize * 8;
        let bytes = self.index.get(large..large + 8)?;
        bytes.try_into().ok().map(u64::from_be_bytes)
    }

    /// The index's place of an id.
    fn place(&self, id: &[u8]) -> Option<usize> {
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = usize::midpoint(low, high);
            match self.id(middle).cmp(id) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return Some(middle),
            }
        }
        None
    }
}

#[expect(
    unsafe_code,
    reason = "git never changes a pack or its index once they have their name; it only removes them, which keeps the mapping"
)]
fn map(path: &Path) -> io::Result<Mmap> {
    let file = File::open(path)?;
    // SAFETY: see the reason above
    unsafe { Mmap::map(&file) }
}

fn broken(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why.to_owned())
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes
        .get(at..at + 4)?
        .try_into()
        .ok()
        .map(u32::from_be_bytes)
}

/// The order in which the objects of a pack are walked.
struct Family {
    /// The offset of each object, ascending; one more for the end.
    offsets: Vec<u64>,
    /// The place in the index of each.
    places: Vec<u32>,
    /// The first child of each.
    first: Vec<u32>,
    /// The next child of the same parent.
    next: Vec<u32>,
    /// The bases, with their kinds.
    roots: Vec<(u32, ObjectKind)>,
}

/// The head of an entry.
struct Head {
    base: Base,
    /// Where the packed bytes begin.
    start: usize,
    /// How many bytes they unpack to.
    size: usize,
}

enum Base {
    None(ObjectKind),
    Offset(u64),
    Id(usize),
}

impl Pack {
    fn head(&self, offset: u64) -> Option<Head> {
        let start = usize::try_from(offset).ok()?;
        let mut at = start;
        let mut byte = *self.data.get(at)?;
        at += 1;
        let kind = (byte >> 4) & 7;
        let mut size = usize::from(byte & 15);
        let mut shift = 4;
        while byte & 0x80 != 0 {
            byte = *self.data.get(at)?;
            at += 1;
            size |= usize::from(byte & 0x7f).checked_shl(shift)?;
            shift += 7;
        }
        let base = match kind {
            1 => Base::None(ObjectKind::Commit),
            2 => Base::None(ObjectKind::Tree),
            3 => Base::None(ObjectKind::Blob),
            4 => Base::None(ObjectKind::Tag),
            6 => {
                byte = *self.data.get(at)?;
                at += 1;
                let mut back = u64::from(byte & 0x7f);
                while byte & 0x80 != 0 {
                    byte = *self.data.get(at)?;
                    at += 1;
                    back = (back + 1).checked_mul(128)? | u64::from(byte & 0x7f);
                }
                Base::Offset(offset.checked_sub(back)?)
            }
            7 => {
                at += self.hash;
                Base::Id(at - self.hash)
            }
            _ => return None,
        };
        Some(Head {
            base,
            start: at,
            size,
        })
    }

    /// Finds out which object is a difference to which.
    fn family(&self, meter: &Meter) -> Family {
        let mut order: Vec<(u64, u32)> = (0..self.count)
            .filter_map(|place| Some((self.offset(place)?, u32::try_from(place).ok()?)))
            .collect();
        order.sort_unstable();
        let mut offsets: Vec<u64> = order.iter().map(|(offset, _)| *offset).collect();
        let places: Vec<u32> = order.iter().map(|(_, place)| *place).collect();
        drop(order);
        let count = offsets.len();
        let mut parents = vec![NONE; count];
        let mut roots = Vec::new();
        for (node, offset) in (0_u32..).zip(&offsets) {
            if node.trailing_zeros() >= 12 && meter.stopped() {
                break;
            }
            let parent = match self.head(*offset).map(|head| head.base) {
                Some(Base::None(kind)) => {
                    roots.push((node, kind));
                    continue;
                }
                Some(Base::Offset(base)) => offsets.binary_search(&base).ok(),
                Some(Base::Id(at)) => self
                    .data
                    .get(at..at + self.hash)
                    .and_then(|id| self.place(id))
                    .and_then(|place| self.offset(place))
                    .and_then(|offset| offsets.binary_search(&offset).ok()),
                None => None,
            };
            if let (Some(parent), Some(slot)) = (
                parent.and_then(|parent| u32::try_from(parent).ok()),
                parents.get_mut(node as usize),
            ) {
                *slot = parent;
            }
        }
        let (first, next) = children(&parents);
        offsets.push((self.data.len().saturating_sub(self.hash)) as u64);
        Family {
            offsets,
            places,
            first,
            next,
            roots,
        }
    }

    /// Unpacks every object once and gives it to `visit`, which tells whether it found nothing in it. Gives what each thread
    /// gathered, and the number of objects that could not be read.
    pub(super) fn walk<S: Default + Send>(
        &self,
        threads: usize,
        meter: &Meter,
        visit: impl Fn(&mut S, &ObjectView<'_>) -> bool + Sync,
    ) -> (Vec<S>, usize) {
        let family = self.family(meter);
        let next_root = AtomicUsize::new(0);
        let work = || {
            let mut walker = Walker::new(self, &family);
            let (mut gathered, mut visited) = (S::default(), 0);
            loop {
                let start = next_root.fetch_add(ROOTS_AT_ONCE, Ordering::Relaxed);
                let end = family.roots.len().min(start + ROOTS_AT_ONCE);
                let roots = family.roots.get(start..end).unwrap_or_default();
                if roots.is_empty() || meter.stopped() {
                    return (gathered, visited);
                }
                for (root, kind) in roots {
                    let done = walker.walk(*root, meter, &mut |node, data, edits| {
                        let object = ObjectView {
                            id: &|| self.name(&family, node),
                            kind: *kind,
                            data,
                            edits,
                        };
                        visit(&mut gathered, &object)
                    });
                    visited += done;
                    meter.advance(done);
                }
            }
        };
        let (gathered, visited): (Vec<_>, Vec<usize>) =
            on_threads(threads, work).into_iter().unzip();
        let visited: usize = visited.into_iter().sum();
        (gathered, self.count.saturating_sub(visited))
    }

    /// The id of an object, in hexadecimal digits.
    fn name(&self, family: &Family, node: u32) -> String {
        family
            .places
            .get(node as usize)
            .map_or_else(String::new, |place| hex(self.id(*place as usize)))
    }
}

/// How many bases a thread takes at a time: neighbours share pages.
const ROOTS_AT_ONCE: usize = 32;

/// Lists of children from the parents, in the order of the pack, but the child with the largest family last.
fn children(parents: &[u32]) -> (Vec<u32>, Vec<u32>) {
    let count = parents.len();
    let (mut first, mut next) = (vec![NONE; count], vec![NONE; count]);
    // a parent stands before its children in nearly every pack; where it does not, the sizes are only a worse guess
    let mut size = vec![1_u32; count];
    let mut heavy = vec![NONE; count];
    for (node, parent) in parents.iter().enumerate().rev() {
        let own = size.get(node).copied().unwrap_or(1);
        if let Some(sum) = size.get_mut(*parent as usize) {
            *sum = sum.saturating_add(own);
        }
    }
    for (node, parent) in (0_u32..).zip(parents) {
        let Some(slot) = heavy.get_mut(*parent as usize) else {
            continue;
        };
        let known = size.get(*slot as usize).copied().unwrap_or(0);
        if size.get(node as usize).copied().unwrap_or(0) > known {
            *slot = node;
        }
    }
    for (slot, heavy) in first.iter_mut().zip(&heavy) {
        *slot = *heavy;
    }
    for (node, parent) in parents.iter().enumerate().rev() {
        let node = u32::try_from(node).unwrap_or(NONE);
        if heavy
            .get(*parent as usize)
            .is_none_or(|heavy| *heavy == node)
        {
            continue;
        }
        if let (Some(head), Some(link)) =
            (first.get_mut(*parent as usize), next.get_mut(node as usize))
        {
            *link = *head;
            *head = node;
        }
    }
    (first, next)
}

/// Takes an object's number, its content and its edits; says whether it found nothing.
type Visit<'a> = dyn FnMut(u32, &[u8], Option<&[Edit]>) -> bool + 'a;

/// One thread's way through the families.
struct Walker<'a> {
    pack: &'a Pack,
    family: &'a Family,
    decompressor: Decompressor,
    delta: Vec<u8>,
    edits: Vec<Edit>,
    spare: Vec<Vec<u8>>,
    /// Objects whose children are not all visited: the content, the next child, and whether nothing was found in it.
    open: Vec<(Vec<u8>, u32, bool)>,
}

impl<'a> Walker<'a> {
    fn new(pack: &'a Pack, family: &'a Family) -> Self {
        Self {
            pack,
            family,
            decompressor: Decompressor::new(),
            delta: Vec::new(),
            edits: Vec::new(),
            spare: Vec::new(),
            open: Vec::new(),
        }
    }

    /// Visits a base and everything that is a difference to it, directly or not; `visit` says whether it found nothing. Gives the
    /// number of visited objects.
    fn walk(&mut self, root: u32, meter: &Meter, visit: &mut Visit<'_>) -> usize {
        let mut buffer = self.spare.pop().unwrap_or_default();
        let unpacked = self
            .packed(root)
            .and_then(|(packed, size)| inflate(&mut self.decompressor, packed, size, &mut buffer));
        if unpacked.is_none() {
            self.give_back(buffer);
            return 0;
        }
        let clean = visit(root, &buffer, None);
        let mut visited = 1;
        self.keep(buffer, root, clean);
        while let Some((parent, child, clean)) = self.open.last_mut() {
            let node = *child;
            *child = self.family.next.get(node as usize).copied().unwrap_or(NONE);
            let last = *child == NONE;
            let mut buffer = self.spare.pop().unwrap_or_default();
            let unpacked = packed(self.pack, self.family, node).and_then(|(packed, size)| {
                inflate(&mut self.decompressor, packed, size, &mut self.delta)?;
                apply(parent, &self.delta, &mut buffer, &mut self.edits)
            });
            let base_is_clean = *clean;
            if last && let Some((done, _, _)) = self.open.pop() {
                self.give_back(done);
            }
            if unpacked.is_none() {
                self.give_back(buffer);
                continue;
            }
            let clean = visit(
                node,
                &buffer,
                base_is_clean.then_some(self.edits.as_slice()),
            );
            visited += 1;
            self.keep(buffer, node, clean);
            if meter.stopped() {
                self.open.clear();
            }
        }
        visited
    }

    /// Keeps an object for its children, if it has any.
    fn keep(&mut self, buffer: Vec<u8>, node: u32, clean: bool) {
        match self.family.first.get(node as usize) {
            Some(child) if *child != NONE => self.open.push((buffer, *child, clean)),
            _ => self.give_back(buffer),
        }
    }

    /// Keeps a few buffers of ordinary size for the next objects.
    fn give_back(&mut self, buffer: Vec<u8>) {
        if self.spare.len() < 8 && buffer.capacity() <= 4 << 20 {
            self.spare.push(buffer);
        }
    }

    fn packed(&self, node: u32) -> Option<(&'a [u8], usize)> {
        packed(self.pack, self.family, node)
    }
}

/// An entry's packed bytes, and how many they unpack to.
fn packed<'a>(pack: &'a Pack, family: &Family, node: u32) -> Option<(&'a [u8], usize)> {
    let offset = *family.offsets.get(node as usize)?;
    let end = usize::try_from(*family.offsets.get(node as usize + 1)?).ok()?;
    let head = pack.head(offset)?;
    Some((pack.data.get(head.start..end)?, head.size))
}

fn inflate(
    decompressor: &mut Decompressor,
    packed: &[u8],
    size: usize,
    out: &mut Vec<u8>,
) -> Option<()> {
    // deflate packs a thousandfold at the most: a size beyond that is a lie
    if size / 1100 > packed.len() {
        return None;
    }
    out.resize(size, 0);
    let length = decompressor.zlib_decompress(packed, out).ok()?;
    (length == size).then_some(())
}

/// Applies a difference: copies from the base, and bytes of its own. Notes which parts of the result are not the base's.
fn apply(base: &[u8], delta: &[u8], out: &mut Vec<u8>, edits: &mut Vec<Edit>) -> Option<()> {
    let mut rest = delta;
    let from = varint(&mut rest)?;
    let to = varint(&mut rest)?;
    if from != base.len() {
        return None;
    }
    out.clear();
    edits.clear();
    let mut copied_to = 0;
    // a length that nobody has memory for is a lie
    out.try_reserve(to).ok()?;
    while let Some((op, mut tail)) = rest.split_first() {
        if op & 0x80 == 0 {
            let count = usize::from(*op);
            if count == 0 {
                return None;
            }
            let (own, after) = tail.split_at_checked(count)?;
            edits.push((out.len(), out.len() + count));
            out.extend_from_slice(own);
            // whatever is copied next does not follow in the base what stands before it
            copied_to = usize::MAX;
            rest = after;
            continue;
        }
        let mut number = |bits: u8, count: u8| {
            let mut value = 0_usize;
            for place in 0..count {
                if bits & (1 << place) != 0 {
                    let (byte, after) = tail.split_first()?;
                    value |= usize::from(*byte) << (8 * u32::from(place));
                    tail = after;
                }
            }
            Some(value)
        };
        let start = number(op & 15, 4)?;
        let length = number((op >> 4) & 7, 3)?;
        let length = if length == 0 { 0x1_0000 } else { length };
        if start != copied_to && copied_to != usize::MAX && !out.is_empty() {
            edits.push((out.len(), out.len()));
        }
        copied_to = start.checked_add(length)?;
        out.extend_from_slice(base.get(start..copied_to)?);
        rest = tail;
    }
    (out.len() == to).then_some(())
}

fn varint(rest: &mut &[u8]) -> Option<usize> {
    let (mut value, mut shift) = (0_usize, 0);
    loop {
        let (byte, tail) = rest.split_first()?;
        *rest = tail;
        value |= usize::from(byte & 0x7f).checked_shl(shift)?;
        shift += 7;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
}

/// The indexes of all packs of an object directory.
pub(super) fn indexes(objects: &Path) -> io::Result<Vec<PathBuf>> {
    let directory = objects.join("pack");
    if !directory.is_dir() {
        return Ok(Vec::new());
    }
    let files = fs::read_dir(directory)?.map(|file| Ok(file?.path()));
    let mut all = files.collect::<io::Result<Vec<PathBuf>>>()?;
    all.retain(|path| path.extension().is_some_and(|end| end == "idx"));
    all.sort();
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_applied() {
        let base = b"the quick brown fox";
        // 19 -> 9: copy 4 bytes from 4, then the bytes "-fox!"
        let delta = [19, 9, 0x91, 4, 4, 5, b'-', b'f', b'o', b'x', b'!'];
        let (mut out, mut edits) = (Vec::new(), Vec::new());
        assert_eq!(apply(base, &delta, &mut out, &mut edits), Some(()));
        assert_eq!(out, b"quic-fox!");
        assert_eq!(edits, [(4, 9)]);
        // two pieces that do not follow each other, and two that do
        assert_eq!(
            apply(
                base,
                &[19, 8, 0x91, 0, 2, 0x91, 9, 2, 0x91, 11, 4],
                &mut out,
                &mut edits
            ),
            Some(())
        );
        assert_eq!(edits, [(2, 2)]);
        assert_eq!(apply(b"another base", &delta, &mut out, &mut edits), None);
        assert_eq!(
            apply(base, &[19, 4, 0x91, 17, 4], &mut out, &mut edits),
            None
        );
    }

    #[test]
    fn the_largest_family_comes_last() {
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

    proptest::proptest! {
        #[test]
        fn broken_differences_do_no_harm(delta in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..64)) {
            let (mut out, mut edits) = (Vec::new(), Vec::new());
            apply(&[7; 40], &delta, &mut out, &mut edits);
        }
    }
}
