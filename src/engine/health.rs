//! The health step: checks the connection step by step, from DNS to the application's own answer. The first check that fails
//! names the cause.

mod app;
mod checks;
mod driver;

use async_trait::async_trait;

use crate::{
    core::{
        answer::CommandAnswer,
        code::Code,
        event::{Report, Verdict},
        facts::{Check, CheckState},
        failure::Result,
        finding::Finding,
        invocation::Invocation,
        step::StepId,
        trust::CommandPurpose,
    },
    engine::{
        connection,
        context::{AppProof, Cx},
        health::checks::{HealthCheck, HealthChecks, startable},
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
        if let Some(backend) = cx
            .settings
            .backend
            .clone()
            .filter(|backend| backend.health.is_some())
        {
            checks.ask_running_app(&backend).await;
        }
        if let Some(proof) = cx.proof() {
            checks.recall(proof);
        }
        let runs = |check: &Check| check.state == CheckState::Ok;
        if startable(cx).is_some() && !checks.get(HealthCheck::App).is_some_and(runs) {
            for purpose in [CommandPurpose::Driver, CommandPurpose::App] {
                checks.report_untrusted(trust::missing(cx, purpose));
            }
        }
        let mut report = checks.into_report();
        // a probe does not start the application, since that changes the world: it makes its tables
        if startable(cx).is_some() && cx.unproven() && report.verdict() == Verdict::Done {
            let finding = Finding::new(
                Code::HealthAppStart,
                "the app was not started since the last change",
            )
            .command(Invocation::SetupStep(StepId::Health))
            .fixable();
            report.evidence = format!("{}; {}", report.evidence, finding.title);
            report.leave_open(finding.into());
        }
        Ok(report)
    }

    async fn apply(&self, cx: &Cx, answer: CommandAnswer) -> Result<Report> {
        trust::answered(cx, &answer)?;
        let Some(connection) = connection::of_app(cx) else {
            return Ok(waiting(cx));
        };
        let mut checks = HealthChecks::new(cx);
        checks.run(&connection).await?;
        let before = checks.findings.len();
        checks.prove_driver(&connection).await?;
        let driver_findings: Vec<_> = checks.findings.iter().skip(before).cloned().collect();
        let before = checks.findings.len();
        if let Some(backend) = startable(cx) {
            checks.start_app(&backend).await?;
        }
        cx.remember_proof(AppProof {
            driver: checks.get(HealthCheck::Driver).cloned(),
            driver_findings,
            app: checks.get(HealthCheck::App).cloned(),
            app_findings: checks.findings.iter().skip(before).cloned().collect(),
        });
        Ok(checks.into_report())
    }
}

/// Reports that there is nothing to connect to yet: no check runs.
fn waiting(cx: &Cx) -> Report {
    Report::waiting("waits for the application's connection URL")
        .facts(HealthChecks::new(cx).into_facts())
}
