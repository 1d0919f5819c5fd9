//! `neonup demo`: the wizard on a sample project, against the sandbox: no account, no network.

mod environment;
mod project;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use self::environment::Sample;
use crate::{
    commands::cli::{self, Display, Front, Workspace},
    core::{code::Code, environment::Environment, exit::Exit, failure::Failure},
    os::subprocess::is_running,
    ports::Ports,
    project::{
        sample,
        settings::{Flags, Settings},
    },
    sandbox::{Options, Sandbox},
};
use crate::{
    commands::{Output, sandbox, setup, wizard::Opening},
    core::redact::Redactor,
};

/// How the demo is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct How {
    /// Where the project and the sandbox's data are kept; `None`: in a folder that goes at the end.
    pub dir: Option<PathBuf>,
    /// The Postgres to use instead of the bundled one.
    pub pg_bin: Option<PathBuf>,
    /// Who asks the questions; `None`: nobody, since the defaults are taken.
    pub front: Option<Front>,
    /// Whether it is shown to a room.
    pub present: bool,
    /// How screens are drawn.
    pub display: Display,
}

/// Runs the demo.
pub(crate) async fn run(how: How, output: &mut Output) -> Exit {
    if how.front == Some(Front::Nobody) {
        let failure = Failure::new(
            Code::LoginMissingKey,
            "the demo needs a terminal, and this is none",
        )
        .hint(if how.present {
            "`neonup demo --present --plain` tells the same in lines"
        } else {
            "`neonup demo --plain` asks in lines, and `neonup demo --yes` asks nothing"
        });
        return output.failed(&failure, Exit::Failed);
    }
    let scratch = match Scratch::make(how.dir.clone()) {
        Ok(scratch) => scratch,
        Err(failure) => return output.failed(&failure, Exit::Failed),
    };
    let options = Options {
        dir: Some(scratch.path.join("sandbox")),
        pg_bin: how.pg_bin.clone(),
        ..Options::default()
    };
    let sandbox = match Sandbox::start(options).await {
        Ok(sandbox) => sandbox,
        Err(error) => return output.failed(&sandbox::failure(&error), Exit::Failed),
    };
    let project = scratch.path.join(sample::NAME);
    let exit = match project::prepare(&project, free_port()) {
        Ok(()) => in_project(&scratch, &project, &sandbox, &how, output).await,
        Err(failure) => output.failed(&failure, Exit::Failed),
    };
    sandbox.shutdown().await;
    exit
}

async fn in_project(
    scratch: &Scratch,
    project: &Path,
    sandbox: &Sandbox,
    how: &How,
    output: &mut Output,
) -> Exit {
    // the shell's own variables for Neon and for the database would lead out of the demo
    let hidden = [
        "NEON_API_KEY",
        "NEON_API_HOST",
        "NEONUP_CLAIM_HOST",
        "NEONUP_CA_FILE",
        "DATABASE_URL",
    ];
    let variables = std::env::vars().filter(|(name, _)| !hidden.contains(&name.as_str()));
    let environment = Environment::new(variables.chain([(
        "NEON_API_KEY".to_owned(),
        sandbox.api_key().expose().to_owned(),
    )]));
    let flags = Flags {
        api_host: Some(sandbox.api_host()),
        ca_file: Some(sandbox.ca_file().to_owned()),
        ..Flags::default()
    };
    let (settings, ports) = match Workspace::at(project, environment).open(flags) {
        Ok(opened) => opened,
        Err(error) => return output.failed(&cli::unopened(&error), Exit::Failed),
    };
    let notes = vec![
        format!("The sample project lies in {}", project.display()),
        format!("The sandbox serves {}", sandbox.api_host()),
        scratch.fate(),
    ];
    // where we are: the folder, and the address of the sandbox
    let private = vec![
        scratch.path.display().to_string(),
        sandbox
            .api_host()
            .trim_start_matches("http://")
            .trim_end_matches("/api/v2")
            .to_owned(),
    ];
    if how.present {
        output.redactor = Some(Redactor::new(private.clone()));
    }
    let exit = if let Some(front) = how.front {
        let opening = Opening {
            notes: notes.clone(),
            present: how.present,
            demo: Some(Arc::new(sample_environment(
                project, sandbox, &settings, &ports,
            ))),
            private: private.clone(),
        };
        cli::wizard(settings, ports, front, how.display, opening, output).await
    } else {
        let how = setup::How {
            yes: true,
            dry_run: false,
            lines: false,
        };
        setup::run(settings, ports, &[], how, output).await
    };
    for note in notes {
        output.note(note);
    }
    exit
}

/// What incidents happen in: this project, and this sandbox.
fn sample_environment(
    project: &Path,
    sandbox: &Sandbox,
    settings: &Settings,
    ports: &Ports,
) -> Sample {
    let health = settings
        .backend
        .as_ref()
        .and_then(|backend| url::Url::parse(backend.health.as_deref()?).ok());
    Sample {
        project: project.to_owned(),
        port: health.and_then(|url| url.port()).unwrap_or(sample::PORT),
        sandbox: sandbox.controls(),
        neon: ports.neon.clone(),
        key: sandbox.api_key().clone(),
    }
}

/// The application's usual port, or a free one where that is taken: a demo must not fail for another program.
fn free_port() -> u16 {
    let try_port = |port: u16| {
        let listener = std::net::TcpListener::bind(("127.0.0.1", port)).ok()?;
        listener.local_addr().ok().map(|address| address.port())
    };
    try_port(8000).or_else(|| try_port(0)).unwrap_or(8000)
}

/// The demo's folder; a temporary one is removed at the end.
struct Scratch {
    path: PathBuf,
    temporary: Option<tempfile::TempDir>,
}

impl Scratch {
    fn make(dir: Option<PathBuf>) -> Result<Self, Failure> {
        let failed = |path: &Path, error: &std::io::Error| {
            Failure::new(
                Code::BackendNotFound,
                format!("cannot make the demo's folder `{}`", path.display()),
            )
            .why(error.to_string())
            .hint("choose another folder with --dir")
        };
        let Some(path) = dir else {
            sweep();
            let temporary = tempfile::Builder::new()
                .prefix(&format!("{PREFIX}{}-", std::process::id()))
                .tempdir()
                .map_err(|error| failed(&std::env::temp_dir(), &error))?;
            let path = temporary
                .path()
                .canonicalize()
                .unwrap_or_else(|_| temporary.path().to_owned());
            return Ok(Self {
                path,
                temporary: Some(temporary),
            });
        };
        std::fs::create_dir_all(&path).map_err(|error| failed(&path, &error))?;
        let path = path.canonicalize().map_err(|error| failed(&path, &error))?;
        Ok(Self {
            path,
            temporary: None,
        })
    }

    fn fate(&self) -> String {
        if self.temporary.is_some() {
            "Both are removed at the end; `neonup demo --dir DIR` keeps them".to_owned()
        } else {
            "Both are kept: the same command goes on from there".to_owned()
        }
    }
}

const PREFIX: &str = "neonup-demo-";

/// Removes the folders of demos that were killed.
fn sweep() {
    let Ok(entries) = std::fs::read_dir(std::env::temp_dir()) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let pid = name
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.split('-').next())
            .and_then(|pid| pid.parse::<i32>().ok());
        if pid.is_some_and(|pid| !is_running(pid)) {
            // somebody else's folder cannot be removed, and need not be
            std::fs::remove_dir_all(entry.path()).ok();
        }
    }
}
