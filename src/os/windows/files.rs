//! Files and folders: who may use them, which is which, and how they are locked.
//!
//! A mode stands for who may do what on every system. Where a function takes a path and the metadata of what is there, some systems
//! ask for the one, and some for the other.
#![expect(
    unsafe_code,
    reason = "locks of a part, and files that are private from their birth, have no safe interface in the standard library"
)]

use std::{
    borrow::Cow,
    fs::{self, File, FileType, Metadata, OpenOptions, TryLockError},
    io,
    os::windows::{
        fs::{MetadataExt as _, OpenOptionsExt as _},
        io::AsRawHandle as _,
    },
    path::{Path, PathBuf},
    ptr, thread,
    time::Duration,
};

use windows_sys::Win32::{
    Foundation::{ERROR_IO_PENDING, ERROR_LOCK_VIOLATION, GENERIC_READ, GENERIC_WRITE},
    Storage::FileSystem::{
        BY_HANDLE_FILE_INFORMATION, CREATE_NEW, CreateDirectoryW, CreateFileW, FILE_ADD_FILE,
        FILE_ATTRIBUTE_NORMAL, FILE_FLAG_BACKUP_SEMANTICS, FILE_FLAG_OPEN_REPARSE_POINT,
        FILE_SHARE_DELETE, FILE_SHARE_READ, FILE_SHARE_WRITE, GetFileInformationByHandle,
        LOCK_FILE_FLAGS, LOCKFILE_EXCLUSIVE_LOCK, LOCKFILE_FAIL_IMMEDIATELY, LockFileEx,
    },
    System::IO::OVERLAPPED,
};

use super::{
    access::{self, Descriptor},
    handle::{done, owned, wide},
};

/// The longest path that every program takes.
const LONGEST: usize = 259;
/// How often a folder is renamed that a scanner may be reading, and the pause after each time.
const RENAMES: usize = 40;
const RENAME_PAUSE: Duration = Duration::from_millis(50);
/// What a path begins with that Windows takes as it is.
const VERBATIM: &str = r"\\?\";
/// The same for a share.
const VERBATIM_SHARE: &str = r"\\?\UNC\";

/// Who may read and write what is there.
pub(crate) fn mode_of(path: &Path, _: &Metadata) -> Option<u32> {
    access::mode(path).ok()
}

/// Sets who may read and write what is there: this user alone, or whom the folder around it lets in.
pub(crate) fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    let others = mode & 0o077;
    if others == 0 {
        access::close(path)
    } else {
        access::inherit(path)
    }
}

/// Lets others read a file, and write it where the mode says so.
#[cfg(test)]
pub(crate) fn open_to_others(file: &Path, mode: u32) -> io::Result<()> {
    access::open(file, mode & 0o022 != 0)
}

/// Makes a symbolic link; `false` where the system doesn't let this user make one.
#[cfg(test)]
pub(crate) fn symlink(to: &Path, link: &Path) -> io::Result<bool> {
    use std::os::windows::fs::{symlink_dir, symlink_file};

    use windows_sys::Win32::Foundation::ERROR_PRIVILEGE_NOT_HELD;

    let is_dir = link.parent().is_some_and(|dir| dir.join(to).is_dir());
    let made = if is_dir {
        symlink_dir(to, link)
    } else {
        symlink_file(to, link)
    };
    match made {
        // without the developer mode nobody but an administrator may
        Err(error) if error.raw_os_error() == Some(ERROR_PRIVILEGE_NOT_HELD.cast_signed()) => {
            Ok(false)
        }
        made => {
            made?;
            // Wine says that it has made one
            let is_made = fs::symlink_metadata(link).is_ok_and(|meta| meta.is_symlink());
            if !is_made {
                fs::remove_file(link).or_else(|_| fs::remove_dir(link)).ok();
            }
            Ok(is_made)
        }
    }
}

/// How a file is closed to others. `S-1-3-4` is whoever owns it.
pub(crate) fn closing_hint(file: &str) -> String {
    let file = file.replace('/', r"\");
    format!(r#"icacls "{file}" /inheritance:r /grant:r *S-1-3-4:F"#)
}

/// How a file is made one that its owner can read.
pub(crate) fn reading_hint(file: &Path) -> String {
    format!(r#"icacls "{}" /grant *S-1-3-4:R"#, file.display())
}

/// How a folder is made one that its owner can write to. PowerShell would take the parentheses for its own.
pub(crate) fn writing_hint(dir: &Path) -> String {
    format!(r#"icacls "{}" /grant "*S-1-3-4:(OI)(CI)M""#, dir.display())
}

/// Gives a new file its mode.
pub(crate) fn give_owner_and_mode(
    _: &File,
    path: &Path,
    _: Option<&Metadata>,
    mode: u32,
) -> io::Result<()> {
    set_mode(path, mode)
}

/// Takes the mode from everybody but the owner, before a secret is written into the file.
pub(crate) fn narrow(_: &File, path: &Path, mode: u32) -> io::Result<()> {
    if access::mode(path)? == mode {
        return Ok(());
    }
    set_mode(path, mode)?;
    // a file system without access control lists takes the call and does nothing
    if access::mode(path)? & !mode == 0 {
        return Ok(());
    }
    Err(io::Error::other(
        "the file system doesn't store permissions",
    ))
}

/// Whether it is this user's.
pub(crate) fn is_own(path: &Path, _: &Metadata) -> bool {
    access::is_own(path).unwrap_or_default()
}

/// The file system on which it is.
pub(crate) fn device(path: &Path, _: &Metadata) -> u64 {
    information(path).map_or(0, |known| u64::from(known.dwVolumeSerialNumber))
}

/// What no other file has at the same time.
pub(crate) fn identity(path: &Path, _: &Metadata) -> (u64, u64) {
    information(path).map_or((0, 0), |known| {
        let index = u64::from(known.nFileIndexHigh) << 32 | u64::from(known.nFileIndexLow);
        (u64::from(known.dwVolumeSerialNumber), index)
    })
}

/// How many names a file has.
pub(crate) fn links(path: &Path, _: &Metadata) -> u64 {
    information(path).map_or(1, |known| u64::from(known.nNumberOfLinks))
}

fn information(path: &Path) -> io::Result<BY_HANDLE_FILE_INFORMATION> {
    // no right is needed to be told, and a folder needs the flag
    let file = OpenOptions::new()
        .access_mode(0)
        .custom_flags(FILE_FLAG_BACKUP_SEMANTICS)
        .open(path)?;
    let mut known = BY_HANDLE_FILE_INFORMATION::default();
    // SAFETY: the file is open, and the structure is ours
    done(unsafe { GetFileInformationByHandle(file.as_raw_handle(), &raw mut known) })?;
    Ok(known)
}

/// What changes when a file is written or replaced, whatever its size.
pub(crate) fn times(meta: &Metadata) -> [i64; 4] {
    [
        meta.last_write_time().cast_signed(),
        meta.creation_time().cast_signed(),
        i64::from(meta.file_attributes()),
        0,
    ]
}

/// What something is that is not a regular file.
pub(crate) fn kind_word(kind: FileType) -> &'static str {
    if kind.is_dir() {
        "a directory"
    } else {
        "a device"
    }
}

/// Whether we may make files in a folder.
pub(crate) fn may_write(dir: &Path) -> bool {
    OpenOptions::new()
        .access_mode(FILE_ADD_FILE)
        .custom_flags(FILE_FLAG_BACKUP_SEMANTICS)
        .open(dir)
        .is_ok()
}

/// Makes the names in a folder last. NTFS keeps a journal of them.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
pub(crate) fn sync_dir(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Gives a folder another name. While a scanner reads what was just written into it, Windows refuses.
pub(crate) fn rename_dir(from: &Path, to: &Path) -> io::Result<()> {
    for _ in 0..RENAMES {
        match fs::rename(from, to) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied && !to.exists() => {
                thread::sleep(RENAME_PAUSE);
            }
            renamed => return renamed,
        }
    }
    fs::rename(from, to)
}

/// Makes a folder, and those above it, that only this user may enter; an existing one stays as it is.
pub(crate) fn private_dir(dir: &Path) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    if let Some(above) = dir.parent() {
        fs::create_dir_all(above)?;
    }
    match new_private_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && dir.is_dir() => Ok(()),
        made => made,
    }
}

/// Makes a folder that only this user may enter, where there is none.
pub(crate) fn new_private_dir(dir: &Path) -> io::Result<()> {
    let descriptor = Descriptor::private(true)?;
    let attributes = descriptor.attributes();
    let name = wide(dir);
    // SAFETY: the name ends with a zero, and the attributes live until the call is over
    done(unsafe { CreateDirectoryW(name.as_ptr(), &raw const attributes) })
}

/// Makes a file that only this user may read and write, where there is none.
pub(crate) fn new_private_file(path: &Path) -> io::Result<File> {
    let descriptor = Descriptor::private(false)?;
    let attributes = descriptor.attributes();
    let name = wide(path);
    // SAFETY: the name ends with a zero, and the attributes live until the call is over
    let file = owned(unsafe {
        CreateFileW(
            name.as_ptr(),
            GENERIC_READ | GENERIC_WRITE,
            FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
            &raw const attributes,
            CREATE_NEW,
            FILE_ATTRIBUTE_NORMAL,
            ptr::null_mut(),
        )
    })?;
    Ok(file.into())
}

/// Opens a file to be locked, which is made where there is none. Its folder says who may.
pub(crate) fn open_lock(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
}

/// Has a link of the last name be opened itself, not what it leads to.
pub(crate) fn refuse_links(options: &mut OpenOptions) {
    options.custom_flags(FILE_FLAG_OPEN_REPARSE_POINT);
}

/// Opens what is there for reading. A FIFO is not waited for, and a terminal is not taken: neither is found by a path.
pub(crate) fn open_without_waiting(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// Locks a file for us alone, as long as it is open.
pub(crate) fn try_lock(file: &File) -> Result<(), TryLockError> {
    lock(file, LOCKFILE_EXCLUSIVE_LOCK)
}

/// Locks a file against those who want it for themselves alone.
pub(crate) fn try_lock_shared(file: &File) -> Result<(), TryLockError> {
    lock(file, 0)
}

/// Windows keeps others from reading and writing what is locked. So what is locked is a byte far behind the end of any file.
fn lock(file: &File, kind: LOCK_FILE_FLAGS) -> Result<(), TryLockError> {
    let mut place = OVERLAPPED::default();
    place.Anonymous.Anonymous.Offset = u32::MAX;
    place.Anonymous.Anonymous.OffsetHigh = i32::MAX.cast_unsigned();
    let kind = kind | LOCKFILE_FAIL_IMMEDIATELY;
    // SAFETY: the file is open, and the structure is ours
    let locked = done(unsafe { LockFileEx(file.as_raw_handle(), kind, 0, 1, 0, &raw mut place) });
    locked.map_err(|error| {
        let code = error.raw_os_error().map(i32::cast_unsigned);
        if matches!(code, Some(ERROR_LOCK_VIOLATION | ERROR_IO_PENDING)) {
            TryLockError::WouldBlock
        } else {
            TryLockError::Error(error)
        }
    })
}

/// Has two files change places. `Unsupported`: that can't be done in one step.
pub(crate) fn exchange(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// The path that git's bytes mean: git has them in UTF-8.
pub(crate) fn path_from_git(bytes: &[u8]) -> Cow<'_, Path> {
    match String::from_utf8_lossy(bytes) {
        Cow::Borrowed(text) => Cow::Borrowed(Path::new(text)),
        Cow::Owned(text) => Cow::Owned(PathBuf::from(text)),
    }
}

/// Where a path leads, without links, in the form in which the machine's programs take it: without `\\?\`, which cmd and many others
/// refuse.
pub(crate) fn real(path: &Path) -> io::Result<PathBuf> {
    let path = fs::canonicalize(path)?;
    Ok(path.to_str().and_then(usual).unwrap_or(path))
}

/// The usual form of a path, where it has one.
fn usual(path: &str) -> Option<PathBuf> {
    let (begin, rest) = match path.strip_prefix(VERBATIM_SHARE) {
        Some(rest) => (r"\\", rest),
        None => ("", path.strip_prefix(VERBATIM)?),
    };
    // what only the other form can name
    let special = |part: &str| part.ends_with(['.', ' ']) || part.contains('/');
    let usual = begin.len() + rest.len() <= LONGEST && !rest.split('\\').any(special);
    usual.then(|| PathBuf::from(format!("{begin}{rest}")))
}

/// Whether git would run this file as a hook: it asks for no mark.
pub(crate) fn is_runnable(path: &Path) -> bool {
    path.is_file()
}

/// Marks a file as a program, or as none. There is no such mark.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
pub(crate) fn set_runnable(_: &File, _: bool) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::folders::temp_dir;

    #[test]
    fn a_private_file_is_nobody_elses_and_an_open_one_can_be_closed() {
        let dir = temp_dir();
        let private = dir.path().join("private");
        drop(new_private_file(&private).unwrap());
        assert_eq!(access::mode(&private).unwrap(), 0o600);
        assert!(access::is_own(&private).unwrap());
        new_private_file(&private).unwrap_err();
        let everybody = dir.path().join("everybody");
        fs::write(&everybody, "").unwrap();
        access::close(&everybody).unwrap();
        assert_eq!(access::mode(&everybody).unwrap(), 0o600);
    }

    #[test]
    fn a_path_has_its_usual_form_where_it_has_one() {
        let of = |path: &str| usual(path).map(|path| path.display().to_string());
        assert_eq!(of(r"\\?\C:\a\b.c").unwrap(), r"C:\a\b.c");
        assert_eq!(of(r"\\?\UNC\host\share\a").unwrap(), r"\\host\share\a");
        for other in [
            r"C:\a",
            r"\\?\C:\a.\b",
            &format!(r"\\?\C:\{}", "a".repeat(300)),
        ] {
            assert_eq!(of(other), None);
        }
    }

    #[test]
    fn a_locked_file_can_be_read_but_not_locked_again() {
        let dir = temp_dir();
        let path = dir.path().join("lock");
        let held = open_lock(&path).unwrap();
        try_lock(&held).unwrap();
        fs::write(&path, "1").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"1");
        let other = open_lock(&path).unwrap();
        assert!(matches!(try_lock(&other), Err(TryLockError::WouldBlock)));
        drop(held);
        try_lock(&other).unwrap();
    }
}
