//! `neonup explain`: what a finding's code means, or which error of a connection a log holds.

use std::ffi::OsStr;

use clap::{
    Arg, Args, Command,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser},
    error::{ContextKind, ErrorKind},
};
use serde_json::json;

use crate::{
    commands::{context::CommandContext, error::CommandError, input},
    core::{code::Code, exit::Exit},
    domain::{
        connection_error::{self, ConnectionError},
        redact,
    },
    report::{
        manual,
        output::Output,
        styled::{StyledLine, Tone},
    },
    tui::text::wrap,
};

/// How much of a log is read, in bytes, from its end.
const LOG_LIMIT: usize = 16 << 20;

/// The widest that a text is wrapped to, in columns.
const WIDEST: usize = 100;

/// Explain a finding's code, or the connection error in a log.
///
/// With a code, such as `env.stale-url`, it prints what the manual says about it. Without one it reads a log or a traceback from standard
/// input and names the cause and the fix of each connection error it knows: `neonup explain < app.log`. It works offline, and says so when
/// it recognizes nothing (exit code 1).
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The code of a finding; `neonup check --list` shows all of them.
    #[arg(value_parser = CodeParser, hide_possible_values = true)]
    code: Option<Code>,
}

/// A code by its name. Shells complete it; an error names the code that is like it, and not all of them.
#[derive(Debug, Clone)]
struct CodeParser;

impl TypedValueParser for CodeParser {
    type Value = Code;

    fn parse_ref(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> Result<Code, clap::Error> {
        let known = Code::ALL.iter().find(|code| value == code.as_str());
        if let Some(code) = known {
            return Ok(*code);
        }
        let names = PossibleValuesParser::new(Code::ALL.iter().map(|code| code.as_str()));
        let mut error = names.parse_ref(command, argument, value).err();
        if let Some(error) = &mut error {
            error.remove(ContextKind::ValidValue);
        }
        Err(error.unwrap_or_else(|| clap::Error::new(ErrorKind::InvalidValue)))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let codes = Code::ALL.iter();
        Some(Box::new(codes.map(|code| {
            PossibleValue::new(code.as_str()).help(code.about())
        })))
    }
}

impl ExplainArgs {
    /// Prints the explanation.
    pub(super) fn run(
        self,
        context: &CommandContext,
        output: &mut Output,
    ) -> Result<Exit, CommandError> {
        let mut printer = Printer::new(context, output);
        match self.code {
            Some(code) => {
                printer.code(code);
                Ok(Exit::Done)
            }
            None if context.streams.stdin => Err(CommandError::NothingToExplain),
            None => {
                let log = input::read_tail(LOG_LIMIT).map_err(CommandError::LogNotRead)?;
                Ok(printer.log(&connection_error::find(&log)))
            }
        }
    }
}

/// Prints to a terminal of some width, or without breaking lines to anything else.
struct Printer<'a> {
    output: &'a mut Output,
    width: Option<usize>,
}

impl<'a> Printer<'a> {
    fn new(context: &CommandContext, output: &'a mut Output) -> Self {
        let width = context.streams.width();
        Self {
            output,
            width: width.map(|columns| columns.min(WIDEST)),
        }
    }

    fn code(&mut self, code: Code) {
        let paragraphs = manual::paragraphs(code);
        if self.output.json {
            self.output.document(&json!({
                "version": 1,
                "code": code,
                "step": code.step().name(),
                "severity": code.severity(),
                "about": code.about(),
                "text": paragraphs,
            }));
            return;
        }
        let kind = format!(" ({}, {} step)", code.severity().word(), code.step().name());
        let title = StyledLine::new().painted(Tone::Hint, code.as_str());
        self.output.line(title.painted(Tone::Dim, kind));
        self.output.line("");
        self.text(None, "", code.about());
        for paragraph in paragraphs {
            self.output.line("");
            self.text(None, "", &paragraph);
        }
    }

    fn log(&mut self, errors: &[ConnectionError]) -> Exit {
        let exit = if errors.is_empty() {
            Exit::Gaps
        } else {
            Exit::Done
        };
        if self.output.json {
            let errors: Vec<_> = errors
                .iter()
                .map(|error| {
                    json!({
                        "kind": error.kind,
                        "line": error.line,
                        "text": redact::text(&error.text),
                        "cause": error.cause,
                        "fix": error.fix,
                    })
                })
                .collect();
            self.output
                .document(&json!({ "version": 1, "errors": errors }));
            return exit;
        }
        if errors.is_empty() {
            self.text(
                None,
                "",
                "No connection error in this log is known to neonup. `neonup check health` tests each part of the connection.",
            );
        }
        for (number, error) in errors.iter().enumerate() {
            if number > 0 {
                self.output.line("");
            }
            let text = redact::text(&error.text);
            self.text(Some(Tone::Dim), &format!("line {}: ", error.line), &text);
            self.text(None, "cause: ", &error.cause);
            self.text(Some(Tone::Hint), "fix:   ", &error.fix);
        }
        exit
    }

    /// Prints a text behind a label, wrapped below itself.
    fn text(&mut self, tone: Option<Tone>, label: &str, text: &str) {
        let lines = match self.width {
            Some(width) => wrap(text, width.saturating_sub(label.len())),
            None => vec![text.to_owned()],
        };
        for (number, line) in lines.into_iter().enumerate() {
            let label = if number == 0 {
                label.to_owned()
            } else {
                " ".repeat(label.len())
            };
            let styled = StyledLine::new().painted(Tone::Dim, label);
            self.output.line(match tone {
                Some(tone) => styled.painted(tone, line),
                None => styled.plain(line),
            });
        }
    }
}
