//! Gives the terminal back when a fault of the program ends the process at once.
//!
//! The events that ask for an end in good order are in [`crate::os::signals`].
#![expect(
    unsafe_code,
    reason = "a handler that runs while anything may be broken has to be installed as it is"
)]

use std::{
    ptr,
    sync::{
        Once,
        atomic::{AtomicPtr, Ordering},
    },
};

use windows_sys::Win32::{
    Foundation::HANDLE,
    Storage::FileSystem::WriteFile,
    System::{
        Console::{
            CONSOLE_MODE, GetConsoleMode, GetStdHandle, STD_ERROR_HANDLE, STD_INPUT_HANDLE,
            STD_OUTPUT_HANDLE, SetConsoleMode,
        },
        Diagnostics::Debug::{EXCEPTION_POINTERS, SetUnhandledExceptionFilter},
    },
};

use crate::os::out::Out;

/// Lets the fault end the process as it does without us.
const CONTINUE_SEARCH: i32 = 0;

/// What a console was before we took it.
struct Before {
    input: CONSOLE_MODE,
    /// Where to write, and what: the sequences that give the screen back.
    out: Out,
    sequences: &'static [u8],
}

/// What is to be given back; null while the console is not ours. What was made for it is never freed: a handler may be reading it.
static BEFORE: AtomicPtr<Before> = AtomicPtr::new(ptr::null_mut());

/// Remembers how the terminal is now, before it is taken. `sequences` are written to `out` if a fault ends us meanwhile.
pub(crate) fn arm(out: Out, sequences: &'static [u8]) {
    static HANDLER: Once = Once::new();
    let mut input = 0;
    // SAFETY: the pointer to the answer is ours; what is no console is refused
    if unsafe { GetConsoleMode(GetStdHandle(STD_INPUT_HANDLE), &raw mut input) } == 0 {
        return;
    }
    let before = Box::leak(Box::new(Before {
        input,
        out,
        sequences,
    }));
    BEFORE.store(before, Ordering::SeqCst);
    HANDLER.call_once(|| {
        // SAFETY: the handler has the signature that is asked for, and keeps to calls of Windows
        unsafe { SetUnhandledExceptionFilter(Some(on_fault)) };
    });
}

/// The terminal was given back in good order.
pub(crate) fn disarm() {
    BEFORE.store(ptr::null_mut(), Ordering::SeqCst);
}

unsafe extern "system" fn on_fault(_: *const EXCEPTION_POINTERS) -> i32 {
    let before = BEFORE.swap(ptr::null_mut(), Ordering::SeqCst);
    // SAFETY: null, or a pointer that was leaked, and so is valid for ever. What is passed on lives in it.
    unsafe {
        if let Some(before) = before.as_ref() {
            let out: HANDLE = GetStdHandle(match before.out {
                Out::Stdout => STD_OUTPUT_HANDLE,
                Out::Stderr => STD_ERROR_HANDLE,
            });
            let length = u32::try_from(before.sequences.len()).unwrap_or_default();
            let mut written = 0;
            WriteFile(
                out,
                before.sequences.as_ptr(),
                length,
                &raw mut written,
                ptr::null_mut(),
            );
            SetConsoleMode(GetStdHandle(STD_INPUT_HANDLE), before.input);
        }
    }
    CONTINUE_SEARCH
}
