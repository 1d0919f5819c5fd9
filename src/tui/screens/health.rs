//! Health: the ladder from the host's name to the application's own answer; each rung with its time.

use std::{collections::VecDeque, time::Duration};

use ratatui::text::Line;

use crate::tui::screens::Pen;
use crate::{
    core::{
        event::{Event, EventKind, Outcome, Phase},
        facts::{CheckState, Facts, HealthFacts},
        plan::{Status, StepState},
        step::StepId,
    },
    tui::{
        msg::Effect,
        state::{App, Screen},
        theme::Role,
        widgets::ladder,
    },
};

/// How often a watch looks.
pub(crate) const WATCH_EVERY: Duration = Duration::from_secs(1);
/// The looks that a watch remembers; more than the widest screen shows.
const REMEMBERED: usize = 300;

/// A watch: looks every second until it is left.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Watch {
    /// When it looks next.
    pub next: Duration,
    /// The median round trip of each look that came through, the oldest first.
    pub samples: VecDeque<Duration>,
    /// How many looks did not come through.
    pub lost: usize,
}

/// Whether there is something to watch: a health screen whose ladder was climbed, and that is doing nothing else.
pub(crate) fn watchable(app: &App) -> bool {
    app.screen == Screen::Step(StepId::Health)
        && app
            .busy(StepId::Health)
            .is_none_or(|work| work.phase == Phase::Probe)
        && matches!(
            app.settled(StepId::Health),
            Status::Done | Status::Todo | Status::Failed
        )
        && app.plan.blocker(StepId::Health).is_none()
}

/// Begins a watch, or ends it.
pub(crate) fn watch(app: &mut App) -> Option<Effect> {
    if app.watch.take().is_some() {
        return None;
    }
    if !watchable(app) {
        app.say("there is nothing to watch here yet");
        return None;
    }
    app.follow = false;
    app.watch = Some(Watch {
        next: app.now,
        ..Watch::default()
    });
    due(app)
}

/// The next look of a watch, where its time has come and the last look has ended.
pub(crate) fn due(app: &mut App) -> Option<Effect> {
    let now = app.now;
    let busy = app.busy(StepId::Health).is_some();
    let watch = app
        .watch
        .as_mut()
        .filter(|watch| watch.next <= now && !busy)?;
    watch.next = now + WATCH_EVERY;
    app.probe(&[StepId::Health])
}

/// Whether an event is held back from the screen: a watched ladder that climbs well changes once, when it has ended, so that
/// it does not flicker every second and a slow line carries little.
pub(crate) fn holds(app: &App, event: &Event) -> bool {
    app.watching(event.step)
        && matches!(&event.kind, EventKind::Facts(Facts::Health(health))
            if health.rungs.iter().all(|rung| rung.state != CheckState::Gap))
}

/// Takes in how a look of a watch came out.
pub(crate) fn watched(app: &mut App, step: StepId, outcome: &Outcome) {
    if step != StepId::Health {
        return;
    }
    if outcome.phase == Phase::Apply {
        app.watch = None;
    }
    let Some(watch) = &mut app.watch else {
        return;
    };
    match &outcome.result {
        Ok(report) => {
            if let Some(Facts::Health(health)) = &report.facts {
                watch.samples.extend(median(&health.samples));
            }
        }
        Err(_) => watch.lost += 1,
    }
    while watch.samples.len() > REMEMBERED {
        watch.samples.pop_front();
    }
}

impl Watch {
    fn words(&self) -> String {
        let looks = self.samples.len() + self.lost;
        let looks = match looks {
            0 => "first look".to_owned(),
            1 => "1 look".to_owned(),
            looks => format!("{looks} looks"),
        };
        match self.lost {
            0 => format!("Watching once a second: {looks}"),
            lost => format!("Watching once a second: {looks}, {lost} did not come through"),
        }
    }
}

fn median(samples: &[Duration]) -> Option<Duration> {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied()
}

fn detail(state: &StepState) -> Option<&HealthFacts> {
    match &state.facts {
        Some(Facts::Health(health)) => Some(health),
        _ => None,
    }
}

/// What is known.
pub(crate) fn facts(pen: Pen<'_>, state: &StepState) -> Vec<Line<'static>> {
    let Some(health) = detail(state) else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    if let Some(watch) = &pen.app.watch {
        // above the ladder, where no window is too small for it
        lines.push(pen.line(Role::Accent, &watch.words()));
        let samples: Vec<_> = watch.samples.iter().copied().collect();
        lines.extend(ladder::sparkline(pen, &samples));
        lines.push(Line::default());
        lines.extend(ladder::lines(pen, health));
        return lines;
    }
    lines.extend(ladder::lines(pen, health));
    if health.samples.len() > 1
        && let Some(line) = ladder::sparkline(pen, &health.samples)
    {
        lines.push(Line::default());
        lines.push(line);
    }
    lines
}
