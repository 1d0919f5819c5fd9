//! Why a command did not do its work.

use std::{io, path::PathBuf};

use crate::{
    core::{exit::Exit, failure::Failure, invocation::Invocation, step::StepId},
    domain::reading::Spot,
    ports::{psql::PsqlError, records::RecordError},
    project::workspace::WorkspaceError,
    report::error::ErrorReport,
    sandbox::SandboxError,
    tui::TerminalError,
};

/// What helps where a replay has no full screen.
const REPLAY_HINT: &str =
    "unset ACCESSIBLE, and set TERM to the terminal's name; or leave out --replay";

/// Why a command did not do its work. It displays what failed; [`CommandError::report`] says all of it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// The directory, the configuration or a host cannot be used.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    #[error("can't write the log `{}`", path.display())]
    Log { path: PathBuf, source: io::Error },
    #[error("--fault isn't valid")]
    Fault(String),

    /// The async runtime.
    #[error("can't start")]
    Runtime(#[source] io::Error),
    /// A task of ours panicked; the text is its place.
    #[error("a bug in neonup: {0}")]
    Bug(String),
    /// The same, where the wizard had the screen.
    #[error("a bug in neonup: {0}")]
    ScreenBug(String),

    /// A step or a port failed.
    #[error("{}", .0.what)]
    Failure(#[from] Failure),
    #[error("the wizard needs a terminal")]
    NoTerminal,
    #[error("can't use the terminal")]
    Terminal(#[from] TerminalError),
    #[error(transparent)]
    Sandbox(#[from] SandboxError),

    #[error("the demo needs a terminal")]
    DemoNeedsTerminal { present: bool },
    #[error("a replay needs a full screen, and this terminal has none")]
    ReplayNeedsScreen,
    #[error(transparent)]
    DemoWorkspace(WorkspaceError),
    #[error("can't create the demo's folder `{}`", path.display())]
    DemoFolder { path: PathBuf, source: io::Error },
    #[error("can't create the sample project in `{}`", path.display())]
    SampleProject { path: PathBuf, why: String },

    #[error("can't read the key from this terminal")]
    KeyNotTyped(#[source] io::Error),
    #[error("can't read the key from standard input")]
    KeyNotPiped(#[source] io::Error),
    #[error("the OS keyring can't store a key here")]
    NoKeyring(String),
    #[error("the key is empty: nothing arrived on standard input")]
    NoKeyPiped,
    #[error("standard input contains something other than one API key")]
    NotAKey,

    #[error("no Neon API key was found, and there is no terminal to ask for one")]
    NoKeyForSetup,
    /// Steps that fail at the first look.
    #[error("setup stopped before it changed anything in the project, because {} failed", names(.0))]
    SetupStopped(Vec<StepId>),
    /// Steps that setup would ask about.
    #[error("not a terminal, so setup can't ask about {}", names(.0))]
    SetupUnanswered(Vec<StepId>),
    #[error("not a terminal, and this needs your consent: {}", would.join("; "))]
    RotationUnanswered {
        would: Vec<String>,
        command: Invocation,
    },
    #[error("nothing was rotated: the {step} step isn't done")]
    NotRotated { step: StepId, evidence: String },
    #[error("this clone has no temporary database to claim")]
    NothingToClaim,

    #[error("not a terminal, so neonup can't ask whether to trust these commands")]
    TrustUnanswered,
    #[error("can't remember the content of `{command}`")]
    NotTrustable { command: String, why: String },
    #[error("can't use the stored trust")]
    Trust(#[source] RecordError),

    #[error("there is no manual page for `{0}`")]
    NoManualPage(String),
    #[error("no env file of this clone has a connection URL yet")]
    NoConnection,
    #[error(transparent)]
    Psql(#[from] PsqlError),
    #[error("can't read what the presentation shows")]
    Presentation(#[source] RecordError),
    #[error("nothing to explain")]
    NothingToExplain,
    #[error("can't read the log from standard input")]
    LogNotRead(#[source] io::Error),

    #[error("`{}` already exists and was not changed", .0.display())]
    ConfigExists(PathBuf),
    #[error("nothing was written")]
    ConfigDeclined,
    /// What is asked here is asked of one application.
    #[error("neonup.toml names several apps: {}", .0.join(", "))]
    SeveralApps(Vec<String>),
    #[error("the app uses {server}, not Postgres")]
    NotPostgres { server: &'static str, at: Spot },
    #[error("can't write `{}`", path.display())]
    ConfigNotWritten { path: PathBuf, source: io::Error },
}

impl CommandError {
    /// The exit code.
    pub(crate) const fn exit(&self) -> Exit {
        match self {
            Self::Workspace(_)
            | Self::SeveralApps(_)
            | Self::Log { .. }
            | Self::Fault(_)
            | Self::NoManualPage(_)
            | Self::NothingToExplain => Exit::Usage,
            Self::Runtime(_) | Self::Bug(_) | Self::ScreenBug(_) => Exit::Bug,
            Self::Failure(_)
            | Self::NoTerminal
            | Self::Terminal(_)
            | Self::Sandbox(_)
            | Self::DemoNeedsTerminal { .. }
            | Self::ReplayNeedsScreen
            | Self::DemoWorkspace(_)
            | Self::DemoFolder { .. }
            | Self::SampleProject { .. }
            | Self::KeyNotTyped(_)
            | Self::KeyNotPiped(_)
            | Self::NoKeyring(_)
            | Self::NoKeyPiped
            | Self::NotAKey
            | Self::NoKeyForSetup
            | Self::SetupStopped(_)
            | Self::SetupUnanswered(_)
            | Self::RotationUnanswered { .. }
            | Self::NotRotated { .. }
            | Self::NothingToClaim
            | Self::TrustUnanswered
            | Self::NotTrustable { .. }
            | Self::Trust(_)
            | Self::Presentation(_)
            | Self::NoConnection
            | Self::Psql(_)
            | Self::LogNotRead(_)
            | Self::ConfigExists(_)
            | Self::ConfigDeclined
            | Self::NotPostgres { .. }
            | Self::ConfigNotWritten { .. } => Exit::Failed,
        }
    }

    /// What failed, why, and what to do about it.
    pub(crate) fn report(&self) -> ErrorReport {
        let report = ErrorReport::new(self.to_string());
        match self {
            Self::Workspace(error) | Self::DemoWorkspace(error) => {
                report.why(error.why()).hint(error.hint())
            }
            Self::Failure(failure) => ErrorReport::from(failure),
            Self::Log { source, .. } | Self::Runtime(source) => report.why(source.to_string()),
            Self::Fault(why) => report
                .why(why)
                .hint("for example --fault latency_ms=100; see `neonup sandbox --help`"),
            Self::Bug(_) => report.hint("please report it, with the command you ran"),
            Self::ScreenBug(_) => report.hint("please report it; nothing is left half-written"),
            Self::NoTerminal => report.hint(
                "run `neonup setup --yes` for the same steps without a screen, `neonup check` to change nothing, or add \
                --plain for numbered lines",
            ),
            Self::Terminal(error) => report
                .why(error.to_string())
                .hint("add --plain for numbered lines, or run `neonup setup --yes`"),
            Self::Sandbox(error) => report.hint(error.hint()),
            Self::DemoNeedsTerminal { present: true } => {
                report.hint("run `neonup demo --present --plain` for the same in numbered lines")
            }
            Self::DemoNeedsTerminal { present: false } => report
                .hint("run `neonup demo --plain` for numbered lines, or `neonup demo --yes` for no questions"),
            Self::ReplayNeedsScreen => report.hint(REPLAY_HINT),
            Self::DemoFolder { source, .. } => report
                .why(source.to_string())
                .hint("choose another folder with --dir"),
            Self::SampleProject { why, .. } => {
                report.why(why).hint("choose another folder with --dir")
            }
            Self::KeyNotTyped(source) => report
                .why(source.to_string())
                .hint("pipe it: `neonup login < key-file`"),
            Self::KeyNotPiped(source) => report
                .why(source.to_string())
                .hint("pipe the key as text: `neonup login < key-file`"),
            Self::NoKeyring(why) => report.why(why.clone()).hint(
                "unlock it, or run `neonup login --store file` (a 0600 file, in plain text) or `--store session`",
            ),
            Self::NoKeyPiped => {
                report.hint("pipe the key: `neonup login < key-file`, or set NEON_API_KEY")
            }
            Self::NotAKey => report
                .why("a key is one line that starts with napi_; nothing was sent to Neon")
                .hint("pipe only the key: `neonup login < key-file`"),
            Self::NoKeyForSetup => {
                report.hint("set NEON_API_KEY, or pipe the key: `neonup login < key-file`")
            }
            Self::SetupStopped(_) => report.hint("fix that first, or name the other steps: neonup setup STEP…"),
            Self::SetupUnanswered(_) => report.hint(
                "add --yes for the safe default of each question; --project ID, --new, --edit-code and --store answer the rest",
            ),
            Self::RotationUnanswered { command, .. } => report.hint(format!("{command} --yes")),
            Self::NotRotated { step, evidence } => report
                .why(evidence)
                .hint(Invocation::SetupStep(*step).to_string()),
            Self::NothingToClaim => {
                report.hint(format!("run {} to create one", Invocation::SetupClaimable))
            }
            Self::TrustUnanswered => report.hint("run `neonup trust --yes` to trust what is shown above"),
            Self::NotTrustable { why, .. } => report
                .why(why)
                .hint("run `neonup setup --trust`, or set NEONUP_TRUST=1, to run it this once"),
            Self::Trust(error) => report
                .why(error.to_string())
                .hint("set NEONUP_TRUST=1 to trust this clone for one run"),
            Self::NoManualPage(_) => report.hint("run `neonup man --list` for the names of all pages"),
            Self::NoConnection => report.hint("run `neonup setup env` to write it"),
            Self::Psql(PsqlError::NotInstalled) => {
                report.hint("install the PostgreSQL client, such as the package postgresql-client")
            }
            Self::Psql(PsqlError::NotStarted(source) | PsqlError::NoPasswordFile(source)) => {
                report.why(source.to_string())
            }
            Self::Presentation(error) => report
                .why(error.to_string())
                .hint("delete that file, and start the presentation again"),
            Self::NothingToExplain => report.hint(
                "name a finding's code (`neonup explain env.stale-url`), or pipe a log (`neonup explain < app.log`)",
            ),
            Self::LogNotRead(source) => report
                .why(source.to_string())
                .hint("pipe it as a file: `neonup explain < app.log`"),
            Self::ConfigExists(_) => report.hint("edit it, or delete it first"),
            Self::SeveralApps(apps) => report.hint(format!(
                "choose one with `neonup -C {}`; `neonup setup --yes` and `neonup check` go through all of them",
                apps.first().map_or(".", String::as_str)
            )),
            Self::ConfigDeclined => report.hint("run `neonup init --yes` to write what is shown above"),
            Self::NotPostgres { at, .. } => report
                .why(format!("{}:{} says so", at.file, at.line))
                .hint("move the app to Postgres first; or, if another part of it uses Neon, write neonup.toml by hand"),
            Self::ConfigNotWritten { source, .. } => report
                .why(source.to_string())
                .hint("check the folder's permissions"),
        }
    }
}

fn names(steps: &[StepId]) -> String {
    let names: Vec<_> = steps.iter().map(|id| id.name()).collect();
    names.join(", ")
}
