//! The secrets step.

use async_trait::async_trait;

use super::{Cx, Step};
use crate::{answer::Answer, event::Report, failure::Result, plan::StepId};

/// The secrets step.
#[derive(Debug, Clone, Copy)]
pub struct SecretsStep;

#[async_trait]
impl Step for SecretsStep {
    fn id(&self) -> StepId {
        StepId::Secrets
    }

    async fn probe(&self, _cx: &Cx) -> Result<Report> {
        Ok(Report::waiting("not written yet"))
    }

    async fn apply(&self, cx: &Cx, _answer: Answer) -> Result<Report> {
        self.probe(cx).await
    }
}
