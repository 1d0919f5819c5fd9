//! Presenter mode: a screen that can be shown to a room. Identifiers are hidden as well as secrets, each step is announced
//! before it acts, nothing happens before Enter was pressed a second time, and the pressed keys are shown.
//!
//! | module | what it does |
//! |---|---|
//! | [`redact`] | hides identifiers in what is shown |
//! | [`slide`] | draws the pauses |
//! | [`letters`] | the large title |
//!
//! What the keys do during a pause is in `update::presenter`.

pub(crate) mod letters;
pub(crate) mod redact;
pub(crate) mod slide;
