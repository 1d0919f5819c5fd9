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

#[cfg(test)]
mod tests {
    use std::{
        io::{self, Write},
        sync::{Arc, Mutex},
    };

    use serde_json::{Value, json};

    use super::*;
    use crate::report::error::ErrorReport;

    #[derive(Clone, Default)]
    struct Printed(Arc<Mutex<Vec<u8>>>);

    impl Write for Printed {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Printed {
        /// The one document.
        fn document(&self) -> Value {
            serde_json::from_slice(&self.0.lock().unwrap()).unwrap()
        }
    }

    #[test]
    fn all_apps_are_in_one_document_and_the_worst_decides() {
        let printed = Printed::default();
        let mut output = Output::captured(Box::new(printed.clone()), Box::new(io::sink()), true);
        let mut all = EachApp::begin(&mut output);
        for (app, exit) in [("api", Exit::Failed), ("web", Exit::Gaps)] {
            all.next(app, &mut output);
            output.document(&json!({ "status": "todo" }));
            assert!(all.ended(exit));
        }
        assert_eq!(all.finish(&mut output), Exit::Failed);
        let expected = json!({
            "version": 1,
            "status": "failed",
            "apps": [{ "status": "todo", "app": "api" }, { "status": "todo", "app": "web" }],
        });
        assert_eq!(printed.document(), expected);
    }

    #[test]
    fn an_error_on_the_way_is_the_one_document() {
        let printed = Printed::default();
        let mut output = Output::captured(Box::new(printed.clone()), Box::new(io::sink()), true);
        let mut all = EachApp::begin(&mut output);
        all.next("api", &mut output);
        output.document(&json!({ "status": "done" }));
        output.failure(&ErrorReport::new("neonup.toml can't be read"));
        let document = printed.document();
        assert_eq!(document["error"]["title"], "neonup.toml can't be read");
    }
}
