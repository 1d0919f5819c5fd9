//! A login in the browser, from a command: shows the address, and takes the one at which the browser ended where that is pasted.

use std::{io, pin::Pin, sync::Arc};

use futures_util::future::OptionFuture;
use tokio::sync::Notify;

use crate::{
    commands::{
        input::{self, TypedSecret},
        session::{CommandSession, Interruption},
    },
    core::{
        answer::{Answer, KeyStorage, LoginAnswer},
        event::EventKind,
        facts::{BrowserWait, Facts},
        step::StepId,
    },
    report::output::Output,
};

/// An address that is being typed or pasted, unseen.
struct Paste {
    typed: Pin<Box<dyn Future<Output = io::Result<TypedSecret>> + Send>>,
    stop: Arc<Notify>,
}

impl Paste {
    fn begin(output: &mut Output) -> Self {
        output.prompt("Paste the address your browser ended at (it is not shown), or wait: ");
        let stop = Arc::new(Notify::new());
        let stopped = Arc::clone(&stop);
        Self {
            typed: Box::pin(input::secret(async move { stopped.notified().await })),
            stop,
        }
    }

    /// Gives the terminal back.
    async fn end(self, output: &mut Output) {
        self.stop.notify_one();
        self.typed.await.ok();
        output.block("");
    }
}

/// Logs in with the browser. `reads`: whether a person can paste something.
pub(super) async fn log_in(
    session: &mut CommandSession,
    storage: KeyStorage,
    reads: bool,
    output: &mut Output,
) -> Result<(), Interruption> {
    let answer = Answer::Login(LoginAnswer::Browser(storage));
    session.runtime.apply(answer);
    let mut shown = false;
    let mut paste: Option<Paste> = None;
    let result = loop {
        let typed = OptionFuture::from(paste.as_mut().map(|paste| paste.typed.as_mut()));
        let kind = tokio::select! {
            biased;
            event = session.next_event() => match event {
                Ok(event) if event.step == StepId::Login => event.kind,
                Ok(_) => continue,
                Err(interruption) => break Err(interruption),
            },
            Some(typed) = typed => {
                paste = None;
                output.block("");
                match typed {
                    Ok(TypedSecret::Secret(address)) => session.runtime.hand_over(address),
                    Ok(TypedSecret::Back | TypedSecret::Cancelled) => {
                        break Err(Interruption::Signal);
                    }
                    // a terminal that cannot be read: the browser is waited for all the same
                    Err(_) => {}
                }
                continue;
            }
        };
        match kind {
            // while something is typed, a line that is rewritten would be in its way
            EventKind::Progress(progress) if paste.is_none() => {
                output.progress(format!("login: {} …", progress.label));
            }
            EventKind::Facts(Facts::Login(facts)) => {
                let Some(waiting) = facts.waiting else {
                    continue;
                };
                if !shown {
                    show(&waiting, output);
                    shown = true;
                }
                if let Some(problem) = &waiting.problem {
                    output.note(format!("{problem}; try again"));
                }
                if reads && paste.is_none() {
                    paste = Some(Paste::begin(output));
                }
            }
            EventKind::Finished(_) => break Ok(()),
            EventKind::Bug(place) => break Err(Interruption::Bug(place)),
            EventKind::Started(_)
            | EventKind::Progress(_)
            | EventKind::Facts(_)
            | EventKind::Activity(_)
            | EventKind::App(_) => {}
        }
    };
    if let Some(paste) = paste {
        paste.end(output).await;
    }
    result
}

fn show(waiting: &BrowserWait, output: &mut Output) {
    output.note(if waiting.opened {
        "Neon's login page opens in your browser. If it doesn't, open this address:"
    } else {
        "No browser can be opened here. Open this address in one, on any machine:"
    });
    output.line_in_full(&waiting.address);
    if !waiting.opened {
        output.note(
            "The page that it ends at can't be loaded on another machine: copy its address, and paste it here.",
        );
    }
}
