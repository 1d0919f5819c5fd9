//! What a step tells of having changed beside the files that it is about: the rules of git, the example, `neonup.toml`.

use crate::core::{
    code::{Code, Severity},
    finding::Finding,
};

/// A `.gitignore` got lines for a file, or a folder, of this path.
pub(super) fn ignored_now(code: Code, rules: &str, path: &str) -> Finding {
    changed(code, rules, format!("`{rules}` now ignores `{path}`"))
}

/// A `.gitignore` got lines for the copies that are made beside a file.
pub(super) fn copies_ignored_now(code: Code, rules: &str, path: &str) -> Finding {
    let title = format!("`{rules}` now ignores copies of `{path}` that editors and tools create");
    changed(code, rules, title)
}

/// An example of an env file was made, or got what it lacked.
pub(super) fn documented(example: &str, is_new: bool) -> Finding {
    let title = if is_new {
        format!("`{example}` is new: it lists the keys without their values")
    } else {
        format!("`{example}` now lists the missing keys, without their values")
    };
    changed(Code::EnvChanged, example, title)
}

/// `neonup.toml` was made, or names the project now.
pub(super) fn recorded(file: &str) -> Finding {
    let title = format!("`{file}` now records the project, so that others join it");
    changed(Code::ProjectRecorded, file, title)
}

fn changed(code: Code, file: &str, title: String) -> Finding {
    Finding::new(code, title)
        .severity(Severity::Note)
        .path(file)
}
