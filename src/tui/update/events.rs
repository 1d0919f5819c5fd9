//! What the engine reports.

use crate::{
    core::{
        answer::{Answer, EnvAnswer, SecretsAnswer},
        code::Code,
        event::{Event, EventKind, Outcome, Phase, Report, RunError, Verdict},
        plan::{Status, StepState},
        secret::Secret,
        step::StepId,
    },
    tui::{
        choices,
        msg::{Effect, ExitReason},
        state::{App, Focus, Screen, login::LoginInput, overlay::Overlay, project::ProjectInput},
        update::{actions, movement, watch},
    },
};

pub(super) fn engine(app: &mut App, event: &Event) -> Vec<Effect> {
    let step = event.step;
    if let EventKind::Bug(text) = &event.kind {
        return vec![Effect::Quit(ExitReason::Bug(text.clone()))];
    }
    if let EventKind::Activity(activity) = &event.kind {
        let log = &mut app.activity;
        log.push(app.now, step, activity);
        return Vec::new();
    }
    if let EventKind::App(became) = &event.kind {
        app.follow_app(event.run, became);
        if app.screen == Screen::Summary {
            // the rows are others than those among which the user has moved
            app.chosen.remove(&Screen::Summary);
            app.shown.change();
        }
        return Vec::new();
    }
    let known = app.plan.step(step).clone();
    let before = app
        .screen
        .step()
        .map(|shown| (shown, choices::of_screen(app), app.plan.step(shown).clone()));
    if !watch::keeps_back(app, event) {
        app.plan.fold(event);
    }
    if let (EventKind::Started(phase), Some(work)) = (&event.kind, app.work.get_mut(&step))
        && *phase == work.phase
    {
        work.run = Some(event.run);
    }
    let mut effects = Vec::new();
    if let EventKind::Finished(outcome) = &event.kind
        && let Some(work) = app.busy(step).filter(|work| work.run == Some(event.run))
    {
        app.work.remove(&step);
        watch::record(app, step, outcome);
        effects = match outcome.phase {
            Phase::Probe => {
                probed(app, step, outcome, work.cancelled);
                if work.by_key && outcome.result != Err(RunError::Cancelled) {
                    report_probe(app, &known, step);
                }
                Vec::new()
            }
            Phase::Apply => applied(app, step, outcome),
        };
    }
    if let Some((shown, before, state)) = before
        && app.screen.step() == Some(shown)
    {
        let others = before != choices::of_screen(app);
        if others && shown == step {
            // other choices than those among which the user has moved
            app.chosen.remove(&Screen::Step(step));
        }
        // what lies over the screen asks what it asked before; another step may say something of this one
        if app.overlay.is_none() && (others || !state.says_as(app.plan.step(shown))) {
            app.shown.change();
        }
    }
    // what the palette finds depends on what the screen offers
    if matches!(app.overlay, Some(Overlay::Palette(_)))
        && !matches!(event.kind, EventKind::Progress(_))
    {
        app.shown.change();
    }
    if app.follow {
        follow(app);
    }
    movement::clamp_scroll(app);
    effects
}

fn probed(app: &mut App, step: StepId, outcome: &Outcome, cancelled: bool) {
    if cancelled && outcome.result == Err(RunError::Cancelled) {
        app.notify(format!("{}: canceled", step.title()));
    } else if app.screen == Screen::Step(step) && app.focus == Focus::Choices && app.follow {
        app.focus = app.first_focus();
    }
}

/// Says that a probe which the user has asked for has ended, and whether anything is different.
fn report_probe(app: &mut App, before: &StepState, step: StepId) {
    if app.work.values().any(|work| work.by_key) {
        return;
    }
    let same = before.says_as(app.plan.step(step));
    app.notify(match (app.screen.step().is_some(), same) {
        (false, _) => "everything re-checked".to_owned(),
        (true, true) => format!("{} re-checked: nothing has changed", step.title()),
        (true, false) => format!("{} re-checked: see what has changed", step.title()),
    });
}

fn applied(app: &mut App, step: StepId, outcome: &Outcome) -> Vec<Effect> {
    if step == StepId::Login && !app.login.address.is_empty() {
        app.login.address = Secret::new("");
        if app.screen == Screen::Step(step) {
            app.focus = Focus::Choices;
        }
    }
    let here = app.screen == Screen::Step(step);
    let label = step.title();
    let listed = step == StepId::Project && std::mem::take(&mut app.project.listing);
    match &outcome.result {
        // the list has come, and the choices are what they were
        Ok(_) if listed => Vec::new(),
        Ok(report) => {
            done(app, step, report);
            let mut effects: Vec<_> = app.probe(&step.seen_by()).into_iter().collect();
            effects.extend(actions::fix_next(app));
            effects
        }
        Err(RunError::Cancelled) => {
            app.fixing.clear();
            app.notify(format!("{label}: canceled. Checking what was done…"));
            app.probe(&[step]).into_iter().collect()
        }
        Err(RunError::Failed(failure)) => {
            app.fixing.clear();
            if step == StepId::Login {
                app.login.rejected =
                    failure.code == Code::LoginKeyRejected && !app.login.key.is_empty();
                if here {
                    app.focus = app.first_focus();
                }
            }
            if !here {
                app.notify(format!("{label} failed: {}", failure.what));
            }
            Vec::new()
        }
    }
}

fn done(app: &mut App, step: StepId, report: &Report) {
    if step == StepId::Login {
        app.login = LoginInput::default();
    }
    if step == StepId::Project {
        app.project = ProjectInput::default();
    }
    if let Some(Answer::Env(answer)) = &app.last_change.answer
        && step == StepId::Env
    {
        app.last_change.undone = *answer == EnvAnswer::Undo && !app.last_change.undone;
    }
    let label = step.title();
    if report.verdict() == Verdict::Todo {
        if let Some(done) = said_of(app) {
            // there is still something to do, and the screen shows it
            app.notify(done);
            return;
        }
        app.notify(format!(
            "{label} still has something to do: {}",
            report.evidence
        ));
        return;
    }
    app.notify(match said_of(app) {
        Some(done) => done,
        None => format!("{label}: {}", report.evidence),
    });
    if app.screen == Screen::Step(step) && app.overlay.is_none() {
        app.follow = true;
        app.from = step;
    }
}

/// What was done, where the step's evidence doesn't say it.
fn said_of(app: &App) -> Option<String> {
    match app.last_change.answer.as_ref()? {
        Answer::Secrets(SecretsAnswer::InstallHook) => Some("git hooks installed".to_owned()),
        Answer::Env(EnvAnswer::Undo) if app.last_change.undone => {
            Some("undone: the files are as before the last write".to_owned())
        }
        Answer::Env(EnvAnswer::Undo) => Some("redone: the files are as written".to_owned()),
        Answer::Login(_)
        | Answer::Project(_)
        | Answer::Env(_)
        | Answer::Backend(_)
        | Answer::Schema(_)
        | Answer::Health(_)
        | Answer::Secrets(_) => None,
    }
}

/// Goes to the first open step; when there is none, to the summary.
fn follow(app: &mut App) {
    if app.overlay.is_some() {
        return;
    }
    let target = app
        .stop_from(app.from)
        .map_or(Screen::Summary, Screen::Step);
    // what was found there before something was changed isn't true any more: it is looked at first
    let stale = |step: StepId| {
        let known = app.plan.step(step).known();
        app.busy(step).is_some() && known != Status::Unknown
    };
    if target != app.screen && target.step().is_some_and(stale) {
        return;
    }
    // a presenter goes on when the room has seen it
    if target != app.screen && !app.presenter {
        app.go(target);
    } else if app.focus == Focus::Choices && app.first_focus() == Focus::Field {
        app.focus = Focus::Field;
    }
}
