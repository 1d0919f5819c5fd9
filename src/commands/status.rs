//! `neonup status`: whose key is used, which project, and where things lie.

use crate::{
    commands::{Output, session},
    report::{lines, output::Tone},
};
use crate::{
    core::{exit::Exit, facts::Facts, step::StepId},
    ports::Ports,
    project::settings::Settings,
};

/// Runs the command; the exit code is that of the two steps that it looks at.
pub(crate) async fn run(settings: Settings, ports: Ports, output: &mut Output) -> Exit {
    let steps = [StepId::Login, StepId::Project];
    let mut lines = vec![
        ("repository", settings.root.display().to_string()),
        (
            "config",
            if settings.config_exists {
                settings.config_file.display().to_string()
            } else {
                "none: the values are detected".to_owned()
            },
        ),
        (
            "api",
            format!(
                "{}{}",
                settings.api_host,
                if settings.is_sandbox() {
                    " (sandbox)"
                } else {
                    ""
                }
            ),
        ),
    ];
    let targets: Vec<_> = settings
        .env
        .iter()
        .map(|target| target.file.clone())
        .collect();
    lines.push(("env files", targets.join(", ")));
    let mut work = session::Work::new(settings, ports);
    if let Err(stop) = work.probe_all(&steps, output).await {
        return work.stopped(stop, &steps, output).await;
    }
    let login = work.plan.step(StepId::Login);
    lines.push(("login", login.evidence.clone()));
    if let Some(Facts::Login(detail)) = &login.facts {
        lines.push(("key store", detail.store.clone()));
    }
    lines.push(("project", work.plan.step(StepId::Project).evidence.clone()));
    if let Some(Facts::Project(detail)) = &work.plan.step(StepId::Project).facts
        && let Some(joined) = &detail.joined
    {
        lines.push((
            "database",
            format!(
                "{} on {} as {} ({}, Postgres {})",
                joined.database, joined.host, joined.role, joined.region, joined.postgres
            ),
        ));
    }
    if output.json {
        output.document(&lines::Document::new(&work.plan, &steps));
    } else {
        for (name, value) in lines {
            let name = output.paint(Tone::Dim, format!("{name:<11}"));
            output.line(format!("{name} {value}"));
        }
    }
    let exit = work.plan.exit(&steps);
    work.runtime.shutdown().await;
    exit
}
