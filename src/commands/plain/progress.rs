//! What is told of a step: words alone, since a sign or a colour says nothing to somebody who listens.

use crate::{
    core::{
        facts::{Check, CheckState, Facts},
        plan::StepState,
        step::StepId,
    },
    domain::duration,
    report::{lines, output::Output},
};

/// A step as it stands: what it is for, what was seen.
pub(super) fn step(output: &mut Output, id: StepId, state: &StepState) {
    output.line("");
    output.line(format!(
        "Step {} of 7, {}: {}.",
        id.number(),
        id.title(),
        state.status.word()
    ));
    output.line(id.summary());
    seen(output, state);
    if let Some(Facts::Health(_)) = &state.facts {
        details(output, state);
    }
}

/// A step that has just been done.
pub(super) fn ended(output: &mut Output, id: StepId, state: &StepState) {
    output.line(format!("{}: {}.", id.title(), state.status.word()));
    seen(output, state);
}

fn seen(output: &mut Output, state: &StepState) {
    let time = state
        .elapsed
        .map(|elapsed| format!(" ({})", duration::words(elapsed)))
        .unwrap_or_default();
    if !state.evidence.is_empty() {
        output.line(format!("{}{time}.", state.evidence));
    }
    for finding in &state.findings {
        lines::print_finding(output, finding, &state.evidence);
    }
}

/// Everything that a screen would show besides.
pub(super) fn details(output: &mut Output, state: &StepState) {
    match &state.facts {
        Some(Facts::Health(health)) => {
            checks(output, &health.rungs);
            if let Some(worst) = health.samples.iter().max() {
                let count = health.samples.len();
                let worst = duration::words(*worst);
                output.line(format!("  The worst of {count} round trips: {worst}."));
            }
        }
        Some(Facts::Secrets(secrets)) => checks(output, &secrets.checks),
        Some(Facts::Backend(backend)) => checks(output, &backend.checks),
        Some(Facts::Env(env)) => {
            for file in &env.files {
                output.line(format!("{}:", file.file));
                checks(output, &file.checks);
            }
        }
        Some(Facts::Schema(schema)) => {
            for table in &schema.tables {
                output.line(format!("Table {}: {}.", table.name, word(table.state)));
                for column in &table.columns {
                    output.line(format!(
                        "  {}, {}: {}",
                        column.name,
                        column.kind,
                        word(column.state)
                    ));
                }
            }
        }
        Some(Facts::Login(login)) => {
            if let Some((source, key, count)) = &login.key {
                let source = source.words();
                output.line(format!("The key {key}, {count} characters, from {source}."));
            }
            if !login.store.is_empty() {
                output.line(format!("The place for keys is {}.", login.store));
            }
            output.line(format!("The API is {}.", login.api_host));
        }
        Some(Facts::Project(project)) => match &project.joined {
            Some(joined) => output.line(format!(
                "Project {}, {}: branch {}, database {}, role {}, Postgres {} in {}, compute {}.",
                joined.name,
                joined.id,
                joined.branch,
                joined.database,
                joined.role,
                joined.postgres,
                joined.region,
                joined.compute
            )),
            None => output.line(match project.choices.len() {
                1 => "1 project is listed.".to_owned(),
                count => format!("{count} projects are listed."),
            }),
        },
        None => output.line("Nothing more is known yet."),
    }
}

/// What a look of a watch came to.
pub(super) fn look(state: &StepState) -> String {
    match (&state.failure, &state.facts) {
        (Some(failure), _) => format!("{}.", failure.what),
        (None, Some(Facts::Health(health))) => duration::median(&health.samples).map_or_else(
            || state.evidence.clone(),
            |median| format!("a query takes {}.", duration::words(median)),
        ),
        (None, _) => format!("{}.", state.evidence),
    }
}

fn checks(output: &mut Output, checks: &[Check]) {
    for check in checks {
        let mut line = format!("  {}: {}", check.label, word(check.state));
        if !check.text.is_empty() {
            line = format!("{line}, {}", check.text);
        }
        if let Some(elapsed) = check.elapsed {
            line = format!("{line}, {}", duration::words(elapsed));
        }
        output.line(line);
    }
}

const fn word(state: CheckState) -> &'static str {
    match state {
        CheckState::Waiting => "not yet",
        CheckState::Running => "under way",
        CheckState::Ok => "ok",
        CheckState::Warning => "warning",
        CheckState::Gap => "not in order",
        CheckState::Skipped => "left out",
    }
}
