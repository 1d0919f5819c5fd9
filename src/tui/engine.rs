//! What drives the steps for the wizard: the runtime, with the demo behind it where there is one.

use std::sync::Arc;

use crate::{
    core::{answer::Answer, presenter::DemoRequest, step::StepId},
    engine::Runtime,
    ports::demo::{DemoEnvironment, PendingDemo, carry_out},
};

/// What drives the steps: the runtime, or a test.
pub(crate) trait Engine {
    /// Probes these steps, each after those of them that it needs.
    fn probe(&self, steps: &[StepId]);
    /// Gives an answer to its step.
    fn apply(&self, answer: Answer);
    /// Cancels what a step is doing.
    fn cancel(&self, step: StepId);
    /// Starts the application and keeps it running.
    fn keep_app(&self) {}
    /// Stops the application that is kept running.
    fn stop_app(&self) {}
    /// Hands a request to the demo. Only the demo has one to hand it to.
    fn demo(&self, request: DemoRequest) -> PendingDemo {
        Box::pin(carry_out(None, request))
    }
}

/// The runtime, and the demo where there is one.
pub(crate) struct RuntimeEngine<'a> {
    runtime: &'a Runtime,
    demo: Option<Arc<dyn DemoEnvironment>>,
}

impl<'a> RuntimeEngine<'a> {
    pub(crate) fn new(runtime: &'a Runtime, demo: Option<Arc<dyn DemoEnvironment>>) -> Self {
        Self { runtime, demo }
    }
}

impl Engine for RuntimeEngine<'_> {
    fn probe(&self, steps: &[StepId]) {
        self.runtime.probe_all(steps);
    }

    fn apply(&self, answer: Answer) {
        self.runtime.apply(answer);
    }

    fn cancel(&self, step: StepId) {
        self.runtime.cancel(step);
    }

    fn keep_app(&self) {
        self.runtime.keep_app();
    }

    fn stop_app(&self) {
        self.runtime.stop_app();
    }

    fn demo(&self, request: DemoRequest) -> PendingDemo {
        if request == DemoRequest::Reset {
            self.runtime.forget();
        }
        Box::pin(carry_out(self.demo.clone(), request))
    }
}
