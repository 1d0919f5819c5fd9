//! How an application is started and asked, from what the project itself uses: its scripts, its Procfile, its compose file, its code.
//!
//! A proposal is shown with the file and line that it comes from, and is proved only by a start. No command here needs a shell, since
//! none gives it one, and no command starts a container or a service manager: what answers has to be started by us.

mod declared;
mod health;
mod node;
mod others;
mod ports;
mod python;

pub(super) use self::{
    health::{ProposedPath, health},
    node::node,
    others::{declared_start, go, rails, rust},
    python::{django, fastapi, flask},
};

use crate::{domain::reading::Spot, project::settings::BackendSettings};

/// The port of a backend that takes any: the front end's env file expects it there.
const USUAL_PORT: u16 = 8000;

/// How an application is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Start {
    /// The folder where it runs, relative to the root.
    pub dir: String,
    pub command: Vec<String>,
    /// The port that it listens on, as far as the project tells; else its framework's.
    pub port: u16,
    /// What says so.
    pub seen: Option<Spot>,
}

impl Start {
    fn new(dir: &str, command: Vec<String>, port: u16, seen: Option<Spot>) -> Self {
        Self {
            dir: dir.to_owned(),
            command,
            port,
            seen,
        }
    }

    /// The application's settings: asked at its health route where there is one, else wherever it listens.
    pub(super) fn backend(self, asked: Option<&ProposedPath>) -> BackendSettings {
        BackendSettings {
            dir: self.dir,
            start: self.command,
            health: asked.map(|asked| format!("http://localhost:{}{}", self.port, asked.path)),
            expect: Vec::new(),
            timeout: None,
        }
    }
}

fn spot(file: &str, line: usize) -> Spot {
    Spot {
        file: file.to_owned(),
        line: u32::try_from(line).unwrap_or(u32::MAX),
    }
}

/// Whether a file is of one of these kinds, by the ending of its name.
fn is_of(file: &str, endings: &[&str]) -> bool {
    let ending = std::path::Path::new(file).extension();
    ending.is_some_and(|ending| endings.iter().any(|known| ending == *known))
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

#[cfg(test)]
mod tests;
