//! The core: settings, the plan, the runtime.

use std::{collections::BTreeSet, path::Path};

use crate::{
    core::{
        code::Code,
        event::{Event, EventKind, Outcome, Phase, Report, RunError, Verdict},
        exit::Exit,
        failure::Failure,
        finding::Finding,
        plan::{Plan, Status},
        step::StepId,
    },
    engine::Runtime,
    project::{
        config::Config,
        resolve::Layers,
        settings::{Flags, Settings},
    },
};

use crate::testing::world::{KEY, World, settings, variables};

#[test]
fn every_code_and_every_step_has_a_heading_in_setup_md() {
    let text = include_str!("../../../SETUP.md");
    let headings: BTreeSet<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("### "))
        .collect();
    for code in Code::ALL {
        assert!(
            headings.contains(code.as_str()),
            "SETUP.md has no heading `### {code}`"
        );
    }
    for heading in &headings {
        assert!(
            Code::ALL.iter().any(|code| code.as_str() == *heading),
            "SETUP.md explains `{heading}`, which is no code"
        );
    }
    for step in StepId::ALL {
        assert!(
            text.contains(&format!("\n## {}\n", step.label())),
            "SETUP.md has no heading for {step}"
        );
    }
}

fn resolve(config: Option<&str>, environment: &[(&str, &str)], flags: Flags) -> Settings {
    let layers = Layers {
        config: config.map(|text| Config::parse(text).unwrap()),
        detected: Config::parse("[project]\nname = \"detected\"\nregion = \"aws-eu-west-2\"\n")
            .unwrap(),
        environment: variables(environment),
    };
    settings(Path::new("/r"), layers, flags)
}

#[test]
fn the_start_command_can_be_typed_as_shown() {
    for (backend, line) in [
        (
            "dir = \"backend\"\nstart = [\"python\", \"-m\", \"uvicorn\"]",
            Some("cd backend && python -m uvicorn"),
        ),
        (
            "dir = \"my app\"\nstart = [\"npm\", \"start\"]",
            Some("cd 'my app' && npm start"),
        ),
        ("start = [\"sh\", \"-c\", \"a; b\"]", Some("sh -c 'a; b'")),
        ("dir = \"backend\"", None),
    ] {
        let file = format!("[project]\nname = \"todo\"\n[backend]\n{backend}\n");
        let settings = resolve(Some(&file), &[], Flags::default());
        let start = settings.backend.unwrap().start_line();
        assert_eq!(start.as_deref(), line, "{backend}");
    }
}

#[test]
fn flags_win_over_the_environment_over_the_file_over_what_is_detected() {
    let flags = Flags {
        api_host: Some("https://flag.example/api/".to_owned()),
        project: Some("flag-id".to_owned()),
        ..Flags::default()
    };
    let environment = [("NEON_API_HOST", "https://env.example/api")];
    let file = "[project]\nname = \"file\"\nid = \"file-id\"\n";
    let settings = resolve(Some(file), &environment, flags);
    assert_eq!(settings.api_host, "https://flag.example/api");
    assert_eq!(settings.project.id.as_deref(), Some("flag-id"));
    assert_eq!(settings.project.name, "file");
    assert_eq!(settings.project.region.as_deref(), Some("aws-eu-west-2"));
    assert_eq!(
        resolve(Some(file), &environment, Flags::default()).api_host,
        "https://env.example/api"
    );
    let plain = resolve(None, &[], Flags::default());
    assert_eq!(plain.api_host, "https://console.neon.tech/api/v2");
    assert_eq!(plain.project.name, "detected");
    assert_eq!(plain.project.postgres, 17);
}

#[test]
fn a_configuration_error_names_the_line_and_the_nearest_name() {
    for (text, line, words) in [
        ("[project]\nnmae = \"x\"\n", 2, "did you mean `name`"),
        ("[project]\nname = 1\n", 2, "is a text"),
        ("\n[proyect]\n", 2, "did you mean `project`"),
        ("[[env]]\nexample = \"a\"\n", 1, "needs `file`"),
        (
            "[[env]]\nfile = \"/etc/passwd\"\n",
            2,
            "inside the repository",
        ),
        ("[[env]]\nfile = \"../x\"\n", 2, "inside the repository"),
        ("[[env]]\nfile = \".git/config\"\n", 2, "git's own folder"),
        ("[[env]]\nfile = \"a/.GIT/x\"\n", 2, "git's own folder"),
        (
            "[[env]]\nfile = \".env\"\nexample = \"../x\"\n",
            3,
            "`example` is a path inside the repository",
        ),
        (
            "[[env]]\nfile = \".env\"\nexample = \".git/hooks/pre-commit\"\n",
            3,
            "git's own folder",
        ),
        (
            "[schema]\nfiles = [\"a.sql\", \"/etc/passwd\"]\n",
            2,
            "`files` is a path inside the repository",
        ),
        ("[schema]\nfiles = [\".Git/x\"]\n", 2, "git's own folder"),
        (
            "[backend]\ndir = \"a/../../b\"\n",
            2,
            "`dir` is a path inside the repository",
        ),
        ("[backend]\ndir = \".git\"\n", 2, "git's own folder"),
        (
            "[project]\nbranch = \"dev/{name}\"\n",
            2,
            "{user} in it stands for each developer's name",
        ),
        (
            "[project]\nbranch = \"dev/{user}\"\nbranch_expires_days = 31\n",
            3,
            "a number from 1 to 30",
        ),
        (
            "[project]\nbranch = \"main\"\nbranch_expires_days = 3\n",
            3,
            "needs a branch for each developer",
        ),
        (
            "[[env]]\nfile = \".env\"\nkeys.A = { url = \"direkt\" }\n",
            3,
            "\"direct\" or \"pooled\"",
        ),
        (
            "[[env]]\nfile = \".env\"\nkeys.A = { url = \"direct\", driver = \"psycog\" }\n",
            3,
            "psycopg",
        ),
        (
            "[[env]]\nfile = \".env\"\nkeys.A-B = \"x\"\n",
            3,
            "no portable key",
        ),
        (
            "[[env]]\nfile = \".env\"\nkeys.A = { generate = \"hex\", bytes = 1 }\n",
            3,
            "from 16 to 512",
        ),
        ("[project]\npostgres = 9\n", 2, "from 14 to 19"),
        ("[env]\nfile = \".env\"\n", 1, "[[env]]"),
        ("[backend]\nstart = \"python\"\n", 2, "list of texts"),
        ("[project\n", 1, ""),
        (
            "[unheard-of-thing]\n",
            1,
            "the keys here are project, env, schema, backend",
        ),
    ] {
        let error = Config::parse(text).unwrap_err();
        assert_eq!(error.line, line, "{text:?}: {error}");
        assert!(error.message.contains(words), "{text:?}: {error}");
    }
}

#[test]
fn paths_inside_the_repository_are_accepted() {
    let text = "[[env]]\nfile = \"./a/.gitted/.env\"\nexample = \".github/x\"\n[schema]\nfiles = [\"db/*.sql\"]\n[backend]\ndir = \"\"\n[project]\nbranch = \"dev/ada\"\n";
    let config = Config::parse(text).unwrap();
    assert_eq!(config.env[0].file, "a/.gitted/.env");
    assert_eq!(config.project.branch.as_deref(), Some("dev/ada"));
}

#[test]
fn recording_the_project_id_keeps_comments() {
    let text = "# ours\n[project]\nname = \"todo\"     # the name\nregion = \"aws-us-east-2\"\n\n[[env]]\nfile = \".env\"\n";
    let written = Config::with_project(text, "todo", "old-violet-32930710").unwrap();
    assert!(
        written.contains("# ours\n[project]\nname = \"todo\"     # the name\n"),
        "{written}"
    );
    assert_eq!(
        Config::parse(&written).unwrap().project.id.as_deref(),
        Some("old-violet-32930710")
    );
    assert_eq!(
        Config::with_project(&written, "todo", "old-violet-32930710").unwrap(),
        written
    );
    let fresh = Config::with_project("", "todo", "a-1").unwrap();
    assert_eq!(
        Config::parse(&fresh).unwrap().project.name.as_deref(),
        Some("todo")
    );
}

fn finished(run: u64, step: StepId, result: Result<Report, RunError>) -> Event {
    Event {
        run,
        step,
        kind: EventKind::Finished(Outcome {
            phase: Phase::Probe,
            elapsed: std::time::Duration::from_millis(1),
            result,
        }),
    }
}

fn started(run: u64, step: StepId) -> Event {
    Event {
        run,
        step,
        kind: EventKind::Started(Phase::Probe),
    }
}

#[test]
fn the_exit_code_is_a_function_of_the_plan() {
    let done = || Ok(Report::judged("all well", Vec::new()));
    let gap = || {
        Ok(Report::judged(
            "",
            vec![Finding::new(Code::EnvMissingFile, "gone")],
        ))
    };
    let warning = || {
        Ok(Report::judged(
            "",
            vec![Finding::new(Code::HealthSlow, "slow")],
        ))
    };
    let failed = || Err(Failure::new(Code::HealthTcp, "refused").into());
    let skipped = || Ok(Report::skipped("no backend"));
    let exit = |results: Vec<Result<Report, RunError>>| {
        let mut plan = Plan::new();
        let steps: Vec<_> = StepId::ALL.into_iter().take(results.len()).collect();
        for (step, result) in steps.iter().zip(results) {
            plan.fold(&started(1, *step));
            plan.fold(&finished(1, *step, result));
        }
        plan.exit(&steps)
    };
    assert_eq!(exit(vec![done(), warning(), skipped()]), Exit::Done);
    assert_eq!(exit(vec![done(), gap()]), Exit::Gaps);
    assert_eq!(exit(vec![gap(), failed(), done()]), Exit::Failed);
    assert_eq!(
        Plan::new().exit(&StepId::ALL),
        Exit::Gaps,
        "what was not looked at is not done"
    );
    let codes = [
        Exit::Done,
        Exit::Gaps,
        Exit::Failed,
        Exit::Usage,
        Exit::Bug,
        Exit::Cancelled,
    ]
    .map(|exit| exit as u8);
    assert_eq!(codes, [0, 1, 2, 64, 70, 130]);
}

#[test]
fn an_event_of_an_older_run_changes_nothing() {
    let mut plan = Plan::new();
    plan.fold(&started(1, StepId::Env));
    plan.fold(&started(2, StepId::Env));
    plan.fold(&finished(
        1,
        StepId::Env,
        Err(Failure::new(Code::EnvStaleUrl, "old").into()),
    ));
    assert_eq!(plan.status(StepId::Env), Status::Running);
    plan.fold(&finished(
        2,
        StepId::Env,
        Ok(Report::judged("new", Vec::new())),
    ));
    assert_eq!(plan.status(StepId::Env), Status::Done);
    plan.fold(&started(3, StepId::Env));
    plan.fold(&finished(3, StepId::Env, Err(RunError::Cancelled)));
    assert_eq!(
        plan.status(StepId::Env),
        Status::Done,
        "a cancelled probe changes nothing"
    );
}

async fn until_finished(
    events: &mut tokio::sync::mpsc::UnboundedReceiver<Event>,
    steps: &[StepId],
) -> Vec<Event> {
    let mut open: BTreeSet<_> = steps.iter().copied().collect();
    let mut all = Vec::new();
    while !open.is_empty() {
        let event = events.recv().await.unwrap();
        if matches!(event.kind, EventKind::Finished(_) | EventKind::Bug(_)) {
            open.remove(&event.step);
        }
        all.push(event);
    }
    all
}

#[tokio::test]
async fn steps_are_probed_after_those_they_need() {
    let world = World::default();
    world.project("p-1", "todo");
    let (runtime, mut events) = Runtime::new(World::settings(Flags::default()), world.ports());
    let steps = [StepId::Login, StepId::Project];
    runtime.probe_all(&steps);
    let all = until_finished(&mut events, &steps).await;
    let order: Vec<_> = all
        .iter()
        .filter(|event| matches!(event.kind, EventKind::Finished(_)))
        .map(|event| event.step)
        .collect();
    assert_eq!(order, steps);
    runtime.shutdown().await;
    let calls = world.with(|state| state.calls.clone());
    assert_eq!(calls, ["auth", "list"]);
}

/// Whose key it is decides nothing about the list, so that the two are asked for at the same time.
#[tokio::test]
async fn projects_are_listed_while_neon_checks_the_key() {
    let world = World::default();
    world.with(|state| state.auth_hangs = true);
    let (runtime, mut events) = Runtime::new(World::settings(Flags::default()), world.ports());
    runtime.probe_all(&[StepId::Login, StepId::Project]);
    while !world.with(|state| state.calls.contains(&"list".to_owned())) {
        tokio::task::yield_now().await;
    }
    // what was listed is told only when it is known whose key it is
    runtime.shutdown().await;
    while let Ok(event) = events.try_recv() {
        assert!(!matches!(
            event.kind,
            EventKind::Finished(Outcome { result: Ok(_), .. })
        ));
    }
}

#[tokio::test]
async fn a_panic_in_a_step_becomes_an_event_without_its_message() {
    let world = World::default();
    world.with(|state| state.auth_panics = true);
    let (runtime, mut events) = Runtime::new(World::settings(Flags::default()), world.ports());
    runtime.probe(StepId::Login);
    let all = until_finished(&mut events, &[StepId::Login]).await;
    let EventKind::Bug(text) = &all.last().unwrap().kind else {
        panic!("{all:?}")
    };
    assert!(!text.contains(KEY), "{text}");
    runtime.shutdown().await;
}

#[tokio::test]
async fn a_hanging_probe_can_be_cancelled_and_does_not_delay_shutdown() {
    let world = World::default();
    world.with(|state| state.auth_hangs = true);
    let (runtime, mut events) = Runtime::new(World::settings(Flags::default()), world.ports());
    runtime.probe(StepId::Login);
    runtime.cancel(StepId::Login);
    let all = until_finished(&mut events, &[StepId::Login]).await;
    let EventKind::Finished(outcome) = &all.last().unwrap().kind else {
        panic!("{all:?}")
    };
    assert_eq!(outcome.result, Err(RunError::Cancelled));
    runtime.probe(StepId::Login);
    runtime.shutdown().await;
}

#[test]
fn a_report_is_judged_by_its_gaps() {
    let warning = Finding::new(Code::HealthSlow, "slow");
    assert_eq!(Report::judged("", vec![warning]).verdict, Verdict::Done);
    assert_eq!(
        Report::judged("", vec![Finding::new(Code::EnvNoTls, "")]).verdict,
        Verdict::Todo
    );
}
