//! When a list of many pages ends, and when it is given up.

use std::collections::HashSet;

use crate::ports::neon::error::ListingCut;

/// How many pages of a list are read. 250 full ones hold 100,000 projects, and the largest accounts have some 20,000.
const PAGES_LIMIT: usize = 250;
/// How many entries of a list are kept: as many as the pages hold when nobody sends more than was asked for.
const ENTRIES_LIMIT: usize = 100_000;

/// How many bytes of pages are read for one list: 100,000 projects are some 40 MB.
const BYTES_LIMIT: usize = 48 * 1024 * 1024;

/// Follows the cursors of one list.
#[derive(Default)]
pub(super) struct Pages {
    seen: HashSet<String>,
    read: usize,
    entries: usize,
    bytes: usize,
}

impl Pages {
    /// What to do after a page of `count` entries and `bytes` bytes, with this cursor for the next one. At most `full` entries were
    /// asked for.
    ///
    /// Neon sends a cursor even on the last page, so that only its length tells that it is the last.
    pub(super) fn next(
        &mut self,
        count: usize,
        full: usize,
        bytes: usize,
        cursor: Option<String>,
    ) -> Result<Option<String>, ListingCut> {
        self.read += 1;
        self.entries = self.entries.saturating_add(count);
        if self.entries > ENTRIES_LIMIT {
            return Err(ListingCut::TooMany(ENTRIES_LIMIT));
        }
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > BYTES_LIMIT {
            return Err(ListingCut::TooLong(BYTES_LIMIT));
        }
        let Some(cursor) = cursor.filter(|_| count >= full) else {
            return Ok(None);
        };
        if !self.seen.insert(cursor.clone()) {
            return Err(ListingCut::RepeatedPage);
        }
        if self.read >= PAGES_LIMIT {
            return Err(ListingCut::TooManyPages(PAGES_LIMIT));
        }
        Ok(Some(cursor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_ends_with_a_page_that_is_not_full() {
        let mut pages = Pages::default();
        assert_eq!(
            pages.next(400, 400, 1000, Some("a".to_owned())),
            Ok(Some("a".to_owned()))
        );
        assert_eq!(
            pages.next(400, 400, 1000, Some("b".to_owned())),
            Ok(Some("b".to_owned()))
        );
        assert_eq!(pages.next(399, 400, 1000, Some("c".to_owned())), Ok(None));
        assert_eq!(Pages::default().next(400, 400, 1000, None), Ok(None));
    }

    #[test]
    fn a_list_without_an_end_is_given_up() {
        let mut pages = Pages::default();
        for name in ["a", "b", "c"] {
            assert_eq!(
                pages.next(400, 400, 1000, Some(name.to_owned())),
                Ok(Some(name.to_owned()))
            );
        }
        assert_eq!(
            pages.next(400, 400, 1000, Some("a".to_owned())),
            Err(ListingCut::RepeatedPage)
        );
        let mut pages = Pages::default();
        let cut = (0_u32..).find_map(|page| pages.next(1, 1, 1000, Some(page.to_string())).err());
        assert_eq!(cut, Some(ListingCut::TooManyPages(PAGES_LIMIT)));
        let mut pages = Pages::default();
        assert_eq!(
            pages.next(ENTRIES_LIMIT + 1, 400, 1000, Some("a".to_owned())),
            Err(ListingCut::TooMany(ENTRIES_LIMIT))
        );
        let mut pages = Pages::default();
        let cut =
            (0_u32..).find_map(|page| pages.next(1, 1, 8_000_000, Some(page.to_string())).err());
        assert_eq!(cut, Some(ListingCut::TooLong(BYTES_LIMIT)));
    }
}
