//! What the calls of Windows answer with.
#![expect(
    unsafe_code,
    reason = "a handle that a call of Windows has made is nothing but a number"
)]

use std::{
    io,
    os::windows::{
        ffi::OsStrExt as _,
        io::{FromRawHandle as _, OwnedHandle},
    },
    path::Path,
};

use windows_sys::Win32::Foundation::{HANDLE, INVALID_HANDLE_VALUE};

/// The error of a call that answers with zero where it has failed.
pub(super) fn done(answer: i32) -> io::Result<()> {
    if answer == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// The error of a call that answers with its code.
pub(super) fn code(code: u32) -> io::Result<()> {
    if code == 0 {
        return Ok(());
    }
    Err(io::Error::from_raw_os_error(code.cast_signed()))
}

/// Takes a handle that a call has just made for us.
pub(super) fn owned(raw: HANDLE) -> io::Result<OwnedHandle> {
    if raw.is_null() || raw == INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it was just made, and nobody else has it
    Ok(unsafe { OwnedHandle::from_raw_handle(raw) })
}

/// A path as Windows takes it.
pub(super) fn wide(path: &Path) -> Vec<u16> {
    path.as_os_str().encode_wide().chain([0]).collect()
}
