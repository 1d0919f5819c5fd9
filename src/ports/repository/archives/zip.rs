//! The directory of a zip file.

use crate::ports::repository::archives::form::{LOCAL_ENTRY, end_of_zip};

/// Stands in place of a number that does not fit, and is given among the extra fields then.
const LARGE: usize = u32::MAX as usize;

/// A member of a zip file.
pub(super) struct ZipEntry {
    pub(super) name: String,
    pub(super) method: u16,
    pub(super) encrypted: bool,
    pub(super) size: usize,
    packed: usize,
    header: usize,
}

/// A zip file's members, as its directory has them.
pub(super) struct ZipDirectory {
    pub(super) entries: Vec<ZipEntry>,
    /// Whether there are fewer than its end tells.
    pub(super) short: bool,
    /// How many bytes stand in front of the archive that its own numbers do not count.
    shift: usize,
}

impl ZipDirectory {
    /// Reads the directory; a member without an entry does not exist. Entries are taken wherever they stand: a damaged archive, or
    /// one behind another, has them too.
    pub(super) fn read(bytes: &[u8]) -> Self {
        let entries: Vec<_> = memchr::memmem::find_iter(bytes, b"PK\x01\x02")
            .filter_map(|start| ZipEntry::read(bytes.get(start..)?))
            .collect();
        let end = end_of_zip(bytes).and_then(|at| Some((at, bytes.get(at..)?)));
        let told = end.and_then(|(_, end)| u16_at(end, 10));
        let shift = end.and_then(|(at, end)| {
            at.checked_sub(u32_at(end, 12)?)?
                .checked_sub(u32_at(end, 16)?)
        });
        Self {
            short: told.is_none_or(|told| entries.len() < usize::from(told) && told != u16::MAX)
                || (entries.is_empty() && told != Some(0)),
            shift: shift.unwrap_or(0),
            entries,
        }
    }

    /// The packed bytes of a member.
    pub(super) fn packed<'a>(&self, entry: &ZipEntry, archive: &'a [u8]) -> Option<&'a [u8]> {
        let at = |start: usize| {
            let header = archive.get(start..)?;
            header.starts_with(LOCAL_ENTRY).then_some(header)
        };
        let header = at(entry.header).or_else(|| at(entry.header.checked_add(self.shift)?))?;
        let data = 30 + usize::from(u16_at(header, 26)?) + usize::from(u16_at(header, 28)?);
        header.get(data..data.checked_add(entry.packed)?)
    }
}

impl ZipEntry {
    fn read(entry: &[u8]) -> Option<Self> {
        let name_end = 46 + usize::from(u16_at(entry, 28)?);
        let name = entry.get(46..name_end)?;
        let extra = entry.get(name_end..name_end + usize::from(u16_at(entry, 30)?))?;
        let mut large = LargeNumbers(zip64(extra));
        let size = u32_at(entry, 24)?;
        let size = large.or(size)?;
        let packed = large.or(u32_at(entry, 20)?)?;
        let header = large.or(u32_at(entry, 42)?)?;
        Some(Self {
            name: String::from_utf8_lossy(name).into_owned(),
            method: u16_at(entry, 10)?,
            encrypted: u16_at(entry, 8)? & 1 != 0,
            size,
            packed,
            header,
        })
    }
}

/// The numbers of the extra field for large files: only those that did not fit, in their order.
struct LargeNumbers<'a>(&'a [u8]);

impl LargeNumbers<'_> {
    fn or(&mut self, number: usize) -> Option<usize> {
        if number != LARGE {
            return Some(number);
        }
        let (head, rest) = self.0.split_first_chunk::<8>()?;
        self.0 = rest;
        usize::try_from(u64::from_le_bytes(*head)).ok()
    }
}

/// The extra field for large files; empty where there is none.
fn zip64(mut extra: &[u8]) -> &[u8] {
    while let (Some(kind), Some(length)) = (u16_at(extra, 0), u16_at(extra, 2)) {
        let end = 4 + usize::from(length);
        if kind == 1 {
            return extra.get(4..end).unwrap_or_default();
        }
        extra = extra.get(end..).unwrap_or_default();
    }
    &[]
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let number = bytes.get(at..at + 2)?.try_into().ok()?;
    Some(u16::from_le_bytes(number))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    let number = bytes.get(at..at + 4)?.try_into().ok()?;
    usize::try_from(u32::from_le_bytes(number)).ok()
}
