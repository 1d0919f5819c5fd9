//! What every command gets: the global options, the environment, the streams.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use clap::Args;

use crate::{
    commands::{
        error::CommandError,
        terminal::{AppearanceOptions, StandardStreams, TerminalTraits},
    },
    core::{children::Child, environment::Environment},
    domain::gate::Gate,
    ports::Ports,
    project::{
        settings::{Flags, Settings},
        workspace::{self, AppScope, Workspace},
    },
    report::output::{Output, ProgressStyle},
    sandbox::CarriedPostgres,
};

#[derive(Debug, Clone, Args)]
pub(crate) struct GlobalOptions {
    /// Run as if started in this directory.
    #[arg(short = 'C', long = "directory", value_name = "DIR", global = true)]
    pub directory: Option<PathBuf>,
    /// Use this configuration file instead of neonup.toml in the repository root.
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// Print one JSON document, and nothing else, on standard output.
    #[arg(long, global = true)]
    pub json: bool,
    /// Use numbered lines instead of the full screen, without colors or rewritten lines (also `ACCESSIBLE=1` and `TERM=dumb`).
    #[arg(long, global = true)]
    pub plain: bool,
    #[command(flatten)]
    pub appearance: AppearanceOptions,
    /// Use this API base URL, such as <http://127.0.0.1:8787/api/v2> (also `NEON_API_HOST`).
    #[arg(long, value_name = "URL", global = true)]
    pub api_host: Option<String>,
    /// Trust this extra root certificate (PEM) for the API and for databases (also `NEONUP_CA_FILE`).
    #[arg(long, value_name = "FILE", global = true)]
    pub ca_file: Option<PathBuf>,
    /// Time limit for one request, in seconds.
    #[arg(long, value_name = "SECONDS", global = true, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub timeout: Option<u64>,
    /// Show more on standard error; twice for debugging.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Write a log to this file. It contains no secrets.
    #[arg(long, value_name = "FILE", global = true)]
    pub log: Option<PathBuf>,
}

/// What every command gets beside its own arguments.
#[derive(Debug, Clone)]
pub(crate) struct CommandContext {
    pub options: GlobalOptions,
    pub environment: Environment,
    pub streams: StandardStreams,
    /// What is written passes it, to whichever stream or file.
    pub gate: Gate,
}

impl CommandContext {
    /// Reads the environment and asks the streams of this process.
    pub(super) fn detect(options: GlobalOptions) -> Self {
        let environment = workspace::environment();
        let gate = Gate::default();
        if let Some(key) = environment.api_key() {
            gate.close_to(&key);
        }
        Self {
            options,
            environment,
            streams: StandardStreams::detect(),
            gate,
        }
    }

    /// The settings that the global options ask for; a command adds its own.
    pub(crate) fn flags(&self) -> Flags {
        Flags {
            api_host: self.options.api_host.clone(),
            ca_file: self.options.ca_file.clone(),
            timeout: self.options.timeout.map(Duration::from_secs),
            ..Flags::default()
        }
    }

    /// Opens the project around the directory: for the application there, where `neonup.toml` names several, or for all of them.
    pub(crate) fn open(&self, flags: Flags) -> Result<(Settings, Ports), CommandError> {
        self.open_for(flags, &AppScope::Here)
    }

    /// Opens the project for all of its applications: what they share is meant.
    pub(crate) fn open_whole(&self, flags: Flags) -> Result<(Settings, Ports), CommandError> {
        self.open_for(flags, &AppScope::Whole)
    }

    /// Opens the project for these applications.
    pub(crate) fn open_for(
        &self,
        flags: Flags,
        scope: &AppScope,
    ) -> Result<(Settings, Ports), CommandError> {
        let workspace = Workspace::find(
            self.options.directory.as_deref(),
            self.options.config.as_ref(),
            self.environment.clone(),
        )?;
        let postgres = CarriedPostgres::new(self.postgres());
        let (mut settings, ports) = workspace.open(flags, scope, Arc::new(postgres))?;
        settings.gate = self.gate.clone();
        Ok((settings, ports))
    }

    /// The folder of the Postgres that tries out what SQL makes, if the user names one.
    pub(crate) fn postgres(&self) -> Option<PathBuf> {
        self.environment.get("NEONUP_PG_BIN").map(PathBuf::from)
    }

    /// The folders in which programs of our own are looked for.
    pub(crate) fn search_path(&self) -> Vec<PathBuf> {
        let directory = self.options.directory.as_deref();
        workspace::own_search_path_from(&self.environment, directory)
    }

    /// What a program of our own gets of the environment.
    pub(crate) fn environment_of(&self, child: Child) -> Environment {
        let variables = child.inherits(&self.environment);
        Environment::new(workspace::with_path(variables, &self.search_path()))
    }

    /// Opens the output. With `--plain`, or where the environment asks for it (`ACCESSIBLE=1`, `TERM=dumb`), nothing is
    /// rewritten or colored: it is spoken, or kept in a log.
    pub(crate) fn output(&self) -> Output {
        let is = |name: &str, value: &str| self.environment.get(name) == Some(value);
        let plain = self.options.plain || is("ACCESSIBLE", "1") || is("TERM", "dumb");
        let color = !self.options.appearance.no_color
            && !plain
            && self.environment.get("NO_COLOR").is_none()
            && !is("CLICOLOR", "0")
            && self.streams.stdout;
        let progress = match (self.streams.stderr, plain) {
            (true, true) => ProgressStyle::Spoken,
            (true, false) => ProgressStyle::Rewritten,
            (false, _) => ProgressStyle::Logged,
        };
        let gate = self.gate.clone();
        let mut output = Output::standard(self.options.json, color, progress, gate, Instant::now);
        if TerminalTraits::detect(&self.environment, self.options.appearance).ascii {
            output.in_ascii();
        }
        if plain {
            output.speak();
        } else {
            output.fit(self.streams.width());
        }
        output
    }

    /// Whether questions can be asked on a terminal.
    pub(crate) fn is_interactive(&self) -> bool {
        self.streams.stdin && self.streams.stdout
    }
}
