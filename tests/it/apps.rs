//! Several applications of one repository, which share its project: `[[app]]` in neonup.toml.

use crate::support::{Home, Repo, Run, Sandbox, env_values};

const FILES: &[(&str, &str)] = &[
    (
        "neonup.toml",
        "[project]\nname = \"shop\"\n\
         [[app]]\ndir = \"services/api\"\n\
         [app.schema]\nfiles = [\"services/api/schema.sql\"]\ntables.book = [\"id\"]\n\
         [[app]]\ndir = \"services/web\"\n\
         [[app.env]]\nfile = \"services/web/.env.local\"\n\
         keys.POSTGRES_URL = { url = \"pooled\", driver = \"node-postgres\" }\n\
         [skip]\nhealth = \"nothing is installed here\"\n",
    ),
    ("services/api/requirements.txt", "flask\npsycopg2-binary\n"),
    (
        "services/api/app.py",
        "import os\nimport psycopg2\nfrom flask import Flask\napp = Flask(__name__)\n\
         db = psycopg2.connect(os.environ['DATABASE_URL'])\n",
    ),
    (
        "services/api/schema.sql",
        "create table book (id int primary key);\n",
    ),
    (
        "services/web/package.json",
        "{\"dependencies\": {\"pg\": \"8\"}}",
    ),
    (
        "services/web/index.js",
        "const { Pool } = require('pg');\n\
         new Pool({ connectionString: process.env.POSTGRES_URL });\n",
    ),
];

#[test]
fn setup_and_check_go_through_all_apps_and_a_folder_chooses_one() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let repo = Repo::files(FILES);
    repo.git(&home, &["init", "-q", "-b", "main"]);
    repo.commit(&home, "first");
    // one app is checked alone, and says nothing of the other one
    let api = repo.path("services/api");
    let mut command = repo.command(&home, &sandbox, &["check", "env", "--json"]);
    let one = Run::of(command.current_dir(&api));
    assert_eq!(one.code, 1, "{one:#?}");
    assert!(
        one.json()["steps"].is_array() && !one.stdout.contains("POSTGRES_URL"),
        "{one:#?}"
    );

    let all = repo.neonup(&home, &sandbox, &["setup", "--yes", "--json"]);
    assert_eq!(all.code, 0, "{all:#?}");
    let document = all.json();
    assert_eq!(document["status"], "done");
    let apps: Vec<_> = document["apps"].as_array().unwrap().iter().collect();
    let names: Vec<_> = apps
        .iter()
        .map(|app| app["app"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["services/api", "services/web"]);
    // both are in the one project, each with the key and file of its own
    let url = |file: &str, key: &str| env_values(&repo.path(file))[key].clone();
    let direct = url("services/api/.env", "DATABASE_URL");
    let pooled = url("services/web/.env.local", "POSTGRES_URL");
    let password = |url: &str| url.split(['@', ':']).nth(2).unwrap().to_owned();
    assert_eq!(password(&direct), password(&pooled));
    assert_eq!(repo.read("neonup.toml").matches("id = ").count(), 1);

    let checked = repo.neonup(&home, &sandbox, &["check"]);
    assert_eq!(checked.code, 0, "{checked:#?}");
    let heads: Vec<_> = checked
        .stdout
        .lines()
        .filter(|line| line.ends_with(':'))
        .collect();
    assert_eq!(heads, ["services/api:", "services/web:"], "{checked:#?}");

    // a new password reaches the env files of both, wherever it is asked for
    let folder = api.to_str().unwrap();
    let rotated = repo.neonup(&home, &sandbox, &["-C", folder, "rotate", "--yes"]);
    assert_eq!(rotated.code, 0, "{rotated:#?}");
    let (direct, pooled) = (
        url("services/api/.env", "DATABASE_URL"),
        url("services/web/.env.local", "POSTGRES_URL"),
    );
    assert_eq!(password(&direct), password(&pooled));
    assert_eq!(repo.neonup(&home, &sandbox, &["check"]).code, 0);

    // a gap of one is the gap of all, and is told of the right one
    std::fs::remove_file(repo.path("services/web/.env.local")).unwrap();
    let broken = repo.neonup(&home, &sandbox, &["check", "env", "--json"]);
    assert_eq!(broken.code, 1, "{broken:#?}");
    let document = broken.json();
    assert_eq!(document["status"], "todo");
    assert_eq!(document["apps"][0]["status"], "done");
    assert_eq!(document["apps"][1]["status"], "todo");
    sandbox.stop();
}

#[test]
fn what_is_asked_of_one_app_names_those_that_there_are() {
    let home = Home::new();
    let repo = Repo::files(FILES);
    let root = repo.root.to_str().unwrap();
    for arguments in [
        &["-C", root, "--plain"][..],
        &["-C", root, "setup", "--plain"],
        &["-C", root, "check", "--receipt", "receipt.md"],
    ] {
        let run = home.run(arguments);
        assert_eq!(run.code, 64, "{run:#?}");
        assert!(
            run.stderr.contains("services/api, services/web"),
            "{run:#?}"
        );
        assert!(run.stderr.contains("neonup -C services/api"), "{run:#?}");
    }
}
