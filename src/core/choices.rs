//! What there is to choose from at each step and at the end, as data.
//!
//! The screens and the lines show the same choices, so that they are made once, here: the label of each, its action, the
//! command that does the same, and which of them a bare Enter means. A front end renders them, and asks for what has to be
//! typed.

mod backend;
mod choice;
mod commands;
mod context;
mod env;
mod health;
mod login;
mod matches;
mod project;
mod proposal;
mod schema;
mod secrets;
mod summary;
#[cfg(test)]
mod tests;
mod trust;

pub(crate) use self::{
    choice::{Action, Choice, ChoiceRow, Choices, SettingsPart},
    commands::for_answer as command_for,
    context::{Medium, StepContext},
    env::{can_undo, file_to_edit},
    matches::{MOST_READ_OUT, ProjectMatches},
    proposal::{ProposedFile, ProposedValue, of_proposal},
    summary::{AppChoice, of_summary},
};

use crate::core::{answer::Answer, plan::Status, remedy::Remedy, step::StepId};

/// What there is to choose from at a step, in its present state.
pub(crate) fn of_step(context: &StepContext<'_>) -> Choices {
    let mut choices = match (context.state.known(), context.step) {
        (Status::Unknown | Status::Running, _) => Vec::new().into(),
        (Status::Done, StepId::Login) if context.change => login::choices(context),
        (Status::Done, StepId::Project) if context.change => project::choices(context),
        (Status::Done, _) => done(context).into(),
        (Status::Skipped, _) => skipped(context).into(),
        (Status::Failed | Status::Todo, StepId::Login) => login::choices(context),
        (Status::Failed, _) => failed(context),
        (Status::Todo, _) => todo(context),
    };
    if context.medium == Medium::Lines {
        add_keys_of_screens(context, &mut choices);
    }
    choices.command = context.own_command();
    choices
}

fn done(context: &StepContext<'_>) -> Vec<Choice> {
    let mut choices = vec![context.go_on()];
    // which project it is, is a question
    if context.step != StepId::Project && context.is_fixable() {
        let fix = Answer::default_of(context.step);
        choices.push(context.apply("Fix these findings", "fix", fix));
    }
    match context.step {
        StepId::Login => {
            choices.push(context.choice("Use another key or login", "change", Action::Change));
        }
        StepId::Project => {
            choices.extend(project::discard(context));
            choices.extend(project::another(context));
            choices.extend(project::branch(context));
        }
        StepId::Env => {
            let undo = can_undo(context.state).then(|| env::undo(context));
            choices.push(undo.unwrap_or_else(|| context.probe_again()));
            choices.extend(env::changes(context));
        }
        StepId::Health => choices.extend(health::done(context)),
        StepId::Secrets => {
            choices.extend(secrets::hook(context));
            choices.push(context.choice("Re-check", "re-check", Action::Probe));
        }
        StepId::Backend | StepId::Schema => {
            choices.push(context.choice("Re-check", "re-check", Action::Probe));
        }
    }
    choices
}

fn skipped(context: &StepContext<'_>) -> Vec<Choice> {
    let label = if context.state.declined.is_some() {
        "Run it anyway"
    } else {
        "Re-check"
    };
    vec![
        context.go_on(),
        context.choice(label, "re-check", Action::Probe),
    ]
}

fn failed(context: &StepContext<'_>) -> Choices {
    // to probe again what cannot work yet leads nowhere
    if context.step == StepId::Health && context.blocker.is_none() && health::has_failed(context) {
        return health::after_failure(context);
    }
    let blocker = context.blocker.map(|step| context.go_to(step));
    let mut first: Vec<_> = blocker.into_iter().collect();
    first.push(context.probe_again());
    if context.step == StepId::Env && context.state.remedy() == Some(Remedy::OverwriteInPlace) {
        first.push(env::overwrite(context));
    }
    if context.step != StepId::Project || !project::is_listed(context.state) {
        first.push(context.skip());
        return first.into();
    }
    let mut choices = project::choices(context);
    // that is the first choice here already
    choices.remove(&Action::Probe);
    choices.put_first(first);
    choices.push(context.skip());
    choices
}

fn todo(context: &StepContext<'_>) -> Choices {
    // a step that found nothing yet waits for the one before it
    if context.state.findings.is_empty()
        && let Some(blocker) = context.blocker
    {
        let choices = [
            context.go_to(blocker),
            context.probe_again(),
            context.skip(),
        ];
        return Vec::from(choices).into();
    }
    // without a project there is no URL to write
    if let Some(blocker) = context.blocker
        && context.step == StepId::Env
    {
        let mut choices = vec![context.go_to(blocker), context.probe_again()];
        if can_undo(context.state) {
            choices.push(env::undo(context));
        }
        choices.push(context.skip());
        return choices.into();
    }
    if let Some(choices) = trust::choices(context) {
        return choices;
    }
    let mut choices = match context.step {
        StepId::Login => login::choices(context),
        StepId::Project => project::choices(context),
        StepId::Env => env::choices(context).into(),
        StepId::Backend => backend::choices(context).into(),
        StepId::Schema => schema::choices(context).into(),
        StepId::Health => health::choices(context),
        StepId::Secrets => secrets::choices(context).into(),
    };
    if !choices.has(&Action::AskToSkip) {
        choices.push(context.skip());
    }
    choices
}

/// Adds what the screens have a key for wherever it can be done, and only a number can do where there are no keys.
fn add_keys_of_screens(context: &StepContext<'_>, choices: &mut Choices) {
    let open = matches!(context.state.known(), Status::Todo | Status::Failed);
    let mut added = Vec::new();
    if choices.count() == 0 {
        added.push(context.probe_again());
        choices.default = Some(0);
    }
    if context.step == StepId::Env && can_undo(context.state) {
        added.push(env::undo(context));
    }
    if open && context.step == StepId::Secrets {
        added.extend(secrets::hook(context));
    }
    if open {
        added.push(context.skip());
    }
    for choice in added {
        if !choices.has(&choice.action) {
            choices.push(choice);
        }
    }
    if context.step == StepId::Health && health::can_watch(context) {
        choices.insert_before(&Action::AskToSkip, health::watch(context));
    }
    choices.push(context.choice("Quit", "quit", Action::Quit));
}
