//! The health step: a ladder from the host's name to the application's own answer. What failed is the rung that is not there.

use std::time::{Duration, Instant};

use async_trait::async_trait;

use super::{Cx, Step, target};
use crate::{
    answer::Answer,
    detail::{Check, CheckState, Detail, Health},
    domain::url::Connection,
    event::{Progress, Report, Verdict},
    failure::{Failure, Result},
    finding::{Code, Finding, Severity},
    plan::StepId,
    ports::{
        database::Session,
        process::{CommandSpec, HttpAnswer, Running},
    },
    settings::BackendSettings,
};

/// How often `SELECT 1` is asked.
const PINGS: usize = 8;
/// A login that takes longer woke the compute up.
const COLD: Duration = Duration::from_secs(1);
/// A median round trip above this is worth a word.
const SLOW: Duration = Duration::from_millis(500);
/// How long the application may take to answer.
const START: Duration = Duration::from_secs(30);

/// The health step.
#[derive(Debug, Clone, Copy)]
pub struct HealthStep;

#[async_trait]
impl Step for HealthStep {
    fn id(&self) -> StepId {
        StepId::Health
    }

    async fn probe(&self, cx: &Cx) -> Result<Report> {
        let Some(connection) = target::written_connection(cx) else {
            return Ok(Report::waiting(
                "waits for the application's connection URL",
            ));
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

    async fn apply(&self, cx: &Cx, _answer: Answer) -> Result<Report> {
        let Some(connection) = target::written_connection(cx) else {
            return Ok(Report::waiting(
                "waits for the application's connection URL",
            ));
        };
        let mut ladder = Ladder::new(cx);
        ladder.climb(&connection).await?;
        if let Some(backend) = startable(cx) {
            ladder.start_app(&backend).await?;
        }
        cx.remember_change(false);
        Ok(ladder.report())
    }
}

/// The application, where it can be started and asked.
fn startable(cx: &Cx) -> Option<BackendSettings> {
    let backend = cx.settings.backend.clone()?;
    (backend.health.is_some() && !backend.start.is_empty()).then_some(backend)
}

/// The ladder while it is climbed; every change is shown at once.
struct Ladder<'a> {
    cx: &'a Cx,
    health: Health,
    findings: Vec<Finding>,
}

impl<'a> Ladder<'a> {
    fn new(cx: &'a Cx) -> Self {
        let mut labels = vec!["DNS", "TCP", "TLS", "Login", "SELECT 1", "Tables"];
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
            health: Health {
                rungs,
                samples: Vec::new(),
            },
            findings: Vec::new(),
        }
    }

    fn show(&self) {
        self.cx.show(Detail::Health(self.health.clone()));
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
        let started = Instant::now();
        let mut session = self
            .rung("Login", self.logged_in(connection, authority), |_| {
                let woke = if started.elapsed() > COLD {
                    "; the compute was asleep and woke up"
                } else {
                    ""
                };
                format!("{}, SCRAM{woke}", connection.role)
            })
            .await?;
        self.ping(session.as_mut()).await?;
        self.tables(session.as_mut()).await
    }

    /// Logs in, and says so when it is the compute that takes the time.
    fn logged_in<'b>(
        &self,
        connection: &'b Connection,
        authority: Option<&'b str>,
    ) -> impl Future<Output = Result<Box<dyn Session>>> + Send + use<'a, 'b> {
        let cx = self.cx;
        let database = cx.ports.database.clone();
        async move {
            let login = database.connect(connection, authority);
            tokio::pin!(login);
            match tokio::time::timeout(COLD, &mut login).await {
                Ok(result) => result,
                Err(_elapsed) => {
                    cx.progress(Progress::label("waking the compute up"));
                    login.await
                }
            }
        }
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
        let worst = sorted.last().copied().unwrap_or_default();
        let text = format!("median {}, worst {}", millis(median), millis(worst));
        let slow = median > SLOW;
        if slow {
            self.findings.push(
                Finding::new(
                    Code::HealthSlow,
                    format!("a query takes {}", millis(median)),
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

    /// Asks the application if it runs already; starting it is the apply's.
    async fn ask_running_app(&mut self, backend: &BackendSettings) {
        let Some(url) = backend.health.as_deref() else {
            return;
        };
        let running = match port_of(url) {
            Some(port) => self.cx.ports.process.listening(port).await,
            None => false,
        };
        if !running {
            self.set("App", CheckState::Waiting, "not started yet", None);
            return;
        }
        let started = Instant::now();
        let answer = self
            .cx
            .ports
            .process
            .get(url, self.cx.settings.timeout)
            .await;
        match judge(answer.as_ref(), backend) {
            Ok(text) => self.set(
                "App",
                CheckState::Ok,
                format!("already running: {text}"),
                Some(started.elapsed()),
            ),
            Err(why) => {
                self.findings.push(
                    Finding::new(
                        Code::HealthAppHealth,
                        format!("what listens at {url} does not say that it is healthy"),
                    )
                    .severity(Severity::Warning)
                    .detail(why.clone())
                    .hint("restart the application: it may hold an old connection URL"),
                );
                self.set("App", CheckState::Warning, why, Some(started.elapsed()));
            }
        }
    }

    /// Starts the application, waits for its health route, and stops it again.
    async fn start_app(&mut self, backend: &BackendSettings) -> Result<()> {
        let url = backend.health.clone().unwrap_or_default();
        let process = self.cx.ports.process.clone();
        let dir = self.cx.settings.path(&backend.dir);
        let program = backend.start.first().cloned().unwrap_or_default();
        let words = backend.start.join(" ");
        if let Some(port) = port_of(&url)
            && process.listening(port).await
        {
            let answer = process.get(&url, self.cx.settings.timeout).await;
            return match judge(answer.as_ref(), backend) {
                Ok(text) => {
                    self.set(
                        "App",
                        CheckState::Ok,
                        format!("already running: {text}"),
                        None,
                    );
                    Ok(())
                }
                Err(why) => {
                    self.set(
                        "App",
                        CheckState::Gap,
                        format!("port {port} is in use"),
                        None,
                    );
                    Err(Failure::new(
                        Code::HealthAppStart,
                        format!("port {port} is in use by something else"),
                    )
                    .why(format!(
                        "it does not answer as the application should: {why}"
                    ))
                    .hint(format!(
                        "stop what listens on port {port}, then `neonup setup health`"
                    )))
                }
            };
        }
        let Some(path) = process.find(&program, &dir) else {
            self.set(
                "App",
                CheckState::Skipped,
                format!("{program} is not installed, so the app was not started"),
                None,
            );
            self.findings.push(
                Finding::new(
                    Code::HealthAppStart,
                    format!("`{program}` is not installed, so the application was not started"),
                )
                .severity(Severity::Warning)
                .hint(format!("install {program}, then `neonup setup health`")),
            );
            return Ok(());
        };
        let mut argv = vec![path.display().to_string()];
        argv.extend(backend.start.iter().skip(1).cloned());
        self.set(
            "App",
            CheckState::Running,
            format!("starting {words}"),
            None,
        );
        self.cx
            .progress(Progress::label("starting the application"));
        let started = Instant::now();
        let spec = CommandSpec {
            argv,
            dir,
            env: Vec::new(),
        };
        let mut app = process.start(&spec).await?;
        let outcome = self
            .wait_for_app(app.as_mut(), backend, &url, started)
            .await;
        app.stop().await;
        let secrets = target::secrets(self.cx);
        match outcome {
            Ok(text) => {
                self.set("App", CheckState::Ok, text, Some(started.elapsed()));
                Ok(())
            }
            Err(trouble) => {
                self.app_trouble(trouble, &words, &program, &secrets, started.elapsed())
            }
        }
    }

    async fn wait_for_app(
        &self,
        app: &mut dyn Running,
        backend: &BackendSettings,
        url: &str,
        started: Instant,
    ) -> std::result::Result<String, Trouble> {
        let mut last = None;
        loop {
            if let Some(ended) = app.ended() {
                return Err(Trouble::Ended(ended.output));
            }
            let answer = self.cx.ports.process.get(url, Duration::from_secs(2)).await;
            if answer.is_some() {
                match judge(answer.as_ref(), backend) {
                    Ok(text) => return Ok(text),
                    // the first answers may come before the database is connected
                    Err(why) => last = Some(why),
                }
            }
            if started.elapsed() > START || (last.is_some() && started.elapsed() > START / 3) {
                return Err(last.map_or_else(
                    || Trouble::Silent(app.output()),
                    |why| Trouble::Unhealthy(why, app.output()),
                ));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    fn app_trouble(
        &mut self,
        trouble: Trouble,
        words: &str,
        program: &str,
        secrets: &[crate::secret::Secret],
        elapsed: Duration,
    ) -> Result<()> {
        let (code, what, output) = match trouble {
            Trouble::Ended(output) => (
                Code::HealthAppStart,
                format!("`{words}` ended at once"),
                output,
            ),
            Trouble::Silent(output) => (
                Code::HealthAppStart,
                format!("`{words}` did not answer within {} s", START.as_secs()),
                output,
            ),
            Trouble::Unhealthy(why, output) => (Code::HealthAppHealth, why, output),
        };
        let line = target::redact(telling_line(&output), secrets);
        if let Some(module) = missing_module(&output) {
            let requirements = self.cx.settings.backend.as_ref().map(|backend| {
                if backend.dir.is_empty() {
                    "requirements.txt".to_owned()
                } else {
                    format!("{}/requirements.txt", backend.dir)
                }
            });
            let install = format!(
                "{program} -m pip install -r {}",
                requirements.unwrap_or_default()
            );
            self.set(
                "App",
                CheckState::Skipped,
                format!("{program} has no package `{module}`, so the app was not started"),
                None,
            );
            self.findings.push(
                Finding::new(
                    Code::HealthAppStart,
                    format!(
                        "{program} has no package `{module}`, so the application was not started"
                    ),
                )
                .severity(Severity::Warning)
                .detail(line)
                .hint(format!("{install}, then `neonup setup health`")),
            );
            return Ok(());
        }
        self.set("App", CheckState::Gap, what.clone(), Some(elapsed));
        let hint = if line.to_lowercase().contains("address already in use") {
            "stop what listens on that port, then `neonup setup health`"
        } else {
            "start it yourself in the backend's folder to see its whole log"
        };
        Err(Failure::new(code, what).why(line).hint(hint))
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
        let evidence = format!("login {}, a query {}{app}", millis(login), millis(median));
        Report::judged(evidence, self.findings).detail(Detail::Health(self.health))
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

/// Why the application did not get healthy, with its output.
enum Trouble {
    Ended(String),
    Silent(String),
    Unhealthy(String, String),
}

/// Whether the answer is what `neonup.toml` expects; in words either way.
fn judge(
    answer: Option<&HttpAnswer>,
    backend: &BackendSettings,
) -> std::result::Result<String, String> {
    let answer = answer.ok_or("it does not answer HTTP")?;
    if !(200..300).contains(&answer.status) {
        return Err(format!("the health route answers {}", answer.status));
    }
    if backend.expect.is_empty() {
        return Ok(format!("answers {}", answer.status));
    }
    let body: serde_json::Value = serde_json::from_str(&answer.body)
        .map_err(|_invalid| "the health route does not answer JSON".to_owned())?;
    for (name, wanted) in &backend.expect {
        let found = body.get(name).map(|value| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        });
        if found.as_deref() != Some(wanted) {
            return Err(format!(
                "the health route says {name} = {}, expected {wanted}",
                found.unwrap_or_else(|| "nothing".to_owned())
            ));
        }
    }
    Ok(backend
        .expect
        .iter()
        .map(|(_, value)| value.as_str())
        .collect::<Vec<_>>()
        .join(", "))
}

/// The line of a log that says why: the last one that names an error, else the last one.
fn telling_line(output: &str) -> &str {
    let lines: Vec<&str> = output
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let telling = |line: &&&str| {
        let lower = line.to_lowercase();
        lower.contains("error")
            || lower.contains("exception")
            || lower.contains("no module named")
            || lower.contains("fatal")
    };
    let noise = |line: &&&str| {
        !line.contains("Application startup failed")
            && !line.starts_with("(Background on this error")
    };
    lines
        .iter()
        .rev()
        .filter(noise)
        .find(telling)
        .or_else(|| lines.last())
        .copied()
        .unwrap_or("it printed nothing")
}

/// The package that Python did not find.
fn missing_module(output: &str) -> Option<String> {
    let (_, rest) = output.rsplit_once("No module named ")?;
    let name: String = rest
        .trim_start_matches(['\'', '"'])
        .chars()
        .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))
        .collect();
    let package = name.split('.').next().unwrap_or_default().to_owned();
    // a module of the project itself is a bug in the project, not a package to install
    (!package.is_empty() && package != "src" && package != "app").then_some(package)
}

fn port_of(url: &str) -> Option<u16> {
    url::Url::parse(url).ok()?.port_or_known_default()
}

fn millis(duration: Duration) -> String {
    let millis = duration.as_secs_f64() * 1000.0;
    if millis < 10.0 {
        format!("{millis:.1} ms")
    } else {
        format!("{millis:.0} ms")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_that_says_why_is_found() {
        let log = "Traceback (most recent call last):\n  File \"x\"\nsqlalchemy.exc.OperationalError: (psycopg.OperationalError) connection failed\n(Background on this error at: https://sqlalche.me/e/20/e3q8)\nERROR:    Application startup failed. Exiting.\n";
        assert_eq!(
            telling_line(log),
            "sqlalchemy.exc.OperationalError: (psycopg.OperationalError) connection failed"
        );
        assert_eq!(telling_line(""), "it printed nothing");
        assert_eq!(telling_line("a\nb\n"), "b");
    }

    #[test]
    fn a_missing_package_is_told_from_a_missing_module_of_the_project() {
        assert_eq!(
            missing_module("/usr/bin/python3: No module named uvicorn\n").as_deref(),
            Some("uvicorn")
        );
        assert_eq!(
            missing_module("ModuleNotFoundError: No module named 'sqlmodel.ext'").as_deref(),
            Some("sqlmodel")
        );
        assert_eq!(
            missing_module("ModuleNotFoundError: No module named 'src.db'"),
            None
        );
    }

    #[test]
    fn the_health_route_is_judged_by_what_is_expected() {
        let backend = BackendSettings {
            dir: String::new(),
            start: Vec::new(),
            health: None,
            expect: vec![("status".to_owned(), "healthy".to_owned())],
        };
        let answer = |status, body: &str| {
            Some(HttpAnswer {
                status,
                body: body.to_owned(),
            })
        };
        assert!(judge(answer(200, r#"{"status":"healthy"}"#).as_ref(), &backend).is_ok());
        for bad in [
            answer(503, ""),
            answer(200, "<html>"),
            answer(200, r#"{"status":"ill"}"#),
            None,
        ] {
            assert!(judge(bad.as_ref(), &backend).is_err());
        }
    }
}
