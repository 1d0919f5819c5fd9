//! The real disk.
//!
//! A secret file is replaced like this: resolve the symlink; refuse what lies outside the repository; read and compare with what
//! the caller saw; write a temporary file that is 0600 from its birth, in the same directory; give it the old owner; sync it;
//! compare once more; rename; sync the directory; read back. Killed at any moment, the file is the old one or the new one.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use sha2::{Digest as _, Sha256};

use crate::{
    domain::hex::hex,
    os::folders,
    ports::files::{FileError, FileKind, FileStat, Files, LIMIT, UndoCopy},
};

/// What our temporary files begin and end with. A usual `.env*` or `.env.*` line of a `.gitignore` covers them.
const TEMP_PREFIX: &str = ".env.neonup-";
const TEMP_SUFFIX: &str = ".tmp";

/// A temporary file lives for milliseconds; one that is older was left by a run that was killed.
const STALE: Duration = Duration::from_mins(1);

/// Files of the work tree, and undo copies in the user's state directory.
#[derive(Debug, Clone)]
pub(crate) struct DiskFiles {
    root: PathBuf,
    state: Option<PathBuf>,
    stale: Duration,
}

impl DiskFiles {
    /// Files of the repository (or directory) at `root`; undo copies are kept in the user's state directory.
    pub(crate) fn new(root: &Path) -> Self {
        let state = folders::state().map(|state| state.join("neonup").join("undo"));
        Self::build(root, state)
    }

    /// Keeps undo copies in this directory.
    #[cfg(test)]
    pub(crate) fn with_state(root: &Path, state: &Path) -> Self {
        Self::build(root, Some(state.to_owned()))
    }

    fn build(root: &Path, state: Option<PathBuf>) -> Self {
        Self {
            root: root.canonicalize().unwrap_or_else(|_| root.to_owned()),
            state,
            stale: STALE,
        }
    }

    /// Takes temporary files of this age for stale.
    #[must_use]
    #[cfg(test)]
    pub(crate) fn stale_after(mut self, age: Duration) -> Self {
        self.stale = age;
        self
    }

    /// The path that is really written, inside the repository.
    fn target(&self, path: &Path) -> Result<PathBuf, FileError> {
        let target = resolve(path)?;
        if target.starts_with(&self.root) {
            Ok(target)
        } else {
            Err(FileError::Outside(target))
        }
    }

    fn swap(
        &self,
        path: &Path,
        expected: Option<&[u8]>,
        new: &[u8],
        secret: bool,
    ) -> Result<(), FileError> {
        let target = self.target(path)?;
        let (Some(dir), Some(name)) = (target.parent(), target.file_name()) else {
            return Err(FileError::NotAFile("a directory"));
        };
        let before = read_file(&target)?;
        if before.as_ref().map(|(bytes, _)| bytes.as_slice()) != expected {
            return Err(FileError::Changed);
        }
        let mode = wanted_mode(before.as_ref().map(|(_, meta)| meta), secret);
        if let Some((bytes, meta)) = &before
            && bytes == new
        {
            return if mode_of(meta) == mode {
                Ok(())
            } else {
                Ok(set_mode(&target, mode)?)
            };
        }
        fs::create_dir_all(dir)?;
        if secret {
            remove_stale(dir, self.stale);
        }
        let prefix = if secret {
            TEMP_PREFIX.to_owned()
        } else {
            format!(".{}.", name.to_string_lossy())
        };
        // the crate makes it with O_EXCL and 0600
        let mut temp = tempfile::Builder::new()
            .prefix(&prefix)
            .suffix(TEMP_SUFFIX)
            .tempfile_in(dir)?;
        temp.write_all(new)?;
        give_owner_and_mode(temp.as_file(), before.as_ref().map(|(_, meta)| meta), mode)?;
        temp.as_file().sync_all()?;
        let now = read_file(&target)?;
        if !unchanged(before.as_ref(), now.as_ref()) {
            return Err(FileError::Changed);
        }
        rename(temp, &target, before.is_some())?;
        sync_dir(dir)?;
        match read_file(&target)? {
            Some((bytes, _)) if bytes == new => Ok(()),
            _ => Err(FileError::NotReadBack),
        }
    }

    fn state(&self) -> Result<&Path, FileError> {
        self.state.as_deref().ok_or(FileError::NoStateDirectory)
    }

    fn undo_file(&self, path: &Path) -> Result<PathBuf, FileError> {
        let state = self.state()?;
        let path = resolve(path).unwrap_or_else(|_| path.to_owned());
        let hash = Sha256::digest(path.as_os_str().as_encoded_bytes());
        Ok(state.join(hex(&hash)))
    }
}

impl Files for DiskFiles {
    fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, FileError> {
        Ok(read_file(path)?.map(|(bytes, _)| bytes))
    }

    fn stat(&self, path: &Path) -> Result<Option<FileStat>, FileError> {
        let meta = match fs::metadata(path) {
            Ok(meta) => meta,
            Err(error) if absent(&error) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        Ok(Some(FileStat {
            kind: kind(&meta),
            len: meta.len(),
            mode: mode_of(&meta),
        }))
    }

    fn resolve(&self, path: &Path) -> Result<PathBuf, FileError> {
        self.target(path)
    }

    fn writable(&self, dir: &Path) -> bool {
        dir.ancestors()
            .find(|dir| fs::symlink_metadata(dir).is_ok())
            .is_some_and(|dir| dir.is_dir() && may_write(dir))
    }

    fn replace_secret(
        &self,
        path: &Path,
        expected: Option<&[u8]>,
        new: &[u8],
    ) -> Result<(), FileError> {
        self.swap(path, expected, new, true)
    }

    fn replace(&self, path: &Path, expected: Option<&[u8]>, new: &[u8]) -> Result<(), FileError> {
        self.swap(path, expected, new, false)
    }

    fn replace_in_place(&self, path: &Path, expected: &[u8], new: &[u8]) -> Result<(), FileError> {
        let target = self.target(path)?;
        let mut file = OpenOptions::new().read(true).write(true).open(&target)?;
        let meta = file.metadata()?;
        regular(&meta)?;
        let mut old = Vec::new();
        file.read_to_end(&mut old)?;
        if old != expected {
            return Err(FileError::Changed);
        }
        let write = |file: &mut File, bytes: &[u8]| -> io::Result<()> {
            file.seek(SeekFrom::Start(0))?;
            file.write_all(bytes)?;
            file.set_len(bytes.len() as u64)?;
            file.sync_all()
        };
        if let Err(error) = write(&mut file, new) {
            // the old bytes are no longer than what the disk held before
            write(&mut file, &old)?;
            return Err(error.into());
        }
        match read_file(&target)? {
            Some((bytes, _)) if bytes == new => Ok(()),
            _ => Err(FileError::NotReadBack),
        }
    }

    fn remove_stale(&self, path: &Path) -> usize {
        resolve(path)
            .ok()
            .and_then(|target| Some(remove_stale(target.parent()?, self.stale)))
            .unwrap_or_default()
    }

    fn keep_undo(&self, path: &Path, bytes: Option<&[u8]>) -> Result<(), FileError> {
        let file = self.undo_file(path)?;
        let Some(dir) = file.parent() else {
            return Ok(());
        };
        private_dir(dir)?;
        // the first byte says whether the file existed
        let mut content = vec![if bytes.is_some() { b'1' } else { b'0' }];
        content.extend_from_slice(bytes.unwrap_or_default());
        let mut temp = tempfile::Builder::new().tempfile_in(dir)?;
        temp.write_all(&content)?;
        temp.as_file().sync_all()?;
        rename(temp, &file, true)?;
        Ok(sync_dir(dir)?)
    }

    fn can_keep_undo(&self) -> Result<(), FileError> {
        let state = self.state()?;
        if self.writable(state) {
            return Ok(());
        }
        Err(FileError::StateNotWritable(state.to_owned()))
    }

    fn undo(&self, path: &Path) -> Result<Option<UndoCopy>, FileError> {
        let Ok(file) = self.undo_file(path) else {
            return Ok(None);
        };
        let Some((content, _)) = read_file(&file)? else {
            return Ok(None);
        };
        Ok(match content.split_first() {
            Some((b'1', bytes)) => Some(UndoCopy::Bytes(bytes.to_vec())),
            Some((b'0', [])) => Some(UndoCopy::Absent),
            _ => None,
        })
    }

    fn remove(&self, path: &Path) -> Result<(), FileError> {
        Ok(fs::remove_file(self.target(path)?)?)
    }

    fn forget_undo(&self, path: &Path) -> Result<(), FileError> {
        let Ok(file) = self.undo_file(path) else {
            return Ok(());
        };
        match fs::remove_file(file) {
            Err(error) if !absent(&error) => Err(error.into()),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

fn absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn kind(meta: &Metadata) -> FileKind {
    if meta.is_file() {
        FileKind::File
    } else if meta.is_dir() {
        FileKind::Directory
    } else {
        FileKind::Other
    }
}

fn regular(meta: &Metadata) -> Result<(), FileError> {
    match kind(meta) {
        FileKind::Directory => Err(FileError::NotAFile("a directory")),
        FileKind::Other => Err(FileError::NotAFile("a device, a socket or a FIFO")),
        FileKind::File if meta.len() > LIMIT => Err(FileError::TooLarge),
        FileKind::File => Ok(()),
    }
}

fn read_file(path: &Path) -> Result<Option<(Vec<u8>, Metadata)>, FileError> {
    // looked at before it is opened: opening a FIFO would wait for a writer
    match fs::metadata(path) {
        Ok(meta) => regular(&meta)?,
        Err(error) if absent(&error) => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if absent(&error) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let meta = file.metadata()?;
    regular(&meta)?;
    let mut bytes = Vec::new();
    file.take(LIMIT + 1).read_to_end(&mut bytes)?;
    Ok(Some((bytes, meta)))
}

/// Where a path really leads: all symlinks followed, the last one too, whether or not anything is there yet.
fn resolve(path: &Path) -> Result<PathBuf, FileError> {
    let mut path = path.to_owned();
    for _ in 0..40 {
        match path.canonicalize() {
            Ok(resolved) => return Ok(resolved),
            Err(error) if absent(&error) => {}
            Err(error) => return Err(error.into()),
        }
        let Some((dir, name)) = path.parent().zip(path.file_name()) else {
            return Ok(path);
        };
        let dir = if dir.as_os_str().is_empty() {
            Path::new(".")
        } else {
            dir
        };
        let dir = resolve(dir)?;
        match fs::read_link(dir.join(name)) {
            // a link that leads to nothing yet
            Ok(link) => path = dir.join(link),
            Err(_) => return Ok(dir.join(name)),
        }
    }
    Err(io::Error::other("too many symlinks").into())
}

fn unchanged(before: Option<&(Vec<u8>, Metadata)>, now: Option<&(Vec<u8>, Metadata)>) -> bool {
    match (before, now) {
        (None, None) => true,
        (Some((old, before)), Some((new, now))) => {
            old == new
                && before.modified().ok() == now.modified().ok()
                && identity(before) == identity(now)
        }
        _ => false,
    }
}

/// Puts the temporary file in place; where nothing was, it takes the place of nothing.
fn rename(temp: tempfile::NamedTempFile, target: &Path, exists: bool) -> Result<(), FileError> {
    if exists {
        // the standard library's rename also replaces a file that is open, on Windows
        let temp = temp.into_temp_path();
        return match fs::rename(&temp, target) {
            Ok(()) => temp.keep().map(drop).or(Ok(())),
            Err(error) => Err(error.into()),
        };
    }
    match temp.persist_noclobber(target) {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Err(FileError::Changed),
        Err(error) => Err(error.error.into()),
    }
}

fn remove_stale(dir: &Path, age: Duration) -> usize {
    let Ok(entries) = fs::read_dir(dir) else {
        return 0;
    };
    let now = SystemTime::now();
    entries
        .filter_map(Result::ok)
        .filter(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.starts_with(TEMP_PREFIX) && name.ends_with(TEMP_SUFFIX)
        })
        .filter(|entry| {
            entry.metadata().is_ok_and(|meta| {
                meta.is_file()
                    && meta
                        .modified()
                        .is_ok_and(|time| now.duration_since(time).unwrap_or_default() >= age)
            })
        })
        .filter(|entry| fs::remove_file(entry.path()).is_ok())
        .count()
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "other platforms have no mode")]
mod platform {
    use std::{
        fs::{self, DirBuilder, File, Metadata, Permissions},
        io,
        os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _},
        path::Path,
    };

    pub(super) fn mode_of(meta: &Metadata) -> Option<u32> {
        Some(meta.permissions().mode() & 0o7777)
    }

    /// A secret file keeps a mode that is the owner's alone, else it becomes 0600. An ordinary file keeps its mode.
    pub(super) fn wanted_mode(before: Option<&Metadata>, secret: bool) -> Option<u32> {
        let old = before.and_then(mode_of);
        match (old, secret) {
            (Some(old), true) if old & 0o077 > 0 => Some(0o600),
            (Some(old), _) => Some(old),
            (None, true) => Some(0o600),
            (None, false) => Some(0o644),
        }
    }

    pub(super) fn set_mode(path: &Path, mode: Option<u32>) -> io::Result<()> {
        mode.map_or(Ok(()), |mode| {
            fs::set_permissions(path, Permissions::from_mode(mode))
        })
    }

    /// Gives the new file the old one's owner, where that is another (only root may), and its mode.
    pub(super) fn give_owner_and_mode(
        file: &File,
        before: Option<&Metadata>,
        mode: Option<u32>,
    ) -> io::Result<()> {
        if let Some(before) = before {
            let now = file.metadata()?;
            if (before.uid(), before.gid()) != (now.uid(), now.gid()) {
                let owner = rustix::fs::Uid::from_raw(before.uid());
                let group = rustix::fs::Gid::from_raw(before.gid());
                // a member of the file's group may give the group; nobody but root may give the owner
                if rustix::fs::fchown(file, Some(owner), Some(group)).is_err() {
                    rustix::fs::fchown(file, None, Some(group)).ok();
                }
            }
        }
        mode.map_or(Ok(()), |mode| {
            file.set_permissions(Permissions::from_mode(mode))
        })
    }

    pub(super) fn identity(meta: &Metadata) -> (u64, u64) {
        (meta.dev(), meta.ino())
    }

    pub(super) fn may_write(dir: &Path) -> bool {
        use rustix::fs::Access;
        rustix::fs::access(dir, Access::WRITE_OK | Access::EXEC_OK).is_ok()
    }

    pub(super) fn sync_dir(dir: &Path) -> io::Result<()> {
        match File::open(dir)?.sync_all() {
            // some file systems cannot sync a directory
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::INVAL.raw_os_error()) => {
                Ok(())
            }
            result => result,
        }
    }

    pub(super) fn private_dir(dir: &Path) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(dir)
    }
}

#[cfg(not(unix))]
mod platform {
    use std::{
        fs::{self, File, Metadata},
        io,
        path::Path,
    };

    pub(super) fn mode_of(_: &Metadata) -> Option<u32> {
        None
    }

    pub(super) fn wanted_mode(_: Option<&Metadata>, _: bool) -> Option<u32> {
        None
    }

    pub(super) fn set_mode(_: &Path, _: Option<u32>) -> io::Result<()> {
        Ok(())
    }

    pub(super) fn give_owner_and_mode(
        _: &File,
        _: Option<&Metadata>,
        _: Option<u32>,
    ) -> io::Result<()> {
        Ok(())
    }

    pub(super) fn identity(_: &Metadata) -> (u64, u64) {
        (0, 0)
    }

    pub(super) fn may_write(dir: &Path) -> bool {
        fs::metadata(dir).is_ok_and(|meta| !meta.permissions().readonly())
    }

    pub(super) fn sync_dir(_: &Path) -> io::Result<()> {
        Ok(())
    }

    pub(super) fn private_dir(dir: &Path) -> io::Result<()> {
        fs::create_dir_all(dir)
    }
}

use platform::{
    give_owner_and_mode, identity, may_write, mode_of, private_dir, set_mode, sync_dir, wanted_mode,
};
