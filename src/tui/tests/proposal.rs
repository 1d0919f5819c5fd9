//! The screen before the first step.

use crossterm::event::KeyCode::{self, Backspace, Char, Down, Enter, Esc, Right, Up};

use crate::{
    core::{choices::SettingsPart, step::StepId},
    testing::screens::fixtures,
    tui::{
        msg::{Effect, Msg},
        proposal::{Opened, ProposalAnswer, ProposalOutcome, ProposalRequest},
        state::{App, Focus, Screen, overlay::Overlay},
        tests::input::press,
        update::update,
    },
};

fn fixture(name: &str) -> App {
    let found = fixtures().into_iter().find(|(found, _)| *found == name);
    found.unwrap().1
}

fn walk(app: &mut App, codes: &[KeyCode]) -> Vec<Effect> {
    codes.iter().flat_map(|code| press(app, *code)).collect()
}

#[test]
fn nothing_is_probed_before_the_proposal_is_written_or_left() {
    let app = fixture("proposal");
    assert_eq!(app.screen, Screen::Proposal);
    assert!(app.work.is_empty());
    for (keys, screen) in [
        (&[Down, Enter][..], Screen::Step(StepId::Login)),
        (&[Right], Screen::Step(StepId::Login)),
        (&[Char('3')], Screen::Step(StepId::Env)),
        (&[Char('8')], Screen::Summary),
    ] {
        let mut app = app.clone();
        let effects = walk(&mut app, keys);
        assert_eq!(effects, [Effect::Probe(StepId::ALL.to_vec())], "{keys:?}");
        assert_eq!((app.screen, app.proposal), (screen, None), "{keys:?}");
    }
}

#[test]
fn what_is_written_is_what_is_shown() {
    let mut app = fixture("proposal");
    let text = app.proposal.as_ref().unwrap().draft.text();
    let effects = press(&mut app, Enter);
    assert_eq!(effects, [Effect::Proposal(ProposalRequest::Write(text))]);
    // until it is written, nothing else is asked
    assert!(walk(&mut app, &[Enter, Char('n'), Char('e'), Right, Char('3')]).is_empty());
    assert_eq!(app.screen, Screen::Proposal);
    let written = ProposalOutcome {
        request: ProposalRequest::Write(String::new()),
        result: Ok(ProposalAnswer::Settings(Opened {
            project: "shelf".to_owned(),
            start: "flask run".to_owned(),
            ..Opened::default()
        })),
    };
    let effects = update(&mut app, Msg::Proposal(Box::new(written)));
    assert_eq!(effects, [Effect::Probe(StepId::ALL.to_vec())]);
    assert_eq!(app.screen, Screen::Step(StepId::Login));
    assert_eq!(
        (&*app.options.project, &*app.options.start),
        ("shelf", "flask run")
    );
}

#[test]
fn a_guess_is_not_written_by_enter_alone() {
    let mut app = fixture("proposal-guess");
    let effects = press(&mut app, Enter);
    assert_eq!(effects, [Effect::Probe(StepId::ALL.to_vec())]);
}

#[test]
fn a_value_is_edited_in_a_dialog_and_taken_only_if_it_can_be_read() {
    let mut app = fixture("proposal");
    let name = |app: &App| {
        app.proposal
            .as_ref()
            .unwrap()
            .draft
            .value(0)
            .unwrap()
            .value
            .clone()
    };
    // the first value is the row after "write" and "go on"
    assert!(walk(&mut app, &[Down, Down, Enter]).is_empty());
    assert!(matches!(app.overlay, Some(Overlay::Prompt(_))));
    walk(&mut app, &[Backspace; 9]);
    press(&mut app, Enter);
    // a project needs a name
    assert!(matches!(&app.overlay, Some(Overlay::Prompt(dialog)) if dialog.problem.is_some()));
    assert_eq!(name(&app), "\"aido-todo\"");
    walk(
        &mut app,
        &"aido-todo2".chars().map(Char).collect::<Vec<_>>(),
    );
    press(&mut app, Enter);
    assert_eq!(
        (name(&app).as_str(), &app.overlay),
        ("\"aido-todo2\"", &None)
    );
    // the next value is selected; what is left with Esc is kept
    walk(&mut app, &[Up, Char('e'), Char('x'), Esc]);
    assert_eq!(name(&app), "\"aido-todo2\"");
    assert_eq!(app.focus, Focus::Choices);
}

#[test]
fn reading_again_never_discards_a_change() {
    let mut app = fixture("proposal");
    let read = ProposalRequest::Of("backend".to_owned());
    assert_eq!(press(&mut app.clone(), Char('r')), [Effect::Proposal(read)]);
    walk(&mut app, &[Down, Down, Char('e'), Char('2'), Enter]);
    let changed = app.proposal.clone();
    assert!(press(&mut app, Char('r')).is_empty());
    assert_eq!(app.proposal, changed);
    assert!(
        app.toast
            .is_some_and(|toast| toast.text.contains("discard"))
    );
}

#[test]
fn another_app_is_proposed_for_and_comes_round() {
    let mut app = fixture("proposal-apps");
    let dir = app.proposal.as_ref().unwrap().next_app().unwrap().0.clone();
    let effects = press(&mut app, Enter);
    assert_eq!(
        effects,
        [Effect::Proposal(ProposalRequest::Of(dir.clone()))]
    );
    let other = ProposalOutcome {
        request: ProposalRequest::Of(dir.clone()),
        result: Ok(ProposalAnswer::Settings(Opened {
            found: Some({
                let mut found = (*app.proposal.as_ref().unwrap().found).clone();
                found.others = vec![(found.dir.clone(), found.stack)];
                found.dir.clone_from(&dir);
                found.into()
            }),
            ..Opened::default()
        })),
    };
    assert!(update(&mut app, Msg::Proposal(Box::new(other))).is_empty());
    let proposal = app.proposal.as_ref().unwrap();
    assert_eq!(proposal.found.dir, dir);
    assert_ne!(proposal.next_app().unwrap().0, dir);
}

/// What came of reading a `neonup.toml` of this text.
fn read(text: &str) -> Msg {
    Msg::Proposal(Box::new(ProposalOutcome {
        request: ProposalRequest::Read(SettingsPart::Branch),
        result: Ok(ProposalAnswer::Text(text.to_owned())),
    }))
}

const FILE: &str = "# ours\n[project]\nname = \"aido-todo\"\n";

#[test]
fn settings_open_where_they_were_asked_for_and_nowhere_else() {
    let mut app = fixture("project-done");
    let asked = Effect::Proposal(ProposalRequest::Read(SettingsPart::Branch));
    assert_eq!(press(&mut app, Char('c')), [asked]);
    let mut elsewhere = app.clone();
    press(&mut elsewhere, Char('3'));
    assert!(update(&mut elsewhere, read(FILE)).is_empty());
    assert_eq!(elsewhere.screen, Screen::Step(StepId::Env));
    let mut asking = app.clone();
    press(&mut asking, Char('?'));
    update(&mut asking, read(FILE));
    assert_eq!(asking.screen, Screen::Step(StepId::Project));
    update(&mut app, read(FILE));
    assert_eq!(app.screen, Screen::Proposal);
    // nothing was changed, so that nothing is asked, written or probed on the way back
    assert!(press(&mut app, Esc).is_empty());
    assert_eq!(
        (app.screen, &app.proposal),
        (Screen::Step(StepId::Project), &None)
    );
}

#[test]
fn saved_settings_are_what_was_shown_and_every_step_looks_again() {
    let mut app = fixture("project-done");
    press(&mut app, Char('c'));
    update(&mut app, read(FILE));
    // `n` takes the next branch that the project has
    assert!(press(&mut app, Char('n')).is_empty());
    for away in [Esc, Right, Char('3'), Char('8'), Char('q')] {
        assert!(press(&mut app, away).is_empty());
        assert_eq!(app.screen, Screen::Proposal, "{away:?}");
    }
    walk(&mut app, &[Up; 9]);
    let after = "# ours\n[project]\nname = \"aido-todo\"\nbranch = \"main\"\n".to_owned();
    let replace = ProposalRequest::Replace {
        before: FILE.to_owned(),
        after,
    };
    let effects = press(&mut app, Enter);
    assert_eq!(effects, [Effect::Proposal(replace.clone())]);
    let refused = ProposalOutcome {
        request: replace.clone(),
        result: Err("changed meanwhile".to_owned()),
    };
    let mut kept = app.clone();
    assert!(update(&mut kept, Msg::Proposal(Box::new(refused))).is_empty());
    assert!(
        kept.proposal
            .is_some_and(|proposal| proposal.draft.is_changed())
    );
    let saved = ProposalOutcome {
        request: replace,
        result: Ok(ProposalAnswer::Settings(Opened::default())),
    };
    let effects = update(&mut app, Msg::Proposal(Box::new(saved)));
    assert_eq!(effects, [Effect::Probe(StepId::ALL.to_vec())]);
    assert_eq!(
        (app.screen, app.proposal),
        (Screen::Step(StepId::Project), None)
    );
}

#[test]
fn settings_that_cannot_be_shown_say_why() {
    for (text, says) in [
        ("[project]\nnam = 1\n", "did you mean `name`?"),
        ("[project", "line 1"),
    ] {
        let mut app = fixture("project-done");
        press(&mut app, Char('c'));
        update(&mut app, read(text));
        assert_eq!(app.screen, Screen::Step(StepId::Project));
        let toast = app.toast.unwrap().text;
        assert!(toast.contains(says), "{toast}");
    }
    // neither while the room looks on nor while a step is applied
    let mut app = fixture("project-done");
    app.presenter = true;
    assert!(press(&mut app, Char('c')).is_empty());
    let mut app = fixture("project-creating");
    assert!(press(&mut app, Char('c')).is_empty());
}
