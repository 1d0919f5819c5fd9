//! Which package manager runs the programs of a folder, and which command installs what the folder declares.
//!
//! The lock file decides, since it is what a team commits; a manager that nothing but a table in `pyproject.toml` names runs nothing,
//! because without its lock file what it would install, and write, is not known. In a monorepo the lock file lies in a folder above.
//!
//! Sources: <https://docs.astral.sh/uv/reference/cli/>, <https://python-poetry.org/docs/cli/>, <https://pipenv.pypa.io/en/latest/cli.html>,
//! <https://pdm-project.org/latest/reference/cli/>, <https://docs.npmjs.com/cli/v11/commands/npm-ci>,
//! <https://pnpm.io/cli/install>, <https://classic.yarnpkg.com/lang/en/docs/cli/install/>, <https://yarnpkg.com/cli/install>,
//! <https://bun.sh/docs/cli/install>.

use serde_json::Value;

use crate::domain::source::{Reader, join};

/// A package manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PackageManager {
    Pip,
    Uv,
    Poetry,
    Pipenv,
    Pdm,
    /// Its environment is activated by a person; nothing is run through it.
    Conda,
    Npm,
    Pnpm,
    /// Yarn 1.
    YarnClassic,
    /// Yarn 2 and later.
    YarnBerry,
    Bun,
}

/// What runs the programs of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Runner {
    pub manager: PackageManager,
    /// The folder of the file that names it, relative to the root; empty for the root itself.
    pub place: String,
    /// The file that names it, in that folder; `None` where it is the usual one.
    pub named_by: Option<&'static str>,
    /// Whether a lock file says exactly what is installed.
    pub locked: bool,
}

/// The command that installs what a folder declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Install {
    pub argv: Vec<String>,
    /// The folder where it runs, relative to the root.
    pub dir: String,
    /// The virtual environment that has to be made before, in `dir`; `None` where the manager makes what it needs.
    pub environment: Option<&'static str>,
    /// The folder in `dir` that it fills.
    pub fills: &'static str,
}

/// The virtual environment that an install is made into.
pub(crate) const ENVIRONMENT: &str = ".venv";

/// pnpm runs no build script of a package that `pnpm-workspace.yaml` doesn't allow, and from version 11 on it fails over that, with all
/// packages in their place (<https://pnpm.io/settings#strictdepbuilds>). Most work without it; older versions ignore the setting.
const UNBUILT_IS_FINE: &str = "--config.strict-dep-builds=false";

/// Lock files of Python, the one that counts first.
const PYTHON_LOCKS: &[(&str, PackageManager)] = &[
    ("uv.lock", PackageManager::Uv),
    ("poetry.lock", PackageManager::Poetry),
    ("pdm.lock", PackageManager::Pdm),
    ("Pipfile.lock", PackageManager::Pipenv),
    ("Pipfile", PackageManager::Pipenv),
];

/// What else says who installs the packages of a Python folder.
const PYTHON_DECLARATIONS: &[(&str, PackageManager)] = &[
    ("requirements.txt", PackageManager::Pip),
    ("requirements/local.txt", PackageManager::Pip),
    ("requirements/dev.txt", PackageManager::Pip),
    ("requirements/development.txt", PackageManager::Pip),
    ("requirements/base.txt", PackageManager::Pip),
    ("environment.yml", PackageManager::Conda),
    ("environment.yaml", PackageManager::Conda),
];

/// Lock files of Node, the one that counts first: a `package-lock.json` beside another one is most often left over.
const NODE_LOCKS: &[(&str, PackageManager)] = &[
    ("pnpm-lock.yaml", PackageManager::Pnpm),
    ("yarn.lock", PackageManager::YarnClassic),
    ("bun.lock", PackageManager::Bun),
    ("bun.lockb", PackageManager::Bun),
    ("package-lock.json", PackageManager::Npm),
    ("npm-shrinkwrap.json", PackageManager::Npm),
];

impl Runner {
    /// What runs the Python programs of a folder.
    pub(crate) fn of_python(read: Reader<'_>, dir: &str) -> Self {
        let mut declared = None;
        for place in upward(dir) {
            let is_there = |name: &str| read(&join(&place, name)).is_some();
            let found = |names: &[(&'static str, PackageManager)]| {
                names.iter().copied().find(|(name, _)| is_there(name))
            };
            if let Some((name, manager)) = found(PYTHON_LOCKS) {
                // what a folder declares by itself is not what a lock file above it holds
                if declared.is_none() {
                    return Self {
                        manager,
                        place,
                        named_by: Some(name),
                        locked: name != "Pipfile",
                    };
                }
                break;
            }
            if declared.is_none()
                && let Some((name, manager)) = found(PYTHON_DECLARATIONS)
            {
                declared = Some(Self {
                    manager,
                    place,
                    named_by: Some(name),
                    locked: false,
                });
            }
        }
        declared.unwrap_or_else(|| Self {
            manager: PackageManager::Pip,
            place: dir.to_owned(),
            named_by: None,
            locked: false,
        })
    }

    /// What runs the Node programs of a folder: what the `package.json` of the folder or of one above it names, else the lock file.
    pub(crate) fn of_node(read: Reader<'_>, dir: &str) -> Self {
        for place in upward(dir) {
            let lock = NODE_LOCKS
                .iter()
                .find(|(name, _)| read(&join(&place, name)).is_some());
            let package = read(&join(&place, "package.json"))
                .and_then(|text| serde_json::from_str::<Value>(&text).ok());
            let named = package.as_ref().and_then(named_in_package);
            let berry = read(&join(&place, ".yarnrc.yml")).is_some();
            let manager = match (named, lock) {
                (Some(manager), _) => manager,
                (None, Some((_, PackageManager::YarnClassic))) if berry => {
                    PackageManager::YarnBerry
                }
                (None, Some((_, manager))) => *manager,
                (None, None) if read(&join(&place, "pnpm-workspace.yaml")).is_some() => {
                    PackageManager::Pnpm
                }
                (None, None) => continue,
            };
            let own = |(_, of): &&(&str, PackageManager)| {
                *of == manager
                    || manager == PackageManager::YarnBerry && *of == PackageManager::YarnClassic
            };
            let locks = NODE_LOCKS.iter().filter(own);
            let lock = locks
                .map(|(name, _)| *name)
                .find(|name| read(&join(&place, name)).is_some());
            return Self {
                manager,
                place,
                named_by: lock.or(Some("package.json")),
                locked: lock.is_some(),
            };
        }
        Self {
            manager: PackageManager::Npm,
            place: dir.to_owned(),
            named_by: None,
            locked: false,
        }
    }

    /// The command that runs a program of the packages: `alembic upgrade head` becomes `uv run alembic upgrade head`.
    pub(crate) fn command(&self, words: &[&str]) -> Vec<String> {
        let before: &[&str] = match self.manager {
            PackageManager::Pip | PackageManager::Conda => &[],
            PackageManager::Uv => &["uv", "run"],
            PackageManager::Poetry => &["poetry", "run"],
            PackageManager::Pipenv => &["pipenv", "run"],
            PackageManager::Pdm => &["pdm", "run"],
            // fetches nothing that is not installed
            PackageManager::Npm => &["npx", "--no-install"],
            PackageManager::Pnpm => &["pnpm", "exec"],
            PackageManager::YarnClassic | PackageManager::YarnBerry => &["yarn"],
            PackageManager::Bun => &["bun", "run"],
        };
        owned(before.iter().chain(words))
    }

    /// The command that runs a script of `package.json`.
    pub(crate) fn script(&self, name: &str) -> Vec<String> {
        let manager = match self.manager {
            PackageManager::Pnpm => "pnpm",
            PackageManager::YarnClassic | PackageManager::YarnBerry => "yarn",
            PackageManager::Bun => "bun",
            PackageManager::Npm
            | PackageManager::Pip
            | PackageManager::Uv
            | PackageManager::Poetry
            | PackageManager::Pipenv
            | PackageManager::Pdm
            | PackageManager::Conda => "npm",
        };
        owned([manager, "run", name].iter())
    }

    /// The file that names the manager, by its path.
    pub(crate) fn evidence(&self) -> Option<String> {
        self.named_by.map(|name| join(&self.place, name))
    }

    /// The command that installs the packages without changing a file that git tracks; `None` where there is no such.
    ///
    /// `dependencies` are the requirements of `pyproject.toml` that no requirements file lists, or those of a `Pipfile` without its lock
    /// file: Pipenv works in a `.venv` that is there. `python` is the interpreter of that environment, relative to the folder.
    pub(crate) fn install(&self, dependencies: &[String], python: &str) -> Option<Install> {
        let install = |words: &[&str], fills| Install {
            argv: owned(words.iter()),
            dir: self.place.clone(),
            environment: None,
            fills,
        };
        let venv = |words: &[&str]| install(words, ENVIRONMENT);
        let modules = |words: &[&str]| Some(install(words, "node_modules"));
        let pip = [python, "-m", "pip", "install", "--no-input"];
        match (self.manager, self.locked) {
            (PackageManager::Uv, true) => Some(venv(&["uv", "sync", "--frozen"])),
            (PackageManager::Poetry, true) => Some(venv(&[
                "poetry",
                "install",
                "--no-interaction",
                "--no-root",
            ])),
            (PackageManager::Pdm, true) => Some(venv(&["pdm", "sync", "--no-self"])),
            (PackageManager::Pipenv, true) => Some(venv(&["pipenv", "sync"])),
            (PackageManager::Npm, true) => modules(&["npm", "ci", "--no-audit", "--no-fund"]),
            (PackageManager::Npm, false) => modules(&[
                "npm",
                "install",
                "--no-package-lock",
                "--no-audit",
                "--no-fund",
            ]),
            (PackageManager::Pnpm, true) => {
                modules(&["pnpm", "install", "--frozen-lockfile", UNBUILT_IS_FINE])
            }
            (PackageManager::Pnpm, false) => {
                modules(&["pnpm", "install", "--no-lockfile", UNBUILT_IS_FINE])
            }
            (PackageManager::YarnClassic, true) => {
                modules(&["yarn", "install", "--frozen-lockfile"])
            }
            (PackageManager::YarnClassic, false) => modules(&["yarn", "install", "--no-lockfile"]),
            (PackageManager::YarnBerry, true) => modules(&["yarn", "install", "--immutable"]),
            (PackageManager::Bun, true) => modules(&["bun", "install", "--frozen-lockfile"]),
            (PackageManager::Bun, false) => modules(&["bun", "install", "--no-save"]),
            (PackageManager::Pip, _) | (PackageManager::Pipenv, false) => {
                let mut argv = owned(pip.iter());
                match self.named_by {
                    Some(file) if self.manager == PackageManager::Pip => {
                        argv.extend(["-r".to_owned(), file.to_owned()]);
                    }
                    Some(_) | None if dependencies.is_empty() => return None,
                    Some(_) | None => {}
                }
                argv.extend(dependencies.iter().cloned());
                Some(Install {
                    argv,
                    dir: self.place.clone(),
                    environment: Some(ENVIRONMENT),
                    fills: ENVIRONMENT,
                })
            }
            (PackageManager::Conda, _)
            | (
                PackageManager::Uv
                | PackageManager::Poetry
                | PackageManager::Pdm
                | PackageManager::YarnBerry,
                false,
            ) => None,
        }
    }
}

/// The command without the package manager before it, for an environment that lies in the project: `uv run alembic upgrade head`
/// becomes `alembic upgrade head`. `None` where no package manager of Python is before it, or it is given options.
pub(crate) fn unwrapped(command: &[String]) -> Option<&[String]> {
    let (manager, rest) = command.split_first()?;
    let (run, rest) = rest.split_first()?;
    let wraps = ["uv", "poetry", "pipenv", "pdm"].contains(&manager.as_str()) && run == "run";
    let plain = rest.first().is_some_and(|word| !word.starts_with('-'));
    (wraps && plain).then_some(rest)
}

fn owned<'a>(words: impl Iterator<Item = &'a &'a str>) -> Vec<String> {
    words.map(|word| (*word).to_owned()).collect()
}

/// What `packageManager` names (Corepack's field, <https://nodejs.org/api/packages.html#packagemanager>).
fn named_in_package(package: &Value) -> Option<PackageManager> {
    let (name, version) = package.get("packageManager")?.as_str()?.split_once('@')?;
    match name {
        "npm" => Some(PackageManager::Npm),
        "pnpm" => Some(PackageManager::Pnpm),
        "bun" => Some(PackageManager::Bun),
        "yarn" if version.starts_with("1.") => Some(PackageManager::YarnClassic),
        "yarn" => Some(PackageManager::YarnBerry),
        _ => None,
    }
}

/// A folder, and those above it up to the root.
fn upward(dir: &str) -> impl Iterator<Item = String> {
    let mut next = Some(dir.trim_matches('/').to_owned());
    std::iter::from_fn(move || {
        let at = next.take()?;
        next = match at.rsplit_once('/') {
            Some((above, _)) => Some(above.to_owned()),
            None if at.is_empty() => None,
            None => Some(String::new()),
        };
        Some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PYTHON: &str = ".venv/bin/python";

    fn with<'a>(files: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
        move |path| {
            let found = files.iter().find(|(name, _)| *name == path);
            found.map(|(_, text)| (*text).to_owned())
        }
    }

    #[test]
    fn the_lock_file_decides_who_runs_python() {
        for (files, dir, command, install) in [
            (vec![], "", "alembic upgrade head", ""),
            (
                vec![("uv.lock", ""), ("requirements.txt", "")],
                "",
                "uv run alembic upgrade head",
                "uv sync --frozen",
            ),
            // in a workspace the lock file lies in the root
            (
                vec![("uv.lock", ""), ("apps/api/pyproject.toml", "")],
                "apps/api",
                "uv run alembic upgrade head",
                "uv sync --frozen",
            ),
            // a folder with a list of its own is not in it
            (
                vec![("uv.lock", ""), ("api/requirements.txt", "")],
                "api",
                "alembic upgrade head",
                ".venv/bin/python -m pip install --no-input -r requirements.txt",
            ),
            (
                vec![("poetry.lock", "")],
                "",
                "poetry run alembic upgrade head",
                "poetry install --no-interaction --no-root",
            ),
            // without the lock file nobody knows what would be installed
            (
                vec![("pyproject.toml", "[tool.poetry]\nname = \"x\"\n")],
                "",
                "alembic upgrade head",
                "",
            ),
            (
                vec![("Pipfile", "")],
                "",
                "pipenv run alembic upgrade head",
                "",
            ),
            (
                vec![("Pipfile", ""), ("Pipfile.lock", "")],
                "",
                "pipenv run alembic upgrade head",
                "pipenv sync",
            ),
            (
                vec![("pdm.lock", "")],
                "",
                "pdm run alembic upgrade head",
                "pdm sync --no-self",
            ),
            (
                vec![("environment.yml", "")],
                "",
                "alembic upgrade head",
                "",
            ),
        ] {
            let runner = Runner::of_python(&with(&files), dir);
            let run = runner.command(&["alembic", "upgrade", "head"]);
            assert_eq!(run.join(" "), command, "{files:?}");
            let words = runner
                .install(&[], PYTHON)
                .map(|install| install.argv.join(" "));
            assert_eq!(words.unwrap_or_default(), install, "{files:?}");
        }
    }

    #[test]
    fn requirements_of_a_project_are_installed_by_name() {
        let runner = Runner::of_python(&with(&[]), "api");
        let install = runner
            .install(
                &["fastapi".to_owned(), "psycopg[binary]>=3".to_owned()],
                PYTHON,
            )
            .unwrap();
        assert_eq!(
            install.argv.join(" "),
            ".venv/bin/python -m pip install --no-input fastapi psycopg[binary]>=3"
        );
        assert_eq!(install.dir, "api");
        assert_eq!(install.environment, Some(".venv"));
        // a list for the server beside them, and one for developers in a folder
        for (list, command) in [
            ("requirements.txt", "-r requirements.txt fastapi"),
            ("requirements/dev.txt", "-r requirements/dev.txt fastapi"),
        ] {
            let files = [(list, "gunicorn")];
            let runner = Runner::of_python(&with(&files), "");
            let install = runner.install(&["fastapi".to_owned()], PYTHON).unwrap();
            assert_eq!(
                install.argv.join(" "),
                format!(".venv/bin/python -m pip install --no-input {command}")
            );
        }
    }

    #[test]
    fn the_lock_file_or_the_package_decides_who_runs_node() {
        let named = |name: &str| format!("{{\"packageManager\":\"{name}\"}}");
        let (berry, classic, pnpm) = (named("yarn@4.5.0"), named("yarn@1.22.22"), named("pnpm@9"));
        for (files, dir, command, script, install) in [
            (
                vec![("package.json", "{}")],
                "",
                "npx --no-install prisma migrate deploy",
                "npm run db:migrate",
                "npm install --no-package-lock --no-audit --no-fund",
            ),
            (
                vec![("package-lock.json", "")],
                "",
                "npx --no-install prisma migrate deploy",
                "npm run db:migrate",
                "npm ci --no-audit --no-fund",
            ),
            // a left-over package-lock.json
            (
                vec![("pnpm-lock.yaml", ""), ("package-lock.json", "")],
                "",
                "pnpm exec prisma migrate deploy",
                "pnpm run db:migrate",
                "pnpm install --frozen-lockfile --config.strict-dep-builds=false",
            ),
            // the workspace's root
            (
                vec![("pnpm-lock.yaml", ""), ("apps/api/package.json", "{}")],
                "apps/api",
                "pnpm exec prisma migrate deploy",
                "pnpm run db:migrate",
                "pnpm install --frozen-lockfile --config.strict-dep-builds=false",
            ),
            (
                vec![("package.json", &pnpm), ("package-lock.json", "")],
                "",
                "pnpm exec prisma migrate deploy",
                "pnpm run db:migrate",
                "pnpm install --no-lockfile --config.strict-dep-builds=false",
            ),
            (
                vec![("yarn.lock", ""), ("package.json", &classic)],
                "",
                "yarn prisma migrate deploy",
                "yarn run db:migrate",
                "yarn install --frozen-lockfile",
            ),
            (
                vec![("yarn.lock", ""), (".yarnrc.yml", "")],
                "",
                "yarn prisma migrate deploy",
                "yarn run db:migrate",
                "yarn install --immutable",
            ),
            (
                vec![("yarn.lock", ""), ("package.json", &berry)],
                "",
                "yarn prisma migrate deploy",
                "yarn run db:migrate",
                "yarn install --immutable",
            ),
            (
                vec![("bun.lockb", "")],
                "",
                "bun run prisma migrate deploy",
                "bun run db:migrate",
                "bun install --frozen-lockfile",
            ),
        ] {
            let runner = Runner::of_node(&with(&files), dir);
            let run = runner.command(&["prisma", "migrate", "deploy"]);
            assert_eq!(run.join(" "), command, "{files:?}");
            assert_eq!(runner.script("db:migrate").join(" "), script, "{files:?}");
            let words = runner
                .install(&[], PYTHON)
                .map(|install| install.argv.join(" "));
            assert_eq!(words.unwrap_or_default(), install, "{files:?}");
        }
    }

    #[test]
    fn a_command_is_unwrapped_only_where_nothing_else_is_said() {
        let split = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let words = |text: &str| unwrapped(&split(text)).map(|rest| rest.join(" "));
        assert_eq!(
            words("uv run python -m uvicorn a:app").as_deref(),
            Some("python -m uvicorn a:app")
        );
        assert_eq!(words("poetry run alembic x").as_deref(), Some("alembic x"));
        for other in [
            "uv run --env-file .env python x.py",
            "uv sync",
            "uv run",
            "npm run x",
        ] {
            assert_eq!(words(other), None, "{other}");
        }
    }
}
