//! A job around a program of the user, which Windows ends with all that the program has started when we end, however we do.
#![expect(
    unsafe_code,
    reason = "console events have no safe interface in the standard library"
)]

use std::{
    io,
    os::windows::process::CommandExt as _,
    process::{Child, Command, ExitCode, Stdio},
};

use windows_sys::Win32::System::{
    Console::{CTRL_BREAK_EVENT, GenerateConsoleCtrlEvent},
    Threading::{CREATE_DEFAULT_ERROR_MODE, CREATE_NEW_PROCESS_GROUP, CREATE_SUSPENDED},
};

use super::{
    handle::done,
    job::{Breakaway, Job, resume},
};

/// What becomes of what is still running when a program has ended by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leftovers {
    /// It ends, too: an application that we started to try it.
    End,
    /// What has left the job stays: a command may start a server on purpose.
    Stay,
}

/// Declares that this process understands the arguments of a supervisor. Here it needs none.
pub(crate) fn enable() {}

/// Whether the command line is a supervisor's; if so, supervises to the end.
pub(crate) fn run_if_asked() -> Option<ExitCode> {
    None
}

/// What ends a program and all that it has started: also when it is dropped.
pub(crate) struct Control {
    job: Job,
    /// The program's process group, once it runs.
    group: u32,
}

/// Makes the command that runs this program, in a job of its own. The command's standard input is taken.
pub(crate) fn command(program: &str, leftovers: Leftovers) -> io::Result<(Command, Control)> {
    let job = Job::new(match leftovers {
        Leftovers::End => Breakaway::Refused,
        Leftovers::Stay => Breakaway::Allowed,
    })?;
    let mut command = Command::new(program);
    // it begins to run once it is in its job; and the console's ^C is for us
    command
        .stdin(Stdio::null())
        .creation_flags(CREATE_SUSPENDED | CREATE_NEW_PROCESS_GROUP | CREATE_DEFAULT_ERROR_MODE);
    Ok((command, Control { job, group: 0 }))
}

impl Control {
    /// Waits until the program runs, as the process of this id.
    pub(crate) fn started(self, pid: u32) -> io::Result<Self> {
        self.job.take(pid)?;
        resume(pid)?;
        Ok(Self { group: pid, ..self })
    }

    /// Asks the program's process group to end: Ctrl-Break, since a group of its own gets no Ctrl-C.
    pub(crate) fn ask_to_end(&mut self) {
        // SAFETY: it takes two numbers
        if let Err(error) = done(unsafe { GenerateConsoleCtrlEvent(CTRL_BREAK_EVENT, self.group) })
        {
            tracing::debug!(%error, "a program couldn't be asked to end");
        }
    }

    /// Ends the program and all that it has started.
    pub(crate) fn end(self, child: &mut Child) {
        if let Err(error) = self.job.end() {
            tracing::debug!(%error, "a job couldn't be ended");
        }
        drop(self);
        child.wait().map(drop).unwrap_or_default();
    }
}

/// Waits for a program whose [`Control`] is gone. It may not even have begun to run.
pub(crate) fn wait(child: &mut Child) {
    child.kill().unwrap_or_default();
    child.wait().map(drop).unwrap_or_default();
}
