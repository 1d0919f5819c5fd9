//! A machine with the programs of a test, and no application.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use async_trait::async_trait;

use crate::{
    core::secret::Secret,
    ports::process::{
        CommandExit, CommandSpec, HttpAnswer, PortHolder, Process, ProcessError, Running,
    },
    testing::world::World,
};

#[async_trait]
impl Process for World {
    fn find(&self, program: &str, _dir: &Path) -> Option<PathBuf> {
        let is_call = |line: &String| line.split(' ').next() == Some(program);
        self.with(|state| state.programs.keys().any(is_call))
            .then(|| program.into())
    }

    async fn run(
        &self,
        command: &CommandSpec,
        limit: Duration,
    ) -> Result<CommandExit, ProcessError> {
        let line = command.argv.join(" ");
        let names = command.env.iter().map(|(name, _)| name.clone()).collect();
        let answer = self.with(|state| {
            state.calls_of_programs.push((line.clone(), names));
            let answer = state.programs.get(&line).cloned();
            if let Some((other, then)) = state.afterwards.get(&line).cloned() {
                state.programs.insert(other, then);
            }
            answer
        });
        match answer {
            None => Err(ProcessError::NoCommand),
            Some(None) => Err(ProcessError::TimedOut {
                command: line,
                limit,
            }),
            Some(Some((code, output))) => Ok(CommandExit {
                code: Some(code),
                apart: output.clone(),
                output,
                cut: false,
            }),
        }
    }

    async fn start(&self, _command: &CommandSpec) -> Result<Box<dyn Running>, ProcessError> {
        Err(ProcessError::NoCommand)
    }

    async fn get(&self, _url: &str, _limit: Duration) -> Option<HttpAnswer> {
        None
    }

    fn holding(&self, _secret: &Secret) -> Vec<(u32, String)> {
        Vec::new()
    }

    async fn free_port(&self) -> Option<u16> {
        None
    }

    async fn holders(&self, _port: u16) -> Vec<PortHolder> {
        Vec::new()
    }

    async fn listening(&self, _port: u16) -> bool {
        false
    }
}
