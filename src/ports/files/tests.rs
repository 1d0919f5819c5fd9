//! Safe replacement on the real disk: kills at random moments, a full disk.

mod disk;
mod kills;
