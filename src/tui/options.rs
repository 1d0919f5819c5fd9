//! What the wizard is opened with.

use crate::{
    core::environment::Environment,
    ports::editor::TextEditor,
    tui::{proposal::ProposalScreen, theme::Theme},
};

/// What does not change while the wizard is open.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts of the terminal, each independent of the others"
)]
pub(crate) struct Options {
    /// The project's name, for the title.
    pub project: String,
    /// `Neon` or `Sandbox`.
    pub service: String,
    /// The command that starts the app, typed in the root; empty where it is not known.
    pub start: String,
    /// The command that opens psql on the database, wherever it is typed; empty where there is none.
    pub psql: String,
    /// The `neonup.toml` that is proposed, where there is none.
    pub proposal: Option<ProposalScreen>,
    /// The path of `neonup.toml`, relative to the root, whether it exists or not.
    pub config: String,
    /// What the summary adds: where the demo's files are.
    pub notes: Vec<String>,
    /// `--no-color`, `NO_COLOR`.
    pub no_color: bool,
    /// Whether box drawing and symbols are replaced by ASCII, for a locale or a font without them.
    pub ascii: bool,
    /// Whether the terminal's background is known to be light.
    pub light: bool,
    /// Whether the terminal is asked for its background.
    pub ask_background: bool,
    /// Whether presenter mode is on from the start.
    pub presenter: bool,
    /// Whether the presentation plays by itself.
    pub replay: bool,
    /// Whether this is the demo, where incidents can be shown and everything be reset.
    pub demo: bool,
    /// Words that tell who or where we are. Presenter mode hides them, and the identifiers that the steps know.
    pub private: Vec<String>,
    /// Whether web addresses are given to the terminal as links (OSC 8).
    pub links: bool,
    /// What tmux gets of our environment, where the terminal is one (`TMUX` is set): then what is copied is given to it, too.
    pub tmux: Option<Environment>,
    /// What a browser gets of our environment, where one can be opened.
    pub browser: Option<Environment>,
    /// What psql gets of our environment.
    pub psql_environment: Environment,
    /// The user's editor, where there is one.
    pub editor: Option<TextEditor>,
}

impl Options {
    pub(crate) const fn theme(&self) -> Theme {
        Theme {
            no_color: self.no_color,
            ascii: self.ascii,
            light: self.light,
        }
    }
}

/// What is known of a terminal's background before it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Background {
    Light,
    Dark,
    Unknown,
}

impl Background {
    /// Reads what the terminal declares. Many set `COLORFGBG` to the numbers of their foreground and background, such as `0;15` or
    /// `0;default;15`; of the sixteen, 7 and 9 to 15 are light.
    pub(crate) fn declared(colorfgbg: &str) -> Self {
        let number = colorfgbg.rsplit(';').next();
        match number.and_then(|number| number.parse::<u8>().ok()) {
            Some(7 | 9..=15) => Self::Light,
            Some(0..=15) => Self::Dark,
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_background_is_read_from_what_the_terminal_declares() {
        for (colorfgbg, background) in [
            ("", Background::Unknown),
            ("0;15", Background::Light),
            ("0;default;15", Background::Light),
            ("0;7", Background::Light),
            ("15;0", Background::Dark),
            ("12;8", Background::Dark),
            ("15;default", Background::Unknown),
            ("0;16", Background::Unknown),
        ] {
            assert_eq!(Background::declared(colorfgbg), background, "{colorfgbg:?}");
        }
    }
}
