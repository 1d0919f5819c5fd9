//! The step itself, on real repositories and real files.

use std::sync::Arc;

use crate::{
    core::{
        answer::SecretsAnswer,
        code::{Code, Severity},
        event::{Event, EventKind, Report, Verdict},
        facts::{CheckState, Facts},
        step::StepId,
    },
    engine::{context::Cx, env::EnvStep, secrets::SecretsStep, step::Step as _},
    ports::{
        Ports,
        files::disk::{DiskFiles, GitFolders},
    },
    project::{config::Config, resolve::Layers, settings::Flags},
};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::testing::repository::Repo;
use crate::testing::world::{self, World, settings};

pub(super) const PASSWORD: &str = "npg_canaryPw42Zq";
const KEY: &str = "5f1c0de5f1c0de5a11b2c3d4e5f60718";
const CONFIG: &str = r#"
[project]
name = "todo"

[[env]]
file = "backend/.env"
example = "backend/.env.example"
keys.DATABASE_URL = { url = "direct", driver = "psycopg" }
keys.JWT_SECRET = { generate = "hex", bytes = 16 }
keys.API_PORT = "8000"
"#;

fn url() -> String {
    format!(
        "postgresql+psycopg://owner:{PASSWORD}@ep-cool-1.us-east-2.aws.neon.tech/neondb?sslmode=require"
    )
}

/// A project as its developer has it: committed, with an ignored env file.
pub(super) fn project() -> Repo {
    let repo = Repo::new();
    repo.commit(
        "backend/.env.example",
        "DATABASE_URL=postgresql://user:password@host/db\nJWT_SECRET=\nAPI_PORT=8000\n",
    );
    repo.commit(".gitignore", ".env\n.env.*\n.env~\n!.env.example\n");
    repo.commit(
        "backend/main.py",
        "import os\nurl = os.environ['DATABASE_URL']\n",
    );
    repo.write(
        "backend/.env",
        format!("DATABASE_URL={}\nJWT_SECRET={KEY}\nAPI_PORT=8000\n", url()),
    );
    repo
}

pub(super) fn context(repo: &Repo) -> (Cx, UnboundedReceiver<Event>) {
    let ports = Ports {
        files: Arc::new(DiskFiles::new(&repo.root, GitFolders::default())),
        repository: Arc::new(repo.open()),
        ..World::default().ports()
    };
    let layers = Layers {
        config: Some(Config::parse(CONFIG).unwrap()),
        ..Layers::default()
    };
    let settings = settings(&repo.root, layers, Flags::default());
    world::context(settings, ports, StepId::Secrets)
}

async fn probe(repo: &Repo) -> Report {
    let (cx, _events) = context(repo);
    let report = SecretsStep.probe(&cx).await.unwrap();
    let text = format!("{report:?}");
    for secret in [PASSWORD, KEY] {
        assert!(!text.contains(secret), "a secret in the report");
    }
    report
}

fn codes(report: &Report) -> Vec<(Code, Severity)> {
    report
        .findings
        .iter()
        .map(|finding| (finding.code, finding.severity))
        .collect()
}

#[tokio::test]
async fn a_clean_repository_is_done_and_lists_what_was_checked() {
    let repo = project();
    let (cx, mut events) = context(&repo);
    let report = SecretsStep.probe(&cx).await.unwrap();
    assert_eq!(report.verdict(), Verdict::Done, "{report:#?}");
    assert_eq!(report.findings, []);
    assert!(
        report
            .evidence
            .starts_with("no live secret in 3 files and "),
        "{}",
        report.evidence
    );
    let Some(Facts::Secrets(detail)) = report.facts else {
        panic!("no detail");
    };
    let labels: Vec<_> = detail
        .checks
        .iter()
        .map(|check| check.label.as_str())
        .collect();
    assert_eq!(
        labels,
        [
            "backend/.env",
            "tracked files",
            "backend/.env.example",
            "history",
            "path history",
            "hooks",
            "live secrets"
        ]
    );
    assert!(
        detail
            .checks
            .iter()
            // the hook is on request
            .filter(|check| check.label != "hooks")
            .all(|check| check.state == CheckState::Ok),
        "{detail:#?}"
    );
    let mut shown = 0;
    while let Ok(event) = events.try_recv() {
        shown += usize::from(matches!(event.kind, EventKind::Facts(_)));
    }
    assert!(shown >= 4, "the checks appear one after the other");
}

#[tokio::test]
async fn a_staged_env_file_is_found_and_fixed() {
    let repo = project();
    repo.git(&["add", "-f", "backend/.env"]);
    let report = probe(&repo).await;
    let found = codes(&report);
    assert!(
        found.contains(&(Code::SecretsTracked, Severity::Gap)),
        "{found:?}"
    );
    assert!(
        found.contains(&(Code::SecretsStaged, Severity::Gap)),
        "{found:?}"
    );
    let (cx, _events) = context(&repo);
    let report = SecretsStep
        .apply(&cx, SecretsAnswer::Default)
        .await
        .unwrap();
    assert_eq!(report.verdict(), Verdict::Done, "{report:#?}");
    // what `git add` wrote stays until git clears it away; no commit here holds it
    let warning = (Code::SecretsLiveSecretInHistory, Severity::Warning);
    // and what was changed is told
    let told = (Code::SecretsChanged, Severity::Note);
    assert_eq!(codes(&report), [warning, warning, told], "{report:#?}");
    repo.git(&["gc", "-q", "--prune=now"]);
    assert_eq!(codes(&probe(&repo).await), []);
    assert!(
        repo.read("backend/.env").contains(PASSWORD),
        "the file stays"
    );
}

#[tokio::test]
async fn an_env_file_that_is_not_ignored_is_fixed_once() {
    let repo = project();
    repo.commit(".gitignore", "node_modules\n");
    let report = probe(&repo).await;
    assert_eq!(codes(&report), [(Code::SecretsNotIgnored, Severity::Gap)]);
    assert!(report.findings[0].fixable);
    let (cx, _events) = context(&repo);
    assert_eq!(
        SecretsStep
            .apply(&cx, SecretsAnswer::Default)
            .await
            .unwrap()
            .verdict(),
        Verdict::Done
    );
    let text = repo.read(".gitignore");
    assert_eq!(
        SecretsStep
            .apply(&cx, SecretsAnswer::Default)
            .await
            .unwrap()
            .verdict(),
        Verdict::Done
    );
    assert_eq!(repo.read(".gitignore"), text);
}

#[tokio::test]
async fn leaks_name_their_path_line_and_kind() {
    let repo = project();
    repo.commit("docs/setup.md", format!("# Set-up\n\nUse `{}`.\n", url()));
    repo.write("scratch.txt", format!("jwt {KEY}\n"));
    repo.commit(
        "compose.yml",
        "url: postgres://postgres:postgres@localhost/db\n",
    );
    repo.commit(
        "other.py",
        "U = 'postgres://admin:Kq8vR2mX5t@db.acme.io/x'\n",
    );
    let report = probe(&repo).await;
    let find = |code: Code, path: &str| {
        let mut all = report
            .findings
            .iter()
            .filter(|finding| finding.code == code);
        all.find(|finding| finding.path.as_deref() == Some(path))
            .unwrap_or_else(|| panic!("no {code} for {path}: {:#?}", report.findings))
    };
    let markdown = find(Code::SecretsLiveSecretInTree, "docs/setup.md");
    assert_eq!((markdown.line, markdown.severity), (Some(3), Severity::Gap));
    assert_eq!(
        find(Code::SecretsLiveSecretInTree, "scratch.txt").severity,
        Severity::Gap
    );
    assert_eq!(
        find(Code::SecretsCredentialInTree, "compose.yml").severity,
        Severity::Note
    );
    assert_eq!(
        find(Code::SecretsCredentialInTree, "other.py").severity,
        Severity::Gap
    );
    let history = find(Code::SecretsLiveSecretInHistory, "docs/setup.md");
    assert_eq!(history.severity, Severity::Gap);
    assert!(!history.fixable);
    assert!(history.hint.contains("neonup rotate"), "{}", history.hint);
    assert_eq!(report.verdict(), Verdict::Todo);
}

#[tokio::test]
async fn a_path_in_the_history_is_a_warning_and_a_gap_with_the_live_secret() {
    let repo = project();
    repo.commit("backend/.env", "DATABASE_URL=\n");
    repo.git(&["rm", "-q", "--cached", "backend/.env"]);
    repo.git(&["commit", "-qm", "out"]);
    repo.write("backend/.env", format!("DATABASE_URL={}\n", url()));
    let report = probe(&repo).await;
    assert_eq!(
        codes(&report),
        [(Code::SecretsPathInHistory, Severity::Warning)]
    );
    assert_eq!(report.verdict(), Verdict::Done);
    assert_eq!(report.findings[0].path.as_deref(), Some("backend/.env"));

    repo.git(&["add", "-f", "backend/.env"]);
    repo.git(&["commit", "-qm", "again"]);
    repo.git(&["rm", "-q", "--cached", "backend/.env"]);
    repo.git(&["commit", "-qm", "out again"]);
    let report = probe(&repo).await;
    assert_eq!(
        codes(&report),
        [(Code::SecretsLiveSecretInHistory, Severity::Gap)],
        "{report:#?}"
    );
    assert!(
        report.findings[0].detail.contains("commits"),
        "{}",
        report.findings[0].detail
    );
}

#[tokio::test]
async fn without_a_repository_the_step_fails_with_a_hint() {
    let repo = Repo::empty();
    let (cx, _events) = context(&repo);
    let failure = SecretsStep.probe(&cx).await.unwrap_err();
    assert_eq!(
        (failure.code, failure.hint.as_str()),
        (Code::SecretsUnknown, "git init")
    );
}

#[tokio::test]
async fn an_image_that_takes_the_env_file_along_is_a_warning() {
    let repo = project();
    let shipped = |report: &Report| {
        let all = codes(report).into_iter();
        all.filter(|(code, _)| *code == Code::SecretsShipped)
            .collect::<Vec<_>>()
    };
    repo.commit("Dockerfile", "FROM python\nCOPY . /srv\n");
    repo.commit(".dockerignore", ".env\n");
    let report = probe(&repo).await;
    assert_eq!(
        shipped(&report),
        [(Code::SecretsShipped, Severity::Warning)]
    );
    assert_eq!(report.verdict(), Verdict::Done);
    repo.commit(".dockerignore", "**/.env*\n");
    assert_eq!(shipped(&probe(&repo).await), []);
    // what a compose file builds has another context, and its own rules
    repo.commit("compose.yaml", "services:\n  api:\n    build: backend\n");
    repo.commit("backend/Dockerfile", "FROM python\nCOPY . /srv\n");
    let one = [(Code::SecretsShipped, Severity::Warning)];
    assert_eq!(shipped(&probe(&repo).await), one);
    repo.commit(
        "compose.yaml",
        "services:\n  api:\n    build:\n      context: .\n      dockerfile: backend/Dockerfile\n",
    );
    assert_eq!(shipped(&probe(&repo).await), []);
}

#[tokio::test]
async fn a_package_that_takes_the_env_file_along_is_a_warning() {
    let repo = project();
    for (file, bad, good) in [
        (
            "backend/package.json",
            "{\"name\": \"x\", \"files\": [\".\"]}\n",
            "{\"name\": \"x\", \"files\": [\"dist\"]}\n",
        ),
        ("MANIFEST.in", "graft backend\n", "graft docs\n"),
        (
            "pyproject.toml",
            "[tool.poetry]\ninclude = [\"backend/*\"]\n",
            "[tool.poetry]\ninclude = [\"docs/*\"]\n",
        ),
    ] {
        for (content, expected) in [(bad, 1), (good, 0)] {
            repo.commit(file, content);
            let report = probe(&repo).await;
            let shipped = report
                .findings
                .iter()
                .filter(|finding| finding.code == Code::SecretsShipped);
            assert_eq!(shipped.count(), expected, "{file}: {content}");
            assert_eq!(report.verdict(), Verdict::Done);
        }
    }
}

/// An env file as dotenvx leaves it.
const SEALED: &str = "#/ public key\nDOTENV_PUBLIC_KEY=\"03a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4\"\nDATABASE_URL=\"encrypted:BCQx/9aB3dE5fG7hJ9aB3dE5fG7hJ9\"\n";
const PRIVATE: &str = "7f3a9c1e5b8d2046f1a7c93e0b5d8a2467f3a9c1e5b8d2046f1a7c93e0b5d8a2";

#[tokio::test]
async fn an_env_file_that_dotenvx_encrypted_stays_in_the_index() {
    let repo = project();
    repo.write("backend/.env", SEALED);
    repo.git(&["add", "-f", "backend/.env"]);
    repo.git(&["commit", "-qm", "sealed"]);
    let gaps = |report: &Report| {
        let open = codes(report).into_iter();
        open.filter(|(code, _)| {
            matches!(
                code,
                Code::SecretsTracked | Code::SecretsStaged | Code::SecretsNotIgnored
            )
        })
        .collect::<Vec<_>>()
    };
    assert_eq!(gaps(&probe(&repo).await), []);
    let (cx, _events) = context(&repo);
    let fixed = SecretsStep.apply(&cx, SecretsAnswer::Default).await;
    assert_eq!(gaps(&fixed.unwrap()), []);
    repo.git(&["ls-files", "--error-unmatch", "backend/.env"]);
    // with a secret in plain text it is like any other
    repo.write("backend/.env", format!("{SEALED}JWT_SECRET={KEY}\n"));
    let report = probe(&repo).await;
    assert_eq!(gaps(&report), [(Code::SecretsTracked, Severity::Gap)]);
    let detail = &report
        .findings
        .iter()
        .find(|found| found.code == Code::SecretsTracked);
    assert!(detail.unwrap().detail.contains("colleague's pull"));
}

#[tokio::test]
async fn an_env_file_that_a_filter_encrypts_stays_in_the_index() {
    let repo = project();
    repo.git(&[
        "config",
        "filter.git-crypt.clean",
        "printf '\\0GITCRYPT\\0'; tr a-zA-Z0-9 z",
    ]);
    repo.commit(".gitattributes", ".env filter=git-crypt\n");
    repo.git(&["add", "-f", "backend/.env"]);
    repo.git(&["commit", "-qm", "sealed"]);
    let (cx, _events) = context(&repo);
    for report in [
        probe(&repo).await,
        SecretsStep
            .apply(&cx, SecretsAnswer::Default)
            .await
            .unwrap(),
    ] {
        assert_eq!(report.verdict(), Verdict::Done, "{report:#?}");
    }
    repo.git(&["ls-files", "--error-unmatch", "backend/.env"]);
    // the env step doesn't send the person there to take it out
    let env = EnvStep.probe(&cx).await.unwrap();
    assert!(
        !codes(&env)
            .iter()
            .any(|(code, _)| *code == Code::EnvNotIgnored),
        "{env:#?}"
    );
    // added without the filter it is like any other
    repo.git(&["config", "filter.git-crypt.clean", "cat"]);
    repo.git(&["add", "--renormalize", "backend/.env"]);
    let open = codes(&probe(&repo).await);
    assert!(
        open.contains(&(Code::SecretsTracked, Severity::Gap)),
        "{open:?}"
    );
}

#[tokio::test]
async fn the_keys_of_dotenvx_are_kept_out_and_looked_for() {
    let repo = project();
    repo.commit(".gitignore", ".env\n.env~\n");
    repo.write(
        "backend/.env.keys",
        format!("DOTENV_PRIVATE_KEY={PRIVATE}\n"),
    );
    let report = probe(&repo).await;
    let of = |report: &Report, code| {
        let mut found = report.findings.iter().filter(|found| found.code == code);
        found
            .find(|found| found.path.as_deref() == Some("backend/.env.keys"))
            .cloned()
    };
    let finding = of(&report, Code::SecretsNotIgnored).unwrap();
    assert_eq!(finding.severity, Severity::Gap);
    assert!(finding.detail.contains("decrypts every encrypted value"));
    repo.git(&["add", "backend/.env.keys"]);
    repo.git(&["commit", "-qm", "keys"]);
    assert!(of(&probe(&repo).await, Code::SecretsTracked).is_some());
    let (cx, _events) = context(&repo);
    let fixed = SecretsStep
        .apply(&cx, SecretsAnswer::Default)
        .await
        .unwrap();
    // what was changed is told, and nothing of it is left to do
    let told = of(&fixed, Code::SecretsChanged).unwrap();
    assert_eq!(told.severity, Severity::Note);
    assert!(repo.root.join("backend/.env.keys").exists());
    // it is in the history, and looked for everywhere
    let titles: Vec<_> = fixed
        .findings
        .iter()
        .map(|found| found.title.as_str())
        .collect();
    let told = "`backend/.env.keys` (history) contains the private key DOTENV_PRIVATE_KEY from backend/.env.keys";
    assert!(titles.contains(&told), "{titles:?}");
    assert!(!format!("{fixed:?}").contains(PRIVATE));
}

#[tokio::test]
async fn another_password_in_a_name_is_found_and_not_shown() {
    let repo = project();
    let other = "npg_xK3vQ9mT2wLb";
    repo.commit(&format!("dumps/{other}/a.sql"), "select 1;\n");
    repo.commit(&format!("dump_{other}.sql"), "select 1;\n");
    repo.git(&["branch", &format!("try-{other}")]);
    repo.git(&["tag", &format!("v1-{other}")]);
    let report = probe(&repo).await;
    assert!(!format!("{report:?}").contains(other), "{report:?}");
    let found = |text: &str| {
        report.findings.iter().any(|found| {
            found.severity > Severity::Note
                && (found.path.as_deref() == Some(text) || found.detail.contains(text))
        })
    };
    for place in ["dumps/••••/a.sql", "dump_••••.sql", "the name of a ref"] {
        assert!(found(place), "{place}: {report:?}");
    }
}
