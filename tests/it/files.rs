//! Files of the work tree: what a killed run leaves, and what a clone would have written where it must not.

#[cfg(unix)] // symbolic links
mod git_folder;
mod home;
mod killed;
