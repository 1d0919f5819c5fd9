//! `neonup init`: writes `neonup.toml` from what is found in the repository, and shows it first.

use std::io::{IsTerminal as _, Write as _};

use crate::commands::Output;
use crate::{
    core::{code::Code, exit::Exit, failure::Failure},
    project::{detect, init, settings::Settings},
};

/// Runs the command. An existing file is never touched.
pub(crate) fn run(settings: &Settings, yes: bool, output: &mut Output) -> Exit {
    let path = &settings.config_file;
    if settings.config_exists {
        let failure = Failure::new(
            Code::BackendNotFound,
            format!("`{}` exists already, and is not touched", path.display()),
        )
        .hint("edit it, or remove it first");
        return output.failed(&failure, Exit::Failed);
    }
    let root = settings.root.clone();
    let detected = detect::detect(&|file| crate::project::workspace::text(&root.join(file)).ok());
    let text = init::toml(&detected.config, &settings.project.name);
    if !output.json {
        output.note(format!("found: {}", detected.stack.label()));
        output.line(text.trim_end());
    }
    if !yes && !consented(output) {
        let failure = Failure::new(Code::BackendNotFound, "nothing was written")
            .hint("`neonup init --yes` writes what is shown above");
        return output.failed(&failure, Exit::Failed);
    }
    // create_new: a file that appeared meanwhile is somebody's work
    let written = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    if let Err(error) = written {
        let failure = Failure::new(
            Code::BackendNotFound,
            format!("cannot write `{}`", path.display()),
        )
        .why(error.to_string())
        .hint("check the folder's permissions");
        return output.failed(&failure, Exit::Failed);
    }
    if output.json {
        let document = serde_json::json!({
            "version": 1,
            "status": "done",
            "stack": detected.stack.label(),
            "path": path.display().to_string(),
        });
        output.document(&document);
    }
    output.note(format!("written: {}; next: neonup", path.display()));
    Exit::Done
}

/// Asks on a terminal. Anything but a clear yes is a no, and so is the end of input.
fn consented(output: &mut Output) -> bool {
    if output.json || !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        return false;
    }
    output.prompt("Write it? y/N ");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).is_ok() && matches!(line.trim(), "y" | "Y" | "yes")
}
