//! Backend: write new files, and change existing code only when asked to.

use crate::core::{
    answer::{Answer, BackendAnswer},
    choices::{
        choice::{Action, Choice},
        context::StepContext,
    },
    facts::Facts,
};

/// A change to existing code is never the default.
pub(super) fn choices(context: &StepContext<'_>) -> Vec<Choice> {
    let changes = match &context.state.facts {
        Some(Facts::Backend(backend)) => &backend.changes[..],
        _ => &[],
    };
    let (existing, new): (Vec<_>, Vec<_>) = changes.iter().partition(|change| change.exists);
    let write =
        |label: String, verb| context.apply(label, verb, Answer::Backend(BackendAnswer::Default));
    let mut choices = Vec::new();
    match new.as_slice() {
        [] if existing.is_empty() && context.is_fixable() => {
            choices.push(write("Fix these findings".to_owned(), "fix"));
        }
        [] => {}
        [one] => {
            let choice = write(format!("Write {}", one.path), "write");
            choices.push(choice.note("a new file"));
        }
        many => choices.push(write(
            format!("Write the {} new files", many.len()),
            "write",
        )),
    }
    if new.is_empty() && !existing.is_empty() {
        choices.push(context.choice(
            "Leave the code as it is and continue",
            "keep it",
            Action::Skip("existing code is not changed".to_owned()),
        ));
    }
    let files = match existing.as_slice() {
        [] => None,
        [one] => Some(one.path.clone()),
        many => Some(format!("{} files", many.len())),
    };
    if let Some(files) = files {
        let verb = if new.is_empty() {
            "Change"
        } else {
            "Write and change"
        };
        let answer = Answer::Backend(BackendAnswer::EditCode);
        let change = context.apply(format!("{verb} {files}"), "change", answer);
        choices.push(change.note("as shown"));
    }
    if choices.is_empty() {
        choices.push(context.probe_again());
    }
    choices
}
