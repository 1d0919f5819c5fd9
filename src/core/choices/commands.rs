//! The commands that do what an answer does.

use crate::core::{
    answer::{
        Answer, BackendAnswer, CommandAnswer, EnvAnswer, KeyStorage, LoginAnswer, ProjectAnswer,
        SecretsAnswer,
    },
    facts::Facts,
    invocation::Invocation,
    plan::StepState,
};

/// The command that gives a step this answer.
pub(crate) fn for_answer(answer: &Answer, state: &StepState) -> Invocation {
    let temporary = matches!(&state.facts, Some(Facts::Project(project)) if project.temporary);
    if temporary && answer.is_default() {
        return Invocation::SetupClaimable;
    }
    match answer {
        Answer::Login(LoginAnswer::Default) => Invocation::Login,
        Answer::Login(LoginAnswer::Key(_, storage) | LoginAnswer::NeonCli(storage)) => {
            login(*storage)
        }
        Answer::Login(LoginAnswer::Browser(KeyStorage::File)) => Invocation::LoginWithBrowserToFile,
        Answer::Login(LoginAnswer::Browser(KeyStorage::Keyring | KeyStorage::Session)) => {
            Invocation::LoginWithBrowser
        }
        Answer::Login(LoginAnswer::Temporary) => Invocation::SetupClaimable,
        Answer::Login(LoginAnswer::Rotate) => Invocation::RotateKey,
        Answer::Project(ProjectAnswer::Join(project)) => Invocation::JoinProject(project.clone()),
        Answer::Project(ProjectAnswer::List) => Invocation::JoinProject("ID".to_owned()),
        Answer::Project(ProjectAnswer::Discard(id)) => Invocation::DiscardProject(id.clone()),
        Answer::Project(ProjectAnswer::Create(_)) => Invocation::NewProject,
        Answer::Schema(CommandAnswer::Trust(_)) | Answer::Health(CommandAnswer::Trust(_)) => {
            Invocation::Trust
        }
        Answer::Backend(BackendAnswer::EditCode) => Invocation::EditCode,
        Answer::Env(EnvAnswer::InPlace) => Invocation::OverwriteInPlace,
        Answer::Env(EnvAnswer::Undo) => Invocation::Undo,
        Answer::Secrets(SecretsAnswer::InstallHook) => Invocation::InstallHook,
        Answer::Project(ProjectAnswer::ResetPassword)
        | Answer::Secrets(SecretsAnswer::RotatePassword) => Invocation::RotatePassword,
        Answer::Project(ProjectAnswer::Default)
        | Answer::Env(EnvAnswer::Default)
        | Answer::Backend(BackendAnswer::Default)
        | Answer::Schema(CommandAnswer::Default)
        | Answer::Health(CommandAnswer::Default)
        | Answer::Secrets(SecretsAnswer::Default) => Invocation::SetupStep(answer.step()),
    }
}

/// The command that takes a key.
pub(super) const fn login(storage: KeyStorage) -> Invocation {
    match storage {
        // a command ends at once, so that it has no session to keep a key for
        KeyStorage::Keyring | KeyStorage::Session => Invocation::Login,
        KeyStorage::File => Invocation::LoginToFile,
    }
}
