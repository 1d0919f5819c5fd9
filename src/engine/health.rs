//! The health step: a ladder from the host's name to the application's own answer. What failed is the rung that is not there.

mod app;
mod driver;

use std::time::{Duration, Instant};

use async_trait::async_trait;

use crate::{
    core::{
        code::Code,
        event::{Progress, Report, Verdict},
        facts::{Check, CheckState, Facts, HealthFacts},
        failure::Result,
        finding::Finding,
    },
    domain::{duration, url::Connection},
    engine::{
        connection,
        context::{AppProof, Cx},
        step::Step,
    },
    ports::database::Session,
    project::settings::BackendSettings,
};

/// How often `SELECT 1` is asked.
const PINGS: usize = 8;
/// A login that takes longer woke the compute up, whatever Neon said of it before.
const COLD: Duration = Duration::from_secs(1);
/// A compute that Neon called idle may have been woken by others since. Then a login is a few round trips, as the handshake
/// is; when it takes that much longer, it was us who woke it.
const WOKEN: u32 = 3;
/// A median round trip above this is worth a word.
const SLOW: Duration = Duration::from_millis(500);

/// The health step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HealthStep;

#[async_trait]
impl Step for HealthStep {
    type Answer = ();

    async fn probe(&self, cx: &Cx) -> Result<Report> {
        let Some(connection) = connection::of_app(cx) else {
            return Ok(waiting(cx));
        };
        let mut ladder = Ladder::new(cx);
        ladder.climb(&connection).await?;
        if let Some(backend) = cx
            .settings
            .backend
            .clone()
            .filter(|backend| backend.health.is_some())
        {
            ladder.ask_running_app(&backend).await;
        }
        if let Some(proof) = cx.proof() {
            ladder.recall(proof);
        }
        let mut report = ladder.report();
        // a probe does not start the application, since that changes the world: it makes its tables
        if startable(cx).is_some() && cx.unproven() && report.verdict == Verdict::Done {
            report.verdict = Verdict::Todo;
            report
                .evidence
                .push_str("; the app was not started since the last change");
        }
        Ok(report)
    }

    async fn apply(&self, cx: &Cx, _answer: ()) -> Result<Report> {
        let Some(connection) = connection::of_app(cx) else {
            return Ok(waiting(cx));
        };
        let mut ladder = Ladder::new(cx);
        ladder.climb(&connection).await?;
        let climbed = ladder.findings.len();
        ladder.prove_driver(&connection).await?;
        if let Some(backend) = startable(cx) {
            ladder.start_app(&backend).await?;
        }
        cx.remember_proof(AppProof {
            checks: ladder.upper().cloned().collect(),
            findings: ladder.findings.iter().skip(climbed).cloned().collect(),
        });
        Ok(ladder.report())
    }
}

/// There is nothing to connect to yet: no rung is climbed.
fn waiting(cx: &Cx) -> Report {
    Report::waiting("waits for the application's connection URL")
        .facts(Facts::Health(Ladder::new(cx).health))
}

/// The application, where it can be started and asked.
fn startable(cx: &Cx) -> Option<BackendSettings> {
    let backend = cx.settings.backend.clone()?;
    (backend.health.is_some() && !backend.start.is_empty()).then_some(backend)
}

/// The ladder while it is climbed; every change is shown at once.
struct Ladder<'a> {
    cx: &'a Cx,
    health: HealthFacts,
    findings: Vec<Finding>,
}

impl<'a> Ladder<'a> {
    fn new(cx: &'a Cx) -> Self {
        let mut labels = vec!["DNS", "TCP", "TLS", "Login", "SELECT 1", "Tables"];
        labels.extend(Self::driver_rung(cx));
        if cx
            .settings
            .backend
            .as_ref()
            .is_some_and(|backend| backend.health.is_some())
        {
            labels.push("App");
        }
        let rungs = labels
            .into_iter()
            .map(|label| Check::new(label, CheckState::Waiting, ""))
            .collect();
        Self {
            cx,
            health: HealthFacts {
                rungs,
                cold: false,
                samples: Vec::new(),
            },
            findings: Vec::new(),
        }
    }

    /// The rungs that only a start of the application climbs.
    fn upper(&self) -> impl Iterator<Item = &Check> {
        // the last of the database's own rungs is the one of the tables
        let tables = self
            .health
            .rungs
            .iter()
            .position(|rung| rung.label == "Tables");
        self.health.rungs.iter().skip(tables.map_or(0, |at| at + 1))
    }

    /// Fills in what the last start has shown, where this look has nothing newer.
    fn recall(&mut self, proof: AppProof) {
        let waits = |rung: &&mut Check| rung.state == CheckState::Waiting;
        let mut app = false;
        for rung in self.health.rungs.iter_mut().filter(waits) {
            if let Some(known) = proof.checks.iter().find(|known| known.label == rung.label) {
                rung.clone_from(known);
                app |= known.label == "App";
            }
        }
        // an application that runs meanwhile has answered for itself
        let still = |finding: &Finding| app || finding.code == Code::HealthDriver;
        self.findings
            .extend(proof.findings.into_iter().filter(still));
        self.show();
    }

    fn show(&self) {
        self.cx.show(Facts::Health(self.health.clone()));
    }

    fn set(
        &mut self,
        label: &str,
        state: CheckState,
        text: impl Into<String>,
        elapsed: Option<Duration>,
    ) {
        if let Some(rung) = self
            .health
            .rungs
            .iter_mut()
            .find(|rung| rung.label.starts_with(label))
        {
            rung.state = state;
            rung.text = text.into();
            rung.elapsed = elapsed;
        }
        self.show();
    }

    /// Climbs one rung: shows it running, then how it came out.
    async fn rung<T>(
        &mut self,
        label: &str,
        work: impl Future<Output = Result<T>> + Send,
        words: impl FnOnce(&T) -> String + Send,
    ) -> Result<T> {
        self.set(label, CheckState::Running, "", None);
        let started = Instant::now();
        match work.await {
            Ok(value) => {
                let text = words(&value);
                self.set(label, CheckState::Ok, text, Some(started.elapsed()));
                Ok(value)
            }
            Err(failure) => {
                self.set(
                    label,
                    CheckState::Gap,
                    failure.what.clone(),
                    Some(started.elapsed()),
                );
                Err(failure)
            }
        }
    }

    async fn climb(&mut self, connection: &Connection) -> Result<()> {
        let database = self.cx.ports.database.clone();
        let authority = self.cx.authority().await?;
        let authority = authority.as_deref();
        let host = connection.host.clone();
        let port = connection.port.unwrap_or(5432);
        let addresses = self
            .rung("DNS", database.resolve(&host, port), |_| host.clone())
            .await?;
        self.rung("TCP", database.dial(&addresses), ToString::to_string)
            .await?;
        self.rung("TLS", database.handshake(connection, authority), |facts| {
            let days = facts
                .days_left
                // an authority of our own never ends in practice, and says so with an absurd number
                .filter(|days| *days < 3650)
                .map(|days| format!(", {days} days left"))
                .unwrap_or_default();
            format!("{}, {}{days}", facts.version, facts.issuer)
        })
        .await?;
        let mut session = self.log_in(connection, authority).await?;
        self.ping(session.as_mut()).await?;
        self.tables(session.as_mut()).await
    }

    /// Logs in, and says so when it is the sleeping compute that takes the time.
    async fn log_in(
        &mut self,
        connection: &Connection,
        authority: Option<&str>,
    ) -> Result<Box<dyn Session>> {
        let cx = self.cx;
        let asleep = cx.asleep();
        let started = Instant::now();
        let login = cx.ports.database.connect(connection, authority);
        tokio::pin!(login);
        if asleep {
            self.wake();
        } else {
            self.set("Login", CheckState::Running, "", None);
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
                let usual = self.rung_elapsed("TLS") * WOKEN;
                self.health.cold = elapsed > COLD || (asleep && elapsed > usual);
                let woke = if self.health.cold {
                    "; the compute was asleep and woke up"
                } else {
                    ""
                };
                let text = format!("{}, SCRAM{woke}", connection.role);
                self.set("Login", CheckState::Ok, text, Some(elapsed));
                Ok(session)
            }
            Err(failure) => {
                self.health.cold = false;
                self.set(
                    "Login",
                    CheckState::Gap,
                    failure.what.clone(),
                    Some(elapsed),
                );
                Err(failure)
            }
        }
    }

    fn wake(&mut self) {
        self.health.cold = true;
        self.cx.progress(Progress::label("waking the compute up"));
        self.set(
            "Login",
            CheckState::Running,
            "the compute is asleep: waking it up",
            None,
        );
    }

    async fn ping(&mut self, session: &mut dyn Session) -> Result<()> {
        self.set("SELECT 1", CheckState::Running, "", None);
        for _ in 0..PINGS {
            match session.ping().await {
                Ok(sample) => {
                    self.health.samples.push(sample);
                    self.show();
                }
                Err(failure) => {
                    self.set("SELECT 1", CheckState::Gap, failure.what.clone(), None);
                    return Err(failure);
                }
            }
        }
        let mut sorted = self.health.samples.clone();
        sorted.sort_unstable();
        let median = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
        let text = format!("median of {} round trips", sorted.len());
        let slow = median > SLOW;
        if slow {
            self.findings.push(
                Finding::new(
                    Code::HealthSlow,
                    format!("a query takes {}", duration::words(median)),
                )
                .hint("choose a region nearer to you for development, or look at the network"),
            );
        }
        let state = if slow {
            CheckState::Warning
        } else {
            CheckState::Ok
        };
        self.set("SELECT 1", state, text, Some(median));
        Ok(())
    }

    /// Counts the rows of the tables that are expected; whether all are there is the schema step's to say.
    async fn tables(&mut self, session: &mut dyn Session) -> Result<()> {
        self.set("Tables", CheckState::Running, "", None);
        let started = Instant::now();
        let found = session.tables().await?;
        let mut words = Vec::new();
        let mut missing = Vec::new();
        for (name, _) in &self.cx.settings.schema.tables {
            if found.iter().any(|table| table.name == *name) {
                let rows = session.rows(name).await?;
                let more = if rows >= 1000 { "+" } else { "" };
                words.push(format!("{name} {rows}{more} rows"));
            } else {
                missing.push(name.as_str());
            }
        }
        let (state, text) = if !missing.is_empty() {
            (
                CheckState::Warning,
                format!("missing: {}", missing.join(", ")),
            )
        } else if words.is_empty() {
            (CheckState::Ok, format!("{} tables", found.len()))
        } else {
            (CheckState::Ok, words.join(", "))
        };
        self.set("Tables", state, text, Some(started.elapsed()));
        Ok(())
    }

    fn report(self) -> Report {
        let login = self.rung_elapsed("Login");
        let median = self.rung_elapsed("SELECT 1");
        let app = self
            .health
            .rungs
            .iter()
            .find(|rung| rung.label == "App" && rung.state == CheckState::Ok)
            .map_or("", |_| "; the app is healthy");
        let evidence = format!(
            "login {}, a query {}{app}",
            duration::words(login),
            duration::words(median)
        );
        Report::judged(evidence, self.findings).facts(Facts::Health(self.health))
    }

    fn rung_elapsed(&self, label: &str) -> Duration {
        self.health
            .rungs
            .iter()
            .find(|rung| rung.label == label)
            .and_then(|rung| rung.elapsed)
            .unwrap_or_default()
    }
}
