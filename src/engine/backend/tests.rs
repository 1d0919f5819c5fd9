use std::fs;

use crate::engine::backend::*;
use crate::{
    core::{
        code::{Code, Severity},
        event::Verdict,
        facts::Facts,
        step::StepId,
    },
    project::{config::Config, detect, resolve::Layers, sample, settings::Flags},
    testing::world::{World, settings},
};

/// The sample in a repository on disk.
struct Sample {
    world: World,
    declared: bool,
}

impl Sample {
    fn without(left_out: &[&str]) -> Self {
        let world = World::on_disk();
        for (path, text) in sample::FILES {
            if !left_out.contains(path) {
                world.write(path, text);
            }
        }
        Self {
            world,
            declared: true,
        }
    }

    fn cx(&self) -> Cx {
        let config = || Config::parse(&self.world.read("neonup.toml")).unwrap();
        let read = |path: &str| fs::read_to_string(self.world.path(path)).ok();
        let found = detect::detect(&detect::Tree::new(&[], &read), "");
        let layers = Layers {
            config: self.declared.then(config),
            detected: found.config,
            ..Layers::default()
        };
        let settings = settings(self.world.root(), layers, Flags::default());
        self.world.context(settings, StepId::Backend).0
    }

    async fn probe(&self) -> Report {
        BackendStep.probe(&self.cx()).await.unwrap()
    }

    async fn apply(&self, answer: BackendAnswer) -> Report {
        BackendStep.apply(&self.cx(), answer).await.unwrap()
    }

    fn edit(&self, path: &str, change: impl Fn(String) -> String) {
        self.world.write(path, &change(self.world.read(path)));
    }
}

fn codes(report: &Report) -> Vec<Code> {
    report.findings.iter().map(|finding| finding.code).collect()
}

#[tokio::test]
async fn the_sample_lacks_only_its_session_module() {
    let sample = Sample::without(&[]);
    let report = sample.probe().await;
    assert_eq!(codes(&report), [Code::BackendSessionMissing]);
    assert_eq!(report.verdict(), Verdict::Todo);
    let Some(Facts::Backend(backend)) = &report.facts else {
        panic!()
    };
    let paths: Vec<_> = backend
        .changes
        .iter()
        .map(|change| change.path.as_str())
        .collect();
    assert_eq!(
        paths,
        ["backend/src/db/session.py", "backend/src/db/__init__.py"]
    );
    let report = sample.apply(BackendAnswer::Default).await;
    assert_eq!(report.verdict(), Verdict::Done, "{:?}", report.findings);
    assert_eq!(report.findings, []);
}

#[tokio::test]
async fn a_write_that_was_cut_off_is_finished() {
    for gone in ["backend/src/db/__init__.py", "backend/src/db/session.py"] {
        let sample = Sample::without(&[]);
        sample.apply(BackendAnswer::Default).await;
        fs::remove_file(sample.world.path(gone)).unwrap();
        let report = sample.probe().await;
        assert_eq!(codes(&report), [Code::BackendSessionMissing], "{gone}");
        assert!(report.findings[0].title.contains(gone), "{report:#?}");
        let report = sample.apply(BackendAnswer::Default).await;
        assert_eq!(report.verdict(), Verdict::Done, "{gone}: {report:#?}");
    }
}

#[tokio::test]
async fn existing_code_changes_only_when_asked() {
    let sample = Sample::without(&[]);
    sample.edit("backend/src/main.py", |text| {
        text.replace("    SQLModel.metadata.create_all(engine)\n", "")
    });
    sample.edit("backend/requirements.txt", |text| {
        text.replace("python-dotenv>=1.0\n", "")
    });
    let before = sample.world.read("backend/src/main.py");
    let report = sample.apply(BackendAnswer::Default).await;
    assert_eq!(
        codes(&report),
        [
            Code::BackendDependencyMissing,
            Code::BackendCreateAllMissing
        ]
    );
    let main = || sample.world.read("backend/src/main.py");
    assert_eq!(main(), before);
    let report = sample.apply(BackendAnswer::EditCode).await;
    assert_eq!(report.verdict(), Verdict::Done, "{:?}", report.findings);
    assert!(main().contains("    SQLModel.metadata.create_all(engine)\n    yield"));
}

#[tokio::test]
async fn a_start_that_cannot_be_followed_is_not_said_to_create_no_tables() {
    let sample = Sample::without(&[]);
    sample.apply(BackendAnswer::Default).await;
    sample.edit("backend/src/main.py", |text| {
        let call = "SQLModel.metadata.create_all(engine)";
        assert!(text.contains(call));
        format!(
            "from start_up import prepare\n{}",
            text.replace(call, "prepare(engine)")
        )
    });
    // the schema's SQL files make the tables
    let report = sample.probe().await;
    assert_eq!(codes(&report), [], "{:?}", report.findings);
    // nothing is known to make them
    sample.edit("neonup.toml", |text| {
        text.replace("files = [", "files = [] #")
    });
    let report = sample.probe().await;
    assert_eq!(codes(&report), [Code::BackendNotDetermined]);
    assert_ne!(report.verdict(), Verdict::Done);
}

#[tokio::test]
async fn findings_are_warnings_without_a_backend_section() {
    let mut sample = Sample::without(&["backend/src/models/user.py"]);
    sample.declared = false;
    let report = sample.probe().await;
    assert_eq!(codes(&report), [Code::BackendSessionMissing]);
    assert_eq!(report.findings[0].severity, Severity::Warning);
    assert_eq!(report.verdict(), Verdict::Done);
}

#[tokio::test]
async fn a_missing_backend_is_skipped_and_a_missing_application_is_reported() {
    let mut sample = Sample::without(&["backend/src/main.py"]);
    assert_eq!(codes(&sample.probe().await), [Code::BackendNotFound]);
    fs::remove_dir_all(sample.world.path("backend")).unwrap();
    sample.declared = false;
    assert_eq!(sample.probe().await.verdict(), Verdict::Skipped);
}

#[tokio::test]
async fn an_existing_session_module_is_judged_and_not_changed() {
    let sample = Sample::without(&[]);
    let dir = sample.world.path("backend/src/db");
    fs::create_dir_all(&dir).unwrap();
    let text = "import os\nfrom sqlmodel import create_engine\nengine = create_engine(os.environ['DATABASE_URL'], connect_args={'timeout': 10})\n";
    fs::write(dir.join("session.py"), text).unwrap();
    let report = sample.apply(BackendAnswer::EditCode).await;
    let breaking = report
        .findings
        .iter()
        .filter(|finding| {
            finding.code == Code::BackendSessionWrong && finding.severity == Severity::Gap
        })
        .count();
    assert_eq!(breaking, 2, "{:?}", report.findings);
    assert_eq!(fs::read_to_string(dir.join("session.py")).unwrap(), text);
}

/// An application in a repository on disk, with its `neonup.toml`.
fn application(start: &str, files: &[(&str, &str)]) -> Sample {
    let world = World::on_disk();
    let start: Vec<_> = start.split(' ').map(|word| format!("\"{word}\"")).collect();
    let config = format!(
        "[project]\nname = \"x\"\n[[env]]\nfile = \".env\"\nkeys.DATABASE_URL = {{ url = \"direct\", driver = \"psycopg\" }}\n[backend]\ndir = \"\"\nstart = [{}]\nhealth = \"http://localhost:8000/health\"\n",
        start.join(", ")
    );
    world.write("neonup.toml", &config);
    world.write(
        "requirements.txt",
        "fastapi\nsqlmodel\npsycopg[binary]\npython-dotenv\n",
    );
    for (path, text) in files {
        world.write(path, text);
    }
    Sample {
        world,
        declared: true,
    }
}

const ENGINE: &str = "import os\nfrom dotenv import load_dotenv\nfrom sqlmodel import SQLModel, create_engine\nload_dotenv()\nengine = create_engine(os.environ[\"DATABASE_URL\"], pool_pre_ping=True)\n\n\ndef start():\n    SQLModel.metadata.create_all(engine)\n";

const MAIN: &str = "from contextlib import asynccontextmanager\nfrom fastapi import FastAPI\nfrom store import engine, start\n\n\n@asynccontextmanager\nasync def lifespan(app):\n    start()\n    yield\n\n\napp = FastAPI(lifespan=lifespan)\n\n\n@app.get(\"/health\")\ndef health():\n    with engine.connect() as connection:\n        connection.exec_driver_sql(\"SELECT 1\")\n    return {\"status\": \"ok\"}\n";

#[tokio::test]
async fn an_engine_anywhere_is_enough() {
    let sample = application(
        "uvicorn main:app",
        &[("main.py", MAIN), ("store.py", ENGINE)],
    );
    let report = sample.apply(BackendAnswer::EditCode).await;
    assert_eq!(report.findings, []);
    assert_eq!(report.verdict(), Verdict::Done);
    assert!(!sample.world.path("db").exists());
}

#[tokio::test]
async fn no_file_is_written_that_nothing_imports() {
    let bare = "from fastapi import FastAPI\n\napp = FastAPI()\n";
    let sample = application("uvicorn main:app", &[("main.py", bare)]);
    let report = sample.apply(BackendAnswer::Default).await;
    assert_eq!(report.verdict(), Verdict::Todo);
    assert!(!sample.world.path("db").exists());
    let report = sample.apply(BackendAnswer::EditCode).await;
    assert_eq!(report.verdict(), Verdict::Done, "{:?}", report.findings);
    assert!(
        sample
            .world
            .read("main.py")
            .contains("from db import get_session")
    );
}

#[tokio::test]
async fn an_engine_that_the_application_does_not_import_is_named() {
    let bare = "from fastapi import FastAPI\n\napp = FastAPI()\n";
    let sample = application(
        "uvicorn main:app",
        &[("main.py", bare), ("database.py", ENGINE)],
    );
    let report = sample.probe().await;
    assert_eq!(
        codes(&report),
        [Code::BackendSessionMissing, Code::BackendHealthRouteMissing]
    );
    assert_eq!(report.findings[0].path.as_deref(), Some("database.py"));
    sample.apply(BackendAnswer::EditCode).await;
    assert!(!sample.world.path("db").exists());
    assert!(
        sample
            .world
            .read("main.py")
            .contains("from database import engine")
    );
}

#[tokio::test]
async fn what_is_not_found_out_is_a_gap_where_the_backend_is_declared() {
    let dynamic = ENGINE.replace(
        "pool_pre_ping=True",
        "pool_pre_ping=True, connect_args=tuning.arguments()",
    );
    let mut sample = application(
        "python -m uvicorn app.main:app --port 8000",
        &[
            ("app/main.py", MAIN),
            ("app/__init__.py", ""),
            ("store.py", &format!("import tuning\n{dynamic}")),
        ],
    );
    let report = sample.probe().await;
    assert_eq!(codes(&report), [Code::BackendNotDetermined]);
    assert_eq!(report.verdict(), Verdict::Todo);
    sample.declared = false;
    let report = sample.probe().await;
    assert!(
        report
            .findings
            .iter()
            .all(|finding| finding.severity == Severity::Warning),
        "{:?}",
        report.findings
    );
    assert_eq!(report.verdict(), Verdict::Done);
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_not_determined() {
    let sample = application(
        "uvicorn main:app",
        &[
            ("main.py", &format!("import rows\n{MAIN}")),
            ("store.py", ENGINE),
        ],
    );
    fs::write(sample.world.path("rows.py"), b"NAME = \"caf\xe9\"\n").unwrap();
    let report = sample.probe().await;
    assert_eq!(codes(&report), [Code::BackendNotDetermined]);
    assert_eq!(report.findings[0].path.as_deref(), Some("rows.py"));
    assert_eq!(report.verdict(), Verdict::Todo);
}

#[cfg(unix)]
#[tokio::test]
async fn a_symlink_loop_is_not_determined() {
    let sample = application(
        "uvicorn main:app",
        &[
            ("main.py", &format!("import rows\n{MAIN}")),
            ("store.py", ENGINE),
        ],
    );
    std::os::unix::fs::symlink("rows.py", sample.world.path("rows.py")).unwrap();
    let report = sample.probe().await;
    assert_eq!(codes(&report), [Code::BackendNotDetermined]);
}

#[tokio::test]
async fn other_frameworks_get_no_advice_of_fastapi() {
    let flask = "import os\nfrom flask import Flask\napp = Flask(__name__)\n";
    for (start, requirements, files) in [
        (
            "flask run --port 8000",
            "flask\npsycopg2-binary\n",
            [("app.py", flask)],
        ),
        (
            "gunicorn app:app",
            "flask\npsycopg2-binary\n",
            [("app.py", flask)],
        ),
        (
            "python manage.py runserver",
            "django\npsycopg\n",
            [("manage.py", "import sys\n")],
        ),
        ("npm start", "", [("package.json", "{}")]),
    ] {
        let sample = application(start, &files);
        sample.world.write("requirements.txt", requirements);
        let report = sample.probe().await;
        assert_eq!(report.verdict(), Verdict::Skipped, "{start}");
        assert_eq!(report.findings, [], "{start}");
    }
}
