//! The processes of this machine.
#![expect(
    unsafe_code,
    reason = "other processes have no safe interface in the standard library"
)]

use std::{
    io,
    os::windows::io::{AsRawHandle as _, OwnedHandle},
};

use windows_sys::Win32::{
    Foundation::{ERROR_ACCESS_DENIED, FILETIME, STILL_ACTIVE},
    System::{
        Diagnostics::ToolHelp::{
            CreateToolhelp32Snapshot, PROCESSENTRY32W, Process32FirstW, Process32NextW,
            TH32CS_SNAPPROCESS,
        },
        Threading::{
            GetExitCodeProcess, GetProcessTimes, OpenProcess, PROCESS_QUERY_LIMITED_INFORMATION,
        },
    },
};

use super::handle::{done, owned};

fn open(pid: u32) -> io::Result<OwnedHandle> {
    // SAFETY: it takes three numbers
    owned(unsafe { OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, 0, pid) })
}

/// Whether a process of this id exists, whoever owns it.
pub(crate) fn is_running(pid: u32) -> bool {
    match open(pid) {
        Ok(process) => {
            let mut code = 0;
            // SAFETY: the handle is open, and the number is ours
            let asked = done(unsafe { GetExitCodeProcess(process.as_raw_handle(), &raw mut code) });
            asked.is_ok() && code == STILL_ACTIVE.cast_unsigned()
        }
        Err(error) => error.raw_os_error() == Some(ERROR_ACCESS_DENIED.cast_signed()),
    }
}

/// The parent of a process that has not ended.
pub(crate) fn parent_of(pid: u32) -> Option<u32> {
    let parent = noted_parent(pid)?;
    // Windows notes the number alone, which another process may have by now: a younger one
    match (started(parent), started(pid)) {
        (Some(parent), Some(child)) if parent > child => None,
        _ => Some(parent),
    }
}

fn noted_parent(pid: u32) -> Option<u32> {
    // SAFETY: it takes two numbers
    let snapshot = owned(unsafe { CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0) }).ok()?;
    let mut entry = PROCESSENTRY32W {
        dwSize: u32::try_from(size_of::<PROCESSENTRY32W>()).ok()?,
        ..PROCESSENTRY32W::default()
    };
    // SAFETY: the snapshot is open, and the structure says its own size
    let mut more = unsafe { Process32FirstW(snapshot.as_raw_handle(), &raw mut entry) };
    while more != 0 {
        if entry.th32ProcessID == pid {
            return Some(entry.th32ParentProcessID);
        }
        // SAFETY: as above
        more = unsafe { Process32NextW(snapshot.as_raw_handle(), &raw mut entry) };
    }
    None
}

/// When a process was started.
fn started(pid: u32) -> Option<u64> {
    let process = open(pid).ok()?;
    let mut times = [FILETIME::default(); 4];
    let [created, exited, kernel, user] = &mut times;
    // SAFETY: the handle is open, and the structures are ours
    done(unsafe { GetProcessTimes(process.as_raw_handle(), created, exited, kernel, user) })
        .ok()?;
    let [created, ..] = times;
    Some(u64::from(created.dwHighDateTime) << 32 | u64::from(created.dwLowDateTime))
}

/// The other processes that were started with these bytes in their environment, and their names. No documented call tells the
/// environment of another process, so none is found.
pub(crate) fn holding(_bytes: &[u8]) -> Vec<(u32, String)> {
    Vec::new()
}
