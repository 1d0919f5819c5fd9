//! What was typed at the terminal before anything was asked.
#![expect(
    unsafe_code,
    reason = "the console has no safe interface in the standard library"
)]

use windows_sys::Win32::System::Console::{
    FlushConsoleInputBuffer, GetStdHandle, STD_INPUT_HANDLE,
};

/// Forgets what was typed at the terminal and not read yet: it can't be the answer to what is asked next. What a pipe or a file holds
/// stays.
pub(crate) fn forget() {
    // SAFETY: it takes a handle that is open as long as we are; what is no console is refused
    unsafe { FlushConsoleInputBuffer(GetStdHandle(STD_INPUT_HANDLE)) };
}
