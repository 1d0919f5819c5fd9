//! `neonup status`: whose key is used, which project, and where things are.

use clap::Args;
use serde::Serialize;

use crate::{
    commands::{context::CommandContext, error::CommandError, session::CommandSession, version},
    core::{exit::Exit, facts::Facts, plan::Plan, step::StepId},
    ports::own_program::OwnProgram,
    project::settings::Settings,
    report::{
        json::PlanDocument,
        output::Output,
        styled::{StyledLine, Tone},
    },
};

/// Show the account, project and file locations, and how neonup was installed.
#[derive(Debug, Args)]
pub(crate) struct StatusArgs;

const STEPS: [StepId; 2] = [StepId::Login, StepId::Project];

/// The sandbox has one address for both kinds of URL.
const NO_POOLER: &str = "none in the sandbox; pooled URLs connect directly";

type Row = (&'static str, String);

/// What is printed with `--json`.
#[derive(Serialize)]
struct StatusDocument<'a> {
    #[serde(flatten)]
    plan: PlanDocument<'a>,
    program: ProgramDocument,
}

/// This program.
#[derive(Serialize)]
struct ProgramDocument {
    version: &'static str,
    target: &'static str,
    commit: &'static str,
    postgres: String,
    path: Option<String>,
    installed: Option<&'static str>,
    update: Option<String>,
}

impl ProgramDocument {
    fn new(program: Option<&OwnProgram>) -> Self {
        Self {
            version: version::VERSION,
            target: version::TARGET,
            commit: version::COMMIT,
            postgres: version::postgres(),
            path: program.map(|program| program.path.display().to_string()),
            installed: program.map(|program| program.installer.describe()),
            update: program.map(|program| program.update.clone()),
        }
    }
}

impl StatusArgs {
    /// Runs the command. The exit code is that of the two steps that it probes.
    pub(super) async fn run(
        self,
        context: &CommandContext,
        output: &mut Output,
    ) -> Result<Exit, CommandError> {
        let (settings, ports) = context.open_whole(context.flags())?;
        let mut rows = rows_of_settings(&settings);
        let is_sandbox = settings.is_sandbox();
        let mut session = CommandSession::new(settings, ports);
        if let Err(interruption) = session.probe(&STEPS, output).await {
            return session.interrupted(interruption, &STEPS, output).await;
        }
        rows.extend(rows_of_plan(&session.plan));
        if is_sandbox {
            rows.push(("pooler", NO_POOLER.to_owned()));
        }
        let program = OwnProgram::find();
        rows.extend(rows_of_program(program.as_ref()));
        if output.json {
            output.document(&StatusDocument {
                plan: PlanDocument::new(&session.plan, &STEPS),
                program: ProgramDocument::new(program.as_ref()),
            });
        } else {
            for (name, value) in rows {
                let line = StyledLine::new().painted(Tone::Dim, format!("{name:<11}"));
                output.line(line.plain(format!(" {value}")));
            }
        }
        let exit = session.plan.exit(&STEPS);
        session.runtime.shutdown().await;
        Ok(exit)
    }
}

fn rows_of_settings(settings: &Settings) -> Vec<Row> {
    let config = if settings.config_exists {
        settings.config_file.display().to_string()
    } else {
        "none: values are detected".to_owned()
    };
    let sandbox = if settings.is_sandbox() {
        " (sandbox)"
    } else {
        ""
    };
    let files: Vec<_> = settings
        .env
        .iter()
        .map(|target| target.file.as_str())
        .collect();
    vec![
        ("repository", settings.root.display().to_string()),
        ("config", config),
        ("api", format!("{}{sandbox}", settings.api_host)),
        ("env files", files.join(", ")),
    ]
}

fn rows_of_program(program: Option<&OwnProgram>) -> Vec<Row> {
    let version = format!("{} for {}", version::VERSION, version::TARGET);
    let mut rows = vec![("neonup", version)];
    if let Some(program) = program {
        let (path, how) = (program.path.display(), program.installer.describe());
        rows.push(("program", format!("{path}, {how}")));
        rows.push(("update", program.update.clone()));
    }
    rows
}

fn rows_of_plan(plan: &Plan) -> Vec<Row> {
    let (login, project) = (plan.step(StepId::Login), plan.step(StepId::Project));
    let mut rows = vec![("login", login.evidence.clone())];
    if let Some(Facts::Login(login)) = &login.facts {
        rows.push(("key store", login.store.clone()));
    }
    rows.push(("project", project.evidence.clone()));
    if let Some(Facts::Project(facts)) = &project.facts
        && let Some(joined) = &facts.joined
    {
        rows.push((
            "database",
            format!(
                "{} on {} as {} ({}, Postgres {})",
                joined.database, joined.host, joined.role, joined.region, joined.postgres
            ),
        ));
    }
    rows
}
