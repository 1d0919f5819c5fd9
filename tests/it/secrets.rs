//! Secrets in git: fixes, and commits that the hook refuses.

mod fix;
mod hook;
#[cfg(unix)] // programs that are shell scripts
mod teams;
