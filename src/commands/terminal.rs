//! What is known of the terminal before anything is drawn: the streams that are one, and what the environment says of it.

use std::io::{self, IsTerminal as _};

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
