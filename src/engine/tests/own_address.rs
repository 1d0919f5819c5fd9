//! An application whose code has the address of its database: it is not started, and the backend step mends it when asked to.

use crate::{
    core::{
        answer::{BackendAnswer, CommandAnswer},
        code::Code,
        event::{Report, Verdict},
        facts::Facts,
        failure::Result,
        step::StepId,
    },
    engine::{
        backend::BackendStep, context::Cx, env::EnvStep, health::HealthStep, schema::SchemaStep,
        step::Step as _,
    },
    project::{
        detect::{self, Tree},
        resolve::Layers,
        settings::{Flags, Settings},
    },
    testing::world::{KEY, PASSWORD, World, settings, variables},
};

const DATABASE: &str = "from sqlalchemy import create_engine\n\nURL = \"postgresql://owner:hunter2hunter2@db.example.com/shop\"\n\
    engine = create_engine(URL)\n";

const FILES: &[(&str, &str)] = &[
    (
        "requirements.txt",
        "fastapi\nuvicorn\nsqlalchemy\npsycopg2\n",
    ),
    (
        "main.py",
        "from fastapi import FastAPI\nfrom database import engine\n\napp = FastAPI()\n",
    ),
    ("database.py", DATABASE),
    ("alembic.ini", "[alembic]\nscript_location = migrations\n"),
    ("migrations/env.py", "import database\n"),
];

fn world(more: &[(&str, &str)]) -> World {
    let world = World::default();
    world.with(|state| {
        for (path, text) in FILES.iter().chain(more) {
            let path = format!("/repo/{path}");
            state.files.insert(path.into(), text.as_bytes().to_vec());
        }
        let host = "ep-a-b-12345678.us-east-2.aws.neon.tech";
        let url =
            format!("DATABASE_URL=postgresql+psycopg2://neondb_owner:{PASSWORD}@{host}/neondb\n");
        state.files.insert("/repo/.env".into(), url.into_bytes());
        for line in ["alembic upgrade head", "python -m alembic upgrade head"] {
            let ends_well = Some((0, String::new()));
            state.programs.insert(line.to_owned(), ends_well);
        }
    });
    world
}

/// The settings as they are detected when the program starts.
fn detected(world: &World) -> Settings {
    let paths: Vec<String> = world.with(|state| {
        let below = |path: &std::path::PathBuf| {
            Some(path.strip_prefix("/repo").ok()?.display().to_string())
        };
        state.files.keys().filter_map(below).collect()
    });
    let read = |path: &str| world.file(&format!("/repo/{path}"));
    let found = detect::detect(&Tree::new(&paths, &read), "");
    let layers = Layers {
        detected_env: found.env_basis(),
        detected: found.config,
        environment: variables(&[("NEON_API_KEY", KEY), ("NEONUP_TRUST", "1")]),
        ..Layers::default()
    };
    settings(std::path::Path::new("/repo"), layers, Flags::default())
}

fn cx(world: &World, settings: &Settings, step: StepId) -> Cx {
    world.context(settings.clone(), step).0
}

fn ran(world: &World) -> Vec<String> {
    world.with(|state| {
        state
            .calls_of_programs
            .iter()
            .map(|(line, _)| line.clone())
            .collect()
    })
}

/// Whether nothing was started because of the address.
fn is_stopped(report: &Result<Report>) -> bool {
    report.as_ref().is_ok_and(|report| {
        let mut findings = report.findings.iter();
        findings.any(|finding| finding.title.contains("so the app wasn't started"))
    })
}

fn has(report: &Report, code: Code) -> bool {
    report.findings.iter().any(|finding| finding.code == code)
}

#[tokio::test]
async fn nothing_is_started_until_the_code_reads_its_address_from_the_environment() {
    let world = world(&[]);
    let settings = detected(&world);
    let env = EnvStep
        .probe(&cx(&world, &settings, StepId::Env))
        .await
        .unwrap();
    assert!(has(&env, Code::EnvNotRead), "{env:?}");

    let health = HealthStep
        .apply(
            &cx(&world, &settings, StepId::Health),
            CommandAnswer::Default,
        )
        .await
        .unwrap();
    assert_eq!(health.verdict(), Verdict::Todo);
    assert!(has(&health, Code::HealthAppNotProved), "{health:?}");
    SchemaStep
        .apply(
            &cx(&world, &settings, StepId::Schema),
            CommandAnswer::Default,
        )
        .await
        .unwrap();
    assert_eq!(ran(&world), Vec::<String>::new());

    let backend = BackendStep
        .probe(&cx(&world, &settings, StepId::Backend))
        .await
        .unwrap();
    let Some(Facts::Backend(facts)) = &backend.facts else {
        panic!("{backend:?}");
    };
    let change = facts
        .changes
        .iter()
        .find(|change| change.path == "database.py")
        .unwrap();
    assert!(change.exists);
    assert!(
        !format!("{:?}", change.diff).contains("hunter2"),
        "{:?}",
        change.diff
    );
    assert!(world.file("/repo/database.py").unwrap().contains("hunter2"));

    BackendStep
        .apply(
            &cx(&world, &settings, StepId::Backend),
            BackendAnswer::EditCode,
        )
        .await
        .unwrap();
    let text = world.file("/repo/database.py").unwrap();
    assert!(
        text.contains("URL = os.environ[\"DATABASE_URL\"]"),
        "{text}"
    );
    let env = EnvStep
        .probe(&cx(&world, &settings, StepId::Env))
        .await
        .unwrap();
    assert!(!has(&env, Code::EnvNotRead), "{env:?}");
    let health = HealthStep
        .apply(
            &cx(&world, &settings, StepId::Health),
            CommandAnswer::Default,
        )
        .await;
    assert!(!is_stopped(&health), "{health:?}");
    SchemaStep
        .apply(
            &cx(&world, &settings, StepId::Schema),
            CommandAnswer::Default,
        )
        .await
        .ok();
    assert!(
        ran(&world).iter().any(|line| line.contains("upgrade")),
        "{:?}",
        ran(&world)
    );
}

#[tokio::test]
async fn the_change_is_offered_where_nothing_shows_how_the_app_starts() {
    let world = World::default();
    let code = "import psycopg2\nc = psycopg2.connect(host='localhost', dbname='a', user='b', password='hunter2')\n";
    world.with(|state| {
        for (path, text) in [("requirements.txt", "psycopg2\n"), ("job.py", code)] {
            let path = format!("/repo/{path}");
            state.files.insert(path.into(), text.as_bytes().to_vec());
        }
    });
    let settings = detected(&world);
    assert_eq!(settings.backend, None);
    let cx = cx(&world, &settings, StepId::Backend);
    let report = BackendStep.probe(&cx).await.unwrap();
    assert!(has(&report, Code::BackendSessionWrong), "{report:?}");
    BackendStep
        .apply(&cx, BackendAnswer::EditCode)
        .await
        .unwrap();
    let text = world.file("/repo/job.py").unwrap();
    assert!(
        text.contains("password=os.environ[\"PGPASSWORD\"]"),
        "{text}"
    );
    let report = BackendStep.probe(&cx).await.unwrap();
    assert_eq!(report.verdict(), Verdict::Skipped);
}

/// Beside an env file that is read, an address on this machine may be an old script's; one elsewhere is somebody's.
#[tokio::test]
async fn an_address_elsewhere_counts_even_where_the_env_file_is_known() {
    for (address, started) in [("localhost", true), ("db.example.com", false)] {
        let script = format!("import psycopg2\npsycopg2.connect('postgresql://a:b@{address}/c')\n");
        let world = world(&[
            (
                "database.py",
                "import os\nfrom sqlalchemy import create_engine\nengine = create_engine(os.environ['DATABASE_URL'])\n",
            ),
            ("old.py", &script),
            (".env.example", "DATABASE_URL=\n"),
        ]);
        let settings = detected(&world);
        let health = HealthStep
            .apply(
                &cx(&world, &settings, StepId::Health),
                CommandAnswer::Default,
            )
            .await;
        assert_eq!(!is_stopped(&health), started, "{address}: {health:?}");
    }
}
