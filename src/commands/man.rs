//! `neonup man`: the manual page.

use clap::Args;

use crate::{core::exit::Exit, report::output::Output};

/// Print the manual page.
#[derive(Debug, Args)]
pub(crate) struct ManArgs;

impl ManArgs {
    /// Prints the manual page of this command line.
    pub(super) fn run(command_line: clap::Command, output: &mut Output) -> Exit {
        let mut bytes = Vec::new();
        // writing into memory does not fail
        clap_mangen::Man::new(command_line).render(&mut bytes).ok();
        output.raw(&bytes);
        Exit::Done
    }
}
