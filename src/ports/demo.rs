//! The demo: a sample project and a sandbox, which may be broken and reset at will.

use std::{future::Future, pin::Pin, sync::Arc};

use async_trait::async_trait;

use crate::core::presenter::{DemoError, DemoOutcome, DemoRequest, Incident};

/// What a presenter shows the wizard on.
#[async_trait]
pub(crate) trait DemoEnvironment: Send + Sync {
    /// Restores the project's files, its repository and the sandbox to the beginning.
    async fn reset(&self) -> Result<(), DemoError>;
    /// Lets an incident happen. What it needs and does not find is the failure.
    async fn cause(&self, incident: Incident) -> Result<(), DemoError>;
}

/// A request that is being carried out.
pub(crate) type PendingDemo = Pin<Box<dyn Future<Output = DemoOutcome> + Send>>;

/// Carries out a request, where there is a demo.
pub(crate) async fn carry_out(
    demo: Option<Arc<dyn DemoEnvironment>>,
    request: DemoRequest,
) -> DemoOutcome {
    let result = match (demo, request) {
        (None, _) => Err(DemoError::NotTheDemo),
        (Some(demo), DemoRequest::Reset) => demo.reset().await,
        (Some(demo), DemoRequest::Cause(incident)) => demo.cause(incident).await,
    };
    DemoOutcome { request, result }
}
