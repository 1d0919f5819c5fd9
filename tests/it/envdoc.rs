//! Env files that are written: their parts, and the drivers that read them.

mod drivers;
mod parts;
