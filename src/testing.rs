//! The test kit: in-memory ports and screen fixtures.

#[cfg(test)]
pub(crate) mod ports;
#[doc(hidden)]
pub mod screens;
