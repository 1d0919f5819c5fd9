//! The lock, held by real processes.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use crate::ports::lock::{CloneLock as _, LockError, os::FileLock};
use crate::testing::{
    folders::{symlink, temp_dir},
    requirements::until,
};

const HOLDER: &str = "ports::lock::tests::the_holder";
const TARGET: &str = "NEONUP_TEST_LOCK_TARGET";

/// What the other process does: it takes the lock, says so, and holds it until it is killed.
#[test]
fn the_holder() {
    let Some(path) = std::env::var_os(TARGET) else {
        return;
    };
    let path = Path::new(&path);
    let _hold = FileLock::build(path, Some(path), None).try_hold().unwrap();
    let mut stderr = std::io::stderr();
    std::io::Write::write_all(&mut stderr, b"held\n").unwrap();
    loop {
        std::thread::park();
    }
}

fn holder(path: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([HOLDER, "--exact", "--nocapture"])
        .env(TARGET, path);
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "held"));
    child
}

fn lock(dir: &Path) -> FileLock {
    FileLock::build(dir, Some(dir), None)
}

#[test]
fn one_process_holds_it_and_a_kill_gives_it_back() {
    let dir = temp_dir();
    let mine = lock(dir.path());
    let hold = mine.try_hold().unwrap();
    assert!(!hold.changed_hands);
    // the same process may hold it many times
    let again = mine.try_hold().unwrap();
    assert!(!again.changed_hands);
    drop((hold, again));
    let mut child = holder(dir.path());
    let busy = mine.try_hold().unwrap_err();
    assert_eq!(busy, LockError::Busy(Some(child.id())));
    child.kill().unwrap();
    child.wait().unwrap();
    // somebody else held it since
    assert!(mine.try_hold().unwrap().changed_hands);
    assert!(!mine.try_hold().unwrap().changed_hands);
}

#[test]
fn two_locks_of_one_process_exclude_each_other() {
    let dir = temp_dir();
    let (one, other) = (lock(dir.path()), lock(dir.path()));
    let hold = one.try_hold().unwrap();
    assert!(matches!(other.try_hold(), Err(LockError::Busy(_))));
    drop(hold);
    other.try_hold().map(drop).unwrap();
}

#[test]
fn a_link_of_its_name_is_not_followed_and_another_place_is_taken() {
    let (dir, state) = (temp_dir(), temp_dir());
    let victim = state.path().join("victim");
    fs::write(&victim, "mine").unwrap();
    if !symlink(&victim, dir.path().join("neonup-lock")) {
        return;
    }
    assert!(matches!(
        lock(dir.path()).try_hold(),
        Err(LockError::NoPlace { .. })
    ));
    let place = Some(state.path().join("locks"));
    let with_state = FileLock::build(dir.path(), Some(dir.path()), place);
    let hold = with_state.try_hold().unwrap();
    assert_eq!(fs::read(&victim).unwrap(), b"mine");
    drop(hold);
    assert!(matches!(
        FileLock::build(dir.path(), None, None).try_hold(),
        Err(LockError::NoFolder)
    ));
}

#[test]
fn waiting_ends_when_the_other_ends() {
    let dir = temp_dir();
    let mut child = holder(dir.path());
    let mine = lock(dir.path());
    assert!(mine.try_hold().is_err());
    child.kill().unwrap();
    child.wait().unwrap();
    until("the lock is free", || mine.try_hold().is_ok());
}
