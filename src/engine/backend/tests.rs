use std::{fs, sync::Arc};

use tempfile::TempDir;
use tokio::sync::mpsc::unbounded_channel;

use crate::engine::backend::*;
use crate::{
    core::{environment::Environment, event::Verdict},
    project::{
        config::Config,
        resolve::Layers,
        sample,
        settings::{Flags, Settings},
    },
    testing::ports::{FakeRepository, ports},
};

struct World {
    root: TempDir,
    state: TempDir,
    declared: bool,
}

impl World {
    /// The sample, without some of its files.
    fn sample(without: &[&str]) -> Self {
        let root = TempDir::new().unwrap();
        for (path, text) in sample::FILES {
            if without.contains(path) {
                continue;
            }
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Self {
            root,
            state: TempDir::new().unwrap(),
            declared: true,
        }
    }

    fn cx(&self) -> Cx {
        let path = self.root.path().join("neonup.toml");
        let config = self
            .declared
            .then(|| Config::parse(&fs::read_to_string(&path).unwrap()).unwrap());
        let root = self.root.path().to_owned();
        let detected = detect::detect(&|path| fs::read_to_string(root.join(path)).ok());
        let settings = Settings::resolve(
            self.root.path(),
            &path,
            Layers {
                config,
                detected: detected.config,
                environment: Environment::default(),
            },
            Flags::default(),
            std::time::SystemTime::UNIX_EPOCH,
        );
        let repository = FakeRepository::at(self.root.path());
        let ports = ports(self.root.path(), self.state.path(), Arc::clone(&repository));
        let (events, receiver) = unbounded_channel();
        drop(receiver);
        Cx::for_test(settings, ports, StepId::Backend, events)
    }

    async fn probe(&self) -> Report {
        BackendStep.probe(&self.cx()).await.unwrap()
    }

    async fn apply(&self, answer: BackendAnswer) -> Report {
        BackendStep.apply(&self.cx(), answer).await.unwrap()
    }

    fn edit(&self, path: &str, change: impl Fn(String) -> String) {
        let path = self.root.path().join(path);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(path, change(text)).unwrap();
    }
}

fn codes(report: &Report) -> Vec<Code> {
    report.findings.iter().map(|finding| finding.code).collect()
}

#[tokio::test]
async fn the_sample_lacks_only_its_session_module() {
    let world = World::sample(&[]);
    let report = world.probe().await;
    assert_eq!(codes(&report), [Code::BackendSessionMissing]);
    assert_eq!(report.verdict, Verdict::Todo);
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
    let report = world.apply(BackendAnswer::Default).await;
    assert_eq!(report.verdict, Verdict::Done, "{:?}", report.findings);
    assert_eq!(report.findings, []);
}

#[tokio::test]
async fn existing_code_changes_only_when_asked() {
    let world = World::sample(&[]);
    world.edit("backend/src/main.py", |text| {
        text.replace("    SQLModel.metadata.create_all(engine)\n", "")
    });
    world.edit("backend/requirements.txt", |text| {
        text.replace("python-dotenv>=1.0\n", "")
    });
    let before = fs::read_to_string(world.root.path().join("backend/src/main.py")).unwrap();
    let report = world.apply(BackendAnswer::Default).await;
    assert_eq!(
        codes(&report),
        [
            Code::BackendDependencyMissing,
            Code::BackendCreateAllMissing
        ]
    );
    let main = || fs::read_to_string(world.root.path().join("backend/src/main.py")).unwrap();
    assert_eq!(main(), before);
    let report = world.apply(BackendAnswer::EditCode).await;
    assert_eq!(report.verdict, Verdict::Done, "{:?}", report.findings);
    assert!(main().contains("    SQLModel.metadata.create_all(engine)\n    yield"));
}

#[tokio::test]
async fn an_undeclared_backend_is_advice_only() {
    let mut world = World::sample(&["backend/src/models/user.py"]);
    world.declared = false;
    let report = world.probe().await;
    assert_eq!(codes(&report), [Code::BackendSessionMissing]);
    assert_eq!(report.findings[0].severity, Severity::Warning);
    assert_eq!(report.verdict, Verdict::Done);
}

#[tokio::test]
async fn no_backend_and_no_application_are_said() {
    let mut world = World::sample(&["backend/src/main.py"]);
    assert_eq!(codes(&world.probe().await), [Code::BackendNotFound]);
    fs::remove_dir_all(world.root.path().join("backend")).unwrap();
    world.declared = false;
    assert_eq!(world.probe().await.verdict, Verdict::Skipped);
}

#[tokio::test]
async fn an_existing_session_module_is_judged_and_never_touched() {
    let world = World::sample(&[]);
    let dir = world.root.path().join("backend/src/db");
    fs::create_dir_all(&dir).unwrap();
    let text = "import os\nfrom sqlmodel import create_engine\nengine = create_engine(os.environ['DATABASE_URL'], connect_args={'timeout': 10})\n";
    fs::write(dir.join("session.py"), text).unwrap();
    let report = world.apply(BackendAnswer::EditCode).await;
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
