//! `neonup claim`: the link that moves a temporary database to the user's account, and whether that has happened.

use clap::Args;
use serde_json::json;

use crate::{
    commands::{context::CommandContext, error::CommandError},
    core::{exit::Exit, invocation::Invocation},
    domain::age,
    engine::temporary::{self, ClaimState},
    project::settings::Settings,
    report::{
        output::Output,
        styled::{StyledLine, Tone},
    },
};

/// Show the link that claims this clone's temporary database, and the database's status.
#[derive(Debug, Args)]
pub(crate) struct ClaimArgs;

impl ClaimArgs {
    /// Shows the link, which is a secret, on standard output alone: this command alone is asked for it by name. JSON never holds it.
    pub(super) async fn run(
        self,
        context: &CommandContext,
        output: &mut Output,
    ) -> Result<Exit, CommandError> {
        let (settings, ports) = context.open_whole(context.flags())?;
        let record = temporary::recorded(&settings, &ports)
            .await?
            .ok_or(CommandError::NothingToClaim)?;
        let (project, expires_at) = (record.project.clone(), record.expires_at.clone());
        let state = temporary::claim_state(&settings, &ports, record).await?;
        let (label, next, exit) = match &state {
            ClaimState::Live(_) => ("unclaimed", None, Exit::Done),
            ClaimState::Unready => ("claiming", Some("neonup claim"), Exit::Done),
            ClaimState::Claimed(_) => ("claimed", Some("neonup login && neonup setup"), Exit::Done),
            ClaimState::Gone(_) => ("gone", Some("neonup setup --claimable"), Exit::Gaps),
        };
        if output.json {
            output.document(&json!({
                "version": 1,
                "status": if exit == Exit::Done { "done" } else { "todo" },
                "state": label,
                "project": project,
                "expires_at": expires_at,
                "next": next.into_iter().collect::<Vec<_>>(),
            }));
        } else {
            print(&state, &project, &settings, output);
        }
        Ok(exit)
    }
}

fn print(state: &ClaimState, project: &str, settings: &Settings, output: &mut Output) {
    match state {
        ClaimState::Live(live) => {
            let left = age::until(&live.database.expires_at, settings.now)
                .map_or_else(|| live.database.expires_at.clone(), age::span);
            output.note(format!(
                "anyone who opens this link and logs in to Neon owns the database, so keep it private; the database is \
                deleted in {left}:"
            ));
            let link = live.database.claim_url.expose();
            output.line_with_secret(StyledLine::new().painted(Tone::Hint, link));
            output.note("claiming may change the password: run `neonup login`, then `neonup setup` to write the new one");
        }
        ClaimState::Unready => {
            output.line("the database is being created or claimed: try again in a moment");
        }
        ClaimState::Claimed(_) => {
            output.line(format!(
                "the database was claimed and is now project {project} in that account"
            ));
            output.note("next: `neonup login` with a key of that account, then `neonup setup` joins the project and writes \
            its connection URL");
        }
        ClaimState::Gone(_) => {
            output.line("the temporary database and its data are gone");
            output.note(format!(
                "{} creates another one",
                Invocation::SetupClaimable
            ));
        }
    }
}
