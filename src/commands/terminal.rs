//! What is known of the terminal before anything is drawn: the streams that are one, and what the environment says of it.

use std::io::{self, IsTerminal as _};

use clap::{Args, ValueEnum};
use crossterm::terminal;

use crate::{core::environment::Environment, os::screen, tui::Background};

/// Which standard streams are a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StandardStreams {
    pub stdin: bool,
    pub stdout: bool,
    pub stderr: bool,
}

impl StandardStreams {
    /// Asks the process's own streams.
    pub(super) fn detect() -> Self {
        Self {
            stdin: io::stdin().is_terminal(),
            stdout: io::stdout().is_terminal(),
            stderr: io::stderr().is_terminal(),
        }
    }

    /// The columns of the terminal that standard output is, if it is one.
    pub(super) fn width(self) -> Option<usize> {
        let (columns, _) = terminal::size().ok().filter(|_| self.stdout)?;
        Some(usize::from(columns)).filter(|columns| *columns > 0)
    }
}

/// What the terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts of the terminal, each independent of the others"
)]
pub(super) struct TerminalTraits {
    pub no_color: bool,
    /// Only ASCII glyphs.
    pub ascii: bool,
    pub background: Background,
    /// Hides the sequence of a link instead of printing it, as far as is known.
    pub links: bool,
    pub tmux: bool,
    /// Answers the question for its background, as far as is known: it doesn't print it.
    pub answers: bool,
}

/// How the command line wants things to look.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct AppearanceOptions {
    /// Turn off colors (also `NO_COLOR`).
    #[arg(long, global = true)]
    pub no_color: bool,
    /// Use the wizard's colors for a light or a dark background; `auto` asks the terminal (also `NEONUP_BACKGROUND`).
    #[arg(long, value_name = "THEME", value_enum, default_value_t, global = true)]
    pub theme: ThemeArg,
    /// Use ASCII characters only (the default in a locale without UTF-8).
    #[arg(long, global = true)]
    pub ascii: bool,
}

/// `--theme`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum ThemeArg {
    /// As the terminal says.
    #[default]
    Auto,
    Light,
    Dark,
}

impl TerminalTraits {
    /// Reads them from the environment.
    pub(super) fn detect(environment: &Environment, options: AppearanceOptions) -> Self {
        let variable = |name: &str| environment.get(name).unwrap_or_default();
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .into_iter()
            .find_map(|name| environment.get(name));
        // a locale that names another encoding than UTF-8 can't show our glyphs; no locale at all says nothing
        let other_encoding = locale.is_some_and(|locale| {
            let lower = locale.to_lowercase();
            !lower.contains("utf-8") && !lower.contains("utf8")
        });
        let chosen = match (options.theme, variable("NEONUP_BACKGROUND")) {
            (ThemeArg::Light, _) | (ThemeArg::Auto, "light") => Some(Background::Light),
            (ThemeArg::Dark, _) | (ThemeArg::Auto, "dark") => Some(Background::Dark),
            _ => None,
        };
        let term = variable("TERM");
        let tmux = environment.get("TMUX").is_some();
        Self {
            no_color: options.no_color || environment.get("NO_COLOR").is_some(),
            ascii: options.ascii || other_encoding || term == "linux",
            background: chosen.unwrap_or_else(|| Background::declared(variable("COLORFGBG"))),
            links: screen::has_links(|name| environment.get(name)),
            tmux,
            // the Linux console prints what it doesn't know, and GNU screen has no answer
            answers: !matches!(term, "linux" | "dumb" | "")
                && (tmux || !term.starts_with("screen")),
        }
    }
}

impl TerminalTraits {
    /// Whether the terminal has to be asked for its background, and can be.
    pub(super) fn asks_background(self) -> bool {
        self.background == Background::Unknown && self.answers && !self.no_color
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detect(variables: &[(&str, &str)]) -> TerminalTraits {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let environment = Environment::new(variables.iter().map(owned));
        TerminalTraits::detect(&environment, AppearanceOptions::default())
    }

    #[test]
    fn glyphs_are_ascii_where_the_locale_names_another_encoding() {
        for (variables, ascii) in [
            (&[][..], false),
            (&[("LANG", "C")], true),
            (&[("LC_ALL", "POSIX"), ("LANG", "en_US.UTF-8")], true),
            (&[("LANG", "C.UTF-8")], false),
            (&[("LANG", "de_DE.ISO-8859-1")], true),
            (&[("LANG", "de_DE.UTF-8")], false),
            (&[("LC_ALL", "en_US.utf8"), ("LANG", "ja_JP.EUC-JP")], false),
            (&[("LC_ALL", ""), ("LC_CTYPE", "ja_JP.EUC-JP")], true),
            (&[("TERM", "linux"), ("LANG", "C.UTF-8")], true),
        ] {
            assert_eq!(detect(variables).ascii, ascii, "{variables:?}");
        }
    }

    #[test]
    fn the_background_is_what_was_chosen_or_declared_and_else_asked_for() {
        let theme = |theme| AppearanceOptions {
            theme,
            ..AppearanceOptions::default()
        };
        for (options, variables, background, asks) in [
            (ThemeArg::Auto, &[][..], Background::Unknown, true),
            (
                ThemeArg::Auto,
                &[("COLORFGBG", "0;15")],
                Background::Light,
                false,
            ),
            (
                ThemeArg::Auto,
                &[("COLORFGBG", "15;default;0")],
                Background::Dark,
                false,
            ),
            (
                ThemeArg::Auto,
                &[("COLORFGBG", "x")],
                Background::Unknown,
                true,
            ),
            (
                ThemeArg::Auto,
                &[("NEONUP_BACKGROUND", "light")],
                Background::Light,
                false,
            ),
            (
                ThemeArg::Dark,
                &[("NEONUP_BACKGROUND", "light")],
                Background::Dark,
                false,
            ),
            (
                ThemeArg::Light,
                &[("COLORFGBG", "15;0")],
                Background::Light,
                false,
            ),
            (
                ThemeArg::Auto,
                &[("NO_COLOR", "1")],
                Background::Unknown,
                false,
            ),
            (
                ThemeArg::Auto,
                &[("TERM", "linux")],
                Background::Unknown,
                false,
            ),
            (
                ThemeArg::Auto,
                &[("TERM", "screen")],
                Background::Unknown,
                false,
            ),
            (
                ThemeArg::Auto,
                &[("TERM", "screen"), ("TMUX", "x,1,0")],
                Background::Unknown,
                true,
            ),
        ] {
            let environment = [&[("TERM", "xterm-256color")][..], variables].concat();
            let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            let environment = Environment::new(environment.iter().map(owned));
            let traits = TerminalTraits::detect(&environment, theme(options));
            assert_eq!(traits.background, background, "{options:?} {variables:?}");
            assert_eq!(traits.asks_background(), asks, "{options:?} {variables:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_are_given_to_terminals_that_hide_their_sequence() {
        for (term, links) in [("xterm-256color", true), ("linux", false), ("", false)] {
            assert_eq!(detect(&[("TERM", term)]).links, links, "{term}");
        }
    }

    #[test]
    fn no_color_and_tmux_are_read_from_the_environment() {
        let traits = detect(&[("NO_COLOR", "1"), ("TMUX", "/tmp/tmux-0/default,1,0")]);
        assert!(traits.no_color && traits.tmux);
        let traits = detect(&[("NO_COLOR", ""), ("TMUX", "")]);
        assert!(!traits.no_color && !traits.tmux);
    }
}
