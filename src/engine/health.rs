//! The health step.

use async_trait::async_trait;

use super::{Cx, Step};
use crate::{answer::Answer, event::Report, failure::Result, plan::StepId};

/// The health step.
#[derive(Debug, Clone, Copy)]
pub struct HealthStep;

#[async_trait]
impl Step for HealthStep {
    fn id(&self) -> StepId {
        StepId::Health
    }

    async fn probe(&self, _cx: &Cx) -> Result<Report> {
        Ok(Report::waiting("not written yet"))
    }

    async fn apply(&self, cx: &Cx, _answer: Answer) -> Result<Report> {
        self.probe(cx).await
    }
}
