//! The project screen: what each key does.

use std::sync::Arc;

use crossterm::event::KeyCode;

use crate::{
    core::{
        answer::{Answer, ProjectAnswer},
        event::Phase,
        facts::Facts,
        step::StepId,
    },
    testing::screens::{AppDriver, done, finished, todo},
    tui::{
        msg::Effect,
        state::{
            Screen,
            overlay::{ConfirmPurpose, Overlay},
        },
        tests::input::{fixture, press},
    },
};

#[test]
fn an_exact_project_is_preselected_and_of_two_none() {
    let mut app = fixture("project-join");
    assert_eq!(
        press(&mut app, KeyCode::Enter),
        [Effect::Apply(Answer::Project(ProjectAnswer::Join(
            "old-violet-32930710".to_owned()
        )))]
    );
    let mut app = fixture("project-ambiguous");
    assert_eq!(press(&mut app, KeyCode::Enter), []);
    press(&mut app, KeyCode::Down);
    press(&mut app, KeyCode::Down);
    assert_eq!(
        press(&mut app, KeyCode::Enter),
        [Effect::Apply(Answer::Project(ProjectAnswer::Join(
            "young-sun-55667788".to_owned()
        )))]
    );
}

#[test]
fn choosing_another_project_lists_all_of_them() {
    let mut driver = AppDriver::up_to(StepId::Env);
    driver.press(&[KeyCode::Char('2')]);
    press(&mut driver.app, KeyCode::Down);
    assert_eq!(
        press(&mut driver.app, KeyCode::Enter),
        [Effect::Apply(Answer::Project(ProjectAnswer::List))]
    );
    let mut report = done(StepId::Project);
    let Some(Facts::Project(detail)) = &mut report.facts else {
        panic!("{report:?}");
    };
    let mut other = detail.choices[0].clone();
    other.id = "icy-moon-99887766".to_owned();
    other.meant = false;
    detail.choices = [detail.choices[0].clone(), other].into();
    driver
        .begin(StepId::Project, Phase::Apply)
        .emit(StepId::Project, finished(Phase::Apply, 90, report));
    let app = &mut driver.app;
    assert!(app.project.change && !app.project.listing);
    assert_eq!(app.screen, Screen::Step(StepId::Project));
    press(app, KeyCode::Down);
    let join = Answer::Project(ProjectAnswer::Join("icy-moon-99887766".to_owned()));
    assert_eq!(press(app, KeyCode::Enter), [Effect::Apply(join)]);
}

#[test]
fn a_second_project_of_one_name_has_to_be_confirmed() {
    let mut app = fixture("project-join");
    press(&mut app, KeyCode::Char('n'));
    assert_eq!(
        press(&mut app.clone(), KeyCode::Enter),
        [Effect::Apply(Answer::Project(ProjectAnswer::Create(
            "aido-todo-2".to_owned()
        )))]
    );
    press(&mut app, KeyCode::Backspace);
    press(&mut app, KeyCode::Backspace);
    assert_eq!(press(&mut app, KeyCode::Enter), []);
    assert!(matches!(
        &app.overlay,
        Some(Overlay::Confirm(confirm)) if confirm.purpose == ConfirmPurpose::Duplicate("aido-todo".to_owned()) && !confirm.yes
    ));
    assert_eq!(
        press(&mut app.clone(), KeyCode::Enter),
        [],
        "no is preselected"
    );
    press(&mut app, KeyCode::Down);
    assert_eq!(
        press(&mut app, KeyCode::Enter),
        [Effect::Apply(Answer::Project(ProjectAnswer::Create(
            "aido-todo".to_owned()
        )))]
    );
}

#[test]
fn a_filter_is_matched_once_for_a_key_and_its_frame() {
    let remembered = |driver: &AppDriver| driver.app.project.matches.clone().unwrap();
    let mut driver = AppDriver::up_to(StepId::Project);
    driver.press(&[KeyCode::Char('/')]).type_text("BILL");
    let matches = remembered(&driver);
    assert_eq!(matches.matches.count(), 1);
    let shown = driver.app.project_matches().unwrap();
    assert!(Arc::ptr_eq(&matches, &shown));
    // another filter, and another list, are matched anew
    driver.type_text("x");
    assert_eq!(remembered(&driver).matches.count(), 0);
    driver.press(&[KeyCode::Esc]);
    let before = remembered(&driver);
    driver.app.probe(&[StepId::Project]).unwrap();
    driver.probe(StepId::Project, todo(StepId::Project));
    assert!(!Arc::ptr_eq(&before, &remembered(&driver)));
}
