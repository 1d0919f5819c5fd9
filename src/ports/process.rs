//! Other programs: the application, migration commands, interpreters.

pub(crate) mod os;
mod sockets;

use std::{
    fmt, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use async_trait::async_trait;

use crate::core::{children::Child, secret::Secret};

/// A command to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CommandSpec {
    /// What it is, which decides what it inherits.
    pub child: Child,
    /// The program and its arguments; never a secret.
    pub argv: Vec<String>,
    pub dir: PathBuf,
    /// Variables beside what such a program inherits.
    pub env: Vec<(String, Secret)>,
}

/// Why a command did not run to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProcessError {
    #[error("there is no command to run")]
    NoCommand,
    #[error("can't start `{program}`")]
    NotStarted { program: String, source: io::Error },
    #[error("`{command}` didn't end within {} s", .limit.as_secs())]
    TimedOut { command: String, limit: Duration },
    /// It was ended, since it waits for an answer that nobody can give. Its output may hold secrets.
    #[error("`{command}` asks a question, and there is no terminal to answer it on")]
    Asks { command: String, output: String },
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CommandExit {
    /// The exit code; `None` after a signal.
    pub code: Option<i32>,
    /// The last lines of its output, both streams. May hold secrets: show only what [`crate::domain`] has picked and masked.
    pub output: String,
    /// The same with standard output first and then standard error: in `output` one may begin in the middle of a line of the other.
    pub apart: String,
    /// Whether there was more before it.
    pub cut: bool,
}

/// The application while it runs. Dropping it stops the whole process group.
#[async_trait]
pub(crate) trait Running: Send {
    /// How it ended, if it has.
    fn exit(&mut self) -> Option<CommandExit>;

    /// The output so far.
    fn output(&self) -> String;

    /// Tells whether an answer from this address of the machine came from it, or from what it has started.
    async fn origin(&self, from: SocketAddr) -> Origin;

    /// The addresses on which it, or what it has started, listens.
    async fn listens(&self) -> Vec<SocketAddr>;

    /// Stops the process group: SIGTERM, then SIGKILL after a moment.
    async fn stop(&mut self);
}

/// A process that listens on a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PortHolder {
    pub pid: u32,
    pub name: String,
}

impl fmt::Display for PortHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` (process {})", self.name, self.pid)
    }
}

/// Whose answer it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The program's that was started, or of one that it has started.
    Started,
    /// Another one's, as far as the system tells whose.
    Others(Vec<PortHolder>),
}

/// The answer of the application's health route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HttpAnswer {
    /// The address that answered.
    pub from: Option<SocketAddr>,
    pub status: u16,
    /// Where a redirect leads, which is not followed.
    pub redirect: Option<String>,
    /// The body, cut at 64 KiB.
    pub body: String,
}

/// Other programs.
#[async_trait]
pub(crate) trait Process: Send + Sync {
    /// Finds the full path of a program as `dir`'s own environment has it: a `.venv`, `venv` or `env` in `dir` or above it first, then
    /// what Poetry or Pipenv keeps elsewhere for the project, then the activated one, then `PATH`.
    fn find(&self, program: &str, dir: &Path) -> Option<PathBuf>;

    /// Runs a command to its end, at most for this long.
    async fn run(
        &self,
        command: &CommandSpec,
        limit: Duration,
    ) -> Result<CommandExit, ProcessError>;

    /// Starts a command in a process group of its own.
    async fn start(&self, command: &CommandSpec) -> Result<Box<dyn Running>, ProcessError>;

    /// Asks a loopback URL once. Redirects are not followed.
    async fn get(&self, url: &str, limit: Duration) -> Option<HttpAnswer>;

    /// Lists the running programs of this user whose environment holds this secret: pid and name. Empty where the system does not tell.
    fn holding(&self, secret: &Secret) -> Vec<(u32, String)>;

    /// Finds a loopback port on which nothing listens now.
    async fn free_port(&self) -> Option<u16>;

    /// The processes that listen on this port, as far as the system tells.
    async fn holders(&self, port: u16) -> Vec<PortHolder>;

    /// Whether something listens on this loopback port.
    async fn listening(&self, port: u16) -> bool;
}
