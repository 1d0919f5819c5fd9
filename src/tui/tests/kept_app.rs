//! The application that is kept running from the summary.

use crossterm::event::KeyCode;

use crate::{
    core::{
        app_run::{AppAddress, AppEvent},
        choices::Action,
        environment::Environment,
        event::{Event, EventKind},
        step::StepId,
    },
    testing::screens::AppDriver,
    tui::{
        choices,
        msg::{Effect, ExitReason, Msg},
        state::kept_app::KeptState,
        tests::input::press,
    },
};

fn app_event(driver: &mut AppDriver, event: AppEvent) {
    driver.emit(StepId::Health, EventKind::App(event));
}

/// Presses Enter once the screen was seen for a while.
fn enter(driver: &mut AppDriver) -> Vec<Effect> {
    driver.wait(1000).send(Msg::Drawn);
    press(&mut driver.app, KeyCode::Enter)
}

fn choose(driver: &mut AppDriver, label: &str) -> Vec<Effect> {
    let choices = choices::of_screen(&driver.app);
    let rows = choices.above_projects();
    let at = rows.iter().position(|choice| choice.label == label);
    let labels: Vec<_> = rows.iter().map(|choice| &choice.label).collect();
    let at = at.unwrap_or_else(|| panic!("no “{label}” in {labels:?}"));
    driver.app.chosen.insert(driver.app.screen, at);
    enter(driver)
}

#[test]
fn the_app_is_kept_running_until_it_is_stopped_or_the_wizard_is_left() {
    let mut driver = AppDriver::all_done();
    assert_eq!(
        choose(&mut driver, "Start the app and keep it running"),
        [Effect::KeepApp]
    );
    // a second one isn't offered meanwhile
    let choices = choices::of_screen(&driver.app);
    assert!(!choices.has(&Action::KeepApp) && choices.has(&Action::StopApp));
    assert_eq!(driver.app.page_to_open(), None);
    let command = "uvicorn".to_owned();
    app_event(&mut driver, AppEvent::Started { command });
    let started = &driver.app.kept.as_ref().unwrap().state;
    assert_eq!(*started, KeptState::Starting(Some("uvicorn".to_owned())));
    let address = AppAddress {
        root: "http://localhost:8000/".to_owned(),
        docs: Some("http://localhost:8000/docs".to_owned()),
    };
    app_event(&mut driver, AppEvent::Answers(address.clone()));
    let choices = choices::of_screen(&driver.app);
    assert_eq!(choices.default, Some(0), "the rows are others now");
    driver.app.options.browser = Some(Environment::default());
    let opens = |address: String| [Effect::Open(address)];
    assert_eq!(
        choose(&mut driver, "Open the app"),
        opens(address.root.clone())
    );
    assert_eq!(
        choose(&mut driver, "Open its API documentation"),
        opens(address.docs.clone().unwrap())
    );
    assert_eq!(
        press(&mut driver.app, KeyCode::Char('o')),
        opens(address.root)
    );
    // leaving asks, and the careful answer comes first
    assert_eq!(choose(&mut driver, "Finish"), []);
    assert_eq!(enter(&mut driver), []);
    assert_eq!(choose(&mut driver, "Finish"), []);
    press(&mut driver.app, KeyCode::Down);
    let quit = [Effect::Quit(ExitReason::Finished)];
    assert_eq!(enter(&mut driver), quit);
    assert_eq!(choose(&mut driver, "Stop the app"), [Effect::StopApp]);
    app_event(&mut driver, AppEvent::Stopped);
    assert_eq!(choose(&mut driver, "Finish"), quit);
}

#[test]
fn what_became_of_an_earlier_start_is_not_taken_for_this_one() {
    let mut driver = AppDriver::all_done();
    choose(&mut driver, "Start the app and keep it running");
    let event = |run: u64, event: AppEvent| {
        Msg::Engine(Box::new(Event {
            run,
            step: StepId::Health,
            kind: EventKind::App(event),
        }))
    };
    let command = "uvicorn".to_owned();
    driver.send(event(9, AppEvent::Started { command }));
    driver.send(event(8, AppEvent::Stopped));
    assert!(driver.app.keeps_app());
    let why = "it ended with exit code 1".to_owned();
    driver.send(event(9, AppEvent::Ended { why }));
    assert!(!driver.app.keeps_app() && driver.app.kept.is_some());
    // and it can be started again
    assert_eq!(
        choose(&mut driver, "Start the app and keep it running"),
        [Effect::KeepApp]
    );
}
