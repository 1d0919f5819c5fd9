//! The command line, and which front end runs.
