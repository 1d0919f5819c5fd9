//! The packages that a Python backend declares, and those that it lacks for its database.

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

/// The files that may declare packages, in the order of looking.
const DECLARATIONS: &[&str] = &[
    "requirements.txt",
    "pyproject.toml",
    "requirements/base.txt",
    "requirements.in",
    "Pipfile",
    "setup.cfg",
];

impl Dependencies {
    /// Reads what a folder declares.
    pub(crate) fn read(read: Reader<'_>, dir: &str) -> Self {
        let mut found = Self::default();
        for name in DECLARATIONS {
            let path = join(dir, name);
            let Some(text) = read(&path) else { continue };
            let names = if name.starts_with("requirements") {
                text.lines().filter_map(requirement).collect()
            } else {
                quoted_requirements(&text)
            };
            found.names.extend(names);
            if text.contains("[asyncio]") {
                found.names.push("greenlet".to_owned());
            }
            if found.file.is_none() {
                found.file = Some(path);
            }
        }
        found
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
        } else {
            Driver::Psycopg
        }
    }

    /// What a database over this driver needs and nothing declares, as lines of a requirements file.
    pub(crate) fn missing(&self, driver: Driver, sqlmodel: bool) -> Vec<&'static str> {
        let mut missing = Vec::new();
        if sqlmodel && !self.has("sqlmodel") {
            missing.push("sqlmodel>=0.0.22");
        } else if !sqlmodel && !self.has("sqlalchemy") && !self.has("sqlmodel") {
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
        if !loads.iter().any(|name| self.has(name)) {
            missing.push("python-dotenv>=1.0");
        }
        missing
    }
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
