//! A compute: the Postgres server of one branch, asleep or awake.

use std::{
    io,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
};

use tokio::sync::{Mutex, MutexGuard};

use crate::sandbox::{server::Server, socket_dir::SocketDir};

/// The compute of one branch. All endpoints of the branch lead to it.
#[derive(Default)]
pub(crate) struct Compute {
    slot: Mutex<Slot>,
    connections: AtomicUsize,
    /// Counts what happened here, so that an idle timer knows whether it was idle all the time.
    events: AtomicU64,
}

/// The place of the server, which may be empty.
#[derive(Default)]
pub(crate) struct Slot {
    pub(crate) server: Option<Server>,
    /// The branch was deleted: nothing may start here again.
    gone: bool,
}

impl Compute {
    /// Waits until nobody else starts or stops the server, and keeps others from doing so meanwhile.
    pub(crate) async fn lock(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().await
    }

    /// Counts a new client.
    pub(crate) fn connect(&self) {
        self.connections.fetch_add(1, Ordering::SeqCst);
        self.events.fetch_add(1, Ordering::SeqCst);
    }

    /// Counts a client that left; returns whether it was the last one.
    pub(crate) fn disconnect(&self) -> bool {
        self.events.fetch_add(1, Ordering::SeqCst);
        self.connections.fetch_sub(1, Ordering::SeqCst) == 1
    }

    /// The folder of the server's socket, if it runs and nobody starts or stops it at this moment.
    pub(crate) fn awake_now(&self) -> Option<SocketDir> {
        self.slot.try_lock().ok()?.awake()
    }

    pub(crate) fn events(&self) -> u64 {
        self.events.load(Ordering::SeqCst)
    }

    /// Whether nobody is connected, and nobody was since there were that many events.
    pub(crate) fn idle_since(&self, events: u64) -> bool {
        self.connections.load(Ordering::SeqCst) == 0 && self.events() == events
    }

    /// Ends the server as the process ends: at once, or with a checkpoint if the data is kept.
    pub(crate) async fn end(&self, keep: bool) {
        let mut slot = self.lock().await;
        slot.gone = true;
        match slot.server.take() {
            Some(server) if keep => server.stop().await,
            Some(server) => server.abandon().await,
            None => {}
        }
    }

    /// Ends the server where nobody can wait; returns `false` if it is being started or stopped at this moment.
    pub(crate) fn end_now(&self) -> bool {
        self.slot.try_lock().is_ok_and(|mut slot| {
            slot.gone = true;
            drop(slot.server.take());
            true
        })
    }
}

impl Slot {
    /// The folder of the server's socket, if it runs.
    pub(crate) fn awake(&mut self) -> Option<SocketDir> {
        if self.server.as_mut().is_some_and(|server| !server.alive()) {
            self.server = None; // it died: somebody killed it
        }
        self.server.as_ref().map(|server| server.sockets().clone())
    }

    /// Fails if the branch was deleted.
    pub(crate) fn check_branch(&self) -> io::Result<()> {
        if self.gone {
            return Err(branch_deleted());
        }
        Ok(())
    }

    /// Ends the server for good.
    pub(crate) async fn close(&mut self) {
        self.gone = true;
        if let Some(server) = self.server.take() {
            server.abandon().await;
        }
    }
}

/// The error for work on a branch that was deleted meanwhile.
pub(crate) fn branch_deleted() -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, "the branch was deleted")
}
