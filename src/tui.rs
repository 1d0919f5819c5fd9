//! The wizard.
//!
//! ```text
//! key → keymap → Msg → update(&mut App) → Vec<Effect> → the runtime, the terminal
//!                          view(&App) draws
//! ```
//!
//! [`update`] and [`view`] are pure; [`drive`] is the loop between them, generic over the screen and the keys, so that tests
//! own both; [`terminal`] is the only part that touches a terminal. A screen is a module of [`screens`]: it says what it shows
//! (lines), and what it asks (choices, the careful one first). A key is a row of [`keymap::KEYS`].

pub(crate) mod choices;
mod clipboard;
pub(crate) mod dialog;
mod engine;
pub(crate) mod event_loop;
pub(crate) mod keymap;
pub(crate) mod links;
pub(crate) mod mouse;
pub(crate) mod msg;
pub(crate) mod presenter;
pub(crate) mod screens;
pub(crate) mod state;
pub(crate) mod terminal;
#[cfg(test)]
mod tests;
pub(crate) mod text;
pub(crate) mod theme;
pub(crate) mod update;
pub(crate) mod view;
pub(crate) mod widgets;

use std::sync::Arc;

use tokio::sync::mpsc::UnboundedReceiver;

pub(crate) use terminal::TerminalError;

use self::engine::RuntimeEngine;
use crate::{
    core::{event::Event, plan::Plan},
    engine::Runtime,
    ports::demo::DemoEnvironment,
};

/// What the wizard is told when it opens, and what does not change.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts of the terminal, each independent of the others"
)]
pub(crate) struct Options {
    /// The project's name, for the title.
    pub project: String,
    /// `Neon` or `Sandbox`.
    pub place: String,
    /// What starts the app, typed in the root; empty where that is not known.
    pub start: String,
    /// What the summary says besides: where the demo's files lie.
    pub notes: Vec<String>,
    /// `--no-color`, `NO_COLOR`.
    pub no_color: bool,
    /// ASCII instead of box drawing and symbols, for a locale or a font without them.
    pub ascii: bool,
    /// Whether the terminal's background is known to be light.
    pub light: bool,
    /// The presenter's mode from the start.
    pub presenter: bool,
    /// Whether this is the demo, where incidents can be shown and everything be reset.
    pub demo: bool,
    /// Words that say who or where we are, to be hidden in the presenter's mode beside what the steps know.
    pub private: Vec<String>,
    /// Whether web addresses are given to the terminal as links (OSC 8).
    pub links: bool,
    /// Whether the terminal is tmux (`TMUX` is set): then what is copied is given to it, too.
    pub tmux: bool,
}

/// Whether the terminal's background is light: what the user says (`light` or `dark`) over what the terminal says. Many
/// terminals set `COLORFGBG` to the numbers of their foreground and background, such as `0;15` or `0;default;15`; of the
/// sixteen, 7 and 9 to 15 are light. The terminal itself is not asked, since an answer that is late would be read as keys.
pub(crate) fn light_background(chosen: &str, colorfgbg: &str) -> bool {
    match chosen {
        "light" => true,
        "dark" => false,
        _ => colorfgbg
            .rsplit(';')
            .next()
            .and_then(|number| number.parse::<u8>().ok())
            .is_some_and(|number| number == 7 || (9..=15).contains(&number)),
    }
}

/// Why the wizard ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reason {
    /// Every step is done or left out.
    Finished,
    /// The user left while something was open.
    Quit,
    /// Ctrl-C, or SIGTERM.
    Cancelled,
    /// A task of ours panicked; the text is for the report. Exit with 70.
    Bug(String),
    /// The terminal is gone: there is nobody to tell.
    Hangup,
}

/// How the wizard ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ended {
    /// What is known of the steps, with all work ended.
    pub plan: Plan,
    /// Why.
    pub reason: Reason,
}

/// Opens the wizard, and returns when it was left, the terminal is as it was, and no work goes on.
///
/// The caller has checked that there is a terminal.
pub(crate) async fn run(
    runtime: Runtime,
    mut events: UnboundedReceiver<Event>,
    options: Options,
    demo: Option<Arc<dyn DemoEnvironment>>,
) -> Result<Ended, TerminalError> {
    let ended = {
        let engine = RuntimeEngine::new(&runtime, demo);
        terminal::run_with(&engine, &mut events, options).await
    };
    runtime.shutdown().await;
    let (mut plan, reason) = ended?;
    while let Ok(event) = events.try_recv() {
        plan.fold(&event);
    }
    Ok(Ended { plan, reason })
}
