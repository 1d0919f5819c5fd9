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
        let fix = context.apply("Fix the repository", "fix", answer);
        choices.push(fix.note("keeps your files; commits nothing"));
    }
    match context.state.remedy() {
        Some(Remedy::RotatePassword) => {
            let rotate = context.choice("Rotate the password", "rotate", Action::Rotate);
            choices.push(rotate.note("the only fix; asks first"));
        }
        // a new password does not revoke an API key
        Some(Remedy::RotateKey) => {
            let rotate = context.run("", Invocation::RotateKey);
            choices.push(rotate.note("creates a new key and revokes the old one"));
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
        let hook = context.apply("Install the git hooks", "install", answer);
        hook.note("they block leaks in commits and pushes")
    })
}
