//! Looks for many short words at once, at a fraction of a nanosecond a byte, however many there are.
//!
//! The vectorized search of `aho-corasick` ends at some 60 words, and the seeds of a few secrets are hundreds. So this looks at every
//! few bytes only (Wu and Manber, "A fast algorithm for multi-pattern searching", 1994): as many as the shortest word allows, four
//! bytes at a time, in a table of bits.

use std::collections::{BTreeSet, HashMap};

/// How many bytes are looked at together.
const BLOCK: usize = 4;
/// The table has two to this power of bits: 16 KB, which stay in the processor's nearest memory.
const TABLE_BITS: u32 = 17;

/// The search for some words.
#[derive(Clone, Default)]
pub(super) struct Seeds {
    words: Vec<Vec<u8>>,
    table: Vec<u64>,
    /// By a block: the words that have it, and how far in them it begins.
    blocks: HashMap<u32, Vec<(usize, usize)>>,
    /// How far the next block is that has to be looked at.
    step: usize,
    longest: usize,
}

impl Seeds {
    /// Makes the search. A word of fewer than four bytes is left out.
    pub(super) fn new(words: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let words: BTreeSet<Vec<u8>> = words
            .into_iter()
            .filter(|word| word.len() >= BLOCK)
            .collect();
        let words: Vec<Vec<u8>> = words.into_iter().collect();
        let Some(shortest) = words.iter().map(Vec::len).min() else {
            return Self::default();
        };
        let step = shortest - BLOCK + 1;
        let mut table = vec![0; 1 << (TABLE_BITS - 6)];
        let mut blocks: HashMap<u32, Vec<(usize, usize)>> = HashMap::new();
        for (number, word) in words.iter().enumerate() {
            for (offset, bytes) in word.windows(BLOCK).enumerate().take(step) {
                let block = block(bytes);
                let (slot, bit) = place(block);
                if let Some(bits) = table.get_mut(slot) {
                    *bits |= bit;
                }
                blocks.entry(block).or_default().push((number, offset));
            }
        }
        Self {
            longest: words.iter().map(Vec::len).max().unwrap_or(0),
            words,
            table,
            blocks,
            step,
        }
    }

    /// The length of the longest word in bytes.
    pub(super) const fn longest(&self) -> usize {
        self.longest
    }

    /// A word by its number.
    pub(super) fn word(&self, number: usize) -> &[u8] {
        self.words.get(number).map_or(&[], Vec::as_slice)
    }

    /// How many words there are.
    pub(super) const fn len(&self) -> usize {
        self.words.len()
    }

    /// Gives every place of every word, by its number and first byte, until `visit` gives `false`. Whether it never did.
    pub(super) fn each(&self, text: &[u8], visit: &mut dyn FnMut(usize, usize) -> bool) -> bool {
        if self.words.is_empty() {
            return true;
        }
        for (index, bytes) in text.windows(BLOCK).step_by(self.step).enumerate() {
            let block = block(bytes);
            let (slot, bit) = place(block);
            if self.table.get(slot).is_none_or(|bits| bits & bit == 0) {
                continue;
            }
            for (number, offset) in self.blocks.get(&block).into_iter().flatten() {
                let Some(start) = (index * self.step).checked_sub(*offset) else {
                    continue;
                };
                let rest = text.get(start..).unwrap_or_default();
                if rest.starts_with(self.word(*number)) && !visit(*number, start) {
                    return false;
                }
            }
        }
        true
    }
}

fn block(bytes: &[u8]) -> u32 {
    bytes
        .first_chunk()
        .map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

/// Where a block has its bit.
const fn place(block: u32) -> (usize, u64) {
    let hash = block.wrapping_mul(0x9e37_79b1) >> (32 - TABLE_BITS);
    ((hash >> 6) as usize, 1 << (hash & 63))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn places(words: &[Vec<u8>], text: &[u8]) -> BTreeSet<(Vec<u8>, usize)> {
        let seeds = Seeds::new(words.to_vec());
        let mut found = BTreeSet::new();
        seeds.each(text, &mut |number, start| {
            assert!(found.insert((seeds.word(number).to_vec(), start)), "twice");
            true
        });
        found
    }

    #[test]
    fn the_first_word_may_end_the_search() {
        let seeds = Seeds::new([b"needle".to_vec()]);
        assert!(!seeds.each(b"a needle, a needle", &mut |_, _| false));
        assert!(seeds.each(b"a noodle", &mut |_, _| false));
        assert!(Seeds::new([b"abc".to_vec()]).each(b"abc", &mut |_, _| false));
    }

    proptest! {
        #[test]
        fn every_place_of_every_word_is_found_once(
            words in proptest::collection::vec("[ab]{4,9}", 1..6),
            text in "[ab]{0,80}",
        ) {
            let words: Vec<_> = words.into_iter().map(String::into_bytes).collect();
            let mut expected = BTreeSet::new();
            for word in &words {
                for (start, part) in text.as_bytes().windows(word.len()).enumerate() {
                    if part == word {
                        expected.insert((word.clone(), start));
                    }
                }
            }
            prop_assert_eq!(places(&words, text.as_bytes()), expected);
        }
    }
}
