//! The `neonup` binary.

fn main() {}
