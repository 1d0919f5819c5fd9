//! Dumps in PostgreSQL's custom format (`pg_dump -Fc`): a directory, and each table's rows in blocks, packed together.

use std::ops::Range;

/// Where the version's second number is, and from which on the byte behind the head tells how the rows are packed.
const MINOR: usize = 6;
const NAMES_PACKING: u8 = 15;
const PACKING: usize = 11;
const LZ4: u8 = 2;

/// The sign and the length in front of each block.
const HEAD: usize = 5;
/// The most tables of a dump that are given.
const MOST: usize = 20_000;
/// The most blocks that are looked at: tables have one for each few kB.
const BLOCKS: usize = 4_000_000;

/// Whether the rows are packed with lz4.
pub(super) fn is_lz4(bytes: &[u8]) -> bool {
    bytes
        .get(MINOR)
        .is_some_and(|minor| *minor >= NAMES_PACKING)
        && bytes.get(PACKING) == Some(&LZ4)
}

/// Gives the packed rows of each table, without what parts them: what begins with the length of a block and then like zlib or zstd.
/// Whether all were given.
pub(super) fn each_table(bytes: &[u8], mut visit: impl FnMut(Vec<u8>)) -> bool {
    let (mut tables, mut blocks, mut end) = (0, 0, 0);
    for start in memchr::memchr2_iter(b'x', 0x28, bytes) {
        let rest = bytes.get(start..).unwrap_or_default();
        let begins = matches!(rest, [b'x', 0x01 | 0x5e | 0x9c | 0xda, ..])
            || rest.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]);
        // within a table that was given, these bytes are its own
        let Some(from) = start
            .checked_sub(HEAD)
            .filter(|from| begins && *from >= end)
        else {
            continue;
        };
        let parts = blocks_from(bytes, from, &mut blocks);
        if blocks >= BLOCKS || tables >= MOST {
            return false;
        }
        if let Some(parts) = parts {
            end = parts.last().map_or(end, |last| last.end);
            tables += 1;
            let parts = parts.into_iter().filter_map(|part| bytes.get(part));
            visit(parts.collect::<Vec<_>>().concat());
        }
    }
    true
}

/// Where the blocks are from here on, one behind the other: up to an empty one. What is cut off is given as far as it is there. Counts
/// what it looks at.
fn blocks_from(bytes: &[u8], from: usize, looked_at: &mut usize) -> Option<Vec<Range<usize>>> {
    let mut parts: Vec<Range<usize>> = Vec::new();
    let mut at = from;
    while let Some(head) = bytes.get(at..at + HEAD) {
        *looked_at += 1;
        if *looked_at >= BLOCKS {
            return None;
        }
        let [0, length @ ..] = head else {
            return None;
        };
        let length = u32::from_le_bytes(length.try_into().ok()?) as usize;
        at += HEAD;
        if length == 0 {
            break;
        }
        if length > bytes.len() - at {
            break;
        }
        parts.push(at..at + length);
        at += length;
    }
    (!parts.is_empty()).then_some(parts)
}
