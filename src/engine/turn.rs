//! Whose turn it is to change a clone: one neonup does so at a time, and the next one waits.

use std::time::Duration;

use crate::{
    core::{
        code::Code,
        failure::{Failure, Result},
    },
    engine::clock,
    os::homes::HOME,
    ports::{
        Ports,
        lock::{CloneHold, CloneLock, LockError},
    },
    project::settings::Settings,
};

/// How long another run is waited for. A setup that makes a project takes some 20 s, and a rotation as long.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long it is until the lock is tried again.
const PAUSE: Duration = Duration::from_millis(100);

/// Takes the lock of the clone; waits while another process holds it, and says so once.
async fn take(lock: &dyn CloneLock, waiting: &mut (dyn FnMut(String) + Send)) -> Result<CloneHold> {
    let started = clock::now();
    let mut told = false;
    loop {
        let process = match lock.try_hold() {
            Ok(hold) => return Ok(hold),
            Err(LockError::Busy(process)) => process,
            Err(error @ (LockError::NoPlace { .. } | LockError::NoFolder)) => {
                return Err(no_lock(&error));
            }
        };
        if started.elapsed() >= PATIENCE {
            return Err(busy(process));
        }
        if !told {
            told = true;
            waiting(format!(
                "{} is running in this clone: waiting for it",
                other(process)
            ));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Takes the lock, and removes what killed runs have left: no living one can be at work here now.
pub(super) async fn begin(
    settings: &Settings,
    ports: &Ports,
    waiting: &mut (dyn FnMut(String) + Send),
) -> Result<CloneHold> {
    let hold = take(ports.lock.as_ref(), waiting).await?;
    sweep(settings, ports);
    Ok(hold)
}

/// Removes what killed runs have left.
pub(crate) fn sweep(settings: &Settings, ports: &Ports) {
    let targets: Vec<_> = settings
        .env
        .iter()
        .map(|target| settings.path(&target.file))
        .collect();
    ports.files.sweep(&targets);
    ports.store.sweep();
}

fn other(process: Option<u32>) -> String {
    process.map_or_else(
        || "another neonup".to_owned(),
        |process| format!("another neonup (process {process})"),
    )
}

fn busy(process: Option<u32>) -> Failure {
    Failure::new(
        Code::ProjectCloneBusy,
        format!("{} is running in this clone", other(process)),
    )
    .why("two at once could create two projects or overwrite each other's files")
    .hint("wait until it has finished, or stop it; then run this again")
}

fn no_lock(error: &LockError) -> Failure {
    Failure::new(
        Code::ProjectCloneBusy,
        "can't tell whether another neonup is running in this clone",
    )
    .why(error.to_string())
    .hint(format!(
        "make the folder `.git` writable, or set {HOME} to your home folder"
    ))
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    };

    use super::*;

    /// A lock that another process holds for so many tries.
    struct Held(AtomicUsize);

    impl CloneLock for Held {
        fn try_hold(&self) -> Result<CloneHold, LockError> {
            let left = self.0.load(Ordering::SeqCst);
            self.0.store(left.saturating_sub(1), Ordering::SeqCst);
            match left {
                0 => Ok(CloneHold::new(None, true)),
                _ => Err(LockError::Busy(Some(7))),
            }
        }
    }

    async fn taken(tries: usize) -> (Result<CloneHold>, Vec<String>) {
        let told = Mutex::new(Vec::new());
        let hold = take(&Held(AtomicUsize::new(tries)), &mut |text| {
            told.lock().unwrap().push(text);
        })
        .await;
        (hold, told.into_inner().unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn the_other_is_waited_for_and_named_once() {
        let (hold, told) = taken(20).await;
        assert!(hold.unwrap().changed_hands);
        assert_eq!(
            told,
            ["another neonup (process 7) is running in this clone: waiting for it"]
        );
        let (hold, told) = taken(0).await;
        assert!(hold.is_ok() && told.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_waited_for_without_end() {
        let (hold, _) = taken(usize::MAX).await;
        let failure = hold.unwrap_err();
        assert_eq!(failure.code, Code::ProjectCloneBusy);
        assert!(failure.what.contains("process 7"), "{failure}");
    }
}
