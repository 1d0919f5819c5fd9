//! What a step tells of having changed beside the files that it is about: the rules of git, the example, `neonup.toml`.

use crate::core::{
    code::{Code, Severity},
    finding::Finding,
};

/// A `.gitignore` got lines for a file, or a folder, of this path.
pub(super) fn ignored_now(code: Code, rules: &str, path: &str) -> Finding {
    changed(code, rules, format!("`{rules}` ignores `{path}` now"))
}

/// A `.gitignore` got lines for the copies that are made beside a file.
pub(super) fn copies_ignored_now(code: Code, rules: &str, path: &str) -> Finding {
    let title =
        format!("`{rules}` ignores the copies of `{path}` now, as editors and tools make them");
    changed(code, rules, title)
}

/// An example of an env file was made, or got what it lacked.
pub(super) fn documented(example: &str, is_new: bool) -> Finding {
    let title = if is_new {
        format!("`{example}` is new: it names the keys, without their values")
    } else {
        format!("`{example}` names the keys that it lacked, without their values")
    };
    changed(Code::EnvChanged, example, title)
}

/// `neonup.toml` was made, or names the project now.
pub(super) fn recorded(file: &str) -> Finding {
    let title = format!("`{file}` names the project now, so that others join it");
    changed(Code::ProjectRecorded, file, title)
}

fn changed(code: Code, file: &str, title: String) -> Finding {
    Finding::new(code, title)
        .severity(Severity::Note)
        .path(file)
}
