//! `neonup completions`: what a shell completes.

use clap::Args;
use clap_complete::{Shell, generate};

use crate::{core::exit::Exit, report::output::Output};

/// Print completions for a shell.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell.
    shell: Shell,
}

impl CompletionsArgs {
    /// Prints the completions of this command line.
    pub(super) fn run(self, mut command_line: clap::Command, output: &mut Output) -> Exit {
        let mut bytes = Vec::new();
        generate(self.shell, &mut command_line, "neonup", &mut bytes);
        output.raw(&bytes);
        Exit::Done
    }
}
