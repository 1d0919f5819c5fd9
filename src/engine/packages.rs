//! The packages of the application: whether they are installed here, and the command that installs them.
//!
//! It is a command of the clone: it runs only where somebody has agreed to it, in the project's own folder, into a folder of it that git
//! ignores. Nothing is installed for the whole machine: pip gets a virtual environment of the project, or is not started.

use std::{path::Path, time::Duration};

use serde_json::Value;

use crate::{
    core::{
        children::Child,
        code::Code,
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
        python,
        runner::{ENVIRONMENT, Install, Manager, Runner},
        source::join,
    },
    engine::{connection, context::Cx, trust},
    ports::{
        Ports,
        files::FileKind,
        process::{CommandExit, CommandSpec},
        repository::GitAnswer,
    },
    project::settings::Settings,
};

/// The longest that an installation may take: a large one over a slow network needs some minutes.
const LIMIT: Duration = Duration::from_mins(15);

/// The longest that making a virtual environment may take; it fetches nothing.
const ENVIRONMENT_LIMIT: Duration = Duration::from_mins(2);

/// Programs that are started with the packages of Python.
const PYTHON: &[&str] = &[
    "uvicorn",
    "gunicorn",
    "hypercorn",
    "granian",
    "daphne",
    "fastapi",
    "flask",
    "alembic",
    "django-admin",
    "litestar",
    "sanic",
    "uv",
    "poetry",
    "pipenv",
    "pdm",
];

/// Programs that are started with the packages of Node.
const NODE: &[&str] = &[
    "npm",
    "npx",
    "pnpm",
    "yarn",
    "bun",
    "bunx",
    "node",
    "tsx",
    "ts-node",
    "nodemon",
    "next",
    "nest",
    "vite",
    "prisma",
    "drizzle-kit",
    "knex",
];

/// What keeps an installation in the project: Poetry and Pipenv make their environments elsewhere unless they are told, and pip refuses to
/// work without one.
const CONFINED: &[(&str, &str)] = &[
    ("POETRY_VIRTUALENVS_IN_PROJECT", "true"),
    ("PIPENV_VENV_IN_PROJECT", "1"),
    ("PIP_REQUIRE_VIRTUALENV", "1"),
    ("PIP_DISABLE_PIP_VERSION_CHECK", "1"),
];

/// What could be installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub install: Install,
    /// Why the packages are not there, where that can be seen without asking anybody.
    pub missing: Option<String>,
    /// The files that decide what is installed, relative to the root.
    pub files: Vec<String>,
}

/// What came of an installation.
pub(super) enum Prepared {
    /// There was nothing to install, or nobody knows how.
    Nothing,
    Installed,
    /// It was not run; why.
    Refused(Finding),
}

/// The command that could install the application's packages; `None` where they are there, or the environment is a person's own.
pub(super) fn wanted(settings: &Settings, ports: &Ports) -> Option<Wanted> {
    let started = settings.started();
    let (command, dir) = match started {
        Some(backend) => (&backend.start, backend.dir.as_str()),
        None => (&settings.schema.command, settings.schema_dir()),
    };
    let program = command.first()?.rsplit('/').next()?;
    if program.starts_with("python") || PYTHON.contains(&program) {
        of_python(settings, ports, dir)
    } else if NODE.contains(&program) {
        of_node(settings, ports, dir)
    } else {
        None
    }
}

fn of_python(settings: &Settings, ports: &Ports, dir: &str) -> Option<Wanted> {
    let set = |name: &str| {
        settings
            .environment
            .get(name)
            .is_some_and(|value| !value.is_empty())
    };
    // an activated environment is a person's own
    let conda =
        set("CONDA_PREFIX") && settings.environment.get("CONDA_DEFAULT_ENV") != Some("base");
    if set("VIRTUAL_ENV") || conda {
        return None;
    }
    let read = |path: &str| text(settings, ports, path);
    let runner = Runner::of_python(&read, dir);
    let own = join(&runner.place, ENVIRONMENT);
    let there = inside(settings, ports, &own)?;
    let interpreter = ports.process.find("python", &settings.path(dir));
    let found_own = interpreter.is_some_and(|path| path.starts_with(&settings.root));
    // an environment of another name, or one that another program made
    if found_own && !(there && runner.manager == Manager::Pip) {
        return None;
    }
    let manifest = join(&runner.place, "pyproject.toml");
    let declared = read(&manifest).map(|text| python::project_dependencies(&text));
    let install = runner.install(&declared.unwrap_or_default())?;
    let missing = (runner.manager == Manager::Uv && !there)
        .then(|| format!("there is no `{own}`, where `uv` installs the packages"));
    Some(Wanted {
        install,
        missing,
        files: runner.evidence().into_iter().chain([manifest]).collect(),
    })
}

fn of_node(settings: &Settings, ports: &Ports, dir: &str) -> Option<Wanted> {
    let read = |path: &str| text(settings, ports, path);
    let runner = Runner::of_node(&read, dir);
    let manifest = join(dir, "package.json");
    let package: Value = serde_json::from_str(&read(&manifest)?).ok()?;
    let declares = ["dependencies", "devDependencies"].iter().any(|table| {
        let table = package.get(table).and_then(Value::as_object);
        table.is_some_and(|table| !table.is_empty())
    });
    let exists = |path: &str| matches!(ports.files.stat(&settings.path(path)), Ok(Some(_)));
    if !declares || exists(&join(&runner.place, ".pnp.cjs")) {
        return None;
    }
    let modules = join(&runner.place, "node_modules");
    let own = join(dir, "node_modules");
    inside(settings, ports, &modules)?;
    let missing = if !exists(&modules) && !exists(&own) {
        format!("there is no `{modules}`")
    } else {
        let lock = (runner.manager == Manager::Npm && runner.locked)
            .then(|| read(&join(&runner.place, "package-lock.json")))
            .flatten()?;
        let installed = read(&join(&modules, ".package-lock.json"))?;
        let lacking = lacking(&lock, &installed)?;
        format!("`{modules}` lacks {lacking}")
    };
    Some(Wanted {
        install: runner.install(&[])?,
        missing: Some(missing),
        files: runner.evidence().into_iter().chain([manifest]).collect(),
    })
}

/// The first package that npm's lock file names and its own list of what it has installed does not, in that version. What depends on the
/// machine, and what is only for developing, may be left out.
fn lacking(lock: &str, installed: &str) -> Option<String> {
    let lock: Value = serde_json::from_str(lock).ok()?;
    let installed: Value = serde_json::from_str(installed).ok()?;
    let there = installed.get("packages")?.as_object()?;
    let flag =
        |package: &Value, name: &str| package.get(name).and_then(Value::as_bool) == Some(true);
    lock.get("packages")?
        .as_object()?
        .iter()
        .filter(|(path, _)| path.contains("node_modules/"))
        .filter(|(_, package)| {
            !["optional", "devOptional", "dev", "peer", "link", "inBundle"]
                .iter()
                .any(|name| flag(package, name))
        })
        .find(|(path, package)| {
            there
                .get(*path)
                .is_none_or(|known| known.get("version") != package.get("version"))
        })
        .map(|(path, package)| {
            let name = path.rsplit("node_modules/").next().unwrap_or(path);
            let version = package
                .get("version")
                .and_then(Value::as_str)
                .unwrap_or_default();
            format!("{name} {version}").trim_end().to_owned()
        })
}

fn text(settings: &Settings, ports: &Ports, path: &str) -> Option<String> {
    String::from_utf8(ports.files.read(&settings.path(path)).ok()??).ok()
}

/// Whether a folder of the project is there; `None` where it leads out of the project, or is no folder.
fn inside(settings: &Settings, ports: &Ports, path: &str) -> Option<bool> {
    let full = settings.path(path);
    match ports.files.stat(&full) {
        Ok(None) => Some(false),
        Ok(Some(_)) => {
            let target = ports.files.resolve(&full).ok()?;
            let own = target.starts_with(&settings.root);
            let stat = ports.files.stat(&target).ok()??;
            (own && stat.kind == FileKind::Directory).then_some(true)
        }
        Err(_) => None,
    }
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
        format!("the app's packages are not installed: `{command}` installs them"),
    )
    .command(Invocation::SetupStep(StepId::Health))
    .fixable()
}

fn typed(argv: &[String]) -> String {
    shlex::try_join(argv.iter().map(String::as_str)).unwrap_or_else(|_nul| argv.join(" "))
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
                "the app's packages are not installed, and `{tool}`, which installs them, isn't either"
            ),
        );
        return Ok(Prepared::Refused(
            finding.hint(format!("install {tool}, then `neonup setup health`")),
        ));
    }
    if let Some(finding) = trust::permit(cx, CommandPurpose::Packages)? {
        return Ok(Prepared::Refused(finding));
    }
    if let Some(finding) = not_ignored(cx, install).await {
        return Ok(Prepared::Refused(finding));
    }
    let line = typed(&install.argv);
    if made {
        make_environment(cx, &dir).await?;
    }
    let Some(program) = process.find(tool, &dir) else {
        return Err(failed(&line, "it is not there", &install.dir));
    };
    cx.progress(Progress::label(format!("installing the packages: {line}")));
    let mut argv = vec![program.display().to_string()];
    argv.extend(install.argv.iter().skip(1).cloned());
    run(cx, argv, &dir, LIMIT, &line, &install.dir).await?;
    Ok(Prepared::Installed)
}

/// Makes the virtual environment of the project, unless it is there: pip is never started without one.
async fn make_environment(cx: &Cx, dir: &Path) -> Result<()> {
    let interpreter = Path::new(ENVIRONMENT).join("bin/python");
    let process = &cx.ports.process;
    if process
        .find(&interpreter.display().to_string(), dir)
        .is_some()
    {
        return Ok(());
    }
    let line = format!("python -m venv {ENVIRONMENT}");
    let Some(python) = process.find("python", dir) else {
        return Err(failed(&line, "there is no Python here", ""));
    };
    cx.progress(Progress::label(format!("making {ENVIRONMENT}")));
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
        "the project's folder"
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

/// Refuses to fill a folder that git would take.
async fn not_ignored(cx: &Cx, install: &Install) -> Option<Finding> {
    // no repository takes it
    cx.ports.repository.root()?;
    let folder = join(&install.dir, install.fills);
    let probe = join(&folder, "neonup-probe");
    let ignored = match cx.ports.repository.protection(&probe).await {
        Ok(protection) => protection.ignored == GitAnswer::Yes,
        Err(_) => false,
    };
    (!ignored).then(|| {
        Finding::new(
            Code::HealthPackagesMissing,
            format!("the app's packages are not installed: git does not ignore `{folder}`, where they would go"),
        )
        .hint(format!(
            "add `{}/` to .gitignore, then `neonup setup health`",
            install.fills
        ))
    })
}

#[cfg(test)]
mod tests;
