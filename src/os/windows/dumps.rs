//! Keeps what our process holds out of crash dumps.
#![expect(
    unsafe_code,
    reason = "the error mode has no safe interface in the standard library"
)]

use std::process::Command;

use windows_sys::Win32::System::Diagnostics::Debug::{
    SEM_FAILCRITICALERRORS, SEM_NOGPFAULTERRORBOX, SetErrorMode,
};

/// Forbids dumps of our memory. Called first thing: a key may be in the environment.
///
/// Windows Error Reporting is what writes them. Other programs of the same user may look into our memory all the same: Windows keeps
/// nothing from them.
pub(crate) fn forbid() {
    // SAFETY: it takes a number
    unsafe { SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX) };
}

/// Gives a command of the user the error mode that we were started with: it is theirs, and so are its dumps. Here nothing needs to be
/// done: [`super::supervisor::command`] starts it with the system's own.
pub(crate) fn allow_in(_command: &mut Command) {}
