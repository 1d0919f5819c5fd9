//! The engine with a stage behind it.

use std::sync::Arc;

use crate::tui::event_loop::Engine;
use crate::{
    core::{
        answer::Answer,
        presenter::{DemoEnvironment, DemoRequest, DemoWork, carry_out},
        step::StepId,
    },
    engine::Runtime,
};

/// The runtime, and the stage where there is one.
pub(crate) struct OnStage<'a> {
    runtime: &'a Runtime,
    stage: Option<Arc<dyn DemoEnvironment>>,
}

impl<'a> OnStage<'a> {
    /// The steps of this runtime, on this stage.
    pub(crate) fn new(runtime: &'a Runtime, stage: Option<Arc<dyn DemoEnvironment>>) -> Self {
        Self { runtime, stage }
    }
}

impl Engine for OnStage<'_> {
    fn probe(&self, steps: &[StepId]) {
        self.runtime.probe_all(steps);
    }

    fn apply(&self, answer: Answer) {
        self.runtime.apply(answer);
    }

    fn cancel(&self, step: StepId) {
        self.runtime.cancel(step);
    }

    fn stage(&self, order: DemoRequest) -> DemoWork {
        if order == DemoRequest::Reset {
            self.runtime.forget();
        }
        Box::pin(carry_out(self.stage.clone(), order))
    }
}
