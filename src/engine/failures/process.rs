//! Programs that could not be run.

use crate::{
    core::{code::Code, failure::Failure},
    ports::process::ProcessError,
};

impl From<ProcessError> for Failure {
    fn from(error: ProcessError) -> Self {
        let what = error.to_string();
        match error {
            ProcessError::NoCommand => {
                Self::new(Code::HealthAppStart, what).hint("set [backend] start in neonup.toml")
            }
            ProcessError::NotStarted { source, .. } => Self::new(Code::HealthAppStart, what)
                .why(source.to_string())
                .hint("check [backend] start and dir in neonup.toml"),
            ProcessError::TimedOut { .. } => Self::new(Code::SchemaCommandFailed, what)
                .hint("run it yourself to see what it waits for"),
            ProcessError::Asks { .. } => Self::new(Code::SchemaCommandFailed, what)
                .hint("run it yourself in a terminal, and answer the question there"),
        }
    }
}
