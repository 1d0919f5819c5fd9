//! The start of the application itself: once, and once more with the variables of the env file where its own code does not load them.

use std::time::Duration;

use crate::{
    core::{
        code::Code,
        facts::CheckState,
        failure::{Failure, Result},
    },
    domain::app_log::{asked_for, missing_module},
    engine::{
        clock,
        health::{
            app::{StartError, Trial, Unhealthy},
            checks::{HealthCheck, HealthChecks},
            given,
        },
        stand_ins,
    },
    project::settings::BackendSettings,
};

/// What came of a start, and how long it took.
type Attempt = (std::result::Result<String, StartError>, Duration);

impl HealthChecks<'_> {
    /// Starts the application and asks it. One that fails by itself is started once more, with the variables of the env file: where that
    /// works, its code does not load the file. Then once more with made-up values for the keys that only a person can fill in.
    pub(super) async fn attempts(
        &mut self,
        backend: &BackendSettings,
        trial: &mut Trial,
    ) -> Result<Attempt> {
        let first = self.attempt(backend, trial).await?;
        if !first.0.as_ref().is_err_and(fails_by_itself) {
            return Ok(first);
        }
        let own = trial.spec.env.clone();
        let mut findings = Vec::new();
        let loaded = given::not_loaded(self.cx)
            .filter(|(variables, _)| !variables.iter().all(|pair| own.contains(pair)));
        if let Some((variables, finding)) = loaded {
            trial.spec.env.splice(0..0, variables);
            findings.push(finding);
            let second = self.attempt(backend, trial).await?;
            if second.0.is_ok() {
                self.findings.extend(findings);
                return Ok(second);
            }
        }
        if let Some((variables, finding)) = stand_ins::variables(self.cx, Code::HealthStandIn) {
            trial.spec.env.extend(variables);
            findings.push(finding);
            let third = self.attempt(backend, trial).await?;
            if third.0.is_ok() {
                self.findings.extend(findings);
                return Ok(third);
            }
        }
        // what the application says by itself is what a person will see
        Ok(first)
    }

    async fn attempt(&mut self, backend: &BackendSettings, trial: &Trial) -> Result<Attempt> {
        let started = clock::now();
        let mut app = match self.cx.ports.process.start(&trial.spec).await {
            Ok(app) => app,
            Err(error) => {
                let failure = Failure::from(error);
                self.set(
                    HealthCheck::App,
                    CheckState::Gap,
                    failure.what.clone(),
                    None,
                );
                return Err(failure);
            }
        };
        let outcome = self
            .wait_for_app(app.as_mut(), backend, trial.url.as_deref(), started)
            .await;
        let elapsed = started.elapsed();
        app.stop().await;
        Ok((outcome, elapsed))
    }
}

/// Whether the application ended or answered an error, and not for want of a package.
fn fails_by_itself(error: &StartError) -> bool {
    match error {
        StartError::Ended(exit) => {
            exit.code != Some(0)
                && missing_module(&exit.output).is_none()
                && asked_for(&exit.output).is_none()
        }
        StartError::Unhealthy(Unhealthy::Status(status) | Unhealthy::Start(status), _) => {
            *status >= 500
        }
        StartError::Unhealthy(..) | StartError::Silent(..) => false,
    }
}
