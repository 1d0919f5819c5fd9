//! What lies inside gzip and zip files.

use libdeflater::{DecompressionError, Decompressor};

/// The most that the members of one file may unpack to, together.
const BUDGET: usize = 256 << 20;

/// How deep archives may lie in archives.
const DEPTH: usize = 3;

/// Whether the bytes begin as an archive that [`each`] can open.
pub(super) fn is_archive(bytes: &[u8]) -> bool {
    bytes.starts_with(&GZIP) || bytes.starts_with(b"PK\x03\x04")
}

const GZIP: [u8; 3] = [0x1f, 0x8b, 8];

/// Gives every member's name and content to `visit`. Whether all of them could be opened within the limits.
pub(super) fn each(bytes: &[u8], visit: &mut dyn FnMut(&str, &[u8])) -> bool {
    let mut opener = ArchiveOpener {
        decompressor: Decompressor::new(),
        budget: BUDGET,
        visit,
    };
    opener.open(bytes, "", DEPTH)
}

struct ArchiveOpener<'a> {
    decompressor: Decompressor,
    budget: usize,
    visit: &'a mut dyn FnMut(&str, &[u8]),
}

impl ArchiveOpener<'_> {
    fn open(&mut self, bytes: &[u8], outer: &str, depth: usize) -> bool {
        if depth == 0 {
            return false;
        }
        if bytes.starts_with(&GZIP) {
            self.gzip(bytes, outer, depth)
        } else {
            self.zip(bytes, outer, depth)
        }
    }

    fn member(&mut self, name: &str, content: &[u8], depth: usize) -> bool {
        (self.visit)(name, content);
        !is_archive(content) || self.open(content, name, depth - 1)
    }

    /// Opens a gzip file, which may be several, one behind the other.
    fn gzip(&mut self, bytes: &[u8], outer: &str, depth: usize) -> bool {
        let mut complete = true;
        let mut opened = 0;
        for start in memchr::memmem::find_iter(bytes, &GZIP).take(256) {
            let rest = bytes.get(start..).unwrap_or_default();
            let guess = rest.len().saturating_mul(4);
            match self.unpack(rest, guess, Decompressor::gzip_decompress) {
                Ok(content) => {
                    opened += 1;
                    complete &= self.member(outer, &content, depth);
                }
                // these three bytes also occur by chance
                Err(Unopened::NoArchive) => {}
                Err(Unopened::TooLarge) => return false,
            }
        }
        complete && opened > 0
    }

    /// Opens a zip file. The directory at its end tells where everything is; a member without an entry does not exist.
    fn zip(&mut self, bytes: &[u8], outer: &str, depth: usize) -> bool {
        let mut complete = true;
        for start in memchr::memmem::find_iter(bytes, b"PK\x01\x02") {
            let Some(entry) = bytes.get(start..).and_then(ZipEntry::read) else {
                continue;
            };
            let name = if outer.is_empty() {
                entry.name.clone()
            } else {
                format!("{outer}!{}", entry.name)
            };
            let Some(packed) = entry.packed(bytes) else {
                complete = false;
                continue;
            };
            complete &= match entry.method {
                // what is only stored was searched with the archive itself, but not what is inside it
                0 => self.member(&name, packed, depth),
                8 => match self.unpack(packed, entry.size, Decompressor::deflate_decompress) {
                    Ok(content) => self.member(&name, &content, depth),
                    Err(Unopened::TooLarge) => return false,
                    Err(Unopened::NoArchive) => false,
                },
                _ => false,
            };
        }
        complete
    }

    fn unpack(
        &mut self,
        packed: &[u8],
        guess: usize,
        with: Unpacking,
    ) -> Result<Vec<u8>, Unopened> {
        let mut room = guess.clamp(1024, self.budget.max(1024));
        loop {
            let mut content = vec![0; room];
            match with(&mut self.decompressor, packed, &mut content) {
                Ok(length) => {
                    content.truncate(length);
                    self.budget = self.budget.saturating_sub(length);
                    return Ok(content);
                }
                Err(DecompressionError::InsufficientSpace) if room < self.budget => {
                    room = room.saturating_mul(4).min(self.budget);
                }
                Err(DecompressionError::InsufficientSpace) => return Err(Unopened::TooLarge),
                Err(DecompressionError::BadData) => return Err(Unopened::NoArchive),
            }
        }
    }
}

/// Unpacks one of the decompressor's formats.
type Unpacking = fn(&mut Decompressor, &[u8], &mut [u8]) -> Result<usize, DecompressionError>;

enum Unopened {
    TooLarge,
    NoArchive,
}

struct ZipEntry {
    name: String,
    method: u16,
    packed: usize,
    size: usize,
    header: usize,
}

impl ZipEntry {
    fn read(entry: &[u8]) -> Option<Self> {
        let name = entry.get(46..46 + usize::from(u16_at(entry, 28)?))?;
        Some(Self {
            name: String::from_utf8_lossy(name).into_owned(),
            method: u16_at(entry, 10)?,
            packed: u32_at(entry, 20)?,
            size: u32_at(entry, 24)?,
            header: u32_at(entry, 42)?,
        })
    }

    fn packed<'a>(&self, archive: &'a [u8]) -> Option<&'a [u8]> {
        let header = archive.get(self.header..)?;
        let data = 30 + usize::from(u16_at(header, 26)?) + usize::from(u16_at(header, 28)?);
        header
            .starts_with(b"PK\x03\x04")
            .then(|| header.get(data..data + self.packed))?
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes
        .get(at..at + 2)?
        .try_into()
        .ok()
        .map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    let number = bytes
        .get(at..at + 4)?
        .try_into()
        .ok()
        .map(u32::from_le_bytes)?;
    usize::try_from(number).ok()
}

#[cfg(test)]
mod tests {
    use libdeflater::{CompressionLvl, Compressor};

    use super::*;

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut compressor = Compressor::new(CompressionLvl::default());
        let mut packed = vec![0; compressor.gzip_compress_bound(content.len())];
        let length = compressor.gzip_compress(content, &mut packed).unwrap();
        packed.truncate(length);
        packed
    }

    fn members(bytes: &[u8]) -> (Vec<(String, Vec<u8>)>, bool) {
        let mut all = Vec::new();
        let complete = each(bytes, &mut |name, content| {
            all.push((name.to_owned(), content.to_vec()));
        });
        (all, complete)
    }

    #[test]
    fn gzip_in_gzip_and_gzip_behind_gzip_are_opened() {
        let mut file = gzip(&gzip(b"inner"));
        file.extend(gzip(&b"second ".repeat(1000)));
        let (members, complete) = members(&file);
        assert!(complete);
        // the outer file stores the inner one as it is, so that one is seen twice
        let has = |wanted: &[u8]| members.iter().any(|(_, content)| content == wanted);
        assert!(has(b"inner"));
        assert!(has(&b"second ".repeat(1000)));
    }

    #[test]
    fn what_only_begins_like_an_archive_is_not_opened() {
        assert!(!members(&[0x1f, 0x8b, 8, 1, 2, 3]).1);
        let mut deep = b"deep".to_vec();
        for _ in 0..5 {
            deep = gzip(&deep);
        }
        assert!(!members(&deep).1);
    }

    proptest::proptest! {
        #[test]
        fn broken_archives_do_no_harm(tail in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
            let mut file = b"PK\x03\x04".to_vec();
            file.extend(&tail);
            file.extend(b"PK\x01\x02");
            file.extend(&tail);
            members(&file);
        }
    }
}
