use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
    sync::Arc,
};

use tempfile::TempDir;
use tokio::sync::mpsc::unbounded_channel;

use crate::engine::env::*;
use crate::ports::files::{FileError, UndoCopy};
use crate::{
    core::{environment::Environment, event::Verdict, facts::DiffSign},
    domain::{dotenv::Document, url::Connection},
    engine::context::KnownProject,
    project::{
        config::Config,
        resolve::Layers,
        settings::{Flags, Settings},
    },
    testing::ports::{FakeRepository, ports},
};

const CONFIG: &str = r#"
[[env]]
file = "backend/.env"
example = "backend/.env.example"
keys.DATABASE_URL = { url = "direct", driver = "psycopg" }
keys.JWT_SECRET = { generate = "hex", bytes = 32 }
keys.API_HOST = "localhost"
keys.API_PORT = "8000"
keys.FRONTEND_URL = "http://localhost:3000"

[[env]]
file = "frontend/.env.local"
keys.NEXT_PUBLIC_API_URL = "http://localhost:8000"
keys.JWT_SECRET = { same_as = "backend/.env" }
"#;

const URL: &str = "postgresql+psycopg://neondb_owner:npg_canary1234@ep-a-1.aws.neon.tech/neondb?sslmode=require&channel_binding=require";

struct World {
    root: TempDir,
    state: TempDir,
    repository: Arc<FakeRepository>,
    config: String,
    environment: Vec<(String, String)>,
    known: bool,
}

impl World {
    fn new() -> Self {
        let root = TempDir::new().unwrap();
        Self {
            repository: FakeRepository::at(root.path()),
            root,
            state: TempDir::new().unwrap(),
            config: CONFIG.to_owned(),
            environment: Vec::new(),
            known: true,
        }
    }

    fn cx(&self) -> Cx {
        let settings = Settings::resolve(
            self.root.path(),
            &self.root.path().join("neonup.toml"),
            Layers {
                config: Some(Config::parse(&self.config).unwrap()),
                detected: Config::default(),
                environment: Environment::new(self.environment.clone()),
            },
            Flags::default(),
            std::time::SystemTime::UNIX_EPOCH,
        );
        let ports = ports(
            self.root.path(),
            self.state.path(),
            Arc::clone(&self.repository),
        );
        let (events, receiver) = unbounded_channel();
        drop(receiver);
        let cx = Cx::for_test(settings, ports, StepId::Env, events);
        if self.known {
            cx.remember_project(Some(KnownProject {
                id: "p".into(),
                branch: "b".into(),
                connection: Connection {
                    host: "ep-a-1.aws.neon.tech".into(),
                    pooled_host: "ep-a-1-pooler.aws.neon.tech".into(),
                    port: None,
                    database: "neondb".into(),
                    role: "neondb_owner".into(),
                    password: Secret::new("npg_canary1234"),
                },
            }));
        }
        cx
    }

    async fn probe(&self) -> Report {
        checked(EnvStep.probe(&self.cx()).await.unwrap())
    }

    async fn apply(&self) -> Report {
        checked(EnvStep.apply(&self.cx(), EnvAnswer::Default).await.unwrap())
    }

    fn path(&self, file: &str) -> std::path::PathBuf {
        self.root.path().join(file)
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap()
    }
}

/// No secret is ever in a report.
fn checked(report: Report) -> Report {
    let text = format!("{report:?}");
    assert!(!text.contains("canary"), "{text}");
    report
}

fn codes(report: &Report) -> Vec<(Code, Option<u32>)> {
    report
        .findings
        .iter()
        .map(|finding| (finding.code, finding.line))
        .collect()
}

fn has(report: &Report, code: Code) -> bool {
    report.findings.iter().any(|finding| finding.code == code)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn an_empty_repository_gets_everything_and_is_done() {
    let world = World::new();
    let before = world.probe().await;
    assert_eq!(before.verdict, Verdict::Todo);
    assert!(has(&before, Code::EnvMissingFile));
    assert!(has(&before, Code::EnvNotIgnored));
    assert!(has(&before, Code::EnvExampleMissingKey));
    assert!(!world.path("backend").exists());
    let Some(Facts::Env(env)) = &before.facts else {
        panic!()
    };
    let lines: Vec<_> = env.files[0]
        .diff
        .iter()
        .map(|line| line.text.as_str())
        .collect();
    assert_eq!(
        lines,
        [
            "DATABASE_URL='postgresql+psycopg://neondb_owner:••••@ep-a-1.aws.neon.tech/neondb?sslmode=require&channel_binding=require'"
                .replace('\'', "").as_str(),
            "JWT_SECRET=•••• (new, 64 hex digits)",
            "API_HOST=localhost",
            "API_PORT=8000",
            "FRONTEND_URL=http://localhost:3000",
        ]
    );
    assert_eq!((env.files[0].changed, env.files[0].added), (0, 5));

    let after = world.apply().await;
    assert_eq!(after.verdict, Verdict::Done, "{:?}", after.findings);
    assert_eq!(after.findings, []);
    let document = Document::parse(world.read("backend/.env").as_bytes());
    assert_eq!(document.get("DATABASE_URL").unwrap().expose(), URL);
    let secret = document.get("JWT_SECRET").unwrap();
    assert!(secret.chars() == 64 && secret.expose() != "0".repeat(64));
    assert_eq!(mode(&world.path("backend/.env")), 0o600);
    let local = Document::parse(world.read("frontend/.env.local").as_bytes());
    assert_eq!(local.get("JWT_SECRET"), Some(secret));
    let example = world.read("backend/.env.example");
    assert!(!example.contains("canary") && !example.contains(secret.expose()));
    assert!(example.contains("JWT_SECRET=change-me"));

    // again: nothing changes, not even the random value
    let bytes = world.read("backend/.env");
    world.apply().await;
    assert_eq!(world.read("backend/.env"), bytes);
}

#[tokio::test]
async fn one_stale_value_changes_and_nothing_else() {
    let world = World::new();
    let old = format!(
        "\u{feff}# mine\r\nexport DATABASE_URL = \"postgresql://old:canary@old-host/app\" # why\r\nLOG=1\r\nJWT_SECRET=keepme\r\njunk\r\nAPI_HOST=0.0.0.0\r\nAPI_PORT=9\r\nFRONTEND_URL={}\r\n",
        "http://x"
    );
    world.write("backend/.env", &old);
    let before = world.probe().await;
    let found = codes(&before);
    for code in [Code::EnvStaleUrl, Code::EnvWrongDriver] {
        assert!(found.contains(&(code, Some(2))), "{code} {found:?}");
    }
    assert!(
        found.contains(&(Code::EnvUnreadableLine, Some(5))),
        "{found:?}"
    );
    world.apply().await;
    let expected = old.replace(
        "\"postgresql://old:canary@old-host/app\"",
        &format!("'{URL}'"),
    );
    assert_eq!(world.read("backend/.env"), expected);
}

#[tokio::test]
async fn each_mistake_has_its_code() {
    for (line, code) in [
        (
            "DATABASE_URL=postgresql+psycopg://u:p@h/d?sslmode=require",
            Code::EnvStaleUrl,
        ),
        ("DATABASE_URL=sqlite:///x.db", Code::EnvStaleUrl),
        (
            "DATABASE_URL=postgresql+psycopg://neondb_owner:oldpassword@ep-a-1.aws.neon.tech/neondb?sslmode=require",
            Code::EnvStaleUrl,
        ),
        (
            "DATABASE_URL=postgresql+psycopg://neondb_owner:npg_canary1234@ep-a-1-pooler.aws.neon.tech/neondb?sslmode=require",
            Code::EnvStaleUrl,
        ),
        (
            "DATABASE_URL=postgresql://neondb_owner:npg_canary1234@ep-a-1.aws.neon.tech/neondb?sslmode=require",
            Code::EnvWrongDriver,
        ),
        (
            "DATABASE_URL=postgresql+psycopg://neondb_owner:npg_canary1234@ep-a-1.aws.neon.tech/neondb",
            Code::EnvNoTls,
        ),
        (
            "DATABASE_URL=postgresql+psycopg://user:password@host/db?sslmode=require",
            Code::EnvPlaceholder,
        ),
        (
            "DATABASE_URL=postgresql+psycopg://neondb_owner:************@ep-a-1.aws.neon.tech/neondb",
            Code::EnvMaskedValue,
        ),
        ("JWT_SECRET=change-me", Code::EnvPlaceholder),
        ("JWT_SECRET=", Code::EnvMissingKey),
        ("JWT_SECRET=a\nJWT_SECRET=b", Code::EnvDuplicateKey),
        ("X='a$b'", Code::EnvUnportable),
        ("not env", Code::EnvUnreadableLine),
    ] {
        let world = World::new();
        world.write("backend/.env", line);
        let report = world.probe().await;
        assert!(has(&report, code), "{line}: {:?}", codes(&report));
        let report = world.apply().await;
        assert_eq!(
            report.verdict,
            Verdict::Done,
            "{line}: {:?}",
            report.findings
        );
    }
}

#[tokio::test]
async fn permissions_are_tightened_even_when_nothing_else_changes() {
    let world = World::new();
    world.apply().await;
    let path = world.path("backend/.env");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let report = world.probe().await;
    assert!(has(&report, Code::EnvOpenPermissions));
    assert_eq!(world.apply().await.verdict, Verdict::Done);
    assert_eq!(mode(&path), 0o600);
}

#[tokio::test]
async fn a_tracked_file_is_refused_and_nothing_is_written() {
    let world = World::new();
    world
        .repository
        .tracked
        .lock()
        .unwrap()
        .insert("frontend/.env.local".into());
    let failure = EnvStep
        .apply(&world.cx(), EnvAnswer::Default)
        .await
        .unwrap_err();
    assert_eq!(failure.code, Code::EnvNotIgnored);
    assert_eq!(
        failure.hint,
        "neonup setup secrets (or: git rm --cached frontend/.env.local)"
    );
    assert!(!world.path("backend").exists());
    assert!(world.repository.ignored.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_tracked_file_that_need_not_change_adds_no_ignore_line_either() {
    let world = World::new();
    world.apply().await;
    let git = &world.repository;
    git.ignored.lock().unwrap().clear();
    git.tracked.lock().unwrap().insert("backend/.env".into());
    EnvStep
        .apply(&world.cx(), EnvAnswer::Default)
        .await
        .unwrap_err();
    assert!(git.ignored.lock().unwrap().is_empty());
}

#[tokio::test]
async fn without_a_project_the_form_is_checked_and_nothing_is_made_up() {
    let mut world = World::new();
    world.known = false;
    let report = world.probe().await;
    assert!(
        report.evidence.contains("not known yet"),
        "{}",
        report.evidence
    );
    let failure = EnvStep
        .apply(&world.cx(), EnvAnswer::Default)
        .await
        .unwrap_err();
    assert_eq!(failure.hint, "neonup setup project");
    assert!(!world.path("backend").exists());
    world.known = true;
    world.apply().await;
    world.known = false;
    let report = world.apply().await;
    assert_eq!(report.verdict, Verdict::Done, "{:?}", report.findings);
    assert!(
        report.evidence.contains("not known yet"),
        "{}",
        report.evidence
    );
}

#[tokio::test]
async fn undo_brings_back_what_was_and_undo_again_what_is() {
    let world = World::new();
    world.write("backend/.env", "API_PORT=1\n");
    world.apply().await;
    let written = world.read("backend/.env");
    let cx = world.cx();
    EnvStep.apply(&cx, EnvAnswer::Undo).await.unwrap();
    assert_eq!(world.read("backend/.env"), "API_PORT=1\n");
    assert!(!world.path("frontend/.env.local").exists());
    EnvStep.apply(&cx, EnvAnswer::Undo).await.unwrap();
    assert_eq!(world.read("backend/.env"), written);
    assert!(world.path("frontend/.env.local").exists());
}

#[tokio::test]
async fn a_real_secret_in_the_example_is_taken_out() {
    let world = World::new();
    world.apply().await;
    let live = world.read("backend/.env");
    world.write("backend/.env.example", &live);
    let report = world.probe().await;
    let held: Vec<_> = report
        .findings
        .iter()
        .filter(|finding| finding.code == Code::EnvExampleHoldsSecret)
        .collect();
    assert_eq!(held.len(), 2, "{held:?}");
    assert_eq!(world.apply().await.verdict, Verdict::Done);
    let example = world.read("backend/.env.example");
    assert!(
        !example.contains("canary") && example.contains("change-me"),
        "{example}"
    );
}

#[tokio::test]
async fn the_shell_may_hide_the_file() {
    let mut world = World::new();
    world.apply().await;
    world.environment = vec![("DATABASE_URL".into(), "postgres://canary".into())];
    let report = world.probe().await;
    assert!(has(&report, Code::EnvShellHidesValue));
    assert_eq!(report.verdict, Verdict::Done);
}

#[tokio::test]
async fn what_is_no_env_file_is_refused_politely() {
    let world = World::new();
    fs::create_dir_all(world.path("backend/.env")).unwrap();
    let failure = EnvStep.probe(&world.cx()).await.unwrap_err();
    assert!(failure.why.contains("a directory"), "{failure}");
    fs::remove_dir(world.path("backend/.env")).unwrap();
    world.write("backend/.env", "A=\0\n");
    let failure = EnvStep.probe(&world.cx()).await.unwrap_err();
    assert!(failure.why.contains("binary"), "{failure}");
    fs::remove_file(world.path("backend/.env")).unwrap();
    let outside = TempDir::new().unwrap();
    fs::write(outside.path().join("env"), "A=1\n").unwrap();
    symlink(outside.path().join("env"), world.path("backend/.env")).unwrap();
    let failure = EnvStep.probe(&world.cx()).await.unwrap_err();
    assert!(failure.why.contains("outside the repository"), "{failure}");
    let failure = EnvStep
        .apply(&world.cx(), EnvAnswer::Default)
        .await
        .unwrap_err();
    assert!(failure.why.contains("outside the repository"), "{failure}");
    assert_eq!(
        fs::read_to_string(outside.path().join("env")).unwrap(),
        "A=1\n"
    );
}

#[tokio::test]
async fn what_a_symlink_leads_to_is_kept_out_as_well() {
    let world = World::new();
    let git = &world.repository;
    world.write("shared.env", "A=1\n");
    fs::create_dir_all(world.path("backend")).unwrap();
    symlink("../shared.env", world.path("backend/.env")).unwrap();
    git.ignored.lock().unwrap().insert("backend/.env".into());
    for answer in [None, Some(EnvAnswer::Default), Some(EnvAnswer::Undo)] {
        let failure = match answer {
            None => EnvStep.probe(&world.cx()).await.unwrap_err(),
            Some(answer) => EnvStep.apply(&world.cx(), answer).await.unwrap_err(),
        };
        assert_eq!(failure.code, Code::EnvNotIgnored);
        assert!(failure.what.contains("shared.env"), "{failure}");
        assert_eq!(world.read("shared.env"), "A=1\n");
    }
    git.ignored.lock().unwrap().insert("shared.env".into());
    git.tracked.lock().unwrap().insert("shared.env".into());
    let failure = EnvStep.probe(&world.cx()).await.unwrap_err();
    assert_eq!(failure.hint, "git rm --cached shared.env");
    git.tracked.lock().unwrap().clear();
    assert_eq!(world.apply().await.verdict, Verdict::Done);
    assert!(world.read("shared.env").contains("JWT_SECRET="));
    assert!(world.path("backend/.env").is_symlink());
}

#[tokio::test]
async fn where_no_undo_copy_can_be_kept_is_found_by_looking() {
    let mut world = World::new();
    world.known = false;
    fs::remove_dir(world.state.path()).unwrap();
    fs::write(world.state.path(), "in the way").unwrap();
    let failure = EnvStep.probe(&world.cx()).await.unwrap_err();
    assert_eq!(failure.what, "no undo copy could be kept");
    fs::remove_file(world.state.path()).unwrap();
    assert_eq!(world.probe().await.verdict, Verdict::Todo);
}

#[tokio::test]
async fn no_repository_and_no_target_are_said() {
    let mut world = World::new();
    world.config = String::new();
    assert_eq!(world.probe().await.verdict, Verdict::Skipped);
    world.config = CONFIG.to_owned();
    world.repository = Arc::default();
    let failure = EnvStep.probe(&world.cx()).await.unwrap_err();
    assert_eq!(failure.hint, "git init");
}

#[tokio::test]
async fn a_diff_counts_what_stays() {
    let world = World::new();
    world.write("backend/.env", "# c\nLOG=1\nAPI_PORT=\n");
    let report = world.probe().await;
    let Some(Facts::Env(env)) = &report.facts else {
        panic!()
    };
    let file = &env.files[0];
    assert_eq!((file.changed, file.added, file.untouched), (1, 4, 2));
    assert_eq!(
        file.diff
            .iter()
            .filter(|line| line.sign == DiffSign::Remove)
            .count(),
        1
    );
}

/// The disk, on which nothing can be renamed over: every file is a mount point.
struct Mounted(crate::ports::files::DiskFiles);

impl crate::ports::files::Files for Mounted {
    fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, FileError> {
        self.0.read(path)
    }
    fn stat(&self, path: &Path) -> Result<Option<crate::ports::files::FileStat>, FileError> {
        self.0.stat(path)
    }
    fn resolve(&self, path: &Path) -> Result<std::path::PathBuf, FileError> {
        self.0.resolve(path)
    }
    fn writable(&self, _: &Path) -> bool {
        false
    }
    fn replace_secret(
        &self,
        path: &Path,
        expected: Option<&[u8]>,
        new: &[u8],
    ) -> Result<(), FileError> {
        self.replace(path, expected, new)
    }
    fn replace(&self, _: &Path, _: Option<&[u8]>, _: &[u8]) -> Result<(), FileError> {
        Err(FileError::Mounted(std::io::ErrorKind::ResourceBusy.into()))
    }
    fn replace_in_place(&self, path: &Path, expected: &[u8], new: &[u8]) -> Result<(), FileError> {
        self.0.replace_in_place(path, expected, new)
    }
    fn remove_stale(&self, path: &Path) -> usize {
        self.0.remove_stale(path)
    }
    fn keep_undo(&self, path: &Path, bytes: Option<&[u8]>) -> Result<(), FileError> {
        self.0.keep_undo(path, bytes)
    }
    fn undo(&self, path: &Path) -> Result<Option<UndoCopy>, FileError> {
        self.0.undo(path)
    }
    fn remove(&self, path: &Path) -> Result<(), FileError> {
        self.0.remove(path)
    }
    fn forget_undo(&self, path: &Path) -> Result<(), FileError> {
        self.0.forget_undo(path)
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_replaced_is_overwritten_only_with_consent() {
    let world = World::new();
    let text = "# mine\nDATABASE_URL=postgresql://user:password@host/db\nAPI_PORT=8000\n";
    world.write("backend/.env", text);
    world.write("backend/.env.example", text);
    world.write("frontend/.env.local", "A=1\n");
    for file in ["backend/.env", "frontend/.env.local"] {
        let ignored = &world.repository.ignored;
        ignored.lock().unwrap().insert(file.to_owned());
    }
    let mut cx = world.cx();
    cx.ports.files = Arc::new(Mounted(crate::ports::files::DiskFiles::with_state(
        world.root.path(),
        world.state.path(),
    )));
    for answer in [None, Some(EnvAnswer::Default)] {
        let failure = match answer {
            None => EnvStep.probe(&cx).await,
            Some(answer) => EnvStep.apply(&cx, answer).await,
        }
        .unwrap_err();
        assert!(
            failure.hint.contains("neonup setup env --in-place"),
            "{failure}"
        );
        assert_eq!(failure.remedy, Some(Remedy::OverwriteInPlace));
        assert_eq!(
            fs::read_to_string(world.path("backend/.env")).unwrap(),
            text
        );
    }
    let report = EnvStep.apply(&cx, EnvAnswer::InPlace).await.unwrap();
    assert_eq!(report.verdict, Verdict::Done, "{report:?}");
    let written = fs::read_to_string(world.path("backend/.env")).unwrap();
    assert!(
        written.starts_with("# mine\n") && written.contains(URL),
        "{written}"
    );
    let kept = cx.ports.files.undo(&world.path("backend/.env")).unwrap();
    assert_eq!(kept, Some(UndoCopy::Bytes(text.as_bytes().to_vec())));
}
