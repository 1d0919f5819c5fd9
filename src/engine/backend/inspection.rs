//! What the backend step looks at before it judges.

use crate::{
    core::{
        code::{Code, Severity},
        event::Report,
        facts::{BackendFacts, Check, CheckState, DiffLine, Facts, FileChange},
        finding::Finding,
        proof::Basis,
    },
    domain::{
        diff,
        python::{
            self, AppKind, AppStart, Deduction, Dependencies, Entry, HARD_CODED, Judgement, Needs,
            StartTarget, WantedCode,
        },
        reading::Spot,
        source::{FileReader, decoded, join},
        url::Driver,
    },
    engine::{
        backend::findings::{
            EDIT, hard_coded, health_missing, health_silent, newer_sqlalchemy, not_determined,
            not_found, session_issue, session_missing, session_unused, tables_missing, unread,
        },
        context::Cx,
        own_address, packages,
    },
    project::{
        detect::{self, OwnAddress, SessionModule},
        settings::BackendSettings,
    },
};

/// Where the health route is when neither a URL is configured nor the code has one.
const HEALTH_PATH: &str = "/health";

/// How a stack names itself whose code is not judged.
const NOT_JUDGED: &str = "its code isn't checked: these checks are for FastAPI applications";

/// A change to one file, or a new file.
pub(super) struct ProposedChange {
    pub path: String,
    pub why: String,
    pub old: Option<String>,
    pub new: String,
    /// Whether something imports it as it is; else only another change does.
    pub is_imported: bool,
    /// What a diff shows of the old text where it may not show all of it, line by line the same.
    pub shown: Option<String>,
}

impl ProposedChange {
    fn diff(&self) -> Vec<DiffLine> {
        let old = self.old.as_deref().unwrap_or_default();
        match &self.shown {
            Some(shown) => diff::source_shown(old, shown, &self.new, 3),
            None => diff::source(old, &self.new, 3),
        }
    }
}

/// What is there, what is wrong with it, and what a write would change.
#[derive(Default)]
pub(super) struct BackendInspection {
    stack: &'static str,
    /// Why the step has nothing to do here.
    skipped: Option<String>,
    sqlmodel: bool,
    findings: Vec<Finding>,
    /// What could not be found out.
    open: Vec<Finding>,
    checks: Vec<Check>,
    pub changes: Vec<ProposedChange>,
    evidence: Vec<String>,
}

impl BackendInspection {
    /// Looks where nothing shows how the application starts.
    pub(super) fn without_backend(cx: &Cx) -> Self {
        let mut inspection = Self {
            stack: "no known start",
            skipped: Some("no backend was found, and neonup.toml doesn't set one".to_owned()),
            ..Self::default()
        };
        if let Some(own) = own_address::is_fixed(cx) {
            inspection.address(&own);
        }
        inspection
    }

    pub(super) fn new(cx: &Cx, backend: &BackendSettings) -> Self {
        let mut inspection = Self::of_code(cx, backend);
        if let Some(own) = own_address::find(cx) {
            inspection.address(&own);
        }
        inspection
    }

    /// Reports an address that the code itself holds, and proposes to read it from the environment.
    fn address(&mut self, own: &OwnAddress) {
        let Some(edit) = &own.edit else {
            return;
        };
        let same = self
            .changes
            .iter_mut()
            .find(|change| change.path == edit.path);
        if let Some(change) = same {
            // what else is proposed for the file goes together with it
            let Some(new) = edit.with(&change.new) else {
                return;
            };
            change.new = new;
            change.shown = Some(edit.shown.clone());
        } else {
            self.changes.push(ProposedChange {
                path: edit.path.clone(),
                why: "reads the database's address from the environment".to_owned(),
                old: Some(edit.old.clone()),
                new: edit.new.clone(),
                is_imported: false,
                shown: Some(edit.shown.clone()),
            });
        }
        let told = self.findings.iter_mut().find(|finding| {
            finding.code == Code::BackendSessionWrong && finding.title == HARD_CODED
        });
        if let Some(finding) = told {
            finding.hint = String::new();
            finding.command = Some(EDIT);
        } else {
            self.findings.push(hard_coded(&own.at));
        }
        if self.skipped.take().is_some() {
            self.evidence.push("its address is hard-coded".to_owned());
        }
    }

    fn of_code(cx: &Cx, backend: &BackendSettings) -> Self {
        let text = |path: &str| decoded(bytes(cx, path).ok()??);
        let dir = backend.dir.trim_matches('/');
        let (stack, session) = detect::kind(&text, dir);
        let dependencies = Dependencies::nearest(&text, dir);
        let mut inspection = Self {
            stack,
            sqlmodel: session == Some(SessionModule::SqlModel) || dependencies.has("sqlmodel"),
            ..Self::default()
        };
        if !dir.is_empty() && !exists(cx, dir) {
            inspection
                .findings
                .push(not_found(dir, "the folder doesn't exist"));
            return inspection;
        }
        let start = AppStart::read(dir, &backend.start);
        let fastapi = session.is_some() || dependencies.has("fastapi");
        if !fastapi && (!start.python || dependencies.has("django")) {
            inspection.skipped = Some(format!("{}: {NOT_JUDGED}", inspection.stack));
            return inspection;
        }
        inspection.python(cx, backend, &start, dependencies, fastapi);
        inspection
    }

    /// Reads a Python application from its start on.
    fn python(
        &mut self,
        cx: &Cx,
        backend: &BackendSettings,
        start: &AppStart,
        dependencies: Dependencies,
        fastapi: bool,
    ) {
        let files: FileReader<'_> = &|path: &str| bytes(cx, path);
        let dir = backend.dir.trim_matches('/');
        let entry = match &start.target {
            Some(_) => python::read_entry(files, dir, start),
            None => usual_entry(cx, files, dir, start),
        };
        let Some(entry) = entry else {
            let named = match &start.target {
                Some(StartTarget::Object { module, .. } | StartTarget::Module(module)) => {
                    join(dir, &format!("{}.py", module.replace('.', "/")))
                }
                Some(StartTarget::File { path, .. }) if !path.is_empty() => path.clone(),
                _ => join(dir, "main.py"),
            };
            if !fastapi && dependencies.has("flask") {
                self.skipped = Some(format!("{}: {NOT_JUDGED}", self.stack));
                return;
            }
            self.check("application", false, &named);
            self.findings
                .push(not_found(&named, "no file creates the FastAPI application"));
            return;
        };
        let url_key = cx.settings.url_key();
        let driver = url_key.map_or_else(|| dependencies.driver(), |(.., driver)| driver);
        let key = url_key.map_or("DATABASE_URL", |(_, key, ..)| key);
        let health = health_path(backend);
        let mut judgement = python::judge(&entry, driver, key, health.as_deref());
        if judgement.kind == AppKind::FastApi && judgement.session.is_none() {
            python::judge_unimported(files, dir, &entry, driver, key, &mut judgement);
        }
        match &judgement.kind {
            AppKind::FastApi => {}
            AppKind::Other(package) => {
                self.other_framework(package, &judgement);
                return;
            }
            AppKind::Unknown if !fastapi => {
                self.skipped = Some(format!("{}: {NOT_JUDGED}", self.stack));
                return;
            }
            AppKind::Unknown => {
                self.check("application", false, &entry.app.file);
                self.open.push(not_determined(
                    &format!(
                        "couldn't tell what `{}` in `{}` is",
                        entry.app.variable, entry.app.file
                    ),
                    None,
                    "set the application's module and object in the start command under [backend]",
                ));
                self.open.extend(unread(&judgement.coverage));
                return;
            }
        }
        self.check("application", true, &entry.app.file);
        self.open.extend(unread(&judgement.coverage));
        let driver = judgement.connections.driver.unwrap_or(driver);
        let new_session = self.session(cx, &entry, &judgement, driver, key, dir);
        let file = dependencies.file.clone().unwrap_or_default();
        self.requirements(
            cx,
            dir,
            driver,
            dependencies,
            &judgement,
            new_session.is_some(),
        );
        self.sqlalchemy(cx, dir, &file);
        self.start_up(cx, &entry, &judgement, new_session, health.as_deref(), dir);
    }

    /// Another framework: what is wrong where it connects is said, and nothing else is asked of it.
    fn other_framework(&mut self, package: &str, judgement: &Judgement) {
        let broken = judgement
            .connections
            .issues
            .iter()
            .any(|issue| issue.breaks);
        if !broken {
            self.skipped = Some(format!("this is a {package} application: {NOT_JUDGED}"));
            return;
        }
        self.check("application", true, &judgement.app.file);
        self.findings
            .extend(judgement.connections.issues.iter().map(session_issue));
        self.evidence
            .push(format!("this is a {package} application"));
    }

    /// Judges where the application connects, or proposes a session module. Gives the module's name where one is proposed.
    fn session(
        &mut self,
        cx: &Cx,
        entry: &Entry,
        judgement: &Judgement,
        driver: Driver,
        key: &str,
        dir: &str,
    ) -> Option<String> {
        self.findings
            .extend(judgement.connections.issues.iter().map(session_issue));
        for (what, spot) in &judgement.connections.unsure {
            self.open.push(not_determined(
                what,
                spot.as_ref(),
                "write them out where the engine is created",
            ));
        }
        if let Some(spot) = &judgement.session {
            let good = judgement
                .connections
                .issues
                .iter()
                .all(|issue| !issue.breaks);
            self.check("session", good, &spot.file);
            return None;
        }
        let new = entry.app.sibling("db");
        let imported = judgement
            .missing
            .keys()
            .any(|name| *name == new || name.starts_with(&format!("{new}.")));
        let env_file = cx
            .settings
            .url_key()
            .map_or_else(|| join(dir, ".env"), |(target, ..)| target.file.clone());
        let files = python::session_files(&entry.app, driver, key, &env_file, self.sqlmodel);
        if let Some(spot) = &judgement.unimported {
            // a write of ours that was cut off is finished
            let is_ours = |(path, text): &(String, String)| {
                let there = read(cx, path).ok().flatten();
                *path == spot.file && there.and_then(Bytes::try_into_text).as_ref() == Some(text)
            };
            let half_written = imported && files.iter().any(is_ours);
            if !half_written {
                self.check("session", false, &spot.file);
                self.findings.push(session_unused(spot));
                return None;
            }
        }
        if !imported {
            if let Some((module, (file, line))) = judgement.missing.first_key_value() {
                self.check("session", false, module);
                let spot = Spot {
                    file: file.clone(),
                    line: *line,
                };
                self.open.push(not_determined(
                    &format!("`{module}` is imported but doesn't exist, so neonup couldn't tell where the engine is created"),
                    Some(&spot),
                    &format!("add the module {module}, or remove the import"),
                ));
                return None;
            }
            if let Some(package) = &judgement.foreign_session {
                self.check("session", false, package);
                self.open.push(not_determined(
                    &format!("the sessions come from the package `{package}`, whose code isn't in this repository"),
                    None,
                    "start the application to see whether it connects: neonup setup health",
                ));
                return None;
            }
            if !judgement.coverage.is_complete() {
                // the engine may be in what was not read, which is said already
                self.check("session", false, "not found in the code that was read");
                return None;
            }
        }
        self.propose_session(cx, files, imported, driver);
        Some(new)
    }

    /// Proposes the files of a new session module.
    fn propose_session(
        &mut self,
        cx: &Cx,
        files: Vec<(String, String)>,
        imported: bool,
        driver: Driver,
    ) {
        let missing = files.iter().find(|(path, _)| !exists(cx, path));
        let path = missing
            .or(files.first())
            .map(|(path, _)| path.clone())
            .unwrap_or_default();
        self.check("session", false, &path);
        // an async engine needs other code in main.py than the one that is proposed
        let edit = driver != Driver::Asyncpg;
        self.findings.push(session_missing(&path, imported, edit));
        if !imported && !edit {
            return;
        }
        for (path, text) in files {
            let old = read(cx, &path)
                .ok()
                .flatten()
                .and_then(Bytes::try_into_text);
            let new = match &old {
                None => text,
                // an `__init__.py` that is there already keeps what it has
                Some(old) if path.ends_with("__init__.py") && !old.contains("get_session") => {
                    format!("{old}{text}")
                }
                Some(_) => continue,
            };
            self.changes.push(ProposedChange {
                path,
                why: "connects the application to the database".to_owned(),
                old,
                new,
                is_imported: imported,
                shown: None,
            });
        }
    }

    pub(super) fn into_report(self, cx: &Cx) -> Report {
        if let Some(reason) = self.skipped {
            return Report::skipped(reason);
        }
        let (mut findings, mut open) = (self.findings, self.open);
        if !cx.settings.backend_declared {
            findings.append(&mut open);
            for finding in &mut findings {
                finding.severity = finding.severity.min(Severity::Warning);
            }
        }
        let gap = findings
            .iter()
            .find(|finding| finding.severity == Severity::Gap)
            .or_else(|| open.first())
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
                diff: change.diff(),
                exists: change.old.is_some(),
            })
            .collect();
        let basis = open.into_iter().fold(Basis::Seen, |basis, finding| {
            basis.and(Basis::not_determined(finding))
        });
        Report::judged(evidence, basis, findings).facts(Facts::Backend(BackendFacts {
            stack: self.stack.to_owned(),
            checks: self.checks,
            changes,
        }))
    }

    fn check(&mut self, label: &str, ok: bool, text: impl Into<String>) {
        let state = if ok { CheckState::Ok } else { CheckState::Gap };
        self.checks.push(Check::new(label, state, text));
    }

    /// Compares the declared packages with those that the application needs.
    fn requirements(
        &mut self,
        cx: &Cx,
        dir: &str,
        driver: Driver,
        dependencies: Dependencies,
        judgement: &Judgement,
        new_session: bool,
    ) {
        let text = |path: &str| read(cx, path).ok()??.try_into_text();
        let needs = Needs {
            driver,
            sqlmodel: new_session && self.sqlmodel,
            sqlalchemy: new_session || judgement.uses_sqlalchemy,
            dotenv: new_session || judgement.uses_dotenv,
        };
        let file = dependencies
            .file
            .clone()
            .unwrap_or_else(|| join(dir, "requirements.txt"));
        let mut missing = dependencies.missing(needs);
        if !missing.is_empty() {
            missing = dependencies.with_locked(&text, dir).missing(needs);
        }
        self.check("requirements", missing.is_empty(), &file);
        if missing.is_empty() {
            self.evidence.push(format!("`{file}` lists all packages"));
            return;
        }
        let plain = is_plain(cx, &file);
        let edit = plain.then_some(EDIT);
        let hint = if plain {
            EDIT.to_string()
        } else if text(&join(dir, "poetry.lock")).is_some() {
            format!("poetry add {}", missing.join(" "))
        } else {
            let quoted: Vec<_> = missing.iter().map(|name| format!("\"{name}\"")).collect();
            let add = if file.ends_with("Pipfile") {
                "pipenv install"
            } else {
                "uv add"
            };
            format!("{add} {}", quoted.join(" "))
        };
        for package in &missing {
            let name = package.split(['>', '=', '[']).next().unwrap_or(package);
            let mut finding = Finding::new(
                Code::BackendDependencyMissing,
                format!("{name} is missing from `{file}`"),
            )
            .path(&file)
            .detail(format!("the database driver is {driver}"))
            .hint(hint.clone());
            finding.command.clone_from(&edit);
            self.findings.push(finding);
        }
        if plain {
            let old = text(&file);
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
                is_imported: false,
                shown: None,
            });
        }
    }

    /// Reports that the packages let pip take a SQLAlchemy that looks for another driver than theirs.
    fn sqlalchemy(&mut self, cx: &Cx, dir: &str, file: &str) {
        let Some(at) = packages::newer_sqlalchemy(cx, dir) else {
            return;
        };
        let plain = is_plain(cx, file);
        self.findings
            .push(newer_sqlalchemy(&at, file, plain.then_some(EDIT)));
        if !plain {
            return;
        }
        let line = format!("{}\n", python::OLDER_SQLALCHEMY);
        if let Some(change) = self.changes.iter_mut().find(|change| change.path == file) {
            change.new.push_str(&line);
            return;
        }
        let old = read(cx, file).ok().flatten().and_then(Bytes::try_into_text);
        let mut new = old.clone().unwrap_or_default();
        if !new.is_empty() && !new.ends_with('\n') {
            new.push('\n');
        }
        self.changes.push(ProposedChange {
            path: file.to_owned(),
            why: "keeps the SQLAlchemy that uses the project's driver".to_owned(),
            old,
            new: new + &line,
            is_imported: false,
            shown: None,
        });
    }

    /// Judges the tables on start-up and the health route, and proposes the change that adds them.
    fn start_up(
        &mut self,
        cx: &Cx,
        entry: &Entry,
        judgement: &Judgement,
        new_session: Option<String>,
        health: Option<&str>,
        dir: &str,
    ) {
        let models = ["models/__init__.py", "models.py"]
            .iter()
            .any(|name| matches!(read(cx, &join(&entry.app.package_dir, name)), Ok(Some(_))))
            .then(|| entry.app.sibling("models"));
        let tables = self.tables(cx, judgement, models.is_some(), dir);
        let path = judgement
            .health
            .as_ref()
            .map(|health| health.path.as_str())
            .or(health)
            .unwrap_or(HEALTH_PATH);
        let asked = self.health(judgement, path);
        let wanted = WantedCode {
            tables: tables.is_some(),
            health: asked.as_ref().map(|_| path),
            sqlmodel: self.sqlmodel,
            models: models.filter(|name| entry.graph.module(name).is_none()),
            new_session,
        };
        let old = read(cx, &entry.app.file)
            .ok()
            .flatten()
            .and_then(Bytes::try_into_text);
        let proposed = old.and_then(|old| {
            let new = python::propose_main(entry, judgement, &wanted)?;
            Some((old, new))
        });
        for mut finding in [tables, asked].into_iter().flatten() {
            if proposed.is_some() {
                finding = finding.command(EDIT);
            } else if finding.hint.is_empty() {
                let file = finding.path.clone().unwrap_or_default();
                finding.hint = format!("edit {file}");
            }
            self.findings.push(finding);
        }
        match proposed {
            Some((old, new)) => self.changes.push(ProposedChange {
                path: entry.app.file.clone(),
                why: "creates the tables on start-up, and reports the database's health".to_owned(),
                old: Some(old),
                new,
                is_imported: false,
                shown: None,
            }),
            // without the change that imports them, new files are of no use
            None => self
                .changes
                .retain(|change| change.is_imported || change.old.is_some()),
        }
    }

    /// Whether the tables are made: by the application on start-up, or by migrations.
    fn tables(
        &mut self,
        cx: &Cx,
        judgement: &Judgement,
        models: bool,
        dir: &str,
    ) -> Option<Finding> {
        let migrates = !cx.settings.schema.command.is_empty() || has_migrations(cx, dir);
        if migrates {
            self.check("tables", true, "created by migrations");
            return None;
        }
        match &judgement.creates {
            Deduction::Yes(spot) => {
                let place = format!("created on start-up, in {}", spot.file);
                self.check("tables", true, place);
                None
            }
            _ if !models && !judgement.has_models => None,
            Deduction::Unknown(why) if cx.settings.schema.files.is_empty() => {
                self.check("tables", false, "created on start-up");
                self.open.push(not_determined(
                    &format!("couldn't tell whether the tables are created on start-up: {why}"),
                    None,
                    "call create_all where neonup can see it, or use migrations",
                ));
                None
            }
            // the SQL files make the tables, and nothing shows that the app doesn't
            Deduction::Unknown(_) => None,
            _ if !judgement.coverage.is_complete() => None,
            Deduction::No => {
                self.check("tables", false, "created on start-up");
                let call = judgement.tables.as_ref().map_or_else(
                    || "SQLModel.metadata.create_all(engine)".to_owned(),
                    |base| format!("{}.metadata.create_all(engine)", base.name),
                );
                let file = judgement.app.file.as_str();
                Some(tables_missing(file, &call))
            }
        }
    }

    /// Whether the health route asks the database; the finding where it does not.
    fn health(&mut self, judgement: &Judgement, path: &str) -> Option<Finding> {
        let asks = judgement.health.as_ref().map(|health| &health.asks);
        self.check("health", matches!(asks, Some(Deduction::Yes(_))), path);
        match (&judgement.health, asks) {
            (_, Some(Deduction::Yes(_))) => {
                self.evidence.push(format!("`{path}` queries the database"));
                None
            }
            (Some(health), Some(Deduction::Unknown(why))) => {
                self.open.push(not_determined(
                    &format!("couldn't tell whether `{path}` queries the database: {why}"),
                    Some(&health.spot),
                    "query the database in the route's own function, or in one of its dependencies",
                ));
                None
            }
            (Some(health), _) => Some(health_silent(health)),
            (None, _) => {
                if let Some(why) = &judgement.health_unknown {
                    self.open.push(not_determined(
                        &format!("couldn't tell whether there is a route `{path}`: {why}"),
                        None,
                        "run neonup setup health to call it",
                    ));
                    return None;
                }
                if !judgement.coverage.is_complete() {
                    return None;
                }
                Some(health_missing(
                    path,
                    &judgement.app.file,
                    judgement.other_health.as_ref(),
                ))
            }
        }
    }
}

/// The path of the health route that is configured.
fn health_path(backend: &BackendSettings) -> Option<String> {
    let url = url::Url::parse(backend.health.as_ref()?).ok()?;
    Some(url.path().to_owned())
}

/// The application in the usual files, where the start command names none.
fn usual_entry(cx: &Cx, files: FileReader<'_>, dir: &str, start: &AppStart) -> Option<Entry> {
    let text = |path: &str| read(cx, path).ok()??.try_into_text();
    let app = python::find_app(&text, dir)?;
    let start = AppStart {
        target: Some(StartTarget::Object {
            module: app.module,
            variable: app.variable,
        }),
        ..start.clone()
    };
    python::read_entry(files, dir, &start)
}

/// Whether the repository has migrations of Alembic or Aerich.
fn has_migrations(cx: &Cx, dir: &str) -> bool {
    let mut folders = vec![dir];
    let mut at = dir;
    while let Some((above, _)) = at.rsplit_once('/') {
        folders.push(above);
        at = above;
    }
    folders.push("");
    folders.iter().any(|folder| {
        [
            "alembic.ini",
            "alembic/env.py",
            "migrations/env.py",
            "aerich.ini",
        ]
        .iter()
        .any(|name| exists(cx, &join(folder, name)))
    })
}

/// Whether a list of packages is a file to which a line can be added: pip's, and in the encoding that everybody writes.
fn is_plain(cx: &Cx, file: &str) -> bool {
    let listed = std::path::Path::new(file)
        .extension()
        .is_some_and(|end| end == "txt");
    let text = |bytes: Vec<u8>| std::str::from_utf8(&bytes).is_ok();
    listed && bytes(cx, file).is_ok_and(|bytes| bytes.is_none_or(text))
}

fn exists(cx: &Cx, path: &str) -> bool {
    cx.ports
        .files
        .stat(&cx.settings.path(path))
        .is_ok_and(|stat| stat.is_some())
}

/// The bytes of a source file.
struct Bytes(Vec<u8>);

impl Bytes {
    fn try_into_text(self) -> Option<String> {
        String::from_utf8(self.0).ok()
    }
}

fn bytes(cx: &Cx, path: &str) -> Result<Option<Vec<u8>>, String> {
    cx.ports
        .files
        .read(&cx.settings.path(path))
        .map_err(|error| error.to_string())
}

fn read(cx: &Cx, path: &str) -> Result<Option<Bytes>, String> {
    Ok(bytes(cx, path)?.map(Bytes))
}
