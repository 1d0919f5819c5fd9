//! The sandbox over its real surfaces: HTTP, TLS, Postgres, processes.
#![expect(
    clippy::print_stderr,
    reason = "says why a test is skipped, or what a figure is"
)]

mod api;
mod attacks;
mod claims;
mod databases;
mod extensions;
mod faults;
mod fields;
mod issuer;
mod lifetime;
mod raw;
mod refusals;
mod schemas;
mod scripts;
mod serverless;
mod shapes;
mod strangers;
mod support;
mod workshop;
