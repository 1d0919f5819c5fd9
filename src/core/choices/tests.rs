//! What each step offers in each state, and what a bare Enter does.

use std::collections::BTreeMap;

use crate::core::{
    answer::{
        Answer, BackendAnswer, CommandAnswer, EnvAnswer, KeyStorage, LoginAnswer, ProjectAnswer,
        SecretsAnswer,
    },
    app_run::AppAddress,
    choices::{
        Action, AppChoice, ChoiceRow, Choices, Medium, ProjectMatches, StepContext, command_for,
        of_step, of_summary,
    },
    code::Code,
    facts::{
        AppStanding, BackendFacts, CheckState, DiffLine, DiffSign, EnvFacts, EnvFile, Facts,
        FileChange, HealthFacts, JoinedProject, KeyringState, ListedProject, LoginFacts,
        ProjectFacts, SchemaFacts, SecretsFacts, Table,
    },
    finding::Finding,
    invocation::Invocation,
    plan::{Status, StepState},
    remedy::Remedy,
    step::StepId,
    trust::{CloneCommand, CommandPurpose},
};

fn state(status: Status, facts: Facts) -> StepState {
    let mut state = StepState::default();
    state.status = status;
    state.facts = Some(facts);
    state
}

fn with_finding(mut state: StepState, finding: Finding) -> StepState {
    state.findings.push(finding);
    state
}

/// The choices on a screen.
fn on_screen(step: StepId, state: &StepState) -> Choices {
    of_step(&StepContext::new(Medium::Screens, step, state))
}

fn actions(choices: &Choices) -> Vec<Action> {
    choices.rows().map(ChoiceRow::action).collect()
}

/// What a bare Enter does.
fn default(step: StepId, state: &StepState) -> Action {
    on_screen(step, state).default_row().unwrap().action()
}

fn backend(new: usize, existing: usize) -> StepState {
    let change = |exists| FileChange {
        path: "main.py".to_owned(),
        why: String::new(),
        diff: Vec::new(),
        exists,
    };
    let mut changes = vec![change(false); new];
    changes.extend(vec![change(true); existing]);
    let backend = BackendFacts {
        changes,
        ..BackendFacts::default()
    };
    state(Status::Todo, Facts::Backend(backend))
}

fn schema(source: &str) -> StepState {
    let table = Table {
        name: "todo".to_owned(),
        state: CheckState::Gap,
        columns: Vec::new(),
        notes: Vec::new(),
    };
    let schema = SchemaFacts {
        source: source.to_owned(),
        tables: vec![table],
        ..SchemaFacts::default()
    };
    let state = state(Status::Todo, Facts::Schema(schema));
    with_finding(state, Finding::new(Code::SchemaMissingTable, "no table"))
}

fn written(diff: bool, undo: bool) -> StepState {
    let line = DiffLine {
        sign: DiffSign::Add,
        text: "DATABASE_URL=…".to_owned(),
    };
    let file = EnvFile {
        file: ".env".to_owned(),
        checks: Vec::new(),
        diff: if diff { vec![line] } else { Vec::new() },
        changed: 0,
        added: 1,
        untouched: 0,
        undo,
        example: false,
    };
    state(Status::Todo, Facts::Env(EnvFacts { files: vec![file] }))
}

fn leaked(remedy: Option<Remedy>) -> StepState {
    let secrets = SecretsFacts {
        hook: Some(false),
        ..SecretsFacts::default()
    };
    let leak = Finding::new(Code::SecretsLiveSecretInHistory, "it leaked").remedy(remedy);
    with_finding(state(Status::Todo, Facts::Secrets(secrets)), leak)
}

fn projects(status: Status, names: &[(&str, bool)]) -> ProjectFacts {
    let choice = |(id, meant): &(&str, bool)| ListedProject {
        id: (*id).to_owned(),
        name: "todo".to_owned(),
        region: String::new(),
        postgres: 17,
        created_at: String::new(),
        age: String::new(),
        meant: *meant,
    };
    ProjectFacts {
        wanted: "todo".to_owned(),
        choices: names.iter().map(choice).collect(),
        joined: (status == Status::Done).then(JoinedProject::default),
        ..ProjectFacts::default()
    }
}

#[test]
fn the_default_is_what_the_step_can_do_now() {
    let tracked = Finding::new(Code::EnvNotIgnored, "git tracks it");
    let reason = "existing code is not changed".to_owned();
    let key = Action::Run(Invocation::RotateKey);
    let fix = |step| Action::Apply(Answer::default_of(step));
    let missing = ProjectFacts {
        unlisted: 2,
        ..projects(Status::Todo, &[])
    };
    let temporary = ProjectFacts {
        temporary: true,
        ..ProjectFacts::default()
    };
    let project = |project| state(Status::Todo, Facts::Project(project));
    for (id, state, expected) in [
        // no change to existing code unless somebody wants it
        (StepId::Backend, backend(0, 1), Action::Skip(reason)),
        (StepId::Backend, backend(1, 1), fix(StepId::Backend)),
        // there is nothing to run
        (StepId::Schema, schema(""), Action::Probe),
        (StepId::Schema, schema("schema.sql"), fix(StepId::Schema)),
        // a tracked file is not written
        (
            StepId::Env,
            with_finding(written(true, false), tracked),
            Action::GoTo(StepId::Secrets),
        ),
        (StepId::Env, written(true, false), fix(StepId::Env)),
        (StepId::Env, written(false, true), Action::Probe),
        // the remedy that the leak has
        (
            StepId::Secrets,
            leaked(Some(Remedy::RotatePassword)),
            Action::Rotate,
        ),
        (StepId::Secrets, leaked(Some(Remedy::RotateKey)), key),
        (StepId::Secrets, leaked(None), Action::Probe),
        // what was not listed may be the one that is meant
        (StepId::Project, project(missing), Action::Probe),
        (
            StepId::Project,
            project(projects(Status::Todo, &[])),
            fix(StepId::Project),
        ),
        (StepId::Project, project(temporary), fix(StepId::Project)),
    ] {
        assert_eq!(default(id, &state), expected, "{id} {:?}", state.findings);
    }
}

#[test]
fn ambiguous_projects_have_no_default() {
    for (second, filter, default) in [
        (true, "", None),
        (true, "todo", None),
        (true, "p-1", Some(0)),
        (false, "", Some(0)),
        (false, "p-2", Some(0)),
    ] {
        let list = projects(Status::Todo, &[("p-1", true), ("p-2", second)]);
        let matches = ProjectMatches::new(&list.choices, filter);
        let state = state(Status::Todo, Facts::Project(list));
        let choices = of_step(&StepContext {
            matches: Some(matches.into()),
            ..StepContext::new(Medium::Screens, StepId::Project, &state)
        });
        assert!(matches!(choices.get(0), Some(ChoiceRow::Project(_))));
        assert_eq!(choices.default, default, "{second} {filter}");
    }
}

#[test]
fn a_failed_list_of_projects_offers_one_new_probe_above_them() {
    let list = ProjectFacts {
        unlisted: 1,
        ..projects(Status::Failed, &[("p-1", false)])
    };
    let matches = ProjectMatches::new(&list.choices, "");
    let state = state(Status::Failed, Facts::Project(list));
    let choices = of_step(&StepContext {
        matches: Some(matches.into()),
        ..StepContext::new(Medium::Screens, StepId::Project, &state)
    });
    let join = Action::Apply(Answer::Project(ProjectAnswer::Join("p-1".to_owned())));
    assert_eq!(
        actions(&choices),
        [Action::Probe, Action::Create, join, Action::AskToSkip]
    );
    assert_eq!(choices.default, Some(0));
}

/// A bare Enter at a step that cannot work yet must not fail for ever.
#[test]
fn a_step_that_failed_behind_a_blocker_leads_to_the_blocker() {
    let mut state = StepState::default();
    state.status = Status::Failed;
    let first = |blocker| {
        let choices = of_step(&StepContext {
            blocker,
            ..StepContext::new(Medium::Screens, StepId::Env, &state)
        });
        choices.default_row().unwrap().action()
    };
    assert_eq!(first(Some(StepId::Project)), Action::GoTo(StepId::Project));
    assert_eq!(first(None), Action::Probe);
    // the same where a file is missing: there is no URL to write into it yet
    state.status = Status::Todo;
    state.findings = vec![Finding::new(Code::EnvMissingFile, "no file").fixable()];
    let choices = of_step(&StepContext {
        blocker: Some(StepId::Project),
        ..StepContext::new(Medium::Screens, StepId::Env, &state)
    });
    assert_eq!(
        actions(&choices),
        [
            Action::GoTo(StepId::Project),
            Action::Probe,
            Action::AskToSkip
        ]
    );
}

#[test]
fn without_an_account_there_is_no_other_project_to_choose() {
    for temporary in [false, true] {
        let list = ProjectFacts {
            temporary,
            ..projects(Status::Done, &[])
        };
        let state = state(Status::Done, Facts::Project(list));
        let choices = on_screen(StepId::Project, &state);
        assert_eq!(choices.has(&Action::Change), !temporary);
    }
}

#[test]
fn the_login_of_the_neon_cli_is_never_stored_in_plain_text_by_default() {
    for (keyring, store) in [
        (KeyringState::Ready, KeyStorage::Keyring),
        (
            KeyringState::Unavailable("locked".to_owned()),
            KeyStorage::Session,
        ),
    ] {
        let login = LoginFacts {
            keyring: Some(keyring),
            neon_cli: Some("me@example.com".to_owned()),
            ..LoginFacts::default()
        };
        let state = state(Status::Todo, Facts::Login(login));
        let choices = on_screen(StepId::Login, &state);
        let taken = Action::Apply(Answer::Login(LoginAnswer::NeonCli(store)));
        assert_eq!(
            actions(&choices)[..2],
            [taken.clone(), Action::ApplyKey(store)]
        );
        // whoever wants another key is asked for it first
        let change = of_step(&StepContext {
            change: true,
            ..StepContext::new(Medium::Screens, StepId::Login, &state)
        });
        assert_eq!(actions(&change)[0], Action::ApplyKey(store));
        assert_eq!(actions(&change)[2], taken);
    }
}

#[test]
fn a_step_that_found_nothing_waits_for_the_one_before_it() {
    let blocked = |state: &StepState| {
        actions(&of_step(&StepContext {
            blocker: Some(StepId::Env),
            ..StepContext::new(Medium::Screens, StepId::Schema, state)
        }))
    };
    let mut waits = StepState::default();
    waits.status = Status::Todo;
    assert_eq!(
        blocked(&waits),
        [Action::GoTo(StepId::Env), Action::Probe, Action::AskToSkip]
    );
    assert_eq!(
        blocked(&schema("schema.sql"))[0],
        Action::Apply(Answer::default_of(StepId::Schema))
    );
}

#[test]
fn consent_to_a_command_is_asked_first_and_is_never_the_default() {
    let command = CloneCommand {
        purpose: CommandPurpose::Schema,
        argv: vec!["sh".to_owned(), "migrate.sh".to_owned()],
        dir: String::new(),
        variables: BTreeMap::new(),
        files: BTreeMap::new(),
        questions: Vec::new(),
        unheld: None,
    };
    let asks = Finding::new(Code::SchemaCommandUntrusted, "not yet").asks_for(command.clone());
    let state = with_finding(schema("sh migrate.sh"), asks);
    for medium in [Medium::Screens, Medium::Lines] {
        let choices = of_step(&StepContext::new(medium, StepId::Schema, &state));
        let trust = CommandAnswer::Trust(vec![command.clone()]);
        assert_eq!(actions(&choices)[0], Action::Apply(Answer::Schema(trust)));
        assert_eq!(choices.default, None);
        let run = Action::Apply(Answer::default_of(StepId::Schema));
        assert!(!actions(&choices).contains(&run));
        assert_eq!(choices.get(0).unwrap().command(), Invocation::Trust);
    }
}

#[test]
fn the_lines_offer_what_the_screens_have_a_key_for() {
    let added = |step, state: &StepState| {
        let screens = actions(&on_screen(step, state));
        let lines = actions(&of_step(&StepContext::new(Medium::Lines, step, state)));
        assert!(screens.iter().all(|action| lines.contains(action)));
        let is_new = |action: &Action| !screens.contains(action);
        lines.into_iter().filter(is_new).collect::<Vec<_>>()
    };
    let mut failed = written(true, true);
    failed.status = Status::Failed;
    let undo = Action::Apply(Answer::Env(EnvAnswer::Undo));
    assert_eq!(added(StepId::Env, &failed), [undo, Action::Quit]);
    assert_eq!(added(StepId::Env, &written(true, true)), [Action::Quit]);
    let hook = Action::Apply(Answer::Secrets(SecretsAnswer::InstallHook));
    assert_eq!(added(StepId::Secrets, &leaked(None)), [hook, Action::Quit]);
    let login = state(Status::Todo, Facts::Login(LoginFacts::default()));
    assert_eq!(
        added(StepId::Login, &login),
        [Action::AskToSkip, Action::Quit]
    );
    let unknown = StepState::default();
    assert_eq!(added(StepId::Env, &unknown), [Action::Probe, Action::Quit]);
}

#[test]
fn the_summary_leads_to_what_is_open_or_ends() {
    let default = |medium, open| {
        let choices = of_summary(medium, open, &[], "npm start", "", AppChoice::None);
        choices.default_row().unwrap().action()
    };
    let open = Some(StepId::Env);
    assert_eq!(default(Medium::Screens, open), Action::GoTo(StepId::Env));
    assert_eq!(default(Medium::Screens, None), Action::Quit);
    assert_eq!(default(Medium::Lines, open), Action::Quit);
}

#[test]
fn the_end_offers_what_can_be_done_with_the_app() {
    let labels = |app| {
        let choices = of_summary(Medium::Screens, None, &[], "npm start", "neonup psql", app);
        assert_eq!(choices.default_row().unwrap().action(), Action::Quit);
        let rows = choices.above_projects().iter();
        rows.map(|choice| choice.label.clone())
            .filter(|label| label.contains("app") || label.contains("API"))
            .collect::<Vec<_>>()
    };
    assert_eq!(labels(AppChoice::None), [""; 0]);
    let start = "Start the app and keep it running";
    assert_eq!(labels(AppChoice::Proved), [start]);
    assert_eq!(labels(AppChoice::Running(None)), ["Stop the app"]);
    let address = AppAddress {
        root: "http://localhost:3000/".to_owned(),
        docs: None,
    };
    let without = ["Open the app", "Stop the app"];
    assert_eq!(labels(AppChoice::Running(Some(address.clone()))), without);
    let documented = AppAddress {
        docs: Some("http://localhost:3000/docs".to_owned()),
        ..address
    };
    let with = ["Open the app", "Open its API documentation", "Stop the app"];
    assert_eq!(labels(AppChoice::Running(Some(documented))), with);
}

#[test]
fn the_summary_fixes_everything_that_needs_no_question_and_never_by_default() {
    let fixable = vec![StepId::Env, StepId::Secrets];
    for (medium, open) in [
        (Medium::Lines, None),
        (Medium::Screens, None),
        (Medium::Screens, Some(StepId::Health)),
    ] {
        let choices = of_summary(medium, open, &fixable, "", "", AppChoice::None);
        let fix = Action::FixAll(fixable.clone());
        assert!(choices.has(&fix));
        assert_ne!(choices.default_row().unwrap().action(), fix);
    }
}

#[test]
fn each_answer_names_the_command_that_does_the_same() {
    let nothing = StepState::default();
    let temporary = ProjectFacts {
        temporary: true,
        ..ProjectFacts::default()
    };
    let temporary = state(Status::Todo, Facts::Project(temporary));
    for (answer, state, expected) in [
        (Answer::default_of(StepId::Login), &nothing, "neonup login"),
        (
            Answer::default_of(StepId::Env),
            &nothing,
            "neonup setup env",
        ),
        (
            Answer::default_of(StepId::Project),
            &temporary,
            "neonup setup --claimable",
        ),
        (
            Answer::Login(LoginAnswer::Temporary),
            &nothing,
            "neonup setup --claimable",
        ),
        (
            Answer::Project(ProjectAnswer::Join("p-1".to_owned())),
            &nothing,
            "neonup setup project --project p-1",
        ),
        (
            Answer::Project(ProjectAnswer::Create("todo".to_owned())),
            &nothing,
            "neonup setup project --new",
        ),
        (
            Answer::Backend(BackendAnswer::EditCode),
            &nothing,
            "neonup setup backend --edit-code",
        ),
        (
            Answer::Env(EnvAnswer::InPlace),
            &nothing,
            "neonup setup env --in-place",
        ),
        (Answer::Env(EnvAnswer::Undo), &nothing, "neonup undo"),
        (
            Answer::Secrets(SecretsAnswer::InstallHook),
            &nothing,
            "neonup hook install",
        ),
        (
            Answer::Secrets(SecretsAnswer::RotatePassword),
            &nothing,
            "neonup rotate",
        ),
        (
            Answer::Login(LoginAnswer::Rotate),
            &nothing,
            "neonup rotate --api-key",
        ),
    ] {
        assert_eq!(command_for(&answer, state).to_string(), expected);
    }
}

#[test]
fn a_command_to_run_elsewhere_is_copied_or_shown() {
    let leaked = leaked(Some(Remedy::RotateKey));
    let login = state(Status::Todo, Facts::Login(LoginFacts::default()));
    for (medium, rotate, demo) in [
        (
            Medium::Screens,
            "Copy: neonup rotate --api-key",
            "Try the demo, no account: copy `neonup demo`",
        ),
        (
            Medium::Lines,
            "Run: neonup rotate --api-key",
            "Try the demo, no account: run `neonup demo`",
        ),
    ] {
        for (step, state, command, label) in [
            (StepId::Secrets, &leaked, Invocation::RotateKey, rotate),
            (StepId::Login, &login, Invocation::Demo, demo),
        ] {
            let choices = of_step(&StepContext::new(medium, step, state));
            let run = Action::Run(command);
            let labels: Vec<_> = choices
                .above_projects()
                .iter()
                .filter(|choice| choice.action == run)
                .map(|choice| choice.label.as_str())
                .collect();
            assert_eq!(labels, [label]);
        }
    }
}

/// Whatever a bare Enter did would fail again, until somebody has changed something.
#[test]
fn after_a_failed_start_a_bare_enter_does_nothing() {
    let health = |status, app| {
        let facts = HealthFacts {
            app,
            ..HealthFacts::default()
        };
        state(status, Facts::Health(facts))
    };
    let start = Action::Apply(Answer::Health(CommandAnswer::Default));
    for status in [Status::Failed, Status::Todo] {
        let failed = with_finding(
            health(status, AppStanding::Failed),
            Finding::new(Code::HealthAppStart, "it ended"),
        );
        let choices = on_screen(StepId::Health, &failed);
        assert!(choices.default_row().is_none(), "{status:?}");
        assert!(choices.has(&start) && !choices.has(&Action::Probe));
    }
    let open = with_finding(
        health(Status::Todo, AppStanding::Unproved),
        Finding::new(Code::HealthAppNotProved, "not started yet"),
    );
    assert_eq!(default(StepId::Health, &open), start);
    let done = health(Status::Done, AppStanding::Proved);
    assert_eq!(default(StepId::Health, &done), Action::GoOn);
    assert!(on_screen(StepId::Health, &done).has(&start));
}
