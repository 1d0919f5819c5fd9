//! Safe replacement on the real disk: kills at random moments, a full disk, editors that save meanwhile, links into git's own folder.

mod disk;
mod git_folder;
mod kills;
mod moments;
