//! The engine with a stage behind it.

use std::sync::Arc;

use crate::tui::event_loop::Engine;
use crate::{
    core::{
        answer::Answer,
        plan::StepId,
        presenter::{Order, Stage, Staging, carry_out},
    },
    engine::Runtime,
};

/// The runtime, and the stage where there is one.
pub struct OnStage<'a> {
    runtime: &'a Runtime,
    stage: Option<Arc<dyn Stage>>,
}

impl<'a> OnStage<'a> {
    /// The steps of this runtime, on this stage.
    pub fn new(runtime: &'a Runtime, stage: Option<Arc<dyn Stage>>) -> Self {
        Self { runtime, stage }
    }
}

impl Engine for OnStage<'_> {
    fn probe(&self, steps: &[StepId]) {
        self.runtime.probe_all(steps);
    }

    fn apply(&self, step: StepId, answer: Answer) {
        self.runtime.apply(step, answer);
    }

    fn cancel(&self, step: StepId) {
        self.runtime.cancel(step);
    }

    fn stage(&self, order: Order) -> Staging {
        if order == Order::Reset {
            self.runtime.forget();
        }
        Box::pin(carry_out(self.stage.clone(), order))
    }
}
