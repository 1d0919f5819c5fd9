//! The test kit: in-memory ports, worlds, screen fixtures.

#[cfg(test)]
pub(crate) mod ports;
#[cfg(test)]
pub(crate) mod repo;
#[cfg(test)]
pub(crate) mod requirements;
#[doc(hidden)]
pub mod screens;
#[cfg(test)]
pub(crate) mod world;
