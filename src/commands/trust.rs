//! `neonup trust`: shows what this clone would have us run, and remembers the consent.

use clap::Args;
use serde_json::json;

use crate::{
    commands::{context::CommandContext, error::CommandError, input},
    core::{exit::Exit, trust::CloneCommand},
    engine::trust::{self, Consent},
    os::programs::typed,
    ports::trust::TrustStore,
    project::workspace::AppScope,
    report::{
        output::Output,
        styled::{StyledLine, Tone},
    },
};

/// Show the commands that neonup would run in this clone, and trust them as they are now.
///
/// A repository sets the commands that create its tables and start its app, and may include an interpreter. neonup runs none of
/// them until you trust them in this clone. Trusting a migration includes the commands that check whether a migration is pending;
/// they are shown with it. The trust is stored outside the repository; if a command or a file it refers to changes, neonup asks
/// again. In CI, `NEONUP_TRUST=1` in the environment trusts a clone for one run.
#[derive(Debug, Args)]
pub(crate) struct TrustArgs {
    /// Trust the commands without asking.
    #[arg(long, short = 'y', conflicts_with = "revoke")]
    yes: bool,
    /// Stop trusting this clone's commands.
    #[arg(long)]
    revoke: bool,
}

impl TrustArgs {
    pub(super) fn run(
        self,
        context: &CommandContext,
        output: &mut Output,
    ) -> Result<Exit, CommandError> {
        let (settings, ports) = context.open(context.flags())?;
        let store = &*ports.trust;
        if self.revoke {
            return revoke(store, output);
        }
        let mut commands = trust::commands(&settings, &ports);
        for app in &settings.apps {
            let scope = AppScope::App(app.clone());
            let (settings, ports) = context.open_for(context.flags(), &scope)?;
            let new = trust::commands(&settings, &ports);
            commands.extend(
                new.into_iter()
                    .filter(|new| !commands.contains(new))
                    .collect::<Vec<_>>(),
            );
        }
        let open = |command: &&CloneCommand| {
            matches!(trust::consent(&ports, command), Consent::Missing { .. })
        };
        let mut untrusted: Vec<_> = commands.iter().filter(open).cloned().collect();
        if !output.json {
            for command in &commands {
                print(command, &trust::consent(&ports, command), output);
            }
            if commands.is_empty() {
                output.line("this clone has no commands that neonup would run");
            }
        }
        if let Some(command) = untrusted.iter().find(|command| command.unheld.is_some()) {
            let why = command.unheld.clone().unwrap_or_default();
            return Err(CommandError::NotTrustable {
                command: command.line(typed),
                why,
            });
        }
        if !untrusted.is_empty() {
            if self.yes || (!output.json && confirm(context, output)?) {
                store.agree(&untrusted).map_err(CommandError::Trust)?;
                untrusted.clear();
                output.note("trusted in this clone, until one of them changes");
            } else if !output.json {
                output.note("nothing was trusted");
            }
        }
        if output.json {
            let commands: Vec<_> = commands
                .iter()
                .map(|command| document(command, &trust::consent(&ports, command)))
                .collect();
            output.document(&json!({
                "version": 1,
                "status": if untrusted.is_empty() { "done" } else { "todo" },
                "commands": commands,
            }));
        }
        Ok(if untrusted.is_empty() {
            Exit::Done
        } else {
            Exit::Gaps
        })
    }
}

fn revoke(store: &dyn TrustStore, output: &mut Output) -> Result<Exit, CommandError> {
    let revoked = store.revoke().map_err(CommandError::Trust)?;
    if output.json {
        output.document(&json!({ "version": 1, "status": "done", "revoked": revoked }));
    }
    output.line(if revoked {
        "nothing in this clone is trusted anymore"
    } else {
        "nothing in this clone was trusted"
    });
    Ok(Exit::Done)
}

/// Asks on a terminal. Anything but a clear yes is a no, and so is the end of input.
fn confirm(context: &CommandContext, output: &mut Output) -> Result<bool, CommandError> {
    if !context.is_interactive() {
        return Err(CommandError::TrustUnanswered);
    }
    output.prompt("Trust these commands, so that neonup may run them in this clone? y/N ");
    Ok(input::read_line().is_some_and(|line| input::is_yes(&line)))
}

fn print(command: &CloneCommand, consent: &Consent, output: &mut Output) {
    let (tone, word) = match consent {
        Consent::Given => (Tone::Good, "trusted"),
        Consent::Missing { before: None } => (Tone::Bad, "not trusted yet"),
        Consent::Missing { before: Some(_) } => (Tone::Bad, "changed since it was trusted"),
    };
    let what = format!("{}: ", command.purpose.words());
    output.line(StyledLine::new().plain(what).painted(tone, word));
    // nobody agrees to a part
    output.line_in_full(&format!("    {}", command.line(typed)));
    if !command.dir.is_empty() {
        output.line(format!("    in {}", command.dir));
    }
    let variables: Vec<_> = command.variables.keys().map(String::as_str).collect();
    if !variables.is_empty() {
        output.line(format!("    gets {}", variables.join(", ")));
    }
    for question in command.question_lines(typed) {
        output.line_in_full(&format!("    checks run {question}"));
    }
    for file in command.files.keys() {
        output.line(format!("    refers to {file}"));
    }
    if let Consent::Missing {
        before: Some(before),
    } = consent
    {
        for change in command.differences(before, typed) {
            output.line(format!("    changed: {change}"));
        }
    }
}

fn document(command: &CloneCommand, consent: &Consent) -> serde_json::Value {
    let changes = match consent {
        Consent::Missing {
            before: Some(before),
        } => command.differences(before, typed),
        Consent::Given | Consent::Missing { before: None } => Vec::new(),
    };
    json!({
        "purpose": command.purpose,
        "command": command.argv,
        "dir": command.dir,
        "variables": command.variables.keys().collect::<Vec<_>>(),
        "files": command.files,
        "questions": command.questions,
        "trusted": matches!(consent, Consent::Given),
        "changes": changes,
    })
}
