//! Sharing a scan out to the cores.

use std::{panic, thread};

/// How many threads a scan takes.
pub(super) fn threads() -> usize {
    thread::available_parallelism().map_or(1, |count| count.get().min(8))
}

/// Runs the same work on several threads, or here where one is enough; gives what each of them returned.
pub(super) fn on_threads<T: Send>(count: usize, work: impl Fn() -> T + Sync) -> Vec<T> {
    if count <= 1 {
        return vec![work()];
    }
    thread::scope(|scope| {
        let running: Vec<_> = (0..count).map(|_| scope.spawn(&work)).collect();
        running
            .into_iter()
            .map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|panic| panic::resume_unwind(panic))
            })
            .collect()
    })
}
