//! A Python backend, judged by its text: requirements, the session module, `main.py`; and the changes that would mend them.
//!
//! Nothing is run and nothing is parsed in full: the rules look for the few mistakes that are common and are silent where they
//! cannot tell.

mod main_py;
mod session;

pub(crate) use main_py::{MainFacts, judge_main, propose_main};
pub(crate) use session::{connect_args, judge_session, session_files};

use crate::domain::{
    source::{Reader, join},
    url::Driver,
};

/// One thing that is wrong with a source file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Issue {
    /// The 1-based line.
    pub line: Option<u32>,
    /// What is wrong, as a sentence fragment.
    pub title: String,
    /// Why it matters.
    pub detail: String,
    /// Whether it stops the application from working with this database; else it is advice.
    pub breaks: bool,
}

/// The packages that a backend declares.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Dependencies {
    /// The file that declares them.
    pub file: Option<String>,
    names: Vec<String>,
}

/// The library that a Python application connects with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Library {
    Psycopg,
    Psycopg2,
    Asyncpg,
    Pg8000,
}

impl Library {
    /// A driver of another language stands for the usual one of this.
    const fn of(driver: Driver) -> Self {
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

/// The files that may declare them, in the order of looking.
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

    /// What is lacking for a database over this driver, as lines of a requirements file.
    pub(crate) fn missing(&self, driver: Driver, sqlmodel: bool) -> Vec<&'static str> {
        let mut missing = Vec::new();
        if sqlmodel && !self.has("sqlmodel") {
            missing.push("sqlmodel>=0.0.22");
        } else if !sqlmodel && !self.has("sqlalchemy") && !self.has("sqlmodel") {
            missing.push("sqlalchemy>=2.0");
        }
        let (names, line): (&[&str], _) = match Library::of(driver) {
            Library::Psycopg2 => (&["psycopg2", "psycopg2-binary"], "psycopg2-binary>=2.9"),
            Library::Asyncpg => (&["asyncpg"], "asyncpg>=0.29"),
            Library::Pg8000 => (&["pg8000"], "pg8000>=1.30"),
            Library::Psycopg => (
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

/// The normalised name of a package in a line of a requirements file.
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

/// Where the application object is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct App {
    /// The module, such as `src.main`.
    pub module: String,
    /// The variable, such as `app`.
    pub variable: String,
    /// The file, relative to the repository's root.
    pub file: String,
    /// The folder of the package that holds the module, relative to the root.
    pub package_dir: String,
    /// The package, such as `src`; empty where the module stands alone.
    pub package: String,
}

impl App {
    /// From the module that a start command names, such as `src.main:app`.
    pub(crate) fn new(dir: &str, module: &str, variable: &str) -> Self {
        let (package, _) = module.rsplit_once('.').unwrap_or(("", module));
        Self {
            file: join(dir, &format!("{}.py", module.replace('.', "/"))),
            package_dir: if package.is_empty() {
                dir.to_owned()
            } else {
                join(dir, &package.replace('.', "/"))
            },
            package: package.to_owned(),
            module: module.to_owned(),
            variable: variable.to_owned(),
        }
    }

    /// From a start command: the first argument of the form `module:variable`.
    pub(crate) fn from_command(dir: &str, command: &[String]) -> Option<Self> {
        command.iter().find_map(|argument| {
            let (module, variable) = argument.split_once(':')?;
            let name = |text: &str| {
                !text.is_empty()
                    && text
                        .chars()
                        .all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))
            };
            (name(module) && name(variable)).then(|| Self::new(dir, module, variable))
        })
    }

    /// A module of the same package.
    pub(crate) fn sibling(&self, name: &str) -> String {
        if self.package.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.package)
        }
    }
}

/// Looks for the application object.
pub(crate) fn find_app(read: Reader<'_>, dir: &str) -> Option<App> {
    [
        "src.main",
        "app.main",
        "main",
        "src.app",
        "app.app",
        "app",
        "api.main",
        "server.main",
        "backend.main",
    ]
    .iter()
    .find_map(|module| {
        let text = read(&join(dir, &format!("{}.py", module.replace('.', "/"))))?;
        let variable = code(&text).find_map(|(_, line)| {
            let (name, call) = line.split_once('=')?;
            call.trim_start()
                .starts_with("FastAPI(")
                .then(|| name.split(':').next().unwrap_or(name).trim().to_owned())
        })?;
        Some(App::new(dir, module, &variable))
    })
}

/// The lines of a source without comments, with their 1-based numbers.
fn code(text: &str) -> impl Iterator<Item = (u32, &str)> {
    (1..).zip(text.lines().map(without_comment))
}

fn without_comment(line: &str) -> &str {
    let mut quote = None;
    for (at, c) in line.char_indices() {
        match (quote, c) {
            (None, '#') => return line.get(..at).unwrap_or(line).trim_end(),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    line.trim_end()
}

/// The number of the first line of code that holds one of these.
fn first_line(text: &str, needles: &[&str]) -> Option<u32> {
    code(text)
        .find(|(_, line)| needles.iter().any(|needle| line.contains(needle)))
        .map(|(number, _)| number)
}

#[cfg(test)]
mod tests;
