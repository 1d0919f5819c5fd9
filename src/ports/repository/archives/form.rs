//! Which bytes begin an archive, told from a few of them: every object of a history is asked.

/// What packs a file's content, so that a search of its bytes does not see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Gzip,
    Bzip2,
    Xz,
    Lzip,
    Lzma,
    Zstd,
    Zip,
    /// Plain, but what is packed inside it would not be seen.
    Tar,
    /// The same, as `ar` and Debian's packages have it.
    Ar,
    /// A script with packed bytes behind it, which unpacks itself.
    Script,
    /// All of it is one zlib stream, as git's own objects are.
    Zlib,
    /// Parts of it are zlib streams.
    Streams,
    /// A dump in the format of `pg_dump -Fc`.
    PgDump,
    /// Known, and not readable here; its name.
    Closed(&'static str),
}

pub(super) const GZIP: [u8; 3] = [0x1f, 0x8b, 8];
const XZ: &[u8] = b"\xfd7zXZ\0";
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// How blocks of bzip2 begin, behind four bytes of its head.
const BZIP2_BLOCK: &[u8] = b"\x31\x41\x59\x26\x53\x59";
pub(super) const LOCAL_ENTRY: &[u8] = b"PK\x03\x04";
pub(super) const END_OF_ZIP: &[u8] = b"PK\x05\x06";

/// How long the end of a zip file without a comment is, in bytes.
const END_LENGTH: usize = 22;
/// How far from the file's end it may begin: a comment has a length of 16 bits.
const END_REACH: usize = END_LENGTH + u16::MAX as usize;
/// How much of a file tells whether it is binary, in bytes.
const HEAD: usize = 512;

/// The form of a file's content, if it is packed.
pub(super) fn of(bytes: &[u8]) -> Option<Packing> {
    let form = match bytes.first()? {
        0x1f if bytes.starts_with(&GZIP) => Some(Packing::Gzip),
        0x1f if bytes.starts_with(&[0x1f, 0x9d]) => Some(Packing::Closed("a file of `compress`")),
        b'P' if bytes.starts_with(LOCAL_ENTRY) || bytes.starts_with(b"PK\x07\x08PK") => {
            Some(Packing::Zip)
        }
        b'P' if bytes.starts_with(b"PACK\0\0\0") => Some(Packing::Closed("a git pack file")),
        b'#' if bytes.starts_with(b"# v2 git bundle") || bytes.starts_with(b"# v3 git bundle") => {
            Some(Packing::Closed("a git bundle"))
        }
        b'B' if is_bzip2(bytes) => Some(Packing::Bzip2),
        0xfd if bytes.starts_with(XZ) => Some(Packing::Xz),
        b'L' if bytes.starts_with(b"LZIP\x01") => Some(Packing::Lzip),
        0x5d if is_lzma(bytes) => Some(Packing::Lzma),
        // zstd may begin with a frame that is to be skipped
        0x28 if bytes.starts_with(&ZSTD) => Some(Packing::Zstd),
        0x50..=0x5f if bytes.get(1..4) == Some(&[0x2a, 0x4d, 0x18]) => Some(Packing::Zstd),
        b'x' if bytes.starts_with(b"xar!\0") => Some(Packing::Closed("a xar archive")),
        b'x' if zlib_streams(bytes).next() == Some(0) => Some(Packing::Zlib),
        b'%' if bytes.starts_with(b"%PDF-") => Some(Packing::Streams),
        b'P' if bytes.starts_with(b"PGDMP") => Some(Packing::PgDump),
        0x02 if bytes.starts_with(&[0x02, 0x21, 0x4c, 0x18]) => {
            Some(Packing::Closed("an lz4 file"))
        }
        0x89 if bytes.starts_with(b"\x89LZO\0\r\n\x1a\n") => Some(Packing::Closed("an lzop file")),
        b'h' if bytes.starts_with(b"hsqs") && bytes.contains(&0) => {
            Some(Packing::Closed("a squashfs image"))
        }
        0x04 if bytes.starts_with(&[0x04, 0x22, 0x4d, 0x18]) => {
            Some(Packing::Closed("an lz4 file"))
        }
        b'7' if bytes.starts_with(b"7z\xbc\xaf\x27\x1c") => Some(Packing::Closed("a 7z archive")),
        b'R' if bytes.starts_with(b"Rar!\x1a\x07") => Some(Packing::Closed("a RAR archive")),
        b'M' if bytes.starts_with(b"MSCF\0\0\0\0") => Some(Packing::Closed("a cabinet file")),
        0xff if bytes.starts_with(b"\xff\x06\0\0sNaPpY") => Some(Packing::Closed("a snappy file")),
        0xed if bytes.starts_with(&[0xed, 0xab, 0xee, 0xdb]) => {
            Some(Packing::Closed("an RPM package"))
        }
        b'!' if bytes.starts_with(b"!<arch>\n") => Some(Packing::Ar),
        _ => None,
    };
    form.or_else(|| (bytes.get(257..262) == Some(b"ustar")).then_some(Packing::Tar))
        .or_else(|| end_of_zip(bytes).map(|_| Packing::Zip))
        .or_else(|| (behind_script(bytes).next().is_some()).then_some(Packing::Script))
}

/// How many bytes behind bzip2's mark are looked at: packed ones are hardly ever all text.
const BZIP2_LOOK: usize = 32;

/// Where packed bytes begin behind a script, and how they are packed.
pub(super) fn behind_script(bytes: &[u8]) -> impl Iterator<Item = (usize, Packing)> {
    let script = if bytes.starts_with(b"#!") { bytes } else { &[] };
    let first = |mark: &[u8]| memchr::memmem::find(script, mark);
    // a script may name the mark, with text behind it
    let is_text = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
    let packed = |block: &usize| {
        let behind = script.get(block + BZIP2_BLOCK.len()..).unwrap_or_default();
        !behind.iter().take(BZIP2_LOOK).all(is_text)
    };
    let bzip2 = first(BZIP2_BLOCK).filter(packed);
    let bzip2 = bzip2.and_then(|block| block.checked_sub(4));
    [
        (first(&GZIP), Packing::Gzip),
        (bzip2, Packing::Bzip2),
        (first(XZ), Packing::Xz),
        (first(&ZSTD), Packing::Zstd),
    ]
    .into_iter()
    .filter_map(|(start, form)| Some((start?, form)))
}

/// Where zlib streams may begin: two bytes, which also occur by chance.
pub(super) fn zlib_streams(bytes: &[u8]) -> impl Iterator<Item = usize> {
    memchr::memchr_iter(b'x', bytes)
        .filter(|start| matches!(bytes.get(start + 1), Some(0x01 | 0x5e | 0x9c | 0xda)))
}

/// Where the end of a zip file stands, which closes a zip file whatever stands in front of it, and often something behind it.
pub(super) fn end_of_zip(bytes: &[u8]) -> Option<usize> {
    let plain = bytes.len().checked_sub(END_LENGTH)?;
    if bytes.get(plain..)?.starts_with(END_OF_ZIP) {
        return Some(plain);
    }
    // behind it is a comment; only what is binary, or a script, is worth the look
    let head = bytes.get(..bytes.len().min(HEAD))?;
    if !head.starts_with(b"#!") && memchr::memchr(0, head).is_none() {
        return None;
    }
    let from = bytes.len().saturating_sub(END_REACH);
    let at = from + memchr::memmem::rfind(bytes.get(from..)?, END_OF_ZIP)?;
    let comment = bytes.get(at + 20..at + END_LENGTH)?.try_into().ok()?;
    (at + END_LENGTH + usize::from(u16::from_le_bytes(comment)) <= bytes.len()).then_some(at)
}

fn is_bzip2(bytes: &[u8]) -> bool {
    bytes.starts_with(b"BZh")
        && bytes
            .get(3)
            .is_some_and(|level| (b'1'..=b'9').contains(level))
        && matches!(
            bytes.get(4..10),
            Some(BZIP2_BLOCK | b"\x17\x72\x45\x38\x50\x90")
        )
}

/// The form has no mark of its own: the usual properties, a dictionary of a usual size, and a length that is unknown or possible.
fn is_lzma(bytes: &[u8]) -> bool {
    let number = bytes.get(1..5).and_then(|bytes| bytes.try_into().ok());
    let Some(dictionary) = number.map(u32::from_le_bytes) else {
        return false;
    };
    let usual = dictionary >= 1 << 12 && (dictionary.is_power_of_two() || dictionary % 3 == 0);
    let length = bytes.get(5..13).and_then(|bytes| bytes.try_into().ok());
    usual
        && dictionary.count_ones() <= 2
        && length
            .map(u64::from_le_bytes)
            .is_some_and(|length| length == u64::MAX || length < 1 << 38)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_looks_like_an_archive_is_none() {
        let named =
            b"#!/usr/bin/env python3\nMAGIC = {b\"BZh91AY&SY\": \"bz2\", b\"PK\": \"zip\"}\n";
        assert_eq!(of(named), None);
        for text in [
            b"".as_slice(),
            b"PK",
            b"BZh9 is how bzip2 begins",
            b"# v2 git",
            b"7z is an archiver",
            b"(\xb5/",
            b"]\0\0",
            b"PK\x05\x06 in a text",
            b"#!/bin/sh\necho BZh9\n",
            b"x and y",
            b"hsqs is how squashfs begins",
        ] {
            assert_eq!(of(text), None, "{text:?}");
        }
        assert_eq!(
            of(b"]\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff\0"),
            Some(Packing::Lzma)
        );
        assert_eq!(
            of(b"7z\xbc\xaf\x27\x1c\0\x04"),
            Some(Packing::Closed("a 7z archive"))
        );
    }
}
