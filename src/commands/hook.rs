//! `neonup hook`: the pre-commit check of this repository.

use clap::{Args, Subcommand};
use serde_json::json;

use crate::{
    commands::{context::CommandContext, error::CommandError},
    core::{code::Severity, exit::Exit, failure::Failure},
    engine::secrets::hook,
    ports::{Ports, repository::HookState},
    project::settings::Settings,
    report::{
        lines,
        output::Output,
        styled::{StyledLine, Tone},
    },
};

/// The pre-commit check of this repository, which refuses a commit that holds a live secret.
#[derive(Debug, Args)]
pub(crate) struct HookArgs {
    #[command(subcommand)]
    action: HookAction,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum HookAction {
    /// Put it in its place; a hook that is there is kept, and runs first.
    Install,
    /// Take it away, and bring back the hook that was there.
    Uninstall,
    /// Do its work: search what the next commit takes.
    Run,
}

impl HookArgs {
    pub(super) async fn run(
        self,
        context: &CommandContext,
        output: &mut Output,
    ) -> Result<Exit, CommandError> {
        let (settings, ports) = context.open(context.flags())?;
        match self.action {
            HookAction::Install => install(&ports, output).await,
            HookAction::Uninstall => uninstall(&ports, output).await,
            HookAction::Run => check_commit(settings, ports, output).await,
        }
    }
}

async fn install(ports: &Ports, output: &mut Output) -> Result<Exit, CommandError> {
    let before = ports.repository.hook().await;
    let installed = ports.repository.install_hook().await;
    let hook = installed.map_err(Failure::from)?;
    if output.json {
        output.document(&json!({
            "version": 1, "status": "done", "hook": hook.path.display().to_string(),
        }));
    }
    output.line(format!("installed: {}", hook.path.display()));
    if before.is_ok_and(|before| before.state == HookState::Other) {
        output.line("the hook that was there is kept, and runs first");
    }
    output.note("it holds for this clone alone: each developer installs it once");
    Ok(Exit::Done)
}

async fn uninstall(ports: &Ports, output: &mut Output) -> Result<Exit, CommandError> {
    let removed = ports.repository.remove_hook().await;
    let removed = removed.map_err(Failure::from)?;
    if output.json {
        output.document(&json!({ "version": 1, "status": "done", "removed": removed }));
    }
    output.line(if removed {
        "the hook is gone"
    } else {
        "there is no hook of neonup here"
    });
    Ok(Exit::Done)
}

/// Searches what the commit would take. Prints nothing when all is well.
async fn check_commit(
    settings: Settings,
    ports: Ports,
    output: &mut Output,
) -> Result<Exit, CommandError> {
    let findings = hook::staged(settings, ports).await?;
    if output.json {
        let status = if findings.is_empty() { "done" } else { "todo" };
        output.document(&json!({ "version": 1, "status": status, "findings": findings }));
    }
    for finding in &findings {
        let location = lines::location(finding);
        let text = format!(": {}{location}: {}", finding.code, finding.title);
        output.note(StyledLine::new().painted(Tone::Bad, "neonup").plain(text));
    }
    // a clone that lacks objects is not a reason to refuse; a staged file that cannot be read is
    let refused = findings
        .iter()
        .any(|finding| finding.severity == Severity::Gap);
    if !refused {
        return Ok(Exit::Done);
    }
    output
        .note("the commit was stopped: take the secret out, `git add` the file again, and commit");
    output.note("what is no secret is accepted in neonup.toml, under [[secrets.accept]]; --no-verify passes this check by once");
    Ok(Exit::Gaps)
}
