//! The checks of the connection, in order; each change is shown at once.

use std::time::Duration;

use crate::engine::clock;
use crate::{
    core::{
        code::Code,
        event::{Progress, Report},
        facts::{AppStanding, Check, CheckState, Facts, HealthFacts},
        failure::{Failure, Result},
        finding::Finding,
        invocation::Invocation,
        proof::Basis,
        trust::CommandPurpose,
    },
    domain::{counted::counted, driver_script, duration, url::Connection},
    engine::{context::Cx, trust},
    ports::database::{DatabaseError, Session},
    project::settings::BackendSettings,
};

/// How often `SELECT 1` is run.
const PINGS: usize = 8;
/// A login that takes longer woke the compute up, whatever state Neon reported before.
const COLD: Duration = Duration::from_secs(1);
/// A compute that Neon called idle may have been woken by others since. Then a login is a few round trips, as the handshake
/// is; when it takes that much longer, it was us who woke it.
const WOKEN: u32 = 3;
/// A median round trip above this is reported.
const SLOW: Duration = Duration::from_millis(500);

/// One of the checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HealthCheck {
    Dns,
    Tcp,
    Tls,
    Login,
    Query,
    Tables,
    /// The project's own driver connects; only for drivers that can be tried.
    Driver,
    /// The application answers; only where it has a health route.
    App,
}

/// The checks while they run.
pub(super) struct HealthChecks<'a> {
    pub(super) cx: &'a Cx,
    /// Which checks these are, in the order of `facts.checks`.
    ids: Vec<HealthCheck>,
    pub(super) facts: HealthFacts,
    pub(super) findings: Vec<Finding>,
    /// What could not be tried, so that nothing is known of it.
    pub(super) untried: Vec<(HealthCheck, Finding)>,
    /// What the answer stands on.
    pub(super) basis: Basis,
    /// What is said of the app and the driver, for the evidence.
    pub(super) told: String,
    /// Which check the failure of a start is about.
    pub(super) failed: Option<HealthCheck>,
    /// Whether a command was not run since nobody has agreed to it.
    refused: bool,
    /// Whether a program or a package is missing that an installation may bring.
    pub(super) lacks: bool,
    /// How many tables the database has, once that is known.
    pub(super) tables_found: Option<usize>,
}

impl<'a> HealthChecks<'a> {
    pub(super) fn new(cx: &'a Cx) -> Self {
        let mut labels = vec![
            (HealthCheck::Dns, "DNS"),
            (HealthCheck::Tcp, "TCP"),
            (HealthCheck::Tls, "TLS"),
            (HealthCheck::Login, "Login"),
            (HealthCheck::Query, "SELECT 1"),
            (HealthCheck::Tables, "Tables"),
        ];
        let driver = cx.settings.url_key().map(|(.., driver)| driver);
        if let Some(script) = driver.and_then(driver_script::script) {
            labels.push((HealthCheck::Driver, script.library));
        }
        let has_route = |backend: &BackendSettings| backend.health.is_some();
        if cx.settings.started().is_some() || cx.settings.backend.as_ref().is_some_and(has_route) {
            labels.push((HealthCheck::App, "App"));
        }
        let checks = labels
            .iter()
            .map(|(_, label)| Check::new(*label, CheckState::Waiting, ""))
            .collect();
        Self {
            cx,
            ids: labels.into_iter().map(|(id, _)| id).collect(),
            facts: HealthFacts {
                checks,
                cold: false,
                samples: Vec::new(),
                app: AppStanding::Absent,
            },
            findings: Vec::new(),
            untried: Vec::new(),
            basis: Basis::Seen,
            told: String::new(),
            failed: None,
            refused: false,
            lacks: false,
            tables_found: None,
        }
    }

    pub(super) fn position(&self, id: HealthCheck) -> Option<usize> {
        self.ids.iter().position(|known| *known == id)
    }

    /// How a check came out, if it is one of these.
    pub(super) fn get(&self, id: HealthCheck) -> Option<&Check> {
        self.facts.checks.get(self.position(id)?)
    }

    pub(super) fn show(&self) {
        self.cx.show(Facts::Health(self.facts.clone()));
    }

    pub(super) fn set(
        &mut self,
        id: HealthCheck,
        state: CheckState,
        text: impl Into<String>,
        elapsed: Option<Duration>,
    ) {
        if let Some(position) = self.position(id)
            && let Some(check) = self.facts.checks.get_mut(position)
        {
            check.state = state;
            check.text = text.into();
            check.elapsed = elapsed;
        }
        self.show();
    }

    /// Whether a command of the clone may be run now; if not, it is reported.
    pub(super) fn may_run(&mut self, check: HealthCheck, purpose: CommandPurpose) -> Result<bool> {
        let Some(finding) = trust::permit(self.cx, purpose)? else {
            return Ok(true);
        };
        self.refused = true;
        let text = "not tried: not trusted in this clone yet";
        self.set(check, CheckState::Skipped, text, None);
        self.report_untrusted(Some(finding));
        Ok(false)
    }

    /// Reports why the packages were not installed; what the start has shown meanwhile is not remembered.
    pub(super) fn refuse(&mut self, finding: Finding) {
        self.refused = true;
        self.findings.push(finding);
    }

    /// Reports why the packages are not there: without them, a start would only fail.
    pub(super) fn without_packages(&mut self, finding: Finding) {
        self.leave_untried(finding, "not tried: the app's packages aren't installed");
    }

    /// Reports why the application was not built.
    pub(super) fn not_built(&mut self, finding: Finding) {
        self.leave_untried(finding, "not tried: the app isn't built");
    }

    /// Reports that nothing was started, since the code connects to an address of its own.
    pub(super) fn connects_elsewhere(&mut self, finding: Finding) {
        let text = "not tried: the code connects to a hard-coded address";
        for id in [HealthCheck::Driver, HealthCheck::App] {
            self.set(id, CheckState::Skipped, text, None);
        }
        self.told.clone_from(&finding.title);
        self.refused = true;
        self.untried.push((HealthCheck::App, finding));
    }

    fn leave_untried(&mut self, finding: Finding, text: &str) {
        for id in [HealthCheck::Driver, HealthCheck::App] {
            self.set(id, CheckState::Skipped, text, None);
        }
        self.told.clone_from(&finding.title);
        self.refuse(finding);
    }

    /// Whether a command was not run since nobody has agreed to it.
    pub(super) const fn is_untrusted(&self) -> bool {
        self.refused
    }

    /// Reports a command that nobody has agreed to, unless that was reported already.
    pub(super) fn report_untrusted(&mut self, finding: Option<Finding>) {
        if let Some(finding) = finding
            && !self.findings.iter().any(|known| known.code == finding.code)
        {
            self.findings.push(finding);
        }
    }

    /// Runs one check: shows it running, then how it came out.
    async fn check<T>(
        &mut self,
        id: HealthCheck,
        work: impl Future<Output = Result<T, DatabaseError>> + Send,
        text: impl FnOnce(&T) -> String + Send,
    ) -> Result<T> {
        self.set(id, CheckState::Running, "", None);
        let started = clock::now();
        match work.await {
            Ok(value) => {
                let text = text(&value);
                self.set(id, CheckState::Ok, text, Some(started.elapsed()));
                Ok(value)
            }
            Err(error) => {
                self.set(
                    id,
                    CheckState::Gap,
                    error.to_string(),
                    Some(started.elapsed()),
                );
                Err(error.into())
            }
        }
    }

    /// Runs the checks that need no application.
    pub(super) async fn run(&mut self, connection: &Connection) -> Result<()> {
        let database = self.cx.ports.database.clone();
        let authority = self.cx.authority().await?;
        let authority = authority.as_deref();
        let host = connection.host.clone();
        let port = connection.effective_port();
        let addresses = self
            .check(HealthCheck::Dns, database.resolve(&host, port), |_| {
                host.clone()
            })
            .await?;
        self.check(
            HealthCheck::Tcp,
            database.dial(&addresses),
            ToString::to_string,
        )
        .await?;
        self.check(
            HealthCheck::Tls,
            database.handshake(connection, authority),
            |facts| {
                let days = facts
                    .days_left
                    // an authority of our own never expires in practice: its number of days is absurd
                    .filter(|days| *days < 3650)
                    .map(|days| format!(", {days} days left"))
                    .unwrap_or_default();
                format!("{}, {}{days}", facts.version, facts.issuer)
            },
        )
        .await?;
        let mut session = self.log_in(connection, authority).await?;
        self.ping(session.as_mut()).await?;
        self.tables(session.as_mut()).await
    }

    /// Logs in, and shows when it is the sleeping compute that takes the time.
    async fn log_in(
        &mut self,
        connection: &Connection,
        authority: Option<&str>,
    ) -> Result<Box<dyn Session>> {
        let cx = self.cx;
        let asleep = cx.asleep();
        let started = clock::now();
        let login = cx.ports.database.connect(connection, authority);
        tokio::pin!(login);
        if asleep {
            self.wake();
        } else {
            self.set(HealthCheck::Login, CheckState::Running, "", None);
        }
        let result = match tokio::time::timeout(COLD, &mut login).await {
            Ok(result) => result,
            Err(_elapsed) => {
                self.wake();
                login.await
            }
        };
        let elapsed = started.elapsed();
        match result {
            Ok(session) => {
                cx.remember_asleep(false);
                let usual = self.elapsed(HealthCheck::Tls) * WOKEN;
                self.facts.cold = elapsed > COLD || (asleep && elapsed > usual);
                let woke = if self.facts.cold {
                    "; the compute was asleep and woke up"
                } else {
                    ""
                };
                let text = format!("{}, SCRAM{woke}", connection.role);
                self.set(HealthCheck::Login, CheckState::Ok, text, Some(elapsed));
                Ok(session)
            }
            Err(error) => {
                self.facts.cold = false;
                self.set(
                    HealthCheck::Login,
                    CheckState::Gap,
                    error.to_string(),
                    Some(elapsed),
                );
                Err(self.not_logged_in(error, connection))
            }
        }
    }

    /// A password that Neon does not store is not to be had from it.
    fn not_logged_in(&self, error: DatabaseError, connection: &Connection) -> Failure {
        let is_unstored = matches!(error, DatabaseError::WrongPassword { .. })
            && self.cx.stores_no_passwords(&connection.host);
        let failure = Failure::from(error);
        if !is_unstored {
            return failure;
        }
        failure.command(Invocation::RotatePassword).hint(format!(
            "Neon doesn't store this project's passwords: put the right URL in the env file; or run `neonup rotate` to set a \
            new password for {}, which locks out everyone using the old one",
            connection.role
        ))
    }

    fn wake(&mut self) {
        self.facts.cold = true;
        self.cx.progress(Progress::label("waking up the compute"));
        self.set(
            HealthCheck::Login,
            CheckState::Running,
            "the compute is asleep: waking it up",
            None,
        );
    }

    async fn ping(&mut self, session: &mut dyn Session) -> Result<()> {
        self.set(HealthCheck::Query, CheckState::Running, "", None);
        for _ in 0..PINGS {
            match session.ping().await {
                Ok(sample) => {
                    self.facts.samples.push(sample);
                    self.show();
                }
                Err(error) => {
                    self.set(HealthCheck::Query, CheckState::Gap, error.to_string(), None);
                    return Err(error.into());
                }
            }
        }
        let median = duration::median(&self.facts.samples).unwrap_or_default();
        let text = format!("median of {} round trips", self.facts.samples.len());
        let slow = median > SLOW;
        if slow {
            self.findings.push(
                Finding::new(
                    Code::HealthSlow,
                    format!("a query takes {}", duration::format(median)),
                )
                .hint("choose a region closer to you for development, or check the network"),
            );
        }
        let state = if slow {
            CheckState::Warning
        } else {
            CheckState::Ok
        };
        self.set(HealthCheck::Query, state, text, Some(median));
        Ok(())
    }

    /// Counts the rows of the tables that are expected; whether all are there is the schema step's to say.
    async fn tables(&mut self, session: &mut dyn Session) -> Result<()> {
        self.set(HealthCheck::Tables, CheckState::Running, "", None);
        let started = clock::now();
        let found = session.shape().await?.tables;
        self.tables_found = Some(found.len());
        let mut counts = Vec::new();
        let mut missing = Vec::new();
        for (name, _) in &self.cx.settings.schema.tables {
            if found.iter().any(|table| table.name == *name) {
                let rows = session.rows(name).await?;
                let more = if rows >= 1000 { "+" } else { "" };
                counts.push(format!("{name} {rows}{more} rows"));
            } else {
                missing.push(name.as_str());
            }
        }
        let (state, text) = if !missing.is_empty() {
            (
                CheckState::Warning,
                format!("missing: {}", missing.join(", ")),
            )
        } else if counts.is_empty() {
            (CheckState::Ok, counted(found.len(), "table"))
        } else {
            (CheckState::Ok, counts.join(", "))
        };
        self.set(HealthCheck::Tables, state, text, Some(started.elapsed()));
        Ok(())
    }

    fn elapsed(&self, id: HealthCheck) -> Duration {
        let check = self.get(id);
        check.and_then(|check| check.elapsed).unwrap_or_default()
    }

    pub(super) fn into_facts(self) -> Facts {
        Facts::Health(self.facts)
    }

    pub(super) fn into_report(mut self) -> Report {
        for (_, finding) in std::mem::take(&mut self.untried) {
            self.leave_open(finding);
        }
        let mut evidence = format!(
            "login {}, query {}",
            duration::format(self.elapsed(HealthCheck::Login)),
            duration::format(self.elapsed(HealthCheck::Query))
        );
        if !self.told.is_empty() {
            // what a person asks first: the summary may have room for no more
            evidence = format!("{}; {evidence}", self.told);
        }
        Report::judged(evidence, self.basis, self.findings).facts(Facts::Health(self.facts))
    }
}

/// The application, where it can be started and asked.
pub(super) fn startable(cx: &Cx) -> Option<BackendSettings> {
    cx.settings.started().cloned()
}
