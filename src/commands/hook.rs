//! `neonup hook`: the hooks of this repository.

use std::{
    ffi::{OsStr, OsString},
    io::{self, Read as _},
    path::PathBuf,
};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use crate::{
    commands::{context::CommandContext, error::CommandError, input},
    core::{
        code::{Code, Severity},
        environment::Environment,
        exit::Exit,
        failure::Failure,
    },
    engine::secrets::hook::{self, Outgoing},
    ports::{
        Ports,
        own_program::OwnProgram,
        repository::{HookState, Hooks, Push, PushedRef},
    },
    project::settings::Settings,
    report::{
        lines,
        output::Output,
        styled::{StyledLine, Tone},
    },
};

/// Install, remove or run the git hooks that stop a commit, merge or push containing a live secret.
#[derive(Debug, Args)]
pub(crate) struct HookArgs {
    #[command(subcommand)]
    action: HookAction,
}

#[derive(Debug, Subcommand)]
enum HookAction {
    /// Install the hooks; existing hooks are kept and run first.
    Install {
        /// Add lines to the files of husky, lefthook or a tracked hooks folder without asking.
        #[arg(long, short = 'y')]
        yes: bool,
    },
    /// Remove the hooks, and restore the ones they replaced.
    Uninstall,
    /// Run a hook the way git does.
    Run {
        /// The hook to run.
        #[arg(value_enum, default_value = "pre-commit")]
        hook: HookArgument,
        /// The arguments git passes to it.
        #[arg(last = true)]
        arguments: Vec<OsString>,
    },
}

/// A hook, by its name in git.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum HookArgument {
    /// Searches what is staged for the next commit.
    PreCommit,
    /// Searches a commit message.
    CommitMsg,
    /// Searches what a merge brings in.
    PreMergeCommit,
    /// Searches every object that a push would send.
    PrePush,
}

impl HookArgument {
    /// What is stopped, and how that is skipped once.
    const fn stops(self) -> (&'static str, &'static str) {
        match self {
            Self::PreCommit => (
                "commit stopped: remove the secret, `git add` the file again, and commit",
                "git commit --no-verify",
            ),
            Self::CommitMsg => (
                "commit stopped: remove the secret from its message or author, and commit again",
                "git commit --no-verify",
            ),
            Self::PreMergeCommit => (
                "merge stopped: run `git merge --abort`, then remove the secret from that branch",
                "git merge --no-verify",
            ),
            Self::PrePush => (
                "push stopped: remove the secret from those commits (`git rebase -i`), then push; a later commit that removes \
                it is not enough",
                "git push --no-verify",
            ),
        }
    }
}

/// The most that is read of what git tells its pre-push hook, in bytes: a line for each ref.
const REFS_LIMIT: u64 = 64 << 20;

impl HookArgs {
    pub(super) async fn run(
        self,
        context: &CommandContext,
        output: &mut Output,
    ) -> Result<Exit, CommandError> {
        let (settings, ports) = context.open_whole(context.flags())?;
        match self.action {
            HookAction::Install { yes } => install(yes, context, &ports, output).await,
            HookAction::Uninstall => uninstall(&ports, output).await,
            HookAction::Run { hook, arguments } => {
                let outgoing = outgoing(hook, &arguments, &context.environment)?;
                search(hook, &outgoing, settings, ports, output).await
            }
        }
    }
}

async fn install(
    yes: bool,
    context: &CommandContext,
    ports: &Ports,
    output: &mut Output,
) -> Result<Exit, CommandError> {
    let before = ports.repository.hooks().await.map_err(Failure::from)?;
    let asks = before.blocked.is_none() && !before.edits.is_empty();
    if asks && !output.json {
        show(&before, output);
    }
    let agreed = yes || (asks && !output.json && confirm(context, output));
    let installed = ports.repository.install_hooks(agreed).await;
    let hooks = installed.map_err(Failure::from)?;
    let names: Vec<_> = hooks.states.iter().map(|(name, _)| name.as_str()).collect();
    if output.json {
        output.document(&json!({
            "version": 1,
            "status": "done",
            "hook": hooks.folder.join("pre-commit").display().to_string(),
            "hooks": names,
        }));
    }
    output.line(format!(
        "installed: {} in {}",
        names.join(", "),
        hooks.folder.display()
    ));
    if asks {
        output.line("the team's own hooks keep running");
    } else if before
        .states
        .iter()
        .any(|(_, state)| *state == HookState::Other)
    {
        output.line("existing hooks are kept, and run first");
    }
    output.note("they are for this clone only: each developer installs them once");
    if OwnProgram::find().is_some_and(|program| program.temporary) {
        output.note(
            "neonup is in a cache that may be emptied, and then nothing is searched: install it permanently, then run \
            `neonup hook install` again",
        );
    }
    remembered(&hooks, output);
    Ok(Exit::Done)
}

/// Shows the lines that the files of the team's tool would get.
fn show(hooks: &Hooks, output: &mut Output) {
    output.line("another tool runs the hooks here, so these lines are added to its files:");
    for edit in &hooks.edits {
        output.line(format!("{}:", edit.file.display()));
        for line in edit.lines.lines() {
            output.line_in_full(&format!("    {line}"));
        }
    }
    output.line("they do nothing in a clone where nobody ran `neonup hook install`");
}

/// Asks on a terminal. Anything but a clear yes is a no, and so is the end of input.
fn confirm(context: &CommandContext, output: &mut Output) -> bool {
    if !context.is_interactive() {
        return false;
    }
    output.prompt("Add these lines? y/N ");
    input::read_line().is_some_and(|line| input::is_yes(&line))
}

/// Says where it will not be noticed that a hook is gone.
fn remembered(hooks: &Hooks, output: &mut Output) {
    if let Some(why) = &hooks.unremembered {
        output.note(format!(
            "if another tool removes them, neonup won't notice: {why}"
        ));
    }
}

async fn uninstall(ports: &Ports, output: &mut Output) -> Result<Exit, CommandError> {
    let removed = ports.repository.remove_hooks().await;
    let removed = removed.map_err(Failure::from)?;
    if output.json {
        output.document(&json!({ "version": 1, "status": "done", "removed": removed }));
    }
    output.line(if removed {
        "the hooks are removed"
    } else {
        "no neonup hooks are installed here"
    });
    Ok(Exit::Done)
}

/// What git is about to do, by what it tells the hook.
fn outgoing(
    hook: HookArgument,
    arguments: &[OsString],
    environment: &Environment,
) -> Result<Outgoing, CommandError> {
    let not_told = |what: &str| {
        CommandError::from(
            Failure::new(Code::SecretsUnknown, what)
                .hint("git runs it: `neonup hook install` installs it"),
        )
    };
    match hook {
        HookArgument::PreCommit | HookArgument::PreMergeCommit => Ok(Outgoing::Staged),
        HookArgument::CommitMsg => arguments
            .first()
            .map(|file| Outgoing::Message(PathBuf::from(file)))
            .ok_or_else(|| not_told("the file with the commit message wasn't given")),
        HookArgument::PrePush => {
            if let Some(push) = framework_push(environment) {
                return Ok(Outgoing::Push(push));
            }
            let remote = arguments
                .first()
                .map_or_else(String::new, |remote| text(remote));
            let mut lines = Vec::new();
            let read = io::stdin()
                .lock()
                .take(REFS_LIMIT + 1)
                .read_to_end(&mut lines);
            if read.is_err() || lines.len() as u64 > REFS_LIMIT {
                return Err(not_told("can't read the list of what is pushed"));
            }
            Push::parse(&remote, &lines)
                .map(Outgoing::Push)
                .ok_or_else(|| not_told("the list of what is pushed isn't in git's format"))
        }
    }
}

fn text(argument: &OsStr) -> String {
    argument.to_string_lossy().into_owned()
}

/// What the pre-commit framework tells by variables, since it keeps standard input for itself. It tells of one ref alone.
fn framework_push(environment: &Environment) -> Option<Push> {
    // below our own script git's list is passed on
    if environment.get("PRE_COMMIT_RUNNING_LEGACY").is_some() {
        return None;
    }
    let remote = environment.get("PRE_COMMIT_REMOTE_NAME")?;
    // the first push of a root commit has no range, and tells the branch alone
    let id = environment
        .get("PRE_COMMIT_TO_REF")
        .or_else(|| environment.get("PRE_COMMIT_LOCAL_BRANCH"))?;
    let is_id = |id: &str| matches!(id.len(), 40 | 64) && id.bytes().all(|c| c.is_ascii_hexdigit());
    let id = if is_id(id) || id.starts_with("refs/") {
        id
    } else {
        "HEAD"
    };
    let before = environment
        .get("PRE_COMMIT_FROM_REF")
        .filter(|id| is_id(id));
    let name = environment.get("PRE_COMMIT_REMOTE_BRANCH");
    Some(Push {
        remote: remote.to_owned(),
        updates: vec![PushedRef {
            name: name.unwrap_or_default().as_bytes().to_vec(),
            id: id.to_owned(),
            before: before.map(str::to_owned),
        }],
    })
}

/// Searches what leaves. Prints nothing when all is well.
async fn search(
    hook: HookArgument,
    outgoing: &Outgoing,
    settings: Settings,
    ports: Ports,
    output: &mut Output,
) -> Result<Exit, CommandError> {
    let findings = hook::search(settings, ports, outgoing).await?;
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
    let (stopped, skip) = hook.stops();
    output.note(stopped);
    output.note(format!("to accept something that isn't a secret, add [[secrets.accept]] to neonup.toml; `{skip}` skips this \
    check once"));
    Ok(Exit::Gaps)
}
