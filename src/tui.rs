//! The wizard.
//!
//! ```text
//! key → keymap → Msg → update(&mut App) → Vec<Effect> → the runtime, the terminal
//!                          view(&App) draws
//! ```
//!
//! [`update`] and [`view`] are pure; [`event_loop`] is the loop between them, generic over the screen and the keys, so that
//! tests own both; [`terminal`] is the only part that touches a terminal. A module uses only those above it in this table,
//! and `text`, `theme`, `keymap`, `msg`, `options`, `proposal` and `replies`, which are below all of them:
//!
//! | module | what it does |
//! |---|---|
//! | [`state`] | all that is known and shown, as data |
//! | [`choices`] | what there is to choose from, and what is chosen |
//! | [`layout`] | where everything goes |
//! | [`widgets`] | the pieces that screens are made of |
//! | [`presenter`] | presenter mode: redaction, and the slides |
//! | [`screens`] | one module for each screen and dialog: its lines |
//! | [`page`] | the page that is shown: lines, choices and layout |
//! | [`view`], [`update`] | draws the state, and changes it |
//! | [`event_loop`], [`terminal`] | run both |
//!
//! A screen is a module of [`screens`]; what it offers is in `core::choices`. A key is a row of [`keymap::KEYS`].

pub(crate) mod choices;
mod clipboard;
mod engine;
pub(crate) mod event_loop;
pub(crate) mod keymap;
pub(crate) mod layout;
mod links;
pub(crate) mod msg;
pub(crate) mod notes;
mod options;
pub(crate) mod page;
pub(crate) mod presenter;
pub(crate) mod proposal;
pub(crate) mod replies;
pub(crate) mod screens;
pub(crate) mod state;
pub(crate) mod terminal;
#[cfg(test)]
mod tests;
pub(crate) mod text;
pub(crate) mod text_context;
pub(crate) mod theme;
pub(crate) mod update;
pub(crate) mod view;
pub(crate) mod widgets;

use std::sync::Arc;

use tokio::sync::mpsc::UnboundedReceiver;

pub(crate) use self::{
    msg::ExitReason,
    options::{Background, Options},
    proposal::{Opened, ProposalScreen},
    terminal::{TerminalError, show_notes},
};
use crate::{
    core::{event::Event, plan::Plan},
    engine::Runtime,
    ports::demo::DemoEnvironment,
    project::proposals::Proposals,
};

/// How the wizard ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct WizardEnd {
    /// What is known of the steps, with all work ended.
    pub plan: Plan,
    pub reason: ExitReason,
}

/// Opens the wizard, and returns when it was left, the terminal is as it was, and no work goes on.
///
/// The caller has checked that there is a terminal.
pub(crate) async fn run(
    runtime: Runtime,
    mut events: UnboundedReceiver<Event>,
    options: Options,
    demo: Option<Arc<dyn DemoEnvironment>>,
    proposals: Option<Arc<dyn Proposals>>,
) -> Result<WizardEnd, TerminalError> {
    let ended = {
        let engine = engine::RuntimeEngine::new(&runtime, demo, proposals);
        terminal::run_with(&engine, &mut events, options).await
    };
    runtime.shutdown().await;
    let (mut plan, reason) = ended?;
    while let Ok(event) = events.try_recv() {
        plan.fold(&event);
    }
    Ok(WizardEnd { plan, reason })
}
