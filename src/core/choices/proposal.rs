//! The proposed `neonup.toml`: write it, change one of its values, take another application, or go on without it.

use crate::core::{
    choices::choice::{Action, Choice, Choices},
    invocation::Invocation,
};

/// One value of the proposal, for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProposedValue {
    pub name: String,
    pub value: String,
    /// What shows it.
    pub shown_by: String,
}

/// What is proposed, for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProposedFile {
    /// Where it is written to.
    pub path: String,
    /// Whether the file is there already, so that its values are changed.
    pub exists: bool,
    /// Whether nothing of it is a guess.
    pub is_certain: bool,
    /// Whether a person has changed a value of it.
    pub is_changed: bool,
    /// The application that can be taken next, where there are several.
    pub next_app: Option<String>,
    pub values: Vec<ProposedValue>,
}

/// What there is to choose from. A file with guesses in it is not written by a bare Enter.
pub(crate) fn of_proposal(file: &ProposedFile) -> Choices {
    // no command changes a value; what is saved is checked
    let command = if file.exists {
        Invocation::Check
    } else {
        Invocation::Init
    };
    let choice = |label: &str, verb, action| Choice {
        label: label.to_owned(),
        note: String::new(),
        verb,
        action,
        command: command.clone(),
    };
    let ((write, write_verb), (without, without_verb)) = if file.exists {
        (
            ("Save this file", "save"),
            ("Go back without saving", "go back"),
        )
    } else {
        (
            ("Write this file", "write"),
            ("Continue without it", "skip it"),
        )
    };
    let write = choice(write, write_verb, Action::WriteConfig);
    let write = if file.exists && !file.is_changed {
        write.note("nothing is changed yet")
    } else {
        write.note(&file.path)
    };
    let without = choice(without, without_verb, Action::LeaveProposal);
    let without = match (file.is_certain, file.is_changed) {
        (_, true) => without.note("your changes are lost"),
        (false, false) => without.note("the env step asks what your app reads"),
        (true, false) => without,
    };
    let mut choices = vec![write, without];
    if let Some(next) = &file.next_app {
        let note = if file.is_changed {
            format!("{next}; your changes are lost")
        } else {
            next.clone()
        };
        choices.push(choice("Use another app", "next app", Action::NextApp).note(note));
    }
    let width = file.values.iter().map(|value| value.name.chars().count());
    let width = width.max().unwrap_or(0).min(20);
    choices.extend(file.values.iter().enumerate().map(|(at, value)| {
        let ProposedValue {
            name,
            value,
            shown_by,
        } = value;
        let label = format!("{name:width$}  {value}");
        choice(&label, "edit", Action::EditValue(at)).note(shown_by)
    }));
    let mut choices = Choices::from(choices);
    let unchanged = file.exists && !file.is_changed;
    choices.default = Some(usize::from(!file.is_certain || unchanged));
    choices.command = command;
    choices
}
