//! The check before the last: the project's own driver connects, in the project's own interpreter, with the URL as it is written.

use std::time::Duration;

use crate::{
    core::{
        children::Child,
        code::Code,
        event::Progress,
        facts::CheckState,
        failure::{Failure, Result},
        finding::Finding,
        invocation::Invocation,
        step::StepId,
        trust::CommandPurpose,
    },
    domain::{
        driver_script::{self, DriverOutcome},
        url::Connection,
    },
    engine::{
        clock, connection,
        health::{
            checks::{HealthCheck, HealthChecks},
            proof::driver_dir,
        },
    },
    ports::process::CommandSpec,
};

/// The longest that the driver may take; a cold interpreter on a busy machine needs some seconds.
const LIMIT: Duration = Duration::from_secs(40);

impl HealthChecks<'_> {
    /// Connects as the application will. What can't be tried is not determined.
    pub(super) async fn prove_driver(&mut self, connection: &Connection) -> Result<()> {
        let Some((.., driver)) = self.cx.settings.url_key() else {
            return Ok(());
        };
        let (Some(script), Some(url)) = (driver_script::script(driver), connection::url(self.cx))
        else {
            return Ok(());
        };
        let label = script.library;
        let dir = driver_dir(self.cx);
        let Some(program) = self.cx.ports.process.find(script.interpreter, &dir) else {
            let text = format!(
                "{} isn't installed, so the driver wasn't tried",
                script.interpreter
            );
            let hint = format!(
                "install {}, then run `neonup setup health`",
                script.interpreter
            );
            self.driver_untried(text, "", hint);
            return Ok(());
        };
        if !self.may_run(HealthCheck::Driver, CommandPurpose::Driver)? {
            return Ok(());
        }
        self.set(HealthCheck::Driver, CheckState::Running, "connecting", None);
        self.cx
            .progress(Progress::label(format!("connecting with {label}")));
        let started = clock::now();
        let mut argv = vec![program.display().to_string()];
        argv.extend(script.arguments);
        let spec = CommandSpec {
            child: Child::Driver,
            argv,
            dir,
            env: vec![(driver_script::URL_VARIABLE.to_owned(), url)],
        };
        let ended = match self.cx.ports.process.run(&spec, LIMIT).await {
            Ok(ended) => ended,
            Err(error) => {
                let what = format!("{label} didn't finish");
                self.set(HealthCheck::Driver, CheckState::Gap, what.clone(), None);
                return Err(Failure {
                    code: Code::HealthDriver,
                    what,
                    ..error.into()
                });
            }
        };
        match driver_script::outcome(driver, &ended.output, connection.password.expose()) {
            DriverOutcome::Connected => {
                let text = format!("connects with {}", self.relative(&program));
                self.set(
                    HealthCheck::Driver,
                    CheckState::Ok,
                    text,
                    Some(started.elapsed()),
                );
            }
            DriverOutcome::Missing { module, install } => {
                self.lacks = true;
                let text = format!("`{module}` isn't installed, so the driver wasn't tried");
                self.driver_untried(
                    text,
                    "",
                    format!("{install}, then run `neonup setup health`"),
                );
            }
            DriverOutcome::Failed(message) => {
                self.set(
                    HealthCheck::Driver,
                    CheckState::Gap,
                    message.clone(),
                    Some(started.elapsed()),
                );
                return Err(Failure::new(
                    Code::HealthDriver,
                    format!("{label} can't connect with the URL as written"),
                )
                .why(message)
                .command(Invocation::CheckStep(StepId::Env))
                .hint("run `neonup check env` to see whether the URL is in the driver's form"));
            }
            DriverOutcome::Unclear => {
                let hint = "run the application to see whether it connects".to_owned();
                let text = format!("couldn't try {label}");
                self.driver_untried(text, "it printed nothing readable", hint);
            }
        }
        Ok(())
    }

    /// Reports that the driver could not be tried, so that whether it connects is not known.
    fn driver_untried(&mut self, text: String, detail: &str, hint: String) {
        self.set(HealthCheck::Driver, CheckState::Skipped, text.clone(), None);
        let finding = Finding::new(Code::HealthDriver, text).detail(detail);
        self.untried.push((HealthCheck::Driver, finding.hint(hint)));
    }

    /// A path for a person: relative to the root if it is inside.
    fn relative(&self, path: &std::path::Path) -> String {
        path.strip_prefix(&self.cx.settings.root)
            .unwrap_or(path)
            .display()
            .to_string()
    }
}
