//! The secrets step: each env file is kept out of git, and no live secret ever got in.

pub(crate) mod hook;
mod inspection;
mod live_secrets;
mod messages;

use async_trait::async_trait;

use crate::{
    core::{answer::SecretsAnswer, event::Report, failure::Result},
    engine::{context::Cx, rotate, secrets::inspection::SecretsInspection, step::Step},
    ports::repository::GitAnswer,
};

/// The secrets step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SecretsStep;

#[async_trait]
impl Step for SecretsStep {
    type Answer = SecretsAnswer;

    async fn probe(&self, cx: &Cx) -> Result<Report> {
        let mut inspection = SecretsInspection::new(cx)?;
        inspection.check_targets().await?;
        inspection.check_tree().await?;
        inspection.check_history().await?;
        inspection.check_hook().await;
        Ok(inspection.into_report())
    }

    async fn apply(&self, cx: &Cx, answer: SecretsAnswer) -> Result<Report> {
        if answer == SecretsAnswer::InstallHook {
            cx.ports.repository.install_hook().await?;
            return self.probe(cx).await;
        }
        if answer == SecretsAnswer::RotatePassword {
            let rotated = rotate::password(cx).await?;
            return Ok(rotated.into_report(self.probe(cx).await?));
        }
        if answer == SecretsAnswer::Default {
            for target in SecretsInspection::new(cx)?.targets {
                let repository = &cx.ports.repository;
                let mut protection = repository.protection(&target).await?;
                if protection.tracked == GitAnswer::Yes {
                    repository.untrack(&target).await?;
                    protection = repository.protection(&target).await?;
                }
                if protection.ignored == GitAnswer::No || !protection.exposed.is_empty() {
                    repository.add_ignore(&target).await?;
                }
            }
        }
        self.probe(cx).await
    }
}
