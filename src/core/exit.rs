//! The exit codes of the process.

/// The process's exit status. The numbers are part of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Everything is done.
    Done = 0,
    /// Gaps were found.
    Gaps = 1,
    /// A step failed, or an answer is missing and there is nobody to ask.
    Failed = 2,
    /// The command line or `neonup.toml` is wrong (`EX_USAGE` of sysexits.h).
    Usage = 64,
    /// A bug of ours (`EX_SOFTWARE` of sysexits.h).
    Bug = 70,
    /// Cancelled (128 + SIGINT, as shells report it).
    Cancelled = 130,
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
