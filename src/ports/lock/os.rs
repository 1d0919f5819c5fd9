//! A file that the kernel locks (`flock`). It lies in the folder of git that all work trees share; where that can't be locked, in the
//! user's state directory. It is never removed, so it is never stale: what counts is the lock alone.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read as _, Seek as _, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, Weak},
};

use sha2::{Digest as _, Sha256};

use crate::{
    domain::hex::hex,
    os::{
        files::{self, real},
        folders,
    },
    ports::lock::{CloneHold, CloneLock, LockError},
};

/// The name of the lock in git's folder. Not `*.lock`: those are git's own, which people delete.
const NAME: &str = "neonup-lock";
/// The longest text that is read from it.
const LONGEST: u64 = 100;

/// The lock of a clone.
#[derive(Debug)]
pub(crate) struct FileLock {
    places: Vec<PathBuf>,
    /// Tells this process from others of the same id, in another container or at another time.
    token: String,
    held: Mutex<Weak<File>>,
    /// Whether this process has held it before.
    known: Mutex<bool>,
}

impl FileLock {
    /// The lock of the repository whose work trees share this folder of git's, or of a directory without one.
    pub(crate) fn new(root: &Path, common: Option<&Path>) -> Self {
        let state = folders::state().map(|state| state.join("neonup").join("locks"));
        Self::build(root, common, state)
    }

    /// Has this folder for locks that can't lie in git's.
    pub(super) fn build(root: &Path, common: Option<&Path>, state: Option<PathBuf>) -> Self {
        let clone = common.unwrap_or(root);
        let clone = real(clone).unwrap_or_else(|_| clone.to_owned());
        let digest = Sha256::digest(clone.as_os_str().as_encoded_bytes());
        let outside = |dir: &PathBuf| common.is_none() || !dir.starts_with(root);
        let in_state = state.filter(outside).map(|dir| dir.join(hex(&digest)));
        let in_git = common.map(|common| common.join(NAME));
        let mut random = [0_u8; 8];
        getrandom::fill(&mut random).ok();
        Self {
            places: in_git.into_iter().chain(in_state).collect(),
            token: hex(&random),
            held: Mutex::default(),
            known: Mutex::new(false),
        }
    }

    fn lock(&self, path: &Path) -> io::Result<Result<CloneHold, LockError>> {
        let mut file = open(path)?;
        match files::try_lock(&file) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Ok(Err(LockError::Busy(read(&mut file).0)));
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let (_, last) = read(&mut file);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let changed_hands = *known && last.as_deref() != Some(self.token.as_str());
        *known = true;
        // who holds it is for people alone: where it can't be written, they are told less
        write(&mut file, &self.token).ok();
        let file = Arc::new(file);
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(&file);
        Ok(Ok(CloneHold::new(Some(file), changed_hands)))
    }
}

impl CloneLock for FileLock {
    fn try_hold(&self) -> Result<CloneHold, LockError> {
        let held = self
            .held
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .upgrade();
        if let Some(file) = held {
            return Ok(CloneHold::new(Some(file), false));
        }
        let mut failed = LockError::NoFolder;
        for path in &self.places {
            match self.lock(path) {
                Ok(result) => return result,
                Err(error) => {
                    failed = LockError::NoPlace {
                        path: path.clone(),
                        why: error.to_string(),
                    };
                }
            }
        }
        Err(failed)
    }
}

fn open(path: &Path) -> io::Result<File> {
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir)?;
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    // a hostile folder of git's may hold a link of this name
    files::refuse_links(&mut options);
    match options.open(path) {
        // another user's, in a shared repository: it can be locked all the same
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            options.write(false).create(false).open(path)
        }
        opened => opened,
    }
}

/// The process that holds or held the lock last: its id, and its token.
fn read(file: &mut File) -> (Option<u32>, Option<String>) {
    let mut text = String::new();
    if file.rewind().is_err() || file.take(LONGEST).read_to_string(&mut text).is_err() {
        return (None, None);
    }
    let mut words = text.split_whitespace();
    let process = words.next().and_then(|word| word.parse().ok());
    (process, words.next().map(str::to_owned))
}

fn write(file: &mut File, token: &str) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{} {token}", std::process::id())
}
