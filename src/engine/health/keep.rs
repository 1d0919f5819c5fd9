//! The application, kept running once it is proved: started as the check starts it, until its user stops it or leaves.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::{
    core::{
        app_run::{AppAddress, AppEvent},
        code::Code,
        event::EventKind,
        failure::{Failure, Result},
        trust::CommandPurpose,
    },
    domain::app_log::telling_line,
    engine::{
        connection,
        context::Cx,
        health::{
            app::{ANSWER, RouteAnswer, StartError, ended, place},
            checks::{HealthChecks, startable},
            given,
        },
        trust,
    },
    ports::process::{CommandExit, Running},
    project::settings::BackendSettings,
};

/// How often it is asked before it answers.
const PAUSE: Duration = Duration::from_millis(200);

/// What pages have in them that document an API (`FastAPI`'s, `ReDoc`'s): another page at `/docs` is the application's own.
const API_PAGES: &[&str] = &["swagger-ui", "redoc"];

/// Starts the application, tells when it answers, and ends it once `stop` is cancelled.
pub(crate) async fn keep(cx: &Cx, stop: &CancellationToken) {
    let event = match run(cx, stop).await {
        Ok(event) => event,
        Err(failure) => AppEvent::Ended { why: failure.what },
    };
    cx.emit(EventKind::App(event));
}

async fn run(cx: &Cx, stop: &CancellationToken) -> Result<AppEvent> {
    let fails = |what: &str| Failure::new(Code::HealthAppStart, what);
    let backend = startable(cx).ok_or_else(|| fails("neonup.toml has no [backend] start"))?;
    if let Some(finding) = trust::permit(cx, CommandPurpose::App)? {
        return Err(fails(&finding.title));
    }
    let (url, port) =
        place(&backend).ok_or_else(|| fails("its health URL isn't on this machine"))?;
    // the step's own screen shows what it has proved, and not this start
    let quiet = cx.quiet();
    let mut checks = HealthChecks::new(&quiet);
    let Some(mut trial) = checks.trial(&backend, url, port).await? else {
        let why = checks
            .untried
            .first()
            .map(|(_, finding)| finding.title.clone());
        return Err(fails(
            &why.unwrap_or_else(|| "its program isn't installed".to_owned()),
        ));
    };
    if let Some((variables, _)) = given::not_loaded(cx) {
        trial.spec.env.splice(0..0, variables);
    }
    cx.emit(EventKind::App(AppEvent::Started {
        command: trial.command.clone(),
    }));
    let mut app = cx.ports.process.start(&trial.spec).await?;
    let event = tokio::select! {
        biased;
        () = stop.cancelled() => AppEvent::Stopped,
        exit = serve(cx, &checks, app.as_mut(), &backend, trial.url.as_deref()) => AppEvent::Ended {
            why: why(cx, &exit),
        },
    };
    app.stop().await;
    Ok(event)
}

/// Tells when it answers, and returns when it has ended.
async fn serve(
    cx: &Cx,
    checks: &HealthChecks<'_>,
    app: &mut dyn Running,
    backend: &BackendSettings,
    url: Option<&str>,
) -> CommandExit {
    loop {
        match checks.ask(app, backend, url).await {
            Ok(RouteAnswer::Healthy(_)) => break,
            Ok(RouteAnswer::Not(_) | RouteAnswer::Silent)
            | Err(StartError::Silent(..) | StartError::Unhealthy(..)) => {}
            Err(StartError::Ended(exit)) => return exit,
        }
        tokio::select! {
            biased;
            exit = ended(app) => return exit,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
    if let Some(root) = root(app, url).await {
        let docs = docs(cx, &root).await;
        cx.emit(EventKind::App(AppEvent::Answers(AppAddress { root, docs })));
    }
    ended(app).await
}

/// Where a browser finds it.
async fn root(app: &mut dyn Running, url: Option<&str>) -> Option<String> {
    let Some(url) = url else {
        let listens = app.listens().await;
        let port = listens.iter().map(std::net::SocketAddr::port).min()?;
        return Some(format!("http://localhost:{port}/"));
    };
    let mut root = url::Url::parse(url).ok()?;
    root.set_path("/");
    root.set_query(None);
    root.set_fragment(None);
    Some(root.into())
}

/// The page that documents its API, where it has one.
async fn docs(cx: &Cx, root: &str) -> Option<String> {
    let page = format!("{root}docs");
    let answer = cx.ports.process.get(&page, ANSWER).await?;
    let body = answer.body.to_lowercase();
    let is_documentation = answer.status == 200 && API_PAGES.iter().any(|name| body.contains(name));
    is_documentation.then_some(page)
}

fn why(cx: &Cx, exit: &CommandExit) -> String {
    let how = exit
        .code
        .map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"));
    match telling_line(&exit.output) {
        line if line.is_empty() => format!("it ended with {how}"),
        line => {
            let line = connection::redact(&line, &connection::secrets(cx));
            format!("it ended with {how}: {line}")
        }
    }
}
