//! The document by itself, and beside the readers that applications use.

mod document;
mod readers;
