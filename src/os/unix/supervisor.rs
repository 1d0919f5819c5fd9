//! A process between us and a program of the user, which ends the program and all that it has started when we end, however we do.
//!
//! The kernel tells a child that its parent has died, but not its grandchildren: the workers of an application, or what it
//! started in a session of its own, would stay. So we start ourselves again as the supervisor. It holds one end of a socket whose
//! other end closes with us, and it inherits every process below it that loses its parent, so that none gets away
//! (`PR_SET_CHILD_SUBREAPER`). Elsewhere than on Linux it ends the program's process group; what left it on purpose stays there.
//!
//! What it says on the socket is one `Started`; what it hears is [`ASK_TO_END`], or the end.

use std::{
    env, io,
    io::{Read as _, Write as _},
    os::{
        fd::OwnedFd,
        unix::{
            net::UnixStream,
            process::{CommandExt as _, ExitStatusExt as _},
        },
    },
    process::{Child, Command, ExitCode, ExitStatus, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rustix::{
    io::Errno,
    process::{
        Pid, Signal, WaitId, WaitIdOptions, WaitOptions, kill_process, kill_process_group, waitid,
        waitpid,
    },
};

use super::{
    dumps,
    process_table::parent,
    subprocess::{ParentDeathSignal, end_with_parent},
};

/// The first argument of a process that is a supervisor.
const SUPERVISE: &str = "__supervise";
/// Ask the program's process group to end (SIGTERM).
const ASK_TO_END: u8 = b'T';
/// How long the supervisor may take to say whether the program has started.
const START_LIMIT: Duration = Duration::from_secs(10);
/// How long what cannot be killed (a process of another user, one that waits for a disk) holds the supervisor up.
const KILL_LIMIT: Duration = Duration::from_secs(5);
/// How often the processes below are counted before they are killed, if there are new ones each time: a program that starts
/// others without end is stopped step by step.
const ROUNDS: usize = 50;
/// How often to look whether all are gone.
const PAUSE: Duration = Duration::from_millis(5);
/// The exit code of a supervisor that could not start the program.
const NOT_STARTED: u8 = 127;

/// Whether this process can be started again as a supervisor.
static AVAILABLE: AtomicBool = AtomicBool::new(false);

/// What becomes of what is still running when a program has ended by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leftovers {
    /// It ends, too: an application that we started to try it.
    End,
    /// What left the process group stays: a command may start a server on purpose.
    Stay,
}

/// Declares that this process understands the arguments of a supervisor: it is the real program, not a test.
pub(crate) fn enable() {
    AVAILABLE.store(true, Ordering::SeqCst);
}

/// What ends a program and all that it has started.
pub(crate) struct Control(Hold);

enum Hold {
    /// Our end of the supervisor's socket. Dropping it ends everything below the supervisor.
    Socket(UnixStream),
    /// Without a supervisor, the program's process group. Its id is the program's own, once it runs.
    Group(Option<Pid>),
}

/// Makes the command that runs this program: below a supervisor, where there can be one. The command's standard input is taken.
pub(crate) fn command(program: &str, leftovers: Leftovers) -> io::Result<(Command, Control)> {
    let own = own_program().filter(|_| AVAILABLE.load(Ordering::SeqCst));
    let Some(own) = own else {
        let mut command = Command::new(program);
        // the terminal's ^C is for us, and the whole group is stopped together
        command.stdin(Stdio::null()).process_group(0);
        end_with_parent(&mut command, ParentDeathSignal::Kill);
        return Ok((command, Control(Hold::Group(None))));
    };
    let (ours, theirs) = UnixStream::pair()?;
    let mut command = Command::new(own);
    command
        .arg0("neonup")
        .arg(SUPERVISE)
        .arg(match leftovers {
            Leftovers::End => "end",
            Leftovers::Stay => "stay",
        })
        .arg(program)
        .stdin(Stdio::from(OwnedFd::from(theirs)));
    Ok((command, Control(Hold::Socket(ours))))
}

/// The program that we are, also after its file was replaced.
fn own_program() -> Option<std::path::PathBuf> {
    if cfg!(target_os = "linux") {
        let link = std::path::PathBuf::from("/proc/self/exe");
        return link.exists().then_some(link);
    }
    env::current_exe().ok()
}

impl Control {
    /// Waits until the program runs, as the process of this id. Fails as a start without a supervisor would.
    pub(crate) fn started(self, pid: u32) -> io::Result<Self> {
        let mut socket = match self.0 {
            Hold::Group(_) => {
                let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
                return Ok(Self(Hold::Group(pid)));
            }
            Hold::Socket(socket) => socket,
        };
        socket.set_read_timeout(Some(START_LIMIT))?;
        let mut word = [0; 4];
        socket.read_exact(&mut word)?;
        match i32::from_le_bytes(word) {
            0 => Ok(Self(Hold::Socket(socket))),
            code => Err(io::Error::from_raw_os_error(code)),
        }
    }

    /// Sends the program's process group a SIGTERM.
    pub(crate) fn ask_to_end(&mut self) {
        match &mut self.0 {
            // where it is gone, there is nothing to end
            Hold::Socket(socket) => drop(socket.write_all(&[ASK_TO_END])),
            Hold::Group(group) => signal_group(*group, Signal::TERM),
        }
    }

    /// Ends the program and all that it has started.
    pub(crate) fn end(self, child: &mut Child) {
        match self.0 {
            Hold::Socket(socket) => {
                drop(socket);
                wait(child);
            }
            Hold::Group(group) => {
                signal_group(group, Signal::KILL);
                child.wait().map(drop).unwrap_or_default();
            }
        }
    }
}

fn signal_group(group: Option<Pid>, signal: Signal) {
    if let Some(group) = group
        && let Err(error) = kill_process_group(group, signal)
    {
        tracing::debug!(%error, "a process group couldn't be signaled");
    }
}

/// Waits for a supervisor whose [`Control`] is gone.
pub(crate) fn wait(child: &mut Child) {
    let end = Instant::now() + KILL_LIMIT * 2;
    while Instant::now() < end {
        if !matches!(child.try_wait(), Ok(None)) {
            return;
        }
        thread::sleep(PAUSE);
    }
    // it hangs: its own death ends the program at least
    child.kill().unwrap_or_default();
    child.wait().map(drop).unwrap_or_default();
}

/// Whether the command line is a supervisor's; if so, supervises to the end.
pub(crate) fn run_if_asked() -> Option<ExitCode> {
    let mut arguments = env::args_os().skip(1);
    if arguments.next()? != SUPERVISE {
        return None;
    }
    let leftovers = match arguments.next()?.to_str()? {
        "end" => Leftovers::End,
        _ => Leftovers::Stay,
    };
    let mut command = Command::new(arguments.next()?);
    command.args(arguments);
    Some(supervise(command, leftovers))
}

fn supervise(mut command: Command, leftovers: Leftovers) -> ExitCode {
    let not_started = ExitCode::from(NOT_STARTED);
    // a session without a terminal: its ^C is for us alone, and nothing below can ask there and wait
    if let Err(error) = rustix::process::setsid() {
        tracing::debug!(%error, "couldn't detach a program from the terminal");
    }
    // the environment is the program's, with its secrets; the program's own dumps are the user's affair
    dumps::forbid();
    dumps::allow_in(&mut command);
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::set_child_subreaper(Some(rustix::process::getpid())) {
        tracing::debug!(%error, "can't track processes that leave the process group");
    }
    // we end when all below us has ended, and not before
    for signal in [Signal::TERM, Signal::INT, Signal::HUP, Signal::QUIT] {
        signal_hook::flag::register(signal.as_raw(), Arc::default()).ok();
    }
    let Ok(control) = rustix::io::dup(rustix::stdio::stdin()) else {
        return not_started;
    };
    let mut control = UnixStream::from(control);
    command.stdin(Stdio::null()).process_group(0);
    end_with_parent(&mut command, ParentDeathSignal::Kill);
    let started = command.spawn();
    let word = match &started {
        Ok(_) => 0,
        Err(error) => error.raw_os_error().unwrap_or(Errno::IO.raw_os_error()),
    };
    control.write_all(&word.to_le_bytes()).ok();
    let Ok(mut child) = started else {
        return not_started;
    };
    let Some(program) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) else {
        return not_started;
    };
    let asked = Arc::new(AtomicBool::new(false));
    let end_all = Arc::clone(&asked);
    thread::spawn(move || {
        listen(&mut control, program);
        end_all.store(true, Ordering::SeqCst);
        kill_descendants();
    });
    // not reaped yet, so that its group's id is still its own
    while let Err(Errno::INTR) = waitid(
        WaitId::Pid(program),
        WaitIdOptions::EXITED | WaitIdOptions::NOWAIT,
    ) {}
    kill_process_group(program, Signal::KILL).ok();
    let status = child.wait().ok();
    if leftovers == Leftovers::End || asked.load(Ordering::SeqCst) {
        end_descendants();
    }
    end_as(status)
}

/// Does what is asked until the other end is closed.
fn listen(control: &mut UnixStream, program: Pid) {
    let mut word = [0];
    loop {
        match control.read(&mut word) {
            Ok(1) if word == [ASK_TO_END] => {
                kill_process_group(program, Signal::TERM).ok();
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(_) | Err(_) => return,
        }
    }
}

/// Ends as the program has ended.
fn end_as(status: Option<ExitStatus>) -> ExitCode {
    let Some(status) = status else {
        return ExitCode::FAILURE;
    };
    if let Some(signal) = status.signal() {
        // does not return for a signal that ends
        signal_hook::low_level::emulate_default_handler(signal).ok();
        return ExitCode::from(u8::try_from(signal).map_or(u8::MAX, |signal| signal | 128));
    }
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    ExitCode::from(code.unwrap_or(u8::MAX))
}

/// Kills every process below us. Each stands still before the first is killed, so that none starts another meanwhile.
fn kill_descendants() {
    let mut still: Vec<Pid> = Vec::new();
    for _ in 0..ROUNDS {
        let found = descendants();
        let new: Vec<Pid> = found
            .into_iter()
            .filter(|pid| !still.contains(pid))
            .collect();
        if new.is_empty() {
            break;
        }
        for pid in &new {
            kill_process(*pid, Signal::STOP).ok();
        }
        still.extend(new);
    }
    for pid in &still {
        kill_process(*pid, Signal::KILL).ok();
    }
}

/// Kills every process below us, until none is left or [`KILL_LIMIT`] has passed.
fn end_descendants() {
    let end = Instant::now() + KILL_LIMIT;
    loop {
        kill_descendants();
        // every orphan is our child now: when there are no children, there is nothing
        while let Ok(Some(_)) = waitpid(None, WaitOptions::NOHANG) {}
        if descendants().is_empty() || Instant::now() > end {
            return;
        }
        thread::sleep(PAUSE);
    }
}

/// The processes below us, as `/proc/PID/stat` has their parents (proc(5)); none where there is no `/proc`.
fn descendants() -> Vec<Pid> {
    let own = std::process::id();
    let all: Vec<(u32, u32)> = std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read(entry.path().join("stat")).ok()?;
            Some((pid, parent(&stat)?))
        })
        .collect();
    let mut below = vec![own];
    let mut at = 0;
    while let Some(parent) = below.get(at).copied() {
        below.extend(
            all.iter()
                .filter(|(_, above)| *above == parent)
                .map(|(pid, _)| *pid),
        );
        at += 1;
    }
    below
        .into_iter()
        .skip(1)
        .filter_map(|pid| Pid::from_raw(i32::try_from(pid).ok()?))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_the_real_program_a_command_has_no_supervisor() {
        let (command, control) = command("/bin/true", Leftovers::End).unwrap();
        assert!(matches!(control.0, Hold::Group(None)));
        assert_eq!(command.get_program(), "/bin/true");
    }
}
