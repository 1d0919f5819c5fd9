//! Where an application connects, and with what.

use super::*;

const HEAD: &str = "import os\nfrom dotenv import load_dotenv\nfrom sqlalchemy import create_engine\nfrom sqlalchemy.ext.asyncio import create_async_engine\nload_dotenv()\nURL = os.environ[\"DATABASE_URL\"]\n";

fn with_database(database: &str, driver: Driver) -> Judgement {
    let main = "from fastapi import FastAPI\nfrom app.database import engine\napp = FastAPI()\n";
    judge_as(
        &[
            ("app/__init__.py", ""),
            ("app/main.py", main),
            ("app/database.py", database),
        ],
        "uvicorn app.main:app",
        driver,
    )
}

#[test]
fn arguments_that_the_driver_does_not_know_are_found_wherever_they_stand() {
    let sync = "engine = create_engine(URL, pool_pre_ping=True, connect_args=";
    for (code, driver, line) in [
        (format!("{sync}{{\"timeout\": 10}})\n"), Driver::Psycopg, 7),
        (format!("ARGS = {{\n    \"application_name\": \"x\",\n    \"timeout\": 10,\n}}\n{sync}ARGS)\n"), Driver::Psycopg, 9),
        (format!("ARGS = dict(timeout=10)\n{sync}ARGS)\n"), Driver::Psycopg, 7),
        (format!("BASE = {{\"timeout\": 10}}\n{sync}{{**BASE, \"connect_timeout\": 1}})\n"), Driver::Psycopg, 7),
        (format!("ARGS = {{}}\nARGS[\"timeout\"] = 3\n{sync}ARGS)\n"), Driver::Psycopg, 8),
        (format!("ARGS = {{}}\nARGS.update(timeout=3)\n{sync}ARGS)\n"), Driver::Psycopg, 8),
        (format!("{sync}{{\"connect_timeout\": 1}} | {{\"timeout\": 1}})\n"), Driver::Psycopg2, 7),
        ("OPTIONS = {\"pool_pre_ping\": True, \"connect_args\": {\"timeout\": 1}}\nengine = create_engine(URL, **OPTIONS)\n".to_owned(), Driver::Psycopg, 7),
        ("def make(url, **options):\n    return create_engine(url, pool_pre_ping=True, **options)\nengine = make(URL, connect_args={\"timeout\": 1})\n".to_owned(), Driver::Psycopg, 9),
        ("class Db:\n    def __init__(self, url, options={}):\n        self.engine = create_engine(url, **options)\nengine = Db(URL, {\"pool_pre_ping\": True, \"connect_args\": {\"timeout\": 1}})\n".to_owned(), Driver::Psycopg, 10),
        ("from app import settings\nengine = create_engine(URL, pool_pre_ping=True, connect_args={\"conect_timeout\": 1})\n".to_owned(), Driver::Psycopg, 8),
        ("engine = create_async_engine(URL, pool_pre_ping=True, connect_args={\"sslmode\": \"require\"})\n".to_owned(), Driver::Asyncpg, 7),
        ("engine = create_async_engine(URL, pool_pre_ping=True, connect_args={\"channel_binding\": \"require\"})\n".to_owned(), Driver::Asyncpg, 7),
        ("engine = create_async_engine(URL + \"?sslmode=require\", pool_pre_ping=True)\n".to_owned(), Driver::Asyncpg, 7),
        ("engine = create_async_engine(URL.replace(\"postgresql://\", \"postgresql+asyncpg://\"), pool_pre_ping=True, connect_args={\"connect_timeout\": 1})\n".to_owned(), Driver::Psycopg, 7),
    ] {
        let judgement = with_database(&format!("{HEAD}{code}"), driver);
        let found: Vec<_> = judgement.connections.issues.iter().filter(|issue| issue.breaks).collect();
        assert_eq!(found.len(), 1, "{code}: {:?}", judgement.connections.issues);
        assert_eq!((found[0].spot.file.as_str(), found[0].spot.line), ("app/database.py", line), "{code}");
        assert!(judgement.connections.unsure.is_empty(), "{code}: {:?}", judgement.connections.unsure);
    }
}

#[test]
fn arguments_that_are_right_or_for_another_database_are_no_fault() {
    for (code, driver) in [
        (
            "from sqlalchemy.ext.asyncio import AsyncEngine\nengine = AsyncEngine(create_engine(URL, pool_pre_ping=True))\n",
            Driver::Asyncpg,
        ),
        (
            "engine = create_engine(URL, pool_pre_ping=True, connect_args={\"connect_timeout\": 1, \"sslmode\": \"require\", \"channel_binding\": \"require\"})\n",
            Driver::Psycopg,
        ),
        (
            "ARGS = {\"check_same_thread\": False} if URL.startswith(\"sqlite\") else {}\nengine = create_engine(URL, pool_pre_ping=True, connect_args=ARGS)\n",
            Driver::Psycopg,
        ),
        (
            "if URL.startswith(\"sqlite\"):\n    engine = create_engine(URL, connect_args={\"check_same_thread\": False})\nelse:\n    engine = create_engine(URL, pool_pre_ping=True)\n",
            Driver::Psycopg,
        ),
        (
            "engine = create_async_engine(URL, pool_pre_ping=True, connect_args={\"timeout\": 5, \"server_settings\": {\"application_name\": \"x\"}, \"statement_cache_size\": 0})\n",
            Driver::Asyncpg,
        ),
        (
            "from sqlalchemy.pool import NullPool\nengine = create_engine(URL, poolclass=NullPool)\n",
            Driver::Psycopg,
        ),
        (
            "engine = create_async_engine(URL, pool_pre_ping=True)\nsync = create_engine(os.environ[\"OTHER_URL\"], pool_pre_ping=True)\n",
            Driver::Asyncpg,
        ),
    ] {
        let judgement = with_database(&format!("{HEAD}{code}"), driver);
        assert_eq!(judgement.connections.issues, [], "{code}");
        assert!(
            judgement.connections.unsure.is_empty() && judgement.session.is_some(),
            "{code}"
        );
    }
}

#[test]
fn what_only_running_it_shows_is_said_to_be_unknown() {
    let code = format!(
        "{HEAD}import tuning\nengine = create_engine(URL, pool_pre_ping=True, connect_args=tuning.arguments())\n"
    );
    let judgement = with_database(&code, Driver::Psycopg);
    assert_eq!(judgement.connections.unsure.len(), 1);
}

#[test]
fn engines_that_never_reach_the_database_are_found() {
    for (code, driver, words) in [
        (
            "engine = create_engine(\"sqlite:///./x.db\")\n",
            Driver::Psycopg,
            "opens SQLite",
        ),
        (
            "engine = create_engine(\"postgresql://me:pw@localhost/x\", pool_pre_ping=True)\n",
            Driver::Psycopg,
            "hard-coded in the source",
        ),
        (
            "engine = create_engine(URL, pool_pre_ping=True)\n",
            Driver::Asyncpg,
            "doesn't work with",
        ),
        (
            "engine = create_async_engine(URL, pool_pre_ping=True)\n",
            Driver::Psycopg2,
            "doesn't work with",
        ),
        (
            "engine = create_engine(URL, pool_pre_ping=True)\nX = \"postgresql://u:hunter2@h.example.org/d\"\n",
            Driver::Psycopg,
            "the source contains a connection URL",
        ),
    ] {
        let judgement = with_database(&format!("{HEAD}{code}"), driver);
        let found = breaking(&judgement);
        assert_eq!(found.len(), 1, "{code}: {found:?}");
        assert!(found[0].contains(words), "{code}: {found:?}");
        assert!(!format!("{judgement:?}").contains("hunter2"));
    }
    let fallback =
        format!("{HEAD}engine = create_engine(os.getenv(\"DATABASE_URL\", \"sqlite:///x.db\"))\n");
    let judgement = with_database(&fallback, Driver::Psycopg);
    assert_eq!(breaking(&judgement), [""; 0]);
    assert!(
        judgement
            .connections
            .issues
            .iter()
            .any(|issue| issue.title.contains("falls back to SQLite"))
    );
}

#[test]
fn the_env_file_has_to_be_loaded_before_the_variable_is_read() {
    let engine = "import os\nfrom sqlmodel import create_engine\nengine = create_engine(os.environ[\"DATABASE_URL\"], pool_pre_ping=True)\n";
    let lazy = "import os\nfrom functools import lru_cache\nfrom sqlmodel import create_engine\n@lru_cache\ndef get_engine():\n    return create_engine(os.environ[\"DATABASE_URL\"], pool_pre_ping=True)\n";
    let settings = |config: &str| {
        format!(
            "from pydantic_settings import BaseSettings, SettingsConfigDict\nfrom sqlmodel import create_engine\nclass Settings(BaseSettings):\n    {config}\n    database_url: str\nsettings = Settings()\nengine = create_engine(str(settings.database_url), pool_pre_ping=True)\n"
        )
    };
    let early = "from dotenv import load_dotenv\nload_dotenv()\nfrom app.database import *\nfrom fastapi import FastAPI\napp = FastAPI()\n";
    let late = "from app.shelves import *\nfrom fastapi import FastAPI\nfrom dotenv import load_dotenv\nload_dotenv()\napp = FastAPI()\n";
    let never = "from app.shelves import *\nfrom fastapi import FastAPI\napp = FastAPI()\n";
    let (with_file, without, inner) = (
        settings("model_config = SettingsConfigDict(env_file=\".env\")"),
        settings("debug: bool = False"),
        settings("class Config:\n        env_file = \".env\""),
    );
    for (main, database, command, wrong) in [
        (early, engine, "uvicorn app.main:app", false),
        (late, engine, "uvicorn app.main:app", true),
        (never, engine, "uvicorn app.main:app", true),
        (never, engine, "uvicorn app.main:app --env-file .env", false),
        (late, lazy, "uvicorn app.main:app", false),
        (never, lazy, "uvicorn app.main:app", true),
        (never, with_file.as_str(), "uvicorn app.main:app", false),
        (never, inner.as_str(), "uvicorn app.main:app", false),
        (never, without.as_str(), "uvicorn app.main:app", true),
        (late, without.as_str(), "uvicorn app.main:app", true),
    ] {
        let modules = [
            ("app/__init__.py", ""),
            ("app/main.py", main),
            ("app/shelves.py", "from app import database\n"),
            ("app/database.py", database),
        ];
        let judgement = judge_as(&modules, command, Driver::Psycopg);
        let found = breaking(&judgement);
        assert_eq!(
            !found.is_empty(),
            wrong,
            "{main}{database}{command}: {found:?}"
        );
        if wrong {
            assert!(found[0].contains("before .env is loaded"), "{found:?}");
        }
    }
}

#[test]
fn engines_of_every_make_are_found() {
    for code in [
        "from functools import lru_cache\n@lru_cache\ndef get_engine():\n    return create_engine(URL)\n",
        "from sqlalchemy import create_engine as make\nengine = make(URL)\n",
        "import sqlalchemy as sa\nengine = sa.create_engine(URL)\n",
        "import asyncpg\nasync def connect():\n    return await asyncpg.connect(URL)\n",
        "from psycopg_pool import AsyncConnectionPool\npool = AsyncConnectionPool(URL)\n",
        "import psycopg\ndef connect():\n    return psycopg.connect(URL)\n",
        "from databases import Database\ndatabase = Database(URL)\n",
        "from tortoise.contrib.fastapi import register_tortoise\ndef setup(app):\n    register_tortoise(app, db_url=URL)\n",
    ] {
        let judgement = with_database(&format!("{HEAD}{code}"), Driver::Psycopg);
        assert!(judgement.session.is_some(), "{code}");
    }
    let comment = "# engine = create_engine(URL)\nTEXT = \"create_engine(URL)\"\n";
    assert!(with_database(comment, Driver::Psycopg).session.is_none());
}

#[test]
fn a_new_session_module_finds_the_env_file_in_any_layout_and_is_judged_good() {
    for (dir, env, expression) in [
        (
            "backend",
            "backend/.env",
            "Path(__file__).resolve().parents[2] / \".env\"",
        ),
        (
            "backend",
            ".env",
            "Path(__file__).resolve().parents[3] / \".env\"",
        ),
        ("", ".env", "Path(__file__).resolve().parents[2] / \".env\""),
        (
            "backend",
            "config/.env.local",
            "Path(__file__).resolve().parents[3] / \"config\" / \".env.local\"",
        ),
    ] {
        let app = app::PythonApp::new(dir, "src.main", "app");
        let files = session_files(&app, Driver::Psycopg, "DATABASE_URL", env, true);
        assert!(files[0].1.contains(expression), "{}", files[0].1);
        assert!(!files[0].1.contains('@'), "{}", files[0].1);
    }
    for driver in [
        Driver::Psycopg,
        Driver::Asyncpg,
        Driver::Pg8000,
        Driver::Psycopg2,
    ] {
        for sqlmodel in [true, false] {
            let app = app::PythonApp::new("", "app.main", "app");
            let files = session_files(&app, driver, "DATABASE_URL", ".env", sqlmodel);
            let judgement = with_database(&files[0].1, driver);
            assert_eq!(judgement.connections.issues, [], "{driver}");
            assert!(
                judgement.session.is_some() && judgement.connections.unsure.is_empty(),
                "{driver}"
            );
        }
    }
}
