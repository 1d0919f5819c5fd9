//! How far a long scan is, and whether anybody still wants it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use tokio::sync::watch;

/// Shared by the threads of a scan and the future that waits for it.
pub(super) struct Meter {
    done: AtomicU64,
    total: AtomicU64,
    stop: AtomicBool,
    reports: watch::Sender<(u64, u64)>,
}

impl Meter {
    pub(super) fn new() -> (Arc<Self>, watch::Receiver<(u64, u64)>) {
        let (reports, receiver) = watch::channel((0, 0));
        let meter = Self {
            done: AtomicU64::new(0),
            total: AtomicU64::new(0),
            stop: AtomicBool::new(false),
            reports,
        };
        (Arc::new(meter), receiver)
    }

    /// Adds work that was found.
    pub(super) fn expect(&self, count: usize) {
        self.total.fetch_add(count as u64, Ordering::Relaxed);
    }

    /// Counts work that is done.
    pub(super) fn advance(&self, count: usize) {
        let count = count as u64;
        let before = self.done.fetch_add(count, Ordering::Relaxed);
        let total = self.total.load(Ordering::Relaxed);
        // a listener wants some hundred reports, not a million
        let step = (total / 200).max(1);
        if before / step != (before + count) / step {
            self.reports.send_replace((before + count, total));
        }
    }

    pub(super) fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    pub(super) fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// Stops the scan when the future that waits for it is dropped.
pub(super) struct StopOnDrop(pub(super) Arc<Meter>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.stop.store(true, Ordering::Relaxed);
    }
}
