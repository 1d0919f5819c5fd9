//! Presenter mode: a screen that can be shown to a room. Identifiers are hidden as well as secrets, each step is explained
//! before it acts, nothing happens before Enter was pressed a second time, and the pressed keys are seen.
//!
//! | module | what it does |
//! |---|---|
//! | [`hide`] | takes identifiers out of what is shown |
//! | [`pause`] | the pauses: when they come, and what the keys do there; the reset and the mishaps |
//! | [`slide`] | draws them |
//! | [`letters`] | the large title |
//! | [`keys`] | the keys that were pressed |
//! | [`staged`] | the engine with the demo's stage behind it |

pub(crate) mod hide;
pub(crate) mod keys;
pub(crate) mod letters;
pub(crate) mod pause;
pub(crate) mod slide;
pub(crate) mod staged;

use std::{collections::BTreeSet, time::Duration};

pub(crate) use hide::{HIDDEN, text, veil};

use crate::core::{
    answer::Answer,
    failure::Failure,
    presenter::{DemoRequest, Incident},
};
use crate::tui::state::Screen;

/// How far the tour is.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Tour {
    /// The screens that were explained.
    pub told: BTreeSet<Screen>,
    /// The keys that were pressed last.
    pub keys: keys::Keys,
}

/// A pause: what lies over the screen until it is answered.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Slide {
    /// Before the tour.
    Opening,
    /// Before a screen that was not explained yet.
    Before(Screen),
    /// Before a step is applied with this answer.
    Act(Answer),
    /// The menu of mishaps, and which one is chosen.
    Mishaps(usize),
    /// A mishap has happened, and was not looked at yet.
    Arranged(Incident),
    /// The stage is being set, since then.
    Setting(DemoRequest, Duration),
    /// The stage could not be set.
    Trouble(Failure),
}
