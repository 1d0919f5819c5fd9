//! The last check: the application itself, started, asked and stopped again.

use std::{fmt, net::SocketAddr, time::Duration};

use crate::{
    core::{
        children::Child,
        code::{Code, Severity},
        event::Progress,
        facts::CheckState,
        failure::{Failure, Result},
        finding::Finding,
        proof::Basis,
        secret::Secret,
        trust::CommandPurpose,
    },
    domain::{
        app_log::{self, missing_module, telling_line},
        python::Dependencies,
        runner,
        source::join,
    },
    engine::{
        backend, clock, connection,
        health::{
            checks::{HealthCheck, HealthChecks},
            given,
        },
        packages, stand_ins,
    },
    ports::process::{CommandExit, CommandSpec, HttpAnswer, Origin, PortHolder, Running},
    project::settings::BackendSettings,
};

/// How long one question to the health route may take; a sleeping compute wakes up within that.
pub(super) const ANSWER: Duration = Duration::from_secs(5);

/// How often to look whether the application has ended, or answers.
const PAUSE: Duration = Duration::from_millis(50);

/// How long the application has to stay healthy after its first answer.
const STEADY: Duration = Duration::from_millis(700);

/// The most of a foreign text that is told, in characters.
const MOST_TOLD: usize = 200;

/// What helps where nothing else is known.
const RUN_IT: &str = "start it yourself in the backend folder to see its whole log";

/// How often a slow start shows what its log says.
const TOLD: Duration = Duration::from_secs(3);

/// How long the application may take to answer after its start, unless `[backend] timeout` says another time.
const START: Duration = Duration::from_mins(1);

impl HealthChecks<'_> {
    /// Starts the application, waits for its health route, and stops it again.
    pub(super) async fn start_app(&mut self, backend: &BackendSettings) -> Result<()> {
        let Some((url, port)) = place(backend) else {
            self.elsewhere(backend.health.as_deref().unwrap_or_default());
            return Ok(());
        };
        if !self.may_run(HealthCheck::App, CommandPurpose::App)? {
            return Ok(());
        }
        let Some(mut trial) = self.trial(backend, url, port).await? else {
            return Ok(());
        };
        self.set(
            HealthCheck::App,
            CheckState::Running,
            format!("starting {}", trial.command),
            None,
        );
        self.cx
            .progress(Progress::label("starting the application"));
        let (outcome, elapsed) = self.attempts(backend, &mut trial).await?;
        match outcome {
            Ok(text) => {
                self.set(HealthCheck::App, CheckState::Ok, text, Some(elapsed));
                Ok(())
            }
            Err(error) => self.not_healthy(error, &trial, elapsed).await,
        }
    }

    /// Finds out how to start the application: where its program is, and on which port. `None` where it is not installed.
    pub(super) async fn trial(
        &mut self,
        backend: &BackendSettings,
        mut url: Option<String>,
        port: Option<u16>,
    ) -> Result<Option<Trial>> {
        let process = self.cx.ports.process.clone();
        let dir = self.cx.settings.path(&backend.dir);
        let mut start = backend.start.clone();
        let (mut env, given) = given::variables(self.cx);
        self.findings.extend(given);
        let mut holders = Vec::new();
        if let Some(port) = port
            && process.listening(port).await
        {
            // whoever answers there was not started by us, and proves nothing of this clone
            holders = process.holders(port).await;
            let free = process.free_port().await;
            let elsewhere = free.and_then(|free| {
                let moved = url.as_deref().map(|url| on_port(url, free));
                Some((moved.map_or(Some(None), |moved| moved.map(Some))?, free))
            });
            let Some((elsewhere, free)) = elsewhere else {
                return Err(self.port_in_use(port, &holders));
            };
            self.port_is_taken(port, free, &holders);
            url = elsewhere;
            start = with_port(&start, port, free);
            env.push(("PORT".to_owned(), Secret::new(free.to_string())));
        }
        let program = start.first().cloned().unwrap_or_default();
        let found = process
            .find(&program, &dir)
            .map(|path| (path, start.as_slice()));
        // where the package manager is missing, its environment may be there
        let found = found.or_else(|| {
            let plain = runner::unwrapped(&start)?;
            let path = process.find(plain.first()?, &dir)?;
            path.starts_with(&self.cx.settings.root)
                .then_some((path, plain))
        });
        let Some((path, run)) = found else {
            self.lacks = true;
            let text = format!("{program} isn't installed, so the app wasn't started");
            self.set(HealthCheck::App, CheckState::Skipped, text, None);
            let finding = Finding::new(
                Code::HealthAppStart,
                format!("`{program}` isn't installed, so the application wasn't started"),
            );
            let hint = format!("install {program}, then run `neonup setup health`");
            self.untried.push((HealthCheck::App, finding.hint(hint)));
            return Ok(None);
        };
        let mut argv = vec![path.display().to_string()];
        argv.extend(run.iter().skip(1).cloned());
        Ok(Some(Trial {
            limit: backend.timeout.unwrap_or(START),
            command: start.join(" "),
            program,
            url,
            holders,
            wanted: port,
            spec: CommandSpec {
                child: Child::App,
                argv,
                dir,
                env,
            },
        }))
    }

    /// Reports a health URL that leads away from this machine: whoever answers there was not started by us.
    fn elsewhere(&mut self, url: &str) {
        let title =
            format!("the health URL {url} isn't on this machine, so the app wasn't started");
        self.set(
            HealthCheck::App,
            CheckState::Skipped,
            "its health URL isn't on this machine",
            None,
        );
        let finding = Finding::new(Code::HealthAppNotProved, title)
            .detail("only an answer from the program that neonup starts here proves that it works")
            .hint("set [backend] health in neonup.toml to its URL on localhost");
        self.untried.push((HealthCheck::App, finding));
    }

    /// Reports that the application's port is taken, so that it is tried on another one this once.
    fn port_is_taken(&mut self, port: u16, free: u16, holders: &[PortHolder]) {
        self.findings.push(
            Finding::new(
                Code::HealthAppStart,
                format!("port {port} is already in use{}", named(holders)),
            )
            .severity(Severity::Warning)
            .detail(format!(
                "the application was started on port {free} instead"
            ))
            .hint(format!("stop the program that uses port {port}")),
        );
    }

    fn port_in_use(&mut self, port: u16, holders: &[PortHolder]) -> Failure {
        let what = format!("port {port} is already in use{}", named(holders));
        self.set(HealthCheck::App, CheckState::Gap, what.clone(), None);
        Failure::new(Code::HealthAppStart, what)
            .why("can't tell whether your app starts while another program uses its port")
            .hint(format!(
                "stop the program that uses port {port}, then run `neonup setup health`"
            ))
    }

    pub(super) async fn wait_for_app(
        &self,
        app: &mut dyn Running,
        backend: &BackendSettings,
        url: Option<&str>,
        started: tokio::time::Instant,
    ) -> std::result::Result<String, StartError> {
        let limit = backend.timeout.unwrap_or(START);
        let mut told = started;
        let mut last = None;
        loop {
            match self.ask(app, backend, url).await? {
                RouteAnswer::Healthy(text) => {
                    // the first answer may come before the application has found out that it can't work
                    tokio::select! {
                        biased;
                        exit = ended(app) => return Err(StartError::Ended(exit)),
                        () = tokio::time::sleep(STEADY) => {}
                    }
                    match self.ask(app, backend, url).await? {
                        RouteAnswer::Healthy(_) => return Ok(text),
                        RouteAnswer::Silent => last = Some(Unhealthy::Silent),
                        RouteAnswer::Not(why) => last = Some(why),
                    }
                }
                // the first answers may come before the database is connected
                RouteAnswer::Not(why) => last = Some(why),
                RouteAnswer::Silent => {}
            }
            if told.elapsed() > TOLD {
                told = clock::now();
                self.tell_slow(&app.output(), started.elapsed());
            }
            if started.elapsed() > limit || (last.is_some() && started.elapsed() > limit / 3) {
                let output = app.output();
                return Err(match last {
                    Some(why) => StartError::Unhealthy(why, output),
                    None => StartError::Silent(app.listens().await, output),
                });
            }
            tokio::select! {
                biased;
                exit = ended(app) => return Err(StartError::Ended(exit)),
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    /// Asks the health route once. An end of the application meanwhile is told at once.
    pub(super) async fn ask(
        &self,
        app: &mut dyn Running,
        backend: &BackendSettings,
        url: Option<&str>,
    ) -> std::result::Result<RouteAnswer, StartError> {
        let Some(url) = url else {
            return self.ask_anywhere(app, port_in(&backend.start)).await;
        };
        let process = &self.cx.ports.process;
        let answer = tokio::select! {
            biased;
            exit = ended(app) => return Err(StartError::Ended(exit)),
            answer = process.get(url, ANSWER) => answer,
        };
        let Some(answer) = answer else {
            return Ok(RouteAnswer::Silent);
        };
        let origin = match answer.from {
            Some(from) => app.origin(from).await,
            None => Origin::Others(Vec::new()),
        };
        if let Origin::Others(holders) = origin {
            return Ok(RouteAnswer::Not(Unhealthy::Stranger(holders)));
        }
        Ok(
            match judge(&answer, backend, &connection::secrets(self.cx)) {
                Ok(text) => RouteAnswer::Healthy(text),
                Err(why) => RouteAnswer::Not(why),
            },
        )
    }

    /// Whether a module that Python does not find is a package to install. One of the project itself is a bug of the project.
    fn is_package(&self, module: &str) -> bool {
        let Some(backend) = &self.cx.settings.backend else {
            return false;
        };
        let files = &self.cx.ports.files;
        let text =
            |path: &str| String::from_utf8(files.read(&self.cx.settings.path(path)).ok()??).ok();
        let named = Dependencies::read(&text, &backend.dir);
        let packages = [
            module.to_owned(),
            module.replace('_', "-"),
            format!("python-{module}"),
        ];
        if backend.start.iter().any(|word| word == module)
            || packages.iter().any(|name| named.has(name))
        {
            return true;
        }
        let dir = self.cx.settings.path(&backend.dir);
        let own = ["", "src", "app"].into_iter().flat_map(|folder| {
            let folder = dir.join(folder);
            [folder.join(format!("{module}.py")), folder.join(module)]
        });
        !matches!(module, "src" | "app")
            && !own
                .into_iter()
                .any(|path| matches!(files.stat(&path), Ok(Some(_))))
    }

    /// Reports why the application did not get healthy.
    async fn not_healthy(
        &mut self,
        error: StartError,
        trial: &Trial,
        elapsed: Duration,
    ) -> Result<()> {
        let secrets = connection::secrets(self.cx);
        let command = &trial.command;
        // what listens elsewhere has all that it needs
        let listens = matches!(&error, StartError::Silent(listens, _) if !listens.is_empty());
        let (code, what, output, fallback) = match error {
            StartError::Ended(exit) => {
                if app_log::asked_for(&exit.output).is_none()
                    && self.lacks_package(&exit.output, &trial.program, &secrets)
                {
                    return Ok(());
                }
                let hint = if exit.code == Some(0) {
                    "set a start command that stays in the foreground: this one ended without an error"
                } else {
                    RUN_IT
                };
                let what = format!("`{command}` ended immediately");
                (Code::HealthAppStart, what, exit.output, hint.to_owned())
            }
            StartError::Silent(listens, output) if trial.url.is_none() && listens.is_empty() => {
                self.listens_nowhere(trial, &output, elapsed);
                return Ok(());
            }
            StartError::Silent(listens, output) => {
                let what = format!(
                    "`{command}` didn't answer at {} within {} s",
                    trial.place(),
                    trial.limit.as_secs()
                );
                let hint = match listens.first() {
                    Some(address) if trial.url.is_some() => format!(
                        "it listens on {address}: set [backend] health in neonup.toml to that address"
                    ),
                    Some(_) | None => RUN_IT.to_owned(),
                };
                (Code::HealthAppStart, what, output, hint)
            }
            StartError::Unhealthy(Unhealthy::Stranger(holders), _) => {
                self.answered_by_another(trial, &holders, elapsed);
                return Ok(());
            }
            StartError::Unhealthy(why, output) => {
                if matches!(why, Unhealthy::Field(_) | Unhealthy::Status(404))
                    && let Some(cause) = backend::health_route_cause(self.cx).await
                {
                    self.waits_for_backend(&cause, elapsed);
                    return Ok(());
                }
                let hint = match why {
                    Unhealthy::Redirects(_) => {
                        "set [backend] health in neonup.toml to the URL that answers".to_owned()
                    }
                    Unhealthy::Silent
                    | Unhealthy::Stranger(_)
                    | Unhealthy::Status(_)
                    | Unhealthy::Start(_)
                    | Unhealthy::Field(_) => RUN_IT.to_owned(),
                };
                (Code::HealthAppHealth, why.to_string(), output, hint)
            }
        };
        let line = connection::redact(&telling_line(&output), &secrets);
        let key = self
            .cx
            .settings
            .url_key()
            .map_or("the URL", |(_, key, ..)| key);
        let failure = match (
            stand_ins::named_in(self.cx, &output).filter(|_| !listens),
            app_log::cause(&output, key),
        ) {
            (Some(open), _) => {
                let (keys, file) = (open.keys.join("`, `"), open.file);
                let what = format!("the app needs `{keys}`, which only you can fill in");
                Failure::new(code, what).why(line).hint(format!(
                    "add it to `{file}`, then run `neonup setup health`"
                ))
            }
            (None, Some(cause)) => {
                let what = if trial.holders.is_empty() {
                    cause.what
                } else {
                    // it went to the port that was taken before, whatever it was told
                    format!("{}{}", cause.what, named(&trial.holders))
                };
                Failure::new(code, what.clone())
                    .why(format!("{}: {line}", lowered(&what, command, code)))
                    .hint(cause.hint)
            }
            (None, None) => Failure::new(code, what).why(line).hint(fallback),
        };
        self.set(
            HealthCheck::App,
            CheckState::Gap,
            failure.what.clone(),
            Some(elapsed),
        );
        Err(failure)
    }

    /// Reports that a package is not installed, if that is why the application ended.
    fn lacks_package(&mut self, output: &str, program: &str, secrets: &[Secret]) -> bool {
        let Some(module) = missing_module(output).filter(|module| self.is_package(module)) else {
            return false;
        };
        self.lacks = true;
        let dir = self.cx.settings.backend.as_ref();
        let requirements = join(
            dir.map_or("", |backend| backend.dir.as_str()),
            "requirements.txt",
        );
        let install = packages::command(self.cx, program, &requirements);
        let title = format!(
            "{program} can't find the package `{module}`, so the application wasn't started"
        );
        let text =
            format!("{program} can't find the package `{module}`, so the app wasn't started");
        self.set(HealthCheck::App, CheckState::Skipped, text, None);
        let finding = Finding::new(Code::HealthAppStart, title)
            .detail(connection::redact(&telling_line(output), secrets))
            .hint(format!("{install}, then run `neonup setup health`"));
        self.untried.push((HealthCheck::App, finding));
        true
    }

    /// Reports an answer that did not come from what was started.
    fn answered_by_another(&mut self, trial: &Trial, holders: &[PortHolder], elapsed: Duration) {
        let who = match holders.first() {
            Some(holder) => format!("by {holder}, which neonup didn't start"),
            None => "by a program that neonup didn't start".to_owned(),
        };
        let what = format!("{} is answered {who}", trial.place());
        self.set(
            HealthCheck::App,
            CheckState::Gap,
            what.clone(),
            Some(elapsed),
        );
        let finding = Finding::new(Code::HealthAppNotProved, what)
            .detail(format!(
                "`{}` runs, but nothing that it started listens {}",
                trial.command,
                trial
                    .wanted
                    .map_or_else(|| "there".to_owned(), |port| format!("on port {port}"))
            ))
            .hint(
                "set a start command that runs the app itself, without Docker or a service manager, or stop the program that \
                listens there",
            );
        self.untried.push((HealthCheck::App, finding));
    }

    /// The route says nothing of the database: that is the backend step's finding, and is told once.
    fn waits_for_backend(&mut self, cause: &Finding, elapsed: Duration) {
        let text = format!("waits for Backend: {}", cause.title);
        self.set(
            HealthCheck::App,
            CheckState::Gap,
            text.clone(),
            Some(elapsed),
        );
        self.told = text;
        self.basis =
            std::mem::replace(&mut self.basis, Basis::Seen).and(Basis::NotDetermined(Vec::new()));
    }
}

/// How the application is started this once.
pub(super) struct Trial {
    pub(super) command: String,
    program: String,
    /// Where it is asked; `None` for wherever it listens.
    pub(super) url: Option<String>,
    /// How long it may take to answer.
    pub(super) limit: Duration,
    /// The port that the project wants.
    wanted: Option<u16>,
    /// Who has that port, if somebody has.
    holders: Vec<PortHolder>,
    pub(super) spec: CommandSpec,
}

impl Trial {
    /// Where it is asked, for a person.
    fn place(&self) -> &str {
        self.url.as_deref().unwrap_or("`/`")
    }
}

/// Where it is asked, and its port, as far as the settings say; `None` where its health route is on another machine.
pub(super) fn place(backend: &BackendSettings) -> Option<(Option<String>, Option<u16>)> {
    match backend.health.as_deref() {
        None => Some((None, port_in(&backend.start))),
        Some(url) => Some((Some(local(url)?), Some(port_of(url)?))),
    }
}

/// What one question to the health route came to.
pub(super) enum RouteAnswer {
    Healthy(String),
    Not(Unhealthy),
    Silent,
}

/// Why the application did not get healthy, with its output.
pub(super) enum StartError {
    Ended(CommandExit),
    /// With the addresses on which it listens.
    Silent(Vec<SocketAddr>, String),
    Unhealthy(Unhealthy, String),
}

/// What is wrong with an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unhealthy {
    /// There was one, and then none.
    Silent,
    Stranger(Vec<PortHolder>),
    Status(u16),
    /// What it answers at `/`, where no health route is known.
    Start(u16),
    Redirects(String),
    /// The body is not what is expected.
    Field(String),
}

impl fmt::Display for Unhealthy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silent => f.write_str("the health route answered once, then stopped answering"),
            Self::Stranger(holders) => write!(f, "another program answers{}", named(holders)),
            Self::Status(status) => write!(f, "the health route returned {status}"),
            Self::Start(status) => write!(f, "the app returned {status} at `/`"),
            Self::Redirects(to) => write!(f, "the health route redirects to `{to}`"),
            Self::Field(text) => f.write_str(text),
        }
    }
}

/// Waits until a program has ended.
pub(super) async fn ended(app: &mut dyn Running) -> CommandExit {
    loop {
        if let Some(exit) = app.exit() {
            return exit;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Who has a port, in brackets; empty where that is not known.
fn named(holders: &[PortHolder]) -> String {
    holders
        .first()
        .map_or_else(String::new, |holder| format!(": {holder}"))
}

/// What happened, beside its cause.
fn lowered(cause: &str, command: &str, code: Code) -> String {
    if code == Code::HealthAppHealth {
        "the health route doesn't report healthy".to_owned()
    } else if cause.contains(command) {
        "didn't start".to_owned()
    } else {
        format!("`{command}` didn't start")
    }
}

/// Judges whether the answer is what `neonup.toml` expects: a 2xx, and the fields that it names.
fn judge(
    answer: &HttpAnswer,
    backend: &BackendSettings,
    secrets: &[Secret],
) -> std::result::Result<String, Unhealthy> {
    if let (300..400, Some(to)) = (answer.status, &answer.redirect) {
        let to: String = connection::redact(to, secrets)
            .chars()
            .take(MOST_TOLD)
            .collect();
        return Err(Unhealthy::Redirects(to));
    }
    if !(200..300).contains(&answer.status) {
        return Err(Unhealthy::Status(answer.status));
    }
    let mut told = vec![answer.status.to_string()];
    if backend.expect.is_empty() {
        return Ok(told.concat());
    }
    let body: serde_json::Value = serde_json::from_str(&answer.body)
        .map_err(|_invalid| Unhealthy::Field("the health route doesn't return JSON".to_owned()))?;
    for (name, wanted) in &backend.expect {
        // a route that echoes its error may echo the URL in it
        let found = body.get(name).map(|value| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        });
        let Some(found) = found else {
            return Err(Unhealthy::Field(format!(
                "the health route returned no \"{name}\" field; expected \"{wanted}\""
            )));
        };
        if found != *wanted {
            let found = connection::redact(&found, secrets);
            let found: String = found.chars().take(MOST_TOLD).collect();
            return Err(Unhealthy::Field(format!(
                "the health route returned {name} = {found}, expected {wanted}"
            )));
        }
        told.push(wanted.clone());
    }
    Ok(told.join(", "))
}

/// A URL of this machine as it is asked; `None` for one of another machine.
fn local(url: &str) -> Option<String> {
    let mut parsed = url::Url::parse(url).ok()?;
    let any = match parsed.host()? {
        url::Host::Domain(name) => {
            return (name == "localhost").then(|| url.to_owned());
        }
        url::Host::Ipv4(address) if address.is_loopback() => return Some(url.to_owned()),
        url::Host::Ipv6(address) if address.is_loopback() => return Some(url.to_owned()),
        url::Host::Ipv4(address) => address.is_unspecified(),
        url::Host::Ipv6(address) => address.is_unspecified(),
    };
    // all addresses of the machine: ours is one of them
    any.then_some(())?;
    parsed.set_host(Some("localhost")).ok()?;
    Some(parsed.into())
}

/// The same URL on another port.
fn on_port(url: &str, port: u16) -> Option<String> {
    let mut url = url::Url::parse(url).ok()?;
    url.set_port(Some(port)).ok()?;
    Some(url.into())
}

/// The same command for another port, where it names one: `--port 8000`, `--port=8000`, `0.0.0.0:8000`. Others read `PORT`.
fn with_port(start: &[String], old: u16, new: u16) -> Vec<String> {
    let old = old.to_string();
    start
        .iter()
        .map(|word| match word.strip_suffix(&old) {
            Some(before) if before.is_empty() || before.ends_with(['=', ':']) => {
                format!("{before}{new}")
            }
            _ => word.clone(),
        })
        .collect()
}

/// The port that a start command names: `--port 8000`, `-p 3000`, `0.0.0.0:8000`, `runserver 8000`.
fn port_in(start: &[String]) -> Option<u16> {
    let mut before = "";
    for word in start {
        let flagged = matches!(before, "--port" | "-p" | "-P" | "runserver" | "--http-port");
        let value = word
            .strip_prefix("--port=")
            .or_else(|| flagged.then_some(word.as_str()))
            .or_else(|| word.contains(':').then_some(word.as_str()));
        let port = value.map(|value| value.rsplit_once(':').map_or(value, |(_, port)| port));
        if let Some(port) = port.and_then(|port| port.parse().ok()) {
            return Some(port);
        }
        before = word;
    }
    None
}

fn port_of(url: &str) -> Option<u16> {
    url::Url::parse(url).ok()?.port_or_known_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_command_is_moved_to_another_port() {
        let split = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        for (from, to) in [
            (
                "python -m uvicorn a:app --port 8000",
                "python -m uvicorn a:app --port 4242",
            ),
            ("uvicorn a:app --port=8000", "uvicorn a:app --port=4242"),
            (
                "manage.py runserver 0.0.0.0:8000",
                "manage.py runserver 0.0.0.0:4242",
            ),
            (
                "serve --id 18000 --port 80001",
                "serve --id 18000 --port 80001",
            ),
        ] {
            assert_eq!(with_port(&split(from), 8000, 4242), split(to));
        }
        for (command, port) in [
            ("python -m uvicorn a:app --port 8000", Some(8000)),
            ("next dev -p 3100", Some(3100)),
            ("manage.py runserver 0.0.0.0:8001 --noreload", Some(8001)),
            ("manage.py runserver 8002", Some(8002)),
            ("serve --port=8003", Some(8003)),
            ("python -m uvicorn a:app", None),
            ("npm run dev", None),
        ] {
            assert_eq!(port_in(&split(command)), port, "{command}");
        }
        assert_eq!(
            on_port("http://localhost:8000/health", 4242).as_deref(),
            Some("http://localhost:4242/health")
        );
    }

    #[test]
    fn the_health_answer_must_hold_what_is_expected() {
        let backend = BackendSettings {
            dir: String::new(),
            start: Vec::new(),
            health: None,
            expect: vec![("status".to_owned(), "healthy".to_owned())],
            timeout: None,
        };
        let answer = |status, body: &str| HttpAnswer {
            from: None,
            status,
            redirect: None,
            body: body.to_owned(),
        };
        let judge = |answer: HttpAnswer, backend: &BackendSettings| judge(&answer, backend, &[]);
        assert_eq!(
            judge(answer(200, r#"{"status":"healthy"}"#), &backend).unwrap(),
            "200, healthy"
        );
        for (bad, why) in [
            (answer(503, ""), "returned 503"),
            (answer(200, "<html>"), "doesn't return JSON"),
            (
                answer(200, r#"{"status":"ill"}"#),
                "status = ill, expected healthy",
            ),
            (answer(200, r#"{"ok":1}"#), "returned no \"status\" field"),
        ] {
            let said = judge(bad, &backend).unwrap_err().to_string();
            assert!(said.contains(why), "{said}");
        }
        let mut redirect = answer(302, "");
        redirect.redirect = Some("/login".to_owned());
        assert_eq!(
            judge(redirect, &backend).unwrap_err(),
            Unhealthy::Redirects("/login".to_owned())
        );
        let nothing_expected = BackendSettings {
            expect: Vec::new(),
            ..backend
        };
        assert_eq!(judge(answer(204, ""), &nothing_expected).unwrap(), "204");
    }
    #[test]
    fn only_this_machine_is_asked() {
        for (url, asked) in [
            ("http://localhost:8000/h", Some("http://localhost:8000/h")),
            ("http://127.0.0.1:8000/h", Some("http://127.0.0.1:8000/h")),
            ("http://[::1]:8000/h", Some("http://[::1]:8000/h")),
            ("http://0.0.0.0:8000/h", Some("http://localhost:8000/h")),
            ("http://[::]:8000/h", Some("http://localhost:8000/h")),
            ("http://10.0.0.1:8000/h", None),
            ("https://example.com/h", None),
            ("http://localhost.example.com/h", None),
        ] {
            assert_eq!(local(url).as_deref(), asked, "{url}");
        }
    }
}
