//! The application that is kept running, against a world in memory.

use tokio::sync::mpsc::UnboundedReceiver;

use crate::{
    core::{
        app_run::{AppAddress, AppEvent},
        event::{Event, EventKind},
    },
    engine::Runtime,
    project::settings::Flags,
    testing::world::{FakeApp, PASSWORD, World},
};

const CONFIG: &str = r#"
[project]
name = "todo"
[[env]]
file = ".env"
keys.DATABASE_URL = { url = "direct" }
[backend]
start = ["python", "-m", "uvicorn"]
health = "http://127.0.0.1:9/health"
"#;

fn runtime(app: FakeApp, trust: &str) -> (World, Runtime, UnboundedReceiver<Event>) {
    let world = World::default();
    world.with(|state| {
        let host = "ep-a-b-12345678.us-east-2.aws.neon.tech";
        let url = format!("DATABASE_URL=postgresql://neondb_owner:{PASSWORD}@{host}/neondb\n");
        state.files.insert("/repo/.env".into(), url.into_bytes());
        // a program is there if it answers something
        let program = Some((0, String::new()));
        state
            .programs
            .insert("python -m uvicorn".to_owned(), program);
        state.app = Some(app);
    });
    let settings = World::settings_of(CONFIG, &[("NEONUP_TRUST", trust)], Flags::default());
    let (runtime, events) = Runtime::new(settings, world.ports());
    (world, runtime, events)
}

fn healthy() -> FakeApp {
    FakeApp {
        ends: false,
        status: 200,
        body: "<title>Swagger-UI</title>".to_owned(),
        stranger: false,
        runs: false,
        starts: 0,
    }
}

async fn next(events: &mut UnboundedReceiver<Event>) -> AppEvent {
    loop {
        if let EventKind::App(event) = events.recv().await.unwrap().kind {
            return event;
        }
    }
}

fn runs(world: &World) -> bool {
    world.with(|state| state.app.as_ref().unwrap().runs)
}

#[tokio::test]
async fn it_runs_until_it_is_stopped_and_says_where_it_answers() {
    let (world, runtime, mut events) = runtime(healthy(), "1");
    runtime.keep_app();
    let command = "python -m uvicorn".to_owned();
    assert_eq!(next(&mut events).await, AppEvent::Started { command });
    let address = AppAddress {
        root: "http://127.0.0.1:9/".to_owned(),
        docs: Some("http://127.0.0.1:9/docs".to_owned()),
    };
    assert_eq!(next(&mut events).await, AppEvent::Answers(address));
    assert!(runs(&world));
    runtime.stop_app();
    assert_eq!(next(&mut events).await, AppEvent::Stopped);
    assert!(!runs(&world));
    // it can be started again, and ends with everything else
    runtime.keep_app();
    next(&mut events).await;
    runtime.shutdown().await;
    assert!(!runs(&world));
}

#[tokio::test]
async fn one_that_ends_by_itself_says_so() {
    let app = FakeApp {
        ends: true,
        ..healthy()
    };
    let (_world, runtime, mut events) = runtime(app, "1");
    runtime.keep_app();
    assert!(matches!(next(&mut events).await, AppEvent::Started { .. }));
    let AppEvent::Ended { why } = next(&mut events).await else {
        panic!("it ended by itself");
    };
    assert!(why.starts_with("it ended with "), "{why}");
    runtime.shutdown().await;
}

#[tokio::test]
async fn nothing_of_a_clone_that_nobody_trusts_is_started() {
    let (world, runtime, mut events) = runtime(healthy(), "");
    runtime.keep_app();
    assert!(matches!(next(&mut events).await, AppEvent::Ended { .. }));
    assert_eq!(world.with(|state| state.app.as_ref().unwrap().starts), 0);
    runtime.shutdown().await;
}
