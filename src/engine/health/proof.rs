//! What the last start has shown: whether it still counts, and how it is remembered.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::SystemTime,
};

use crate::{
    core::{
        app_proof::{AppProof, ProofInput, TriedCheck, named},
        code::{Code, Severity},
        failure::Failure,
        finding::Finding,
        invocation::Invocation,
        proof::{Coverage, Undetermined},
        secret::Secret,
        step::StepId,
        trust::CommandPurpose,
    },
    domain::{age, driver_script, source::join},
    engine::{
        connection,
        context::Cx,
        health::checks::{HealthCheck, HealthChecks, startable},
        trust,
    },
    os::homes,
    ports::proof::{GatheredInputs, InputQuestion},
};

/// Files that say that a program of Python is started.
const PYTHON: &[&str] = &[
    "pyproject.toml",
    "requirements.txt",
    "Pipfile",
    "setup.py",
    "manage.py",
];

/// How it stands with the last start.
pub(super) enum Standing {
    /// Nothing was started here, as far as is known.
    Never,
    /// What was remembered can't be read; why.
    Unreadable(String),
    /// Something has changed since.
    Outdated(AppProof, Vec<ProofInput>),
    /// Whether something has changed is not known.
    Undetermined(Coverage),
    /// All is as it was.
    Current(AppProof),
}

/// Compares the last start with the inputs as they are.
pub(super) async fn standing(cx: &Cx) -> Standing {
    let proof = match cx.ports.proof.last() {
        Ok(Some(proof)) => proof,
        Ok(None) => return Standing::Never,
        Err(error) => return Standing::Unreadable(error.to_string()),
    };
    let GatheredInputs { inputs, coverage } = gather(cx).await;
    let changed = proof.outdated_by(&inputs);
    if !changed.is_empty() {
        return Standing::Outdated(proof, changed);
    }
    if !coverage.is_complete() {
        return Standing::Undetermined(coverage);
    }
    Standing::Current(proof)
}

impl Standing {
    /// What is reported where the last start doesn't count.
    pub(super) fn finding(&self, what: &str, now: SystemTime) -> Option<Finding> {
        let finding = |title: String| {
            Finding::new(Code::HealthAppNotProved, title)
                .command(Invocation::SetupStep(StepId::Health))
                .fixable()
        };
        match self {
            Self::Never => Some(finding(format!("{what} hasn't been started here yet"))),
            Self::Unreadable(why) => Some(
                finding(format!(
                    "the result of the last start of {what} can't be read, so it doesn't count"
                ))
                .detail(why.clone()),
            ),
            Self::Outdated(proof, changed) => Some(
                finding(format!(
                    "{what} isn't proven since {} changed",
                    named(changed)
                ))
                .detail(format!("last tried {}", age::moment(proof.at, now))),
            ),
            Self::Undetermined(coverage) => Some(unread(coverage)),
            Self::Current(_) => None,
        }
    }
}

/// What could not be read, so that nobody can tell whether it changed.
pub(super) fn unread(coverage: &Coverage) -> Finding {
    let count = coverage.unread().len() + coverage.more();
    let first = coverage.unread().first();
    let what = first.map_or("a file of the app", |unread| unread.what.as_str());
    let more = match count {
        0 | 1 => String::new(),
        count => format!(" and {} more", count - 1),
    };
    let finding = Finding::new(
        Code::HealthAppNotProved,
        format!(
            "{what}{more} can't be read, so it's unknown whether the app is still as it was proven"
        ),
    );
    let Some(first) = first else {
        return finding;
    };
    let hint = if first.hint.is_empty() {
        "remove it, or skip the step with a reason: [skip] in neonup.toml".to_owned()
    } else {
        first.hint.clone()
    };
    finding
        .detail(first.why.clone())
        .hint(format!("{hint}, then run `neonup setup health`"))
}

/// The clone as it was before a start.
pub(super) struct CloneBefore {
    inputs: GatheredInputs,
    /// The files of the application that git sees, with their size and when they were written.
    files: BTreeMap<String, FileMark>,
}

/// Looks at the clone before a start.
pub(super) async fn before(cx: &Cx) -> CloneBefore {
    CloneBefore {
        inputs: gather(cx).await,
        files: seen_by_git(cx).await,
    }
}

/// A file's size, and when it was last written: what is different after it was written to.
type FileMark = (u64, Option<SystemTime>);

async fn seen_by_git(cx: &Cx) -> BTreeMap<String, FileMark> {
    let Some(backend) = startable(cx) else {
        return BTreeMap::new();
    };
    let files = cx.ports.repository.files_below(&backend.dir).await;
    let mark = |path: &String| match cx.ports.files.stat(&cx.settings.path(path)) {
        Ok(Some(stat)) => (stat.len, stat.modified),
        Ok(None) | Err(_) => (0, None),
    };
    let files = files.unwrap_or_default().into_iter();
    files.map(|path| (path.clone(), mark(&path))).collect()
}

/// Reads the inputs as they are.
pub(super) async fn gather(cx: &Cx) -> GatheredInputs {
    let question = question(cx).await;
    cx.ports.proof.inputs(question).await
}

async fn question(cx: &Cx) -> InputQuestion {
    let settings = &cx.settings;
    let backend = startable(cx);
    let dir = backend.as_ref().map(|backend| backend.dir.clone());
    let mut values = Vec::new();
    if let Some(backend) = &backend {
        let start = format!("{}\n{}", backend.dir, backend.start.join("\n"));
        values.push((ProofInput::Start, Secret::new(start)));
        let expected = format!("{:?} {:?}", backend.health, backend.expect);
        values.push((ProofInput::Expectation, Secret::new(expected)));
    }
    for (key, _) in settings.env.iter().flat_map(|target| &target.keys) {
        if let Some(value) = settings.environment.get(key) {
            values.push((ProofInput::Variable(key.clone()), Secret::new(value)));
        }
    }
    let kept = match &dir {
        Some(dir) => cx.ports.repository.files_below(dir).await.ok(),
        None => None,
    };
    let files: BTreeSet<_> = trust::commands(settings, &cx.ports)
        .into_iter()
        .filter(|command| {
            !matches!(
                command.purpose,
                CommandPurpose::Schema | CommandPurpose::Packages | CommandPurpose::Build
            )
        })
        .flat_map(|command| command.files.into_keys())
        .collect();
    InputQuestion {
        programs: programs(cx, dir.as_deref()),
        dir,
        config_file: settings.config_file.clone(),
        env_files: settings
            .env
            .iter()
            .map(|target| target.file.clone())
            .collect(),
        files: files.into_iter().collect(),
        home: settings.environment.get(homes::HOME).map(PathBuf::from),
        values,
        kept: kept.map(BTreeSet::from_iter),
    }
}

/// The programs that are started, and the interpreters that they are likely to start.
fn programs(cx: &Cx, dir: Option<&str>) -> Vec<(String, Option<PathBuf>)> {
    let settings = &cx.settings;
    let driver = settings
        .url_key()
        .and_then(|(.., driver)| driver_script::script(driver));
    let mut names: BTreeSet<String> = driver
        .map(|script| script.interpreter.to_owned())
        .into_iter()
        .collect();
    if let Some(backend) = startable(cx) {
        names.extend(backend.start.first().cloned());
    }
    let has = |file: &str| {
        let path = settings.path(&join(dir.unwrap_or_default(), file));
        matches!(cx.ports.files.stat(&path), Ok(Some(_)))
    };
    if dir.is_some() && PYTHON.iter().any(|file| has(file)) {
        names.insert("python".to_owned());
    }
    if dir.is_some() && has("package.json") {
        names.insert("node".to_owned());
    }
    let place = driver_dir(cx);
    names
        .into_iter()
        .map(|name| {
            let path = cx.ports.process.find(&name, &place);
            (name, path)
        })
        .collect()
}

/// The folder in which programs of the application run.
pub(super) fn driver_dir(cx: &Cx) -> PathBuf {
    cx.settings.backend.as_ref().map_or_else(
        || cx.settings.root.clone(),
        |backend| cx.settings.path(&backend.dir),
    )
}

/// Remembers what a start has shown, and adds to the checks what keeps it from counting. `before` are the inputs as they were.
pub(super) async fn remember(
    checks: &mut HealthChecks<'_>,
    before: CloneBefore,
    failure: Option<&Failure>,
) {
    let cx = checks.cx;
    let CloneBefore {
        inputs: before,
        files,
    } = before;
    let after = gather(cx).await;
    let mut written = BTreeSet::new();
    let mut edited = Vec::new();
    for input in after.inputs.changed_since(&before.inputs) {
        let new = before.inputs.get(&input).is_none();
        match &input {
            // what was not there before, or isn't source code, the app has written by itself
            ProofInput::File(path) if new || !is_source(path) => {
                written.insert(path.clone());
            }
            ProofInput::File(_)
            | ProofInput::Start
            | ProofInput::Expectation
            | ProofInput::EnvFile(_)
            | ProofInput::Variable(_)
            | ProofInput::Program(_)
            | ProofInput::Packages(_)
            | ProofInput::SchemaCommand
            | ProofInput::Database
            | ProofInput::Table(_)
            | ProofInput::DatabaseObject { .. } => edited.push(input),
        }
    }
    tell_written(cx, &files, &written).await;
    let secrets = connection::secrets(cx);
    let mask = |text: &str| {
        let text = connection::redact(text, &secrets);
        cx.settings.gate.mask(&text)
    };
    let tried = |checks: &HealthChecks<'_>, id: HealthCheck| {
        let failed = failure
            .filter(|_| checks.failed == Some(id))
            .map(Failure::finding);
        let own = checks.findings.iter().filter(|finding| {
            if id == HealthCheck::Driver {
                return finding.code == Code::HealthDriver;
            }
            // what else is told of a start, such as a port that was taken, is over with it
            finding.severity == Severity::Gap
                && matches!(
                    finding.code,
                    Code::HealthAppStart | Code::HealthAppHealth | Code::HealthAppNotProved
                )
        });
        let untried: Vec<Finding> = checks
            .untried
            .iter()
            .filter(|(known, _)| *known == id)
            .map(|(_, finding)| Undetermined::from(finding.clone()).into())
            .collect();
        let findings = own.chain(failed.as_ref()).chain(&untried);
        TriedCheck::new(checks.get(id)?, findings, &mask)
    };
    let proof = AppProof {
        at: seconds(cx.ports.proof.now()),
        inputs: before.inputs,
        written,
        driver: tried(checks, HealthCheck::Driver),
        app: tried(checks, HealthCheck::App),
    };
    if let Err(error) = cx.ports.proof.keep(proof) {
        checks.findings.push(
            Finding::new(
                Code::HealthAppNotProved,
                "the result of the start can't be stored, so the next check won't know it",
            )
            .severity(Severity::Warning)
            .detail(error.to_string())
            .hint(format!("make the state folder writable ({})", homes::STATE)),
        );
    }
    if !edited.is_empty() {
        let title = format!("{} changed during the test", named(&edited));
        checks.leave_open(
            Finding::new(Code::HealthAppNotProved, title)
                .command(Invocation::SetupStep(StepId::Health))
                .fixable(),
        );
    } else if !before.coverage.is_complete() {
        checks.leave_open(unread(&before.coverage));
    }
}

/// Reports what the application has written into the clone, where git sees it: files that were not among `files` before, and changed ones
/// that no person edits, such as a log that somebody has committed.
async fn tell_written(cx: &Cx, files: &BTreeMap<String, FileMark>, written: &BTreeSet<String>) {
    let is_written = |path: &String, mark: &FileMark| match files.get(path) {
        None => true,
        Some(before) => written.contains(path) || (before != mark && !is_source(path)),
    };
    let seen: Vec<_> = seen_by_git(cx)
        .await
        .into_iter()
        .filter(|(path, mark)| is_written(path, mark))
        .map(|(path, _)| ProofInput::File(path))
        .collect();
    if seen.is_empty() {
        return;
    }
    let title = format!("starting the app wrote {}", named(&seen));
    let finding = Finding::new(Code::HealthChanged, title).severity(Severity::Note);
    cx.tell(finding.detail("git doesn't ignore what it wrote"));
}

/// Whether a file is edited by people: one that changes while the application runs was not written by it.
fn is_source(path: &str) -> bool {
    let ending = Path::new(path).extension().unwrap_or_default();
    let ending = ending.to_string_lossy();
    [
        "py", "js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx", "vue", "svelte", "toml",
        "yaml", "yml", "ini", "cfg", "sql", "prisma", "html", "rb", "php", "go", "rs", "java",
        "kt", "cs", "sh", "env", "json",
    ]
    .contains(&ending.as_ref())
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
