//! Health: run the checks, or watch the connection.

use crate::core::{
    answer::{Answer, CommandAnswer},
    choices::{
        choice::{Action, Choice},
        context::StepContext,
    },
    facts::{CheckState, Facts},
    plan::Status,
};

pub(super) fn choices(context: &StepContext<'_>) -> Vec<Choice> {
    let is_passed = |state: CheckState| {
        matches!(
            state,
            CheckState::Ok | CheckState::Waiting | CheckState::Skipped | CheckState::Warning
        )
    };
    // then nothing but the app is left
    let passed = matches!(&context.state.facts, Some(Facts::Health(health))
        if health.checks.iter().all(|check| is_passed(check.state)));
    let label = if passed {
        "Start the app, and ask it"
    } else {
        "Climb the whole ladder again"
    };
    vec![context.apply(label, "climb", Answer::Health(CommandAnswer::Default))]
}

/// Whether there is a connection to watch.
pub(super) fn can_watch(context: &StepContext<'_>) -> bool {
    let probed = matches!(
        context.state.known(),
        Status::Done | Status::Todo | Status::Failed
    );
    probed && context.blocker.is_none()
}

pub(super) fn watch(context: &StepContext<'_>) -> Choice {
    let label = "Watch: look once a second, until Enter";
    context.choice(label, "watch", Action::Watch)
}
