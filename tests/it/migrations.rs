//! Real migration tools, asked in a real database: whether something is pending decides, and no table does.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::support::{Home, Repo, Run, Sandbox, python, skip, temp_dir};

const CONFIG: &str = r#"
[project]
name = "clone"
[[env]]
file = ".env"
keys.DATABASE_URL = { url = "direct", driver = "psycopg" }
[schema]
"#;

/// A Python that has the drivers and this module.
fn python_with(module: &str) -> Option<PathBuf> {
    let python = python()?;
    let found = Command::new(&python)
        .args(["-c", &format!("import {module}")])
        .output()
        .is_ok_and(|output| output.status.success());
    found.then_some(python)
}

/// A clone that a person has trusted by a variable.
struct Clone {
    home: Home,
    sandbox: Sandbox,
    repo: Repo,
}

impl Clone {
    fn new(python: &Path, schema: &str, files: &[(&str, &str)]) -> Self {
        let clone = Self::without_python(schema, files);
        clone.repo.link_venv(python, ".venv");
        clone
    }

    fn without_python(schema: &str, files: &[(&str, &str)]) -> Self {
        let home = Home::new();
        let sandbox = Sandbox::start(&home, &[]);
        let config = format!("{CONFIG}{schema}\n");
        let mut all = vec![
            ("neonup.toml".to_owned(), config),
            (
                ".gitignore".to_owned(),
                ".env\n.venv\n__pycache__\n".to_owned(),
            ),
        ];
        let owned = |(path, text): &(&str, &str)| ((*path).to_owned(), (*text).to_owned());
        all.extend(files.iter().map(owned));
        let repo = Repo::files(&all);
        repo.git(&home, &["init", "-q", "-b", "main"]);
        repo.commit(&home, "first");
        Self {
            home,
            sandbox,
            repo,
        }
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let mut command = self.repo.command(&self.home, &self.sandbox, arguments);
        command
            .env("NEON_API_KEY", &self.sandbox.api_key)
            .env("NEONUP_TRUST", "1");
        Run::of(&mut command)
    }

    fn setup(&self) -> Run {
        let steps = ["login", "project", "env", "schema"];
        let mut arguments = vec!["setup", "--yes", "--json"];
        arguments.extend(steps);
        self.run(&arguments)
    }

    fn check(&self) -> Run {
        self.run(&["check", "--json", "schema"])
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.repo.path(path), text).unwrap();
    }
}

const ENV_PY: &str = r#"
import os
from alembic import context
from sqlalchemy import Column, Integer, MetaData, Table, create_engine

metadata = MetaData()
Table("guest", metadata, Column("id", Integer, primary_key=True))
with create_engine(os.environ["DATABASE_URL"]).connect() as connection:
    context.configure(connection=connection, target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()
"#;

fn revision(id: &str, before: &str, table: &str) -> (String, String) {
    let path = format!("db/migrations/versions/{id}.py");
    let text = format!(
        "from alembic import op\nimport sqlalchemy as sa\nrevision = '{id}'\ndown_revision = {before}\n\n\ndef upgrade():\n    op.create_table('{table}', sa.Column('id', sa.Integer, primary_key=True))\n"
    );
    (path, text)
}

#[test]
fn alembic_is_asked_and_a_later_migration_is_no_done() {
    let Some(python) = python_with("alembic") else {
        return skip("there is no Python with Alembic");
    };
    let ini = "[alembic]\nscript_location = migrations\nprepend_sys_path = .\n";
    let (first, text) = revision("0001", "None", "guest");
    let clone = Clone::new(
        &python,
        "command = [\"alembic\", \"upgrade\", \"head\"]\ndir = \"db\"",
        &[
            ("db/alembic.ini", ini),
            ("db/migrations/env.py", ENV_PY),
            (&first, &text),
        ],
    );
    let run = clone.setup();
    assert_eq!(run.code, 0, "{run:#?}");
    assert!(
        run.evidence("schema")
            .starts_with("nothing is pending after 0001")
    );
    fs::remove_dir_all(clone.repo.path("db/migrations/versions/__pycache__")).ok();
    let before = clone.repo.snapshot();
    let check = clone.check();
    assert_eq!((check.code, check.codes()), (0, vec![]), "{check:#?}");
    assert_eq!(
        clone.repo.snapshot(),
        before,
        "a look leaves something behind"
    );

    let (second, text) = revision("0002", "'0001'", "booking");
    clone.write(&second, &text);
    let check = clone.check();
    assert_eq!(
        (check.code, check.codes()),
        (1, vec!["schema.migration-pending".to_owned()])
    );
    let run = clone.setup();
    assert_eq!(run.code, 0, "{run:#?}");
    // the models know nothing of it, and Alembic says so
    assert_eq!(run.codes(), ["schema.models-differ"], "{run:#?}");

    // the code of before the migration
    fs::remove_file(clone.repo.path(&second)).unwrap();
    for run in [clone.check(), clone.setup()] {
        assert_eq!(run.code, 1, "{run:#?}");
        assert_eq!(run.codes(), ["schema.migration-conflict"], "{run:#?}");
    }
    clone.write(&second, &text);
    for (id, table) in [("0003a", "a"), ("0003b", "b")] {
        let (path, text) = revision(id, "'0002'", table);
        clone.write(&path, &text);
    }
    for run in [clone.check(), clone.setup()] {
        assert_eq!(run.codes(), ["schema.migration-conflict"], "{run:#?}");
        assert!(run.stdout.contains("2 heads: 0003a, 0003b"), "{run:#?}");
    }
    clone.sandbox.stop();
}

#[test]
fn an_answer_about_another_database_is_none() {
    let Some(python) = python_with("alembic") else {
        return skip("there is no Python with Alembic");
    };
    let ini = "[alembic]\nscript_location = migrations\n";
    let folder = temp_dir();
    let other = format!("\"sqlite:///{}/x.db\"", folder.path().display());
    let env = ENV_PY.replace("os.environ[\"DATABASE_URL\"]", &other);
    let (first, text) = revision("0001", "None", "guest");
    let clone = Clone::new(
        &python,
        "command = [\"alembic\", \"upgrade\", \"head\"]",
        &[
            ("alembic.ini", ini),
            ("migrations/env.py", &env),
            (&first.replace("db/", ""), &text),
        ],
    );
    for run in [clone.setup(), clone.check()] {
        assert_eq!(run.code, 1, "{run:#?}");
        assert!(
            run.codes().contains(&"schema.not-determined".to_owned()),
            "{run:#?}"
        );
        assert!(run.stdout.contains("different database"), "{run:#?}");
    }
    clone.sandbox.stop();
}

const SETTINGS: &str = r#"
import os, urllib.parse
SECRET_KEY = "x"
USE_TZ = True
INSTALLED_APPS = ["django.contrib.contenttypes", "booking"]
at = urllib.parse.urlsplit(os.environ["DATABASE_URL"])
DATABASES = {"default": {
    "ENGINE": "django.db.backends.postgresql", "NAME": at.path[1:], "USER": at.username,
    "PASSWORD": urllib.parse.unquote(at.password), "HOST": at.hostname, "PORT": at.port,
    "OPTIONS": {"sslmode": "require"}}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
"#;

const MANAGE: &str = "import os, sys\nfrom django.core.management import execute_from_command_line\nos.environ['DJANGO_SETTINGS_MODULE'] = 'settings'\nexecute_from_command_line(sys.argv)\n";

const MODELS: &str =
    "from django.db import models\n\n\nclass Guest(models.Model):\n    name = models.TextField()\n";

const INITIAL: &str = r#"
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [migrations.CreateModel(name="Guest", fields=[
        ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
        ("name", models.TextField())])]
"#;

#[test]
fn django_is_asked_and_runs_no_migration_for_it() {
    let Some(python) = python_with("django") else {
        return skip("there is no Python with Django");
    };
    let clone = Clone::new(
        &python,
        "command = [\"python\", \"manage.py\", \"migrate\", \"--noinput\"]",
        &[
            ("manage.py", MANAGE),
            ("settings.py", SETTINGS),
            ("booking/__init__.py", ""),
            ("booking/models.py", MODELS),
            ("booking/migrations/__init__.py", ""),
            ("booking/migrations/0001_initial.py", INITIAL),
        ],
    );
    let run = clone.setup();
    assert_eq!(
        (run.code, run.codes()),
        (0, vec!["project.recorded".to_owned()]),
        "{run:#?}"
    );
    let second = INITIAL
        .replace("initial = True", "")
        .replace(
            "dependencies = []",
            "dependencies = [(\"booking\", \"0001_initial\")]",
        )
        .replace("\"Guest\"", "\"Room\"");
    clone.write("booking/migrations/0002_room.py", &second);
    for _ in 0..2 {
        let check = clone.check();
        assert_eq!(check.codes(), ["schema.migration-pending"], "{check:#?}");
        assert!(
            check
                .stdout
                .contains("1 migration is pending: booking.0002_room"),
            "{check:#?}"
        );
    }
    let room = MODELS.to_owned() + "\n\nclass Room(models.Model):\n    name = models.TextField()\n";
    clone.write("booking/models.py", &room);
    let run = clone.setup();
    assert_eq!((run.code, run.codes()), (0, vec![]), "{run:#?}");
    clone.write(
        "booking/models.py",
        &format!("{room}    floor = models.TextField(default=\"\")\n"),
    );
    let check = clone.check();
    assert_eq!(
        (check.code, check.codes()),
        (0, vec!["schema.models-differ".to_owned()])
    );
    // an error has the exit code of a pending migration
    clone.write("settings.py", "raise SystemExit(1)\n");
    let check = clone.check();
    assert_eq!(
        (check.code, check.codes()),
        (1, vec!["schema.not-determined".to_owned()])
    );
    clone.sandbox.stop();
}

#[test]
fn flask_migrate_is_asked() {
    let Some(python) = python_with("flask_migrate") else {
        return skip("there is no Python with Flask-Migrate");
    };
    let app = "import os\nfrom flask import Flask\nfrom flask_migrate import Migrate\nfrom flask_sqlalchemy import SQLAlchemy\n\napp = Flask(__name__)\napp.config['SQLALCHEMY_DATABASE_URI'] = os.environ['DATABASE_URL']\ndb = SQLAlchemy(app)\nMigrate(app, db)\nprint('hello')\n\n\nclass Guest(db.Model):\n    id = db.Column(db.Integer, primary_key=True)\n";
    let (first, text) = revision("0001", "None", "guest");
    let clone = Clone::new(
        &python,
        "command = [\"python\", \"-m\", \"flask\", \"db\", \"upgrade\"]",
        &[("app.py", app), (&first.replace("db/", ""), &text)],
    );
    let template = Command::new(&python)
        .args(["-c", "import flask_migrate, os; print(os.path.join(os.path.dirname(flask_migrate.__file__), 'templates', 'flask'))"])
        .output()
        .unwrap();
    let template = PathBuf::from(String::from_utf8(template.stdout).unwrap().trim());
    fs::copy(
        template.join("env.py"),
        clone.repo.path("migrations/env.py"),
    )
    .unwrap();
    fs::copy(
        template.join("alembic.ini.mako"),
        clone.repo.path("migrations/alembic.ini"),
    )
    .unwrap();
    let run = clone.setup();
    assert_eq!(run.code, 0, "{run:#?}");
    assert!(
        run.evidence("schema")
            .starts_with("nothing is pending after 0001, according to Flask-Migrate"),
        "{run:#?}"
    );
    let (second, text) = revision("0002", "'0001'", "booking");
    clone.write(&second.replace("db/", ""), &text);
    assert_eq!(clone.check().codes(), ["schema.migration-pending"]);
    assert_eq!(clone.setup().code, 0);
    clone.sandbox.stop();
}

/// What a run has found, without that it has written the project's id into the new `neonup.toml`.
fn found(run: &Run) -> Vec<String> {
    let mut codes = run.codes();
    codes.retain(|code| code != "project.recorded");
    codes
}

#[test]
fn a_file_that_is_added_later_is_run_without_those_before_it() {
    let clone = Clone::without_python(
        "files = [\"a.sql\", \"rows.sql\"]",
        &[
            ("a.sql", "create table a (id int primary key);\n"),
            ("rows.sql", "insert into a values (1);\n"),
        ],
    );
    let run = clone.setup();
    assert_eq!((run.code, found(&run)), (0, vec![]), "{run:#?}");
    let files = |names: &str| {
        let config = format!("{CONFIG}files = [{names}]\n");
        clone.write("neonup.toml", &config);
    };
    clone.write("b.sql", "create table b (id int primary key);\n");
    files("\"a.sql\", \"b.sql\"");
    assert_eq!(clone.check().codes(), ["schema.missing-table"]);
    let run = clone.setup();
    assert_eq!((run.code, found(&run)), (0, vec![]), "{run:#?}");
    // what only puts rows in shows nothing of itself: it is not taken for something that has run
    clone.write("c.sql", "create table c (id int primary key);\n");
    files("\"rows.sql\", \"c.sql\"");
    let run = clone.setup();
    assert_eq!(found(&run), ["schema.sql-error"], "{run:#?}");
    // the place of a mistake is told, whatever stands before it
    clone.write("d.sql", "create table d (\n  id nosuchtype\n);\n");
    files("\"a.sql\", \"b.sql\", \"d.sql\"");
    let run = clone.setup();
    assert!(run.stdout.contains("`d.sql` line 2, column 6"), "{run:#?}");
    clone.sandbox.stop();
}
