//! Gives the terminal back when a fault of the program ends the process at once.
//!
//! The events that ask for an end in good order are in [`crate::os::signals`].
#![expect(
    unsafe_code,
    reason = "a handler that runs while anything may be broken has to be installed as it is"
)]

use std::{
    fs::OpenOptions,
    os::windows::io::IntoRawHandle as _,
    ptr,
    sync::{
        Once, OnceLock,
        atomic::{AtomicPtr, Ordering},
    },
};

use windows_sys::Win32::{
    Foundation::HANDLE,
    Storage::FileSystem::WriteFile,
    System::{
        Console::{
            CONSOLE_MODE, GetConsoleMode, GetStdHandle, STD_ERROR_HANDLE, STD_HANDLE,
            STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, SetConsoleMode, SetStdHandle,
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
    out: TerminalStream,
    /// What gives the screen back.
    sequences: &'static [u8],
}

/// A stream of ours that leads to the console.
///
/// The handler may run on any thread, and until the process has ended the others go on: a frame that is drawn meanwhile would hide
/// the cursor again. The standard library asks for the stream's handle at each write, so the stream leads nowhere from the moment when
/// the console is given back.
struct TerminalStream {
    /// The name under which everybody asks.
    name: STD_HANDLE,
    console: HANDLE,
    /// What leads nowhere, as a number.
    nowhere: usize,
}

impl TerminalStream {
    fn of(out: Out) -> Option<Self> {
        static NOWHERE: OnceLock<Option<usize>> = OnceLock::new();
        let open = || {
            let file = OpenOptions::new().write(true).open("NUL").ok()?;
            Some(file.into_raw_handle().expose_provenance())
        };
        let name = match out {
            Out::Stdout => STD_OUTPUT_HANDLE,
            Out::Stderr => STD_ERROR_HANDLE,
        };
        Some(Self {
            name,
            // SAFETY: it only answers
            console: unsafe { GetStdHandle(name) },
            // once: the console may be taken again
            nowhere: (*NOWHERE.get_or_init(open))?,
        })
    }

    /// Has what others write from now on lead nowhere.
    fn divert(&self) {
        // SAFETY: the handle is never closed
        unsafe { SetStdHandle(self.name, ptr::with_exposed_provenance_mut(self.nowhere)) };
    }
}

/// What is to be given back; null while the console is not ours. What was made for it is never freed: a handler may be reading it.
static BEFORE: AtomicPtr<Before> = AtomicPtr::new(ptr::null_mut());

/// Remembers how the terminal is now, before it is taken. `sequences` are written to `out` if a fault ends us meanwhile.
pub(crate) fn arm(out: Out, sequences: &'static [u8]) {
    static HANDLER: Once = Once::new();
    let Some(out) = TerminalStream::of(out) else {
        return;
    };
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
    // SAFETY: null, or a pointer that was leaked, and so is valid for ever
    if let Some(before) = unsafe { before.as_ref() } {
        give_back(before);
    }
    CONTINUE_SEARCH
}

fn give_back(before: &Before) {
    // a write that has begun is done before ours: the console takes one at a time
    before.out.divert();
    let length = u32::try_from(before.sequences.len()).unwrap_or_default();
    let mut written = 0;
    // SAFETY: what is passed on lives as long as the call; a handle that is none is refused
    unsafe {
        WriteFile(
            before.out.console,
            before.sequences.as_ptr(),
            length,
            &raw mut written,
            ptr::null_mut(),
        );
        SetConsoleMode(GetStdHandle(STD_INPUT_HANDLE), before.input);
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write as _};

    use super::*;
    use crate::testing::folders::temp_dir;

    /// A file stands in for the console.
    #[test]
    fn nothing_is_drawn_after_the_console_was_given_back() {
        let dir = temp_dir();
        let path = dir.path().join("console");
        let console = fs::File::create(&path).unwrap().into_raw_handle();
        let draw = |text: &[u8]| {
            let mut stderr = std::io::stderr();
            stderr.write_all(text).unwrap();
            stderr.flush().unwrap();
        };
        // SAFETY: both handles stay open
        let earlier = unsafe {
            let earlier = GetStdHandle(STD_ERROR_HANDLE);
            SetStdHandle(STD_ERROR_HANDLE, console);
            earlier
        };
        let before = Before {
            input: 0,
            out: TerminalStream::of(Out::Stderr).unwrap(),
            sequences: b"[back]",
        };
        draw(b"[frame]");
        give_back(&before);
        draw(b"[late frame]");
        // SAFETY: as above
        unsafe { SetStdHandle(STD_ERROR_HANDLE, earlier) };
        let shown = fs::read_to_string(&path).unwrap();
        assert!(shown.ends_with("[frame][back]"), "{shown}");
    }
}
