//! Files on their way to their place: private from their birth, locked while their process lives, swept when it was killed.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use tempfile::{Builder, TempDir, TempPath};

use super::files;

/// What the name of a staged file begins with.
const PREFIX: &str = "neonup-";
/// What a folder is called that holds one beside its target. A usual `.env*` or `.env.*` line of a `.gitignore` covers it as well.
const FOLDER_PREFIX: &str = ".env.neonup-";
const SUFFIX: &str = ".tmp";
/// How many random characters are between them: enough that no name is met twice.
const RANDOM: usize = 12;
/// In a folder beside the target: makes git ignore all of it, whatever other rules say.
const IGNORE: &str = ".gitignore";
/// How often a file is made anew that a sweep took in the moment between its birth and its lock.
const TRIES: usize = 8;
/// Where a file system has no locks, and for files of versions that set none: they live for milliseconds, so an older one was left
/// by a process that was killed.
const STALE: Duration = Duration::from_mins(10);

/// A file that is written beside or far from its target, and then takes its place in one step.
///
/// What is dropped goes in the order of the fields: on Windows nothing can be removed while it is open, nor a folder that holds it.
pub(crate) struct StagedFile {
    /// Open, unless it had to be closed.
    file: Option<File>,
    path: TempPath,
    /// The lock of the folder beside the target, and the folder.
    folder: Option<(File, TempDir)>,
}

impl StagedFile {
    /// Makes a staged file in this folder.
    pub(crate) fn create(dir: &Path) -> io::Result<Self> {
        for _ in 0..TRIES {
            // nobody else can read it, from its first moment on
            let temp = Builder::new()
                .prefix(PREFIX)
                .suffix(SUFFIX)
                .rand_bytes(RANDOM)
                .make_in(dir, files::new_private_file)?;
            let (file, path) = temp.into_parts();
            // an error: the file system has no locks, and a sweep goes by the age
            files::try_lock(&file).ok();
            if path.symlink_metadata().is_ok() {
                return Ok(Self {
                    file: Some(file),
                    path,
                    folder: None,
                });
            }
        }
        Err(io::Error::other(
            "other processes remove the temporary files",
        ))
    }

    /// Makes a staged file in a new folder in this one. The folder holds a rule by which git ignores all that is in it: so nothing of
    /// it is ever added, though it lies in a work tree.
    pub(crate) fn create_ignored(dir: &Path) -> io::Result<Self> {
        let folder = Builder::new()
            .prefix(FOLDER_PREFIX)
            .suffix(SUFFIX)
            .rand_bytes(RANDOM)
            .tempdir_in(dir)?;
        let rule = folder.path().join(IGNORE);
        let mut lock = File::create_new(&rule)?;
        files::try_lock(&lock).ok();
        lock.write_all(b"*\n")?;
        lock.sync_all()?;
        let staged = Self::create(folder.path())?;
        Ok(Self {
            folder: Some((lock, folder)),
            ..staged
        })
    }

    /// The file, to be written.
    pub(crate) fn file_mut(&mut self) -> io::Result<&mut File> {
        let closed = || io::Error::other("the file is closed");
        self.file.as_mut().ok_or_else(closed)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Takes the place of what is at `target`, or of nothing. Some file systems of Windows replace no file that is open: `let_go` closes
    /// it, if we are who has it open.
    pub(crate) fn replace(self, target: &Path, let_go: impl FnOnce()) -> io::Result<()> {
        match fs::rename(&self.path, target) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                let_go();
                fs::rename(&self.path, target)?;
            }
            replaced => replaced?,
        }
        // the name is gone, which is as well
        self.path.keep().map(drop).ok();
        Ok(())
    }

    /// Takes in what is at `source`, which then has this file's name and is removed in its place.
    pub(crate) fn take_in(&mut self, source: &Path) -> io::Result<()> {
        match fs::rename(source, &self.path) {
            // see `replace`
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                self.file = None;
                fs::rename(source, &self.path)
            }
            moved => moved,
        }
    }

    /// Takes the place of nothing: fails where something is.
    pub(crate) fn place(self, target: &Path) -> io::Result<()> {
        self.path
            .persist_noclobber(target)
            .map_err(|error| error.error)
    }

    /// Changes places with what is at `target`, which then has the staged file's name. `Unsupported` where that can't be done in one step.
    pub(crate) fn exchange(&self, target: &Path) -> io::Result<()> {
        files::exchange(&self.path, target)
    }

    /// Leaves the file where it lies, and tells where.
    pub(crate) fn leave(self) -> PathBuf {
        if let Some((_, folder)) = self.folder {
            let _kept = folder.keep();
        }
        let path = self.path.to_path_buf();
        self.path.keep().unwrap_or(path)
    }
}

/// What a sweep found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Sweep {
    /// How many files were removed.
    pub removed: usize,
    /// Files of killed processes that could not be removed.
    pub left: Vec<PathBuf>,
}

impl Sweep {
    /// Adds what another one found.
    pub(crate) fn add(&mut self, other: Self) {
        self.removed += other.removed;
        self.left.extend(other.left);
    }
}

/// Removes what processes of ours left in this folder when they were killed: only what has the name of a staged file, and is locked by
/// nobody.
pub(crate) fn sweep(dir: &Path) -> Sweep {
    let mut sweep = Sweep::default();
    let Ok(entries) = fs::read_dir(dir) else {
        return sweep;
    };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let (path, kind) = (entry.path(), entry.file_type());
        let is_file = kind.as_ref().is_ok_and(fs::FileType::is_file);
        let is_dir = kind.is_ok_and(|kind| kind.is_dir());
        if is_file && (is_staged(&name, PREFIX) || was_staged(&name)) {
            sweep.file(&path);
        } else if is_dir && is_staged(&name, FOLDER_PREFIX) {
            sweep.folder(&path);
        }
    }
    sweep
}

impl Sweep {
    fn file(&mut self, path: &Path) {
        if !is_abandoned(path) {
            return;
        }
        match fs::remove_file(path) {
            Ok(()) => self.removed += 1,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(_) => self.left.push(path.to_owned()),
        }
    }

    fn folder(&mut self, dir: &Path) {
        let rule = dir.join(IGNORE);
        // without the rule it is empty still
        if rule.symlink_metadata().is_ok() && !is_abandoned(&rule) {
            return;
        }
        self.add(sweep(dir));
        // the rule goes last: until then git ignores what is left
        if fs::read_dir(dir).is_ok_and(|entries| entries.count() == 1) {
            fs::remove_file(&rule).ok();
        }
        fs::remove_dir(dir).ok();
    }
}

/// Whether a name is one that [`StagedFile`] gives.
fn is_staged(name: &str, prefix: &str) -> bool {
    name.strip_prefix(prefix)
        .and_then(|rest| rest.strip_suffix(SUFFIX))
        .is_some_and(|random| {
            random.len() == RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
}

/// Whether a name is one that version 0.1 gave to a file beside its target.
fn was_staged(name: &str) -> bool {
    name.strip_prefix(FOLDER_PREFIX)
        .and_then(|rest| rest.strip_suffix(SUFFIX))
        .is_some_and(|random| {
            random.len() == 6 && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
}

/// Whether no living process holds a file.
fn is_abandoned(path: &Path) -> bool {
    let locked = is_staged(&name_of(path), PREFIX) || name_of(path) == IGNORE;
    let file = OpenOptions::new().read(true).write(true).open(path);
    match file.map(|file| files::try_lock(&file)) {
        Ok(Ok(())) if locked => true,
        Ok(Err(TryLockError::WouldBlock)) => false,
        // what could not be opened or locked, or is of a version that did not lock
        Ok(Ok(()) | Err(TryLockError::Error(_))) | Err(_) => age(path) >= STALE,
    }
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

fn age(path: &Path) -> Duration {
    let modified = path.symlink_metadata().and_then(|meta| meta.modified());
    modified
        .ok()
        .and_then(|time| SystemTime::now().duration_since(time).ok())
        .unwrap_or_default()
}
