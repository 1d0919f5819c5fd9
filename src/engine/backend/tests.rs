use std::fs;

use crate::engine::backend::*;
use crate::{
    core::event::Verdict,
    project::{config::Config, resolve::Layers, sample, settings::Flags},
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
        let found = detect::detect(&|path| fs::read_to_string(self.world.path(path)).ok());
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
