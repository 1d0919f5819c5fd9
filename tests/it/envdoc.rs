//! Env files on the real disk: safe replacement, kills at random moments, a full disk, and the readers that applications use.

mod disk;
mod drivers;
mod kills;
mod parts;
mod proofs;
mod readers;
