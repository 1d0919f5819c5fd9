mod connections;
mod layouts;
mod proposals;
mod routes;

use crate::domain::{
    python::{judge::Symbol, *},
    url::Driver,
};

/// The modules of a small application, by their paths.
type Modules<'a> = &'a [(&'a str, &'a str)];

const DATABASE: &str = "import os\nfrom dotenv import load_dotenv\nfrom sqlmodel import Session, create_engine\nload_dotenv()\nengine = create_engine(os.environ[\"DATABASE_URL\"], pool_pre_ping=True)\n\n\ndef get_session():\n    with Session(engine) as session:\n        yield session\n";

const MODELS: &str = "from sqlmodel import Field, SQLModel\nclass Plant(SQLModel, table=True):\n    id: int = Field(primary_key=True)\n";

/// A main module with this text after its usual imports.
fn main_with(text: &str) -> String {
    format!(
        "from contextlib import asynccontextmanager\nfrom fastapi import APIRouter, Depends, FastAPI\nfrom sqlalchemy import text\nfrom sqlmodel import Session, SQLModel\nfrom app import models\nfrom app.database import engine, get_session\n\n{text}"
    )
}

fn find<'a>(modules: Modules<'a>, path: &str) -> Option<&'a str> {
    modules
        .iter()
        .find(|(name, _)| *name == path)
        .map(|(_, text)| *text)
}

fn entry(modules: Modules<'_>, command: &str) -> Option<Entry> {
    let files = |path: &str| Ok(find(modules, path).map(|text| text.as_bytes().to_vec()));
    let words: Vec<String> = command.split(' ').map(str::to_owned).collect();
    read_entry(&files, "", &AppStart::read("", &words))
}

fn judge_as(modules: Modules<'_>, command: &str, driver: Driver) -> Judgement {
    let entry = entry(modules, command).unwrap_or_else(|| panic!("{command}: nothing found"));
    judge(&entry, driver, "DATABASE_URL", Some("/health"))
}

/// Judges `app.main:app`; `app/__init__.py` is there.
fn judged(modules: Modules<'_>) -> Judgement {
    let mut all = vec![("app/__init__.py", "")];
    all.extend(modules);
    for (path, text) in [("app/database.py", DATABASE), ("app/models.py", MODELS)] {
        if find(modules, path).is_none() {
            all.push((path, text));
        }
    }
    judge_as(&all, "uvicorn app.main:app", Driver::Psycopg)
}

fn breaking(judgement: &Judgement) -> Vec<&str> {
    judgement
        .connections
        .issues
        .iter()
        .filter(|issue| issue.breaks)
        .map(|issue| issue.title.as_str())
        .collect()
}

fn creates(judgement: &Judgement) -> bool {
    matches!(judgement.creates, Deduction::Yes(_))
}

fn asks(judgement: &Judgement) -> bool {
    judgement
        .health
        .as_ref()
        .is_some_and(|health| matches!(health.asks, Deduction::Yes(_)))
}

#[test]
fn dependencies_are_read_from_every_kind_of_file() {
    let needs = |driver| Needs {
        driver,
        sqlmodel: true,
        sqlalchemy: true,
        dotenv: true,
    };
    for (file, text) in [
        (
            "requirements.txt",
            "FastAPI>=0.1 # web\nSQLModel\npsycopg[binary]>=3.1\npython_dotenv\n-r other.txt\n",
        ),
        (
            "pyproject.toml",
            "[project]\nname = \"x\"\ndependencies = [\n  \"fastapi>=0.1\",\n  \"sqlmodel\", \"psycopg[binary]>=3.1\",\n  \"python-dotenv\",\n]\n",
        ),
        (
            "pyproject.toml",
            "[tool.poetry.dependencies]\nfastapi = \"^0.1\"\nsqlmodel = \"*\"\npsycopg = { extras = [\"binary\"], version = \"^3\" }\npython-dotenv = \"*\"\n",
        ),
        (
            "Pipfile",
            "[packages]\nfastapi = \"*\"\nsqlmodel = \"*\"\npsycopg = \"*\"\npython-dotenv = \"*\"\n",
        ),
        (
            "requirements.txt",
            "fastapi[standard]\nsqlmodel\npsycopg[binary]\n",
        ),
    ] {
        let read = |path: &str| (path == format!("backend/{file}")).then(|| text.to_owned());
        let found = Dependencies::read(&read, "backend");
        assert!(found.has("fastapi"), "{text}");
        assert_eq!(found.driver(), Driver::Psycopg);
        assert_eq!(found.missing(needs(Driver::Psycopg)), [""; 0], "{text}");
        assert_eq!(
            found.missing(needs(Driver::Asyncpg)),
            ["asyncpg>=0.29", "greenlet>=3.0"]
        );
    }
}

#[test]
fn a_requirements_file_is_read_once_however_often_it_is_included() {
    let reads = std::cell::Cell::new(0);
    let read = |path: &str| {
        reads.set(reads.get() + 1);
        let number: usize = path
            .trim_matches(|c: char| !c.is_ascii_digit())
            .parse()
            .ok()?;
        // itself, and two that nobody named before
        let included = [number, 2 * number, 2 * number + 1];
        let line = |number: usize| format!("-r requirements{number}.txt\n");
        Some(format!("p{number}\n{}", included.map(line).concat()))
    };
    let first = |path: &str| match path {
        "requirements.txt" => Some("-r requirements1.txt\n-r requirements.txt\n".to_owned()),
        other => read(other),
    };
    let found = Dependencies::read(&first, "");
    assert!(found.has("p1") && found.has("p7"));
    assert!(reads.get() < 50, "{}", reads.get());
}

#[test]
fn dependencies_are_found_above_the_folder_in_included_files_and_in_locks() {
    let files: Modules<'_> = &[
        ("requirements.txt", "-r requirements/web.txt\n"),
        ("requirements/web.txt", "fastapi\n-r ./data.txt\n"),
        ("requirements/data.txt", "sqlalchemy==2.0.30\n"),
        (
            "uv.lock",
            "[[package]]\nname = \"psycopg\"\nversion = \"3.2\"\n",
        ),
    ];
    let read = |path: &str| find(files, path).map(str::to_owned);
    let found = Dependencies::nearest(&read, "services/api");
    assert_eq!(found.file.as_deref(), Some("requirements.txt"));
    assert!(found.has("fastapi") && found.has("sqlalchemy") && found.has("greenlet"));
    let needs = Needs {
        driver: Driver::Psycopg,
        sqlmodel: false,
        sqlalchemy: true,
        dotenv: false,
    };
    assert_eq!(found.missing(needs), ["psycopg[binary]>=3.1"]);
    let locked = found.with_locked(&read, "services/api");
    assert_eq!(locked.missing(needs), [""; 0]);
}
