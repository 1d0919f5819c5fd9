//! The clock of the steps: what measures how long something takes, and until when to wait.

use tokio::time::Instant;

/// Returns the current time. It stands still in tests that pause tokio's time.
pub(super) fn now() -> Instant {
    Instant::now()
}
