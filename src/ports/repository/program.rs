//! The git program: started with nothing that could change its answer, and never waited for without end.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    io::{self, Read as _, Write as _},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    sync::{Arc, Mutex, OnceLock, PoisonError, mpsc},
    thread,
    time::{Duration, Instant},
};

use crate::{
    core::{children::GIT_REPOSITORY, event::ActivityKind},
    ports::progress,
    ports::repository::{error::GitError, meter::Meter},
};

/// Those of them that are a path.
const PATH_VARIABLES: [&str; 5] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_COMMON_DIR",
];

/// What a repository's own configuration must not decide, since it would start a program because somebody looks: the command
/// line wins over every file. What the user's configuration says of ignoring files stays. The question where hooks lie is the one that
/// is asked without it.
const NEUTRAL: &[&str] = &[
    "core.fsmonitor=false",
    NO_HOOKS,
    "core.pager=cat",
    "core.editor=false",
    "core.sshCommand=false",
    "core.askPass=false",
    "core.alternateRefsCommand=false",
    "credential.helper=",
    "diff.external=",
    "gpg.program=false",
    "gpg.ssh.program=false",
    "gpg.x509.program=false",
    "log.showSignature=false",
    "protocol.allow=never",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
];

/// The most keys of filters that are switched off, by variables: more than any repository has, and less than a program can be given.
const MOST_FILTER_KEYS: usize = 2000;

/// Writing the index would run the hook `post-index-change`.
const NO_HOOKS: &str = "core.hooksPath=/dev/null";

/// How to start git.
#[derive(Debug, Clone)]
pub(super) struct GitProgram {
    /// `None` where there is to be no git.
    name: Option<String>,
    environment: GitEnvironment,
    available: Arc<OnceLock<bool>>,
}

/// The whole environment that git is started with.
#[derive(Debug, Clone)]
pub(crate) enum GitEnvironment {
    /// What it gets of ours, which may tie it to one repository.
    Inherited(Vec<(String, String)>),
    /// One that ties it to none.
    Given(Vec<(String, String)>),
}

/// What git answered.
pub(super) struct ProgramOutput {
    /// The exit code; `None` after a signal.
    pub(super) code: Option<i32>,
    pub(super) out: Vec<u8>,
    error: String,
}

impl ProgramOutput {
    pub(super) fn success(&self) -> bool {
        self.code == Some(0)
    }

    /// Why git failed: the first line of its error, without `fatal:`.
    pub(super) fn failure(&self) -> GitError {
        let line = self.error.lines().next().unwrap_or("git gave no reason");
        let reason = line
            .trim_start_matches("fatal: ")
            .trim_start_matches("error: ")
            .to_owned();
        if reason.contains("dubious ownership") {
            GitError::ForeignOwner(reason)
        } else {
            GitError::Refused(reason)
        }
    }

    /// Standard output, split at NUL.
    pub(super) fn records(&self) -> impl Iterator<Item = &[u8]> {
        self.out
            .split(|byte| *byte == 0)
            .filter(|record| !record.is_empty())
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.out).into_owned()
    }
}

impl From<std::process::Output> for ProgramOutput {
    fn from(output: std::process::Output) -> Self {
        Self {
            code: output.status.code(),
            out: output.stdout,
            error: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl GitProgram {
    /// Git by this name.
    pub(super) fn new(name: Option<String>, environment: GitEnvironment) -> Self {
        Self {
            name,
            environment,
            available: Arc::default(),
        }
    }

    /// The same program for a nested repository: `GIT_DIR` and its kin would lead back to the outer one.
    pub(super) fn untied(&self) -> Self {
        let mut git = self.clone();
        if let GitEnvironment::Inherited(variables) = &self.environment {
            let mut variables = variables.clone();
            variables.retain(|(name, _)| !GIT_REPOSITORY.contains(&name.as_str()));
            git.environment = GitEnvironment::Given(variables);
        }
        git
    }

    /// A variable of its environment.
    pub(super) fn variable(&self, wanted: &str) -> Option<&str> {
        let (GitEnvironment::Inherited(variables) | GitEnvironment::Given(variables)) =
            &self.environment;
        let mut values = variables.iter().filter(|(name, _)| name == wanted);
        values.next_back().map(|(_, value)| value.as_str())
    }

    /// Makes the paths that tie git to a repository absolute, since it is started elsewhere.
    pub(super) fn anchored(mut self, directory: &Path) -> Self {
        if let GitEnvironment::Inherited(variables) = &mut self.environment {
            for (name, value) in variables {
                if PATH_VARIABLES.contains(&name.as_str()) && !value.is_empty() {
                    *value = directory.join(&*value).to_string_lossy().into_owned();
                }
            }
        }
        self
    }

    /// Whether the variables of our own environment choose the repository.
    pub(super) const fn is_tied(&self) -> bool {
        matches!(self.environment, GitEnvironment::Inherited(_))
    }

    /// Whether there is a git that starts.
    pub(super) fn available(&self) -> bool {
        *self.available.get_or_init(|| {
            self.command().is_ok_and(|mut command| {
                command
                    .arg("--version")
                    .stdout(Stdio::null())
                    .stderr(Stdio::null());
                command.status().is_ok_and(|status| status.success())
            })
        })
    }

    fn command(&self) -> Result<Command, GitError> {
        let mut command = Command::new(self.name.as_ref().ok_or(GitError::Missing)?);
        let (GitEnvironment::Inherited(variables) | GitEnvironment::Given(variables)) =
            &self.environment;
        command
            .env_clear()
            .envs(variables.iter().map(|(name, value)| (name, value)));
        command
            // no lock, no question, no fetch, no translation
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_NO_LAZY_FETCH", "1")
            // git before 2.45 does not know that variable, and fetches a missing object: from nowhere
            .env("GIT_ALLOW_PROTOCOL", "none")
            // what is pushed is the object itself, whatever stands in its place here
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .env("GIT_GRAFT_FILE", "/dev/null")
            .env("LC_ALL", "C")
            .stdin(Stdio::null());
        Ok(command)
    }

    /// Where git itself looks for hooks: the one question in which the repository's own word on hooks counts. It runs none.
    pub(super) fn hooks_folder(&self, dir: &Path) -> Result<ProgramOutput, GitError> {
        let without = |setting: &&&str| **setting != NO_HOOKS;
        let output = self
            .command()?
            .arg("-C")
            .arg(dir)
            .args(
                NEUTRAL
                    .iter()
                    .filter(without)
                    .flat_map(|setting| ["-c", setting]),
            )
            .args(["rev-parse", "--git-path", "hooks"])
            .output()
            .map_err(unstarted)?;
        let output = ProgramOutput::from(output);
        if output.success() {
            Ok(output)
        } else {
            Err(output.failure())
        }
    }

    fn start<A: AsRef<OsStr>>(&self, dir: &Path, arguments: &[A]) -> Result<Command, GitError> {
        let mut command = self.command()?;
        progress::activity(ActivityKind::Git, || {
            let arguments = arguments.iter().map(|part| part.as_ref().to_string_lossy());
            arguments.collect::<Vec<_>>().join(" ")
        });
        command
            .arg("-C")
            .arg(dir)
            .arg("--no-pager")
            .args(NEUTRAL.iter().flat_map(|setting| ["-c", setting]))
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Ok(command)
    }

    /// Runs git to its end, which has to be a success, where it writes the index. Then git compares files that are as new as the index
    /// with what it holds, and starts their clean filters for that: here they are none.
    pub(super) fn write_index(&self, dir: &Path, arguments: &[&str]) -> Result<(), GitError> {
        let question = ["config", "-z", "--name-only", "--get-regexp", r"^filter\."];
        let listed = self.run(dir, &question)?;
        let keys: BTreeSet<_> = listed
            .records()
            .filter_map(|key| std::str::from_utf8(key).ok())
            .filter_map(|key| key.rsplit_once('.'))
            .flat_map(|(driver, _)| {
                let off = |(name, value)| (format!("{driver}.{name}"), value);
                [
                    ("clean", ""),
                    ("smudge", ""),
                    ("process", ""),
                    ("required", "false"),
                ]
                .map(off)
            })
            .collect();
        if keys.len() > MOST_FILTER_KEYS {
            return Err(GitError::Refused(format!(
                "its configuration has more than {MOST_FILTER_KEYS} filter keys"
            )));
        }
        let (GitEnvironment::Inherited(variables) | GitEnvironment::Given(variables)) =
            &self.environment;
        let count = variables
            .iter()
            .find(|(name, _)| name == "GIT_CONFIG_COUNT");
        let before: usize = count.and_then(|(_, count)| count.parse().ok()).unwrap_or(0);
        let mut command = self.start(dir, arguments)?;
        command.env("GIT_CONFIG_COUNT", (before + keys.len()).to_string());
        for (number, (key, value)) in keys.iter().enumerate() {
            let number = before + number;
            command
                .env(format!("GIT_CONFIG_KEY_{number}"), key)
                .env(format!("GIT_CONFIG_VALUE_{number}"), value);
        }
        let output = ProgramOutput::from(command.output().map_err(unstarted)?);
        if output.success() {
            Ok(())
        } else {
            Err(output.failure())
        }
    }

    /// Runs git to its end, whatever its exit code.
    pub(super) fn run<A: AsRef<OsStr>>(
        &self,
        dir: &Path,
        arguments: &[A],
    ) -> Result<ProgramOutput, GitError> {
        let output = self.start(dir, arguments)?.output().map_err(unstarted)?;
        Ok(output.into())
    }

    /// Runs git to its end, which has to be a success.
    pub(super) fn query<A: AsRef<OsStr>>(
        &self,
        dir: &Path,
        arguments: &[A],
    ) -> Result<ProgramOutput, GitError> {
        let output = self.run(dir, arguments)?;
        if output.success() {
            Ok(output)
        } else {
            Err(output.failure())
        }
    }

    /// Runs git, writes `input` to it, and ends it when the time is up or nobody wants the answer any more.
    pub(super) fn run_within<A: AsRef<OsStr>>(
        &self,
        dir: &Path,
        arguments: &[A],
        input: Vec<u8>,
        limit: Duration,
        meter: &Meter,
    ) -> Result<ProgramOutput, GitError> {
        let read = |mut out: ChildStdout| {
            let mut bytes = Vec::new();
            out.read_to_end(&mut bytes).map(|_| bytes)
        };
        let (out, output) = self.stream_within(dir, arguments, input, (limit, meter), read)?;
        Ok(ProgramOutput { out, ..output })
    }

    /// The same, for an answer that is read as it comes. Gives what was read, and how git ended.
    pub(super) fn stream_within<A: AsRef<OsStr>, T>(
        &self,
        dir: &Path,
        arguments: &[A],
        input: Vec<u8>,
        (limit, meter): (Duration, &Meter),
        read: impl FnOnce(ChildStdout) -> io::Result<T>,
    ) -> Result<(T, ProgramOutput), GitError> {
        let mut command = self.start(dir, arguments)?;
        command.stdin(Stdio::piped());
        let mut child = command.spawn().map_err(unstarted)?;
        let (stdin, stdout, stderr) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let child = Mutex::new(child);
        let (finished, wait) = mpsc::channel::<()>();
        thread::scope(|scope| {
            scope.spawn(move || {
                if let Some(mut stdin) = stdin {
                    // git may end before it has read everything
                    stdin.write_all(&input).ok();
                }
            });
            let errors = scope.spawn(move || read_all(stderr));
            let child = &child;
            let watch = scope.spawn(move || watch_over(child, &wait, limit, meter));
            let out = stdout.map_or_else(|| Err(io::ErrorKind::BrokenPipe.into()), read);
            drop(finished);
            let killed = watch.join().unwrap_or(true);
            let status = child
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .wait()?;
            let error = errors.join().unwrap_or_else(|_| Ok(Vec::new()));
            if killed {
                return Err(GitError::TimedOut);
            }
            let output = ProgramOutput {
                code: status.code(),
                out: Vec::new(),
                error: String::from_utf8_lossy(&error.unwrap_or_default()).into_owned(),
            };
            Ok((out?, output))
        })
    }
}

fn unstarted(error: io::Error) -> GitError {
    if error.kind() == io::ErrorKind::NotFound {
        GitError::Missing
    } else {
        error.into()
    }
}

fn read_all(stream: Option<impl io::Read>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(mut stream) = stream {
        stream.read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// Kills git when the time is up or the scan is stopped; whether it did.
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
