//! The packages that a Python backend declares, and those that it lacks for its database.

use std::collections::{BTreeSet, VecDeque};

use crate::domain::{
    source::{Reader, join},
    url::Driver,
};

/// The packages that a backend declares.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Dependencies {
    /// The file that declares them.
    pub file: Option<String>,
    names: Vec<String>,
    /// Whether they keep pip from taking SQLAlchemy 2.1 or a later one.
    holds_sqlalchemy: bool,
    /// Whether they ask for SQLAlchemy 1.
    has_first_sqlalchemy: bool,
}

/// The library that a Python application connects with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PythonDriver {
    Psycopg,
    Psycopg2,
    Asyncpg,
    Pg8000,
}

impl PythonDriver {
    /// The library for a driver; one of another language stands for the usual one of this.
    pub(super) const fn of(driver: Driver) -> Self {
        match driver {
            Driver::Psycopg2 => Self::Psycopg2,
            Driver::Asyncpg | Driver::AsyncpgPlain => Self::Asyncpg,
            Driver::Pg8000 => Self::Pg8000,
            Driver::Libpq
            | Driver::LibpqKeywords
            | Driver::Psycopg
            | Driver::Django
            | Driver::NodePostgres
            | Driver::Prisma
            | Driver::Drizzle
            | Driver::Jdbc
            | Driver::Npgsql
            | Driver::Pgx
            | Driver::Sqlx => Self::Psycopg,
        }
    }
}

/// What an application needs of its packages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Needs {
    pub driver: Driver,
    pub sqlmodel: bool,
    pub sqlalchemy: bool,
    /// Whether it loads its env file with `python-dotenv`.
    pub dotenv: bool,
}

/// The files that may declare packages, in the order of looking.
const DECLARATIONS: &[&str] = &[
    "requirements.txt",
    "pyproject.toml",
    "requirements/base.txt",
    "requirements.in",
    "Pipfile",
    "setup.cfg",
    "setup.py",
    "requirements/common.txt",
    "requirements/main.txt",
    "requirements/prod.txt",
    "requirements/production.txt",
    "requirements-prod.txt",
    "environment.yml",
];

/// The most requirements files that are read because another one names them.
const INCLUDED: usize = 20;

impl Dependencies {
    /// Reads what a folder declares.
    pub(crate) fn read(read: Reader<'_>, dir: &str) -> Self {
        let mut found = Self::default();
        let mut open: VecDeque<_> = DECLARATIONS.iter().map(|name| join(dir, name)).collect();
        let mut seen: BTreeSet<_> = open.iter().cloned().collect();
        while let Some(path) = open.pop_front() {
            for other in found.add(read, &path) {
                if seen.len() < DECLARATIONS.len() + INCLUDED && seen.insert(other.clone()) {
                    open.push_back(other);
                }
            }
        }
        found
    }

    /// Reads what a folder declares, else the nearest folder above it that declares something.
    pub(crate) fn nearest(read: Reader<'_>, dir: &str) -> Self {
        with_folders_above(dir)
            .into_iter()
            .map(|folder| Self::read(read, &folder))
            .find(|found| found.file.is_some())
            .unwrap_or_default()
    }

    /// Adds what a file declares, and gives the files that it includes.
    fn add(&mut self, read: Reader<'_>, path: &str) -> Vec<String> {
        let Some(text) = read(path) else {
            return Vec::new();
        };
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let listed = std::path::Path::new(name)
            .extension()
            .is_some_and(|end| end == "txt" || end == "in");
        if self.file.is_none() {
            self.file = Some(path.to_owned());
        }
        let mut included = Vec::new();
        if listed {
            self.names.extend(text.lines().filter_map(requirement));
            included.extend(text.lines().filter_map(|line| {
                let other = ["-r ", "--requirement "]
                    .iter()
                    .find_map(|flag| line.trim().strip_prefix(flag))?;
                let other = other.split('#').next().unwrap_or(other).trim();
                Some(join(folder, other.trim_start_matches("./")))
            }));
        } else if name == "environment.yml" {
            let lines = text
                .lines()
                .map(|line| line.trim().trim_start_matches("- "));
            self.names.extend(lines.filter_map(requirement));
        } else {
            self.names.extend(quoted_requirements(&text));
        }
        let of_sqlalchemy = |versions: &[&str]| {
            text.lines().any(|line| {
                let line: String = line
                    .to_ascii_lowercase()
                    .chars()
                    .filter(|c| !c.is_whitespace())
                    .collect();
                line.split_once("sqlalchemy").is_some_and(|(_, version)| {
                    versions.iter().any(|old| version.contains(old))
                        || version
                            .trim_end_matches(['"', '\'', ',', ']'])
                            .ends_with("<2")
                })
            })
        };
        let first = ["==1.", "~=1.", "<2.0", "<2,", "=\"1.", "=\"^1."];
        let second = ["==2.0", "~=2.0.", "<2.1", "=\"2.0."];
        let pinned = of_sqlalchemy(&[&first[..], &second].concat());
        self.holds_sqlalchemy |= pinned;
        self.has_first_sqlalchemy |= of_sqlalchemy(&first);
        if pinned {
            // before 2.1, SQLAlchemy brings it
            self.names.push("greenlet".to_owned());
        }
        let extends_flask = |name: &String| name.starts_with("flask-");
        if self.names.iter().any(extends_flask) {
            self.names.push("flask".to_owned());
        }
        // what the extras of others bring
        for (extras, brings) in [
            (&["[asyncio]"][..], "greenlet"),
            (
                &["uvicorn[standard]", "fastapi[standard]", "fastapi[all]"],
                "python-dotenv",
            ),
        ] {
            if extras.iter().any(|extra| text.contains(extra)) {
                self.names.push(brings.to_owned());
            }
        }
        included
    }

    /// Adds what a library of the same repository declares.
    pub(crate) fn join(&mut self, library: Self) {
        self.names.extend(library.names);
        self.holds_sqlalchemy |= library.holds_sqlalchemy;
        self.has_first_sqlalchemy |= library.has_first_sqlalchemy;
    }

    /// Whether pip may take a SQLAlchemy that opens `postgresql://` with psycopg 3, where only psycopg2 is declared.
    pub(super) fn takes_newer_sqlalchemy(&self) -> bool {
        let any = |names: &[&str]| names.iter().any(|name| self.has(name));
        let uses = any(&[
            "sqlalchemy",
            "sqlmodel",
            "flask-sqlalchemy",
            "flask-migrate",
            "alembic",
            "databases",
            "advanced-alchemy",
            "sqlalchemy-utils",
        ]);
        uses && !self.holds_sqlalchemy
            && any(&["psycopg2", "psycopg2-binary"])
            && !any(&["psycopg", "psycopg-binary", "psycopg-c"])
    }

    /// Whether a package is declared, by its normalized name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.names.iter().any(|known| known == name)
    }

    /// The driver that the packages imply.
    pub(crate) fn driver(&self) -> Driver {
        let any = |names: &[&str]| names.iter().any(|name| self.has(name));
        if any(&["psycopg", "psycopg-binary"]) {
            Driver::Psycopg
        } else if any(&["psycopg2", "psycopg2-binary"]) {
            Driver::Psycopg2
        } else if self.has("asyncpg") {
            if any(&["sqlalchemy", "sqlmodel"]) {
                Driver::Asyncpg
            } else {
                Driver::AsyncpgPlain
            }
        } else if self.has("pg8000") {
            Driver::Pg8000
        } else if self.has_first_sqlalchemy {
            // which knows no psycopg 3
            Driver::Psycopg2
        } else {
            Driver::Psycopg
        }
    }

    /// Adds the packages that a lock file holds: what another package brings is there too.
    pub(crate) fn with_locked(mut self, read: Reader<'_>, dir: &str) -> Self {
        for folder in with_folders_above(dir) {
            for name in ["uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock"] {
                let Some(text) = read(&join(&folder, name)) else {
                    continue;
                };
                let names = text.lines().filter_map(|line| {
                    let line = line.trim();
                    match line.strip_prefix("name = \"") {
                        Some(name) => requirement(name),
                        None if name.starts_with("Pipfile") => line
                            .strip_suffix("\": {")
                            .and_then(|name| requirement(name.trim_matches('"'))),
                        None => None,
                    }
                });
                self.names.extend(names);
            }
        }
        self
    }

    /// What the application needs and nothing declares, as lines of a requirements file.
    pub(crate) fn missing(&self, needs: Needs) -> Vec<&'static str> {
        let driver = needs.driver;
        let mut missing = Vec::new();
        if needs.sqlmodel && !self.has("sqlmodel") {
            missing.push("sqlmodel>=0.0.22");
        } else if needs.sqlalchemy && !self.has("sqlalchemy") && !self.has("sqlmodel") {
            missing.push("sqlalchemy>=2.0");
        }
        let (names, line): (&[&str], _) = match PythonDriver::of(driver) {
            PythonDriver::Psycopg2 => (&["psycopg2", "psycopg2-binary"], "psycopg2-binary>=2.9"),
            PythonDriver::Asyncpg => (&["asyncpg"], "asyncpg>=0.29"),
            PythonDriver::Pg8000 => (&["pg8000"], "pg8000>=1.30"),
            PythonDriver::Psycopg => (
                &["psycopg", "psycopg-binary", "psycopg-c"],
                "psycopg[binary]>=3.1",
            ),
        };
        if !names.iter().any(|name| self.has(name)) {
            missing.push(line);
        }
        // since 2.1, SQLAlchemy brings it only as its extra `asyncio`
        if driver == Driver::Asyncpg && !self.has("greenlet") {
            missing.push("greenlet>=3.0");
        }
        let loads = [
            "python-dotenv",
            "pydantic-settings",
            "python-decouple",
            "django-environ",
            "environs",
        ];
        if needs.dotenv && !loads.iter().any(|name| self.has(name)) {
            missing.push("python-dotenv>=1.0");
        }
        missing
    }
}

/// The most requirements of one project that are installed by name.
const MOST_REQUIREMENTS: usize = 200;

/// The requirements that a `pyproject.toml` lists: those of `[project]`, as they are written (PEP 621), else Poetry's own.
pub(crate) fn project_dependencies(text: &str) -> Vec<String> {
    let Ok(document) = toml_edit::Document::parse(text) else {
        return Vec::new();
    };
    let listed = document
        .get("project")
        .and_then(|project| project.get("dependencies"))
        .and_then(toml_edit::Item::as_array);
    let of_project: Vec<_> = listed
        .into_iter()
        .flatten()
        .filter_map(toml_edit::Value::as_str)
        // an option of pip's isn't a requirement
        .filter(|requirement| requirement.starts_with(|c: char| c.is_ascii_alphanumeric()))
        .map(str::to_owned)
        .take(MOST_REQUIREMENTS)
        .collect();
    if !of_project.is_empty() {
        return of_project;
    }
    let poetry = document
        .get("tool")
        .and_then(|tool| tool.get("poetry"))
        .and_then(|poetry| poetry.get("dependencies"));
    in_table(poetry)
}

/// The requirements that a `Pipfile` lists.
pub(crate) fn pipfile_dependencies(text: &str) -> Vec<String> {
    toml_edit::Document::parse(text)
        .map(|document| in_table(document.get("packages")))
        .unwrap_or_default()
}

/// The requirements of a table whose keys are packages, in the words of pip.
fn in_table(table: Option<&toml_edit::Item>) -> Vec<String> {
    table
        .and_then(toml_edit::Item::as_table_like)
        .into_iter()
        .flat_map(toml_edit::TableLike::iter)
        .filter(|(name, _)| *name != "python")
        .filter_map(|(name, wanted)| of_poetry(name, wanted))
        .take(MOST_REQUIREMENTS)
        .collect()
}

/// A requirement of Poetry's or Pipenv's in the words of pip; `None` for one that is optional, or in no index
/// (<https://python-poetry.org/docs/dependency-specification/>).
fn of_poetry(name: &str, wanted: &toml_edit::Item) -> Option<String> {
    let plain = |text: &str| {
        text.chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    if !plain(name) || !name.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return None;
    }
    let Some(table) = wanted.as_table_like() else {
        let version = wanted.as_str().unwrap_or_default();
        return Some(format!("{name}{}", version_for_pip(version)));
    };
    let has = |key: &str| table.contains_key(key);
    let is_optional = table
        .get("optional")
        .and_then(toml_edit::Item::as_bool)
        .unwrap_or_default();
    if is_optional || ["path", "git", "url", "file"].iter().any(|key| has(key)) {
        return None;
    }
    let extras: Vec<_> = table
        .get("extras")
        .and_then(toml_edit::Item::as_array)
        .into_iter()
        .flatten()
        .filter_map(toml_edit::Value::as_str)
        .filter(|extra| plain(extra))
        .collect();
    let extras = match extras.as_slice() {
        [] => String::new(),
        extras => format!("[{}]", extras.join(",")),
    };
    let version = table.get("version").and_then(toml_edit::Item::as_str);
    Some(format!(
        "{name}{extras}{}",
        version_for_pip(version.unwrap_or_default())
    ))
}

/// A version as Poetry writes it, as pip does: `^1.2` is `>=1.2,<2`. Empty where any will do, or it isn't understood.
fn version_for_pip(version: &str) -> String {
    let version: String = version.chars().filter(|c| !c.is_whitespace()).collect();
    let numbers = |text: &str| -> Option<Vec<u32>> {
        text.split('.').map(|number| number.parse().ok()).collect()
    };
    let below = |numbers: &[u32], at: usize| {
        let mut next = numbers.get(..=at).unwrap_or_default().to_vec();
        if let Some(last) = next.last_mut() {
            *last = last.saturating_add(1);
        }
        let next: Vec<_> = next.iter().map(u32::to_string).collect();
        next.join(".")
    };
    let range = |text: &str, at: &dyn Fn(&[u32]) -> usize| {
        numbers(text).map(|numbers| format!(">={text},<{}", below(&numbers, at(&numbers))))
    };
    let first_set = |numbers: &[u32]| {
        let set = numbers.iter().position(|number| *number > 0);
        set.unwrap_or(numbers.len().saturating_sub(1))
    };
    if let Some(rest) = version.strip_prefix('^') {
        return range(rest, &first_set).unwrap_or_default();
    }
    if let Some(rest) = version.strip_prefix('~')
        && !rest.starts_with('=')
    {
        return range(rest, &|numbers| usize::from(numbers.len() > 1)).unwrap_or_default();
    }
    let compares = version.starts_with(['=', '<', '>', '!', '~']);
    let known = version
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || ".*,<>=!~+-".contains(c));
    match version.as_str() {
        "" | "*" => String::new(),
        _ if !known => String::new(),
        _ if compares => version,
        _ => format!("=={version}"),
    }
}

/// Those of a project's requirements that a requirements file and the files that it includes don't name.
pub(crate) fn not_listed(read: Reader<'_>, file: &str, declared: Vec<String>) -> Vec<String> {
    let mut listed = Dependencies::default();
    let mut open = vec![file.to_owned()];
    let mut seen = BTreeSet::new();
    while let Some(path) = open.pop() {
        if seen.len() < INCLUDED && seen.insert(path.clone()) {
            open.extend(listed.add(read, &path));
        }
    }
    let is_new = |line: &String| requirement(line).is_some_and(|name| !listed.has(&name));
    declared.into_iter().filter(is_new).collect()
}

/// A folder, and those above it up to the root.
fn with_folders_above(dir: &str) -> Vec<String> {
    let mut folders = vec![dir.to_owned()];
    let mut at = dir;
    while let Some((above, _)) = at.rsplit_once('/') {
        folders.push(above.to_owned());
        at = above;
    }
    if !dir.is_empty() {
        folders.push(String::new());
    }
    folders
}

/// The normalized name of a package in a line of a requirements file.
fn requirement(line: &str) -> Option<String> {
    let line = line.split('#').next().unwrap_or(line).trim();
    if line.starts_with('-') {
        return None;
    }
    let name: String = line
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        .collect();
    (!name.is_empty()).then(|| name.to_ascii_lowercase().replace(['_', '.'], "-"))
}

/// The names of packages in a TOML file: the beginnings of its strings, and the keys of its dependency tables.
fn quoted_requirements(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut table = String::new();
    for line in text.lines() {
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[')
            && let Some((name, _)) = header.split_once(']')
            && !header.starts_with('"')
        {
            name.trim_matches('[').clone_into(&mut table);
        }
        let dependencies =
            table.contains("dependencies") || matches!(table.as_str(), "packages" | "dev-packages");
        if dependencies && let Some((key, _)) = line.split_once('=') {
            names.extend(requirement(key.trim().trim_matches('"')));
        }
        for part in line.split(['"', '\'']).skip(1).step_by(2) {
            names.extend(requirement(part));
        }
        if table == "options" {
            names.extend(requirement(line));
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_of_poetry_are_told_to_pip() {
        let text = "[tool.poetry.dependencies]\npython = \"^3.11\"\nfastapi = \"^0.109.1\"\nsix = \"*\"\nalembic = \"^1.13\"\n\
            uvicorn = { extras = [\"standard\"], version = \"~0.27\" }\nredis = { version = \">=5, <6\", optional = true }\n\
            own = { path = \"../own\" }\npg = \"1.2.*\"\nodd = \"1 || 2\"\n";
        assert_eq!(
            project_dependencies(text),
            [
                "fastapi>=0.109.1,<0.110",
                "six",
                "alembic>=1.13,<2",
                "uvicorn[standard]>=0.27,<0.28",
                "pg==1.2.*",
                "odd"
            ]
        );
    }

    #[test]
    fn requirements_of_a_pipfile_are_told_to_pip() {
        let text = "[[source]]\nurl = \"x\"\n[packages]\nfastapi = \"*\"\nuvicorn = {extras = [\"standard\"], version = \"~=0.2\"}\n\
            [dev-packages]\nblack = \"*\"\n";
        assert_eq!(
            pipfile_dependencies(text),
            ["fastapi", "uvicorn[standard]~=0.2"]
        );
    }

    #[test]
    fn only_what_a_requirements_file_leaves_out_is_installed_beside_it() {
        let files = |path: &str| match path {
            "requirements.txt" => Some("-r base.txt\nGunicorn==22\n".to_owned()),
            "base.txt" => Some("fast_api\n".to_owned()),
            _ => None,
        };
        let declared = ["gunicorn", "fast-api>=1", "psycopg2"].map(str::to_owned);
        assert_eq!(
            not_listed(&files, "requirements.txt", declared.to_vec()),
            ["psycopg2"]
        );
    }
}
