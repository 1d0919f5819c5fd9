//! The backend step.

use async_trait::async_trait;

use super::{Cx, Step};
use crate::{answer::Answer, event::Report, failure::Result, plan::StepId};

/// The backend step.
#[derive(Debug, Clone, Copy)]
pub struct BackendStep;

#[async_trait]
impl Step for BackendStep {
    fn id(&self) -> StepId {
        StepId::Backend
    }

    async fn probe(&self, _cx: &Cx) -> Result<Report> {
        Ok(Report::waiting("not written yet"))
    }

    async fn apply(&self, cx: &Cx, _answer: Answer) -> Result<Report> {
        self.probe(cx).await
    }
}
