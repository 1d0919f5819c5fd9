//! The files of a pack: its index, and the heads of its entries.

use std::{
    cmp::Ordering,
    fs, io,
    path::{Path, PathBuf},
};

use memmap2::Mmap;

use crate::{
    os::bounded::map_unchanging,
    ports::repository::{
        object::ObjectKind,
        pack::delta::{next_byte, varint},
    },
};

/// The head of an entry.
pub(super) struct Head<'a> {
    pub(super) base: Base<'a>,
    /// Where the packed bytes begin.
    pub(super) start: usize,
    /// How many bytes they unpack to.
    pub(super) size: usize,
}

/// What an entry is a difference to.
pub(super) enum Base<'a> {
    /// Nothing.
    None(ObjectKind),
    Offset(u64),
    Id(&'a [u8]),
}

/// A pack and its index, mapped into memory.
pub(in crate::ports::repository) struct Pack {
    data: Mmap,
    index: Mmap,
    hash: usize,
    count: usize,
    version: u32,
}

impl Pack {
    /// Opens the pack that an index belongs to.
    pub(in crate::ports::repository) fn open(index: &Path, hash: usize) -> io::Result<Self> {
        let data = map_unchanging(&index.with_extension("pack"))?;
        Self::new(data, map_unchanging(index)?, hash)
    }

    /// A pack that isn't a file.
    #[cfg(any(test, feature = "testing"))]
    pub(in crate::ports::repository) fn in_memory(
        data: &[u8],
        index: &[u8],
        hash: usize,
    ) -> io::Result<Self> {
        let copy = |bytes: &[u8]| {
            let mut map = memmap2::MmapMut::map_anon(bytes.len().max(1))?;
            map.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
            map.make_read_only()
        };
        Self::new(copy(data)?, copy(index)?, hash)
    }

    /// A pack with the index of these ids and without their objects.
    #[cfg(test)]
    pub(in crate::ports::repository) fn of_ids(ids: &[Vec<u8>]) -> Self {
        let mut ids = ids.to_vec();
        ids.sort();
        let mut index = b"\xfftOc\0\0\0\x02".to_vec();
        for byte in 0..=255 {
            let up_to = ids.partition_point(|id| id[0] <= byte);
            index.extend(u32::try_from(up_to).unwrap().to_be_bytes());
        }
        index.extend(ids.concat());
        index.resize(index.len() + ids.len() * 8, 0);
        Self::in_memory(b"PACK", &index, 20).unwrap()
    }

    fn new(data: Mmap, index: Mmap, hash: usize) -> io::Result<Self> {
        let version = if index.starts_with(b"\xfftOc") {
            be32(&index, 4).unwrap_or(0)
        } else {
            1
        };
        let fan = if version == 1 { 0 } else { 8 };
        let count =
            be32(&index, fan + 255 * 4).ok_or_else(|| broken("its index is truncated"))? as usize;
        if version > 2 || !data.starts_with(b"PACK") {
            return Err(broken("it has an unknown format"));
        }
        let entry = if version == 1 { 4 + hash } else { hash + 8 };
        if index.len() < fan + 1024 + count * entry || count >= u32::MAX as usize {
            return Err(broken("its index is truncated"));
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
    pub(in crate::ports::repository) const fn len(&self) -> usize {
        self.count
    }

    /// The checksum at the pack's end, which stands for everything in it.
    pub(in crate::ports::repository) fn checksum(&self) -> &[u8] {
        let start = self.data.len().saturating_sub(self.hash);
        self.data.get(start..).unwrap_or_default()
    }

    /// The id of the object at a position of the index.
    pub(super) fn id(&self, position: usize) -> &[u8] {
        let start = if self.version == 1 {
            1024 + position * (4 + self.hash) + 4
        } else {
            8 + 1024 + position * self.hash
        };
        self.index.get(start..start + self.hash).unwrap_or_default()
    }

    /// The offset of the object at a position of the index.
    pub(super) fn offset(&self, position: usize) -> Option<u64> {
        if self.version == 1 {
            return be32(&self.index, 1024 + position * (4 + self.hash)).map(u64::from);
        }
        let offsets = 8 + 1024 + self.count * (self.hash + 4);
        let small = be32(&self.index, offsets + position * 4)?;
        if small & 0x8000_0000 == 0 {
            return Some(u64::from(small));
        }
        let large = offsets + self.count * 4 + (small & 0x7fff_ffff) as usize * 8;
        let bytes = self.index.get(large..large + 8)?;
        bytes.try_into().ok().map(u64::from_be_bytes)
    }

    /// The position of an id in the index.
    pub(in crate::ports::repository) fn position(&self, id: &[u8]) -> Option<usize> {
        let (low, high) = self.with_first_byte(id)?;
        self.between(id, low, high)
    }

    /// The positions in the index from the first id with the same first byte to after the last.
    fn with_first_byte(&self, id: &[u8]) -> Option<(usize, usize)> {
        // the first table counts the ids up to each first byte
        let fan = if self.version == 1 { 0 } else { 8 };
        let up_to = |byte: usize| be32(&self.index, fan + byte * 4).map(|count| count as usize);
        let byte = usize::from(*id.first()?);
        let low = byte.checked_sub(1).map_or(Some(0), up_to)?;
        Some((low, up_to(byte)?.min(self.count)))
    }

    /// The position of an id between two.
    fn between(&self, id: &[u8], mut low: usize, mut high: usize) -> Option<usize> {
        while low < high {
            let middle = usize::midpoint(low, high);
            match self.compare(middle, id) {
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
                Ordering::Equal => return Some(middle),
            }
        }
        None
    }

    /// Compares the id at a position. The first eight bytes nearly always decide, and as numbers they are compared at once.
    fn compare(&self, position: usize, id: &[u8]) -> Ordering {
        let found = self.id(position);
        leading(found).cmp(&leading(id)).then_with(|| found.cmp(id))
    }

    /// The head of the entry at an offset.
    pub(super) fn head(&self, offset: u64) -> Option<Head<'_>> {
        let start = usize::try_from(offset).ok()?;
        let mut rest = self.data.get(start..)?;
        let byte = next_byte(&mut rest)?;
        let mut size = usize::from(byte & 15);
        if byte & 0x80 != 0 {
            // the first byte holds four bits of it
            size |= varint(&mut rest)?.checked_mul(16)?;
        }
        let base = match (byte >> 4) & 7 {
            1 => Base::None(ObjectKind::Commit),
            2 => Base::None(ObjectKind::Tree),
            3 => Base::None(ObjectKind::Blob),
            4 => Base::None(ObjectKind::Tag),
            6 => {
                let mut byte = next_byte(&mut rest)?;
                let mut back = u64::from(byte & 0x7f);
                while byte & 0x80 != 0 {
                    byte = next_byte(&mut rest)?;
                    back = (back + 1).checked_mul(128)? | u64::from(byte & 0x7f);
                }
                Base::Offset(offset.checked_sub(back)?)
            }
            7 => {
                let (id, tail) = rest.split_at_checked(self.hash)?;
                rest = tail;
                Base::Id(id)
            }
            _ => return None,
        };
        Some(Head {
            base,
            start: self.data.len() - rest.len(),
            size,
        })
    }

    /// The byte at an offset.
    pub(super) fn byte(&self, offset: u64) -> Option<u8> {
        self.data.get(usize::try_from(offset).ok()?).copied()
    }

    /// The bytes between two offsets, which reach to the checksum at the most.
    pub(super) fn bytes(&self, start: usize, end: u64) -> Option<&[u8]> {
        self.data.get(start..usize::try_from(end).ok()?)
    }

    /// Where the entries end.
    pub(super) fn end(&self) -> u64 {
        self.data.len().saturating_sub(self.hash) as u64
    }
}

/// The most bits of an id that a table of positions tells apart: 16 MB.
const MOST_BITS: u32 = 22;

/// Where in the index the ids with the same leading bits begin, so that a search of the index takes a step or two.
pub(in crate::ports::repository) struct Positions<'a> {
    pack: &'a Pack,
    shift: u32,
    /// The position of the first id with these leading bits or greater ones; one more for the end.
    first: Vec<u32>,
}

impl<'a> Positions<'a> {
    /// Reads the index once.
    pub(in crate::ports::repository) fn of(pack: &'a Pack) -> Self {
        // some two ids for each
        let bits = (usize::BITS - (pack.len() / 2).leading_zeros()).clamp(8, MOST_BITS);
        let shift = u64::BITS - bits;
        let mut first = vec![0_u32; (1 << bits) + 1];
        for position in 0..pack.len() {
            let bits = place(pack.id(position), shift);
            if let Some(count) = first.get_mut(bits + 1) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for count in &mut first {
            sum += *count;
            *count = sum;
        }
        Self { pack, shift, first }
    }

    /// Whether the pack has an object with this id.
    pub(in crate::ports::repository) fn has(&self, id: &[u8]) -> bool {
        let place = place(id, self.shift);
        let position = |place: usize| self.first.get(place).map(|position| *position as usize);
        let (Some(low), Some(high)) = (position(place), position(place + 1)) else {
            return false;
        };
        self.pack.between(id, low, high).is_some()
    }
}

fn broken(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why.to_owned())
}

/// An id's leading bits, without the others.
fn place(id: &[u8], shift: u32) -> usize {
    usize::try_from(leading(id) >> shift).unwrap_or(usize::MAX)
}

/// The first eight bytes of an id as a number: ids are ordered as these are.
fn leading(id: &[u8]) -> u64 {
    id.first_chunk()
        .map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes
        .get(at..at + 4)?
        .try_into()
        .ok()
        .map(u32::from_be_bytes)
}

/// The indexes of all packs of an object directory.
pub(in crate::ports::repository) fn indexes(objects: &Path) -> io::Result<Vec<PathBuf>> {
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

/// The packs of an object directory that have no index, and that git does not read: by their names, without the temporary ones.
pub(in crate::ports::repository) fn without_index(objects: &Path) -> Vec<String> {
    let Ok(files) = fs::read_dir(objects.join("pack")) else {
        return Vec::new();
    };
    let mut all: Vec<_> = files
        .flatten()
        .map(|file| file.path())
        .filter(|path| path.extension().is_some_and(|end| end == "pack"))
        .filter(|path| !path.with_extension("idx").exists())
        .filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned()))
        .collect();
    all.sort();
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest as _, Sha256};

    fn id(number: u32) -> Vec<u8> {
        Sha256::digest(number.to_be_bytes())[..20].to_vec()
    }

    #[test]
    fn every_id_is_found_at_its_place_and_no_other_is() {
        for count in [0, 1, 2, 3, 300, 20_000] {
            let mut ids: Vec<_> = (0..count).map(id).collect();
            ids.sort();
            let pack = Pack::of_ids(&ids);
            for (position, id) in ids.iter().enumerate() {
                assert_eq!(pack.position(id), Some(position));
            }
            for other in count..count + 2_000 {
                assert_eq!(pack.position(&id(other)), None);
            }
        }
    }

    #[test]
    fn ids_that_are_not_spread_evenly_are_found_too() {
        let close = |number: u32| {
            let mut id = vec![7; 20];
            id[4..8].copy_from_slice(&(number / 3).to_be_bytes());
            id[16..].copy_from_slice(&number.to_be_bytes());
            id
        };
        let ids: Vec<_> = (0..5_000).map(|number| close(number * number)).collect();
        let pack = Pack::of_ids(&ids);
        for (position, id) in ids.iter().enumerate() {
            assert_eq!(pack.position(id), Some(position));
        }
        assert_eq!(pack.position(&close(2)), None);
        assert_eq!(pack.position(&[0; 20]), None);
        assert_eq!(pack.position(&[255; 20]), None);
        assert_eq!(pack.position(&[]), None);
    }

    #[test]
    fn an_index_without_order_gives_something() {
        let mut ids: Vec<_> = (0..500).map(id).collect();
        for id in &mut ids {
            id[0] = 9;
        }
        let pack = Pack::of_ids(&ids);
        for id in &ids {
            pack.position(id);
        }
    }
}
