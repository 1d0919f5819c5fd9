//! How it stands with what has to be started to be proved: told by a look, found out by a start.

use crate::{
    core::{
        app_proof::{AppProof, TriedCheck},
        code::{Code, Severity},
        event::Report,
        facts::{AppStanding, CheckState},
        failure::{Failure, Result},
        finding::Finding,
        invocation::Invocation,
        proof::Basis,
        step::StepId,
        trust::CommandPurpose,
    },
    domain::{age, driver_script, url::Connection},
    engine::{
        build, connection,
        health::{
            checks::{HealthCheck, HealthChecks, startable},
            proof::{self, Standing},
        },
        packages, trust,
    },
};

impl HealthChecks<'_> {
    /// Whether there is a driver that can be tried.
    fn tries_driver(&self) -> bool {
        let driver = self.cx.settings.url_key().map(|(.., driver)| driver);
        driver.and_then(driver_script::script).is_some() && connection::url(self.cx).is_some()
    }

    /// Whether something has to be started to be proved.
    pub(super) fn starts_something(&self) -> bool {
        startable(self.cx).is_some() || self.tries_driver()
    }

    /// What is started, for a person.
    fn what(&self) -> String {
        if startable(self.cx).is_some() {
            return "the app".to_owned();
        }
        let driver = self.cx.settings.url_key().map(|(.., driver)| driver);
        driver
            .and_then(driver_script::script)
            .map_or_else(|| "the app".to_owned(), |script| script.library.to_owned())
    }

    /// Leaves the step open: something was not found out.
    pub(super) fn leave_open(&mut self, finding: Finding) {
        let basis = std::mem::replace(&mut self.basis, Basis::Seen);
        self.basis = basis.and(Basis::not_determined(finding));
    }

    /// Tells what the last start has shown, if it still counts. Starts nothing.
    pub(super) async fn recall(&mut self) {
        self.report_unstartable();
        if !self.starts_something() {
            return;
        }
        if let Some(finding) = packages::missing(self.cx) {
            self.findings.push(finding);
            self.report_untrusted(trust::missing(self.cx, CommandPurpose::Packages));
        }
        if let Some(finding) = build::missing(self.cx, build::wanted::BuildFor::App) {
            self.findings.push(finding);
            self.report_untrusted(trust::missing(self.cx, CommandPurpose::Build));
        }
        let now = self.cx.ports.proof.now();
        let standing = proof::standing(self.cx).await;
        if let Standing::Current(proof) = &standing {
            let when = age::moment(proof.at, now);
            self.restore(proof, &when);
        } else {
            self.facts.app = AppStanding::Unproved;
        }
        if self.facts.app == AppStanding::Proved {
            self.show();
            return;
        }
        for purpose in [CommandPurpose::Driver, CommandPurpose::App] {
            self.report_untrusted(trust::missing(self.cx, purpose));
        }
        let untrusted = self.findings.iter().any(|finding| {
            matches!(
                finding.code,
                Code::HealthAppUntrusted | Code::HealthDriverUntrusted
            )
        });
        let what = self.what();
        if self.facts.app == AppStanding::Unproved {
            let finding = standing.finding(&what, now).unwrap_or_else(|| {
                Finding::new(
                    Code::HealthAppNotProved,
                    format!("{what} hasn't been started here yet"),
                )
                .command(Invocation::SetupStep(StepId::Health))
                .fixable()
            });
            self.told.clone_from(&finding.title);
            for id in [HealthCheck::Driver, HealthCheck::App] {
                if self
                    .get(id)
                    .is_some_and(|check| check.state == CheckState::Waiting)
                {
                    self.set(
                        id,
                        CheckState::Waiting,
                        "not tried in its current state",
                        None,
                    );
                }
            }
            // until somebody agrees to the command, that is the one thing to do
            if !untrusted {
                self.leave_open(finding);
            }
        }
        self.show();
    }

    /// Fills in what the last start has shown.
    fn restore(&mut self, proof: &AppProof, when: &str) {
        let mut good = true;
        let mut missing = false;
        let wanted = [
            (HealthCheck::Driver, self.tries_driver(), &proof.driver),
            (HealthCheck::App, startable(self.cx).is_some(), &proof.app),
        ];
        for (id, wanted, tried) in wanted {
            match tried {
                Some(tried) if wanted => {
                    good &= tried.is_good();
                    self.restore_check(id, tried, when);
                }
                _ => missing |= wanted,
            }
        }
        self.facts.app = match (good, missing) {
            (false, _) => AppStanding::Failed,
            (true, true) => AppStanding::Unproved,
            (true, false) => AppStanding::Proved,
        };
        let last = proof.app.as_ref().or(proof.driver.as_ref());
        let what = self.what();
        let text = last.map_or("", |tried| tried.text.as_str());
        self.told = if self.facts.app == AppStanding::Failed {
            if self.untried.is_empty() {
                // the step stays open, whatever was found
                let basis = std::mem::replace(&mut self.basis, Basis::Seen);
                self.basis = basis.and(Basis::NotDetermined(Vec::new()));
            }
            let how = if self.untried.is_empty() {
                "failed"
            } else {
                "couldn't be tried"
            };
            format!("{what} {how} {when}, and nothing has changed since: {text}")
        } else if proof.app.is_some() {
            format!("the app answered {text} {when}")
        } else {
            format!("{what} {text} {when}")
        };
    }

    fn restore_check(&mut self, id: HealthCheck, tried: &TriedCheck, when: &str) {
        if let Some(position) = self.position(id)
            && let Some(check) = self.facts.checks.get_mut(position)
        {
            *check = tried.check(&check.label, when);
        }
        for (mut finding, undetermined) in tried.findings() {
            if finding.severity == Severity::Gap {
                let seen = format!("seen {when}");
                finding.detail = if finding.detail.is_empty() {
                    seen
                } else {
                    format!("{} ({seen})", finding.detail)
                };
            }
            if undetermined {
                self.untried.push((id, finding));
            } else {
                self.findings.push(finding);
            }
        }
    }

    /// Reports an application of which too little is known to start it and ask it.
    fn report_unstartable(&mut self) {
        let Some(backend) = &self.cx.settings.backend else {
            return;
        };
        match (backend.start.is_empty(), &backend.health) {
            (true, Some(url)) => {
                let title = format!("the app can't be started, so nothing answers for it at {url}");
                self.told.clone_from(&title);
                self.set(
                    HealthCheck::App,
                    CheckState::Waiting,
                    "no start command is known",
                    None,
                );
                self.leave_open(
                    Finding::new(Code::HealthAppNotProved, title)
                        .hint("set [backend] start in neonup.toml, then run `neonup setup health`"),
                );
            }
            (false, None) if startable(self.cx).is_none() => {
                let title = "the app wasn't started, because no health route is known";
                title.clone_into(&mut self.told);
                self.leave_open(
                    Finding::new(Code::HealthAppNotProved, title)
                    .hint(
                        "set [backend] health in neonup.toml to a URL that your app answers; if it has none, skip this with a \
                        reason: \"health.app-not-proved\" under [skip]",
                    ),
                );
            }
            _ => {}
        }
    }

    /// Tries the driver, then the application. The first that fails is told.
    pub(super) async fn try_all(&mut self, connection: &Connection) -> Result<()> {
        self.report_unstartable();
        self.facts.app = AppStanding::Unproved;
        self.failed = Some(HealthCheck::Driver);
        self.prove_driver(connection).await?;
        self.failed = Some(HealthCheck::App);
        if let Some(backend) = startable(self.cx) {
            self.start_app(&backend).await?;
            self.excuse_driver(&backend.expect);
        }
        self.failed = None;
        Ok(())
    }

    /// A driver that could not be tried alone is tried all the same where the application answers that it reaches the database.
    fn excuse_driver(&mut self, expect: &[(String, String)]) {
        let connected = self
            .get(HealthCheck::App)
            .is_some_and(|check| check.state == CheckState::Ok)
            && expect
                .iter()
                .any(|(name, _)| matches!(name.as_str(), "database" | "db"));
        if !connected {
            return;
        }
        for (id, finding) in std::mem::take(&mut self.untried) {
            if id == HealthCheck::Driver {
                self.findings.push(finding.severity(Severity::Note));
            } else {
                self.untried.push((id, finding));
            }
        }
    }

    /// Reports what a start has shown.
    pub(super) fn settle(mut self, tried: Result<(), Failure>) -> Result<Report> {
        // that there is no table says nothing of the start
        let gap = |finding: &Finding| {
            finding.severity == Severity::Gap && finding.code != Code::HealthNoTables
        };
        let stopped = !self.untried.is_empty() || self.findings.iter().any(gap);
        let app = self.get(HealthCheck::App).map(|check| check.state);
        let failed = tried.is_err() || app == Some(CheckState::Gap);
        self.facts.app = match (failed, stopped) {
            (false, false) => AppStanding::Proved,
            (false, true) if self.is_untrusted() => AppStanding::Unproved,
            (true, _) | (false, true) => AppStanding::Failed,
        };
        if self.facts.app == AppStanding::Proved && app == Some(CheckState::Ok) {
            let asked = startable(self.cx).is_some_and(|backend| backend.health.is_some());
            self.told = match self.get(HealthCheck::App) {
                // whether it reaches its database nobody has said
                Some(check) if !asked => format!("the app answered {}", check.text),
                _ => "the app is healthy".to_owned(),
            };
        }
        self.show();
        tried?;
        Ok(self.into_report())
    }
}
