//! Secrets: fix the repository, rotate what leaked, or accept it.

use crate::core::{
    answer::{Answer, SecretsAnswer},
    choices::{
        choice::{Action, Choice},
        context::StepContext,
    },
    facts::Facts,
    invocation::Invocation,
    remedy::Remedy,
};

pub(super) fn choices(context: &StepContext<'_>) -> Vec<Choice> {
    let mut choices = Vec::new();
    if context.is_fixable() {
        let answer = Answer::Secrets(SecretsAnswer::Default);
        let fix = context.apply("Mend the repository", "mend", answer);
        choices.push(fix.note("files stay; nothing is committed"));
    }
    match context.state.remedy() {
        Some(Remedy::RotatePassword) => {
            let rotate = context.choice("Rotate the password", "rotate", Action::Rotate);
            choices.push(rotate.note("the only cure; asks once more"));
        }
        // a new password does not revoke an API key
        Some(Remedy::RotateKey) => {
            let rotate = context.run("", Invocation::RotateKey);
            choices.push(rotate.note("a new key; the old one is revoked"));
        }
        Some(Remedy::OverwriteInPlace) | None => {}
    }
    if choices.is_empty() {
        choices.push(context.probe_again());
    }
    choices.push(context.choice("Accept it, with a reason", "accept", Action::AskToSkip));
    choices
}

/// The pre-commit check, where it can be installed and is not.
pub(super) fn hook(context: &StepContext<'_>) -> Option<Choice> {
    let Some(Facts::Secrets(secrets)) = &context.state.facts else {
        return None;
    };
    (secrets.hook == Some(false)).then(|| {
        let answer = Answer::Secrets(SecretsAnswer::InstallHook);
        let hook = context.apply("Install the pre-commit check", "install", answer);
        hook.note("stops leaks at commit")
    })
}
