//! What is generated from the program's own definitions: completions, the manual page, the list of codes.

use clap::CommandFactory as _;

use crate::commands::Output;
use crate::{
    commands::cli::Cli,
    core::{code::Code, exit::Exit},
};

/// Prints a shell's completions.
pub(crate) fn completions(shell: clap_complete::Shell, output: &mut Output) -> Exit {
    let mut bytes = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "neonup", &mut bytes);
    output.bytes(&bytes);
    Exit::Done
}

/// Prints the manual page.
pub(crate) fn manual(output: &mut Output) -> Exit {
    let mut bytes = Vec::new();
    // writing into memory does not fail
    clap_mangen::Man::new(Cli::command())
        .render(&mut bytes)
        .ok();
    output.bytes(&bytes);
    Exit::Done
}

/// Lists every finding code with what it means.
pub(crate) fn codes(output: &mut Output) -> Exit {
    if output.json {
        let codes: Vec<_> = Code::ALL
            .iter()
            .map(|code| serde_json::json!({ "code": code, "severity": code.severity(), "about": code.about() }))
            .collect();
        output.document(&serde_json::json!({ "version": 1, "codes": codes }));
        return Exit::Done;
    }
    for code in Code::ALL {
        output.line(format!(
            "{:<32} {:<8} {}",
            code.as_str(),
            code.severity().word(),
            code.about()
        ));
    }
    Exit::Done
}
