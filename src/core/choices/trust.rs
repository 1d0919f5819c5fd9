//! The question whether the clone's commands may be run, which comes before what they would do.

use crate::core::{
    answer::{Answer, CommandAnswer},
    choices::{
        choice::{Choice, Choices},
        context::StepContext,
    },
    step::StepId,
};

/// Consent is never the default: a bare Enter, or a key held down, agrees to nothing.
pub(super) fn choices(context: &StepContext<'_>) -> Option<Choices> {
    let commands: Vec<_> = context
        .state
        .findings
        .iter()
        .filter_map(|finding| finding.untrusted.as_deref().cloned())
        .collect();
    let label = match commands.len() {
        0 => return None,
        1 => "Trust this command and continue",
        _ => "Trust these commands and continue",
    };
    let trust = CommandAnswer::Trust(commands);
    let answer = match context.step {
        StepId::Schema => Answer::Schema(trust),
        StepId::Health => Answer::Health(trust),
        StepId::Login | StepId::Project | StepId::Env | StepId::Backend | StepId::Secrets => {
            return None;
        }
    };
    let choice: Choice = context.apply(label, "trust", answer);
    let mut choices = Choices::from(vec![
        choice.note("as shown"),
        context.probe_again(),
        context.skip(),
    ]);
    choices.default = None;
    Some(choices)
}
