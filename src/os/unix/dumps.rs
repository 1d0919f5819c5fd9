//! Keeps what our process holds out of core dumps, and away from other programs of the same user.

use std::{io, process::Command, sync::OnceLock};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The limit of core dumps that we were started with: the user's own.
static OWN_LIMIT: OnceLock<Rlimit> = OnceLock::new();

/// Forbids dumps of our memory, and every look into it. Called first thing: a key may be in the environment.
///
/// On Linux the kernel then refuses `ptrace` and the files of `/proc/PID` that show memory and environment to every program
/// without root's rights. It also writes no core, not even to a program that collects them, which no limit of the size stops.
/// Other kernels have only the limit.
pub(crate) fn forbid() {
    let own = getrlimit(Resource::Core);
    OWN_LIMIT.set(own).ok();
    // the hard limit stays, so that a child can get the user's own back
    let none = Rlimit {
        current: Some(0),
        maximum: own.maximum,
    };
    if let Err(error) = setrlimit(Resource::Core, none) {
        tracing::debug!(%error, "couldn't set the core dump limit");
    }
    #[cfg(target_os = "linux")]
    if let Err(error) =
        rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
    {
        tracing::debug!(%error, "couldn't close the memory to other programs");
    }
}

/// Gives a command of the user the limit of core dumps that we were started with: it is theirs, and so are its dumps.
#[expect(
    unsafe_code,
    reason = "the standard library offers no safe way to set a limit of a child alone"
)]
pub(crate) fn allow_in(command: &mut Command) {
    use std::os::unix::process::CommandExt as _;
    let Some(own) = OWN_LIMIT.get().copied() else {
        return;
    };
    let restore = move || setrlimit(Resource::Core, own).map_err(io::Error::from);
    // SAFETY: between fork and exec only async-signal-safe calls are allowed: this makes one system call (setrlimit) and
    // allocates nothing.
    unsafe {
        command.pre_exec(restore);
    }
}
