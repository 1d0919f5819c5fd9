//! `neonup demo`: the wizard on a sample project, against the sandbox: no account, no network.
#![expect(
    clippy::disallowed_methods,
    reason = "the demo creates its own project"
)]

mod environment;
mod project;

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;
use tempfile::TempDir;

use self::environment::SampleEnvironment;
use crate::{
    commands::{
        context::CommandContext,
        error::CommandError,
        frontend::{self, Frontend},
        opening::{self, Opening},
        proposals,
        setup::SetupArgs,
    },
    core::{
        code::Code,
        exit::Exit,
        redact::Redactor,
        skip::{Skip, SkipOrigin, SkipTarget},
        step::StepId,
    },
    os::{files::real, folders, loopback},
    ports::Ports,
    project::{
        sample::{self, Machine},
        settings::{Flags, Settings, TRUST_VARIABLE},
        workspace::{AppScope, Workspace},
    },
    report::output::Output,
    sandbox::{CarriedPostgres, Sandbox, SandboxOptions},
};

/// Try the wizard on a sample project against the sandbox: no account, no network.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Keep the sample project and the sandbox's data here.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Run the steps without the full screen.
    #[arg(long, short = 'y')]
    yes: bool,
    /// Present it to an audience: hides identifiers, explains each step and waits before it acts, shows the keys pressed. `m`
    /// breaks something, `R` resets the demo.
    #[arg(long, conflicts_with = "yes")]
    present: bool,
    /// Play the presentation by itself, again and again, until a key is pressed.
    #[arg(long, requires = "present", conflicts_with = "plain")]
    replay: bool,
    /// Use this Postgres instead of the bundled one.
    #[arg(
        long,
        value_name = "DIR",
        env = "NEONUP_PG_BIN",
        hide_env_values = true
    )]
    pg_bin: Option<PathBuf>,
}

impl DemoArgs {
    pub(super) async fn run(
        self,
        context: &CommandContext,
        output: &mut Output,
    ) -> Result<Exit, CommandError> {
        let frontend = Frontend::choose(context);
        if frontend == Frontend::Nobody && !self.yes {
            return Err(CommandError::DemoNeedsTerminal {
                present: self.present,
            });
        }
        if self.replay && frontend == Frontend::Lines {
            return Err(CommandError::ReplayNeedsScreen);
        }
        let folder = DemoFolder::create(self.dir.as_deref())?;
        let sandbox = Sandbox::start(SandboxOptions {
            dir: Some(folder.path.join("sandbox")),
            pg_bin: self.pg_bin.clone(),
            search_path: context.search_path(),
            ..SandboxOptions::default()
        })
        .await?;
        let project = folder.path.join(sample::NAME);
        let machine = Machine {
            port: free_port(),
            postgres: sandbox.postgres_version().await,
        };
        let result = match project::prepare(&project, machine) {
            Ok(()) => {
                let demo = Demo {
                    folder: &folder,
                    project: &project,
                    sandbox: &sandbox,
                    postgres: machine.postgres,
                };
                self.run_in(demo, frontend, context, output).await
            }
            Err(why) => Err(CommandError::SampleProject { path: project, why }),
        };
        sandbox.shutdown().await;
        result
    }

    async fn run_in(
        &self,
        demo: Demo<'_>,
        frontend: Frontend,
        context: &CommandContext,
        output: &mut Output,
    ) -> Result<Exit, CommandError> {
        let open = demo.workspace(context);
        let (settings, ports) = open()?;
        let notes = demo.notes();
        let private = demo.private_words();
        if self.present {
            output.redactor = Some(Redactor::new(private.clone()));
        }
        let result = if self.yes {
            let setup = SetupArgs::yes(&StepId::ALL);
            setup.run_unasked(settings, ports, None, output).await
        } else {
            let environment = demo.environment(&settings, &ports);
            let opening = Opening {
                editor: opening::editor(context),
                notes: notes.clone(),
                present: self.present,
                replay: self.replay,
                demo: Some(Arc::new(environment)),
                proposals: Some(proposals::of_workspace(move |_| open(), &settings, &ports)),
                private,
            };
            frontend::run(frontend, settings, ports, opening, context, output).await
        };
        for note in notes {
            output.note(note);
        }
        result
    }
}

/// What a demo passes over where it cannot be found out: it runs on machines that have none of the sample's packages.
fn not_on_this_machine() -> Vec<Skip> {
    let reason = "the demo also runs on machines that don't have the sample's packages";
    [Code::HealthDriver, Code::HealthAppStart]
        .into_iter()
        .map(|code| Skip {
            target: SkipTarget::Undetermined(code),
            reason: reason.to_owned(),
            origin: SkipOrigin::Run,
        })
        .collect()
}

/// The sample project and the sandbox that it works with.
#[derive(Clone, Copy)]
struct Demo<'a> {
    folder: &'a DemoFolder,
    project: &'a Path,
    sandbox: &'a Sandbox,
    /// The major version of its Postgres.
    postgres: u32,
}

/// The shell's own variables for Neon and for the database, which would lead out of the demo.
const HIDDEN_VARIABLES: [&str; 6] = [
    "NEON_API_KEY",
    "NEON_API_HOST",
    "NEONUP_CLAIM_HOST",
    "NEON_OAUTH_HOST",
    "NEONUP_CA_FILE",
    "DATABASE_URL",
];

impl Demo<'_> {
    /// What opens the sample project, as often as it has to be.
    fn workspace(
        self,
        context: &CommandContext,
    ) -> impl Fn() -> Result<(Settings, Ports), CommandError> + Send + Sync + 'static {
        let environment = context
            .environment
            .without(&HIDDEN_VARIABLES)
            .with("NEON_API_KEY", self.sandbox.api_key().expose())
            // the sample's commands are our own
            .with(TRUST_VARIABLE, "1");
        let flags = Flags {
            api_host: Some(self.sandbox.api_host()),
            ca_file: Some(self.sandbox.ca_file().to_owned()),
            // it needs no network
            installs_nothing: true,
            skips: not_on_this_machine(),
            ..Flags::default()
        };
        let (project, postgres) = (self.project.to_owned(), context.postgres());
        move || {
            Workspace::at(&project, environment.clone())
                .open(
                    flags.clone(),
                    &AppScope::Here,
                    Arc::new(CarriedPostgres::new(postgres.clone())),
                )
                .map_err(CommandError::DemoWorkspace)
        }
    }

    fn environment(self, settings: &Settings, ports: &Ports) -> SampleEnvironment {
        let health = settings
            .backend
            .as_ref()
            .and_then(|backend| url::Url::parse(backend.health.as_deref()?).ok());
        SampleEnvironment {
            project: self.project.to_owned(),
            machine: Machine {
                port: health.and_then(|url| url.port()).unwrap_or(sample::PORT),
                postgres: self.postgres,
            },
            sandbox: self.sandbox.controls(),
            neon: ports.neon.clone(),
            key: self.sandbox.api_key().clone(),
        }
    }

    fn notes(self) -> Vec<String> {
        let fate = if self.folder.temporary.is_some() {
            "Sample project and sandbox are removed at the end; `neonup demo --dir DIR` keeps them"
        } else {
            "Sample project and sandbox are kept: the same command resumes"
        };
        vec![
            format!("Sample project: {}", self.project.display()),
            format!("Sandbox API: {}", self.sandbox.api_host()),
            fate.to_owned(),
        ]
    }

    /// Where we are: the folder, and the address of the sandbox.
    fn private_words(self) -> Vec<String> {
        let host = self.sandbox.api_host();
        let address = host.trim_start_matches("http://");
        vec![
            self.folder.path.display().to_string(),
            address.trim_end_matches("/api/v2").to_owned(),
        ]
    }
}

/// The application's usual port, or a free one where that is taken: a demo must not fail because of another program.
fn free_port() -> u16 {
    loopback::free_port(sample::PORT)
        .or_else(|| loopback::free_port(0))
        .unwrap_or(sample::PORT)
}

/// The demo's folder; a temporary one is removed at the end.
struct DemoFolder {
    path: PathBuf,
    temporary: Option<TempDir>,
}

impl DemoFolder {
    fn create(dir: Option<&Path>) -> Result<Self, CommandError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source: io::Error| CommandError::DemoFolder { path, source }
        };
        let Some(path) = dir else {
            let temporary =
                folders::create_temporary("neonup-demo-").map_err(failed(&folders::temporary()))?;
            let path = real(temporary.path()).unwrap_or_else(|_| temporary.path().to_owned());
            return Ok(Self {
                path,
                temporary: Some(temporary),
            });
        };
        fs::create_dir_all(path).map_err(failed(path))?;
        Ok(Self {
            path: real(path).map_err(failed(path))?,
            temporary: None,
        })
    }
}
