//! What is printed of a step: words alone, since a glyph or a color says nothing to somebody who listens.

use crate::{
    core::{
        facts::{Check, CheckState, Facts},
        plan::StepState,
        step::StepId,
    },
    domain::duration,
    report::{lines, output::Output, styled::StyledLine},
};

/// Prints a step: what it is for, and what was seen.
pub(super) fn print(output: &mut Output, id: StepId, state: &StepState) {
    output.line("");
    output.line(format!(
        "Step {} of 7, {}: {}.",
        id.number(),
        id.title(),
        state.status.word()
    ));
    output.line(id.summary());
    print_seen(output, state);
    if let Some(Facts::Health(_)) = &state.facts {
        print_details(output, state);
    }
}

/// Prints a step that has just been done.
pub(super) fn print_end(output: &mut Output, id: StepId, state: &StepState) {
    output.line(format!("{}: {}.", id.title(), state.status.word()));
    print_seen(output, state);
}

fn print_seen(output: &mut Output, state: &StepState) {
    let time = state
        .elapsed
        .map(|elapsed| format!(" ({})", duration::format(elapsed)))
        .unwrap_or_default();
    let evidence = &state.evidence;
    let headline = StyledLine::from(format!("{evidence}{time}."));
    lines::print_findings(
        output,
        state,
        Some(headline).filter(|_| !evidence.is_empty()),
        evidence,
    );
}

/// Prints the facts, as far as they were not printed yet.
pub(super) fn print_details(output: &mut Output, state: &StepState) {
    match &state.facts {
        Some(Facts::Health(health)) => {
            print_checks(output, &health.checks);
            if let Some(worst) = health.samples.iter().max() {
                let count = health.samples.len();
                let worst = duration::format(*worst);
                output.line(format!("  The worst of {count} round trips: {worst}."));
            }
        }
        Some(Facts::Secrets(secrets)) => print_checks(output, &secrets.checks),
        Some(Facts::Backend(backend)) => print_checks(output, &backend.checks),
        Some(Facts::Env(env)) => {
            for file in &env.files {
                output.line(format!("{}:", file.file));
                print_checks(output, &file.checks);
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
                output.line(format!("Keys are stored in {}.", login.store));
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
        None => output.line("Nothing else is known yet."),
    }
}

/// What a probe of a watch came to.
pub(super) fn watched(state: &StepState) -> String {
    match (&state.failure, &state.facts) {
        (Some(failure), _) => format!("{}.", failure.what),
        (None, Some(Facts::Health(health))) => duration::median(&health.samples).map_or_else(
            || state.evidence.clone(),
            |median| format!("a query takes {}.", duration::format(median)),
        ),
        (None, _) => format!("{}.", state.evidence),
    }
}

fn print_checks(output: &mut Output, checks: &[Check]) {
    for check in checks {
        let mut line = format!("  {}: {}", check.label, word(check.state));
        if !check.text.is_empty() {
            line = format!("{line}, {}", check.text);
        }
        if let Some(elapsed) = check.elapsed {
            line = format!("{line}, {}", duration::format(elapsed));
        }
        output.line(line);
    }
}

const fn word(state: CheckState) -> &'static str {
    match state {
        CheckState::Waiting => "not yet",
        CheckState::Running => "running",
        CheckState::Ok => "ok",
        CheckState::Warning => "warning",
        CheckState::Gap => "not OK",
        CheckState::Skipped => "skipped",
    }
}
