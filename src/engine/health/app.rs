//! The last check: the application itself, started, asked and stopped again.

use std::time::Duration;

use crate::{
    core::{
        children::Child,
        code::{Code, Severity},
        event::Progress,
        facts::CheckState,
        failure::{Failure, Result},
        finding::Finding,
        secret::Secret,
        trust::CommandPurpose,
    },
    domain::{
        app_log::{self, missing_module, telling_line},
        python::Dependencies,
    },
    engine::{
        clock, connection,
        health::checks::{HealthCheck, HealthChecks},
    },
    ports::process::{CommandSpec, HttpAnswer, Running},
    project::settings::BackendSettings,
};

/// How long a running application may take to answer; a sleeping compute wakes up within that.
const ANSWER: Duration = Duration::from_secs(5);

/// How long the application may take to answer after its start.
const START: Duration = Duration::from_secs(30);

impl HealthChecks<'_> {
    /// Checks the application if it is running already. Only an apply starts it.
    pub(super) async fn ask_running_app(&mut self, backend: &BackendSettings) {
        let Some(url) = backend.health.as_deref() else {
            return;
        };
        let running = match port_of(url) {
            Some(port) => self.cx.ports.process.listening(port).await,
            None => false,
        };
        if !running {
            self.set(
                HealthCheck::App,
                CheckState::Waiting,
                "not started yet",
                None,
            );
            return;
        }
        let started = clock::now();
        let answer = self
            .cx
            .ports
            .process
            .get(url, self.cx.settings.timeout.min(ANSWER))
            .await;
        match judge(answer.as_ref(), backend, &connection::secrets(self.cx)) {
            Ok(text) => self.set(
                HealthCheck::App,
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
                self.set(
                    HealthCheck::App,
                    CheckState::Warning,
                    why,
                    Some(started.elapsed()),
                );
            }
        }
    }

    /// Starts the application, waits for its health route, and stops it again.
    pub(super) async fn start_app(&mut self, backend: &BackendSettings) -> Result<()> {
        let mut url = backend.health.clone().unwrap_or_default();
        let process = self.cx.ports.process.clone();
        let dir = self.cx.settings.path(&backend.dir);
        let program = backend.start.first().cloned().unwrap_or_default();
        let mut start = backend.start.clone();
        let mut env = Vec::new();
        if let Some(port) = port_of(&url)
            && process.listening(port).await
        {
            let answer = process
                .get(&url, self.cx.settings.timeout.min(ANSWER))
                .await;
            match judge(answer.as_ref(), backend, &connection::secrets(self.cx)) {
                Ok(text) => {
                    let text = format!("already running: {text}");
                    self.set(HealthCheck::App, CheckState::Ok, text, None);
                    return Ok(());
                }
                Err(why) => {
                    let free = process.free_port().await;
                    let Some((elsewhere, free)) =
                        free.and_then(|free| Some((on_port(&url, free)?, free)))
                    else {
                        return self.port_in_use(port, &why);
                    };
                    self.port_is_taken(port, free, &why);
                    url = elsewhere;
                    start = with_port(&start, port, free);
                    env.push(("PORT".to_owned(), Secret::new(free.to_string())));
                }
            }
        }
        if !self.may_run(HealthCheck::App, CommandPurpose::App)? {
            return Ok(());
        }
        let command = start.join(" ");
        let Some(path) = process.find(&program, &dir) else {
            self.set(
                HealthCheck::App,
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
        argv.extend(start.iter().skip(1).cloned());
        self.set(
            HealthCheck::App,
            CheckState::Running,
            format!("starting {command}"),
            None,
        );
        self.cx
            .progress(Progress::label("starting the application"));
        let started = clock::now();
        let spec = CommandSpec {
            child: Child::App,
            argv,
            dir,
            env,
        };
        let mut app = process.start(&spec).await?;
        let outcome = self
            .wait_for_app(app.as_mut(), backend, &url, started)
            .await;
        app.stop().await;
        let secrets = connection::secrets(self.cx);
        match outcome {
            Ok(text) => {
                self.set(
                    HealthCheck::App,
                    CheckState::Ok,
                    text,
                    Some(started.elapsed()),
                );
                Ok(())
            }
            Err(error) => self.not_healthy(error, &command, &program, &secrets, started.elapsed()),
        }
    }

    /// Reports that the application's port is taken, so that it is tried on another one this once.
    fn port_is_taken(&mut self, port: u16, free: u16, why: &str) {
        self.findings.push(
            Finding::new(
                Code::HealthAppStart,
                format!("port {port} is in use by something else"),
            )
            .severity(Severity::Warning)
            .detail(format!(
                "it does not answer as the application should: {why}; the application was tried on port {free} instead"
            ))
            .hint(format!("stop what listens on port {port}")),
        );
    }

    fn port_in_use(&mut self, port: u16, why: &str) -> Result<()> {
        self.set(
            HealthCheck::App,
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

    async fn wait_for_app(
        &self,
        app: &mut dyn Running,
        backend: &BackendSettings,
        url: &str,
        started: tokio::time::Instant,
    ) -> std::result::Result<String, StartError> {
        let mut last = None;
        loop {
            if let Some(ended) = app.exit() {
                return Err(StartError::Ended(ended.output));
            }
            let answer = self.cx.ports.process.get(url, Duration::from_secs(2)).await;
            if answer.is_some() {
                match judge(answer.as_ref(), backend, &connection::secrets(self.cx)) {
                    Ok(text) => return Ok(text),
                    // the first answers may come before the database is connected
                    Err(why) => last = Some(why),
                }
            }
            if started.elapsed() > START || (last.is_some() && started.elapsed() > START / 3) {
                return Err(last.map_or_else(
                    || StartError::Silent(app.output()),
                    |why| StartError::Unhealthy(why, app.output()),
                ));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
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

    fn not_healthy(
        &mut self,
        error: StartError,
        command: &str,
        program: &str,
        secrets: &[crate::core::secret::Secret],
        elapsed: Duration,
    ) -> Result<()> {
        let ended = matches!(error, StartError::Ended(_));
        let (code, what, output) = match error {
            StartError::Ended(output) => (
                Code::HealthAppStart,
                format!("`{command}` ended at once"),
                output,
            ),
            StartError::Silent(output) => (
                Code::HealthAppStart,
                format!("`{command}` did not answer within {} s", START.as_secs()),
                output,
            ),
            StartError::Unhealthy(why, output) => (Code::HealthAppHealth, why, output),
        };
        let line = connection::redact(telling_line(&output), secrets);
        if let Some(module) =
            missing_module(&output).filter(|module| ended && self.is_package(module))
        {
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
                HealthCheck::App,
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
        let key = self
            .cx
            .settings
            .url_key()
            .map_or("the URL", |(_, key, ..)| key);
        let Some(cause) = app_log::cause(&output, key) else {
            self.set(
                HealthCheck::App,
                CheckState::Gap,
                what.clone(),
                Some(elapsed),
            );
            return Err(Failure::new(code, what)
                .why(line)
                .hint("start it yourself in the backend's folder to see its whole log"));
        };
        self.set(
            HealthCheck::App,
            CheckState::Gap,
            cause.what.clone(),
            Some(elapsed),
        );
        Err(Failure::new(code, cause.what)
            .why(format!("{what}: {line}"))
            .hint(cause.hint))
    }
}

/// Why the application did not get healthy, with its output.
enum StartError {
    Ended(String),
    Silent(String),
    Unhealthy(String, String),
}

/// Judges whether the answer is what `neonup.toml` expects. Gives a message either way.
fn judge(
    answer: Option<&HttpAnswer>,
    backend: &BackendSettings,
    secrets: &[Secret],
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
        // a route that echoes its error may echo the URL in it
        let found = body.get(name).map(|value| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        });
        if found.as_deref() != Some(wanted) {
            let found = found.map_or_else(
                || "nothing".to_owned(),
                |found| connection::redact(&found, secrets),
            );
            let found: String = found.chars().take(200).collect();
            return Err(format!(
                "the health route says {name} = {found}, expected {wanted}"
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
        };
        let answer = |status, body: &str| {
            Some(HttpAnswer {
                status,
                body: body.to_owned(),
            })
        };
        assert!(
            judge(
                answer(200, r#"{"status":"healthy"}"#).as_ref(),
                &backend,
                &[]
            )
            .is_ok()
        );
        for bad in [
            answer(503, ""),
            answer(200, "<html>"),
            answer(200, r#"{"status":"ill"}"#),
            None,
        ] {
            assert!(judge(bad.as_ref(), &backend, &[]).is_err());
        }
    }
}
