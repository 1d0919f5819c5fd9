//! Written env files: connections in parts, and the drivers that read them.

mod drivers;
mod parts;
