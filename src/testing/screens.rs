//! Every screen in every state, with facts such as the steps report: for snapshots, sweeps, benchmarks and pictures.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

#[cfg(test)]
use crate::core::answer::{Answer, LoginAnswer};
use crate::core::{
    code::Code,
    event::{Event, EventKind, Outcome, Phase, Progress, Report, Verdict},
    facts::{
        BackendFacts, Check, CheckState, Column, DiffLine, DiffSign, EnvFacts, EnvFile, Facts,
        FileChange, HealthFacts, JoinedProject, KeyKind, KeySource, KeyringState, ListedProject,
        LoginFacts, ProjectFacts, SchemaFacts, SecretsFacts, Table,
    },
    failure::Failure,
    finding::Finding,
    presenter::{DemoOutcome, DemoRequest, Incident},
    remedy::Remedy,
    secret::Secret,
    step::StepId,
};
use crate::tui::{Options, msg::Msg, state::App, update::update};

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// What the wizard is told in the gallery.
pub(crate) fn options() -> Options {
    Options {
        project: "aido-todo".to_owned(),
        place: "Sandbox".to_owned(),
        start: "cd backend && python -m uvicorn src.main:app --port 8000".to_owned(),
        notes: vec![
            "The sample project lies in /tmp/neonup-demo/aido-todo".to_owned(),
            "It is removed at the end; `neonup demo --dir DIR` keeps it".to_owned(),
        ],
        ..Options::default()
    }
}

/// What it is told against the real Neon.
fn at_neon() -> Options {
    Options {
        place: "Neon".to_owned(),
        notes: Vec::new(),
        ..options()
    }
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
    })
}

fn login_without(keyring: KeyringState, neon_cli: Option<&str>) -> Facts {
    Facts::Login(LoginFacts {
        keyring: Some(keyring),
        store: "GNOME keyring, as neonup/console.neon.tech".to_owned(),
        neon_cli: neon_cli.map(str::to_owned),
        api_host: "https://console.neon.tech/api/v2".to_owned(),
        ..LoginFacts::default()
    })
}

fn choice(
    id: &str,
    name: &str,
    region: &str,
    postgres: u16,
    age: &str,
    meant: bool,
) -> ListedProject {
    ListedProject {
        id: id.to_owned(),
        name: name.to_owned(),
        region: region.to_owned(),
        postgres,
        created_at: "2026-11-20T09:00:00Z".to_owned(),
        age: age.to_owned(),
        meant,
    }
}

fn joined() -> JoinedProject {
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
    }
}

fn project_detail(choices: Vec<ListedProject>, joined: Option<JoinedProject>) -> Facts {
    Facts::Project(ProjectFacts {
        wanted: "aido-todo".to_owned(),
        region: "aws-us-east-2".to_owned(),
        postgres: 17,
        choices: choices.into(),
        unlisted: 0,
        temporary: false,
        joined,
    })
}

/// The project step's facts, joined.
pub(crate) fn project() -> Facts {
    project_detail(
        vec![choice(
            "old-violet-32930710",
            "aido-todo",
            "aws-us-east-2",
            17,
            "3 days ago",
            true,
        )],
        Some(joined()),
    )
}

fn line(sign: DiffSign, text: &str) -> DiffLine {
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
                    line(DiffSign::Add, "JWT_SECRET=•••• (as in backend/.env)"),
                ],
                changed: 0,
                added: 2,
                untouched: 0,
                undo: false,
            },
        ],
    })
}

fn env_done() -> Facts {
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
            why: "the app needs an engine and a session".to_owned(),
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
            why: "the tables are created on start-up, and /health asks the database".to_owned(),
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

fn rung(label: &str, state: CheckState, text: &str, elapsed: Option<u64>) -> Check {
    Check {
        label: label.to_owned(),
        state,
        text: text.to_owned(),
        elapsed: elapsed.map(ms),
    }
}

/// The health step's facts: how many rungs are climbed.
pub(crate) fn health(climbed: usize, then: CheckState) -> Facts {
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
        ("App", "/health says healthy, connected", 1204),
    ];
    let rungs = all
        .iter()
        .enumerate()
        .map(|(index, (label, text, time))| match index.cmp(&climbed) {
            std::cmp::Ordering::Less => rung(label, CheckState::Ok, text, Some(*time)),
            std::cmp::Ordering::Equal => rung(
                label,
                then,
                match then {
                    CheckState::Running => "uvicorn is starting",
                    CheckState::Gap => "connection refused by 127.0.0.1:54321",
                    CheckState::Ok
                    | CheckState::Waiting
                    | CheckState::Warning
                    | CheckState::Skipped => "not asked yet",
                },
                None,
            ),
            std::cmp::Ordering::Greater => rung(label, CheckState::Waiting, "", None),
        })
        .collect();
    let samples = if climbed > 4 {
        [
            33, 34, 31, 58, 33, 32, 36, 33, 40, 33, 31, 33, 33, 35, 33, 47,
        ]
        .map(ms)
        .to_vec()
    } else {
        Vec::new()
    };
    Facts::Health(HealthFacts {
        rungs,
        cold: climbed > 3,
        samples,
    })
}

/// The secrets step's facts.
pub(crate) fn secrets(leak: bool) -> Facts {
    let kept = "ignored, not in the index";
    let history = if leak {
        CheckState::Gap
    } else {
        CheckState::Ok
    };
    Facts::Secrets(SecretsFacts {
        checks: vec![
            rung("backend/.env", CheckState::Ok, kept, Some(4)),
            rung("frontend/.env.local", CheckState::Ok, kept, Some(3)),
            rung("tracked files", CheckState::Ok, "412 files", Some(20)),
            rung(
                "backend/.env.example",
                CheckState::Ok,
                "holds no secret",
                None,
            ),
            rung("history", history, "18,204 objects", Some(310)),
            rung(
                "path history",
                CheckState::Ok,
                "no env file was ever committed",
                None,
            ),
            rung(
                "pre-commit check",
                CheckState::Skipped,
                "not installed; `neonup hook install` does it",
                Some(1),
            ),
        ],
        hook: Some(false),
    })
}

/// An event of a step.
#[cfg(test)]
pub(crate) fn event(step: StepId, run: u64, kind: EventKind) -> Event {
    Event { run, step, kind }
}

/// The end of a probe or an apply that went well.
pub(crate) fn finished(phase: Phase, elapsed: u64, report: Report) -> EventKind {
    EventKind::Finished(Outcome {
        phase,
        elapsed: ms(elapsed),
        result: Ok(report),
    })
}

/// The end of one that did not.
pub(crate) fn failed(phase: Phase, failure: Failure) -> EventKind {
    EventKind::Finished(Outcome {
        phase,
        elapsed: ms(812),
        result: Err(failure),
    })
}

/// How a step reports that it is done.
pub(crate) fn done(step: StepId) -> Report {
    let (evidence, detail) = match step {
        StepId::Login => ("ada@example.org, from the OS keyring", login()),
        StepId::Project => ("aido-todo in aws-us-east-2, branch main", project()),
        StepId::Env => ("2 files hold every key", env_done()),
        StepId::Backend => (
            "session, start-up and health route are there",
            backend(false, false),
        ),
        StepId::Schema => ("2 tables with 12 columns are as expected", schema(true)),
        StepId::Health => (
            "the app answers through all 8 rungs",
            health(8, CheckState::Ok),
        ),
        StepId::Secrets => ("no secret in 412 files and 18,204 objects", secrets(false)),
    };
    Report {
        verdict: Verdict::Done,
        evidence: evidence.to_owned(),
        findings: Vec::new(),
        facts: Some(detail),
    }
}

/// How a step reports that something is missing that it can do.
pub(crate) fn todo(step: StepId) -> Report {
    let (evidence, finding, detail) = match step {
        StepId::Login => (
            "no API key was found",
            Finding::new(Code::LoginMissingKey, "no Neon API key was found")
                .detail("looked in NEON_API_KEY, the OS keyring and the key file")
                .hint("`neonup login` asks for one; make it at console.neon.tech › Account settings › API keys"),
            login_without(KeyringState::Ready, None),
        ),
        StepId::Project => (
            "aido-todo does not exist yet",
            Finding::new(Code::ProjectMissing, "no project is named aido-todo").fixable(),
            project_detail(
                vec![choice("tiny-fog-11223344", "billing", "aws-eu-central-1", 16, "2 years ago", false)],
                None,
            ),
        ),
        StepId::Env => (
            "backend/.env is out of date, frontend/.env.local is missing",
            Finding::new(Code::EnvStaleUrl, "DATABASE_URL is not this project's")
                .path("backend/.env")
                .line(3)
                .hint("neonup setup env")
                .fixable(),
            env(true),
        ),
        StepId::Backend => (
            "the session module is missing",
            Finding::new(Code::BackendSessionMissing, "no module opens a database session")
                .path("backend/src/db/session.py")
                .fixable(),
            backend(true, true),
        ),
        StepId::Schema => (
            "2 of 2 tables are missing",
            Finding::new(Code::SchemaMissingTable, "user and task do not exist").fixable(),
            schema(false),
        ),
        StepId::Health => (
            "the database answers; the app was not asked yet",
            Finding::new(Code::HealthAppHealth, "the app is not running").fixable(),
            health(7, CheckState::Waiting),
        ),
        StepId::Secrets => (
            "your live password is in the history",
            Finding::new(Code::SecretsLiveSecretInHistory, "your live password is in 2 commits")
                .path("DEPLOY.md")
                .line(41)
                .detail("First in f12fda3 of 2 January, which is on origin. Anyone who can read the repository can use it. Removing the file does not help.")
                .hint("`neonup rotate` gives the role a new password, and proves that this one is refused")
                .remedy(Some(Remedy::RotatePassword)),
            secrets(true),
        ),
    };
    Report {
        verdict: Verdict::Todo,
        evidence: evidence.to_owned(),
        findings: vec![finding],
        facts: Some(detail),
    }
}

/// A failure such as each step may have.
pub(crate) fn failure(step: StepId) -> Failure {
    match step {
        StepId::Login => Failure::new(Code::LoginKeyRejected, "Neon does not accept this key")
            .why("HTTP 401: authentication failed")
            .hint("make a new one at console.neon.tech › Account settings › API keys")
            .request_id(Some("5f2c9a1e-77aa-4f8e".to_owned())),
        StepId::Project => Failure::new(Code::ProjectLimitReached, "the project cannot be created")
            .why("HTTP 422: projects limit exceeded (limit 1)")
            .hint("join an existing one, or delete one that is not needed"),
        StepId::Env => Failure::new(Code::EnvOpenPermissions, "`backend/.env` cannot be written")
            .why("permission denied")
            .hint("chmod u+w backend"),
        StepId::Backend => {
            Failure::new(Code::BackendNotFound, "`backend/src/main.py` is not there")
                .hint("name the folder in neonup.toml, under [backend] dir")
        }
        StepId::Schema => Failure::new(
            Code::SchemaSqlError,
            "the schema was not created: nothing was changed",
        )
        .why("assets/schema.sql:12:17: syntax error at or near \"REFERENCE\"")
        .hint("mend the line, then look again"),
        StepId::Health => Failure::new(Code::HealthTcp, "no connection to `127.0.0.1:54321`")
            .why("connection refused")
            .hint("start the sandbox: neonup sandbox"),
        StepId::Secrets => Failure::new(Code::SecretsUnknown, "git did not answer")
            .why("fatal: not a git repository")
            .hint("git init"),
    }
}

/// An app of 80 × 24 to which things happen.
pub(crate) struct Stage {
    /// The app.
    pub app: App,
    run: u64,
}

impl Stage {
    /// A fresh one.
    pub(crate) fn new(options: Options) -> Self {
        Self {
            app: App::new(options, (80, 24)).0,
            run: 0,
        }
    }

    /// One in which these steps were probed as done, and those after them as open.
    pub(crate) fn up_to(step: StepId) -> Self {
        Self::told(options(), step)
    }

    /// The same, told something else.
    fn told(options: Options, step: StepId) -> Self {
        let mut stage = Self::new(options);
        for id in StepId::ALL {
            let report = if id < step { done(id) } else { todo(id) };
            stage.probed(id, report);
        }
        stage
    }

    /// Takes a message in.
    pub(crate) fn tell(&mut self, msg: Msg) -> &mut Self {
        drop(update(&mut self.app, msg));
        self
    }

    /// An event of the latest run.
    pub(crate) fn event(&mut self, step: StepId, kind: EventKind) -> &mut Self {
        let event = Event {
            run: self.run,
            step,
            kind,
        };
        self.tell(Msg::Engine(Box::new(event)))
    }

    /// Work that was asked for begins.
    pub(crate) fn begins(&mut self, step: StepId, phase: Phase) -> &mut Self {
        self.run += 1;
        self.event(step, EventKind::Started(phase))
    }

    /// A probe that was asked for begins and ends.
    pub(crate) fn probed(&mut self, step: StepId, report: Report) -> &mut Self {
        self.begins(step, Phase::Probe);
        self.event(step, finished(Phase::Probe, 12, report))
    }

    /// Keys are pressed.
    pub(crate) fn keys(&mut self, codes: &[KeyCode]) -> &mut Self {
        for code in codes {
            self.tell(Msg::Key(KeyEvent::new(*code, KeyModifiers::NONE)));
        }
        self
    }

    /// Text is typed.
    pub(crate) fn types(&mut self, text: &str) -> &mut Self {
        for char in text.chars() {
            self.keys(&[KeyCode::Char(char)]);
        }
        self
    }

    /// Time goes on.
    pub(crate) fn after(&mut self, millis: u64) -> &mut Self {
        let now = self.app.now + ms(millis);
        self.tell(Msg::Tick(now))
    }

    fn done(&mut self) -> App {
        self.app.clone()
    }
}

/// A make-believe world for the wizard: nothing is done at first, and every apply works, but for a key that ends in `bad`.
#[derive(Debug, Default)]
#[cfg(test)]
pub(crate) struct World {
    done: std::collections::BTreeSet<StepId>,
    run: u64,
}

#[cfg(test)]
impl World {
    /// A world in which these steps are done.
    pub(crate) fn with(done: &[StepId]) -> Self {
        Self {
            done: done.iter().copied().collect(),
            run: 0,
        }
    }

    fn report(&self, step: StepId) -> Report {
        let blocked = step.needs().iter().find(|need| !self.done.contains(need));
        match blocked {
            _ if self.done.contains(&step) => done(step),
            Some(need) => Report::waiting(format!("{need} comes first")),
            // of the gallery's gaps, the one that this world can close
            None if step == StepId::Secrets => Report {
                findings: vec![
                    Finding::new(Code::SecretsNotIgnored, "git does not ignore backend/.env")
                        .path("backend/.env")
                        .fixable(),
                ],
                evidence: "backend/.env is not ignored".to_owned(),
                ..todo(step)
            },
            None => todo(step),
        }
    }

    /// What happens when these steps are probed: after how long, what.
    pub(crate) fn probe(&mut self, steps: &[StepId]) -> Vec<(Duration, Event)> {
        let mut happens = Vec::new();
        for (index, step) in steps.iter().enumerate() {
            self.run += 1;
            let report = self.report(*step);
            let end = 60 * (index as u64 + 1);
            happens.push((
                ms(0),
                event(*step, self.run, EventKind::Started(Phase::Probe)),
            ));
            happens.push((
                ms(end),
                event(*step, self.run, finished(Phase::Probe, end, report)),
            ));
        }
        happens
    }

    /// What happens when a step is applied.
    pub(crate) fn apply(&mut self, answer: &Answer) -> Vec<(Duration, Event)> {
        let step = answer.step();
        self.run += 1;
        let run = self.run;
        let mut happens = vec![
            (ms(0), event(step, run, EventKind::Started(Phase::Apply))),
            (
                ms(200),
                event(
                    step,
                    run,
                    EventKind::Progress(Progress::label(crate::tui::screens::working(
                        step,
                        Phase::Apply,
                    ))),
                ),
            ),
        ];
        if let Answer::Login(LoginAnswer::Key(key, _)) = answer
            && key.expose().ends_with("bad")
        {
            happens.push((
                ms(700),
                event(step, run, failed(Phase::Apply, failure(step))),
            ));
            return happens;
        }
        let blocked = step.needs().iter().any(|need| !self.done.contains(need));
        if blocked && step != StepId::Secrets {
            happens.push((
                ms(300),
                event(step, run, failed(Phase::Apply, failure(step))),
            ));
            return happens;
        }
        if step == StepId::Health {
            for rung in 0..8 {
                let shown = EventKind::Facts(health(rung, CheckState::Running));
                happens.push((ms(100 + 200 * rung as u64), event(step, run, shown)));
            }
        }
        self.done.insert(step);
        let end = if step == StepId::Health { 1900 } else { 900 };
        happens.push((
            ms(end),
            event(step, run, finished(Phase::Apply, end, done(step))),
        ));
        happens
    }

    /// What happens when the work on a step is cancelled.
    pub(crate) fn cancel(&mut self, step: StepId, run: u64) -> Event {
        self.done.remove(&step);
        event(
            step,
            run,
            failed(Phase::Apply, Failure::cancelled(Code::HealthQuery)),
        )
    }
}

const KEY: &str = "napi_canary0canary1canary2canary3canary4canary5canary6canary7canaryk3f2";

/// Every screen in every state, by name.
#[expect(
    clippy::too_many_lines,
    reason = "a list of states is read best in one piece"
)]
pub(crate) fn gallery() -> Vec<(&'static str, App)> {
    use KeyCode::{Char, Down, Enter, Esc, Tab};
    let mut all: Vec<(&'static str, App)> = Vec::new();
    let mut add = |name: &'static str, stage: &mut Stage| all.push((name, stage.done()));
    let at = Stage::up_to;

    let login = || Stage::told(at_neon(), StepId::Login);
    add("login-loading", Stage::new(at_neon()).after(400));
    add("login-empty", &mut login());
    add("login-typing", login().types("napi_abc"));
    add("login-pasted", login().tell(Msg::Paste(Secret::new(KEY))));
    add(
        "login-revealed",
        login()
            .tell(Msg::Paste(Secret::new("napi_not_a_real_key_0000")))
            .tell(Msg::Key(KeyEvent::new(Char('r'), KeyModifiers::CONTROL))),
    );
    add("login-invalid", login().keys(&[Enter]));
    add(
        "login-checking",
        login()
            .tell(Msg::Paste(Secret::new(KEY)))
            .keys(&[Enter])
            .begins(StepId::Login, Phase::Apply)
            .event(
                StepId::Login,
                EventKind::Progress(Progress::label("asking Neon who this is")),
            )
            .after(1240),
    );
    add(
        "login-rejected",
        login()
            .tell(Msg::Paste(Secret::new(KEY)))
            .keys(&[Enter])
            .begins(StepId::Login, Phase::Apply)
            .event(StepId::Login, failed(Phase::Apply, failure(StepId::Login))),
    );
    let mut no_keyring = todo(StepId::Login);
    no_keyring.facts = Some(login_without(
        KeyringState::Unavailable("no D-Bus session".to_owned()),
        None,
    ));
    no_keyring.findings.push(
        Finding::new(
            Code::LoginKeyringUnavailable,
            "the OS keyring does not answer",
        )
        .detail("no D-Bus session")
        .hint("the key can be used for this session only"),
    );
    add(
        "login-no-keyring",
        Stage::new(at_neon())
            .probed(StepId::Login, no_keyring)
            .tell(Msg::Paste(Secret::new(KEY))),
    );
    let mut cli = todo(StepId::Login);
    cli.facts = Some(login_without(KeyringState::Ready, Some("ada@example.org")));
    add(
        "login-neon-cli",
        Stage::new(at_neon()).probed(StepId::Login, cli),
    );
    let unreachable = Failure::new(
        Code::LoginUnreachable,
        "cannot reach `https://console.neon.tech/api/v2`",
    )
    .why("dns error: Temporary failure in name resolution")
    .hint("check your network, or try the sandbox: neonup demo");
    add(
        "login-unreachable",
        Stage::new(at_neon())
            .begins(StepId::Login, Phase::Probe)
            .event(StepId::Login, failed(Phase::Probe, unreachable)),
    );
    add(
        "login-done",
        Stage::told(at_neon(), StepId::Project).keys(&[Char('1')]),
    );

    add("project-create", &mut at(StepId::Project));
    let mut temporary = todo(StepId::Project);
    "no temporary database yet".clone_into(&mut temporary.evidence);
    temporary.findings = vec![
        Finding::new(
            Code::ProjectMissing,
            "there is no temporary database for this clone yet",
        )
        .detail("neon.new makes one without an account")
        .hint("neonup setup --claimable")
        .fixable(),
    ];
    temporary.facts = Some(Facts::Project(ProjectFacts {
        wanted: "aido-todo".to_owned(),
        temporary: true,
        ..ProjectFacts::default()
    }));
    let mut stage = at(StepId::Project);
    stage.app.probe(&[StepId::Project]);
    add(
        "project-temporary",
        stage.probed(StepId::Project, temporary),
    );
    let mut exists = todo(StepId::Project);
    "aido-todo exists already, created 3 days ago".clone_into(&mut exists.evidence);
    exists.findings = vec![
        Finding::new(
            Code::ProjectDuplicate,
            "a project of this name exists and is not joined yet",
        )
        .fixable(),
    ];
    exists.facts = Some(project_detail(
        vec![
            choice(
                "old-violet-32930710",
                "aido-todo",
                "aws-us-east-2",
                17,
                "3 days ago",
                true,
            ),
            choice(
                "icy-moon-99887766",
                "aido-todo-old",
                "aws-eu-west-2",
                16,
                "91 days ago",
                false,
            ),
            choice(
                "tiny-fog-11223344",
                "billing",
                "aws-eu-central-1",
                16,
                "2 years ago",
                false,
            ),
        ],
        None,
    ));
    let mut stage = at(StepId::Project);
    stage.app.probe(&[StepId::Project]);
    add(
        "project-join",
        stage.probed(StepId::Project, exists.clone()),
    );
    add("project-name", stage.keys(&[Char('n')]));
    add(
        "project-name-taken",
        stage.types("\u{8}").keys(&[
            KeyCode::Backspace,
            KeyCode::Backspace,
            KeyCode::Backspace,
            Enter,
        ]),
    );
    let mut twice = exists;
    "2 projects are named aido-todo".clone_into(&mut twice.evidence);
    twice.findings = vec![
        Finding::new(Code::ProjectAmbiguous, "2 projects have the name aido-todo")
            .hint("join one, and record its id in neonup.toml"),
    ];
    let mut many: Vec<_> = (0..38)
        .map(|number| {
            choice(
                &format!("calm-sea-{number:08}"),
                &format!("service-{number}"),
                "aws-us-east-2",
                17,
                "5 months ago",
                false,
            )
        })
        .collect();
    many.insert(
        0,
        choice(
            "young-sun-55667788",
            "aido-todo",
            "aws-eu-central-1",
            17,
            "2 hours ago",
            true,
        ),
    );
    many.insert(
        0,
        choice(
            "old-violet-32930710",
            "aido-todo",
            "aws-us-east-2",
            17,
            "3 days ago",
            true,
        ),
    );
    many.push(choice(
        "漢字-00000001",
        "漢字のプロジェクト",
        "aws-ap-northeast-1",
        17,
        "1 day ago",
        false,
    ));
    twice.facts = Some(project_detail(many, None));
    let mut stage = at(StepId::Project);
    stage.app.probe(&[StepId::Project]);
    add("project-ambiguous", stage.probed(StepId::Project, twice));
    add("project-filter", stage.keys(&[Char('/')]).types("ser 1"));
    add(
        "project-creating",
        at(StepId::Project)
            .keys(&[Enter])
            .begins(StepId::Project, Phase::Apply)
            .event(
                StepId::Project,
                EventKind::Progress(Progress {
                    label: "waiting for start_compute".to_owned(),
                    done: 1,
                    total: Some(2),
                }),
            )
            .after(2300),
    );
    add(
        "project-leave",
        at(StepId::Project)
            .keys(&[Enter])
            .begins(StepId::Project, Phase::Apply)
            .after(900)
            .keys(&[Esc])
            .tell(Msg::Key(KeyEvent::new(Char('c'), KeyModifiers::CONTROL))),
    );
    add(
        "project-failed",
        at(StepId::Project)
            .keys(&[Enter])
            .begins(StepId::Project, Phase::Apply)
            .event(
                StepId::Project,
                failed(Phase::Apply, failure(StepId::Project)),
            ),
    );
    add("project-done", at(StepId::Env).keys(&[Char('2')]));
    let mut waiting = Stage::up_to(StepId::Login);
    waiting.app.probe(&[StepId::Project]);
    add(
        "project-waits",
        waiting
            .probed(StepId::Project, Report::waiting("a key is needed first"))
            .keys(&[Tab, Char('2')]),
    );

    add("env-todo", &mut at(StepId::Env));
    add(
        "env-scrolled",
        at(StepId::Env).keys(&[KeyCode::PageDown, Down]),
    );
    let mut open = todo(StepId::Env);
    open.findings = vec![
        Finding::new(Code::EnvNotIgnored, "git does not ignore backend/.env")
            .path("backend/.env")
            .detail("A file that git takes must not hold a secret.")
            .hint("neonup setup secrets"),
    ];
    open.facts = Some(env(false));
    let mut stage = at(StepId::Env);
    stage.app.probe(&[StepId::Env]);
    add("env-not-ignored", stage.probed(StepId::Env, open));
    add(
        "env-writing",
        at(StepId::Env)
            .keys(&[Enter])
            .begins(StepId::Env, Phase::Apply)
            .after(300),
    );
    add(
        "env-failed",
        at(StepId::Env)
            .keys(&[Enter])
            .begins(StepId::Env, Phase::Apply)
            .event(StepId::Env, failed(Phase::Apply, failure(StepId::Env))),
    );
    add("env-done", at(StepId::Backend).keys(&[Char('3')]));
    add("env-skip", at(StepId::Env).keys(&[Char('s')]));
    add(
        "env-skipped",
        at(StepId::Env).keys(&[Char('s'), Enter, Char('3')]),
    );

    add("backend-todo", &mut at(StepId::Backend));
    let mut edit = todo(StepId::Backend);
    "main.py does not create the tables".clone_into(&mut edit.evidence);
    edit.findings = vec![
        Finding::new(
            Code::BackendCreateAllMissing,
            "the app does not create its tables on start-up",
        )
        .path("backend/src/main.py")
        .line(12)
        .fixable(),
    ];
    edit.facts = Some(backend(false, true));
    let mut stage = at(StepId::Backend);
    stage.app.probe(&[StepId::Backend]);
    add("backend-edit", stage.probed(StepId::Backend, edit));
    add(
        "backend-failed",
        at(StepId::Backend)
            .keys(&[Enter])
            .begins(StepId::Backend, Phase::Apply)
            .event(
                StepId::Backend,
                failed(Phase::Apply, failure(StepId::Backend)),
            ),
    );
    add("backend-done", at(StepId::Schema).keys(&[Char('4')]));

    add("schema-todo", &mut at(StepId::Schema));
    add(
        "schema-running",
        at(StepId::Schema)
            .keys(&[Enter])
            .begins(StepId::Schema, Phase::Apply)
            .after(700),
    );
    add(
        "schema-failed",
        at(StepId::Schema)
            .keys(&[Enter])
            .begins(StepId::Schema, Phase::Apply)
            .event(
                StepId::Schema,
                failed(Phase::Apply, failure(StepId::Schema)),
            ),
    );
    add("schema-done", at(StepId::Health).keys(&[Char('5')]));

    add("health-todo", &mut at(StepId::Health));
    add(
        "health-climbing",
        at(StepId::Health)
            .keys(&[Enter])
            .begins(StepId::Health, Phase::Apply)
            .event(
                StepId::Health,
                EventKind::Facts(health(7, CheckState::Running)),
            )
            .event(
                StepId::Health,
                EventKind::Progress(Progress::label("uvicorn is starting")),
            )
            .after(1200),
    );
    add(
        "health-failed",
        at(StepId::Health)
            .keys(&[Enter])
            .begins(StepId::Health, Phase::Apply)
            .event(StepId::Health, EventKind::Facts(health(1, CheckState::Gap)))
            .event(
                StepId::Health,
                failed(Phase::Apply, failure(StepId::Health)),
            ),
    );
    add("health-done", at(StepId::Secrets).keys(&[Char('6')]));
    let mut watching = at(StepId::Secrets);
    watching.keys(&[Char('6'), Char('w')]);
    for _ in 0..12 {
        watching
            .probed(StepId::Health, done(StepId::Health))
            .after(1000);
    }
    add("health-watching", &mut watching);
    add(
        "health-watching-lost",
        watching.begins(StepId::Health, Phase::Probe).event(
            StepId::Health,
            failed(Phase::Probe, failure(StepId::Health)),
        ),
    );

    add("secrets-leak", &mut at(StepId::Secrets));
    add("secrets-rotate", at(StepId::Secrets).keys(&[Enter]));
    let mut open = todo(StepId::Secrets);
    "backend/.env is tracked".clone_into(&mut open.evidence);
    open.findings = vec![
        Finding::new(Code::SecretsTracked, "git tracks backend/.env")
            .path("backend/.env")
            .detail("The next push takes it along.")
            .hint("neonup setup secrets")
            .fixable(),
        Finding::new(
            Code::SecretsCredentialInTree,
            "a hard-coded URL with a password",
        )
        .severity(crate::core::code::Severity::Warning)
        .path("src/seed.py")
        .line(12),
        Finding::new(
            Code::SecretsPathInHistory,
            "a file of this name was committed once",
        )
        .severity(crate::core::code::Severity::Note)
        .path("backend/.env"),
    ];
    let mut stage = at(StepId::Secrets);
    stage.app.probe(&[StepId::Secrets]);
    add("secrets-tracked", stage.probed(StepId::Secrets, open));
    let mut stage = at(StepId::Secrets);
    stage.app.probe(&[StepId::Secrets]);
    add(
        "secrets-failed",
        stage.begins(StepId::Secrets, Phase::Probe).event(
            StepId::Secrets,
            failed(Phase::Probe, failure(StepId::Secrets)),
        ),
    );
    let all_done = || {
        let mut stage = Stage::new(options());
        for step in StepId::ALL {
            stage.probed(step, done(step));
        }
        stage
    };
    add("secrets-done", all_done().keys(&[Char('7')]));

    add("summary-done", &mut all_done());
    add("summary-open", at(StepId::Schema).keys(&[Char('8')]));
    let mut mixed = at(StepId::Env);
    add(
        "summary-mixed",
        mixed
            .keys(&[Enter])
            .begins(StepId::Env, Phase::Apply)
            .event(StepId::Env, failed(Phase::Apply, failure(StepId::Env)))
            .keys(&[Char('4'), Char('s'), Enter, Char('8')]),
    );
    add("help", at(StepId::Env).keys(&[Char('?')]));
    add(
        "presenter",
        at(StepId::Env)
            .keys(&[Char('2'), Char('p'), Enter])
            .after(5000),
    );
    all.extend(tour());
    all
}

/// What the wizard of a tour is told.
pub(crate) fn on_stage() -> Options {
    Options {
        presenter: true,
        demo: true,
        private: vec!["/tmp/neonup-demo".to_owned()],
        ..options()
    }
}

/// A tour that stands before this step: those before it are done.
pub(crate) fn tour_at(step: StepId) -> Stage {
    let mut stage = Stage::new(on_stage());
    for id in StepId::ALL {
        stage.probed(id, if id < step { done(id) } else { todo(id) });
    }
    stage.keys(&[KeyCode::Char('1'), KeyCode::Enter]);
    stage
}

/// The presenter's pauses, by name.
fn tour() -> Vec<(&'static str, App)> {
    use KeyCode::{Char, Down, Enter};
    let mut all: Vec<(&'static str, App)> = Vec::new();
    let mut add = |name: &'static str, stage: &mut Stage| all.push((name, stage.done()));
    let at = tour_at;
    let demo = |request, result| Msg::Demo(Box::new(DemoOutcome { request, result }));
    let arranged = |incident| demo(DemoRequest::Cause(incident), Ok(()));

    add("presenter-opening", &mut Stage::new(on_stage()));
    add(
        "presenter-step",
        at(StepId::Env).after(3000).keys(&[Down, Down, Char('3')]),
    );
    add(
        "presenter-act",
        at(StepId::Env).keys(&[Char('3'), Enter, Enter]),
    );
    add(
        "presenter-done",
        at(StepId::Env)
            .keys(&[Char('3'), Enter, Enter, Enter])
            .begins(StepId::Env, Phase::Apply)
            .event(StepId::Env, finished(Phase::Apply, 64, done(StepId::Env))),
    );
    add(
        "presenter-mishaps",
        at(StepId::Backend).keys(&[Char('m'), Down]),
    );
    add(
        "presenter-setting",
        at(StepId::Backend).keys(&[Char('m'), Enter]).after(700),
    );
    add(
        "presenter-arranged",
        at(StepId::Backend)
            .keys(&[Char('m'), Enter])
            .tell(arranged(Incident::TrackedEnv)),
    );
    let failure = Failure::new(
        Code::BackendNotFound,
        "`backend/.env` has no connection URL yet",
    )
    .hint("finish the env step first, then press m again");
    add(
        "presenter-trouble",
        at(StepId::Env).keys(&[Char('m'), Enter]).tell(demo(
            DemoRequest::Cause(Incident::TrackedEnv),
            Err(failure.into()),
        )),
    );
    add(
        "presenter-reset",
        at(StepId::Backend).keys(&[Char('R'), Down]),
    );
    add(
        "presenter-summary",
        at(StepId::Secrets).keys(&[Char('8'), Enter]).after(9000),
    );
    all
}
