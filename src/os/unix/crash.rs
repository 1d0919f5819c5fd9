//! Gives the terminal back when a signal ends the process at once: a fault of the program, an abort, or one that somebody sent.
//!
//! The signals that ask for an end in good order are in [`crate::os::signals`].
#![expect(
    unsafe_code,
    reason = "a handler that runs while anything may be broken has to be installed as it is"
)]

use std::{
    fs::{self, File},
    io::{self, IsTerminal as _},
    mem::MaybeUninit,
    os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, IntoRawFd as _, RawFd},
    ptr,
    sync::{
        Once, OnceLock,
        atomic::{AtomicPtr, Ordering},
    },
};

use crate::os::out::Out;

/// The signals that end a process unless it handles them, but for those that are handled in good order and SIGPIPE, which a Rust
/// program ignores.
const ENDING_AT_ONCE: &[libc::c_int] = &[
    libc::SIGABRT,
    libc::SIGSEGV,
    libc::SIGBUS,
    libc::SIGILL,
    libc::SIGFPE,
    libc::SIGTRAP,
    libc::SIGSYS,
    libc::SIGALRM,
    libc::SIGVTALRM,
    libc::SIGPROF,
    libc::SIGUSR1,
    libc::SIGUSR2,
    libc::SIGXCPU,
    libc::SIGXFSZ,
    #[cfg(target_os = "linux")]
    libc::SIGIO,
    #[cfg(target_os = "linux")]
    libc::SIGPWR,
    #[cfg(all(
        target_os = "linux",
        any(target_arch = "x86_64", target_arch = "aarch64")
    ))]
    libc::SIGSTKFLT,
];
/// How long a terminal that takes nothing (after Ctrl-S, say) may hold up the end, in milliseconds.
const WRITE_WAIT: libc::c_int = 200;
/// More signal numbers than any system of ours has.
const SIGNALS: usize = 65;

/// What a terminal was before we took it.
struct Before {
    settings: libc::termios,
    /// The terminal.
    tty: RawFd,
    out: TerminalStream,
    /// What gives the screen back.
    sequences: &'static [u8],
}

/// A stream of ours that leads to the terminal.
///
/// The handler may run on any thread, and until the process has ended the others go on: a frame that is drawn meanwhile would hide
/// the cursor again. So the stream leads nowhere from the moment when the terminal is given back.
#[derive(Clone, Copy)]
struct TerminalStream {
    /// Where everybody writes.
    shared: RawFd,
    /// The same terminal, for the handler alone.
    own: RawFd,
    /// What leads nowhere.
    nowhere: RawFd,
}

impl TerminalStream {
    fn of(out: Out) -> Option<Self> {
        static STREAMS: [OnceLock<Option<TerminalStream>>; 2] = [const { OnceLock::new() }; 2];
        let [stdout, stderr] = &STREAMS;
        let make = |shared: BorrowedFd<'_>| {
            let nowhere = fs::OpenOptions::new().write(true).open("/dev/null").ok()?;
            Some(Self {
                shared: shared.as_raw_fd(),
                own: shared.try_clone_to_owned().ok()?.into_raw_fd(),
                nowhere: nowhere.into_raw_fd(),
            })
        };
        // once: after each Ctrl-Z the terminal is taken again
        *match out {
            Out::Stdout => stdout.get_or_init(|| make(io::stdout().as_fd())),
            Out::Stderr => stderr.get_or_init(|| make(io::stderr().as_fd())),
        }
    }
}

/// What is to be given back; null while the terminal is not ours. What was made for it is never freed: a handler may be
/// reading it.
static BEFORE: AtomicPtr<Before> = AtomicPtr::new(ptr::null_mut());

/// The handlers that were there before ours: the one of the standard library says that a stack has overflowed.
static EARLIER: [AtomicPtr<libc::sigaction>; SIGNALS] =
    [const { AtomicPtr::new(ptr::null_mut()) }; SIGNALS];

/// Remembers how the terminal is now, before it is taken. `sequences` are written to `out` if a signal ends us meanwhile.
pub(crate) fn arm(out: Out, sequences: &'static [u8]) {
    static HANDLERS: Once = Once::new();
    let (Some(out), Ok(tty)) = (TerminalStream::of(out), terminal()) else {
        return;
    };
    let mut settings = MaybeUninit::uninit();
    // SAFETY: the pointer leads to room for one `termios`, which is read only after a success, when it was filled.
    let settings = unsafe {
        if libc::tcgetattr(tty, settings.as_mut_ptr()) != 0 {
            return;
        }
        settings.assume_init()
    };
    let before = Box::leak(Box::new(Before {
        settings,
        tty,
        out,
        sequences,
    }));
    BEFORE.store(before, Ordering::SeqCst);
    HANDLERS.call_once(|| {
        for signal in ENDING_AT_ONCE {
            install(*signal);
        }
    });
}

/// The terminal was given back in good order.
pub(crate) fn disarm() {
    BEFORE.store(ptr::null_mut(), Ordering::SeqCst);
}

/// The terminal whose settings are changed: as crossterm chooses it.
fn terminal() -> io::Result<RawFd> {
    static TTY: OnceLock<Option<RawFd>> = OnceLock::new();
    let stdin = io::stdin();
    if stdin.is_terminal() {
        return Ok(stdin.as_raw_fd());
    }
    TTY.get_or_init(|| Some(File::open("/dev/tty").ok()?.into_raw_fd()))
        .ok_or_else(|| io::ErrorKind::NotFound.into())
}

fn install(signal: libc::c_int) {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    let mut earlier = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: a `sigaction` is plain data, for which zeros are valid; both pointers lead to one. The handler keeps to what a
    // handler may do, and has the signature that `SA_SIGINFO` asks for.
    let earlier = unsafe {
        let ours = action.as_mut_ptr();
        (*ours).sa_sigaction = on_signal as *const () as usize;
        // the stack of its own: the usual one may be what has overflowed
        (*ours).sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        libc::sigfillset(&raw mut (*ours).sa_mask);
        if libc::sigaction(signal, ours, earlier.as_mut_ptr()) != 0 {
            return;
        }
        earlier.assume_init()
    };
    let slot = usize::try_from(signal).ok().and_then(|at| EARLIER.get(at));
    if let Some(slot) = slot {
        slot.store(Box::leak(Box::new(earlier)), Ordering::SeqCst);
    }
}

/// The handler: gives the terminal back and lets the signal do what it does to a program that handles none.
///
/// It calls only what is async-signal-safe (signal-safety(7)): poll, dup2, write, tcsetattr, sigaction, raise.
extern "C" fn on_signal(
    signal: libc::c_int,
    info: *mut libc::siginfo_t,
    _context: *mut libc::c_void,
) {
    let before = give_back();
    // SAFETY: the kernel gives a valid `siginfo_t`; `EARLIER` holds null or a pointer that was leaked, and so is valid for ever;
    // a zeroed `sigaction` is `SIG_DFL` without flags.
    unsafe {
        let memory = matches!(signal, libc::SIGSEGV | libc::SIGBUS);
        // a code above 0: the kernel's own, not one that a program has sent
        if memory && !info.is_null() && (*info).si_code > 0 {
            let slot = usize::try_from(signal).ok().and_then(|at| EARLIER.get(at));
            let earlier = slot.map_or(ptr::null_mut(), |slot| slot.load(Ordering::SeqCst));
            if !earlier.is_null() {
                // that handler tells of an overflow there
                let out = before.map(|before| before.out);
                if let Some(out) = out.filter(|out| out.shared == libc::STDERR_FILENO) {
                    libc::dup2(out.own, out.shared);
                }
                // the same access fails again as soon as we return, and is told as it always was
                libc::sigaction(signal, earlier, ptr::null_mut());
                return;
            }
        }
        let default = MaybeUninit::<libc::sigaction>::zeroed();
        libc::sigaction(signal, default.as_ptr(), ptr::null_mut());
        // blocked until we return, and then it ends the process
        libc::raise(signal);
    }
}

/// Returns what the terminal was, if it was ours until now.
fn give_back() -> Option<&'static Before> {
    let before = BEFORE.swap(ptr::null_mut(), Ordering::SeqCst);
    // SAFETY: null, or a pointer that was leaked, and so is valid for ever. What is passed on lives in it.
    unsafe {
        let before = before.as_ref()?;
        let TerminalStream {
            shared,
            own,
            nowhere,
        } = before.out;
        // a write that has begun holds the terminal until it is done, so that ours comes after it
        libc::dup2(nowhere, shared);
        let mut ready = libc::pollfd {
            fd: own,
            events: libc::POLLOUT,
            revents: 0,
        };
        if libc::poll(&raw mut ready, 1, WRITE_WAIT) > 0 {
            let sequences = before.sequences;
            // nothing is left to be done about a terminal that is gone
            let _written = libc::write(own, sequences.as_ptr().cast(), sequences.len());
        }
        libc::tcsetattr(before.tty, libc::TCSANOW, &raw const before.settings);
        Some(before)
    }
}
