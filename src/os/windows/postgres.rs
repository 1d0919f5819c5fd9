//! Whether the sandbox's Postgres servers run here.

/// Whether a server can listen so that no other user reaches it. It would have to listen at a port of the loopback address.
pub(crate) const SERVES: bool = false;
/// What is told where we carry none.
pub(crate) const WITHOUT: &str = "not included: the sandbox runs on Linux and macOS";
