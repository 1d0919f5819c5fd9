//! The map of the house.

pub mod commands;
pub mod core;
pub mod domain;
pub mod engine;
pub mod os;
pub mod ports;
pub mod project;
pub mod report;
pub mod sandbox;
pub mod testing;
pub mod tui;
