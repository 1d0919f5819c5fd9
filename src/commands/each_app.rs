//! One application after the other, where `neonup.toml` names several.

use crate::{core::exit::Exit, report::output::Output};

/// A command that goes through all applications: what each printed, and how each ended.
pub(super) struct EachApp {
    exit: Exit,
    is_first: bool,
}

impl EachApp {
    /// Begins; with `--json`, the documents of all are printed as one at the end.
    pub(super) fn begin(output: &mut Output) -> Self {
        output.collect();
        Self {
            exit: Exit::Done,
            is_first: true,
        }
    }

    /// Comes to the application in this folder.
    pub(super) fn next(&mut self, app: &str, output: &mut Output) {
        output.collect_for(app);
        if !output.json {
            if !std::mem::take(&mut self.is_first) {
                output.line("");
            }
            output.line(format!("{app}:"));
        }
    }

    /// Notes how it ended. Returns whether the next one is next.
    pub(super) fn ended(&mut self, exit: Exit) -> bool {
        const fn weight(exit: Exit) -> u8 {
            match exit {
                Exit::Done => 0,
                Exit::Gaps => 1,
                Exit::Failed => 2,
                Exit::Usage => 3,
                Exit::Cancelled => 4,
                Exit::Bug => 5,
            }
        }
        if weight(exit) > weight(self.exit) {
            self.exit = exit;
        }
        !matches!(exit, Exit::Cancelled | Exit::Bug)
    }

    /// Prints the one document, and returns how the worst of them ended.
    pub(super) fn finish(self, output: &mut Output) -> Exit {
        let status = match self.exit {
            Exit::Done => "done",
            Exit::Gaps => "todo",
            Exit::Failed | Exit::Usage | Exit::Bug | Exit::Cancelled => "failed",
        };
        output.print_collected(status);
        self.exit
    }
}
