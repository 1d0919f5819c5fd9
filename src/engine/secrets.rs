//! The secrets step: each env file is kept out of git, and no live secret ever got in.

pub(crate) mod hook;
mod inspection;
mod live_secrets;
mod messages;
mod shipped;
mod unread;

use async_trait::async_trait;

use crate::{
    core::{answer::SecretsAnswer, code::Code, event::Report, failure::Result},
    engine::{
        changes,
        context::Cx,
        rotate,
        secrets::{inspection::SecretsInspection, messages::taken_out},
        step::Step,
    },
    ports::repository::GitAnswer,
};

/// The secrets step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SecretsStep;

#[async_trait]
impl Step for SecretsStep {
    type Answer = SecretsAnswer;

    async fn probe(&self, cx: &Cx) -> Result<Report> {
        let mut inspection = SecretsInspection::new(cx).await?;
        inspection.check_targets().await?;
        inspection.check_tree().await?;
        inspection.check_history().await?;
        inspection.check_shipped();
        inspection.check_hook().await;
        Ok(inspection.into_report())
    }

    async fn apply(&self, cx: &Cx, answer: SecretsAnswer) -> Result<Report> {
        if answer == SecretsAnswer::InstallHook {
            cx.ports.repository.install_hooks(false).await?;
            return self.probe(cx).await;
        }
        if answer == SecretsAnswer::RotatePassword {
            let rotated = rotate::password(cx).await?;
            return Ok(rotated.into_report(self.probe(cx).await?));
        }
        if answer == SecretsAnswer::Default {
            let mut failed = None;
            let inspection = SecretsInspection::new(cx).await?;
            let sealed = inspection.sealed;
            let targets = inspection.targets.into_iter();
            let targets = targets.filter(|target| !sealed.contains(target));
            for target in targets.chain(inspection.keys) {
                // what cannot be done for one file is done for the others all the same
                if let Err(failure) = protect(cx, &target).await {
                    failed.get_or_insert(failure);
                }
            }
            if let Some(failure) = failed {
                return Err(failure);
            }
        }
        let mut report = self.probe(cx).await?;
        report.findings.extend(cx.told());
        Ok(report)
    }
}

/// Takes an env file out of the index, and makes git ignore it; tells what that changed.
async fn protect(cx: &Cx, target: &str) -> Result<()> {
    let repository = &cx.ports.repository;
    let mut protection = repository.protection(target).await?;
    let mut untracked = Ok(());
    if protection.tracked == GitAnswer::Yes {
        untracked = repository.untrack(target).await;
        if untracked.is_ok() {
            cx.tell(taken_out(target));
        }
        protection = repository.protection(target).await?;
    }
    // a tracked file is never ignored, so the rule is not asked for before it is out
    if protection.ignored == GitAnswer::No || !protection.exposed.is_empty() {
        let file = repository.add_ignore(target).await?;
        let code = Code::SecretsChanged;
        cx.tell(if protection.ignored == GitAnswer::No {
            changes::ignored_now(code, &file, target)
        } else {
            changes::copies_ignored_now(code, &file, target)
        });
    }
    Ok(untracked?)
}
