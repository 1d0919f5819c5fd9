//! A repository without a `neonup.toml`: the wizard proposes one, and works with what is decided.

use crate::support::{Home, Repo, Sandbox};

const APP: &[(&str, &str)] = &[
    ("services/api/requirements.txt", "flask\npsycopg2-binary\n"),
    (
        "services/api/app.py",
        "import os\nimport psycopg2\nfrom flask import Flask\napp = Flask(__name__)\n\
         db = psycopg2.connect(os.environ['DATABASE_URL'])\n\
         @app.route('/health')\ndef health():\n    return 'ok'\n",
    ),
    (
        "services/web/package.json",
        "{\"dependencies\": {\"pg\": \"8\", \"express\": \"5\"}, \"scripts\": {\"start\": \"node index.js\"}}",
    ),
    (
        "services/web/index.js",
        "const { Pool } = require('pg');\n\
         new Pool({ connectionString: process.env.POSTGRES_URL });\n",
    ),
];

fn repository(home: &Home) -> Repo {
    let repo = Repo::files(APP);
    repo.git(home, &["init", "-q", "-b", "main"]);
    repo.commit(home, "first");
    repo
}

#[test]
fn the_first_screen_writes_what_it_shows_and_the_steps_work_with_it() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let repo = repository(&home);
    let mut terminal = home.open_with(
        &["-C", repo.root.to_str().unwrap()],
        &[
            ("NEON_API_HOST", &sandbox.api_host),
            ("NEON_API_KEY", &sandbox.api_key),
        ],
    );
    terminal.wait_for("Write this file");
    terminal.wait_for("Flask in services/api/");
    // the other application, and what shows its key
    terminal.press("\x1b[B\x1b[B\r");
    terminal.wait_for("Node with node-postgres in services/web/");
    terminal.wait_for("POSTGRES_URL");
    terminal.wait_for("index.js:2");
    // the name is the row below; it is edited
    terminal.press("\x1b[B\x1b[B\x1b[Be");
    terminal.wait_for("Project name");
    terminal.press("\x15books\r");
    terminal.wait_for("your change");
    assert!(!repo.path("neonup.toml").exists());
    assert!(!repo.path("services/web/neonup.toml").exists());
    terminal.press("\x1b[A\x1b[A\x1b[A\x1b[A");
    terminal.wait_for("❯ Write this file");
    terminal.press("\r");
    terminal.wait_for("Login");
    terminal.until("the project that is wanted", |terminal| {
        terminal.text().contains("Create “books”")
    });
    terminal.press("q");
    terminal.wait_for_end();
    let written = repo.read("services/web/neonup.toml");
    assert!(written.contains("name = \"books\""), "{written}");
    assert!(written.contains("keys.POSTGRES_URL"), "{written}");
    drop(terminal);
    // the next time there is nothing to propose
    let again = repo.neonup(
        &home,
        &sandbox,
        &["setup", "login", "project", "env", "--yes", "--json"],
    );
    assert_eq!(again.code, 0, "{again:#?}");
    assert!(repo.path("services/web/.env").exists());
    sandbox.stop();
}

#[test]
fn the_lines_write_what_they_read_out() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let repo = repository(&home);
    let folder = repo.path("services/api");
    let mut command = repo.command(&home, &sandbox, &["--plain"]);
    command.current_dir(&folder);
    // edit the name, which can't be empty text in quotes; take the pooled way; write; leave
    let run = crate::support::fed(&mut command, "3\n\"\"\n3\nmy shelf\nn 6\n1\nq\n");
    assert!(
        run.stdout.contains("There is no neonup.toml yet."),
        "{run:#?}"
    );
    assert!(run.stdout.contains("app.py:5"), "{run:#?}");
    assert!(
        run.stdout.contains("Not accepted: `name` is empty"),
        "{run:#?}"
    );
    let written = repo.read("services/api/neonup.toml");
    assert!(written.contains("name = \"my shelf\""), "{written}");
    let url = "keys.DATABASE_URL = { url = \"pooled\"";
    assert!(written.contains(url), "{written}");
    // a reply that ends there changes nothing
    std::fs::remove_file(repo.path("services/api/neonup.toml")).unwrap();
    let mut command = repo.command(&home, &sandbox, &["--plain"]);
    command.current_dir(&folder);
    let before = repo.snapshot();
    let run = crate::support::fed(&mut command, "");
    assert_eq!(run.code, 2, "{run:#?}");
    assert_eq!(repo.snapshot(), before);
    sandbox.stop();
}

#[test]
fn a_branch_of_ones_own_is_chosen_on_the_screen_and_used() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let repo = Repo::sample(&home);
    let done = repo.neonup(&home, &sandbox, &["setup", "login", "project", "--yes"]);
    assert_eq!(done.code, 0, "{done:#?}");
    let before = repo.read("neonup.toml");
    let mut terminal = home.open_with(
        &["-C", repo.root.to_str().unwrap()],
        &[
            ("NEON_API_HOST", &sandbox.api_host),
            ("NEON_API_KEY", &sandbox.api_key),
            ("NEONUP_USER", "Ada Lovelace"),
        ],
    );
    terminal.wait_for("Env");
    terminal.press("2");
    terminal.wait_for("Use another branch or database");
    terminal.press("c");
    terminal.wait_for("The settings in neonup.toml");
    terminal.wait_for("❯ Branch");
    terminal.press("\r");
    terminal.wait_for("Enter accepts it");
    terminal.press("\x15dev/{user}\r");
    terminal.wait_for("your change");
    assert_eq!(repo.read("neonup.toml"), before);
    terminal.press("\x1b[A\x1b[A\x1b[A\x1b[A\x1b[A\x1b[A");
    terminal.wait_for("❯ Save this file");
    terminal.press("\r");
    // the branch doesn't exist, which the step says, and creates when it is asked to
    terminal.wait_for("branch dev/ada-lovelace doesn't exist");
    let after = repo.read("neonup.toml");
    let added: Vec<_> = after
        .lines()
        .filter(|line| !before.contains(line))
        .collect();
    assert_eq!(added, ["branch = \"dev/{user}\""]);
    terminal.wait_for("❯ Create it");
    terminal.press("\r");
    terminal.wait_for("dev/ada-lovelace · Postgres");
    terminal.press("q");
    terminal.wait_for_end();
}

#[test]
fn the_lines_change_a_setting_and_take_it_out_again() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let repo = Repo::sample(&home);
    let before = repo.read("neonup.toml");
    let wizard = |replies: &str| {
        let mut command = repo.command(&home, &sandbox, &["--plain"]);
        command.env("NEON_API_KEY", &sandbox.api_key);
        crate::support::fed(&mut command, replies)
    };
    // the third answer of the project step leads to the settings; the region is the fifth value there
    let run = wizard("3\n7\naws-eu-central-1\n1\nq\n");
    assert!(run.stdout.contains("Region is (not set)"), "{run:#?}");
    assert!(run.stdout.contains("Saved: neonup.toml"), "{run:#?}");
    assert!(
        run.stdout.contains("aws-eu-central-1, Postgres"),
        "{run:#?}"
    );
    let after = repo.read("neonup.toml");
    assert!(after.contains("region = \"aws-eu-central-1\""), "{after}");
    let run = wizard("3\n7\n-\n1\nq\n");
    assert_eq!(repo.read("neonup.toml"), before, "{run:#?}");
    sandbox.stop();
}
