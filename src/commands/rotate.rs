//! `neonup rotate`: a new secret everywhere, and the end of the old one.

use clap::Args;
use serde_json::json;

use crate::{
    commands::{
        context::CommandContext,
        error::CommandError,
        input::{InputLines, is_yes},
        key_storage::KeyStorageArg,
        session::{CommandSession, Interruption},
    },
    core::{
        answer::{Answer, KeyStorage, LoginAnswer, SecretsAnswer},
        code::Code,
        exit::Exit,
        facts::Facts,
        invocation::Invocation,
        plan::Status,
        step::StepId,
    },
    engine::temporary::cannot_rotate,
    project::settings::{Flags, Settings},
    report::output::Output,
};

/// Replace the database password, update every env file, and prove that the old one is rejected.
#[derive(Debug, Args)]
pub(crate) struct RotateArgs {
    /// Replace the API key instead.
    #[arg(long)]
    api_key: bool,
    /// Where to store the new API key (default: where the old one is).
    #[arg(long, value_name = "WHERE", requires = "api_key")]
    store: Option<KeyStorageArg>,
    /// Don't ask for confirmation.
    #[arg(long, short = 'y')]
    yes: bool,
    /// Print what would be done and change nothing.
    #[arg(long)]
    dry_run: bool,
}

impl RotateArgs {
    pub(super) async fn run(
        self,
        context: &CommandContext,
        output: &mut Output,
    ) -> Result<Exit, CommandError> {
        let rotation = if self.api_key {
            Rotation::ApiKey
        } else {
            Rotation::Password
        };
        let (settings, ports) = context.open_whole(Flags {
            store: self.store.map(KeyStorage::from),
            // who changes a password has asked for nothing else
            installs_nothing: true,
            ..context.flags()
        })?;
        let target = RotationTarget::new(&settings);
        let mut session = CommandSession::new(settings, ports);
        let shown = rotation.shown();
        match self
            .prepare_and_rotate(rotation, &target, &mut session, context, output)
            .await
        {
            Ok(()) => {
                for id in shown {
                    session.print_step(*id, output);
                }
                Ok(session.finish(shown, output).await)
            }
            Err(RotationHalt::Interrupted(interruption)) => {
                session.interrupted(interruption, shown, output).await
            }
            Err(RotationHalt::Ended(exit)) => {
                session.runtime.shutdown().await;
                Ok(exit)
            }
            Err(RotationHalt::Failed(error)) => {
                session.runtime.shutdown().await;
                Err(error)
            }
        }
    }

    async fn prepare_and_rotate(
        &self,
        rotation: Rotation,
        target: &RotationTarget,
        session: &mut CommandSession,
        context: &CommandContext,
        output: &mut Output,
    ) -> Result<(), RotationHalt> {
        if self.yes && !self.dry_run {
            session.take_clone(output).await?;
        }
        session.probe(rotation.before(), output).await?;
        check_possible(rotation, session, output).await?;
        let plan = rotation.plan(session, target);
        if self.dry_run {
            print_plan(rotation, &plan, output);
            return Err(RotationHalt::Ended(Exit::Done));
        }
        if !self.yes {
            if output.json || !context.is_interactive() {
                return Err(RotationHalt::Failed(CommandError::RotationUnanswered {
                    would: plan,
                    command: rotation.command(),
                }));
            }
            if !confirm(session, &plan, output).await? {
                output.note("nothing was changed");
                return Err(RotationHalt::Ended(Exit::Cancelled));
            }
            // nobody else waits while a person thinks
            session.take_clone(output).await?;
        }
        rotate(rotation, session, output).await?;
        Ok(())
    }
}

/// Why nothing was rotated.
enum RotationHalt {
    Interrupted(Interruption),
    Ended(Exit),
    Failed(CommandError),
}

impl From<Interruption> for RotationHalt {
    fn from(interruption: Interruption) -> Self {
        Self::Interrupted(interruption)
    }
}

/// What is rotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rotation {
    /// The password of the project's role.
    Password,
    /// The Neon API key.
    ApiKey,
}

impl Rotation {
    const fn command(self) -> Invocation {
        match self {
            Self::Password => Invocation::RotatePassword,
            Self::ApiKey => Invocation::RotateKey,
        }
    }

    /// The step that does it.
    const fn step(self) -> StepId {
        match self {
            Self::Password => StepId::Secrets,
            Self::ApiKey => StepId::Login,
        }
    }

    /// The answer that asks for it.
    const fn answer(self) -> Answer {
        match self {
            Self::Password => Answer::Secrets(SecretsAnswer::RotatePassword),
            Self::ApiKey => Answer::Login(LoginAnswer::Rotate),
        }
    }

    /// What has to be known before.
    const fn before(self) -> &'static [StepId] {
        match self {
            Self::Password => &[StepId::Login, StepId::Project, StepId::Env],
            Self::ApiKey => &[StepId::Login],
        }
    }

    /// What has to be done before.
    const fn needs(self) -> &'static [StepId] {
        match self {
            Self::Password => &[StepId::Login, StepId::Project],
            Self::ApiKey => &[StepId::Login],
        }
    }

    /// What is probed again afterwards.
    const fn after(self) -> &'static [StepId] {
        match self {
            Self::Password => &[StepId::Env, StepId::Schema, StepId::Health],
            Self::ApiKey => &[],
        }
    }

    /// What is printed at the end.
    const fn shown(self) -> &'static [StepId] {
        match self {
            Self::Password => &[
                StepId::Login,
                StepId::Project,
                StepId::Env,
                StepId::Health,
                StepId::Secrets,
            ],
            Self::ApiKey => &[StepId::Login],
        }
    }

    /// What will be done, a line for each thing.
    fn plan(self, session: &CommandSession, target: &RotationTarget) -> Vec<String> {
        let RotationTarget { service, files } = target;
        match self {
            Self::Password => {
                let joined = match &session.plan.step(StepId::Project).facts {
                    Some(Facts::Project(project)) => project.joined.as_ref(),
                    _ => None,
                };
                let of = joined.map_or_else(String::new, |joined| {
                    format!(
                        " {} on branch {} of project {} ({})",
                        joined.role, joined.branch, joined.name, joined.id
                    )
                });
                vec![
                    format!(
                        "reset the password of the role{of} in {service} (or finish an interrupted rotation)"
                    ),
                    format!(
                        "write it to {files}, and to other ignored env files that contain the old one"
                    ),
                    "check that the new password works and the old one is rejected".to_owned(),
                ]
            }
            Self::ApiKey => vec![
                format!("create a new API key in {service}, and store it where the old one was"),
                "revoke the old key, if Neon reports which one it is".to_owned(),
            ],
        }
    }
}

/// What the rotation works on, for the plan.
struct RotationTarget {
    /// `Neon`, or `the sandbox`.
    service: &'static str,
    files: String,
}

impl RotationTarget {
    fn new(settings: &Settings) -> Self {
        let files: Vec<_> = settings
            .env
            .iter()
            .map(|target| target.file.as_str())
            .collect();
        Self {
            service: if settings.is_sandbox() {
                "the sandbox"
            } else {
                "Neon"
            },
            files: files.join(", "),
        }
    }
}

/// Checks that there is something to rotate. A project that Neon still works on is waited for: an interrupted rotation may have
/// left it so.
async fn check_possible(
    rotation: Rotation,
    session: &mut CommandSession,
    output: &mut Output,
) -> Result<(), RotationHalt> {
    let project_has = |session: &CommandSession, code| session.plan.step(StepId::Project).has(code);
    if rotation == Rotation::Password && project_has(session, Code::ProjectNotReady) {
        match wait_for_project(session, output).await {
            Err(Interruption::Signal) => {
                output.note("canceled. Nothing was changed.");
                return Err(RotationHalt::Ended(Exit::Cancelled));
            }
            waited => waited?,
        }
    }
    if rotation == Rotation::Password && project_has(session, Code::ProjectTemporary) {
        return Err(RotationHalt::Failed(cannot_rotate().into()));
    }
    let open = rotation
        .needs()
        .iter()
        // a reset is what tells the password then
        .filter(|id| !(**id == StepId::Project && is_passwordless(session)))
        .find(|id| session.plan.status(**id) != Status::Done);
    let Some(step) = open.copied() else {
        return Ok(());
    };
    session.print_step(step, output);
    let evidence = session.plan.step(step).evidence.clone();
    Err(RotationHalt::Failed(CommandError::NotRotated {
        step,
        evidence,
    }))
}

/// Whether the project is known, and its password to nobody here.
fn is_passwordless(session: &CommandSession) -> bool {
    let project = session.plan.step(StepId::Project);
    session.plan.status(StepId::Project) == Status::Todo
        && project.has(Code::ProjectPasswordNotStored)
}

async fn wait_for_project(
    session: &mut CommandSession,
    output: &mut Output,
) -> Result<(), Interruption> {
    session
        .apply(Answer::default_of(StepId::Project), output)
        .await?;
    session.probe(&[StepId::Env], output).await
}

fn print_plan(rotation: Rotation, plan: &[String], output: &mut Output) {
    for line in plan {
        output.line(format!("would {line}"));
    }
    if output.json {
        output.document(&json!({
            "version": 1,
            "status": "todo",
            "steps": [],
            "next": [rotation.command().to_string()],
            "would": plan,
        }));
    }
}

/// Asks on the terminal. Anything but a clear yes is a no, and so is the end of input.
async fn confirm(
    session: &mut CommandSession,
    plan: &[String],
    output: &mut Output,
) -> Result<bool, Interruption> {
    output.line("This will");
    for line in plan {
        output.line(format!("  - {line}"));
    }
    output.line("Everything that still uses the old one stops working.");
    output.prompt("Continue? [y/N] ");
    let answer = session.read_line(&mut InputLines::standard()).await?;
    Ok(answer.is_some_and(|answer| is_yes(&answer)))
}

async fn rotate(
    rotation: Rotation,
    session: &mut CommandSession,
    output: &mut Output,
) -> Result<(), Interruption> {
    session.apply(rotation.answer(), output).await?;
    if session.plan.status(rotation.step()) == Status::Failed {
        return Ok(());
    }
    if rotation == Rotation::Password && is_passwordless(session) {
        session.probe(&[StepId::Project], output).await?;
    }
    session.probe(rotation.after(), output).await?;
    // the application has not been seen with the new password yet
    if rotation == Rotation::Password && session.plan.status(StepId::Health) == Status::Todo {
        session
            .apply(Answer::default_of(StepId::Health), output)
            .await?;
    }
    Ok(())
}
