//! The health step: checks the connection step by step, from DNS to the application's own answer. The first check that fails
//! names the cause.

mod anywhere;
mod app;
mod attempt;
mod checks;
mod driver;
mod given;
mod keep;
mod made;
mod no_tables;
mod proof;
mod standing;

pub(super) use self::keep::keep;

use async_trait::async_trait;

use crate::{
    core::{answer::CommandAnswer, event::Report, failure::Result},
    engine::{
        build, connection,
        context::Cx,
        health::checks::HealthChecks,
        own_address,
        packages::{self, Prepared},
        step::Step,
        trust,
    },
};

/// The health step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HealthStep;

#[async_trait]
impl Step for HealthStep {
    type Answer = CommandAnswer;

    async fn probe(&self, cx: &Cx) -> Result<Report> {
        let Some(connection) = connection::of_app(cx) else {
            return Ok(waiting(cx));
        };
        let mut checks = HealthChecks::new(cx);
        checks.run(&connection).await?;
        // a probe starts nothing: it tells what the last start has shown
        checks.recall().await;
        checks.report_no_tables(None).await?;
        Ok(checks.into_report())
    }

    async fn apply(&self, cx: &Cx, answer: CommandAnswer) -> Result<Report> {
        trust::answered(cx, &answer)?;
        let Some(connection) = connection::of_app(cx) else {
            return Ok(waiting(cx));
        };
        let mut checks = HealthChecks::new(cx);
        checks.run(&connection).await?;
        if !checks.starts_something() {
            checks.recall().await;
            return Ok(checks.into_report());
        }
        if let Some(own) = own_address::find(cx) {
            checks.connects_elsewhere(own_address::not_started(&own));
            return checks.settle(Ok(()));
        }
        if let Prepared::Refused(finding) = packages::prepare(cx).await? {
            checks.without_packages(finding);
            return checks.settle(Ok(()));
        }
        if let Prepared::Refused(finding) = build::prepare(cx, build::wanted::BuildFor::App).await?
        {
            checks.not_built(finding);
            return checks.settle(Ok(()));
        }
        made::keep_out(cx).await?;
        let mut before = proof::before(cx).await;
        let mut tried = checks.try_all(&connection).await;
        if checks.lacks {
            match packages::supply(cx).await? {
                Prepared::Refused(finding) => checks.refuse(finding),
                Prepared::Nothing => {}
                Prepared::Installed => {
                    checks = HealthChecks::new(cx);
                    checks.run(&connection).await?;
                    before = proof::before(cx).await;
                    tried = checks.try_all(&connection).await;
                }
            }
        }
        if !checks.is_untrusted() {
            proof::remember(&mut checks, before, tried.as_ref().err()).await;
        }
        if tried.is_ok() {
            checks.report_no_tables(Some(&connection)).await?;
        }
        checks.settle(tried)
    }
}

/// Reports that there is nothing to connect to yet: no check runs.
fn waiting(cx: &Cx) -> Report {
    Report::waiting("waits for the application's connection URL")
        .facts(HealthChecks::new(cx).into_facts())
}
