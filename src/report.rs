//! What the commands print: lines, JSON, SARIF, the receipt, and the manual's text about a code.

pub(crate) mod error;
pub(crate) mod json;
pub(crate) mod lines;
pub(crate) mod manual;
pub(crate) mod output;
pub(crate) mod receipt;
pub(crate) mod sarif;
pub(crate) mod styled;
