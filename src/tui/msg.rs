//! What comes in, and what goes out: plain data on both sides.

use std::time::Duration;

use crossterm::event::KeyEvent;

use crate::core::{
    answer::Answer,
    event::Event,
    presenter::{DemoOutcome, DemoRequest},
    secret::Secret,
    step::StepId,
};
use crate::os::signals::Signal;
use crate::tui::proposal::{ProposalOutcome, ProposalRequest};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Msg {
    /// A key was pressed.
    Key(KeyEvent),
    /// The mouse was used.
    Mouse(MouseInput),
    /// Text was pasted in one piece. It may be a key, so it is a secret until proven otherwise.
    Paste(Secret),
    /// The terminal has another size.
    Resize(u16, u16),
    /// The engine reports.
    Engine(Box<Event>),
    /// How long the wizard has been open. Sent before anything else at each wake-up, so that `update` never asks a clock.
    Tick(Duration),
    /// A signal arrived.
    Signal(Signal),
    /// The terminal says whether its background is light.
    Background { light: bool },
    /// Everything was drawn as it is.
    Drawn,
    /// The repository has answered a request about the proposal.
    Proposal(Box<ProposalOutcome>),
    /// The demo has carried out a request, or could not.
    Demo(Box<DemoOutcome>),
    /// The editor has ended: whether anything differs, or why nothing was kept.
    Edited(Result<bool, String>),
    /// psql has ended, or why it did not start.
    PsqlEnded(Result<(), String>),
    /// No key will ever come again.
    InputClosed,
}

/// What the mouse did. Where: column and row, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MouseInput {
    /// The first button was pressed.
    Press(u16, u16),
    /// The wheel was turned away from the user.
    WheelUp,
    /// The wheel was turned towards the user.
    WheelDown,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Probe these steps, each after those of them that it needs.
    Probe(Vec<StepId>),
    /// Give an answer to its step.
    Apply(Answer),
    /// Cancel what a step is doing.
    Cancel(StepId),
    /// Hand the address at which the browser has ended to the login that waits for it.
    HandOver(Secret),
    /// Start the application and keep it running.
    KeepApp,
    /// Stop the application that is kept running.
    StopApp,
    /// Ask the repository for this.
    Proposal(ProposalRequest),
    /// Open what would be written to this env file in the user's editor.
    Edit(String),
    /// Open psql on the database.
    Psql,
    /// Ask the demo for this.
    Demo(DemoRequest),
    /// Put a text into the clipboard of the terminal. Never a secret.
    Copy(String),
    /// Open this address in the browser.
    Open(String),
    /// Take the mouse from the terminal, or give it back.
    Mouse(bool),
    /// Give the terminal back and stop, until the shell's `fg`.
    Suspend,
    /// Redraw everything.
    Redraw,
    /// Leave.
    Quit(ExitReason),
}

/// Why the wizard ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ExitReason {
    /// Every step is done or skipped.
    Finished,
    /// The user left while something was open.
    Quit,
    /// Ctrl-C, or SIGTERM.
    Cancelled,
    /// A task of ours panicked; the text is for the report. Exit with 70.
    Bug(String),
    /// The terminal is gone: there is nobody to report to.
    Hangup,
}
