//! Git: what is kept out, what got in, and where.

mod fix;
mod hook;
mod planted;
mod protection;
mod repo;
mod step;
