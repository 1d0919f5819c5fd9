//! What is recognized in small repositories.

use super::*;
use crate::{
    domain::url::Driver,
    project::{sample, settings::KeySpec},
};

fn in_folder(files: &[(&str, &str)], focus: &str) -> Detected {
    let names: Vec<_> = files.iter().map(|(name, _)| (*name).to_owned()).collect();
    let read = |path: &str| {
        files
            .iter()
            .find(|(name, _)| *name == path)
            .map(|(_, text)| (*text).to_owned())
    };
    super::detect(&Tree::new(&names, &read), focus)
}

fn detect(files: &[(&str, &str)]) -> Detected {
    in_folder(files, "")
}

#[test]
fn the_sample_is_detected_as_its_own_configuration() {
    let found = detect(sample::FILES);
    assert_eq!(found.stack, "FastAPI with SQLModel");
    let text = sample::FILES
        .iter()
        .find(|(name, _)| *name == "neonup.toml")
        .unwrap()
        .1;
    let written = Config::parse(text).unwrap();
    assert_eq!(found.config.env, written.env);
    assert_eq!(found.config.backend, written.backend);
    assert_eq!(
        found.config.schema.unwrap().files,
        written.schema.unwrap().files
    );
}

#[test]
fn the_key_that_the_code_opens_is_wanted_though_its_example_is_a_file() {
    for default in ["sqlite:///app.db", "sqlite:////path/to/app.db"] {
        let settings = format!(
            "from pydantic_settings import BaseSettings\nclass Settings(BaseSettings):\n    DATABASE_URI: str = \"{default}\"\nsettings = Settings()\n"
        );
        let example = format!("DATABASE_URI={default}\n");
        let found = detect(&[
            ("requirements.txt", "fastapi\nsqlmodel\npydantic-settings"),
            (".env.example", &example),
            ("api/__init__.py", ""),
            ("api/config.py", &settings),
            (
                "api/main.py",
                "from fastapi import FastAPI\nfrom sqlmodel import create_engine\nfrom api.config import settings\nengine = create_engine(settings.DATABASE_URI)\napp = FastAPI()\n",
            ),
        ]);
        let env = &found.config.env;
        let keys: Vec<_> = env[0].keys.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["DATABASE_URI"], "{default}");
    }
}

#[test]
fn every_stack_is_recognized_with_its_driver_and_folder() {
    let package = |name: &str| format!("{{\"dependencies\":{{\"{name}\":\"1\"}}}}");
    let (prisma, drizzle, pg) = (
        package("@prisma/client"),
        package("drizzle-orm"),
        package("pg"),
    );
    for (files, stack, driver, file) in [
        (
            vec![("requirements.txt", "Django>=5\npsycopg[binary]")],
            "Django",
            Driver::Django,
            ".env",
        ),
        (
            vec![("api/requirements.txt", "flask\npsycopg2-binary")],
            "Flask",
            Driver::Psycopg2,
            "api/.env",
        ),
        (
            vec![(
                "pyproject.toml",
                "[project]\ndependencies = [\"fastapi\", \"sqlalchemy[asyncio]\", \"asyncpg\"]\n",
            )],
            "FastAPI with SQLAlchemy",
            Driver::Asyncpg,
            ".env",
        ),
        (
            vec![("package.json", prisma.as_str())],
            "Node with Prisma",
            Driver::Prisma,
            ".env",
        ),
        (
            vec![("server/package.json", drizzle.as_str())],
            "Node with Drizzle",
            Driver::Drizzle,
            "server/.env",
        ),
        (
            vec![("package.json", pg.as_str())],
            "Node with node-postgres",
            Driver::NodePostgres,
            ".env",
        ),
        (vec![], "no known stack", Driver::Libpq, ".env"),
    ] {
        let found = detect(&files);
        assert_eq!(found.stack, stack);
        assert_eq!(found.config.env[0].file, file, "{stack}");
        let KeySpec::Url {
            driver: written, ..
        } = found.config.env[0].keys[0].1
        else {
            panic!("{stack}")
        };
        assert_eq!(written, driver, "{stack}");
    }
}

#[test]
fn migrations_run_where_their_tool_is() {
    let manage = "import os\nos.environ['DJANGO_SETTINGS_MODULE'] = 'a'\n";
    let prisma = "{\"dependencies\":{\"prisma\":\"6\"}}";
    for (files, command, dir) in [
        (
            vec![
                ("web/package.json", prisma),
                ("web/prisma/schema.prisma", ""),
                ("web/prisma/migrations/1_a/migration.sql", ""),
            ],
            "npx --no-install prisma migrate deploy",
            Some("web"),
        ),
        (
            vec![("package.json", prisma), ("prisma/schema.prisma", "")],
            "npx --no-install prisma db push",
            None,
        ),
        (
            vec![("api/requirements.txt", "flask"), ("api/alembic.ini", "")],
            "python -m alembic upgrade head",
            None,
        ),
        (
            vec![("api/requirements.txt", "flask"), ("alembic.ini", "")],
            "python -m alembic upgrade head",
            Some(""),
        ),
        (
            // its settings lead to the application
            vec![("db/alembic.ini", "[alembic]\nprepend_sys_path = .\n")],
            "alembic upgrade head",
            Some("db"),
        ),
        (
            vec![
                ("requirements.txt", "Flask-Migrate\nflask"),
                ("migrations/env.py", ""),
                ("migrations/alembic.ini", ""),
            ],
            "python -m flask db upgrade",
            None,
        ),
        (
            vec![("api/manage.py", manage)],
            "python manage.py migrate",
            None,
        ),
        (
            vec![("requirements.txt", "django")],
            "python manage.py migrate",
            None,
        ),
        (
            vec![("requirements.txt", "django"), ("src/manage.py", manage)],
            "python manage.py migrate",
            None,
        ),
        (
            vec![
                (
                    "web/package.json",
                    "{\"dependencies\":{\"pg\":\"8\"},\"scripts\":{\"db:migrate\":\"node x.js\"}}",
                ),
                ("web/pnpm-lock.yaml", ""),
            ],
            "pnpm run db:migrate",
            Some("web"),
        ),
        // a script of the project's own, whatever it is called, and one of a project without a database
        (
            vec![("requirements.txt", "flask"), ("manage.py", "import sys\n")],
            "",
            None,
        ),
        (
            vec![
                ("requirements.txt", "django"),
                ("manage.py", "import sys\n"),
            ],
            "",
            None,
        ),
        (
            vec![(
                "package.json",
                "{\"dependencies\":{\"react\":\"8\"},\"scripts\":{\"migrate\":\"node x.js\"}}",
            )],
            "",
            None,
        ),
    ] {
        let schema = detect(&files).config.schema.unwrap_or_default();
        assert_eq!(schema.command.join(" "), command, "{files:?}");
        assert_eq!(schema.dir.as_deref(), dir, "{files:?}");
    }
}

#[test]
fn connections_in_parts_are_detected_from_the_example() {
    let node = ("package.json", "{\"dependencies\":{\"pg\":\"8\"}}");
    let kinds = |example: &str, manifest: (&str, &str)| {
        let files = [manifest, (".env.example", example)];
        let keys = detect(&files).config.env.swap_remove(0).keys;
        keys.iter()
            .map(|(key, spec)| match spec {
                KeySpec::Part { part, .. } => format!("{key}={}", part.name()),
                KeySpec::Url { .. } => format!("{key}=url"),
                KeySpec::Literal(_) => format!("{key}=text"),
                KeySpec::ByHand => format!("{key}=by hand"),
                KeySpec::Generate { .. } | KeySpec::SameAs(_) => panic!("{key}"),
            })
            .collect::<Vec<_>>()
            .join(" ")
    };
    let split = "DB_HOST=localhost\nDB_PORT=5432\nDB_USER=\nDB_PASS=\nDB_NAME=app\nPORT=3000\n";
    assert_eq!(
        kinds(split, node),
        "DB_HOST=host DB_PORT=port DB_USER=user DB_PASS=password DB_NAME=database PORT=text"
    );
    // our session module needs a URL even beside the parts
    let fastapi = kinds(split, ("requirements.txt", "fastapi\nsqlmodel"));
    assert!(
        fastapi.starts_with("DATABASE_URL=url DB_HOST=host"),
        "{fastapi}"
    );
    // a name alone or another kind of server isn't a connection to Postgres
    assert_eq!(
        kinds("DB_NAME=app\n", node),
        "DATABASE_URL=url DB_NAME=text"
    );
    assert_eq!(
        kinds("DB_HOST=localhost\nDB_PORT=3306\nDB_PASSWORD=\n", node),
        "DATABASE_URL=url DB_HOST=text DB_PORT=text DB_PASSWORD=by hand"
    );
}

fn specs(found: &Detected, file: &str) -> Vec<(String, KeySpec)> {
    let target = found.config.env.iter().find(|target| target.file == file);
    target.map(|target| target.keys.clone()).unwrap_or_default()
}

#[test]
fn the_application_that_imports_a_package_of_its_database_is_started() {
    let found = detect(&[
        ("pnpm-workspace.yaml", ""),
        ("pnpm-lock.yaml", ""),
        ("package.json", "{\"scripts\":{\"dev\":\"turbo run dev\"}}"),
        (
            "packages/db/package.json",
            "{\"name\":\"@a/db\",\"dependencies\":{\"drizzle-orm\":\"1\",\"pg\":\"8\"},\"scripts\":{\"dev\":\"tsc --watch\"}}",
        ),
        (
            "packages/db/index.ts",
            "import { Pool } from 'pg'; export const pool = new Pool({ connectionString: process.env.SHOP_DB });",
        ),
        (
            "packages/api/package.json",
            "{\"name\":\"@a/api\",\"dependencies\":{\"@a/db\":\"workspace:*\"}}",
        ),
        (
            "apps/phone/package.json",
            "{\"name\":\"phone\",\"dependencies\":{\"@a/api\":\"*\",\"expo\":\"1\"},\"scripts\":{\"dev\":\"expo start\"}}",
        ),
        (
            "apps/docs/package.json",
            "{\"name\":\"docs\",\"dependencies\":{\"next\":\"1\"},\"scripts\":{\"dev\":\"next dev\"}}",
        ),
        (
            "apps/shop/package.json",
            "{\"name\":\"shop\",\"dependencies\":{\"@a/api\":\"*\",\"next\":\"1\"},\"scripts\":{\"dev\":\"next dev --port 3002\"}}",
        ),
    ]);
    let backend = found.config.backend.clone().unwrap();
    assert_eq!(backend.dir, "apps/shop");
    assert_eq!(backend.start.join(" "), "pnpm run dev");
    let keys = specs(&found, "apps/shop/.env.local");
    assert!(
        keys.iter()
            .any(|(key, spec)| key == "SHOP_DB" && matches!(spec, KeySpec::Url { .. }))
    );
}

#[test]
fn the_example_of_our_database_wins_over_that_of_another() {
    let found = detect(&[
        ("package.json", "{\"dependencies\":{\"pg\":\"8\"}}"),
        (
            "env-example-document",
            "DATABASE_TYPE=mongodb\nDATABASE_HOST=m\nDATABASE_PORT=27017\nDATABASE_PASSWORD=x\n",
        ),
        (
            "env-example-relational",
            "DATABASE_TYPE=postgres\nDATABASE_HOST=p\nDATABASE_PASSWORD=x\nDATABASE_SSL_ENABLED=false\nMAIL_REQUIRE_TLS=false\nUSE_SSL=false\n",
        ),
        (
            "src/index.ts",
            "import dotenv from 'dotenv'; dotenv.config({ path: '.env' });",
        ),
    ]);
    let target = &found.config.env[0];
    assert_eq!(target.file, ".env");
    assert_eq!(target.example.as_deref(), Some("env-example-relational"));
    // Neon takes no connection without TLS
    assert!(target.keys.contains(&(
        "DATABASE_SSL_ENABLED".to_owned(),
        KeySpec::Literal("true".to_owned())
    )));
    // a mail server of this machine has none, and what the third one is about nobody says
    assert!(target.keys.contains(&(
        "MAIL_REQUIRE_TLS".to_owned(),
        KeySpec::Literal("false".to_owned())
    )));
    assert!(!target.keys.iter().any(|(key, _)| key == "USE_SSL"));
}

#[test]
fn a_dialect_and_an_address_of_something_else_are_no_connection() {
    let found = detect(&[
        (
            "package.json",
            "{\"dependencies\":{\"pg\":\"8\",\"sequelize\":\"6\"}}",
        ),
        (
            "index.js",
            "const { Sequelize } = require('sequelize'); new Sequelize(process.env.DATABASE_URL, { dialect: process.env.SQL_DIALECT }); fetch(process.env.GEO_DATABASE_URL);",
        ),
    ]);
    let keys = specs(&found, ".env");
    let names: Vec<_> = keys.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(names, ["DATABASE_URL"]);
}

#[test]
fn an_application_of_another_server_is_told_so_by_its_manifest() {
    for (manifest, text, server) in [
        (
            "package.json",
            "{\n\"dependencies\":{\n\"mysql\":\"2\"}}",
            Some("MySQL"),
        ),
        ("Gemfile", "gem 'rails'\ngem 'sqlite3'\n", Some("SQLite")),
        (
            "package.json",
            "{\"dependencies\":{\"mysql\":\"2\",\"pg\":\"8\"}}",
            None,
        ),
        ("Gemfile", "gem 'rails'\n# gem 'sqlite3'\n", None),
        ("requirements.txt", "flask\nPyMySQL==1.1\n", Some("MySQL")),
        (
            "requirements.txt",
            "fastapi\nsqlmodel\npyodbc\n",
            Some("SQL Server"),
        ),
        (
            "requirements.txt",
            "flask\npymysql\npsycopg[binary]\n",
            None,
        ),
    ] {
        let found = detect(&[(manifest, text)]);
        assert_eq!(found.other_server.map(|(name, _)| name), server, "{text}");
    }
}

#[test]
fn what_is_proposed_says_where_it_was_seen() {
    let files = [
        ("api/requirements.txt", "fastapi\nsqlalchemy\npsycopg\n"),
        (
            "api/.env.example",
            "# the database\nDATABASE_URL=\nJWT_SECRET=\n",
        ),
        ("api/app/__init__.py", ""),
        (
            "api/app/main.py",
            "import os\nfrom fastapi import FastAPI\nfrom sqlalchemy import create_engine\n\nengine = create_engine(os.environ[\"DATABASE_URL\"])\napp = FastAPI()\n\n@app.get(\"/healthz\")\ndef health():\n    return {}\n",
        ),
        ("api/alembic.ini", ""),
    ];
    let seen: Vec<_> = detect(&files)
        .evidence
        .into_iter()
        .map(|Evidence { what, seen, .. }| match seen {
            None => format!("{what}: -"),
            Some(Spot { file, line }) => format!("{what}: {file}:{line}"),
        })
        .collect();
    assert_eq!(
        seen,
        [
            "FastAPI with SQLAlchemy: api/requirements.txt:0",
            "api/.env: api/.env.example:0",
            "DATABASE_URL: api/app/main.py:5",
            "JWT_SECRET: api/.env.example:3",
            "schema: api/alembic.ini:0",
            "start: api/app/main.py:6",
            "health: api/app/main.py:8",
        ]
    );
}

#[test]
fn an_application_is_found_where_a_person_stands() {
    let flask = ("services/billing/requirements.txt", "flask\npsycopg2\n");
    let fastapi = ("services/api/requirements.txt", "fastapi\nsqlmodel\n");
    let files = [fastapi, flask];
    for (focus, dir, others) in [
        ("", "services/api", 1),
        ("services", "services/api", 1),
        ("services/billing", "services/billing", 0),
        ("services/billing/tests", "services/billing", 0),
        // what lies elsewhere says nothing of this folder, but of the repository
        ("docs", "services/api", 1),
    ] {
        let found = in_folder(&files, focus);
        assert_eq!(
            (found.dir.as_str(), found.others.len()),
            (dir, others),
            "{focus}"
        );
    }
}

#[test]
fn another_database_is_no_postgres() {
    let schema = "datasource db {\n  provider = \"mysql\"\n  url = env(\"DATABASE_URL\")\n}\n";
    let files = [
        (
            "package.json",
            "{\"dependencies\":{\"@prisma/client\":\"6\"}}",
        ),
        ("prisma/schema.prisma", schema),
    ];
    let found = detect(&files);
    let (server, at) = found.other_server.unwrap();
    assert_eq!(
        (server, at.file.as_str(), at.line),
        ("MySQL", "prisma/schema.prisma", 3)
    );
    assert!(found.config.env.is_empty());
}

#[test]
fn alembic_has_its_settings_in_the_projects_own_too() {
    let manifest =
        "[project]\ndependencies = [\"flask\"]\n[tool.alembic]\nscript_location = \"migrations\"\n";
    let found = detect(&[("api/pyproject.toml", manifest)]);
    let schema = found.config.schema.unwrap();
    assert_eq!(schema.command.join(" "), "python -m alembic upgrade head");
}

#[test]
fn the_form_of_a_jdbc_url_comes_from_the_example() {
    let example = "SPRING_DATASOURCE_URL=jdbc:postgresql://localhost:5432/x\nSPRING_DATASOURCE_USERNAME=x\n\
        SPRING_DATASOURCE_PASSWORD=x\n";
    let found = detect(&[("pom.xml", "<project/>"), (".env.example", example)]);
    let KeySpec::Url { driver, .. } = found.config.env[0].keys[0].1 else {
        panic!("{:?}", found.config.env)
    };
    assert_eq!(driver, Driver::Jdbc);
}

#[test]
fn keys_come_from_the_example() {
    let example = "POSTGRES_URL=postgres://x\nAUTH_SECRET=\nSTRIPE_API_KEY=sk_test_\nPORT=9000\nNAME=your-name\n";
    let files = [
        ("requirements.txt", "fastapi\nsqlmodel"),
        (".env.example", example),
    ];
    let found = detect(&files);
    let keys: Vec<_> = found.config.env[0]
        .keys
        .iter()
        .map(|(key, _)| key.as_str())
        .collect();
    assert_eq!(
        keys,
        ["POSTGRES_URL", "AUTH_SECRET", "STRIPE_API_KEY", "PORT"]
    );
}

#[test]
fn what_tests_use_never_gets_the_database_of_the_application() {
    let code = "import os\nimport psycopg2\n\npsycopg2.connect(host=os.environ[\"DB_HOST\"], password=os.environ[\"DB_PASSWORD\"], dbname=os.environ[\"TEST_DB_NAME\"])\n";
    let files = [("requirements.txt", "psycopg2\n"), ("app.py", code)];
    let found = detect(&files);
    let keys: Vec<_> = found.config.env[0]
        .keys
        .iter()
        .map(|(key, _)| key.as_str())
        .collect();
    assert_eq!(keys, ["DB_HOST", "DB_PASSWORD"]);
}
