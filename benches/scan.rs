//! What it costs to look at every object of a repository.
fn main() {}
