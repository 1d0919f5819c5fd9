//! Safe replacement on the real disk: kills at random moments, a full disk, editors that save meanwhile, links into git's own folder.

#[cfg(unix)]
mod disk;
#[cfg(unix)]
mod git_folder;
mod kills;
#[cfg(unix)]
mod moments;
