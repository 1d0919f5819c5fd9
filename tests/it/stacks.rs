//! `neonup init` and `neonup setup --yes` on a small project whose tables come from its own command, against the sandbox.

use crate::support::{Home, Repo, Sandbox, python, skip};

/// Stands in for Django: makes a table with the URL of the env file.
const MANAGE: &str = "\
import os, sys
import psycopg
assert sys.argv[1:] == ['migrate'], sys.argv
with psycopg.connect(os.environ['DATABASE_URL']) as connection:
    connection.execute('create table django_migrations (id int primary key)')
";

#[test]
fn setup_runs_migrations_that_never_ran() {
    let Some(python) = python() else {
        return skip("there is no Python with the drivers");
    };
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let repo = Repo::files(&[
        ("requirements.txt", "Django>=5\npsycopg[binary]\n"),
        ("manage.py", MANAGE),
        (".env.example", "DEBUG=1\nDATABASE_URL=\n"),
        (".gitignore", ".env\n.venv\n"),
    ]);
    repo.git(&home, &["init", "-q", "-b", "main"]);
    repo.link_venv(&python, ".venv");
    let init = repo.neonup(&home, &sandbox, &["init", "--yes"]);
    assert_eq!(init.code, 0, "{init:#?}");
    let steps = ["login", "project", "env", "schema"];
    let mut arguments = vec!["setup", "--yes", "--json"];
    arguments.extend(&steps[..3]);
    let setup = repo.neonup(&home, &sandbox, &arguments);
    assert_eq!(setup.code, 0, "{setup:#?}");

    let before = repo.neonup(&home, &sandbox, &["check", "--json", "schema"]);
    assert_eq!(before.codes(), ["schema.missing-table"], "{before:#?}");
    let run = repo.neonup(&home, &sandbox, &["setup", "--yes", "--json", "schema"]);
    assert_eq!(run.code, 0, "{run:#?}");
    assert!(
        run.evidence("schema").starts_with("1 table is there"),
        "{run:#?}"
    );
    // the command is not run again: this one would fail
    let again = repo.neonup(&home, &sandbox, &["setup", "--yes", "--json", "schema"]);
    assert_eq!(again.code, 0, "{again:#?}");
    sandbox.stop();
}
