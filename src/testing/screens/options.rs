//! Options that the wizard is started with.

use crate::{core::environment::Environment, ports::editor::TextEditor, tui::Options};

/// The wizard against the sandbox.
pub(crate) fn options() -> Options {
    Options {
        project: "aido-todo".to_owned(),
        service: "Sandbox".to_owned(),
        config: "neonup.toml".to_owned(),
        psql: "neonup -C /tmp/neonup-demo/aido-todo psql".to_owned(),
        start: "cd backend && python -m uvicorn src.main:app --port 8000".to_owned(),
        notes: vec![
            "Sample project: /tmp/neonup-demo/aido-todo".to_owned(),
            "Sample project and sandbox are removed at the end; `neonup demo --dir DIR` keeps them"
                .to_owned(),
        ],
        editor: TextEditor::find(Environment::new([("EDITOR".to_owned(), "vi".to_owned())])),
        ..Options::default()
    }
}

/// The wizard against the real Neon.
pub(super) fn neon_options() -> Options {
    Options {
        service: "Neon".to_owned(),
        notes: Vec::new(),
        ..options()
    }
}

/// The wizard in a demo, with presenter mode on.
pub(crate) fn demo_options() -> Options {
    Options {
        presenter: true,
        demo: true,
        private: vec!["/tmp/neonup-demo".to_owned()],
        ..options()
    }
}
