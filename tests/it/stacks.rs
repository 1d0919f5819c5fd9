//! `neonup init` and `neonup setup --yes` on a small project whose tables come from its own command, against the sandbox.

use crate::support::{Home, Repo, Sandbox, python, skip};

/// Stands in for Django: makes its table with the URL of the env file, once, and answers the question for it.
const MANAGE: &str = "\
import os, sys
import psycopg
os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')
with psycopg.connect(os.environ['DATABASE_URL']) as connection:
    if sys.argv[1:] == ['migrate', '--check', '--plan']:
        there = connection.execute(\"select to_regclass('public.django_migrations')\").fetchone()[0]
        print('Planned operations:')
        print('  No planned migration operations.' if there else 'shop.0001_initial')
        sys.exit(0 if there else 1)
    if sys.argv[1] == 'makemigrations':
        print(\"Migrations for 'shop':\")
        sys.exit(1)
    assert sys.argv[1:] == ['migrate'], sys.argv
    connection.execute('create table django_migrations (id int primary key, app text, name text, applied timestamptz)')
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
    assert_eq!(before.codes(), ["schema.migration-pending"], "{before:#?}");
    let run = repo.neonup(&home, &sandbox, &["setup", "--yes", "--json", "schema"]);
    assert_eq!(run.code, 0, "{run:#?}");
    assert!(
        run.evidence("schema").starts_with("nothing is pending"),
        "{run:#?}"
    );
    assert_eq!(run.codes(), ["schema.models-differ"], "{run:#?}");
    // the command is not run again: this one would fail
    let again = repo.neonup(&home, &sandbox, &["setup", "--yes", "--json", "schema"]);
    assert_eq!(again.code, 0, "{again:#?}");
    sandbox.stop();
}

/// Nothing shows that the application reads the file: neither the first set-up nor what it leaves behind makes that up.
#[test]
fn a_stack_that_nobody_knows_is_never_done_by_a_guess() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let repo = Repo::files(&[("main.rs", "fn main() {}\n"), (".gitignore", ".env\n")]);
    repo.git(&home, &["init", "-q", "-b", "main"]);
    repo.commit(&home, "begin");
    for (command, codes) in [
        (
            &["setup", "--yes", "--json"][..],
            &["project.recorded", "env.not-read", "secrets.changed"][..],
        ),
        (&["setup", "--yes", "--json"], &["env.not-read"]),
        (&["check", "--json"], &["env.not-read"]),
    ] {
        let run = repo.neonup(&home, &sandbox, command);
        assert_eq!(run.code, 1, "{run:#?}");
        assert_eq!(run.codes(), codes, "{run:#?}");
    }
    let config = repo.read("neonup.toml");
    let skip = "\n[skip]\n\"env.not-read\" = \"the shell exports it\"\n";
    std::fs::write(repo.path("neonup.toml"), config + skip).unwrap();
    let run = repo.neonup(&home, &sandbox, &["check"]);
    assert_eq!(run.code, 0, "{run:#?}");
    assert!(run.stdout.contains("1 skipped without proof"), "{run:#?}");
    sandbox.stop();
}
