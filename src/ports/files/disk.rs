//! The real disk.
//!
//! A secret file is replaced like this: resolve the symlink; refuse what lies outside the repository or among git's own files; read and
//! compare with what the caller saw; write the new version, 0600 from its birth, where git never looks; give it the old owner; sync it;
//! compare once more; let the two change places; look at what came out; sync the directory; read back. Killed at any moment, the file
//! is the old one or the new one, and nothing else is left that git would take.

mod mode;
mod read;
mod rehearsal;
mod swap;
mod target;

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

#[cfg(test)]
pub(super) use self::rehearsal::Moment;
use self::{
    read::{absent, kind, read_file, regular},
    rehearsal::Rehearsal,
    swap::{FileVersion, Staging, Swap},
    target::resolve,
};
use crate::{
    domain::hex::hex,
    os::{
        files::{links, may_write, mode_of, narrow, private_dir, real, sync_dir},
        folders,
        staged::{StagedFile, Sweep, sweep},
    },
    ports::files::{FileError, FileStat, Files, UndoCopy, Written},
};

pub(crate) use self::target::GitFolders;

/// The folder of undo copies in git's own folder, where there is no other place for them.
const UNDO_IN_GIT: &str = "neonup-undo";

/// Files of the work tree, and undo copies in the user's state directory.
#[derive(Debug, Clone)]
pub(crate) struct DiskFiles {
    root: PathBuf,
    git: GitFolders,
    /// Where undo copies are kept: never in the work tree.
    undo: Option<PathBuf>,
    rehearsal: Rehearsal,
}

impl DiskFiles {
    /// Files of the repository (or directory) at `root`. Undo copies are kept in the user's state directory; where that is unknown, or
    /// lies in the repository, in git's own folder.
    pub(crate) fn new(root: &Path, git: GitFolders) -> Self {
        let root = real(root).unwrap_or_else(|_| root.to_owned());
        let state = folders::state().map(|state| state.join("neonup").join("undo"));
        let outside = |dir: &PathBuf| {
            git.own.is_none() || resolve(dir).is_ok_and(|dir| !dir.starts_with(&root))
        };
        let undo = state
            .filter(outside)
            .or_else(|| git.own.as_ref().map(|git| git.join(UNDO_IN_GIT)));
        Self {
            root,
            git,
            undo,
            rehearsal: Rehearsal::default(),
        }
    }

    /// Keeps undo copies in this directory.
    #[cfg(test)]
    pub(crate) fn with_state(root: &Path, state: &Path) -> Self {
        Self {
            undo: Some(state.to_owned()),
            ..Self::new(root, GitFolders::default())
        }
    }

    /// Has git's own folder there.
    #[must_use]
    #[cfg(test)]
    pub(crate) fn with_git(mut self, git: GitFolders) -> Self {
        self.git = git;
        self
    }

    /// Where undo copies are kept.
    #[cfg(test)]
    pub(super) fn undo_folder(&self) -> Option<&Path> {
        self.undo.as_deref()
    }

    #[must_use]
    #[cfg(test)]
    pub(super) fn rehearsing(mut self, change: impl FnOnce(&mut Rehearsal)) -> Self {
        change(&mut self.rehearsal);
        self
    }

    fn staging(&self) -> Staging<'_> {
        Staging {
            git: self.git.own.as_deref(),
            rehearsal: &self.rehearsal,
        }
    }

    fn target(&self, path: &Path) -> Result<PathBuf, FileError> {
        target::target(&self.root, &self.git, path)
    }

    fn replace_if(
        &self,
        path: &Path,
        expected: Option<&[u8]>,
        new: &[u8],
        secret: bool,
    ) -> Result<Written, FileError> {
        let target = self.target(path)?;
        let (Some(dir), true) = (target.parent(), target.file_name().is_some()) else {
            return Err(FileError::NotAFile("a directory"));
        };
        let before = FileVersion::read(&target)?;
        if before.as_ref().map(|before| before.bytes.as_slice()) != expected {
            return Err(FileError::Changed);
        }
        if secret {
            sweep(dir);
        }
        self.staging().swap(Swap {
            target: &target,
            dir,
            before,
            new,
            secret,
        })
    }

    fn overwrite(
        &self,
        path: &Path,
        expected: &[u8],
        new: &[u8],
        secret: bool,
    ) -> Result<(), FileError> {
        let target = self.target(path)?;
        let mut file = OpenOptions::new().read(true).write(true).open(&target)?;
        let meta = file.metadata()?;
        regular(&meta)?;
        let mut old = Vec::new();
        file.read_to_end(&mut old)?;
        if old != expected {
            return Err(FileError::Changed);
        }
        if secret {
            let mode = mode::wanted(mode_of(&target, &meta), true);
            narrow(&file, &target, mode).map_err(FileError::NotNarrowed)?;
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

    fn state(&self) -> Result<&Path, FileError> {
        self.undo.as_deref().ok_or(FileError::NoStateDirectory)
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
            mode: mode_of(path, &meta),
            links: links(path, &meta),
            modified: meta.modified().ok(),
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
    ) -> Result<Written, FileError> {
        self.replace_if(path, expected, new, true)
    }

    fn replace(
        &self,
        path: &Path,
        expected: Option<&[u8]>,
        new: &[u8],
    ) -> Result<Written, FileError> {
        self.replace_if(path, expected, new, false)
    }

    fn replace_secret_in_place(
        &self,
        path: &Path,
        expected: &[u8],
        new: &[u8],
    ) -> Result<(), FileError> {
        self.overwrite(path, expected, new, true)
    }

    fn replace_in_place(&self, path: &Path, expected: &[u8], new: &[u8]) -> Result<(), FileError> {
        self.overwrite(path, expected, new, false)
    }

    fn sweep(&self, paths: &[PathBuf]) -> Sweep {
        let mut all = Sweep::default();
        for dir in self.git.own.iter().chain(&self.undo) {
            all.add(sweep(dir));
        }
        for path in paths {
            if let Ok(target) = resolve(path)
                && let Some(dir) = target.parent()
            {
                all.add(sweep(dir));
            }
        }
        all
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
        sweep(dir);
        let mut staged = StagedFile::create(dir)?;
        staged.file_mut()?.write_all(&content)?;
        staged.file_mut()?.sync_all()?;
        staged.replace(&file, || ())?;
        // without it the copy may be gone after a power cut, and the write that follows it as well
        sync_dir(dir).ok();
        Ok(())
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

    fn remove(&self, path: &Path, expected: &[u8]) -> Result<(), FileError> {
        self.staging().take_away(&self.target(path)?, expected)
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
