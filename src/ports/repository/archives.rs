//! What lies inside packed files: gzip, bzip2, xz, lzip, lzma, zstd, zip of nearly every method, tar and ar around them, scripts that
//! unpack themselves, and zlib streams by themselves, in a PDF or in a dump. What cannot be read (another form, a password, a limit) is
//! told, by its member.

mod dump;
mod form;
mod zip;

use std::{
    io::{self, Read},
    sync::{Mutex, MutexGuard, PoisonError},
};

use libdeflater::{DecompressionError, Decompressor};

use form::{GZIP, Packing};
use zip::{ZipDirectory, ZipEntry};

/// The largest member that is unpacked, in bytes: it is held in memory.
const MEMBER_LIMIT: usize = 128 << 20;
/// What the members of one file may unpack to, together, in bytes: a bomb ends here.
const BUDGET: usize = 512 << 20;
/// How much room the attempts that come to nothing may take in one file, together, in bytes.
const WORK: usize = 2 << 30;
/// How deep archives may lie in archives.
const DEPTH: usize = 5;
/// What a decompressor may need for its own tables, in KiB.
const TABLES_LIMIT: u32 = 128 << 10;
/// How often the beginning of a gzip file is tried in one file: block-wise ones have a beginning for every 64 KiB.
const BEGINNINGS: usize = 20_000;
/// How much room a zlib stream gets at first, in bytes.
const STREAM: usize = 64 << 10;
/// An unpacked member beyond this is held by one thread at a time, in bytes: together they would take more than there is.
const LARGE: usize = 16 << 20;

/// Something packed that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UnreadPart {
    /// The member; empty for the file itself.
    pub(super) member: String,
    pub(super) why: String,
    pub(super) hint: &'static str,
}

const DAMAGED: &str = "it can't be unpacked: it is truncated or damaged";
const TOO_LARGE: &str = "unpacked, it is larger than 128 MB, or the archive is larger than 512 MB";
const TOO_DEEP: &str = "it contains archives nested more than 5 deep";
const TOO_MANY: &str = "it has more than 20,000 packed members";
const LZ4_DUMP: &str = "it is a pg_dump archive with lz4, which neonup can't read";
const ENCRYPTED: &str = "it is a password-protected archive";
const UNPACK: &str = "unpack it and check it, or remove it from the repository; or accept it with `[[secrets.accept]]` and \
`code = \"secrets.unknown\"`";

/// Whether the bytes are packed in a form that is known, readable or not.
pub(super) fn is_archive(bytes: &[u8]) -> bool {
    form::of(bytes).is_some()
}

/// Gives every member's name and content to `visit`, and tells what could not be opened.
pub(super) fn each(bytes: &[u8], visit: &mut dyn FnMut(&str, &[u8])) -> Vec<UnreadPart> {
    let mut opener = ArchiveOpener {
        decompressor: Decompressor::new(),
        budget: BUDGET,
        work: WORK,
        turn: None,
        unread: Vec::new(),
        visit,
    };
    opener.open(bytes, "", DEPTH);
    opener.unread
}

/// Whose turn it is to hold a large member.
static TURN: Mutex<()> = Mutex::new(());

struct ArchiveOpener<'a> {
    decompressor: Decompressor,
    /// How much may still be unpacked.
    budget: usize,
    /// How much room attempts that come to nothing may still take.
    work: usize,
    turn: Option<MutexGuard<'static, ()>>,
    unread: Vec<UnreadPart>,
    visit: &'a mut dyn FnMut(&str, &[u8]),
}

impl ArchiveOpener<'_> {
    fn open(&mut self, bytes: &[u8], name: &str, depth: usize) {
        let Some(form) = form::of(bytes) else {
            return;
        };
        if depth == 0 {
            return self.leave_out(name, TOO_DEEP);
        }
        match form {
            Packing::Gzip => self.gzip(bytes, name, depth),
            Packing::Zip => self.zip(bytes, name, depth),
            Packing::Bzip2 => self.stream(bzip2::read::MultiBzDecoder::new(bytes), name, depth),
            Packing::Xz => {
                let reader = lzma_rust2::XzReader::new_mem_limit(bytes, true, TABLES_LIMIT);
                self.stream(reader, name, depth);
            }
            Packing::Lzip => self.stream(lzma_rust2::LzipReader::new(bytes), name, depth),
            Packing::Lzma => match lzma_rust2::LzmaReader::new_mem_limit(bytes, TABLES_LIMIT, None)
            {
                Ok(reader) => self.stream(reader, name, depth),
                Err(_) => self.leave_out(name, DAMAGED),
            },
            Packing::Zstd => self.stream(
                ZstdFrames {
                    rest: bytes,
                    frame: None,
                },
                name,
                depth,
            ),
            Packing::Tar => self.tar(bytes, name, depth),
            Packing::Ar => self.ar(bytes, name, depth),
            Packing::Script => self.script(bytes, name, depth),
            Packing::Zlib => self.zlib(bytes, name, depth),
            Packing::Streams => self.streams(bytes, name, depth),
            Packing::PgDump => self.pg_dump(bytes, name, depth),
            Packing::Closed(what) => {
                self.leave_out(name, &format!("it is {what}, which neonup can't read"));
            }
        }
    }

    fn leave_out(&mut self, member: &str, why: &str) {
        let part = UnreadPart {
            member: member.to_owned(),
            why: why.to_owned(),
            hint: UNPACK,
        };
        if !self.unread.contains(&part) {
            self.unread.push(part);
        }
    }

    fn member(&mut self, name: &str, content: &[u8], depth: usize) {
        (self.visit)(name, content);
        self.open(content, name, depth - 1);
    }

    /// Opens a gzip file, which may be several, one behind the other.
    fn gzip(&mut self, bytes: &[u8], name: &str, depth: usize) {
        let mut starts = memchr::memmem::find_iter(bytes, &GZIP);
        for start in starts.by_ref().take(BEGINNINGS) {
            let rest = bytes.get(start..).unwrap_or_default();
            let guess = rest.len().saturating_mul(4);
            match self.inflate(rest, guess, Decompressor::gzip_decompress) {
                Ok(content) => self.member(name, &content, depth),
                // these three bytes also occur by chance; the rest of a real head hardly ever
                Err(Unopened::Damaged) if start > 0 && !is_gzip_head(rest) => {}
                Err(Unopened::Damaged) => self.leave_out(name, DAMAGED),
                Err(Unopened::TooLarge) => return self.leave_out(name, TOO_LARGE),
            }
        }
        if starts.next().is_some() {
            self.leave_out(name, TOO_MANY);
        }
    }

    /// Opens what is packed behind a script.
    fn script(&mut self, bytes: &[u8], name: &str, depth: usize) {
        for (start, form) in form::behind_script(bytes) {
            let rest = bytes.get(start..).unwrap_or_default();
            if form == Packing::Gzip {
                // its three bytes also occur by chance: all places are tried
                self.gzip(bytes, name, depth);
            } else {
                self.open(rest, name, depth);
            }
        }
    }

    /// Opens a file that is one zlib stream. A text may begin with `x^`, too.
    fn zlib(&mut self, bytes: &[u8], name: &str, depth: usize) {
        match self.inflate(bytes, bytes.len(), Decompressor::zlib_decompress) {
            Ok(content) => {
                self.member(name, &content, depth);
                // and others behind it
                self.streams(bytes.get(1..).unwrap_or_default(), name, depth);
            }
            Err(Unopened::Damaged) if bytes.starts_with(b"x^") => {}
            Err(Unopened::Damaged) => self.leave_out(name, DAMAGED),
            Err(Unopened::TooLarge) => self.leave_out(name, TOO_LARGE),
        }
    }

    /// Opens the zlib streams in a file. Their two first bytes occur by chance, so that it means nothing if one can't be unpacked.
    fn streams(&mut self, bytes: &[u8], name: &str, depth: usize) {
        let mut starts = form::zlib_streams(bytes);
        for start in starts.by_ref().take(BEGINNINGS) {
            let rest = bytes.get(start..).unwrap_or_default();
            match self.inflate(rest, STREAM, Decompressor::zlib_decompress) {
                Ok(content) => self.member(name, &content, depth),
                Err(Unopened::Damaged) => {}
                Err(Unopened::TooLarge) => return self.leave_out(name, TOO_LARGE),
            }
        }
        if starts.next().is_some() {
            self.leave_out(name, TOO_MANY);
        }
    }

    /// Opens the tables of a dump.
    fn pg_dump(&mut self, bytes: &[u8], name: &str, depth: usize) {
        if dump::is_lz4(bytes) {
            return self.leave_out(name, LZ4_DUMP);
        }
        let all = dump::each_table(bytes, |packed| {
            if packed.starts_with(b"x") {
                self.zlib(&packed, name, depth);
            } else {
                self.open(&packed, name, depth);
            }
        });
        if !all {
            self.leave_out(name, TOO_MANY);
        }
    }

    fn zip(&mut self, bytes: &[u8], outer: &str, depth: usize) {
        let directory = ZipDirectory::read(bytes);
        if directory.short {
            self.leave_out(outer, DAMAGED);
        }
        for entry in &directory.entries {
            let name = within(outer, &entry.name);
            if entry.encrypted {
                self.leave_out(&name, ENCRYPTED);
                continue;
            }
            let Some(packed) = directory.packed(entry, bytes) else {
                self.leave_out(&name, DAMAGED);
                continue;
            };
            self.zip_member(entry, packed, &name, depth);
        }
    }

    fn zip_member(&mut self, entry: &ZipEntry, packed: &[u8], name: &str, depth: usize) {
        match entry.method {
            // what is only stored was searched with the archive itself, but not what is inside it
            0 => self.member(name, packed, depth),
            8 => match self.inflate(packed, entry.size, Decompressor::deflate_decompress) {
                Ok(content) => self.member(name, &content, depth),
                Err(Unopened::TooLarge) => self.leave_out(name, TOO_LARGE),
                Err(Unopened::Damaged) => self.leave_out(name, DAMAGED),
            },
            9 => {
                let reader = deflate64::Deflate64Decoder::new(packed);
                self.stream(reader, name, depth);
            }
            12 => self.stream(bzip2::read::MultiBzDecoder::new(packed), name, depth),
            14 => match lzma_member(packed, entry.size) {
                Some(reader) => self.stream(reader, name, depth),
                None => self.leave_out(name, DAMAGED),
            },
            93 => self.stream(
                ZstdFrames {
                    rest: packed,
                    frame: None,
                },
                name,
                depth,
            ),
            95 => {
                let reader = lzma_rust2::XzReader::new_mem_limit(packed, true, TABLES_LIMIT);
                self.stream(reader, name, depth);
            }
            99 => self.leave_out(name, ENCRYPTED),
            method => {
                let why =
                    format!("it uses zip compression method {method}, which neonup can't read");
                self.leave_out(name, &why);
            }
        }
    }

    /// Opens the packed members of a tar file; the others were searched with the file itself.
    fn tar(&mut self, bytes: &[u8], outer: &str, depth: usize) {
        let mut archive = tar::Archive::new(bytes);
        let Ok(entries) = archive.entries() else {
            return self.leave_out(outer, DAMAGED);
        };
        for entry in entries {
            let Ok(entry) = entry else {
                return self.leave_out(outer, DAMAGED);
            };
            let start = usize::try_from(entry.raw_file_position()).unwrap_or(usize::MAX);
            let length = usize::try_from(entry.size()).unwrap_or(usize::MAX);
            let content = bytes.get(start..start.saturating_add(length).min(bytes.len()));
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            self.open(
                content.unwrap_or_default(),
                &within(outer, &name),
                depth - 1,
            );
        }
    }

    /// Opens the packed members of an ar file: a head of 60 bytes, the content, and a byte if its length is odd.
    fn ar(&mut self, bytes: &[u8], outer: &str, depth: usize) {
        let mut rest = bytes.get(8..).unwrap_or_default();
        while let Some((head, tail)) = rest.split_first_chunk::<60>() {
            let text = |range| head.get(range).map(String::from_utf8_lossy);
            let length = text(48..58).and_then(|digits| digits.trim().parse::<usize>().ok());
            let Some(content) = length.and_then(|length| tail.get(..length)) else {
                return self.leave_out(outer, DAMAGED);
            };
            let name = text(0..16).unwrap_or_default();
            let name = name.trim().trim_end_matches('/').to_owned();
            self.open(content, &within(outer, &name), depth - 1);
            rest = tail
                .get(content.len().next_multiple_of(2)..)
                .unwrap_or_default();
        }
    }

    /// Unpacks what a reader gives.
    fn stream(&mut self, reader: impl Read, name: &str, depth: usize) {
        match self.unpack(reader) {
            Ok(content) => self.member(name, &content, depth),
            Err(Unopened::TooLarge) => self.leave_out(name, TOO_LARGE),
            Err(Unopened::Damaged) => self.leave_out(name, DAMAGED),
        }
    }

    fn unpack(&mut self, mut reader: impl Read) -> Result<Vec<u8>, Unopened> {
        let most = self.budget.min(MEMBER_LIMIT);
        let mut content = Vec::new();
        let mut limit = LARGE.min(most);
        loop {
            let wanted = (limit - content.len() + 1) as u64;
            let read = reader.by_ref().take(wanted).read_to_end(&mut content);
            if read.is_err() {
                return Err(Unopened::Damaged);
            }
            if content.len() <= limit {
                self.budget -= content.len();
                return Ok(content);
            }
            if limit == most {
                return Err(Unopened::TooLarge);
            }
            self.take_turn();
            limit = most;
        }
    }

    fn inflate(
        &mut self,
        packed: &[u8],
        guess: usize,
        with: Inflating,
    ) -> Result<Vec<u8>, Unopened> {
        let most = self.budget.min(MEMBER_LIMIT);
        let mut room = guess.max(1024).min(most);
        loop {
            if room > LARGE {
                self.take_turn();
            }
            let mut content = vec![0; room];
            match with(&mut self.decompressor, packed, &mut content) {
                Ok(length) => {
                    content.truncate(length);
                    content.shrink_to_fit();
                    self.budget -= length;
                    return Ok(content);
                }
                Err(DecompressionError::InsufficientSpace) if room < most => {
                    self.spend(room)?;
                    room = room.saturating_mul(4).min(most);
                }
                Err(DecompressionError::InsufficientSpace) => return Err(Unopened::TooLarge),
                Err(DecompressionError::BadData) => {
                    self.spend(room)?;
                    return Err(Unopened::Damaged);
                }
            }
        }
    }

    /// Counts an attempt that came to nothing.
    fn spend(&mut self, room: usize) -> Result<(), Unopened> {
        self.work = self.work.checked_sub(room).ok_or(Unopened::TooLarge)?;
        Ok(())
    }

    fn take_turn(&mut self) {
        if self.turn.is_none() {
            self.turn = Some(TURN.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }
}

/// Unpacks one of the decompressor's formats.
type Inflating = fn(&mut Decompressor, &[u8], &mut [u8]) -> Result<usize, DecompressionError>;

enum Unopened {
    TooLarge,
    Damaged,
}

/// A member's name behind that of the archive it is in.
fn within(outer: &str, name: &str) -> String {
    if outer.is_empty() {
        name.to_owned()
    } else {
        format!("{outer}!{name}")
    }
}

/// Whether all that a head of gzip fixes is as it must be, or as every writer has it.
fn is_gzip_head(bytes: &[u8]) -> bool {
    bytes.get(3).is_some_and(|flags| flags & 0xe0 == 0)
        && bytes.get(8).is_some_and(|level| matches!(level, 0 | 2 | 4))
        && bytes
            .get(9)
            .is_some_and(|system| *system <= 13 || *system == 255)
}

/// The lzma of a zip member: a version, the length of the properties, and five bytes of them.
fn lzma_member(packed: &[u8], size: usize) -> Option<lzma_rust2::LzmaReader<&[u8]>> {
    let (head, rest) = packed.split_first_chunk::<9>()?;
    let [_, _, 5, 0, properties, dictionary @ ..] = *head else {
        return None;
    };
    let dictionary = u32::from_le_bytes(dictionary);
    if dictionary / 1024 > TABLES_LIMIT {
        return None;
    }
    lzma_rust2::LzmaReader::new_with_props(rest, size as u64, properties, dictionary, None).ok()
}

/// Reads zstd frames, one behind the other.
struct ZstdFrames<'a> {
    rest: &'a [u8],
    frame: Option<ruzstd::decoding::StreamingDecoder<&'a [u8], ruzstd::decoding::FrameDecoder>>,
}

impl Read for ZstdFrames<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(mut frame) = self.frame.take() {
                let read = frame.read(buffer)?;
                if read > 0 || buffer.is_empty() {
                    self.frame = Some(frame);
                    return Ok(read);
                }
                self.rest = frame.into_inner();
            }
            // a frame to skip: its mark, its length, and as many bytes
            if self.rest.get(1..4) == Some(&[0x2a, 0x4d, 0x18]) {
                let length = self.rest.get(4..8).and_then(|bytes| bytes.try_into().ok());
                let end = length.map(|length| 8 + u32::from_le_bytes(length) as usize);
                self.rest = end.and_then(|end| self.rest.get(end..)).unwrap_or_default();
                continue;
            }
            if self.rest.is_empty() {
                return Ok(0);
            }
            let frame = ruzstd::decoding::StreamingDecoder::new(self.rest);
            self.frame = Some(frame.map_err(io::Error::other)?);
        }
    }
}

#[cfg(test)]
mod tests;
