//! Health: run the checks, or watch the connection.

use crate::core::{
    answer::{Answer, CommandAnswer},
    choices::{
        choice::{Action, Choice, Choices},
        context::{Medium, StepContext},
    },
    facts::{AppStanding, Facts},
    plan::Status,
};

/// How it stands with the app, as far as a step knows.
fn standing(context: &StepContext<'_>) -> AppStanding {
    match &context.state.facts {
        Some(Facts::Health(health)) => health.app,
        _ => AppStanding::Absent,
    }
}

fn start(context: &StepContext<'_>, label: &str) -> Choice {
    context.apply(label, "start", Answer::Health(CommandAnswer::Default))
}

/// What there is to do while the step is open.
pub(super) fn choices(context: &StepContext<'_>) -> Choices {
    match standing(context) {
        AppStanding::Failed => after_failure(context),
        AppStanding::Unproved => vec![start(context, "Start the app and check /health")].into(),
        AppStanding::Absent | AppStanding::Proved => vec![context.apply(
            "Run all checks again",
            "run checks",
            Answer::Health(CommandAnswer::Default),
        )]
        .into(),
    }
}

/// Whether the app was started and failed. To look again, or to start it again, shows the same until something has changed.
pub(super) fn has_failed(context: &StepContext<'_>) -> bool {
    standing(context) == AppStanding::Failed
}

/// A bare Enter does nothing here, since whatever it did would fail again: the cause stands on the screen.
pub(super) fn after_failure(context: &StepContext<'_>) -> Choices {
    let mut choices = Choices::from(vec![
        start(context, "Fixed it: start the app again"),
        context.skip(),
    ]);
    choices.default = None;
    choices
}

/// What there is to do once all is well.
pub(super) fn done(context: &StepContext<'_>) -> Vec<Choice> {
    let again = context.choice("Run the checks again", "check", Action::Probe);
    if standing(context) == AppStanding::Absent {
        return vec![again];
    }
    let mut choices = vec![start(context, "Start the app again and check it")];
    // the screens have a key for it
    if context.medium == Medium::Lines {
        choices.push(again);
    }
    choices
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
    let label = "Watch: re-check every second, until Enter";
    context.choice(label, "watch", Action::Watch)
}
