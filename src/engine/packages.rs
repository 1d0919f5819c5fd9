//! The packages of the application: whether they are installed here, and the command that installs them.
//!
//! It is a command of the clone: it runs only where somebody has agreed to it, in the project's own folder, into a folder of it that git
//! ignores. Nothing is installed for the whole machine: pip gets a virtual environment of the project, or is not started.

pub(super) mod wanted;

use std::{path::Path, time::Duration};

use crate::{
    core::{
        children::Child,
        code::{Code, Severity},
        event::Progress,
        failure::{Failure, Result},
        finding::Finding,
        invocation::Invocation,
        secret::Secret,
        step::StepId,
        trust::CommandPurpose,
    },
    domain::{
        app_log::telling_line,
        python::OLDER_SQLALCHEMY,
        reading::Spot,
        runner::{ENVIRONMENT, Install},
        source::join,
    },
    engine::{
        changes, connection,
        context::Cx,
        packages::wanted::{Wanted, wanted},
        trust,
    },
    os::programs::{self, interpreter_of},
    ports::{
        files::FileError,
        process::{CommandExit, CommandSpec},
        repository::GitAnswer,
    },
};

/// The longest that an installation may take: a large one over a slow network needs some minutes.
const LIMIT: Duration = Duration::from_mins(15);

/// The longest that making a virtual environment may take; it fetches nothing.
const ENVIRONMENT_LIMIT: Duration = Duration::from_mins(2);

/// What keeps an installation in the project: Poetry and Pipenv make their environments elsewhere unless they are told, and pip refuses to
/// work without one.
const CONFINED: &[(&str, &str)] = &[
    ("POETRY_VIRTUALENVS_IN_PROJECT", "true"),
    ("PIPENV_VENV_IN_PROJECT", "1"),
    ("PIP_REQUIRE_VIRTUALENV", "1"),
    ("PIP_DISABLE_PIP_VERSION_CHECK", "1"),
];

/// What came of an installation.
pub(super) enum Prepared {
    /// There was nothing to install, or nobody knows how.
    Nothing,
    Installed,
    /// It was not run; why.
    Refused(Finding),
}

/// Where the application writes an address that a SQLAlchemy of today opens with a driver that the project doesn't have, so that an older
/// one is installed.
pub(super) fn newer_sqlalchemy(cx: &Cx, dir: &str) -> Option<Spot> {
    wanted::newer_sqlalchemy(&cx.settings, &cx.ports, dir)
}

/// What is reported where the packages are not installed.
pub(super) fn missing(cx: &Cx) -> Option<Finding> {
    let wanted = wanted(&cx.settings, &cx.ports)?;
    let why = wanted.missing?;
    Some(lacks(&wanted.install).detail(why))
}

/// What a person types to install the packages that a program of the app has missed.
pub(super) fn command(cx: &Cx, program: &str, requirements: &str) -> String {
    if let Some(wanted) = wanted(&cx.settings, &cx.ports) {
        return typed(&wanted.install.argv);
    }
    match program {
        "uv" => "uv sync".to_owned(),
        "poetry" | "pdm" | "pipenv" => format!("{program} install"),
        _ => format!("{program} -m pip install -r {requirements}"),
    }
}

fn lacks(install: &Install) -> Finding {
    let command = typed(&install.argv);
    Finding::new(
        Code::HealthPackagesMissing,
        format!("the app's packages aren't installed: `{command}` installs them"),
    )
    .command(Invocation::SetupStep(StepId::Health))
    .fixable()
}

fn typed(argv: &[String]) -> String {
    programs::typed(&argv.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Installs the packages where it can be seen that they are missing.
pub(super) async fn prepare(cx: &Cx) -> Result<Prepared> {
    match wanted(&cx.settings, &cx.ports) {
        Some(wanted) if wanted.missing.is_some() => install(cx, &wanted).await,
        Some(_) | None => Ok(Prepared::Nothing),
    }
}

/// Installs the packages after a program has said that one is missing.
pub(super) async fn supply(cx: &Cx) -> Result<Prepared> {
    match wanted(&cx.settings, &cx.ports) {
        Some(wanted) => install(cx, &wanted).await,
        None => Ok(Prepared::Nothing),
    }
}

async fn install(cx: &Cx, wanted: &Wanted) -> Result<Prepared> {
    let install = &wanted.install;
    let dir = cx.settings.path(&install.dir);
    let process = &cx.ports.process;
    let tool = install.argv.first().map(String::as_str).unwrap_or_default();
    let made = install.environment.is_some();
    if !made && process.find(tool, &dir).is_none() {
        let finding = Finding::new(
            Code::HealthPackagesMissing,
            format!(
                "the app's packages aren't installed, and neither is `{tool}`, which installs them"
            ),
        );
        return Ok(Prepared::Refused(
            finding.hint(format!("install {tool}, then run `neonup setup health`")),
        ));
    }
    if let Some(finding) = trust::permit(cx, CommandPurpose::Packages)? {
        return Ok(Prepared::Refused(finding));
    }
    if install.fills != ENVIRONMENT
        && let Some(finding) = not_ignored(cx, install).await?
    {
        return Ok(Prepared::Refused(finding));
    }
    let line = typed(&install.argv);
    let agreed = trust::agreed(cx);
    if made {
        keep_out(cx, &dir)?;
        make_environment(cx, &dir).await?;
    }
    let Some(program) = process.find(tool, &dir) else {
        return Err(failed(&line, "it isn't installed", &install.dir));
    };
    cx.progress(Progress::label(format!("installing the packages: {line}")));
    let mut argv = vec![program.display().to_string()];
    argv.extend(install.argv.iter().skip(1).cloned());
    let ran = run(cx, argv, &dir, LIMIT, &line, &install.dir).await;
    // a manager that failed may have left an environment that git would take
    let environment = cx.ports.files.stat(&dir.join(ENVIRONMENT));
    if install.fills == ENVIRONMENT && matches!(environment, Ok(Some(_))) {
        keep_out(cx, &dir)?;
    }
    ran?;
    if tool == "pdm" {
        note_of_pdm(cx, install).await;
    }
    trust::renew(cx, &agreed, &join(&install.dir, install.fills))?;
    if install.argv.iter().any(|word| word == OLDER_SQLALCHEMY) {
        cx.tell(
            Finding::new(
                Code::HealthChanged,
                format!("installed `{OLDER_SQLALCHEMY}`: later versions don't use psycopg2 for `postgresql://`"),
            )
            .severity(Severity::Note)
            .hint(format!("add `{OLDER_SQLALCHEMY}` to the project's requirements")),
        );
    }
    Ok(Prepared::Installed)
}

/// Makes git ignore the virtual environment by a file of its own, as Python's `venv` from 3.13 on, virtualenv and uv do by themselves
/// (<https://docs.python.org/3/library/venv.html>, `--without-scm-ignore-files`): no file of the project is changed for it.
fn keep_out(cx: &Cx, dir: &Path) -> Result<()> {
    let rules = dir.join(ENVIRONMENT).join(".gitignore");
    let files = &cx.ports.files;
    if matches!(files.stat(&rules), Ok(Some(_))) {
        return Ok(());
    }
    files
        .replace(&rules, None, b"*\n")
        .map(|_written| ())
        .map_err(|error| {
            failed(
                &format!("python -m venv {ENVIRONMENT}"),
                &error.to_string(),
                "",
            )
        })
}

/// Makes the virtual environment of the project, unless it is there: pip is never started without one.
async fn make_environment(cx: &Cx, dir: &Path) -> Result<()> {
    let interpreter = interpreter_of(ENVIRONMENT);
    let process = &cx.ports.process;
    if process.find(&interpreter, dir).is_some() {
        return Ok(());
    }
    let line = format!("python -m venv {ENVIRONMENT}");
    let Some(python) = process.find("python", dir) else {
        return Err(failed(&line, "Python isn't installed", ""));
    };
    cx.progress(Progress::label(format!("creating {ENVIRONMENT}")));
    // apart from the folder: nothing of it is loaded
    let words = ["-I", "-m", "venv", ENVIRONMENT].map(str::to_owned);
    let argv = std::iter::once(python.display().to_string())
        .chain(words)
        .collect();
    run(cx, argv, dir, ENVIRONMENT_LIMIT, &line, "").await
}

async fn run(
    cx: &Cx,
    argv: Vec<String>,
    dir: &Path,
    limit: Duration,
    line: &str,
    place: &str,
) -> Result<()> {
    let spec = CommandSpec {
        child: Child::Packages,
        argv,
        dir: dir.to_owned(),
        env: CONFINED
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Secret::new(*value)))
            .collect(),
    };
    let exit = cx
        .ports
        .process
        .run(&spec, limit)
        .await
        .map_err(|error| failed(line, &error.to_string(), place))?;
    let CommandExit { code, output, .. } = exit;
    if code == Some(0) {
        return Ok(());
    }
    let why = connection::redact(&telling_line(&output), &connection::secrets(cx));
    Err(failed(line, &why, place))
}

fn failed(line: &str, why: &str, place: &str) -> Failure {
    let place = if place.is_empty() {
        "the project folder"
    } else {
        place
    };
    Failure::new(
        Code::HealthPackagesMissing,
        format!("the app's packages can't be installed: `{line}` failed"),
    )
    .why(why.to_owned())
    .hint(format!(
        "run it yourself in {place} to see its whole output"
    ))
}

/// Makes git ignore the note of PDM's which interpreter it has chosen on this machine, as its own template of rules does.
async fn note_of_pdm(cx: &Cx, install: &Install) {
    const NOTE: &str = ".pdm-python";
    let note = join(&install.dir, NOTE);
    let there = matches!(cx.ports.files.stat(&cx.settings.path(&note)), Ok(Some(_)));
    let taken = match cx.ports.repository.protection(&note).await {
        Ok(protection) => protection.ignored == GitAnswer::No,
        Err(_) => false,
    };
    let rules = join(&install.dir, ".gitignore");
    if there && taken && add_line(cx, &rules, NOTE).is_ok() {
        cx.tell(changes::ignored_now(Code::HealthChanged, &rules, &note));
    }
}

/// Refuses to fill a folder that git would take.
async fn not_ignored(cx: &Cx, install: &Install) -> Result<Option<Finding>> {
    if keep_ignored(cx, &install.dir, install.fills).await? {
        return Ok(None);
    }
    let folder = join(&install.dir, install.fills);
    Ok(Some(
        Finding::new(
            Code::HealthPackagesMissing,
            format!("the app's packages aren't installed: git doesn't ignore `{folder}`, where they would go"),
        )
        .hint(format!(
            "add `{}/` to .gitignore, then run `neonup setup health`",
            install.fills
        )),
    ))
}

/// Makes git ignore a folder that a program fills, by a line in the `.gitignore` beside it. Returns whether git ignores it then.
pub(super) async fn keep_ignored(cx: &Cx, dir: &str, folder: &str) -> Result<bool> {
    // no repository takes it
    if cx.ports.repository.root().is_none() || is_ignored(cx, dir, folder).await {
        return Ok(true);
    }
    let rules = join(dir, ".gitignore");
    let line = format!("{folder}/");
    if let Ok((old, new)) = add_line(cx, &rules, &line) {
        if is_ignored(cx, dir, folder).await {
            cx.tell(changes::ignored_now(Code::HealthChanged, &rules, &line));
            return Ok(true);
        }
        take_back(cx, &rules, old.as_deref(), &new)?;
    }
    Ok(false)
}

async fn is_ignored(cx: &Cx, dir: &str, folder: &str) -> bool {
    let probe = join(&join(dir, folder), "neonup-probe");
    match cx.ports.repository.protection(&probe).await {
        Ok(protection) => protection.ignored == GitAnswer::Yes,
        Err(_) => false,
    }
}

/// What a file held, and what it holds now.
type OldAndNew = (Option<Vec<u8>>, Vec<u8>);

/// Adds a line at the end of a file, which need not exist; refuses what is not UTF-8.
fn add_line(cx: &Cx, file: &str, line: &str) -> Result<OldAndNew, FileError> {
    let path = cx.settings.path(file);
    let files = &cx.ports.files;
    let old = files.read(&path)?;
    let text = std::str::from_utf8(old.as_deref().unwrap_or_default())
        .map_err(|_invalid| FileError::NotReadBack)?;
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let between = if text.is_empty() || text.ends_with('\n') {
        ""
    } else {
        end
    };
    let new = format!("{text}{between}{line}{end}").into_bytes();
    files.replace(&path, old.as_deref(), &new)?;
    Ok((old, new))
}

/// Takes a line back that has changed nothing.
fn take_back(cx: &Cx, file: &str, old: Option<&[u8]>, new: &[u8]) -> Result<()> {
    let path = cx.settings.path(file);
    let files = &cx.ports.files;
    let done = match old {
        Some(old) => files.replace(&path, Some(new), old).map(drop),
        None => files.remove(&path, new),
    };
    done.map_err(|error| {
        Failure::new(
            Code::HealthPackagesMissing,
            format!("couldn't remove a line from `{file}`"),
        )
        .why(error.to_string())
        .hint(format!("git diff {file}"))
    })
}

#[cfg(test)]
mod tests;
