//! The terminal multiplexer tmux.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use crate::core::environment::Environment;

/// Gives a text to tmux, as its newest buffer; returns whether it took it. It gets this environment, and is looked for in its `PATH`.
pub(crate) fn load_buffer(environment: &Environment, options: &[&str], text: &str) -> bool {
    let tmux = Command::new("tmux")
        .env_clear()
        .envs(environment.iter())
        .arg("load-buffer")
        .args(options)
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut tmux) = tmux else {
        return false;
    };
    let written = tmux
        .stdin
        .take()
        .is_some_and(|mut stdin| stdin.write_all(text.as_bytes()).is_ok());
    tmux.wait().is_ok_and(|status| status.success()) && written
}
