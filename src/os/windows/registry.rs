//! What installers have noted about themselves.
#![expect(
    unsafe_code,
    reason = "the registry has no safe interface in the standard library"
)]

use std::{
    ffi::{OsStr, OsString},
    os::windows::ffi::{OsStrExt as _, OsStringExt as _},
    path::PathBuf,
    ptr,
};

use windows_sys::Win32::{
    Foundation::ERROR_SUCCESS,
    System::Registry::{
        HKEY, HKEY_LOCAL_MACHINE, KEY_READ, KEY_WOW64_64KEY, RRF_RT_REG_SZ, RegCloseKey,
        RegEnumKeyExW, RegGetValueW, RegOpenKeyExW,
    },
};

/// The longest name of a key, with the zero at its end.
const NAME: usize = 256;
/// The longest folder that is read.
const FOLDER: usize = 1024;
/// How many installations are looked at.
const MOST: u32 = 64;

/// A key that is open.
struct Key(HKEY);

impl Drop for Key {
    fn drop(&mut self) {
        // SAFETY: it was opened, and nobody else has it
        unsafe { RegCloseKey(self.0) };
    }
}

/// The folders of the Postgres installations that their installer has noted.
pub(super) fn installed_postgres() -> Vec<PathBuf> {
    let Some(key) = open(r"SOFTWARE\PostgreSQL\Installations") else {
        return Vec::new();
    };
    (0..MOST)
        .map_while(|at| name(&key, at))
        .filter_map(|name| text(&key, &name, "Base Directory"))
        .map(PathBuf::from)
        .filter(|folder| folder.is_absolute())
        .collect()
}

fn open(path: &str) -> Option<Key> {
    let path = wide(OsStr::new(path));
    let mut key: HKEY = ptr::null_mut();
    // SAFETY: the name ends with a zero, and the place for the answer is ours
    let opened = unsafe {
        RegOpenKeyExW(
            HKEY_LOCAL_MACHINE,
            path.as_ptr(),
            0,
            KEY_READ | KEY_WOW64_64KEY,
            &raw mut key,
        )
    };
    (opened == ERROR_SUCCESS).then_some(Key(key))
}

/// The name of the key of this number below a key.
fn name(key: &Key, at: u32) -> Option<OsString> {
    let mut buffer = [0_u16; NAME];
    let mut length = u32::try_from(buffer.len()).ok()?;
    // SAFETY: the buffer is as long as is said, and what isn't wanted may be null
    let read = unsafe {
        RegEnumKeyExW(
            key.0,
            at,
            buffer.as_mut_ptr(),
            &raw mut length,
            ptr::null(),
            ptr::null_mut(),
            ptr::null_mut(),
            ptr::null_mut(),
        )
    };
    let name = buffer.get(..usize::try_from(length).ok()?)?;
    (read == ERROR_SUCCESS).then(|| OsString::from_wide(name))
}

/// A text in a key below a key.
fn text(key: &Key, below: &OsStr, value: &str) -> Option<OsString> {
    let (below, value) = (wide(below), wide(OsStr::new(value)));
    let mut buffer = [0_u16; FOLDER];
    let mut bytes = u32::try_from(size_of_val(&buffer)).ok()?;
    // SAFETY: the names end with zeros, and the buffer is as long as is said
    let read = unsafe {
        RegGetValueW(
            key.0,
            below.as_ptr(),
            value.as_ptr(),
            RRF_RT_REG_SZ,
            ptr::null_mut(),
            buffer.as_mut_ptr().cast(),
            &raw mut bytes,
        )
    };
    let text = buffer.split(|unit| *unit == 0).next()?;
    (read == ERROR_SUCCESS).then(|| OsString::from_wide(text))
}

fn wide(text: &OsStr) -> Vec<u16> {
    text.encode_wide().chain([0]).collect()
}
