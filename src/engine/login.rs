//! The login step.

use async_trait::async_trait;

use super::{Cx, Step};
use crate::{answer::Answer, event::Report, failure::Result, plan::StepId};

/// The login step.
#[derive(Debug, Clone, Copy)]
pub struct LoginStep;

#[async_trait]
impl Step for LoginStep {
    fn id(&self) -> StepId {
        StepId::Login
    }

    async fn probe(&self, _cx: &Cx) -> Result<Report> {
        Ok(Report::waiting("not written yet"))
    }

    async fn apply(&self, cx: &Cx, _answer: Answer) -> Result<Report> {
        self.probe(cx).await
    }
}
