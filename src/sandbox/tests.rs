//! The sandbox over its real surfaces: HTTP, TLS, Postgres, processes.

mod api;
mod claims;
mod databases;
mod faults;
mod fields;
mod lifetime;
mod schemas;
mod support;
mod workshop;
