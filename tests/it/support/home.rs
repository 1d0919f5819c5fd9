//! A home directory and the environment of its user.

use std::process::Command;

#[cfg(unix)]
use portable_pty::CommandBuilder;
use tempfile::TempDir;

#[cfg(unix)]
use super::terminal::Terminal;
use super::{folders, processes::fed, run::Run};

/// Makes a folder that is removed at the end of the test, or by a later test if this one is killed.
pub fn temp_dir() -> TempDir {
    folders::create_temporary("neonup-test-").unwrap()
}

/// A home directory, so that nothing of the user's is read or written.
pub struct Home {
    pub dir: TempDir,
    /// Whether a Python environment is activated, so that the packages of no application are installed: they would come from a network.
    pub activated: bool,
}

impl Home {
    pub fn new() -> Self {
        Self {
            dir: temp_dir(),
            activated: true,
        }
    }

    /// A command that has this home, the search path, and nothing else of the environment.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear();
        for (name, value) in self.environment() {
            command.env(name, value);
        }
        command
    }

    pub fn environment(&self) -> Vec<(String, String)> {
        let home = self.dir.path().display().to_string();
        let mut variables = vec![
            ("PATH".to_owned(), std::env::var("PATH").unwrap_or_default()),
            ("HOME".to_owned(), home.clone()),
            ("XDG_CONFIG_HOME".to_owned(), format!("{home}/config")),
            ("XDG_STATE_HOME".to_owned(), format!("{home}/state")),
            ("LANG".to_owned(), "C.UTF-8".to_owned()),
            ("TERM".to_owned(), "xterm-256color".to_owned()),
            ("GIT_CONFIG_NOSYSTEM".to_owned(), "1".to_owned()),
            // a test about consent takes it away
            ("NEONUP_TRUST".to_owned(), "1".to_owned()),
            ("RUST_BACKTRACE".to_owned(), "0".to_owned()),
        ];
        if self.activated {
            let environment = format!("{home}/no-environment");
            variables.push(("VIRTUAL_ENV".to_owned(), environment));
        }
        // should anything be installed, it comes from this machine
        for (name, value) in [
            ("PIP_NO_INDEX", "1"),
            ("UV_OFFLINE", "1"),
            ("npm_config_offline", "true"),
        ] {
            variables.push((name.to_owned(), value.to_owned()));
        }
        // all tests share the unpacked server
        let cache = std::env::var("XDG_CACHE_HOME")
            .or_else(|_| std::env::var("HOME").map(|home| format!("{home}/.cache")));
        variables.extend(cache.ok().map(|cache| ("XDG_CACHE_HOME".to_owned(), cache)));
        variables
    }

    pub fn neonup(&self) -> Command {
        self.command(env!("CARGO_BIN_EXE_neonup"))
    }

    /// Runs `neonup` outside of any repository.
    pub fn run(&self, arguments: &[&str]) -> Run {
        Run::of(self.neonup().args(arguments))
    }

    /// `neonup` in a terminal of 80 × 24.
    #[cfg(unix)]
    pub(crate) fn open(&self, arguments: &[&str]) -> Terminal {
        self.open_with(arguments, &[])
    }

    /// `neonup` in a terminal of 80 × 24, with these variables in addition to the usual ones.
    #[cfg(unix)]
    pub(crate) fn open_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Terminal {
        let mut command = self.terminal_command();
        for (name, value) in variables {
            command.env(name, value);
        }
        command.args(arguments);
        command.cwd(self.dir.path());
        Terminal::open(command, (80, 24))
    }

    /// `neonup` as a command for a terminal.
    #[cfg(unix)]
    pub(crate) fn terminal_command(&self) -> CommandBuilder {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_neonup"));
        command.env_clear();
        for (name, value) in self.environment() {
            command.env(name, value);
        }
        command
    }

    /// Runs `neonup` with these lines as its whole input.
    pub fn answered(&self, arguments: &[&str], answers: &str) -> Run {
        fed(self.neonup().args(arguments), answers)
    }
}
