mod edits;
mod refused;

use std::{collections::BTreeSet, fs, path::PathBuf, sync::Arc};

use crate::engine::env::*;
use crate::ports::files::UndoCopy;
use crate::testing::folders::{mode, set_mode, symlink, temp_dir};
use crate::{
    core::{
        code::{Code, Severity},
        event::Verdict,
        facts::{DiffSign, Facts},
        remedy::Remedy,
        secret::Secret,
        step::StepId,
    },
    domain::{dotenv::Document, reading::Spot, url::Connection},
    engine::context::KnownProject,
    project::{
        config::Config,
        resolve::Layers,
        settings::{EnvBasis, Flags},
    },
    testing::{
        ports::MountedFiles,
        world::{World, settings, variables},
    },
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

#[tokio::test]
async fn an_app_of_another_database_is_told_so_and_is_not_done() {
    let world = World::default();
    let at = Spot {
        file: "prisma/schema.prisma".to_owned(),
        line: 2,
    };
    let layers = Layers {
        detected_env: EnvBasis::OtherServer {
            server: "MySQL",
            at,
        },
        ..Layers::default()
    };
    let settings = settings(world.root(), layers, Flags::default());
    let (cx, _) = world.context(settings, StepId::Env);
    for report in [
        EnvStep.probe(&cx).await.unwrap(),
        EnvStep.apply(&cx, EnvAnswer::Default).await.unwrap(),
    ] {
        assert_eq!(report.verdict(), Verdict::Todo);
        let [finding] = report.findings.as_slice() else {
            panic!("{report:#?}");
        };
        assert_eq!(finding.title, "your app uses MySQL, not Postgres");
        assert_eq!(finding.path.as_deref(), Some("prisma/schema.prisma"));
        assert!(finding.undetermined);
    }
}

/// A repository on disk, in which no target is written yet.
struct Setup {
    world: World,
    config: &'static str,
    environment: &'static [(&'static str, &'static str)],
    project_known: bool,
}

impl Setup {
    fn new() -> Self {
        Self {
            world: World::on_disk(),
            config: CONFIG,
            environment: &[],
            project_known: true,
        }
    }

    fn cx(&self) -> Cx {
        let layers = Layers {
            config: Some(Config::parse(self.config).unwrap()),
            environment: variables(self.environment),
            ..Layers::default()
        };
        let settings = settings(self.world.root(), layers, Flags::default());
        let (cx, _) = self.world.context(settings, StepId::Env);
        if self.project_known {
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
                    channel_binding: false,
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

    fn ignored(&self) -> BTreeSet<String> {
        self.world.with(|state| state.ignored.clone().unwrap())
    }

    fn path(&self, file: &str) -> PathBuf {
        self.world.path(file)
    }

    fn write(&self, file: &str, text: &str) {
        self.world.write(file, text);
    }

    fn read(&self, file: &str) -> String {
        self.world.read(file)
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

#[tokio::test]
async fn an_empty_repository_gets_every_file_and_is_done() {
    let setup = Setup::new();
    let before = setup.probe().await;
    assert_eq!(before.verdict(), Verdict::Todo);
    assert!(has(&before, Code::EnvMissingFile));
    assert!(has(&before, Code::EnvNotIgnored));
    assert!(has(&before, Code::EnvExampleMissingKey));
    assert!(!setup.path("backend").exists());
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

    let after = setup.apply().await;
    assert_eq!(after.verdict(), Verdict::Done, "{:?}", after.findings);
    assert_eq!(after.findings, []);
    let document = Document::parse(setup.read("backend/.env").as_bytes());
    assert_eq!(document.get("DATABASE_URL").unwrap().expose(), URL);
    let secret = document.get("JWT_SECRET").unwrap();
    assert!(secret.chars() == 64 && secret.expose() != "0".repeat(64));
    assert_eq!(mode(&setup.path("backend/.env")), 0o600);
    let local = Document::parse(setup.read("frontend/.env.local").as_bytes());
    assert_eq!(local.get("JWT_SECRET"), Some(secret));
    let example = setup.read("backend/.env.example");
    assert!(!example.contains("canary") && !example.contains(secret.expose()));
    assert!(example.contains("JWT_SECRET=change-me"));

    // again: nothing changes, not even the random value
    let bytes = setup.read("backend/.env");
    setup.apply().await;
    assert_eq!(setup.read("backend/.env"), bytes);
}

#[tokio::test]
async fn a_stale_value_is_the_only_change() {
    let setup = Setup::new();
    let old = format!(
        "\u{feff}# mine\r\nexport DATABASE_URL = \"postgresql://old:canary@old-host/app\" # why\r\nLOG=1\r\nJWT_SECRET=keepme\r\njunk\r\nAPI_HOST=0.0.0.0\r\nAPI_PORT=9\r\nFRONTEND_URL={}\r\n",
        "http://x"
    );
    setup.write("backend/.env", &old);
    let before = setup.probe().await;
    let found = codes(&before);
    for code in [Code::EnvStaleUrl, Code::EnvWrongDriver] {
        assert!(found.contains(&(code, Some(2))), "{code} {found:?}");
    }
    assert!(
        found.contains(&(Code::EnvUnreadableLine, Some(5))),
        "{found:?}"
    );
    setup.apply().await;
    // the byte order mark would hide the first key from some readers
    let old = old.strip_prefix('\u{feff}').unwrap();
    let expected = old.replace(
        "\"postgresql://old:canary@old-host/app\"",
        &format!("'{URL}'"),
    );
    assert_eq!(setup.read("backend/.env"), expected);
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
        let setup = Setup::new();
        setup.write("backend/.env", line);
        let report = setup.probe().await;
        assert!(has(&report, code), "{line}: {:?}", codes(&report));
        let report = setup.apply().await;
        assert_eq!(
            report.verdict(),
            Verdict::Done,
            "{line}: {:?}",
            report.findings
        );
    }
}

#[tokio::test]
async fn parameters_of_a_persons_own_survive_a_new_password() {
    let mut setup = Setup::new();
    setup.config =
        "[[env]]\nfile = \".env\"\nkeys.DATABASE_URL = { url = \"direct\", driver = \"prisma\" }\n";
    setup.world.ignore(".env");
    let query = "sslmode=verify-full&channel_binding=require&schema=app&connection_limit=5";
    for old in [
        format!("postgresql://neondb_owner:npg_old12345678@ep-a-1.aws.neon.tech/neondb?{query}"),
        format!("postgresql://u:p4@old.example.org/d?{query}"),
    ] {
        setup.write(".env", &format!("DATABASE_URL='{old}'\n"));
        let report = setup.apply().await;
        assert_eq!(report.verdict(), Verdict::Done, "{report:?}");
        let written = setup.read(".env");
        assert_eq!(
            written,
            format!(
                "DATABASE_URL='postgresql://neondb_owner:npg_canary1234@ep-a-1.aws.neon.tech/neondb?{query}'\n"
            )
        );
        // a second run is done at once
        assert_eq!(setup.probe().await.findings, []);
    }
}

#[tokio::test]
async fn a_byte_order_mark_goes_and_nothing_else() {
    let setup = Setup::new();
    setup.apply().await;
    let right = setup.read("backend/.env");
    setup.write("backend/.env", &format!("\u{feff}{right}"));
    let report = setup.probe().await;
    assert_eq!(report.verdict(), Verdict::Todo);
    assert_eq!(codes(&report), [(Code::EnvUnportable, Some(1))]);
    assert!(report.findings[0].fixable);
    assert!(
        report
            .evidence
            .contains("`backend/.env`: byte order mark to remove"),
        "{}",
        report.evidence
    );
    let report = setup.apply().await;
    assert_eq!(report.verdict(), Verdict::Done, "{report:?}");
    assert_eq!(
        report.findings[0].title,
        "the byte order mark of `backend/.env` was removed"
    );
    assert_eq!(setup.read("backend/.env"), right);
    assert_eq!(setup.probe().await.findings, []);
}

#[tokio::test]
async fn a_file_in_utf_16_is_refused_with_a_sentence() {
    let setup = Setup::new();
    for file in ["backend/.env", "backend/.env.example"] {
        let bytes = b"\xff\xfeA\0=\x001\0\n\0";
        fs::create_dir_all(setup.path("backend")).unwrap();
        fs::write(setup.path(file), bytes).unwrap();
        let failure = EnvStep
            .apply(&setup.cx(), EnvAnswer::Default)
            .await
            .unwrap_err();
        assert!(failure.why.contains("save it as UTF-8"), "{failure}");
        assert_eq!(fs::read(setup.path(file)).unwrap(), bytes);
        fs::remove_file(setup.path(file)).unwrap();
    }
}

/// A configuration with keys that only a person can fill.
const BY_HAND: &str = r#"
[[env]]
file = ".env"
example = ".env.example"
keys.DATABASE_URL = { url = "direct", driver = "psycopg" }
keys.STRIPE_SECRET_KEY = { fill = "by hand" }
keys.GOOGLE_CLIENT_SECRET = { fill = "by hand" }
"#;

#[tokio::test]
async fn a_key_that_only_a_person_can_fill_is_named_and_never_written() {
    let mut setup = Setup::new();
    setup.config = BY_HAND;
    let report = setup.apply().await;
    assert_eq!(report.verdict(), Verdict::Done, "{report:?}");
    assert_eq!(
        codes(&report),
        [(Code::EnvLeftOpen, None), (Code::EnvLeftOpen, None)]
    );
    let finding = &report.findings[0];
    assert!(finding.title.contains("STRIPE_SECRET_KEY"), "{finding:?}");
    assert_eq!(finding.path.as_deref(), Some(".env"));
    assert!(!finding.fixable);
    assert_eq!(
        report.evidence,
        "`.env` has 1 of 3 keys; 2 are left to fill in by hand"
    );
    let written = setup.read(".env");
    assert!(
        !written.contains("STRIPE") && !written.contains("GOOGLE"),
        "{written}"
    );
    // the example documents them, with no value that somebody could take for one
    let example = setup.read(".env.example");
    assert!(example.contains("\nSTRIPE_SECRET_KEY=\n"), "{example}");

    // what stands there is right, whatever it is; what stands for nothing is not, and neither is touched
    let text = format!(
        "{written}STRIPE_SECRET_KEY=\"sk_live_canary$1\"\nGOOGLE_CLIENT_SECRET=\nSTRIPE_SECRET_KEY=sk_test_***\n"
    );
    setup.write(".env", &text);
    let report = setup.apply().await;
    assert_eq!(setup.read(".env"), text);
    let open: Vec<_> = codes(&report)
        .into_iter()
        .filter(|(code, _)| *code == Code::EnvLeftOpen)
        .collect();
    assert_eq!(
        open,
        [(Code::EnvLeftOpen, Some(4)), (Code::EnvLeftOpen, Some(3))]
    );
    setup.write(
        ".env",
        &format!("{written}STRIPE_SECRET_KEY=sk_live_1\nGOOGLE_CLIENT_SECRET=x\n"),
    );
    let report = setup.apply().await;
    assert_eq!(report.findings, []);
    assert_eq!(report.evidence, "`.env` has all 3 keys");
}

#[tokio::test]
async fn many_keys_that_only_a_person_can_fill_are_told_together() {
    let mut setup = Setup::new();
    setup.config = concat!(
        "[[env]]\nfile = \".env\"\n",
        "keys.DATABASE_URL = { url = \"direct\", driver = \"psycopg\" }\n",
        "keys.STRIPE_SECRET_KEY = { fill = \"by hand\" }\n",
        "keys.GOOGLE_CLIENT_SECRET = { fill = \"by hand\" }\n",
        "keys.RESEND_API_KEY = { fill = \"by hand\" }\n",
    );
    setup.world.ignore(".env");
    let report = setup.apply().await;
    assert_eq!(codes(&report), [(Code::EnvLeftOpen, None)]);
    let finding = &report.findings[0];
    assert_eq!(
        (&*finding.title, &*finding.hint),
        (
            "3 keys are missing: only you can fill them in",
            "put their values in .env"
        )
    );
    let all = "STRIPE_SECRET_KEY, GOOGLE_CLIENT_SECRET, RESEND_API_KEY: ";
    assert!(finding.detail.starts_with(all), "{finding:?}");
    assert_eq!(
        report.evidence,
        "`.env` has 1 of 4 keys; 3 are left to fill in by hand"
    );
}

#[tokio::test]
async fn a_file_in_which_everything_is_left_to_a_person_is_not_made() {
    let mut setup = Setup::new();
    setup.config = "[[env]]\nfile = \".env\"\nkeys.OPENAI_API_KEY = { fill = \"by hand\" }\n";
    setup.world.ignore(".env");
    let report = setup.apply().await;
    assert_eq!(report.verdict(), Verdict::Done, "{report:?}");
    assert_eq!(codes(&report), [(Code::EnvLeftOpen, None)]);
    assert_eq!(report.evidence, "`.env`: 1 key to fill in by hand");
    assert!(!setup.path(".env").exists());
}

#[tokio::test]
async fn open_permissions_are_tightened_even_when_nothing_else_changes() {
    let setup = Setup::new();
    setup.apply().await;
    let path = setup.path("backend/.env");
    set_mode(&path, 0o644);
    let report = setup.probe().await;
    assert!(has(&report, Code::EnvOpenPermissions));
    assert_eq!(setup.apply().await.verdict(), Verdict::Done);
    assert_eq!(mode(&path), 0o600);
}

#[tokio::test]
async fn without_a_project_only_the_form_of_the_url_is_checked() {
    let mut setup = Setup::new();
    setup.project_known = false;
    let report = setup.probe().await;
    assert!(
        report.evidence.contains("can't tell yet"),
        "{}",
        report.evidence
    );
    let failure = EnvStep
        .apply(&setup.cx(), EnvAnswer::Default)
        .await
        .unwrap_err();
    assert_eq!(failure.hint, "neonup setup project");
    assert!(!setup.path("backend").exists());
    setup.project_known = true;
    setup.apply().await;
    setup.project_known = false;
    let report = setup.apply().await;
    assert_eq!(report.verdict(), Verdict::Todo, "{:?}", report.findings);
    assert!(report.findings[0].undetermined);
    assert!(
        report.evidence.contains("can't tell yet"),
        "{}",
        report.evidence
    );
}

#[tokio::test]
async fn undo_restores_the_file_and_a_second_undo_redoes() {
    let setup = Setup::new();
    setup.write("backend/.env", "API_PORT=1\n");
    setup.apply().await;
    let written = setup.read("backend/.env");
    let cx = setup.cx();
    EnvStep.apply(&cx, EnvAnswer::Undo).await.unwrap();
    assert_eq!(setup.read("backend/.env"), "API_PORT=1\n");
    assert!(!setup.path("frontend/.env.local").exists());
    EnvStep.apply(&cx, EnvAnswer::Undo).await.unwrap();
    assert_eq!(setup.read("backend/.env"), written);
    assert!(setup.path("frontend/.env.local").exists());
}

#[tokio::test]
async fn a_real_secret_in_the_example_is_replaced() {
    let setup = Setup::new();
    setup.apply().await;
    let live = setup.read("backend/.env");
    setup.write("backend/.env.example", &live);
    let report = setup.probe().await;
    let held: Vec<_> = report
        .findings
        .iter()
        .filter(|finding| finding.code == Code::EnvExampleHoldsSecret)
        .collect();
    assert_eq!(held.len(), 2, "{held:?}");
    assert_eq!(setup.apply().await.verdict(), Verdict::Done);
    let example = setup.read("backend/.env.example");
    assert!(
        !example.contains("canary") && example.contains("change-me"),
        "{example}"
    );
}

#[tokio::test]
async fn what_an_example_documents_stays() {
    let setup = Setup::new();
    let documents = "DATABASE_URL=postgresql://user:password@host/db\nSTRIPE_SECRET_KEY=sk_test_***\nSTRIPE_PUBLISHABLE_KEY=pk_test_your_publishable_key\nJWT_TOKEN_NAME=\"jwt-refresh-token-47yxa81z\"\nS3_BUCKET=my-company-assets-2024-eu-01\nGIT_SHA=5d41402abc4b2a76b9719d911017c592\nADMIN_PASSWORD=admin\n";
    setup.write("backend/.env.example", documents);
    // a developer copies it, as the README says
    setup.write("backend/.env", documents);
    let report = setup.apply().await;
    assert!(!has(&report, Code::EnvExampleHoldsSecret), "{report:?}");
    let example = setup.read("backend/.env.example");
    assert!(example.starts_with(documents), "{example}");

    // a token of a known kind is one wherever it stands
    setup.write(
        "backend/.env.example",
        &format!("{documents}X=npg_aB3dE5fG7hJ9\n"),
    );
    assert!(has(&setup.probe().await, Code::EnvExampleHoldsSecret));
}

#[tokio::test]
async fn a_file_that_the_framework_reads_first_is_named() {
    let mut setup = Setup::new();
    setup.config = "[[env]]\nfile = \"web/.env\"\nkeys.DATABASE_URL = { url = \"direct\" }\nkeys.SITE = \"a\"\n";
    setup.world.ignore("web/.env");
    setup.write(
        "web/.env.local",
        "SITE=b\nDATABASE_URL=postgresql://u:canary@old.example.org/d\n",
    );
    setup.write("web/package.json", "{}");
    assert_eq!(setup.apply().await.findings, []);
    setup.write("web/package.json", r#"{"dependencies":{"next":"15"}}"#);
    let report = setup.apply().await;
    assert_eq!(report.verdict(), Verdict::Todo);
    assert_eq!(
        codes(&report),
        [(Code::EnvShadowed, Some(2)), (Code::EnvShadowed, Some(1))]
    );
    assert_eq!(
        report.findings[0].title,
        "`web/.env.local` overrides `DATABASE_URL` from `web/.env`"
    );
    assert_eq!(report.findings[0].path.as_deref(), Some("web/.env.local"));
    // what is hidden itself hides nothing, and the same value harms nobody
    let right = setup.read("web/.env");
    setup.write("web/.env.development", "DATABASE_URL=x\n");
    setup.write("web/.env.local", &right);
    assert_eq!(setup.apply().await.findings, []);
}

#[tokio::test]
async fn a_shell_variable_that_hides_the_file_is_reported() {
    let mut setup = Setup::new();
    setup.apply().await;
    setup.environment = &[("DATABASE_URL", "postgres://canary")];
    let report = setup.probe().await;
    assert!(has(&report, Code::EnvShellHidesValue));
    assert_eq!(report.verdict(), Verdict::Done);
}

#[tokio::test]
async fn a_file_that_is_not_an_env_file_is_refused() {
    let setup = Setup::new();
    fs::create_dir_all(setup.path("backend/.env")).unwrap();
    let failure = EnvStep.probe(&setup.cx()).await.unwrap_err();
    assert!(failure.why.contains("a directory"), "{failure}");
    fs::remove_dir(setup.path("backend/.env")).unwrap();
    setup.write("backend/.env", "A=\0\n");
    let failure = EnvStep.probe(&setup.cx()).await.unwrap_err();
    assert!(failure.why.contains("binary"), "{failure}");
    fs::remove_file(setup.path("backend/.env")).unwrap();
    let outside = temp_dir();
    fs::write(outside.path().join("env"), "A=1\n").unwrap();
    if !symlink(outside.path().join("env"), setup.path("backend/.env")) {
        return;
    }
    let failure = EnvStep.probe(&setup.cx()).await.unwrap_err();
    assert!(failure.why.contains("outside the repository"), "{failure}");
    let failure = EnvStep
        .apply(&setup.cx(), EnvAnswer::Default)
        .await
        .unwrap_err();
    assert!(failure.why.contains("outside the repository"), "{failure}");
    assert_eq!(
        fs::read_to_string(outside.path().join("env")).unwrap(),
        "A=1\n"
    );
}

#[tokio::test]
async fn the_target_of_a_symlink_must_be_ignored_too() {
    let setup = Setup::new();
    setup.write("shared.env", "A=1\n");
    fs::create_dir_all(setup.path("backend")).unwrap();
    if !symlink("../shared.env", setup.path("backend/.env")) {
        return;
    }
    setup.world.ignore("backend/.env");
    for answer in [None, Some(EnvAnswer::Default), Some(EnvAnswer::Undo)] {
        let failure = match answer {
            None => EnvStep.probe(&setup.cx()).await.unwrap_err(),
            Some(answer) => EnvStep.apply(&setup.cx(), answer).await.unwrap_err(),
        };
        assert_eq!(failure.code, Code::EnvNotIgnored);
        assert!(failure.what.contains("shared.env"), "{failure}");
        assert_eq!(setup.read("shared.env"), "A=1\n");
    }
    setup.world.ignore("shared.env");
    setup.world.track("shared.env");
    let failure = EnvStep.probe(&setup.cx()).await.unwrap_err();
    assert_eq!(failure.hint, "git rm --cached shared.env");
    setup.world.with(|state| state.tracked.clear());
    assert_eq!(setup.apply().await.verdict(), Verdict::Done);
    assert!(setup.read("shared.env").contains("JWT_SECRET="));
    assert!(setup.path("backend/.env").is_symlink());
}

#[tokio::test]
async fn no_repository_fails_and_no_target_is_skipped() {
    let mut setup = Setup::new();
    setup.config = "";
    assert_eq!(setup.probe().await.verdict(), Verdict::Skipped);
    setup.config = CONFIG;
    setup.world.with(|state| state.no_repository = true);
    let failure = EnvStep.probe(&setup.cx()).await.unwrap_err();
    assert_eq!(failure.hint, "git init");
}

#[tokio::test]
async fn a_diff_counts_the_untouched_lines() {
    let setup = Setup::new();
    setup.write("backend/.env", "# c\nLOG=1\nAPI_PORT=\n");
    let report = setup.probe().await;
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

#[tokio::test]
async fn a_file_that_cannot_be_replaced_is_overwritten_only_with_consent() {
    let setup = Setup::new();
    let text = "# mine\nDATABASE_URL=postgresql://user:password@host/db\nAPI_PORT=8000\n";
    setup.write("backend/.env", text);
    setup.write("backend/.env.example", text);
    setup.write("frontend/.env.local", "A=1\n");
    for file in ["backend/.env", "frontend/.env.local"] {
        setup.world.ignore(file);
    }
    let mut cx = setup.cx();
    cx.ports.files = Arc::new(MountedFiles(setup.world.disk_files()));
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
            fs::read_to_string(setup.path("backend/.env")).unwrap(),
            text
        );
    }
    let report = EnvStep.apply(&cx, EnvAnswer::InPlace).await.unwrap();
    assert_eq!(report.verdict(), Verdict::Done, "{report:?}");
    let written = fs::read_to_string(setup.path("backend/.env")).unwrap();
    assert!(
        written.starts_with("# mine\n") && written.contains(URL),
        "{written}"
    );
    let kept = cx.ports.files.undo(&setup.path("backend/.env")).unwrap();
    assert_eq!(kept, Some(UndoCopy::Bytes(text.as_bytes().to_vec())));
}

#[tokio::test]
async fn no_secret_is_written_into_a_key_that_browsers_get() {
    for keys in [
        "keys.NEXT_PUBLIC_DATABASE_URL = { url = \"direct\" }\n",
        "keys.VITE_SECRET = { generate = \"hex\", bytes = 16 }\n",
    ] {
        let mut setup = Setup::new();
        setup.config = Box::leak(format!("[[env]]\nfile = \".env\"\n{keys}").into_boxed_str());
        let report = setup.probe().await;
        assert!(has(&report, Code::EnvPublicSecret), "{report:?}");
        let failed = EnvStep.apply(&setup.cx(), EnvAnswer::Default).await;
        assert_eq!(failed.unwrap_err().code, Code::EnvPublicSecret);
        assert!(!setup.path(".env").exists());
    }
    // whoever wrote it, and whatever the settings say
    let setup = Setup::new();
    setup.apply().await;
    let env = setup.read("frontend/.env.local");
    setup.write(
        "frontend/.env.local",
        &format!(
            "{env}EXPO_PUBLIC_DB=\"{URL}\"\nPUBLIC_NAME=todo\nPUBLIC_TEXT=\\$EXPO_PUBLIC_DB\nPUBLIC_TITLE=$PUBLIC_NAME\n"
        ),
    );
    let report = setup.probe().await;
    let found: Vec<_> = report
        .findings
        .iter()
        .filter(|found| found.code == Code::EnvPublicSecret)
        .collect();
    assert_eq!(found.len(), 1);
    assert!(found[0].title.contains("EXPO_PUBLIC_DB"));
    assert!(!format!("{report:?}").contains("npg_canary1234"));
}

#[tokio::test]
async fn a_public_key_gets_no_secret_through_the_name_of_another() {
    let setup = Setup::new();
    setup.apply().await;
    let env = setup.read("backend/.env");
    for (lines, exposes) in [
        ("NEXT_PUBLIC_API=${DATABASE_URL}\n", true),
        ("NEXT_PUBLIC_API=\"x-$DATABASE_URL-x\"\n", true),
        ("VITE_KEY=${JWT_SECRET:-none}\n", true),
        ("MIDDLE=$DATABASE_URL\nVITE_KEY=$MIDDLE\n", true),
        ("VITE_A=$VITE_B\nVITE_B=$VITE_A\n", false),
        ("VITE_KEY=\\$DATABASE_URL\n", false),
        ("VITE_KEY='$DATABASE_URL'\n", true),
        (
            "VITE_KEY=${API_HOST}:${API_PORT}\nSERVER=$DATABASE_URL\n",
            false,
        ),
    ] {
        setup.write("backend/.env", &format!("{env}{lines}"));
        let report = setup.probe().await;
        assert_eq!(has(&report, Code::EnvPublicSecret), exposes, "{lines}");
        assert!(!format!("{report:?}").contains("npg_canary1234"));
    }
}
