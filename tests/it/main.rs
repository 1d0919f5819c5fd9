//! The integration tests: one binary, so that it links once.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy knows the bodies of tests only; this is the code that they share"
)]

mod secrets;
