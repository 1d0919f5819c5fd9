//! What several parts of the env step report.

use crate::{
    core::{code::Code, failure::Failure, invocation::Invocation, step::StepId},
    ports::repository::GitAnswer,
};

/// The command that fixes what this step can fix.
pub(super) const FIX: Invocation = Invocation::SetupStep(StepId::Env);

/// Git tracks the file, or it isn't known whether it does.
pub(super) fn tracked(file: &str, tracked: &GitAnswer) -> Failure {
    let failure = Failure::new(
        Code::EnvNotIgnored,
        format!("git tracks `{file}`, so no secret is written to it"),
    );
    match tracked {
        GitAnswer::Unknown(why) => failure
            .why(format!("whether git tracks it could not be told: {why}"))
            .hint("git status"),
        GitAnswer::Yes | GitAnswer::No => failure
            .why("the next commit would take it")
            .command(Invocation::SetupStep(StepId::Secrets))
            .hint(format!("neonup setup secrets (or: git rm --cached {file})")),
    }
}

/// It isn't known whether git ignores the file.
pub(super) fn ignored_unknown(file: &str, why: &str) -> Failure {
    Failure::new(
        Code::EnvNotIgnored,
        format!("whether git ignores `{file}` could not be told"),
    )
    .why(why)
    .hint(format!("git check-ignore -v {file}"))
}
