//! Dumps in PostgreSQL's custom format (`pg_dump -Fc`): a directory, and each table's rows in blocks, packed together.

/// Where the version's second number is, and from which on the byte behind the head tells how the rows are packed.
const MINOR: usize = 6;
const NAMES_PACKING: u8 = 15;
const PACKING: usize = 11;
const LZ4: u8 = 2;

/// The sign and the length in front of each block.
const HEAD: usize = 5;
/// The most tables of a dump that are looked for.
const MOST: usize = 20_000;

/// Whether the rows are packed with lz4.
pub(super) fn is_lz4(bytes: &[u8]) -> bool {
    bytes
        .get(MINOR)
        .is_some_and(|minor| *minor >= NAMES_PACKING)
        && bytes.get(PACKING) == Some(&LZ4)
}

/// The packed rows of each table, without what parts them: what begins with the length of a block and then like zlib or zstd.
pub(super) fn tables(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    memchr::memchr2_iter(b'x', 0x28, bytes)
        .filter(|start| {
            let rest = bytes.get(*start..).unwrap_or_default();
            matches!(rest, [b'x', 0x01 | 0x5e | 0x9c | 0xda, ..])
                || rest.starts_with(&[0x28, 0xb5, 0x2f, 0xfd])
        })
        .filter_map(|start| joined(bytes.get(start.checked_sub(HEAD)?..)?))
        .take(MOST)
}

/// The blocks from here on, one behind the other: up to an empty one. What is cut off is given as far as it is there.
fn joined(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    while let Some((head, tail)) = rest.split_first_chunk::<HEAD>() {
        let [0, length @ ..] = *head else {
            return None;
        };
        let length = u32::from_le_bytes(length) as usize;
        if length == 0 {
            return Some(whole);
        }
        if length > tail.len() {
            return (!whole.is_empty()).then_some(whole);
        }
        whole.extend_from_slice(tail.get(..length)?);
        rest = tail.get(length..)?;
    }
    (!whole.is_empty()).then_some(whole)
}
