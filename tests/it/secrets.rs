//! Git: what is fixed, and what the hook refuses.

mod fix;
mod hook;
