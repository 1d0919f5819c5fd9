//! The runtime against a world in memory.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::{
    core::{
        answer::{Answer, KeyStorage, LoginAnswer},
        code::Code,
        event::{Event, EventKind, Outcome, Phase, Progress, Report, RunError, Verdict},
        facts::{Facts, KeySource, SchemaFacts},
        finding::Finding,
        proof::Basis,
        secret::Secret,
        step::StepId,
    },
    domain::reading::Spot,
    engine::{Runtime, context::KnownKey},
    ports::lock::{CloneHold, CloneLock, LockError},
    project::settings::{EnvBasis, Flags},
    testing::{
        ports::AtTheBrowser,
        world::{KEY, World},
    },
};

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

/// Every front end draws what the events say, so that a secret is out of them already.
#[tokio::test]
async fn no_event_carries_a_secret_that_is_known() {
    let world = World::default();
    let (cx, mut events) = world.context(World::settings(Flags::default()), StepId::Health);
    let key = Secret::new("canary-0123456789");
    let source = KeySource::Environment;
    cx.remember_key(Some(KnownKey::of_key(key, source)));
    let said = "said canary-0123456789, and postgres://u:other-canary%40h/d";
    cx.progress(Progress::label(said));
    let finding = Finding::new(Code::HealthAppStart, said)
        .detail(said)
        .hint(said);
    let sql = "select 'canary-0123456789'".to_owned();
    cx.emit(EventKind::Finished(Outcome {
        phase: Phase::Probe,
        elapsed: std::time::Duration::ZERO,
        result: Ok(
            Report::judged(said, Basis::Seen, vec![finding]).facts(Facts::Schema(SchemaFacts {
                sql,
                ..SchemaFacts::default()
            })),
        ),
    }));
    for _ in 0..2 {
        let event = format!("{:?}", events.recv().await.unwrap());
        assert!(!event.contains("canary"), "{event}");
        assert!(event.contains("said ••••, and"), "{event}");
    }
}

/// A lock that another process has until it lets go.
#[derive(Default)]
struct Theirs {
    let_go: AtomicBool,
}

impl CloneLock for Theirs {
    fn try_hold(&self) -> Result<CloneHold, LockError> {
        if self.let_go.load(Ordering::SeqCst) {
            return Ok(CloneHold::new(None, true));
        }
        Err(LockError::Busy(Some(7)))
    }
}

/// The browser is waited for up to five minutes, and a login changes nothing in the clone.
#[tokio::test(start_paused = true)]
async fn a_login_in_the_browser_needs_no_turn() {
    let (world, lock) = (World::default(), Arc::new(Theirs::default()));
    world.with(|state| {
        state.issuer.person = AtTheBrowser::Agrees;
        state.issuer.lifetime = 3600;
        state.issuer.now = 1_790_000_000;
    });
    let mut ports = world.ports();
    ports.lock = lock;
    let settings = World::settings_with(&[], Flags::default());
    let (runtime, mut events) = Runtime::new(settings, ports);
    let login = LoginAnswer::Browser(KeyStorage::Keyring);
    runtime.apply(Answer::Login(login));
    let all = until_finished(&mut events, &[StepId::Login]).await;
    let EventKind::Finished(outcome) = &all.last().unwrap().kind else {
        panic!("{all:?}")
    };
    let report = outcome.result.as_ref().unwrap();
    assert_eq!(report.verdict(), Verdict::Done, "{report:?}");
    runtime.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn an_apply_waits_for_its_turn_and_may_be_cancelled_until_it_comes() {
    let (world, lock) = (World::default(), Arc::new(Theirs::default()));
    let mut ports = world.ports();
    ports.lock = lock.clone();
    let (runtime, mut events) = Runtime::new(World::settings(Flags::default()), ports);
    let apply = || runtime.apply(Answer::default_of(StepId::Env));
    // even of a step that must finish once it has begun
    apply();
    loop {
        let event = events.recv().await.unwrap();
        if let EventKind::Progress(progress) = event.kind {
            let text = "another neonup (process 7) is running in this clone: waiting for it";
            assert_eq!(progress.label, text);
            break;
        }
    }
    runtime.cancel(StepId::Env);
    let result = |events: &[Event]| {
        let EventKind::Finished(outcome) = &events.last().unwrap().kind else {
            panic!("{events:?}")
        };
        outcome.result.clone()
    };
    let all = until_finished(&mut events, &[StepId::Env]).await;
    assert_eq!(result(&all), Err(RunError::Cancelled));
    apply();
    let all = until_finished(&mut events, &[StepId::Env]).await;
    let Err(RunError::Failed(failure)) = result(&all) else {
        panic!("{all:?}")
    };
    assert_eq!(failure.code, Code::ProjectCloneBusy);
    // a look waits for nobody
    runtime.probe_all(&[StepId::Login]);
    until_finished(&mut events, &[StepId::Login]).await;
    lock.let_go.store(true, Ordering::SeqCst);
    apply();
    let all = until_finished(&mut events, &[StepId::Env]).await;
    assert!(result(&all).is_ok(), "{all:?}");
    runtime.shutdown().await;
}

#[tokio::test]
async fn an_app_of_another_database_gets_no_project_and_nothing_of_it_is_run() {
    let world = World::default();
    let mut settings = World::settings(Flags::default());
    settings.env_basis = EnvBasis::OtherServer {
        server: "SQLite",
        at: Spot {
            file: "drizzle.config.ts".to_owned(),
            line: 5,
        },
    };
    let (runtime, mut events) = Runtime::new(settings, world.ports());
    let steps = [StepId::Project, StepId::Schema, StepId::Health];
    runtime.apply(Answer::default_of(StepId::Project));
    let mut all = until_finished(&mut events, &[StepId::Project]).await;
    runtime.apply(Answer::default_of(StepId::Schema));
    all.extend(until_finished(&mut events, &[StepId::Schema]).await);
    runtime.apply(Answer::default_of(StepId::Health));
    all.extend(until_finished(&mut events, &[StepId::Health]).await);
    let reports: Vec<_> = all
        .iter()
        .filter_map(|event| {
            if let EventKind::Finished(outcome) = &event.kind {
                outcome.result.as_ref().ok()
            } else {
                None
            }
        })
        .collect();
    assert_eq!(reports.len(), steps.len());
    for report in reports {
        assert_eq!(report.verdict(), Verdict::Skipped);
        assert_eq!(report.evidence, "your app uses SQLite, not Postgres");
    }
    runtime.shutdown().await;
    assert_eq!(
        world.with(|state| state.calls.clone()),
        Vec::<String>::new()
    );

    // as soon as the app is one of Postgres
    let (runtime, mut events) = Runtime::new(World::settings(Flags::default()), world.ports());
    runtime.apply(Answer::default_of(StepId::Project));
    until_finished(&mut events, &[StepId::Project]).await;
    runtime.shutdown().await;
    assert!(!world.with(|state| state.calls.is_empty()));
}
