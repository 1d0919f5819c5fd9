//! What is known of the terminal before anything is drawn: the streams that are one, and what the environment says of it.

use std::io::{self, IsTerminal as _};

use crossterm::terminal;

use crate::{core::environment::Environment, tui};

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
    pub light_background: bool,
    /// Hides the sequence of a link instead of printing it, as far as is known.
    pub links: bool,
    pub tmux: bool,
}

impl TerminalTraits {
    /// Reads them from the environment.
    pub(super) fn detect(environment: &Environment, no_color: bool) -> Self {
        let variable = |name: &str| environment.get(name).unwrap_or_default();
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .into_iter()
            .find_map(|name| environment.get(name));
        // a locale that names another encoding than UTF-8 cannot show our glyphs; no locale at all says nothing
        let other_encoding = locale.is_some_and(|locale| {
            let lower = locale.to_lowercase();
            !lower.contains("utf-8") && !lower.contains("utf8") && lower != "c" && lower != "posix"
        });
        Self {
            no_color: no_color || environment.get("NO_COLOR").is_some(),
            ascii: other_encoding || variable("TERM") == "linux",
            light_background: tui::light_background(
                variable("NEONUP_BACKGROUND"),
                variable("COLORFGBG"),
            ),
            links: !matches!(variable("TERM"), "linux" | "dumb" | ""),
            tmux: environment.get("TMUX").is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detect(variables: &[(&str, &str)]) -> TerminalTraits {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let environment = Environment::new(variables.iter().map(owned));
        TerminalTraits::detect(&environment, false)
    }

    #[test]
    fn glyphs_are_ascii_where_the_locale_names_another_encoding() {
        for (variables, ascii) in [
            (&[][..], false),
            (&[("LANG", "C")], false),
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
