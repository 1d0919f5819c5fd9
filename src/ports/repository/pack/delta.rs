//! Unpacking entries, and applying differences.

use libdeflater::Decompressor;

use crate::ports::repository::object::{Edit, OBJECT_LIMIT};

/// Unpacks an entry of a known size.
pub(super) fn inflate(
    decompressor: &mut Decompressor,
    packed: &[u8],
    size: usize,
    out: &mut Vec<u8>,
) -> Option<()> {
    // deflate packs a thousandfold at the most: a size beyond that is a lie
    if size / 1100 > packed.len() || size > OBJECT_LIMIT {
        return None;
    }
    out.resize(size, 0);
    let length = decompressor.zlib_decompress(packed, out).ok()?;
    (length == size).then_some(())
}

/// Applies a difference, made of copies from the base and of literal bytes. Notes which parts of the result are not the base's.
pub(super) fn apply(
    base: &[u8],
    delta: &[u8],
    out: &mut Vec<u8>,
    edits: &mut Vec<Edit>,
) -> Option<()> {
    let mut rest = delta;
    let from = varint(&mut rest)?;
    let to = varint(&mut rest)?;
    if from != base.len() {
        return None;
    }
    out.clear();
    edits.clear();
    let mut copied_to = 0;
    if to > OBJECT_LIMIT {
        return None;
    }
    // a change has hardly ever more than what it is made of; where one says so, memory is taken as it comes
    out.reserve(to.min(base.len().saturating_add(delta.len())));
    while let Some((op, mut tail)) = rest.split_first() {
        if op & 0x80 == 0 {
            let count = usize::from(*op);
            if count == 0 {
                return None;
            }
            let (literal, after) = tail.split_at_checked(count)?;
            if out.len() + count > to {
                return None;
            }
            edits.push((out.len(), out.len() + count));
            out.extend_from_slice(literal);
            // whatever is copied next does not follow the literal in the base
            copied_to = usize::MAX;
            rest = after;
            continue;
        }
        let mut number = |bits: u8, count: u32| {
            let mut value = 0;
            for index in 0..count {
                if bits & (1 << index) != 0 {
                    value |= usize::from(next_byte(&mut tail)?) << (8 * index);
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
        // copies of a few bytes each could make the result as large as they like
        if out.len() + length > to {
            return None;
        }
        copied_to = start.checked_add(length)?;
        out.extend_from_slice(base.get(start..copied_to)?);
        rest = tail;
    }
    (out.len() == to).then_some(())
}

/// Takes a number of seven bits a byte, the lowest first.
pub(super) fn varint(rest: &mut &[u8]) -> Option<usize> {
    let (mut value, mut shift) = (0_usize, 0);
    loop {
        let byte = next_byte(rest)?;
        value |= usize::from(byte & 0x7f).checked_shl(shift)?;
        shift += 7;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
}

pub(super) fn next_byte(rest: &mut &[u8]) -> Option<u8> {
    let (byte, tail) = rest.split_first()?;
    *rest = tail;
    Some(*byte)
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
    fn a_difference_makes_no_more_than_it_says() {
        let base = vec![7; 0x1_0000];
        // 65536 -> 65536, and then the whole base, a thousand times
        let mut delta = vec![0x80, 0x80, 4, 0x80, 0x80, 4];
        delta.extend(std::iter::repeat_n(0x80, 1000));
        let (mut out, mut edits) = (Vec::new(), Vec::new());
        assert_eq!(apply(&base, &delta, &mut out, &mut edits), None);
        assert!(out.capacity() <= 2 * base.len(), "{}", out.capacity());
        // a result of 4 GB
        let delta = [0x80, 0x80, 4, 0x80, 0x80, 0x80, 0x80, 16, 0x80];
        assert_eq!(apply(&base, &delta, &mut out, &mut edits), None);
    }

    proptest::proptest! {
        #[test]
        fn broken_differences_do_no_harm(delta in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..64)) {
            let (mut out, mut edits) = (Vec::new(), Vec::new());
            apply(&[7; 40], &delta, &mut out, &mut edits);
        }
    }
}
