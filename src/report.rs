//! What the commands print: lines, JSON, SARIF and the receipt.

pub(crate) mod error;
pub(crate) mod json;
pub(crate) mod lines;
pub(crate) mod output;
pub(crate) mod receipt;
pub(crate) mod sarif;
pub(crate) mod styled;
