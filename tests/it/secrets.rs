//! Secrets in git: fixes, and commits that the hook refuses.

mod fix;
mod hook;
mod teams;
