//! Neon's operations: a change is asked for at once, and takes effect when its operations have ended.

use std::time::Duration;

use crate::engine::clock;
use crate::{
    core::{
        code::Code,
        event::Progress,
        failure::{Failure, Result},
        secret::Secret,
    },
    engine::context::Cx,
    ports::neon::Operation,
};

/// The longest that is waited for operations. Neon's own take seconds.
const LIMIT: Duration = Duration::from_mins(5);
/// The first pause between two polls, and the longest.
const PAUSE: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// How long it is until a person is told how to stop. Most operations have ended by then.
const PATIENCE: Duration = Duration::from_secs(15);

/// Messages for failed or late operations.
#[derive(Debug, Clone, Copy)]
pub(super) struct WaitMessages {
    /// The hint where one has failed.
    pub failed: &'static str,
    /// What a late operation means, after its name; may be empty.
    pub meaning: &'static str,
    /// The hint where they are late.
    pub late: &'static str,
    /// The hint where Neon can't be asked; `None` keeps the hint of the request.
    pub unanswered: Option<&'static str>,
}

/// Lists the operations of a project that have not ended.
pub(super) async fn open(cx: &Cx, key: &Secret, project: &str) -> Result<Vec<Operation>> {
    let mut operations = cx.ports.neon.operations(key, project).await?;
    operations.retain(|operation| !operation.has_ended());
    Ok(operations)
}

/// What Neon does in an operation, for a person.
fn label(action: &str) -> String {
    match action {
        "create_timeline" | "create_branch" => "creating the branch".to_owned(),
        "start_compute" => "starting the compute".to_owned(),
        "apply_config" => "applying the settings".to_owned(),
        "suspend_compute" => "stopping the compute".to_owned(),
        "delete_timeline" => "deleting the branch".to_owned(),
        other => format!("Neon: {}", other.replace('_', " ")),
    }
}

/// Waits for operations, each polled by its id, with live progress. The list of a project's operations is not asked: right
/// after a change it may not hold them yet.
pub(super) async fn wait(
    cx: &Cx,
    key: &Secret,
    project: &str,
    mut operations: Vec<Operation>,
    messages: WaitMessages,
) -> Result<()> {
    let started = clock::now();
    let mut pause = PAUSE.0;
    loop {
        if let Some(failed) = operations.iter().find(|operation| operation.has_failed()) {
            let why = failed.error.as_ref().unwrap_or(&failed.status);
            return Err(Failure::new(
                Code::ProjectNotReady,
                format!("Neon's operation {} failed", failed.action),
            )
            .why(why)
            .hint(messages.failed));
        }
        let open: Vec<_> = operations
            .iter()
            .filter(|operation| !operation.has_ended())
            .collect();
        let Some(current) = open.first() else {
            return Ok(());
        };
        let total = operations.len() as u64;
        let mut label = label(&current.action);
        if started.elapsed() > PATIENCE {
            label.push_str(" (Ctrl-C stops, the next run resumes)");
        }
        cx.progress(Progress {
            label,
            done: total - open.len() as u64,
            total: Some(total),
        });
        if started.elapsed() > LIMIT {
            let meaning = [current.action.as_str(), messages.meaning];
            return Err(Failure::new(
                Code::ProjectNotReady,
                "Neon's operations didn't finish within 5 minutes",
            )
            .why(meaning.join("; ").trim_end_matches("; "))
            .hint(messages.late));
        }
        tokio::time::sleep(pause).await;
        // what is waited for in vain after the end is about a fifth of the whole, and a second at most
        pause = (pause * 5 / 4).min(PAUSE.1);
        let polls = operations.iter_mut().map(|operation| async {
            if !operation.has_ended() {
                let now = cx.ports.neon.operation(key, project, &operation.id).await;
                *operation = now.map_err(|error| {
                    let failure = Failure::from(error);
                    match messages.unanswered {
                        Some(hint) => failure.hint(hint),
                        None => failure,
                    }
                })?;
            }
            Ok::<_, Failure>(())
        });
        futures_util::future::try_join_all(polls).await?;
    }
}
