//! What the parser of the command line prints: help, the version, and why arguments are not understood. It repeats arguments as
//! they are, and any program may have chosen them: a script that takes a branch's name, say.

use std::{
    ffi::OsString,
    io::{self, Write as _},
};

use clap::{CommandFactory, Error};

use crate::{
    core::exit::Exit,
    domain::{redact, visible},
    project::workspace,
};

/// What `COLUMNS` says is taken for a mistake below this: some programs set it to 0.
const NARROWEST: usize = 20;

/// Prints what the parser has to say of these arguments.
pub(super) fn print<C: CommandFactory>(
    error: &Error,
    arguments: impl Iterator<Item = OsString>,
) -> Exit {
    // parsed again from arguments that are safe to show, it says the same in its own colors
    let safe = arguments.map(|argument| shown(&argument.to_string_lossy()));
    let mut command = C::command();
    let environment = workspace::environment();
    let columns = environment.get("COLUMNS");
    if columns.is_some_and(|columns| {
        columns
            .parse()
            .is_ok_and(|columns: usize| columns < NARROWEST)
    }) {
        // a word a line says less than a line that the terminal breaks
        command = command.term_width(80);
    }
    let printed = match command.try_get_matches_from(safe) {
        Err(error) => error.print(),
        // something that only the bytes were wrong with
        Ok(_) => writeln!(
            io::stderr(),
            "{}",
            visible::lines(&error.render().to_string())
        ),
    };
    // nothing to be done when even that cannot be printed
    printed.ok();
    if error.use_stderr() {
        Exit::Usage
    } else {
        Exit::Done
    }
}

/// An argument as it may be shown: `--key=VALUE` with a value that looks secret has none any more.
fn shown(argument: &str) -> String {
    let (name, value) = match argument.split_once('=') {
        Some((name, value)) => (format!("{name}="), value),
        None => (String::new(), argument),
    };
    visible::line(&format!("{name}{}", redact::value("", value))).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_shown_without_commands_and_secrets() {
        assert_eq!(shown("check"), "check");
        assert_eq!(shown("--config=a b"), "--config=a b");
        assert_eq!(shown("\x1b]0;x\x07"), "\\x1b]0;x\\x07");
        for secret in [
            "napi_0123456789abcdef0123456789abcdef",
            "--api-key=napi_0123456789abcdef0123456789abcdef",
            "--url=postgres://u:0123456789abcdef0123456789abcdef@h/d",
        ] {
            assert!(!shown(secret).contains("0123456789"), "{}", shown(secret));
        }
    }
}
