//! `neonup claim`: the link that makes a temporary database one's own, and how it stands with it.

use crate::{commands::Output, report::output::Tone};
use crate::{
    core::{code::Code, exit::Exit, failure::Failure, invocation::Invocation},
    domain::age,
    engine::temporary::{self, ClaimState},
    ports::Ports,
    project::settings::Settings,
};

/// Shows the link, which is a secret, on standard output alone: it is asked for by name here, and nowhere else. JSON never
/// holds it.
pub(crate) async fn run(settings: &Settings, ports: &Ports, output: &mut Output) -> Exit {
    let record = match temporary::recorded(settings, ports).await {
        Ok(Some(record)) => record,
        Ok(None) => {
            let failure = Failure::new(
                Code::ProjectMissing,
                "this clone has no temporary database to claim",
            )
            .hint(format!("{} makes one", Invocation::SetupClaimable));
            return output.failed(&failure, Exit::Failed);
        }
        Err(failure) => return output.failed(&failure, Exit::Failed),
    };
    let (project, expires_at) = (record.project.clone(), record.expires_at.clone());
    let state = match temporary::claim_state(settings, ports, record).await {
        Ok(state) => state,
        Err(failure) => return output.failed(&failure, Exit::Failed),
    };
    let (word, next, exit) = match &state {
        ClaimState::Live(_) => ("unclaimed", "", Exit::Done),
        ClaimState::Unready => ("claiming", "neonup claim", Exit::Done),
        ClaimState::Claimed(_) => ("claimed", "neonup login && neonup setup", Exit::Done),
        ClaimState::Gone(_) => ("gone", "neonup setup --claimable", Exit::Gaps),
    };
    if output.json {
        output.document(&serde_json::json!({
            "version": 1,
            "status": if exit == Exit::Done { "done" } else { "todo" },
            "state": word,
            "project": project,
            "expires_at": expires_at,
            "next": Some(next).filter(|next| !next.is_empty()).into_iter().collect::<Vec<_>>(),
        }));
        return exit;
    }
    match state {
        ClaimState::Live(live) => {
            let left = age::until(&live.database.expires_at, settings.now)
                .map_or_else(|| live.database.expires_at.clone(), age::span);
            output.note(format!(
                "whoever opens this link and logs in to Neon owns the database, so keep it to yourself; it is deleted in {left}:"
            ));
            let link = output.paint(Tone::Hint, live.database.claim_url.expose());
            output.line(link);
            output.note("after the claim its password may be a new one: `neonup login`, then `neonup setup` writes it");
        }
        ClaimState::Unready => {
            output.line("the database is being made or being claimed: ask again in a moment");
        }
        ClaimState::Claimed(_) => {
            output.line(format!(
                "the database was claimed: it is project {project} of its account now"
            ));
            output.note("next: `neonup login` with a key of that account, then `neonup setup` joins it and writes its connection");
        }
        ClaimState::Gone(_) => {
            output.line("the temporary database is gone, and what was in it");
            output.note(format!("{} makes another one", Invocation::SetupClaimable));
        }
    }
    exit
}
