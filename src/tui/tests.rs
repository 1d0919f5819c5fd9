//! Tests of the whole wizard: update as tables, every screen as a picture, sweeps over sizes, journeys through the loop.

mod contrast;
mod journeys;
mod pictures;
mod presenter;
mod terminal;
mod updates;
