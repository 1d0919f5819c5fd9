//! What a step is.

use async_trait::async_trait;

use crate::core::{event::Report, failure::Result};
use crate::engine::context::Cx;

/// One phase of the setup.
#[async_trait]
pub(crate) trait Step: Send + Sync {
    /// What a person can choose.
    type Answer: Send;

    /// Whether a probe begins before the steps that it needs have been probed. It then waits for them itself, with
    /// [`Cx::needed`], before it uses what they have learned.
    const BEGINS_EARLY: bool = false;

    /// Whether an apply must not be cut off in the middle when the program ends.
    const MUST_FINISH: bool = false;

    /// Looks; never changes anything.
    async fn probe(&self, cx: &Cx) -> Result<Report>;

    /// Changes the world until the probe says done. Idempotent; ends by probing.
    async fn apply(&self, cx: &Cx, answer: Self::Answer) -> Result<Report>;
}
