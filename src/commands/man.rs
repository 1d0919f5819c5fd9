//! `neonup man`: the manual pages, one for each command.

use clap::{Args, Command};
use clap_mangen::Man;
use roff::{Roff, bold, roman};

use crate::{
    commands::{
        error::CommandError,
        man_sections::{self, ENVIRONMENT, FILES},
    },
    core::exit::Exit,
    report::output::Output,
};

/// Print a manual page: neonup's own, or that of one command.
#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// The command, such as `check` or `hook install`.
    command: Vec<String>,
    /// List all manual pages.
    #[arg(long, conflicts_with = "command")]
    list: bool,
}

impl ManArgs {
    /// Prints a page of this command line.
    pub(super) fn run(
        &self,
        command_line: Command,
        output: &mut Output,
    ) -> Result<Exit, CommandError> {
        let pages = pages(command_line);
        if self.list {
            for page in &pages {
                output.line(file_name(page));
            }
            return Ok(Exit::Done);
        }
        let wanted = ["neonup"]
            .into_iter()
            .chain(self.command.iter().map(String::as_str));
        let wanted: Vec<_> = wanted.collect();
        let wanted = format!("{}.1", wanted.join("-"));
        let Some(page) = pages.iter().find(|page| file_name(page) == wanted) else {
            return Err(CommandError::NoManualPage(self.command.join(" ")));
        };
        output.raw(&render(page));
        Ok(Exit::Done)
    }
}

/// The program and all its commands, each of which has a page.
fn pages(program: Command) -> Vec<Command> {
    // `help` has nothing to say that the pages don't
    let mut program = program.disable_help_subcommand(true);
    program.build();
    let mut found = Vec::new();
    collect(&program, &mut found);
    found
}

fn collect(command: &Command, found: &mut Vec<Command>) {
    found.push(command.clone());
    let visible = command
        .get_subcommands()
        .filter(|below| !below.is_hide_set());
    visible.for_each(|below| collect(below, found));
}

/// A command's name with those above it, such as `neonup-hook-install`.
fn name(command: &Command) -> &str {
    command
        .get_display_name()
        .unwrap_or_else(|| command.get_name())
}

/// The name under which `man` finds a command's page.
fn file_name(command: &Command) -> String {
    format!("{}.1", name(command))
}

/// Renders the page of a command: what the parser knows of it, and what it can't know.
fn render(command: &Command) -> Vec<u8> {
    // clap_mangen leaves out the date, and all that follows takes the wrong place
    let title = format!(
        ".TH {} 1 \"\" \"neonup {}\" \"neonup manual\"\n",
        name(command),
        env!("CARGO_PKG_VERSION")
    );
    let mut bytes = title.into_bytes();
    let man = Man::new(command.clone());
    // writing into memory does not fail
    man.render_name_section(&mut bytes).ok();
    synopsis(command).to_writer(&mut bytes).ok();
    man.render_description_section(&mut bytes).ok();
    man.render_options_section(&mut bytes).ok();
    if command.has_subcommands() {
        man.render_subcommands_section(&mut bytes).ok();
    }
    sections(command).to_writer(&mut bytes).ok();
    bytes
}

/// The usage in one line: with each option, as `clap_mangen` has it, it would be a paragraph.
fn synopsis(command: &Command) -> Roff {
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").trim();
    let words = usage.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut roff = Roff::new();
    roff.control("SH", ["SYNOPSIS"]);
    roff.text([roman(words)]);
    roff
}

/// The exit codes, the environment, the files, examples, and where to read on.
fn sections(command: &Command) -> Roff {
    let own = man_sections::of(name(command));
    let mut roff = Roff::new();
    roff.control("SH", ["EXIT STATUS"]);
    for (exit, meaning) in own.exits() {
        item(&mut roff, &(exit as u8).to_string(), meaning);
    }
    roff.control("SH", ["ENVIRONMENT"]);
    for (variable, meaning) in ENVIRONMENT {
        item(&mut roff, variable, meaning);
    }
    roff.control("SH", ["FILES"]);
    for (path, meaning) in FILES {
        item(&mut roff, path, meaning);
    }
    if !own.examples.is_empty() {
        roff.control("SH", ["EXAMPLES"]);
    }
    for (line, meaning) in own.examples {
        item(&mut roff, line, meaning);
    }
    roff.control("SH", ["SEE ALSO"]);
    let program = (name(command) != "neonup").then_some(["neonup(1)"]);
    let mut others: Vec<_> = program.into_iter().flatten().map(str::to_owned).collect();
    let below = command
        .get_subcommands()
        .filter(|below| !below.is_hide_set());
    others.extend(below.map(|below| format!("{}(1)", name(below))));
    let own = own.see.iter().map(|page| format!("neonup-{page}(1)"));
    others.extend(own);
    roff.text([roman(others.join(", "))]);
    roff
}

/// A term and what it means.
fn item(roff: &mut Roff, term: &str, meaning: &str) {
    roff.control("TP", []);
    roff.text([bold(term)]);
    roff.text([roman(meaning)]);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::{CommandFactory as _, Parser as _};

    use super::*;
    use crate::commands::Cli;

    #[test]
    fn each_command_has_a_page_of_its_own_with_all_sections() {
        let pages = pages(Cli::command());
        let names: BTreeSet<_> = pages.iter().map(file_name).collect();
        assert_eq!(names.len(), pages.len());
        for name in ["neonup.1", "neonup-check.1", "neonup-hook-install.1"] {
            assert!(names.contains(name), "{name} in {names:?}");
        }
        for page in &pages {
            let text = String::from_utf8(render(page)).unwrap();
            for section in [
                "NAME",
                "SYNOPSIS",
                "EXIT STATUS",
                "ENVIRONMENT",
                "FILES",
                "EXAMPLES",
            ] {
                let quoted = format!("\n.SH \"{section}\"\n");
                let bare = format!("\n.SH {section}\n");
                let count = text.matches(&quoted).count() + text.matches(&bare).count();
                assert_eq!(count, 1, "{section} in {text}");
            }
            assert!(
                !man_sections::of(name(page)).examples.is_empty(),
                "{} has no example",
                name(page)
            );
        }
    }

    #[test]
    fn examples_are_commands_that_the_parser_takes() {
        for page in pages(Cli::command()) {
            for (line, _) in man_sections::of(name(&page)).examples {
                let command = line
                    .split(['|', '<', '>'])
                    .find(|part| part.contains("neonup"));
                let words = command.unwrap().split_whitespace();
                let words = words.skip_while(|word| *word != "neonup");
                if let Err(error) = Cli::try_parse_from(words) {
                    panic!("{line}: {error}");
                }
            }
        }
    }

    #[test]
    fn pages_that_are_referred_to_exist() {
        let names: BTreeSet<_> = pages(Cli::command()).iter().map(file_name).collect();
        for page in pages(Cli::command()) {
            for other in man_sections::of(name(&page)).see {
                assert!(names.contains(&format!("neonup-{other}.1")), "{other}");
            }
        }
    }
}
