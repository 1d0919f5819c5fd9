//! Env: write the files, or restore them.

use crate::core::{
    answer::{Answer, EnvAnswer},
    choices::{
        choice::{Action, Choice, SettingsPart},
        context::StepContext,
    },
    code::Code,
    facts::{EnvFacts, EnvFile, Facts},
    finding::Finding,
    plan::StepState,
    step::StepId,
};

fn env_facts(state: &StepState) -> Option<&EnvFacts> {
    match &state.facts {
        Some(Facts::Env(env)) => Some(env),
        _ => None,
    }
}

/// Whether the last write of the env files can be undone.
pub(crate) fn can_undo(state: &StepState) -> bool {
    env_facts(state).is_some_and(|env| env.files.iter().any(|file| file.undo))
}

pub(super) fn undo(context: &StepContext<'_>) -> Choice {
    let (label, verb) = if context.undone {
        ("Redo what was undone", "redo")
    } else {
        ("Undo the last write", "undo")
    };
    context.apply(label, verb, Answer::Env(EnvAnswer::Undo))
}

/// The choice to change what is written.
fn settings(context: &StepContext<'_>) -> Choice {
    context.settings("Change what is written …", SettingsPart::Env)
}

/// The file that is edited where none is named: one that would change, or else the first.
pub(crate) fn file_to_edit(state: &StepState) -> Option<&str> {
    let files = || targets(state);
    let changing = files().find(|file| !file.diff.is_empty());
    let file = changing.or_else(|| files().next())?;
    Some(&file.file)
}

fn targets(state: &StepState) -> impl Iterator<Item = &EnvFile> {
    let files = env_facts(state).map_or(&[][..], |env| &env.files);
    files.iter().filter(|file| !file.example)
}

/// The choices to change what is written: a file in an editor, or the settings that it comes from.
pub(super) fn changes(context: &StepContext<'_>) -> Vec<Choice> {
    let edit = |file: &EnvFile| {
        let label = format!("Edit {} …", file.file);
        let edit = context.choice(label, "edit", Action::EditFile(file.file.clone()));
        edit.note("in your editor, secrets masked")
    };
    let files = targets(context.state).filter(|_| context.can_edit);
    let mut choices: Vec<_> = files.map(edit).collect();
    choices.push(settings(context));
    choices
}

pub(super) fn overwrite(context: &StepContext<'_>) -> Choice {
    let answer = Answer::Env(EnvAnswer::InPlace);
    let overwrite = context.apply("Overwrite it in place", "overwrite", answer);
    overwrite.note("a power cut could damage it")
}

pub(super) fn choices(context: &StepContext<'_>) -> Vec<Choice> {
    let files = env_facts(context.state).map_or(&[][..], |env| &env.files);
    let changed: Vec<_> = files.iter().filter(|file| !file.diff.is_empty()).collect();
    // git would take the file along, and only Secrets changes that: until then it is not written
    let tracked = |finding: &Finding| finding.code == Code::EnvNotIgnored && !finding.fixable;
    let mut choices = Vec::new();
    if context.state.findings.iter().any(tracked) {
        let secrets = context.go_to(StepId::Secrets);
        choices.push(secrets.note("makes git ignore the file"));
    }
    let write = match changed.as_slice() {
        [one] => Some(format!("Write {}", one.file)),
        [] if context.is_fixable() => Some("Fix these findings".to_owned()),
        [] => None,
        many => Some(format!("Write {} files", many.len())),
    };
    choices
        .extend(write.map(|label| context.apply(label, "write", Answer::Env(EnvAnswer::Default))));
    if choices.is_empty() {
        choices.push(context.probe_again());
    }
    if can_undo(context.state) {
        choices.push(undo(context));
    }
    choices.extend(changes(context));
    choices
}
