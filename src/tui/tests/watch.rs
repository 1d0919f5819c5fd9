//! The watch of the health screen.

use std::time::Duration;

use crossterm::event::KeyCode;

use crate::{
    core::{
        event::{EventKind, Phase},
        facts::CheckState,
        plan::Status,
        step::StepId,
    },
    testing::screens::{AppDriver, done, failed, failure, health},
    tui::{
        msg::{Effect, Msg},
        tests::input::press,
        update::update,
    },
};

#[test]
fn a_watch_probes_once_a_second_until_it_is_left() {
    let look = [Effect::Probe(vec![StepId::Health])];
    for leave in [KeyCode::Char('w'), KeyCode::Esc, KeyCode::Char('5')] {
        let mut driver = AppDriver::up_to(StepId::Secrets);
        press(&mut driver.app, KeyCode::Char('w'));
        assert_eq!(driver.app.watch, None, "only on its own screen");
        press(&mut driver.app, KeyCode::Char('6'));
        driver.wait(60_000);
        assert_eq!(driver.app.next_tick(), None, "nothing moves yet");
        assert_eq!(press(&mut driver.app, KeyCode::Char('w')), look);
        for seconds in 1..=3 {
            let due = driver.app.now + Duration::from_secs(1);
            driver.probe(StepId::Health, done(StepId::Health));
            assert_eq!(driver.app.next_tick(), Some(due), "one look a second");
            let early = due.saturating_sub(Duration::from_millis(1));
            assert_eq!(update(&mut driver.app, Msg::Tick(early)), []);
            assert_eq!(update(&mut driver.app, Msg::Tick(due)), look);
            assert_eq!(update(&mut driver.app, Msg::Tick(due * 2)), [], "not twice");
            assert_eq!(driver.app.watch.as_ref().unwrap().samples.len(), seconds);
            driver.app.now = due;
        }
        driver.probe(StepId::Health, done(StepId::Health));
        press(&mut driver.app, leave);
        assert_eq!(driver.app.watch, None, "{leave:?} leaves it");
        driver.wait(60_000);
        assert_eq!(driver.app.next_tick(), None, "the tick is gone");
    }
}

#[test]
fn watched_checks_change_when_they_end_or_fail() {
    let mut driver = AppDriver::up_to(StepId::Secrets);
    driver.press(&[KeyCode::Char('6'), KeyCode::Char('w')]);
    let before = driver.app.plan.step(StepId::Health).facts.clone();
    driver.begin(StepId::Health, Phase::Probe);
    assert_eq!(driver.app.status(StepId::Health), Status::Done);
    let shown = |state| EventKind::Facts(health(1, state));
    driver.emit(StepId::Health, shown(CheckState::Running));
    assert_eq!(driver.app.plan.step(StepId::Health).facts, before);
    driver.emit(StepId::Health, shown(CheckState::Gap));
    assert_ne!(driver.app.plan.step(StepId::Health).facts, before);
    driver.emit(
        StepId::Health,
        failed(Phase::Probe, failure(StepId::Health)),
    );
    let watch = driver.app.watch.as_ref().unwrap();
    assert_eq!((watch.samples.len(), watch.lost), (0, 1), "it goes on");
}
