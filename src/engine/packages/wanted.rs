//! Which command could install the packages of the application, and whether they are missing, as far as the files show.

use serde_json::Value;

use crate::{
    domain::{
        driver_script,
        python::{self, Dependencies},
        reading::Spot,
        runner::{ENVIRONMENT, Install, PackageManager, Runner},
        source::{decoded, join},
    },
    os::{environments, programs::interpreter_of},
    ports::{Ports, files::FileKind},
    project::settings::Settings,
};

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

/// What could be installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine) struct Wanted {
    pub install: Install,
    /// Why the packages are not there, where that can be seen without asking anybody.
    pub missing: Option<String>,
    /// The files that decide what is installed, relative to the root.
    pub files: Vec<String>,
}

/// The command that could install the application's packages; `None` where they are there, or the environment is a person's own.
pub(in crate::engine) fn wanted(settings: &Settings, ports: &Ports) -> Option<Wanted> {
    if settings.flags.installs_nothing {
        return None;
    }
    let started = settings.started();
    let (command, dir) = match started {
        Some(backend) => (&backend.start, backend.dir.as_str()),
        None => (&settings.schema.command, settings.schema_dir()),
    };
    let Some(program) = command.first() else {
        return of_driver(settings, ports);
    };
    let program = program.rsplit('/').next()?;
    if program.starts_with("python") || PYTHON.contains(&program) {
        of_python(settings, ports, dir)
    } else if NODE.contains(&program) {
        of_node(settings, ports, dir)
    } else {
        None
    }
}

/// What the application's driver is among, where nothing of the application is started: the packages of the folder where it is tried.
fn of_driver(settings: &Settings, ports: &Ports) -> Option<Wanted> {
    let (.., driver) = settings.url_key()?;
    let dir = settings
        .backend
        .as_ref()
        .map_or("", |backend| backend.dir.as_str());
    match driver_script::script(driver)?.interpreter {
        "node" => of_node(settings, ports, dir),
        _ => of_python(settings, ports, dir),
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
    let found_own = interpreter
        .is_some_and(|path| path.starts_with(&settings.root) || environments::holds(&path));
    // an environment of another name, or one that another program made
    if found_own && !(there && runner.manager == PackageManager::Pip) {
        return None;
    }
    let manifest = join(&runner.place, "pyproject.toml");
    let listed = runner.evidence();
    let mut declared = match (&listed, runner.manager) {
        (Some(file), PackageManager::Pipenv) => {
            read(file).map(|text| python::pipfile_dependencies(&text))
        }
        _ => read(&manifest).map(|text| python::project_dependencies(&text)),
    }
    .unwrap_or_default();
    let nearer = nearer_manifests(settings, &runner.place);
    for text in nearer.iter().filter_map(|path| read(path)) {
        declared.extend(python::project_dependencies(&text));
    }
    if let Some(list) = listed.filter(|_| runner.manager == PackageManager::Pip) {
        declared = python::not_listed(&read, &list, declared);
    }
    let mut install = runner.install(&declared, &interpreter_of(ENVIRONMENT))?;
    // what a lock file doesn't decide, pip would take as new as it is
    if install.environment.is_some() && newer_sqlalchemy(settings, ports, dir).is_some() {
        install.argv.push(python::OLDER_SQLALCHEMY.to_owned());
    }
    // what they make when they are only asked to run something is empty, and lies elsewhere
    let makes = match runner.manager {
        PackageManager::Uv => Some("uv"),
        PackageManager::Poetry => Some("poetry"),
        PackageManager::Pipenv => Some("pipenv"),
        PackageManager::Pdm => Some("pdm"),
        PackageManager::Pip
        | PackageManager::Conda
        | PackageManager::Npm
        | PackageManager::Pnpm
        | PackageManager::YarnClassic
        | PackageManager::YarnBerry
        | PackageManager::Bun => None,
    };
    let missing = makes
        .filter(|_| !there)
        .map(|tool| format!("`{own}`, where `{tool}` installs the packages, doesn't exist"));
    Some(Wanted {
        install,
        missing,
        files: runner
            .evidence()
            .into_iter()
            .chain([manifest])
            .chain(nearer)
            .collect(),
    })
}

/// Where the application writes an address that a SQLAlchemy of today would open with a driver that the project doesn't have. Where the
/// env file holds the whole URL, the URL names the driver.
pub(in crate::engine) fn newer_sqlalchemy(
    settings: &Settings,
    ports: &Ports,
    dir: &str,
) -> Option<Spot> {
    settings.parts_target()?;
    let start = &settings.backend.as_ref()?.start;
    let read = |path: &str| text(settings, ports, path);
    // a lock file says which one it is
    if Runner::of_python(&read, dir).locked {
        return None;
    }
    let files = |path: &str| {
        let bytes = ports.files.read(&settings.path(path));
        bytes.map_err(|error| error.to_string())
    };
    python::bare_address(&files, dir, start, &Dependencies::nearest(&read, dir))
}

/// The manifests on the way from a folder to the module that is started: `src/pyproject.toml` for `src.shop.app:app`.
fn nearer_manifests(settings: &Settings, place: &str) -> Vec<String> {
    let module = settings.started().and_then(|backend| {
        let (module, _) = backend.start.iter().find_map(|word| word.split_once(':'))?;
        Some(join(&backend.dir, &module.replace('.', "/")))
    });
    let mut found = Vec::new();
    let mut at = module.as_deref().unwrap_or_default();
    while let Some((above, _)) = at.rsplit_once('/') {
        let is_inside = place.is_empty() || above.starts_with(&format!("{place}/"));
        if above != place && is_inside {
            found.push(join(above, "pyproject.toml"));
        }
        at = above;
    }
    found
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
        format!("`{modules}` doesn't exist")
    } else {
        let lock = (runner.manager == PackageManager::Npm && runner.locked)
            .then(|| read(&join(&runner.place, "package-lock.json")))
            .flatten()?;
        let installed = read(&join(&modules, ".package-lock.json"))?;
        let lacking = lacking(&lock, &installed)?;
        format!("{lacking} is missing from `{modules}`")
    };
    Some(Wanted {
        install: runner.install(&[], &interpreter_of(ENVIRONMENT))?,
        missing: Some(missing),
        files: runner.evidence().into_iter().chain([manifest]).collect(),
    })
}

/// The first package that npm's lock file names and its own list of what it has installed does not, in that version. What depends on the
/// machine, and what is only for developing, may be left out.
pub(super) fn lacking(lock: &str, installed: &str) -> Option<String> {
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

/// A text file: UTF-8, or UTF-16 where a mark at its head says so, as PowerShell writes it and pip reads it.
fn text(settings: &Settings, ports: &Ports, path: &str) -> Option<String> {
    decoded(ports.files.read(&settings.path(path)).ok()??)
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
