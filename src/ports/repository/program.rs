//! The git program: started with nothing that could change its answer, and never to be waited for without end.

use std::{
    ffi::OsStr,
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, OnceLock, PoisonError, mpsc},
    time::{Duration, Instant},
};

use crate::ports::repository::meter::Meter;

/// How to start git.
#[derive(Debug, Clone, Default)]
pub(super) struct Program {
    /// The program; `None` when there is to be none.
    pub(super) name: Option<String>,
    /// The whole environment instead of the inherited one.
    pub(super) environment: Option<Vec<(String, String)>>,
    /// Where the searches of packs are remembered.
    pub(super) cache: Option<PathBuf>,
    available: Arc<OnceLock<bool>>,
}

/// What git said.
pub(super) struct Said {
    /// The exit code; `None` after a signal.
    pub(super) code: Option<i32>,
    /// Standard output.
    pub(super) out: Vec<u8>,
    /// Standard error.
    pub(super) error: String,
}

impl Said {
    pub(super) fn ok(&self) -> bool {
        self.code == Some(0)
    }

    /// The first line of the error, without git's `fatal:`.
    pub(super) fn reason(&self) -> String {
        let line = self.error.lines().next().unwrap_or("git gave no reason");
        line.trim_start_matches("fatal: ")
            .trim_start_matches("error: ")
            .to_owned()
    }

    /// Standard output, split at NUL.
    pub(super) fn records(&self) -> impl Iterator<Item = &[u8]> {
        self.out
            .split(|byte| *byte == 0)
            .filter(|record| !record.is_empty())
    }
}

impl Program {
    pub(super) fn new(
        name: Option<String>,
        environment: Option<Vec<(String, String)>>,
        cache: Option<PathBuf>,
    ) -> Self {
        Self {
            cache,
            name,
            environment,
            available: Arc::default(),
        }
    }

    /// Whether there is a git that starts.
    pub(super) fn available(&self) -> bool {
        *self.available.get_or_init(|| {
            self.command().is_some_and(|mut command| {
                command
                    .arg("--version")
                    .stdout(Stdio::null())
                    .stderr(Stdio::null());
                command.status().is_ok_and(|status| status.success())
            })
        })
    }

    fn command(&self) -> Option<Command> {
        let mut command = Command::new(self.name.as_ref()?);
        if let Some(environment) = &self.environment {
            command
                .env_clear()
                .envs(environment.iter().map(|(name, value)| (name, value)));
        }
        command
            // no lock, no question, no fetch, no translation
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("LC_ALL", "C")
            .stdin(Stdio::null());
        Some(command)
    }

    fn start<A: AsRef<OsStr>>(&self, dir: &Path, arguments: &[A]) -> io::Result<Command> {
        let mut command = self
            .command()
            .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "git is not installed"))?;
        command
            .arg("-C")
            .arg(dir)
            // a repository's own configuration must not start programs because somebody looks at it
            .args(["--no-pager", "-c", "core.fsmonitor=false"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Ok(command)
    }

    /// Runs git to its end.
    pub(super) fn run<A: AsRef<OsStr>>(&self, dir: &Path, arguments: &[A]) -> io::Result<Said> {
        let output = self.start(dir, arguments)?.output()?;
        Ok(Said {
            code: output.status.code(),
            out: output.stdout,
            error: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// Runs git, writes `input` to it, and ends it when the time is up or nobody wants the answer any more. `None` then.
    pub(super) fn run_within<A: AsRef<OsStr>>(
        &self,
        dir: &Path,
        arguments: &[A],
        input: Vec<u8>,
        limit: Duration,
        meter: &Meter,
    ) -> io::Result<Option<Said>> {
        let mut command = self.start(dir, arguments)?;
        command.stdin(Stdio::piped());
        let mut child = command.spawn()?;
        let (stdin, stdout, stderr) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let child = Arc::new(Mutex::new(child));
        let (finished, wait) = mpsc::channel::<()>();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                if let Some(mut stdin) = stdin {
                    // git may end before it has read everything
                    stdin.write_all(&input).ok();
                }
            });
            let errors = scope.spawn(move || {
                let mut text = Vec::new();
                if let Some(mut stderr) = stderr {
                    stderr.read_to_end(&mut text).ok();
                }
                String::from_utf8_lossy(&text).into_owned()
            });
            let watched = Arc::clone(&child);
            let watch = scope.spawn(move || watch_over(&watched, &wait, limit, meter));
            let mut out = Vec::new();
            if let Some(mut stdout) = stdout {
                stdout.read_to_end(&mut out)?;
            }
            drop(finished);
            let ended = watch.join().unwrap_or(true);
            let status = child
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .wait()?;
            let error = errors.join().unwrap_or_default();
            Ok((!ended).then_some(Said {
                code: status.code(),
                out,
                error,
            }))
        })
    }
}

/// Kills the child when the time is up or the scan is stopped; says whether it did.
fn watch_over(
    child: &Mutex<Child>,
    finished: &mpsc::Receiver<()>,
    limit: Duration,
    meter: &Meter,
) -> bool {
    let started = Instant::now();
    loop {
        match finished.recv_timeout(Duration::from_millis(50)) {
            Err(mpsc::RecvTimeoutError::Timeout) => {
                if meter.stopped() || started.elapsed() > limit {
                    child
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .kill()
                        .ok();
                    return true;
                }
            }
            Ok(()) | Err(mpsc::RecvTimeoutError::Disconnected) => return false,
        }
    }
}
