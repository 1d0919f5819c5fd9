//! Presenter mode: a screen that can be shown to a room. Identifiers are hidden as well as secrets, each step is explained
//! before it acts, nothing happens before Enter was pressed a second time, and the pressed keys are seen.
//!
//! | module | what it does |
//! |---|---|
//! | [`hide`] | takes identifiers out of what is shown |
//! | [`pause`] | the pauses: when they come, and what the keys do there; the reset and the incidents |
//! | [`slide`] | draws them |
//! | [`letters`] | the large title |
//! | [`keys`] | the keys that were pressed |

pub(crate) mod hide;
pub(crate) mod keys;
pub(crate) mod letters;
pub(crate) mod pause;
pub(crate) mod slide;

use std::time::Duration;

pub(crate) use hide::{text, veil};

use crate::core::{
    answer::Answer,
    presenter::{DemoError, DemoRequest, Incident},
};
use crate::tui::state::Screen;

/// A pause: what lies over the screen until it is answered.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Slide {
    /// Before everything.
    Opening,
    /// Before a screen that was not announced yet.
    Before(Screen),
    /// Before a step is applied with this answer.
    BeforeApply(Answer),
    /// The menu of incidents, and which one is chosen.
    Incidents(usize),
    /// An incident has happened, and its step was not probed again yet.
    AfterIncident(Incident),
    /// The demo is carrying out a request, since then.
    Preparing(DemoRequest, Duration),
    /// The demo could not carry it out.
    Failed(DemoError),
}
