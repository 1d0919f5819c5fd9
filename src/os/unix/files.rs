//! Files and folders: who may use them, which is which, and how they are locked.
//!
//! A mode stands for who may do what on every system. Where a function takes a path and the metadata of what is there, some systems
//! ask for the one, and some for the other.

use std::{
    borrow::Cow,
    ffi::OsStr,
    fs::{self, DirBuilder, File, FileType, Metadata, OpenOptions, Permissions, TryLockError},
    io,
    os::unix::{
        ffi::OsStrExt as _,
        fs::{
            DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _,
            PermissionsExt as _,
        },
    },
    path::{Path, PathBuf},
};

use rustix::{
    fs::{Access, CWD, Gid, OFlags, RenameFlags, Uid, access, fchown, renameat_with},
    io::Errno,
};

/// Who may read and write what is there.
#[expect(clippy::unnecessary_wraps, reason = "not every file system tells")]
pub(crate) fn mode_of(_: &Path, meta: &Metadata) -> Option<u32> {
    Some(meta.permissions().mode() & 0o7777)
}

/// Sets who may read and write what is there.
pub(crate) fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, Permissions::from_mode(mode))
}

/// Lets others read a file, and write it where the mode says so.
#[cfg(test)]
pub(crate) fn open_to_others(file: &Path, mode: u32) -> io::Result<()> {
    set_mode(file, mode)
}

/// Makes a symbolic link; `false` where the system doesn't let this user make one.
#[cfg(test)]
pub(crate) fn symlink(to: &Path, link: &Path) -> io::Result<bool> {
    std::os::unix::fs::symlink(to, link).map(|()| true)
}

/// How a file is closed to others.
pub(crate) fn closing_hint(file: &str) -> String {
    format!("chmod 600 {file}")
}

/// How a file is made one that its owner can read.
pub(crate) fn reading_hint(file: &Path) -> String {
    format!("chmod u+r {}", file.display())
}

/// How a folder is made one that its owner can write to.
pub(crate) fn writing_hint(dir: &Path) -> String {
    format!("chmod u+w {}", dir.display())
}

/// Gives a new file the old one's owner, where that is another (only root may), and its mode.
pub(crate) fn give_owner_and_mode(
    file: &File,
    _: &Path,
    before: Option<&Metadata>,
    mode: u32,
) -> io::Result<()> {
    if let Some(before) = before {
        let now = file.metadata()?;
        if (before.uid(), before.gid()) != (now.uid(), now.gid()) {
            let owner = Uid::from_raw(before.uid());
            let group = Gid::from_raw(before.gid());
            // a member of the file's group may give the group; nobody but root may give the owner
            if fchown(file, Some(owner), Some(group)).is_err() {
                fchown(file, None, Some(group)).ok();
            }
        }
    }
    file.set_permissions(Permissions::from_mode(mode))
}

/// Takes the mode from everybody but the owner, before a secret is written into the file. It also ends what an access control list
/// of POSIX gives to others: the group's part of the mode is its mask.
pub(crate) fn narrow(file: &File, _: &Path, mode: u32) -> io::Result<()> {
    if file.metadata()?.permissions().mode() & 0o7777 == mode {
        return Ok(());
    }
    file.set_permissions(Permissions::from_mode(mode))?;
    // a file system without modes takes the call and does nothing
    if file.metadata()?.permissions().mode() & 0o7777 & !mode == 0 {
        return Ok(());
    }
    Err(io::Error::other(
        "the file system doesn't store permissions",
    ))
}

/// Whether it is this user's.
pub(crate) fn is_own(_: &Path, meta: &Metadata) -> bool {
    meta.uid() == rustix::process::geteuid().as_raw()
}

/// The file system on which it is.
pub(crate) fn device(_: &Path, meta: &Metadata) -> u64 {
    meta.dev()
}

/// What no other file has at the same time.
pub(crate) fn identity(_: &Path, meta: &Metadata) -> (u64, u64) {
    (meta.dev(), meta.ino())
}

/// How many names a file has.
pub(crate) fn links(_: &Path, meta: &Metadata) -> u64 {
    meta.nlink()
}

/// What changes when a file is written or replaced, whatever its size.
pub(crate) fn times(meta: &Metadata) -> [i64; 4] {
    [
        meta.mtime(),
        meta.mtime_nsec(),
        meta.ctime(),
        meta.ctime_nsec(),
    ]
}

/// What something is that is not a regular file.
pub(crate) fn kind_word(kind: FileType) -> &'static str {
    if kind.is_dir() {
        "a directory"
    } else if kind.is_fifo() {
        "a FIFO"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

/// Whether we may make files in a folder.
pub(crate) fn may_write(dir: &Path) -> bool {
    access(dir, Access::WRITE_OK | Access::EXEC_OK).is_ok()
}

/// Makes the names in a folder last.
pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    match File::open(dir)?.sync_all() {
        // some file systems cannot sync a directory
        Err(error) if error.raw_os_error() == Some(Errno::INVAL.raw_os_error()) => Ok(()),
        result => result,
    }
}

/// Gives a folder another name.
pub(crate) fn rename_dir(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)
}

/// Makes a folder, and those above it, that only this user may enter; an existing one stays as it is.
pub(crate) fn private_dir(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

/// Makes a folder that only this user may enter, where there is none.
pub(crate) fn new_private_dir(dir: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(dir)
}

/// Makes a file that only this user may read and write, where there is none.
pub(crate) fn new_private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

/// Opens a file to be locked, which is made where there is none, for this user alone.
pub(crate) fn open_lock(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
}

/// Has a link of the last name be an error when the file is opened.
pub(crate) fn refuse_links(options: &mut OpenOptions) {
    options.custom_flags(flags(OFlags::NOFOLLOW));
}

/// Opens what is there for reading. A FIFO is not waited for, and a terminal is not taken.
pub(crate) fn open_without_waiting(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .custom_flags(flags(OFlags::NONBLOCK | OFlags::NOCTTY))
        .open(path)
}

fn flags(flags: OFlags) -> i32 {
    flags.bits().cast_signed()
}

/// Locks a file for us alone, as long as it is open.
pub(crate) fn try_lock(file: &File) -> Result<(), TryLockError> {
    file.try_lock()
}

/// Locks a file against those who want it for themselves alone.
pub(crate) fn try_lock_shared(file: &File) -> Result<(), TryLockError> {
    file.try_lock_shared()
}

/// Has two files change places. `Unsupported` where that can't be done in one step.
pub(crate) fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    match renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE) {
        // a kernel or a file system without it, such as NFS
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
            Err(io::ErrorKind::Unsupported.into())
        }
        result => Ok(result?),
    }
}

/// The path that git's bytes mean.
pub(crate) fn path_from_git(bytes: &[u8]) -> Cow<'_, Path> {
    Cow::Borrowed(Path::new(OsStr::from_bytes(bytes)))
}

/// Where a path leads, without links, in the form in which the machine's programs take it.
pub(crate) fn real(path: &Path) -> io::Result<PathBuf> {
    fs::canonicalize(path)
}

/// Whether git would run this file as a hook.
pub(crate) fn is_runnable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|stat| stat.permissions().mode() & 0o111 != 0)
}

/// Marks a file as a program, or as none.
pub(crate) fn set_runnable(file: &File, runnable: bool) -> io::Result<()> {
    file.set_permissions(Permissions::from_mode(if runnable { 0o755 } else { 0o644 }))
}
