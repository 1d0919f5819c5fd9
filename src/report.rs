//! What the commands print: lines, JSON, SARIF and the receipt.

pub mod lines;
pub mod output;
pub mod receipt;
pub mod sarif;
