//! Every screen in every state, with facts such as the steps report: for snapshots, sweeps, benchmarks and pictures.

mod driver;
#[cfg(test)]
mod engine;
mod facts;
mod fixtures;
mod options;
mod reports;

pub(crate) use driver::AppDriver;
#[cfg(test)]
pub(crate) use engine::ScriptedEngine;
pub(crate) use fixtures::fixtures;
pub(crate) use reports::todo;
#[cfg(test)]
pub(crate) use {
    facts::{health, login_waiting},
    options::{demo_options, options},
    reports::{done, event, failed, failure, finished},
};
