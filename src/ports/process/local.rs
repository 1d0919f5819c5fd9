//! Programs of this machine.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
    time::Duration,
};

use async_trait::async_trait;

use super::{CommandSpec, Ended, HttpAnswer, Process, Running, child::Group, http};
use crate::{
    failure::{Failure, Result},
    finding::Code,
};

/// Where a project keeps programs of its own, relative to one of its folders.
#[cfg(not(windows))]
const PROJECT: &[&str] = &[".venv/bin", "venv/bin", "node_modules/.bin"];
/// Where a project keeps programs of its own, relative to one of its folders.
#[cfg(windows)]
const PROJECT: &[&str] = &[".venv/Scripts", "venv/Scripts", "node_modules/.bin"];

/// Programs of this machine, and of the project at `root` first.
#[derive(Debug, Clone)]
pub struct LocalProcess {
    root: PathBuf,
    path: Option<OsString>,
}

impl LocalProcess {
    /// For the project at this root; other programs are found through `PATH`.
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            path: env::var_os("PATH"),
        }
    }

    /// The same with another `PATH`.
    #[must_use]
    pub fn with_path(mut self, path: impl Into<OsString>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// The folders that are looked through, in order.
    fn places(&self, dir: &Path) -> Vec<PathBuf> {
        let own = dir
            .ancestors()
            .take_while(|dir| dir.starts_with(&self.root))
            .flat_map(|dir| PROJECT.iter().map(|place| dir.join(place)));
        let path = self.path.iter().flat_map(|path| env::split_paths(path));
        own.chain(path.filter(|place| place.is_absolute()))
            .collect()
    }

    /// The command with its program found, or why it cannot be run.
    fn command(&self, spec: &CommandSpec, code: Code) -> Result<Command> {
        let Some((program, arguments)) = spec.argv.split_first() else {
            return Err(Failure::new(code, "the command is empty")
                .hint("name a program and its arguments in neonup.toml"));
        };
        let Some(found) = self.find(program, &spec.dir) else {
            return Err(Failure::new(code, format!("`{program}` was not found"))
                .why(format!(
                    "it is neither in a .venv of `{}` nor in PATH",
                    spec.dir.display()
                ))
                .hint(format!("install {program}, or create the project's .venv")));
        };
        let mut command = Command::new(&found);
        command.args(arguments).current_dir(&spec.dir);
        // what an activated environment would do, so that the program finds its own helpers first
        if let Some(bin) = found.parent().filter(|bin| bin.starts_with(&self.root)) {
            let places = std::iter::once(bin.to_owned())
                .chain(self.path.iter().flat_map(|path| env::split_paths(path)));
            if let Ok(path) = env::join_paths(places) {
                command.env("PATH", path);
            }
            if let Some(environment) = bin.parent()
                && environment.join("pyvenv.cfg").exists()
            {
                command.env("VIRTUAL_ENV", environment);
            }
        }
        // output that stays in a buffer explains nothing
        command.env("PYTHONUNBUFFERED", "1");
        for (name, value) in &spec.env {
            command.env(name, value.expose());
        }
        Ok(command)
    }

    fn spawn(&self, spec: &CommandSpec, code: Code) -> Result<Group> {
        Group::spawn(self.command(spec, code)?).map_err(|error| {
            let program = spec.argv.first().map_or("", String::as_str);
            Failure::new(code, format!("`{program}` could not be started"))
                .why(error.to_string())
                .hint(format!("try it by hand in {}", spec.dir.display()))
        })
    }
}

#[async_trait]
impl Process for LocalProcess {
    fn find(&self, program: &str, dir: &Path) -> Option<PathBuf> {
        if program.contains(['/', '\\']) {
            let path = dir.join(program);
            return executable(&path).then_some(path);
        }
        let places = self.places(dir);
        let find = |name: &str| {
            places
                .iter()
                .map(|place| place.join(format!("{name}{}", env::consts::EXE_SUFFIX)))
                .find(|path| executable(path))
        };
        // many systems have only a python3
        find(program).or_else(|| (program == "python").then(|| find("python3")).flatten())
    }

    async fn run(&self, command: &CommandSpec, limit: Duration) -> Result<Ended> {
        let mut group = self.spawn(command, Code::SchemaCommandFailed)?;
        let status = group.wait(limit).await;
        if let Some(status) = status {
            return Ok(ended(status, &group));
        }
        group.stop().await;
        let program = command.argv.first().map_or("", String::as_str);
        Err(Failure::new(
            Code::SchemaCommandFailed,
            format!("`{program}` did not end within {} s", limit.as_secs()),
        )
        .why("it was stopped")
        .hint("--timeout gives it longer"))
    }

    async fn start(&self, command: &CommandSpec) -> Result<Box<dyn Running>> {
        let group = self.spawn(command, Code::HealthAppStart)?;
        Ok(Box::new(Application(group)))
    }

    async fn get(&self, url: &str, limit: Duration) -> Option<HttpAnswer> {
        http::get(url, limit).await
    }

    async fn listening(&self, port: u16) -> bool {
        http::listening(port).await
    }
}

fn ended(status: ExitStatus, group: &Group) -> Ended {
    Ended {
        code: status.code(),
        output: group.output(),
    }
}

struct Application(Group);

#[async_trait]
impl Running for Application {
    fn ended(&mut self) -> Option<Ended> {
        let status = self.0.ended()?;
        Some(ended(status, &self.0))
    }

    fn output(&self) -> String {
        self.0.output()
    }

    async fn stop(&mut self) {
        self.0.stop().await;
    }
}

#[cfg(unix)]
fn executable(path: &Path) -> bool {
    path.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
}

#[cfg(not(unix))]
fn executable(path: &Path) -> bool {
    path.is_file()
}
