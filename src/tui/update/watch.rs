//! The watch of the health screen.

use crate::{
    core::{
        event::{Event, EventKind, Outcome, Phase},
        facts::{CheckState, Facts},
        step::StepId,
    },
    tui::{
        msg::Effect,
        state::{
            App,
            watch::{WATCH_EVERY, Watch},
        },
    },
};

/// Begins a watch, or ends it.
pub(super) fn toggle(app: &mut App) -> Option<Effect> {
    if app.watch.take().is_some() {
        return None;
    }
    if !app.can_watch() {
        app.notify("nothing to watch here yet");
        return None;
    }
    app.follow = false;
    app.watch = Some(Watch {
        next: app.now,
        ..Watch::default()
    });
    probe_when_due(app)
}

/// Probes where the time of the next probe has come and the last one has ended.
pub(super) fn probe_when_due(app: &mut App) -> Option<Effect> {
    let now = app.now;
    let busy = app.busy(StepId::Health).is_some();
    let watch = app
        .watch
        .as_mut()
        .filter(|watch| watch.next <= now && !busy)?;
    watch.next = now + WATCH_EVERY;
    app.probe(&[StepId::Health])
}

/// Whether an event is kept from the screen: while all checks pass, a watched screen changes once, when the probe has ended,
/// so that it does not flicker every second and a slow line carries little.
pub(super) fn keeps_back(app: &App, event: &Event) -> bool {
    app.is_watching(event.step)
        && matches!(&event.kind, EventKind::Facts(Facts::Health(health))
            if health.checks.iter().all(|check| check.state != CheckState::Gap))
}

/// Takes in the end of a probe.
pub(super) fn record(app: &mut App, step: StepId, outcome: &Outcome) {
    if step != StepId::Health {
        return;
    }
    if outcome.phase == Phase::Apply {
        app.watch = None;
    }
    if let Some(watch) = &mut app.watch {
        watch.record(&outcome.result);
    }
}
