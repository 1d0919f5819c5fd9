//! A machine with the programs of a test, and no application.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use async_trait::async_trait;

use crate::{
    core::secret::Secret,
    ports::process::{
        CommandExit, CommandSpec, HttpAnswer, Origin, PortHolder, Process, ProcessError, Running,
    },
    testing::world::World,
};

/// Where the application of a world listens.
const APP: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8000);

/// The application of a world, while it runs.
struct RunningApp(World);

#[async_trait]
impl Running for RunningApp {
    fn exit(&mut self) -> Option<CommandExit> {
        let ends = self.0.with(|state| state.app.as_ref()?.ends.then_some(()));
        ends.map(|()| CommandExit {
            code: Some(1),
            output: "it ends at once".to_owned(),
            apart: "it ends at once".to_owned(),
            cut: false,
        })
    }

    fn output(&self) -> String {
        String::new()
    }

    async fn origin(&self, _from: SocketAddr) -> Origin {
        let stranger = self
            .0
            .with(|state| state.app.as_ref().is_some_and(|app| app.stranger));
        if stranger {
            Origin::Others(Vec::new())
        } else {
            Origin::Started
        }
    }

    async fn listens(&self) -> Vec<SocketAddr> {
        vec![APP]
    }

    async fn stop(&mut self) {
        self.0.with(|state| {
            if let Some(app) = &mut state.app {
                app.runs = false;
            }
        });
    }
}

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
            if matches!(answer, Some(Some((0, _)))) {
                let made = std::mem::take(&mut state.made_by_programs);
                state.shape.tables.extend(made);
            }
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
        let there = self.with(|state| {
            let app = state.app.as_mut()?;
            app.starts += 1;
            app.runs = true;
            Some(())
        });
        there.ok_or(ProcessError::NoCommand)?;
        Ok(Box::new(RunningApp(self.clone())))
    }

    async fn get(&self, _url: &str, _limit: Duration) -> Option<HttpAnswer> {
        self.with(|state| {
            let app = state.app.as_ref()?;
            let answers = app.stranger || (app.runs && !app.ends);
            answers.then(|| HttpAnswer {
                from: Some(APP),
                status: app.status,
                redirect: None,
                body: app.body.clone(),
            })
        })
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
