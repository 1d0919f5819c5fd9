//! The backend step: the application's session module, its requirements, and its start-up.
//!
//! New files are written; an existing file is only ever changed when the user asked for it, and the change was shown before.

use async_trait::async_trait;

use crate::{
    core::{
        answer::BackendAnswer,
        code::{Code, Severity},
        event::Report,
        facts::{BackendFacts, Check, CheckState, Facts, FileChange},
        failure::Result,
        finding::Finding,
        invocation::Invocation,
        proof::Basis,
        step::StepId,
    },
    domain::{
        diff,
        python::{self, Dependencies, PythonApp, SessionIssue},
        source::{Reader, join},
        url::Driver,
    },
    engine::{context::Cx, failures::files::source_not_written, step::Step},
    project::{
        detect::{self, SessionModule},
        settings::BackendSettings,
    },
};

/// The command that fixes what this step may fix by itself.
const FIX: Invocation = Invocation::SetupStep(StepId::Backend);
/// The command that also changes source files.
const EDIT: Invocation = Invocation::EditCode;
/// Where the health route is when no URL is configured.
const HEALTH_PATH: &str = "/health";

/// The backend step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BackendStep;

#[async_trait]
impl Step for BackendStep {
    type Answer = BackendAnswer;

    async fn probe(&self, cx: &Cx) -> Result<Report> {
        let Some(backend) = &cx.settings.backend else {
            return Ok(Report::skipped(
                "no backend was found, and neonup.toml names none",
            ));
        };
        Ok(BackendInspection::new(cx, backend).into_report(cx))
    }

    async fn apply(&self, cx: &Cx, answer: BackendAnswer) -> Result<Report> {
        let Some(backend) = &cx.settings.backend else {
            return self.probe(cx).await;
        };
        let edit = answer == BackendAnswer::EditCode || cx.settings.flags.edit_code;
        for change in BackendInspection::new(cx, backend).changes {
            if change.old.is_none() || edit {
                write(cx, &change)?;
            }
        }
        self.probe(cx).await
    }

    const MUST_FINISH: bool = true;
}

/// A change to one file, or a new file.
struct ProposedChange {
    path: String,
    why: String,
    old: Option<String>,
    new: String,
}

/// The application, where it was found.
struct FoundApp {
    app: PythonApp,
    /// The text of its file.
    main: String,
    /// The folder of the backend.
    dir: String,
    driver: Driver,
    /// The path of the health route.
    health: String,
}

/// What is there, what is wrong with it, and what a write would change.
#[derive(Default)]
struct BackendInspection {
    stack: &'static str,
    session: Option<SessionModule>,
    findings: Vec<Finding>,
    checks: Vec<Check>,
    changes: Vec<ProposedChange>,
    evidence: Vec<String>,
}

impl BackendInspection {
    fn new(cx: &Cx, backend: &BackendSettings) -> Self {
        let reader = |path: &str| read(cx, path);
        let detected = detect::detect(&reader);
        let mut inspection = Self {
            stack: detected.stack,
            session: detected.session,
            ..Self::default()
        };
        if inspection.session.is_none() {
            inspection.other_stack(cx, backend);
            return inspection;
        }
        let dependencies = Dependencies::read(&reader, backend.dir.trim_matches('/'));
        if let Some(found) = inspection.find_app(cx, backend, &dependencies) {
            inspection.requirements(&reader, &found, &dependencies);
            inspection.code(cx, backend, &found);
        }
        inspection
    }

    /// Reports the only thing that is checked of other stacks: whether the folder exists.
    fn other_stack(&mut self, cx: &Cx, backend: &BackendSettings) {
        let dir = backend.dir.trim_matches('/');
        let exists = cx
            .ports
            .files
            .stat(&cx.settings.path(dir))
            .is_ok_and(|stat| stat.is_some());
        if !exists {
            self.findings
                .push(not_found(dir, "the folder does not exist"));
        }
        self.evidence
            .push("its code is not looked at, only its env file".to_owned());
    }

    /// Finds the application: the one that the start command names, else one in the usual places.
    fn find_app(
        &mut self,
        cx: &Cx,
        backend: &BackendSettings,
        dependencies: &Dependencies,
    ) -> Option<FoundApp> {
        let reader = |path: &str| read(cx, path);
        let dir = backend.dir.trim_matches('/');
        let app = PythonApp::from_command(dir, &backend.start)
            .filter(|app| reader(&app.file).is_some())
            .or_else(|| python::find_app(&reader, dir));
        let Some(app) = app else {
            let named = PythonApp::from_command(dir, &backend.start)
                .map_or_else(|| join(dir, "src/main.py"), |app| app.file);
            self.check("application", false, &named);
            self.findings
                .push(not_found(&named, "no file makes the FastAPI application"));
            return None;
        };
        self.check("application", true, &app.file);
        let url_key = cx.settings.url_key();
        let health = backend
            .health
            .as_ref()
            .and_then(|url| url::Url::parse(url).ok())
            .map_or_else(|| HEALTH_PATH.to_owned(), |url| url.path().to_owned());
        Some(FoundApp {
            main: reader(&app.file).unwrap_or_default(),
            app,
            dir: dir.to_owned(),
            driver: url_key.map_or_else(|| dependencies.driver(), |(.., driver)| driver),
            health,
        })
    }

    /// Judges the session module and the start-up.
    fn code(&mut self, cx: &Cx, backend: &BackendSettings, found: &FoundApp) {
        let reader = |path: &str| read(cx, path);
        let FoundApp { app, driver, .. } = found;
        let url_key = cx.settings.url_key();
        let key = url_key.map_or("DATABASE_URL", |(_, key, ..)| key);
        let session = existing_session(&reader, app);
        let facts = python::judge_main(
            &found.main,
            session.as_ref().map(|(_, text)| text.as_str()),
            &found.health,
        );
        if let Some((path, text)) = &session {
            let env_flag = backend
                .start
                .iter()
                .any(|argument| argument.starts_with("--env-file"));
            let issues =
                python::judge_session(text, *driver, key, facts.loads_env_first || env_flag);
            self.check("session", issues.iter().all(|issue| !issue.breaks), path);
            self.findings
                .extend(issues.iter().map(|issue| session_finding(path, issue)));
        } else {
            let env_file = url_key.map_or_else(
                || join(&found.dir, ".env"),
                |(target, ..)| target.file.clone(),
            );
            let sqlmodel = self.session == Some(SessionModule::SqlModel);
            let files = python::session_files(app, *driver, key, &env_file, sqlmodel);
            self.propose_session(&reader, files);
        }
        self.start_up(cx, found, &facts);
    }

    fn into_report(self, cx: &Cx) -> Report {
        let mut findings = self.findings;
        if !cx.settings.backend_declared {
            for finding in &mut findings {
                finding.severity = finding.severity.min(Severity::Warning);
            }
        }
        let gap = findings
            .iter()
            .find(|finding| finding.severity == Severity::Gap)
            .map(|finding| finding.title.clone());
        let evidence = gap.unwrap_or_else(|| {
            if self.evidence.is_empty() {
                self.stack.to_owned()
            } else {
                format!("{}: {}", self.stack, self.evidence.join(", "))
            }
        });
        let changes = self
            .changes
            .iter()
            .map(|change| FileChange {
                path: change.path.clone(),
                why: change.why.clone(),
                diff: match &change.old {
                    Some(old) => diff::source(old, &change.new, 3),
                    None => diff::source("", &change.new, 3),
                },
                exists: change.old.is_some(),
            })
            .collect();
        Report::judged(evidence, Basis::Seen, findings).facts(Facts::Backend(BackendFacts {
            stack: self.stack.to_owned(),
            checks: self.checks,
            changes,
        }))
    }

    /// Proposes the files of a new session module.
    fn propose_session(&mut self, read: Reader<'_>, files: Vec<(String, String)>) {
        let path = files
            .first()
            .map(|(path, _)| path.clone())
            .unwrap_or_default();
        self.check("session", false, &path);
        self.findings.push(
            Finding::new(
                Code::BackendSessionMissing,
                format!("`{path}` does not exist"),
            )
            .path(&path)
            .detail("the application has nothing that connects it to the database")
            .command(FIX)
            .fixable(),
        );
        for (path, text) in files {
            let old = read(&path);
            let new = match &old {
                None => text,
                // an `__init__.py` that is there already keeps what it has
                Some(old) if !old.contains("get_session") => format!("{old}{text}"),
                Some(_) => continue,
            };
            self.changes.push(ProposedChange {
                path,
                why: "connects the application to the database".to_owned(),
                old,
                new,
            });
        }
    }

    fn check(&mut self, label: &str, ok: bool, text: impl Into<String>) {
        let state = if ok { CheckState::Ok } else { CheckState::Gap };
        self.checks.push(Check::new(label, state, text));
    }

    /// Compares the declared packages with those that the database needs.
    fn requirements(&mut self, read: Reader<'_>, found: &FoundApp, dependencies: &Dependencies) {
        let FoundApp { dir, driver, .. } = found;
        let sqlmodel = self.session == Some(SessionModule::SqlModel);
        let missing = dependencies.missing(*driver, sqlmodel);
        let file = dependencies
            .file
            .clone()
            .unwrap_or_else(|| join(dir, "requirements.txt"));
        self.check("requirements", missing.is_empty(), &file);
        if missing.is_empty() {
            self.evidence.push(format!("`{file}` names all packages"));
            return;
        }
        let plain = std::path::Path::new(&file)
            .extension()
            .is_some_and(|end| end == "txt");
        let edit = plain.then_some(EDIT);
        let hint = if plain {
            EDIT.to_string()
        } else if read(&join(dir, "poetry.lock")).is_some() {
            format!("poetry add {}", missing.join(" "))
        } else {
            let quoted: Vec<_> = missing.iter().map(|name| format!("\"{name}\"")).collect();
            format!("uv add {}", quoted.join(" "))
        };
        for package in &missing {
            let name = package.split(['>', '=', '[']).next().unwrap_or(package);
            let mut finding = Finding::new(
                Code::BackendDependencyMissing,
                format!("`{file}` lacks {name}"),
            )
            .path(&file)
            .detail(format!("the database is reached over {driver}"))
            .hint(hint.clone());
            finding.command.clone_from(&edit);
            self.findings.push(finding);
        }
        if plain {
            let old = read(&file);
            let mut new = old.clone().unwrap_or_default();
            if !new.is_empty() && !new.ends_with('\n') {
                new.push('\n');
            }
            for package in &missing {
                new.push_str(package);
                new.push('\n');
            }
            self.changes.push(ProposedChange {
                path: file,
                why: "adds the packages that the database needs".to_owned(),
                old,
                new,
            });
        }
    }

    /// Judges the tables on start-up and the health route, and proposes the change that adds them.
    fn start_up(&mut self, cx: &Cx, found: &FoundApp, facts: &python::MainFacts) {
        let FoundApp {
            app,
            main,
            health,
            driver,
            ..
        } = found;
        // migrations make the tables where there are some
        let migrates = !cx.settings.schema.command.is_empty();
        let tables = facts.create_all || migrates;
        let asks = facts.health.is_some() && facts.health_queries;
        self.check("tables", tables, "made on start-up");
        self.check("health", asks || facts.routers, health);
        let mut wanted = facts.clone();
        wanted.create_all = tables;
        let models = ["models/__init__.py", "models.py"]
            .iter()
            .any(|name| read(cx, &join(&app.package_dir, name)).is_some())
            .then(|| app.sibling("models"));
        // an async engine needs other code than the one proposed here
        let proposed = if *driver == Driver::Asyncpg {
            None
        } else {
            python::propose_main(main, app, &wanted, health, models.as_deref())
        };
        let edit = proposed.is_some().then_some(EDIT);
        let hint = edit
            .as_ref()
            .map_or_else(|| format!("edit {}", app.file), ToString::to_string);
        if !tables {
            let mut finding = Finding::new(
                Code::BackendCreateAllMissing,
                "the application does not create its tables on start-up",
            )
            .path(&app.file)
            .detail("nothing calls SQLModel.metadata.create_all(engine)")
            .hint(hint.clone());
            finding.command.clone_from(&edit);
            self.findings.push(finding);
        }
        if !asks {
            let (title, detail) = if facts.health.is_some() {
                (
                    format!("`{health}` does not ask the database"),
                    "it says healthy while the database is gone",
                )
            } else {
                (
                    format!("there is no route `{health}` in `{}`", app.file),
                    "nothing can tell whether the application reaches its database",
                )
            };
            let mut finding = Finding::new(Code::BackendHealthRouteMissing, title)
                .path(&app.file)
                .detail(detail)
                .hint(hint);
            finding.command = edit;
            if facts.health.is_none() && facts.routers {
                // it may stand in one of the routers
                finding.severity = Severity::Note;
            }
            finding.line = facts.health;
            self.findings.push(finding);
        }
        if tables && asks {
            self.evidence.push(format!("`{health}` asks the database"));
        }
        if let Some(new) = proposed {
            self.changes.push(ProposedChange {
                path: app.file.clone(),
                why: "creates the tables on start-up, and answers for the database".to_owned(),
                old: Some(main.clone()),
                new,
            });
        }
    }
}

/// Reads a source file; `None` where it does not exist or is not text.
fn read(cx: &Cx, path: &str) -> Option<String> {
    let bytes = cx.ports.files.read(&cx.settings.path(path)).ok()??;
    String::from_utf8(bytes).ok()
}

fn not_found(path: &str, why: &str) -> Finding {
    Finding::new(Code::BackendNotFound, format!("`{path}` is not there"))
        .path(path)
        .detail(why)
        .hint("name the folder and the start command under [backend] in neonup.toml")
}

fn session_finding(path: &str, issue: &SessionIssue) -> Finding {
    let mut finding = Finding::new(Code::BackendSessionWrong, issue.title.clone())
        .path(path)
        .detail(issue.detail.clone())
        .hint(issue.line.map_or_else(
            || format!("edit {path}"),
            |line| format!("edit line {line} of {path}"),
        ));
    if !issue.breaks {
        finding.severity = Severity::Warning;
    }
    finding.line = issue.line;
    finding
}

/// The modules that may make the engine.
const SESSIONS: &[&str] = &[
    "db/session.py",
    "db/__init__.py",
    "db/engine.py",
    "db/database.py",
    "db.py",
    "database.py",
    "session.py",
    "core/db.py",
    "core/database.py",
    "database/session.py",
    "database/__init__.py",
];

/// The module that makes the engine, or whose place the new one would take.
fn existing_session(read: Reader<'_>, app: &PythonApp) -> Option<(String, String)> {
    let candidates = || {
        SESSIONS
            .iter()
            .map(|name| join(&app.package_dir, name))
            .chain([app.file.clone()])
            .filter_map(|path| Some((read(&path)?, path)))
            .map(|(text, path)| (path, text))
    };
    let makes_engine =
        |text: &str| text.contains("create_engine(") || text.contains("create_async_engine(");
    candidates()
        .find(|(_, text)| makes_engine(text))
        // a db.py would be hidden by a new package of that name
        .or_else(|| {
            candidates().find(|(path, _)| {
                path.ends_with("db/session.py") || path.ends_with("/db.py") || path == "db.py"
            })
        })
}

fn write(cx: &Cx, change: &ProposedChange) -> Result<()> {
    let path = cx.settings.path(&change.path);
    let old = change.old.as_ref().map(String::as_bytes);
    cx.ports
        .files
        .replace(&path, old, change.new.as_bytes())
        // what the disk has not confirmed is there all the same
        .map(drop)
        .map_err(|error| source_not_written(&change.path, &error))
}

#[cfg(test)]
mod tests;
