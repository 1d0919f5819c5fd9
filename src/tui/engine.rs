//! What drives the steps for the wizard: the runtime, with the demo behind it where there is one.

use std::{future::Future, path::PathBuf, pin::Pin, sync::Arc};

use crate::{
    core::{
        answer::Answer,
        presenter::{DemoRequest, notes::Presented},
        secret::Secret,
        step::StepId,
    },
    domain::url::Connection,
    engine::Runtime,
    ports::{
        demo::{DemoEnvironment, PendingDemo, carry_out},
        editor::EditRefusal,
        presentation::PresentationBoard,
    },
    project::{proposals::Proposals, settings::Settings},
    tui::proposal::{ProposalAnswer, ProposalRequest},
};

/// A request about the proposal that is being carried out: it, and what comes of it.
pub(crate) type PendingProposal = Pin<
    Box<dyn Future<Output = (ProposalRequest, Result<ProposalAnswer<Settings>, String>)> + Send>,
>;

/// A part of an edit that is being carried out; the error is a sentence.
pub(crate) type PendingEdit<T, E = String> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

/// What drives the steps: the runtime, or a test.
pub(crate) trait Engine {
    /// Probes these steps, each after those of them that it needs.
    fn probe(&self, steps: &[StepId]);
    /// Gives an answer to its step.
    fn apply(&self, answer: Answer);
    /// Cancels what a step is doing.
    fn cancel(&self, step: StepId);
    /// Hands the address at which the browser has ended to the login that waits for it.
    fn hand_over(&self, _address: Secret) {}
    /// Starts the application and keeps it running.
    fn keep_app(&self) {}
    /// Stops the application that is kept running.
    fn stop_app(&self) {}
    /// What the env files connect to, with an extra root certificate.
    fn connection(&self) -> Option<(Connection, Option<PathBuf>)> {
        None
    }
    /// The text of an env file for an editor.
    fn env_text(&self, _file: &str) -> PendingEdit<String> {
        Box::pin(std::future::ready(Err("there is no repository".to_owned())))
    }
    /// Keeps what was made of that text; `false` where nothing differs.
    fn keep_edit(
        &self,
        _file: &str,
        _base: &str,
        _edited: String,
    ) -> PendingEdit<bool, EditRefusal> {
        let why = "there is no repository".to_owned();
        Box::pin(std::future::ready(Err(EditRefusal::Given(why))))
    }
    /// Hands a request about the proposal to the repository.
    fn propose(&self, request: ProposalRequest) -> PendingProposal {
        let result = Err("there is no repository".to_owned());
        Box::pin(std::future::ready((request, result)))
    }
    /// Works with the settings that came of such a request.
    fn adopt(&self, _settings: Settings) {}
    /// Tells the presenter's own window what the audience sees.
    fn tell(&self, _presented: Presented) {}
    /// Hands a request to the demo. Only the demo has one to hand it to.
    fn demo(&self, request: DemoRequest) -> PendingDemo {
        Box::pin(carry_out(None, request))
    }
}

/// The runtime, and the demo where there is one.
pub(crate) struct RuntimeEngine<'a> {
    runtime: &'a Runtime,
    demo: Option<Arc<dyn DemoEnvironment>>,
    proposals: Option<Arc<dyn Proposals>>,
    board: PresentationBoard,
}

impl Drop for RuntimeEngine<'_> {
    fn drop(&mut self) {
        self.board.clear();
    }
}

impl<'a> RuntimeEngine<'a> {
    pub(crate) fn new(
        runtime: &'a Runtime,
        demo: Option<Arc<dyn DemoEnvironment>>,
        proposals: Option<Arc<dyn Proposals>>,
    ) -> Self {
        Self {
            runtime,
            demo,
            proposals,
            board: PresentationBoard::open(),
        }
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

    fn hand_over(&self, address: Secret) {
        self.runtime.hand_over(address);
    }

    fn keep_app(&self) {
        self.runtime.keep_app();
    }

    fn stop_app(&self) {
        self.runtime.stop_app();
    }

    fn connection(&self) -> Option<(Connection, Option<PathBuf>)> {
        let connection = self.runtime.written_connection()?;
        Some((connection, self.runtime.settings().ca_file.clone()))
    }

    fn env_text(&self, file: &str) -> PendingEdit<String> {
        Box::pin(self.runtime.env_text(file))
    }

    fn keep_edit(&self, file: &str, base: &str, edited: String) -> PendingEdit<bool, EditRefusal> {
        Box::pin(self.runtime.keep_edit(file, base, edited))
    }

    fn propose(&self, request: ProposalRequest) -> PendingProposal {
        let Some(proposals) = self.proposals.clone() else {
            let result = Err("there is no repository".to_owned());
            return Box::pin(std::future::ready((request, result)));
        };
        let present = self.runtime.settings();
        Box::pin(async move {
            let asked = request.clone();
            // it reads the whole repository
            let work = tokio::task::spawn_blocking(move || {
                let settings = match asked {
                    ProposalRequest::Of(dir) => proposals.of_folder(&dir),
                    ProposalRequest::Write(text) => proposals.write(&present, &text),
                    ProposalRequest::Replace { before, after } => {
                        proposals.replace(&present, &before, &after)
                    }
                    ProposalRequest::Read(_) => {
                        return proposals.read(&present).map(ProposalAnswer::Text);
                    }
                };
                settings.map(ProposalAnswer::Settings)
            });
            let result = work.await.unwrap_or_else(|error| Err(error.to_string()));
            (request, result)
        })
    }

    fn adopt(&self, settings: Settings) {
        self.runtime.adopt(settings);
    }

    fn tell(&self, presented: Presented) {
        // whoever has no second window misses nothing
        if let Err(error) = self.board.tell(presented) {
            tracing::debug!(%error, "can't tell the presenter's window");
        }
    }

    fn demo(&self, request: DemoRequest) -> PendingDemo {
        if request == DemoRequest::Reset {
            self.runtime.forget();
        }
        Box::pin(carry_out(self.demo.clone(), request))
    }
}
