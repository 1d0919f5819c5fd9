//! Facts such as the steps report.

use std::time::Duration;

use crate::core::facts::{
    AppStanding, BackendFacts, BrowserWait, Check, CheckState, Column, DiffLine, DiffSign,
    EnvFacts, EnvFile, Facts, FileChange, HealthFacts, JoinedProject, KeyKind, KeySource,
    KeyringState, ListedProject, LoginFacts, ProjectFacts, SchemaFacts, SecretsFacts, Table,
};
use crate::domain::web_login::{IssuerEndpoints, LoginRequest, NEON_ISSUER, RANDOM_BYTES};

pub(super) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// The login step's facts, with a key that works.
pub(crate) fn login() -> Facts {
    Facts::Login(LoginFacts {
        key: Some((KeySource::Keyring, "••••k3f2".to_owned(), 69)),
        kind: Some(KeyKind::Personal),
        who: "ada@example.org".to_owned(),
        keyring: Some(KeyringState::Ready),
        store: "GNOME keyring, as neonup/console.neon.tech".to_owned(),
        neon_cli: None,
        api_host: "https://console.neon.tech/api/v2".to_owned(),
        browser: true,
        waiting: None,
    })
}

/// The login step's facts while the browser is waited for.
pub(crate) fn login_waiting(opened: bool, problem: Option<&str>) -> Facts {
    let request = LoginRequest::new(&[7; RANDOM_BYTES], &[9; RANDOM_BYTES], 43117);
    let endpoints = IssuerEndpoints {
        issuer: NEON_ISSUER.to_owned(),
        authorization: format!("{NEON_ISSUER}/oauth2/auth"),
        token: format!("{NEON_ISSUER}/oauth2/token"),
        revocation: None,
    };
    Facts::Login(LoginFacts {
        api_host: "https://console.neon.tech/api/v2".to_owned(),
        browser: true,
        waiting: Some(BrowserWait {
            address: request.address(&endpoints),
            opened,
            problem: problem.map(str::to_owned),
        }),
        ..LoginFacts::default()
    })
}

pub(super) fn login_without(keyring: KeyringState, neon_cli: Option<&str>) -> Facts {
    Facts::Login(LoginFacts {
        keyring: Some(keyring),
        store: "GNOME keyring, as neonup/console.neon.tech".to_owned(),
        neon_cli: neon_cli.map(str::to_owned),
        api_host: "https://console.neon.tech/api/v2".to_owned(),
        browser: true,
        ..LoginFacts::default()
    })
}

pub(super) fn listed_project(
    id: &str,
    name: &str,
    (region, postgres): (&str, u16),
    age: &str,
) -> ListedProject {
    ListedProject {
        id: id.to_owned(),
        name: name.to_owned(),
        region: region.to_owned(),
        postgres,
        created_at: "2026-11-20T09:00:00Z".to_owned(),
        age: age.to_owned(),
        meant: false,
    }
}

pub(super) fn joined() -> JoinedProject {
    JoinedProject {
        id: "old-violet-32930710".to_owned(),
        name: "aido-todo".to_owned(),
        region: "aws-us-east-2".to_owned(),
        postgres: 17,
        branch: "main".to_owned(),
        host: "ep-cool-name-12345678.us-east-2.aws.neon.tech".to_owned(),
        database: "neondb".to_owned(),
        role: "neondb_owner".to_owned(),
        compute: "idle".to_owned(),
        branches: vec!["main".to_owned(), "preview".to_owned()],
        databases: vec!["neondb".to_owned()],
        roles: vec!["neondb_owner".to_owned()],
    }
}

pub(super) fn project_facts(listed: Vec<ListedProject>, joined: Option<JoinedProject>) -> Facts {
    Facts::Project(ProjectFacts {
        wanted: "aido-todo".to_owned(),
        region: "aws-us-east-2".to_owned(),
        postgres: Some(17),
        choices: listed.into(),
        unlisted: 0,
        temporary: false,
        joined,
        left_over: None,
    })
}

/// The project that the fixtures look for.
pub(super) fn wanted_project() -> ListedProject {
    ListedProject {
        meant: true,
        ..listed_project(
            "old-violet-32930710",
            "aido-todo",
            ("aws-us-east-2", 17),
            "3 days ago",
        )
    }
}

/// The project step's facts, joined.
pub(crate) fn project() -> Facts {
    project_facts(vec![wanted_project()], Some(joined()))
}

pub(super) fn line(sign: DiffSign, text: &str) -> DiffLine {
    DiffLine {
        sign,
        text: text.to_owned(),
    }
}

/// The env step's facts, with a diff.
pub(crate) fn env(ignored: bool) -> Facts {
    let state = if ignored {
        CheckState::Ok
    } else {
        CheckState::Gap
    };
    Facts::Env(EnvFacts {
        files: vec![
            EnvFile {
                file: "backend/.env".to_owned(),
                checks: vec![
                    Check::new("ignored", state, ""),
                    Check::new("untracked", CheckState::Ok, ""),
                    Check::new("0600", CheckState::Ok, ""),
                ],
                diff: vec![
                    line(DiffSign::Same, "# local settings"),
                    line(DiffSign::Same, "LOG_LEVEL=debug"),
                    line(
                        DiffSign::Remove,
                        "DATABASE_URL=postgresql://old:••••@old-host/app",
                    ),
                    line(
                        DiffSign::Add,
                        "DATABASE_URL=postgresql+psycopg://neondb_owner:••••@ep-cool-name-12345678.us-east-2.aws.neon.tech/neondb?sslmode=require",
                    ),
                    line(DiffSign::Add, "JWT_SECRET=•••• (new, 64 hex digits)"),
                    line(DiffSign::Add, "API_HOST=localhost"),
                    line(DiffSign::Add, "API_PORT=8000"),
                    line(DiffSign::Add, "FRONTEND_URL=http://localhost:3000"),
                ],
                changed: 1,
                added: 4,
                untouched: 2,
                undo: false,
                example: false,
            },
            EnvFile {
                file: "frontend/.env.local".to_owned(),
                checks: vec![
                    Check::new("ignored", CheckState::Ok, ""),
                    Check::new("untracked", CheckState::Ok, ""),
                    Check::new("0600", CheckState::Skipped, "no file yet"),
                ],
                diff: vec![
                    line(DiffSign::Add, "NEXT_PUBLIC_API_URL=http://localhost:8000"),
                    line(DiffSign::Add, "JWT_SECRET=•••• (same as in backend/.env)"),
                ],
                changed: 0,
                added: 2,
                untouched: 0,
                undo: false,
                example: false,
            },
        ],
    })
}

pub(super) fn env_done() -> Facts {
    let Facts::Env(mut env) = env(true) else {
        return env(true);
    };
    for file in &mut env.files {
        file.diff.clear();
        file.undo = true;
        for check in &mut file.checks {
            check.state = CheckState::Ok;
            check.text.clear();
        }
    }
    Facts::Env(env)
}

/// The backend step's facts.
pub(crate) fn backend(new: bool, existing: bool) -> Facts {
    let mut changes = Vec::new();
    if new {
        changes.push(FileChange {
            path: "backend/src/db/session.py".to_owned(),
            why: "connects the application to the database".to_owned(),
            diff: [
                "\"\"\"Database session.\"\"\"",
                "import os",
                "from sqlmodel import Session, create_engine",
                "",
                "engine = create_engine(os.environ[\"DATABASE_URL\"], pool_pre_ping=True)",
            ]
            .into_iter()
            .map(|text| line(DiffSign::Add, text))
            .collect(),
            exists: false,
        });
    }
    if existing {
        changes.push(FileChange {
            path: "backend/src/main.py".to_owned(),
            why: "creates the tables on start-up, and reports the database's health".to_owned(),
            diff: vec![
                line(DiffSign::Same, "app = FastAPI()"),
                line(DiffSign::Add, "SQLModel.metadata.create_all(engine)"),
                line(DiffSign::Remove, "@app.get(\"/\")"),
                line(DiffSign::Add, "@app.get(\"/health\")"),
            ],
            exists: true,
        });
    }
    Facts::Backend(BackendFacts {
        stack: "FastAPI with SQLModel".to_owned(),
        checks: vec![
            Check::new("application", CheckState::Ok, "backend/src/main.py"),
            Check::new(
                "driver",
                CheckState::Ok,
                "psycopg[binary] in requirements.txt",
            ),
            Check::new(
                "session",
                if new { CheckState::Gap } else { CheckState::Ok },
                if new {
                    "backend/src/db/session.py is missing"
                } else {
                    "backend/src/db/session.py"
                },
            ),
            Check::new(
                "start-up",
                if existing {
                    CheckState::Warning
                } else {
                    CheckState::Ok
                },
                "create_all on start-up",
            ),
        ],
        changes,
    })
}

const SQL: &str = "\
-- users and their tasks
CREATE TABLE IF NOT EXISTS \"user\" (
    id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email         varchar(255) NOT NULL UNIQUE,
    password_hash varchar(255) NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS task (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id     uuid NOT NULL REFERENCES \"user\" (id) ON DELETE CASCADE,
    title       varchar(200) NOT NULL CHECK (title <> ''),
    description text,
    completed   boolean NOT NULL DEFAULT false,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX IF NOT EXISTS task_user_id ON task (user_id);
";

/// The schema step's facts.
pub(crate) fn schema(there: bool) -> Facts {
    let state = if there {
        CheckState::Ok
    } else {
        CheckState::Gap
    };
    let columns = |columns: &[(&str, &str)]| {
        columns
            .iter()
            .map(|(name, kind)| Column {
                name: (*name).to_owned(),
                kind: (*kind).to_owned(),
                state,
            })
            .collect()
    };
    Facts::Schema(SchemaFacts {
        source: "assets/schema.sql".to_owned(),
        sql: SQL.to_owned(),
        several_transactions: false,
        tables: vec![
            Table {
                name: "user".to_owned(),
                state,
                columns: columns(&[
                    ("id", "uuid, primary key"),
                    ("email", "varchar(255), unique"),
                    ("password_hash", "varchar(255)"),
                    ("created_at", "timestamptz"),
                    ("updated_at", "timestamptz"),
                ]),
                notes: Vec::new(),
            },
            Table {
                name: "task".to_owned(),
                state,
                columns: columns(&[
                    ("id", "uuid, primary key"),
                    ("user_id", "uuid, references user, on delete cascade"),
                    ("title", "varchar(200)"),
                    ("description", "text"),
                    ("completed", "boolean"),
                ]),
                notes: vec!["index task_user_id on user_id".to_owned()],
            },
        ],
    })
}

pub(super) fn check(label: &str, state: CheckState, text: &str, elapsed: Option<u64>) -> Check {
    Check {
        label: label.to_owned(),
        state,
        text: text.to_owned(),
        elapsed: elapsed.map(ms),
    }
}

/// The health step's facts: how many checks have passed.
pub(crate) fn health(passed: usize, then: CheckState) -> Facts {
    let all = [
        ("DNS", "ep-cool-name-12345678.us-east-2.aws.neon.tech", 2),
        ("TCP", "10.0.4.17:5432", 31),
        ("TLS 1.3", "Let's Encrypt, 61 days left", 64),
        (
            "Login",
            "neondb_owner, SCRAM; the compute was asleep and woke up",
            412,
        ),
        ("SELECT 1", "median of 16 round trips", 33),
        ("Tables", "user 0 rows, task 0 rows", 35),
        ("psycopg", "connects from backend/.venv", 180),
        ("App", "200, healthy, connected", 1204),
    ];
    let checks = all
        .iter()
        .enumerate()
        .map(|(index, (label, text, time))| match index.cmp(&passed) {
            std::cmp::Ordering::Less => check(label, CheckState::Ok, text, Some(*time)),
            std::cmp::Ordering::Equal => check(
                label,
                then,
                match then {
                    CheckState::Running => "uvicorn is starting",
                    CheckState::Gap if *label == "App" => {
                        "`python -m uvicorn src.main:app` ended immediately"
                    }
                    CheckState::Gap => "connection refused by 127.0.0.1:54321",
                    CheckState::Ok
                    | CheckState::Waiting
                    | CheckState::Warning
                    | CheckState::Skipped => "not asked yet",
                },
                None,
            ),
            std::cmp::Ordering::Greater => check(label, CheckState::Waiting, "", None),
        })
        .collect();
    let samples = if passed > 4 {
        [
            33, 34, 31, 58, 33, 32, 36, 33, 40, 33, 31, 33, 33, 35, 33, 47,
        ]
        .map(ms)
        .to_vec()
    } else {
        Vec::new()
    };
    Facts::Health(HealthFacts {
        checks,
        cold: passed > 3,
        samples,
        app: match (passed, then) {
            (8.., _) => AppStanding::Proved,
            (7, CheckState::Gap) => AppStanding::Failed,
            _ => AppStanding::Unproved,
        },
    })
}

/// The secrets step's facts.
pub(crate) fn secrets(leak: bool) -> Facts {
    let kept = "ignored, not tracked";
    let history = if leak {
        CheckState::Gap
    } else {
        CheckState::Ok
    };
    Facts::Secrets(SecretsFacts {
        checks: vec![
            check("backend/.env", CheckState::Ok, kept, Some(4)),
            check("frontend/.env.local", CheckState::Ok, kept, Some(3)),
            check("tracked files", CheckState::Ok, "412 files", Some(20)),
            check(
                "backend/.env.example",
                CheckState::Ok,
                "contains no secret",
                None,
            ),
            check("history", history, "18,204 objects", Some(310)),
            check(
                "path history",
                CheckState::Ok,
                "no env file was ever committed",
                None,
            ),
            check(
                "git hooks",
                CheckState::Skipped,
                "not installed; run `neonup hook install`",
                Some(1),
            ),
        ],
        hook: Some(false),
    })
}
