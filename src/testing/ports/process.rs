//! A machine without programs.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use async_trait::async_trait;

use crate::{
    core::secret::Secret,
    ports::process::{CommandExit, CommandSpec, HttpAnswer, Process, ProcessError, Running},
    testing::world::World,
};

#[async_trait]
impl Process for World {
    fn find(&self, _program: &str, _dir: &Path) -> Option<PathBuf> {
        None
    }

    async fn run(
        &self,
        _command: &CommandSpec,
        _limit: Duration,
    ) -> Result<CommandExit, ProcessError> {
        Err(ProcessError::NoCommand)
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

    async fn listening(&self, _port: u16) -> bool {
        false
    }
}
