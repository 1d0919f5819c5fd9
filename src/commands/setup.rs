//! `neonup setup`: the steps without a screen.

use clap::Args;

use crate::{
    commands::{
        context::CommandContext,
        each_app::EachApp,
        error::CommandError,
        key_input,
        key_storage::KeyStorageArg,
        opening::{self, Opening},
        plain,
        session::{self, CommandSession, Interruption},
    },
    core::{
        answer::{Answer, KeyStorage, LoginAnswer},
        code::Code,
        exit::Exit,
        facts::{AppStanding, Facts},
        plan::Status,
        secret::Secret,
        skip::Skip,
        step::StepId,
    },
    ports::Ports,
    project::{
        settings::{Flags, Settings},
        workspace::AppScope,
    },
    report::{lines, output::Output},
};

/// Run the steps without the full screen.
#[derive(Debug, Clone, Default, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line, and none excludes another"
)]
pub(crate) struct SetupArgs {
    /// Run only these steps: login, project, env, backend, schema, health, secrets.
    steps: Vec<StepId>,
    /// Skip this, for this reason: backend, schema, health or secrets, or the code of something that couldn't be determined. To
    /// skip it permanently, use `[skip]` in neonup.toml.
    #[arg(long, value_name = "STEP=REASON")]
    skip: Vec<Skip>,
    /// Use the safe default for every question.
    #[arg(long, short = 'y')]
    yes: bool,
    /// Print the plan and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Join this project.
    #[arg(long, value_name = "ID")]
    project: Option<String>,
    /// Use this organization, for keys that can access several.
    #[arg(long, value_name = "ID")]
    org: Option<String>,
    /// Create a project even if one with this name exists (unless neonup.toml records one).
    #[arg(long, conflicts_with = "project")]
    new: bool,
    /// Delete this project, an empty duplicate created when two setups ran at the same time.
    #[arg(long, value_name = "ID", conflicts_with_all = ["new", "claimable"])]
    discard: Option<String>,
    /// Create a temporary database for this clone, without an account. It is deleted after 72 hours unless somebody claims it
    /// (`neonup claim`). With --new, replace the current one.
    #[arg(long, conflicts_with_all = ["project", "org"])]
    claimable: bool,
    /// Also apply the changes shown to existing source files.
    #[arg(long)]
    edit_code: bool,
    /// Overwrite an env file in place if it can't be replaced atomically: a mount point, a read-only folder.
    #[arg(long)]
    in_place: bool,
    /// Trust this clone's commands as they are now and run them: its migration, app and interpreter. `neonup trust` shows them
    /// first.
    #[arg(long)]
    trust: bool,
    /// Where to store a new API key.
    #[arg(long, value_name = "WHERE")]
    store: Option<KeyStorageArg>,
}

impl SetupArgs {
    /// The arguments `--yes` and these steps.
    pub(crate) fn yes(steps: &[StepId]) -> Self {
        Self {
            steps: steps.to_vec(),
            yes: true,
            ..Self::default()
        }
    }

    pub(super) async fn run(
        self,
        context: &CommandContext,
        output: &mut Output,
    ) -> Result<Exit, CommandError> {
        let (settings, ports) = context.open(self.flags(context))?;
        let can_ask = context.is_interactive() || context.options.plain;
        let asks = can_ask && !self.yes && !self.dry_run && !output.json;
        if !settings.apps.is_empty() {
            if asks {
                return Err(CommandError::SeveralApps(settings.apps));
            }
            return self.run_all(settings.apps, context, output).await;
        }
        if asks {
            let shown = session::chosen_steps(&self.steps);
            let opening = Opening {
                editor: opening::editor(context),
                ..Opening::default()
            };
            return plain::steps(settings, ports, &shown, false, opening, output).await;
        }
        let key = if self.dry_run {
            None
        } else {
            key_input::for_setup(context, settings.flags.store)
        };
        self.run_unasked(settings, ports, key, output).await
    }

    /// Sets up one application after the other.
    async fn run_all(
        mut self,
        apps: Vec<String>,
        context: &CommandContext,
        output: &mut Output,
    ) -> Result<Exit, CommandError> {
        let mut all = EachApp::begin(output);
        let mut key = if self.dry_run {
            None
        } else {
            key_input::for_setup(context, self.store.map(KeyStorage::from))
        };
        for app in apps {
            all.next(&app, output);
            let scope = AppScope::App(app);
            let (settings, ports) = context.open_for(self.flags(context), &scope)?;
            let args = self.clone();
            let exit = args
                .run_unasked(settings, ports, key.take(), output)
                .await?;
            if !all.ended(exit) {
                break;
            }
            // they share the project
            self.new = false;
            self.discard = None;
        }
        Ok(all.finish(output))
    }

    fn flags(&self, context: &CommandContext) -> Flags {
        Flags {
            project: self.project.clone(),
            org: self.org.clone(),
            new_project: self.new,
            discard: self.discard.clone(),
            claimable: self.claimable,
            edit_code: self.edit_code,
            in_place: self.in_place,
            store: self.store.map(KeyStorage::from),
            trust: self.trust,
            skips: self.skip.clone(),
            ..context.flags()
        }
    }

    /// Runs the steps without a question. A key that is given is validated and stored first.
    pub(crate) async fn run_unasked(
        self,
        settings: Settings,
        ports: Ports,
        key: Option<(Secret, KeyStorage)>,
        output: &mut Output,
    ) -> Result<Exit, CommandError> {
        let shown = session::chosen_steps(&self.steps);
        let mut session = CommandSession::new(settings, ports);
        if !self.dry_run
            && let Err(interruption) = session.take_clone(output).await
        {
            return session.interrupted(interruption, &shown, output).await;
        }
        if let Some((key, store)) = key {
            let answer = Answer::Login(LoginAnswer::Key(key, store));
            if let Err(interruption) = session.apply(answer, output).await {
                return session.interrupted(interruption, &shown, output).await;
            }
        }
        match self.run_steps(&mut session, &shown, output).await {
            Ok(SetupEnd::Through) if self.trust && !self.dry_run => {
                session.runtime.remember_trust(&shown);
            }
            Ok(SetupEnd::Through) => {}
            Ok(SetupEnd::Stuck) => {
                session.finish(&shown, output).await;
                return Ok(Exit::Failed);
            }
            Err(interruption) => return session.interrupted(interruption, &shown, output).await,
        }
        let temporary = session
            .plan
            .step(StepId::Project)
            .has(Code::ProjectTemporary);
        let start = session.start_line(&shown);
        let exit = session.finish(&shown, output).await;
        if !output.json && !self.dry_run {
            if let Some(start) = start {
                output.line(start);
            }
            if temporary {
                output.note(
                    "to keep the temporary database, run neonup claim, ideally within 24 hours",
                );
            }
        }
        Ok(exit)
    }

    async fn run_steps(
        &self,
        session: &mut CommandSession,
        shown: &[StepId],
        output: &mut Output,
    ) -> Result<SetupEnd, Interruption> {
        // everything is probed first: what cannot work is found out before anything is created
        let mut probed = session::with_needs(shown);
        if session.plan.status(StepId::Login) != Status::Unknown {
            probed.retain(|id| *id != StepId::Login);
        }
        session.probe(&probed, output).await?;
        if self.dry_run {
            for id in shown {
                session.print_step(*id, output);
                if !output.json {
                    lines::print_changes(output, session.plan.step(*id));
                }
            }
            return Ok(SetupEnd::Through);
        }
        if self.is_stuck(session, shown, output) {
            return Ok(SetupEnd::Stuck);
        }
        apply_steps(session, shown, output).await?;
        Ok(SetupEnd::Through)
    }

    /// Whether setup cannot continue, which it then reports beside the plan.
    fn is_stuck(&self, session: &CommandSession, shown: &[StepId], output: &mut Output) -> bool {
        let plan = &session.plan;
        let failed: Vec<_> = shown
            .iter()
            .copied()
            .filter(|id| plan.stops_setup(*id))
            .collect();
        let missing_key = plan.status(StepId::Login) == Status::Todo;
        let open: Vec<_> = shown
            .iter()
            .copied()
            .filter(|id| matches!(plan.status(*id), Status::Todo | Status::Failed))
            .collect();
        let unanswered = !self.yes && !open.is_empty();
        if failed.is_empty() && !missing_key && !unanswered {
            return false;
        }
        for id in shown {
            session.print_step(*id, output);
        }
        let error = if !failed.is_empty() {
            // with one step, that it failed is all there is to say
            if shown.len() == 1 {
                return true;
            }
            CommandError::SetupStopped(failed)
        } else if missing_key {
            CommandError::NoKeyForSetup
        } else {
            CommandError::SetupUnanswered(open)
        };
        output.error(&error.report());
        true
    }
}

/// How a run without questions ended.
enum SetupEnd {
    Through,
    /// A step failed, or an answer is missing.
    Stuck,
}

/// Applies what is open or can be improved, each step after those it needs.
async fn apply_steps(
    session: &mut CommandSession,
    shown: &[StepId],
    output: &mut Output,
) -> Result<(), Interruption> {
    let mut changed = false;
    // no secret is written into an env file that git tracks: that is fixed first
    let tracked = session
        .plan
        .step(StepId::Secrets)
        .is_open(Code::SecretsTracked);
    if tracked && shown.contains(&StepId::Secrets) {
        session
            .apply(Answer::default_of(StepId::Secrets), output)
            .await?;
        changed = true;
    }
    // whether the code reads the env file is judged after the change that makes it read it
    let edits = session.runtime.settings().flags.edit_code && shown.contains(&StepId::Backend);
    if edits && session.plan.step(StepId::Env).is_open(Code::EnvNotRead) {
        session
            .apply(Answer::default_of(StepId::Backend), output)
            .await?;
        changed = true;
    }
    for id in shown {
        if changed {
            session.probe(&[*id], output).await?;
        }
        if wants_apply(session, *id, shown) {
            session.apply(Answer::default_of(*id), output).await?;
            changed = true;
        }
        session.print_step(*id, output);
    }
    Ok(())
}

fn wants_apply(session: &CommandSession, id: StepId, shown: &[StepId]) -> bool {
    let state = session.plan.step(id);
    let open = matches!(state.status, Status::Todo | Status::Failed);
    // warnings do not keep a step from being done, but what can be fixed without touching code is fixed
    let improvable =
        state.status == Status::Done && state.findings.iter().any(|finding| finding.fixable);
    let edits_code = id == StepId::Backend
        && state.status == Status::Done
        && session.runtime.settings().flags.edit_code;
    let discards = id == StepId::Project && session.runtime.settings().flags.discard.is_some();
    // what the app does is shown by a start alone, each time somebody asks for it
    let starts =
        matches!(&state.facts, Some(Facts::Health(health)) if health.app != AppStanding::Absent);
    let blocked = id != StepId::Secrets
        && id
            .needs()
            .iter()
            .any(|needed| shown.contains(needed) && session.plan.holds_up(*needed));
    (open || improvable || edits_code || discards || starts) && !blocked
}
