//! How much memory the requests over HTTP may hold together.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The longest request, and the longest answer, in bytes: Neon's limit, as its documentation has it.
pub(super) const SIZE_LIMIT: usize = 64 << 20;
/// One place in the semaphore.
const PLACE: usize = 1 << 20;

/// What one request holds; it ends with it.
pub(super) struct Held {
    places: Arc<Semaphore>,
    taken: Vec<OwnedSemaphorePermit>,
}

/// Why there is no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoRoom {
    /// It alone is longer than [`SIZE_LIMIT`].
    TooLarge,
    /// All requests together are.
    Full,
}

impl Held {
    pub(super) const fn new(places: Arc<Semaphore>) -> Self {
        Self {
            places,
            taken: Vec::new(),
        }
    }

    /// Makes room for so many bytes in all.
    pub(super) fn grow(&mut self, bytes: usize) -> Result<(), NoRoom> {
        if bytes > SIZE_LIMIT {
            return Err(NoRoom::TooLarge);
        }
        while self.taken.len() * PLACE < bytes {
            let place = Arc::clone(&self.places).try_acquire_owned();
            self.taken.push(place.map_err(|_full| NoRoom::Full)?);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_shared_and_given_back() {
        let places = Arc::new(Semaphore::new(3));
        let mut one = Held::new(Arc::clone(&places));
        assert_eq!(one.grow(0), Ok(()));
        assert_eq!(one.grow(2 * PLACE), Ok(()));
        let mut two = Held::new(Arc::clone(&places));
        assert_eq!(two.grow(1), Ok(()));
        assert_eq!(two.grow(PLACE + 1), Err(NoRoom::Full));
        drop(one);
        assert_eq!(two.grow(PLACE + 1), Ok(()));
        assert_eq!(two.grow(SIZE_LIMIT + 1), Err(NoRoom::TooLarge));
    }
}
