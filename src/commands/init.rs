//! `neonup init`: writes `neonup.toml` from what is found in the repository, and shows it first.
#![expect(clippy::disallowed_methods, reason = "writes neonup.toml")]

use std::{
    fs::OpenOptions,
    io::{ErrorKind, Write as _},
    path::Path,
};

use clap::Args;
use serde_json::json;

use crate::{
    commands::{context::CommandContext, error::CommandError, input},
    core::exit::Exit,
    domain::reading::Spot,
    project::{
        draft::in_folder,
        settings::{EnvBasis, Evidence},
    },
    report::output::Output,
};

/// Write neonup.toml from what is detected in the repository.
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// Write it without asking.
    #[arg(long, short = 'y')]
    yes: bool,
}

impl InitArgs {
    /// Runs the command. An existing file is never touched.
    pub(super) fn run(
        self,
        context: &CommandContext,
        output: &mut Output,
    ) -> Result<Exit, CommandError> {
        let (settings, _ports) = context.open(context.flags())?;
        let path = settings.config_file;
        if settings.config_exists {
            return Err(CommandError::ConfigExists(path));
        }
        if let EnvBasis::OtherServer { server, at } = settings.env_basis {
            return Err(CommandError::NotPostgres { server, at });
        }
        let found = settings.found.unwrap_or_default();
        let text = found.draft.text();
        if !output.json {
            output.note(format!("found: {}", in_folder(found.stack, &found.dir)));
            output.block(text.trim_end());
            output.note("found in:".to_owned());
            for Evidence { what, seen, .. } in &found.evidence {
                output.note(format!("  {what}: {}", place(seen.as_ref())));
            }
        }
        if let Some(why) = found.cut {
            output.note(format!("there may be more: {why}"));
        }
        for (dir, stack) in &found.others {
            let folder = if dir.is_empty() { "." } else { dir };
            output.note(format!(
                "not set up: {}; to set it up, run neonup -C {folder} init",
                in_folder(stack, dir)
            ));
        }
        if !self.yes && !confirm(context, output) {
            return Err(CommandError::ConfigDeclined);
        }
        write_new(&path, &text)?;
        if output.json {
            output.document(&json!({
                "version": 1,
                "status": "done",
                "stack": found.stack,
                "seen": found
                    .evidence
                    .iter()
                    .map(|Evidence { what, env_file, seen }| json!({
                        "what": what,
                        "env_file": env_file,
                        "path": seen.as_ref().map(|at| &at.file),
                        "line": seen.as_ref().map(|at| at.line).filter(|line| *line > 0),
                    }))
                    .collect::<Vec<_>>(),
                "others": found
                    .others
                    .iter()
                    .map(|(dir, stack)| json!({ "dir": dir, "stack": stack }))
                    .collect::<Vec<_>>(),
                "path": path.display().to_string(),
            }));
        }
        output.note(format!("written: {}; next: neonup", path.display()));
        Ok(Exit::Done)
    }
}

/// Writes a configuration where there is none.
pub(super) fn write_new(path: &Path, text: &str) -> Result<(), CommandError> {
    // create_new: a file that appeared meanwhile is somebody's work
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|source| {
        let path = path.to_owned();
        if source.kind() == ErrorKind::AlreadyExists {
            CommandError::ConfigExists(path)
        } else {
            CommandError::ConfigNotWritten { path, source }
        }
    })
}

/// Where a value was seen, for a person.
fn place(seen: Option<&Spot>) -> String {
    match seen {
        None => "not in any file; this is the usual value".to_owned(),
        Some(Spot { file, line: 0 }) => file.clone(),
        Some(Spot { file, line }) => format!("{file}:{line}"),
    }
}

/// Asks on a terminal. Anything but a clear yes is a no, and so is the end of input.
fn confirm(context: &CommandContext, output: &mut Output) -> bool {
    if output.json || !context.is_interactive() {
        return false;
    }
    output.prompt("Write it? y/N ");
    input::read_line().is_some_and(|line| input::is_yes(&line))
}
