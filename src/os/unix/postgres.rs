//! Whether the sandbox's Postgres servers run here.

/// Whether a server can listen so that no other user reaches it.
pub(crate) const SERVES: bool = true;
/// What is told where we carry none.
pub(crate) const WITHOUT: &str = "not included: the sandbox uses an installed one";
