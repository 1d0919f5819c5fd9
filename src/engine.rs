//! The steps and the runtime that drives them.
