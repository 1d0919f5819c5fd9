//! Waits until a project is ready.

use crate::{
    core::{failure::Result, secret::Secret},
    engine::{
        context::Cx,
        neon_operations::{self, WaitMessages},
    },
    ports::neon::Operation,
};

/// Waits until the operations of a project that was created or changed have ended.
pub(super) async fn wait_until_ready(
    cx: &Cx,
    key: &Secret,
    project: &str,
    operations: Vec<Operation>,
) -> Result<()> {
    const MESSAGES: WaitMessages = WaitMessages {
        failed: "the project exists: run the command again to join it, or delete it in the Neon console",
        meaning: "",
        late: "the project exists: run the command again to keep waiting",
        unanswered: None,
    };
    neon_operations::wait(cx, key, project, operations, MESSAGES).await
}
