//! One version of a file takes the place of another, whole.
//!
//! The new version is staged where git never looks: in git's own folder, or, where that lies on another file system or there is none, in
//! a folder beside the target that makes git ignore it. Then the two change places in one step, and what came out is compared with what
//! was to be replaced: if somebody saved the file in the last moment, it is that version, and it is put back.

use std::{
    fs::{self, File, Metadata},
    io::{self, Read as _, Seek as _, Write as _},
    path::Path,
    time::SystemTime,
};

use super::{
    mode,
    read::{absent, open, read_open},
    rehearsal::{Moment, Rehearsal},
};
use crate::{
    os::{
        files::{
            device, give_owner_and_mode, identity, links, mode_of, set_mode, sync_dir,
            try_lock_shared,
        },
        staged::StagedFile,
    },
    ports::files::{FileError, Written},
};

/// How often a version that somebody saved meanwhile is put back, before the last one is left beside the file. An editor saves once.
const PUT_BACKS: usize = 16;

/// A file as it was read.
pub(super) struct FileVersion {
    pub(super) bytes: Vec<u8>,
    pub(super) meta: Metadata,
    /// Open, unless it had to be closed.
    file: Option<File>,
}

impl FileVersion {
    /// Reads a file; `None` where there is none.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, FileError> {
        let Some((file, meta)) = open(path)? else {
            return Ok(None);
        };
        // once it has changed places a sweep must not take it before it was compared
        try_lock_shared(&file).ok();
        let bytes = read_open(&file)?;
        Ok(Some(Self {
            bytes,
            meta,
            file: Some(file),
        }))
    }

    /// Whether it holds the same. Its number may differ: an overlay of two file systems gives a file another one when it changes places.
    fn is(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }

    /// What the file holds now, wherever it is; what it has held where it had to be closed.
    fn now(&mut self) -> io::Result<Vec<u8>> {
        let Some(file) = &mut self.file else {
            return Ok(self.bytes.clone());
        };
        let mut bytes = Vec::new();
        file.rewind()?;
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Closes the file.
    fn close(&mut self) {
        self.file = None;
    }
}

/// What is written, and over what.
pub(super) struct Swap<'a> {
    pub(super) target: &'a Path,
    pub(super) dir: &'a Path,
    pub(super) before: Option<FileVersion>,
    pub(super) new: &'a [u8],
    pub(super) secret: bool,
}

/// Where the new version waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StagingPlace {
    GitFolder,
    Beside,
}

/// Where new versions wait.
#[derive(Clone, Copy)]
pub(super) struct Staging<'a> {
    /// Git's own folder, where there is one.
    pub(super) git: Option<&'a Path>,
    pub(super) rehearsal: &'a Rehearsal,
}

impl Staging<'_> {
    pub(super) fn swap(&self, swap: Swap<'_>) -> Result<Written, FileError> {
        let Swap {
            target,
            dir,
            mut before,
            new,
            secret,
        } = swap;
        let meta = before.as_ref().map(|before| before.meta.clone());
        let old = meta.as_ref().and_then(|meta| mode_of(target, meta));
        let mode = mode::wanted(old, secret);
        let other_names = meta
            .as_ref()
            .map_or(0, |meta| links(target, meta).saturating_sub(1));
        if let Some(before) = &before
            && before.bytes == new
        {
            if old != Some(mode) {
                set_mode(target, mode)?;
            }
            return Ok(Written::default());
        }
        fs::create_dir_all(dir)?;
        for place in [StagingPlace::GitFolder, StagingPlace::Beside] {
            let Some(staged) = self.stage(place, dir)? else {
                continue;
            };
            let (staged, ours) = fill(staged, meta.as_ref(), mode, new)?;
            self.rehearsal.moment(Moment::Staged);
            let placed = match &mut before {
                None => place_new(staged, target),
                Some(before) => self.exchange(staged, target, before, mode),
            };
            match placed {
                // a mount of a part of the same file system: that is only seen by trying
                Err(FileError::CrossesDevices(_)) if place == StagingPlace::GitFolder => continue,
                placed => placed?,
            }
            self.rehearsal.moment(Moment::Placed);
            let synced = self.sync(dir);
            read_back(target, &ours, new)?;
            return Ok(Written {
                not_durable: synced.err().map(|error| error.to_string()),
                split: other_names,
            });
        }
        Err(FileError::CrossesDevices(
            io::ErrorKind::CrossesDevices.into(),
        ))
    }

    /// Makes a staged file; `None` in git's folder where a file from there could not be moved to its place, or none can be made.
    fn stage(&self, place: StagingPlace, dir: &Path) -> Result<Option<StagedFile>, FileError> {
        if place == StagingPlace::Beside {
            return Ok(Some(StagedFile::create_ignored(dir)?));
        }
        let device = |path: &Path| fs::metadata(path).ok().map(|meta| device(path, &meta));
        let near = self
            .git
            .filter(|git| device(git).is_some() && device(git) == device(dir));
        // what is wrong with git's folder need not be wrong beside the file
        Ok(near.and_then(|git| StagedFile::create(git).ok()))
    }

    /// Puts the new version in the place of the one that was read.
    fn exchange(
        &self,
        staged: StagedFile,
        target: &Path,
        before: &mut FileVersion,
        mode: u32,
    ) -> Result<(), FileError> {
        match FileVersion::read(target)? {
            Some(now) if now.is(before) => {}
            _ => return Err(FileError::Changed),
        }
        self.rehearsal.moment(Moment::Compared);
        let mut putting = FileVersion::read(staged.path())?;
        let mut expected: Option<FileVersion> = None;
        for round in 0..PUT_BACKS {
            if let Err(error) = self.exchange_once(&staged, target) {
                let unsupported = error.kind() == io::ErrorKind::Unsupported;
                return match round {
                    0 if unsupported => self.replace(staged, target, before, mode),
                    // an editor that moves the file away before it writes the next one
                    0 if absent(&error) => Err(FileError::Changed),
                    0 => Err(error.into()),
                    _ if absent(&error) => place_new(staged, target).and(Err(FileError::Changed)),
                    _ => Err(FileError::LeftIn(staged.leave())),
                };
            }
            self.rehearsal.moment(Moment::Exchanged);
            let out = FileVersion::read(staged.path()).ok().flatten();
            let known = if round == 0 {
                Some(&*before)
            } else {
                expected.as_ref()
            };
            let is_known = out
                .as_ref()
                .zip(known)
                .is_some_and(|(out, known)| out.is(known));
            match (is_known, round) {
                (true, 0) => return Ok(()),
                // what was saved meanwhile is back in its place, and what is staged now is ours, or older
                (true, _) => return Err(FileError::Changed),
                (false, _) => expected = std::mem::replace(&mut putting, out),
            }
        }
        Err(FileError::LeftIn(staged.leave()))
    }

    fn exchange_once(&self, staged: &StagedFile, target: &Path) -> io::Result<()> {
        if self.rehearsal.no_exchange {
            return Err(io::ErrorKind::Unsupported.into());
        }
        staged.exchange(target)
    }

    /// Replaces a file where two can't change places in one step. What was saved into the old one in the last moment is brought back; what
    /// took its place then is lost, which no check can see.
    fn replace(
        &self,
        staged: StagedFile,
        target: &Path,
        before: &mut FileVersion,
        mode: u32,
    ) -> Result<(), FileError> {
        staged.replace(target, || before.close())?;
        self.rehearsal.moment(Moment::Exchanged);
        let saved = before.now()?;
        if saved == before.bytes {
            return Ok(());
        }
        let dir = target.parent().unwrap_or(target);
        let again = match self.stage(StagingPlace::GitFolder, dir)? {
            Some(staged) => staged,
            None => StagedFile::create_ignored(dir)?,
        };
        let (again, _) = fill(again, Some(&before.meta), mode, &saved)?;
        again.replace(target, || before.close())?;
        Err(FileError::Changed)
    }

    /// Removes a file, but not a version that was saved in the last moment.
    pub(super) fn take_away(&self, target: &Path, expected: &[u8]) -> Result<(), FileError> {
        let dir = target.parent().unwrap_or(target);
        let mut staged = match self.stage(StagingPlace::GitFolder, dir)? {
            Some(staged) => staged,
            None => StagedFile::create_ignored(dir)?,
        };
        match staged.take_in(target) {
            Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
                staged = StagedFile::create_ignored(dir)?;
                staged.take_in(target)?;
            }
            taken => taken?,
        }
        match FileVersion::read(staged.path()) {
            Ok(Some(version)) if version.bytes == expected => Ok(()),
            _ => place_new(staged, target).and(Err(FileError::Changed)),
        }
    }

    fn sync(&self, dir: &Path) -> io::Result<()> {
        if self.rehearsal.no_sync {
            return Err(io::ErrorKind::Other.into());
        }
        sync_dir(dir)
    }
}

/// What tells a file that we have written from every other one.
struct Filled {
    identity: (u64, u64),
    modified: Option<SystemTime>,
}

/// Writes a staged file, and gives what it is then.
fn fill(
    mut staged: StagedFile,
    before: Option<&Metadata>,
    mode: u32,
    bytes: &[u8],
) -> Result<(StagedFile, Filled), FileError> {
    let path = staged.path().to_owned();
    let file = staged.file_mut()?;
    file.write_all(bytes)?;
    give_owner_and_mode(file, &path, before, mode)?;
    file.sync_all()?;
    let meta = file.metadata()?;
    let filled = Filled {
        identity: identity(&path, &meta),
        modified: meta.modified().ok(),
    };
    Ok((staged, filled))
}

/// Puts a staged file where nothing is.
fn place_new(staged: StagedFile, target: &Path) -> Result<(), FileError> {
    staged.place(target).map_err(|error| {
        if error.kind() == io::ErrorKind::AlreadyExists {
            FileError::Changed
        } else {
            error.into()
        }
    })
}

/// Compares what is in place with what was written. `Changed`: somebody has saved it since, and keeps their version.
fn read_back(target: &Path, ours: &Filled, new: &[u8]) -> Result<(), FileError> {
    match FileVersion::read(target)? {
        Some(now) if now.bytes == new => Ok(()),
        Some(now)
            if identity(target, &now.meta) == ours.identity
                && now.meta.modified().ok() == ours.modified =>
        {
            Err(FileError::NotReadBack)
        }
        _ => Err(FileError::Changed),
    }
}
