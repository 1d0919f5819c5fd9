//! `neonup present-notes`: the presenter's own window.

use clap::Args;
use serde_json::json;

use crate::{
    commands::{
        context::CommandContext, error::CommandError, frontend::Frontend, terminal::TerminalTraits,
    },
    core::exit::Exit,
    ports::presentation::{Presentation, PresentationBoard},
    report::output::Output,
    tui::{self, Background, notes},
};

/// Show the notes for `neonup demo --present` in a second terminal: what to say, what comes next, and the time.
///
/// It follows the presentation that this user runs on this machine. Without a full screen, or with --plain, it prints the notes for what the
/// audience sees now. q ends it.
#[derive(Debug, Args)]
pub(crate) struct PresentNotesArgs;

impl PresentNotesArgs {
    pub(super) async fn run(
        self,
        context: &CommandContext,
        output: &mut Output,
    ) -> Result<Exit, CommandError> {
        let board = PresentationBoard::open();
        let now = board.read().map_err(CommandError::Presentation)?;
        if output.json || Frontend::choose(context) != Frontend::FullScreen {
            return Ok(print(now.as_ref(), output));
        }
        let terminal = TerminalTraits::detect(&context.environment, context.options.appearance);
        let theme = tui::Options {
            no_color: terminal.no_color,
            ascii: terminal.ascii,
            light: terminal.background == Background::Light,
            ..tui::Options::default()
        }
        .theme();
        // a file that is half-written or another's is like none, as long as we look on
        tui::show_notes(theme, || board.read().ok().flatten()).await?;
        Ok(Exit::Done)
    }
}

fn print(presentation: Option<&Presentation>, output: &mut Output) -> Exit {
    if output.json {
        let presented = presentation.map(|presentation| presentation.presented);
        output.document(&json!({
            "version": 1,
            "status": if presented.is_some() { "done" } else { "todo" },
            "place": presented.map(|presented| presented.place.name()),
            "moment": presented.map(|presented| presented.moment.name()),
        }));
    } else {
        for line in notes::plain(presentation) {
            output.line(line);
        }
    }
    if presentation.is_some() {
        Exit::Done
    } else {
        Exit::Gaps
    }
}
