//! Commands without a screen: the real binary, a real sandbox, a real git repository.

use std::{fs, process::Stdio};

use crate::support::{
    Home, Repo, Run, Sandbox, exchange, fed, has, post, processes, python, sample, skip, spawn,
    temp_dir, until, wait,
};

fn assert_all_done(run: &Run) {
    let expected: Vec<_> = [
        "login", "project", "env", "backend", "schema", "health", "secrets",
    ]
    .into_iter()
    .map(|step| (step.to_owned(), "done".to_owned()))
    .collect();
    assert_eq!(run.statuses(), expected, "{run:#?}");
}

/// A receipt of a finished project holds neither secrets nor identifiers.
fn assert_receipt_is_private(repo: &Repo, home: &Home, sandbox: &Sandbox, secret: &str) {
    let path = home.dir.path().join("receipt.md");
    let run = repo.neonup(
        home,
        sandbox,
        &["check", "--receipt", path.to_str().unwrap()],
    );
    assert_eq!(run.code, 0, "{run:#?}");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("| secrets | done | no live secret"), "{text}");
    let config = repo.read("neonup.toml");
    let id = config
        .lines()
        .find_map(|line| line.strip_prefix("id = "))
        .unwrap();
    for identifier in [secret, id.trim_matches('"'), "developer@sandbox.localhost"] {
        assert!(
            !text.contains(identifier),
            "{identifier} is in the receipt: {text}"
        );
    }
}

/// psql finds the tables through the written URL.
fn assert_psql_connects(home: &Home, repo: &Repo) {
    if has("psql") {
        let url = repo
            .env("DATABASE_URL")
            .replace("postgresql+psycopg://", "postgresql://");
        let output = home
            .command("psql")
            .args([&url, "-Atc", r#"select count(*) from "user", task"#])
            .output()
            .unwrap();
        assert_eq!(
            String::from_utf8_lossy(&output.stdout).trim(),
            "0",
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    } else {
        skip("there is no psql");
    }
}

#[test]
fn setup_finishes_a_fresh_clone_and_changes_nothing_the_second_time() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let repo = Repo::sample(&home);

    let dry = repo.neonup(&home, &sandbox, &["setup", "--dry-run", "--json"]);
    assert_eq!(dry.code, 1, "{dry:#?}");
    assert!(!repo.path("backend/.env").exists(), "a dry run wrote");
    assert!(
        sandbox
            .requests()
            .iter()
            .all(|request| request.starts_with("GET ")),
        "a dry run changed Neon"
    );

    let before = sandbox.requests().len();
    let run = repo.neonup(&home, &sandbox, &["setup", "--yes", "--json"]);
    assert_eq!(run.code, 0, "{run:#?}");
    let requests = sandbox.requests();
    let asked = |what: &str| {
        let new = requests[before..].iter();
        new.filter(|request| request.contains(what)).count()
    };
    assert_eq!(asked("POST "), 1, "{requests:?}");
    // the answer to the create has the connection
    assert_eq!(
        asked("/connection_uri") + asked("/branches"),
        0,
        "{requests:?}"
    );
    assert_all_done(&run);
    assert_eq!(run.json()["status"], "done");
    assert_eq!(run.json()["version"], 1);
    let secret = repo.password();
    let generated = repo.env("JWT_SECRET");
    assert_eq!(generated.len(), 64, "32 bytes in hex");
    run.holds_none_of(&[&secret, &sandbox.api_key, &generated]);
    for key in [
        "DATABASE_URL",
        "JWT_SECRET",
        "API_HOST",
        "API_PORT",
        "FRONTEND_URL",
    ] {
        assert!(!repo.env(key).is_empty(), "{key}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(repo.path("backend/.env"))
            .unwrap()
            .permissions()
            .mode()
            & 0o777;
        assert_eq!(mode, 0o600);
    }
    assert!(
        repo.path("backend/src/db/session.py").exists()
            && repo.path("backend/src/db/__init__.py").exists()
    );
    let status = repo.git(&home, &["status", "--porcelain", "--untracked-files=all"]);
    assert!(!status.contains(".env"), "git sees the env file: {status}");

    let written = repo.read("backend/.env");
    let before = sandbox.requests().len();
    let again = repo.neonup(&home, &sandbox, &["setup", "--yes", "--json"]);
    assert_eq!(again.code, 0, "{again:#?}");
    assert_all_done(&again);
    let requests = sandbox.requests();
    let new = requests.get(before..).unwrap();
    assert!(
        !new.is_empty() && new.iter().all(|request| request.starts_with("GET ")),
        "{new:?}"
    );
    assert_eq!(repo.read("backend/.env"), written);

    let check = repo.neonup(&home, &sandbox, &["check", "--json"]);
    assert_eq!(check.code, 0, "{check:#?}");
    check.holds_none_of(&[&secret, &sandbox.api_key, &generated]);

    assert_receipt_is_private(&repo, &home, &sandbox, &secret);

    let lines = repo.neonup(&home, &sandbox, &["check", "-v"]);
    assert_eq!(lines.code, 0, "{lines:#?}");
    lines.holds_none_of(&[&secret, &sandbox.api_key, &generated]);

    assert_psql_connects(&home, &repo);
    sandbox.stop();
}

#[test]
fn broken_setup_is_reported_and_repaired() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let repo = Repo::sample(&home);
    assert_eq!(repo.neonup(&home, &sandbox, &["setup", "--yes"]).code, 0);
    let config = repo.read("neonup.toml");

    fs::remove_file(repo.path("backend/.env")).unwrap();
    let check = repo.neonup(&home, &sandbox, &["check", "--json"]);
    assert_eq!(check.code, 1, "{check:#?}");
    assert!(
        check.codes().contains(&"env.missing-file".to_owned()),
        "{:?}",
        check.codes()
    );
    let repaired = repo.neonup(&home, &sandbox, &["setup", "--yes", "--json"]);
    assert_eq!(repaired.code, 0, "{repaired:#?}");
    assert_eq!(
        repo.read("neonup.toml"),
        config,
        "another project was joined"
    );
    let creates = sandbox
        .requests()
        .iter()
        .filter(|request| request.starts_with("POST ") && request.ends_with("/projects"))
        .count();
    assert_eq!(creates, 1);

    repo.git(&home, &["add", "-f", "backend/.env"]);
    let sarif = home.dir.path().join("findings.sarif");
    let check = repo.neonup(
        &home,
        &sandbox,
        &["check", "--json", "--sarif", sarif.to_str().unwrap()],
    );
    assert_eq!(check.code, 1, "{check:#?}");
    let document: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&sarif).unwrap()).unwrap();
    assert_eq!(document["version"], "2.1.0");
    assert!(document.to_string().contains("secrets.tracked"));
    assert!(
        check.codes().contains(&"secrets.tracked".to_owned()),
        "{:?}",
        check.codes()
    );
    let fixed = repo.neonup(&home, &sandbox, &["check", "--fix", "--json"]);
    assert!(
        !fixed.codes().contains(&"secrets.tracked".to_owned()),
        "{fixed:#?}"
    );
    assert!(repo.path("backend/.env").exists());

    // a password that was rotated elsewhere
    let secret = repo.password();
    let text = repo
        .read("backend/.env")
        .replace(&secret, "npg_oldPassword99");
    fs::write(repo.path("backend/.env"), text).unwrap();
    let check = repo.neonup(&home, &sandbox, &["check", "--json"]);
    assert!(
        check.codes().contains(&"env.stale-url".to_owned()),
        "{check:#?}"
    );
    check.holds_none_of(&[&secret, "npg_oldPassword99"]);
    let repaired = repo.neonup(&home, &sandbox, &["setup", "--yes", "--json"]);
    assert_eq!(repaired.code, 0, "{repaired:#?}");
    assert_eq!(repo.password(), secret);
}

#[test]
fn wrong_key_changes_nothing() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let repo = Repo::sample(&home);
    let before = repo.snapshot();
    let run = |key: &str, arguments: &[&str]| {
        let mut command = repo.command(&home, &sandbox, arguments);
        Run::of(command.env("NEON_API_KEY", key))
    };
    let wrong = run("napi_wrongcanary12345", &["setup", "--yes", "--json"]);
    assert_eq!(wrong.code, 2, "{wrong:#?}");
    assert!(wrong.codes().contains(&"login.key-rejected".to_owned()));
    wrong.holds_none_of(&["napi_wrongcanary12345"]);
    let empty = run("", &["setup", "--yes", "--json"]);
    assert_eq!(empty.code, 2, "{empty:#?}");
    assert!(
        empty.codes().contains(&"login.missing-key".to_owned()),
        "{empty:#?}"
    );
    let unprintable = run("napi_a\u{7}b\u{e9}", &["setup", "--yes", "--json"]);
    assert_eq!(unprintable.code, 2, "{unprintable:#?}");
    assert_eq!(repo.snapshot(), before);
    assert!(
        sandbox
            .requests()
            .iter()
            .all(|request| request.starts_with("GET "))
    );
}

#[test]
fn a_step_that_cannot_work_stops_setup_and_is_named() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let repo = Repo::sample(&home);
    fs::remove_file(repo.path("backend/schema.sql")).unwrap();
    let before = repo.snapshot();
    let run = repo.neonup(&home, &sandbox, &["setup", "--yes"]);
    assert_eq!(run.code, 2, "{run:#?}");
    let why = "stopped before it changed anything in the project, because schema failed";
    assert!(run.stderr.contains(why), "{run:#?}");
    assert_eq!(repo.snapshot(), before);
    let only_looks = |request: &String| request.starts_with("GET ");
    assert!(sandbox.requests().iter().all(only_looks));
    // what is offered instead works
    let next = "next: neonup setup project env backend";
    assert!(run.stdout.contains(next), "{run:#?}");
    let rest = ["setup", "project", "env", "backend", "--yes"];
    let run = repo.neonup(&home, &sandbox, &rest);
    assert_eq!(run.code, 0, "{run:#?}");
}

#[test]
fn stopped_sandbox_is_reported_as_unreachable() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let repo = Repo::sample(&home);
    assert_eq!(repo.neonup(&home, &sandbox, &["setup", "--yes"]).code, 0);
    let (host, key) = (sandbox.api_host.clone(), sandbox.api_key.clone());
    sandbox.stop();
    let check = Run::of(
        home.neonup()
            .current_dir(&repo.root)
            .env("NEON_API_HOST", host)
            .env("NEON_API_KEY", key)
            .args(["check", "--json"]),
    );
    assert_eq!(check.code, 2, "{check:#?}");
    for code in ["health.tcp", "login.unreachable"] {
        assert!(
            check.codes().contains(&code.to_owned()),
            "{:?}",
            check.codes()
        );
    }
}

#[test]
fn invalid_input_is_refused_and_changes_nothing() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);

    let repo = Repo::sample(&home);
    fs::write(repo.path("neonup.toml"), "[project]\nnmae = \"x\"\n").unwrap();
    let before = repo.snapshot();
    let run = repo.neonup(&home, &sandbox, &["setup", "--yes"]);
    assert_eq!(run.code, 64, "{run:#?}");
    assert!(
        run.stderr.contains("line 2") && run.stderr.contains("did you mean `name`"),
        "{run:#?}"
    );
    assert_eq!(repo.snapshot(), before);

    let bare = Repo::files(&sample());
    let before = bare.snapshot();
    let run = bare.neonup(&home, &sandbox, &["setup", "--yes", "--json"]);
    assert_eq!(run.code, 2, "{run:#?}");
    assert!(run.stdout.contains("git init"), "{run:#?}");
    assert_eq!(bare.snapshot(), before);

    // a file in place of the env file's folder: nobody can write there
    let blocked = Repo::sample(&home);
    fs::remove_dir_all(blocked.path("backend")).unwrap();
    fs::write(blocked.path("backend"), "not a folder").unwrap();
    let before = blocked.snapshot();
    let run = blocked.neonup(&home, &sandbox, &["setup", "--yes", "--json"]);
    assert_eq!(run.code, 2, "{run:#?}");
    assert_eq!(blocked.snapshot(), before);

    let run = repo.neonup(&home, &sandbox, &["setup", "--frobnicate"]);
    assert_eq!(run.code, 64, "{run:#?}");
    let run = repo.neonup(&home, &sandbox, &["check", "healt"]);
    assert_eq!(run.code, 64);
    assert!(run.stderr.contains("the steps are login"), "{run:#?}");
    let run = repo.neonup(&home, &sandbox, &["-C", "/nowhere", "check"]);
    assert_eq!(run.code, 64);
    assert!(run.stderr.contains("/nowhere"), "{run:#?}");
    let run = bare.neonup(
        &home,
        &sandbox,
        &["check", "--api-host", "http://example.org/api"],
    );
    assert_eq!(run.code, 64);
    assert!(run.stderr.contains("in plain text"), "{run:#?}");

    assert!(
        sandbox
            .requests()
            .iter()
            .all(|request| request.starts_with("GET ")),
        "something was created"
    );
}

#[test]
fn unanswered_questions_without_a_terminal_exit_with_2() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let repo = Repo::sample(&home);
    let before = repo.snapshot();
    let wizard = repo.neonup(&home, &sandbox, &[]);
    assert_eq!(wizard.code, 2, "{wizard:#?}");
    assert!(
        wizard.stderr.contains("needs a terminal") && wizard.stderr.contains("setup --yes"),
        "{wizard:#?}"
    );
    let setup = repo.neonup(&home, &sandbox, &["setup"]);
    assert_eq!(setup.code, 2, "{setup:#?}");
    assert!(setup.stderr.contains("--yes"), "{setup:#?}");
    let plain = repo.neonup(&home, &sandbox, &["--plain"]);
    assert_eq!(plain.code, 2, "end of input is never consent: {plain:#?}");
    assert_eq!(repo.snapshot(), before);
    let json = repo.neonup(&home, &sandbox, &["setup", "--json"]);
    assert_eq!(json.code, 2);
    assert_eq!(json.json()["version"], 1);
}

#[test]
fn plain_demo_stops_where_its_piped_answers_end() {
    let home = Home::new();
    let dir = temp_dir();
    let path = dir.path().canonicalize().unwrap();
    let run = |answers: &str| {
        home.answered(
            &["demo", "--plain", "--dir", path.to_str().unwrap()],
            answers,
        )
    };
    let env = path.join("aido-todo/backend/.env");
    // help, an invalid answer, and then the end of input, which is never consent
    let stopped = run("?\n99\n");
    assert_eq!(stopped.code, 2, "{stopped:#?}");
    assert!(!env.exists(), "a file was written without an answer");
    for text in ["No such answer", "(default)", "nothing was changed"] {
        let said = stopped.output();
        assert!(said.contains(text), "{text}: {stopped:#?}");
    }
    // Enter alone, to the end
    let done = run(&"\n".repeat(12));
    assert_eq!(done.code, 0, "{done:#?}");
    let said = done.output();
    assert!(said.contains("Step 7 of 7"), "{done:#?}");
    assert!(!said.contains('\x1b'), "a log has no escape sequences");
    let written = std::fs::read_to_string(&env).unwrap();
    let url = written
        .lines()
        .find(|line| line.starts_with("DATABASE_URL="))
        .unwrap();
    let password = url.split(':').nth(2).unwrap().split('@').next().unwrap();
    assert!(password.len() >= 8 && !said.contains(password));
}

#[test]
fn plain_mode_has_the_actions_of_the_screens() {
    let home = Home::new();
    let dir = temp_dir();
    let path = dir.path().canonicalize().unwrap();
    let answers = [
        // five questions, then the summary: a receipt, and back to the third step
        "\n".repeat(5).as_str(),
        "3\ng 3\n",
        // its details, and undo; then it is open, and is skipped with a reason
        "d\n2\ns\nlunch first\n",
        // the health step needs it: back there first, where it is open again
        "\n\n",
        // the checks did not run since: watch until Enter, then run them
        "2\n\n\n",
        "\n",
    ]
    .concat();
    let run = home.answered(
        &["demo", "--plain", "--dir", path.to_str().unwrap()],
        &answers,
    );
    assert_eq!(run.code, 0, "{run:#?}");
    for text in [
        "create table",
        "| env |",
        "ignored: ok",
        "lunch first",
        "a query takes",
        "DNS: ok",
        "Step 7 of 7",
    ] {
        assert!(run.stdout.contains(text), "{text}: {run:#?}");
    }
    assert!(path.join("aido-todo/backend/.env").exists());
}

#[test]
fn sandbox_names_a_port_in_use() {
    let home = Home::new();
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let run = home.run(&["sandbox", "--port", &port]);
    assert_eq!(run.code, 2, "{run:#?}");
    assert!(
        run.stderr.contains(&port) && run.stderr.contains("hint:"),
        "{run:#?}"
    );
}

#[test]
fn servers_of_the_sandbox_ignore_postgres_variables_of_the_user() {
    let home = Home::new();
    let sandbox = Sandbox::run(
        home.neonup()
            .args(["sandbox", "--json"])
            // Neon's guides set this for old clients; a Postgres of our own refuses it
            .env("PGOPTIONS", "endpoint=ep-misty-sea-a5833nbi")
            .env("PGHOST", "nowhere.invalid")
            .env("PGUSER", "nobody")
            .env("PGSSLMODE", "verify-full"),
    );
    let projects = format!("{}/projects", sandbox.api_host);
    let new = serde_json::json!({"project": {"branch": {"database_name": "app"}}});
    let created = post(&projects, &sandbox.api_key, &new);
    let created: serde_json::Value = serde_json::from_str(&created).unwrap();
    let id = created["project"]["id"].as_str().unwrap();
    let url = format!("{projects}/{id}/operations");
    let mut operations = String::new();
    until("all operations have ended", || {
        operations = exchange("GET", &url, &sandbox.api_key, "");
        !operations.contains("\"running\"") && !operations.contains("\"scheduling\"")
    });
    assert_eq!(
        operations.matches("\"finished\"").count(),
        2,
        "{operations}"
    );
}

#[test]
fn piped_key_is_stored_only_with_consent() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let repo = Repo::sample(&home);
    let login = |key: &str, arguments: &[&str]| {
        let mut command = repo.command(&home, &sandbox, arguments);
        fed(&mut command, key)
    };
    let nothing = login("", &["login"]);
    assert_eq!(nothing.code, 2, "{nothing:#?}");
    assert!(nothing.stderr.contains("empty"), "{nothing:#?}");
    // no keyring runs for this home: login fails, and does not store the key in plain text on its own
    let refused = login(&sandbox.api_key, &["login"]);
    assert_eq!(refused.code, 2, "{refused:#?}");
    let stored = home.dir.path().join("config/neonup/keys");
    assert!(!stored.exists());
    let stored_run = login(
        &format!("  \"{}\"\n", sandbox.api_key),
        &["login", "--store", "file"],
    );
    assert_eq!(stored_run.code, 0, "{stored_run:#?}");
    stored_run.holds_none_of(&[&sandbox.api_key]);
    assert_eq!(fs::read_dir(&stored).unwrap().count(), 1);
    let check = |arguments: &[&str]| repo.neonup_without_key(&home, &sandbox, arguments);
    let run = check(&["check", "login", "--json"]);
    assert_eq!(run.code, 0, "{run:#?}");
    assert_eq!(run.codes(), ["login.stored-in-clear"]);
    let status = check(&["status"]);
    assert_eq!(
        status.code, 1,
        "the project is still to be made: {status:#?}"
    );
    status.holds_none_of(&[&sandbox.api_key]);
    assert_eq!(check(&["logout"]).code, 0);
    assert_eq!(check(&["check", "login"]).code, 1);
}

#[test]
fn killed_setup_resumes_from_the_real_state() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let repo = Repo::sample(&home);
    // the kills are spread over the run: after so many requests, or when this file is there
    for (requests, file) in [
        (0, None),
        (1, None),
        (3, None),
        (6, None),
        (0, Some("backend/.env")),
        (0, Some("backend/src/db/session.py")),
    ] {
        if let Some(file) = file {
            fs::remove_file(repo.path(file)).ok();
        }
        let before = sandbox.requests().len();
        let mut child = spawn(
            repo.command(&home, &sandbox, &["setup", "--yes"])
                .env("NEON_API_KEY", &sandbox.api_key)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null()),
        );
        until("the moment of the kill, or the end", || {
            child.try_wait().unwrap().is_some()
                || sandbox.requests().len() - before >= requests
                    && file.is_none_or(|file| repo.path(file).exists())
        });
        child.kill().unwrap();
        wait(&mut child);
    }
    let run = repo.neonup(&home, &sandbox, &["setup", "--yes", "--json"]);
    assert_eq!(run.code, 0, "{run:#?}");
    let made = sandbox
        .requests()
        .iter()
        .filter(|request| *request == "POST /api/v2/projects" || *request == "POST /projects")
        .count();
    assert!(made >= 1, "{:?}", sandbox.requests());
    let status = repo.neonup(&home, &sandbox, &["status"]);
    assert!(status.stdout.contains("aido-todo"), "{status:#?}");
    assert!(status.stdout.contains("built from source"), "{status:#?}");
    assert!(status.stdout.contains("cargo build"), "{status:#?}");
    let pooler = "pooled URLs connect directly";
    assert!(status.stdout.contains(pooler), "{status:#?}");
    let leftovers: Vec<_> = fs::read_dir(repo.path("backend"))
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name())
        .collect();
    assert!(
        !leftovers
            .iter()
            .any(|name| name.to_string_lossy().ends_with(".tmp")),
        "{leftovers:?}"
    );
}

#[test]
fn killed_sandbox_leaves_no_server_and_restarts_from_its_folder() {
    let home = Home::new();
    let dir = temp_dir();
    let path = dir.path().canonicalize().unwrap().display().to_string();
    let mut sandbox = Sandbox::start(&home, &["--dir", &path]);
    let repo = Repo::sample(&home);
    assert_eq!(repo.neonup(&home, &sandbox, &["setup", "--yes"]).code, 0);
    let key = sandbox.api_key.clone();
    sandbox.child.kill().unwrap();
    wait(&mut sandbox.child);
    until("the servers are gone", || processes(&path).is_empty());
    let sandbox = Sandbox::start(&home, &["--dir", &path]);
    assert_eq!(sandbox.api_key, key, "the key is the folder's");
    let run = repo.neonup(&home, &sandbox, &["setup", "--yes", "--json"]);
    assert_eq!(run.code, 0, "{run:#?}");
    sandbox.stop();
    until("the servers are gone", || processes(&path).is_empty());
}

#[test]
fn application_starts_with_the_written_env_file() {
    let Some(python) = python() else {
        return skip("NEONUP_TEST_PYTHON names no Python with the sample's packages");
    };
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let repo = Repo::sample(&home);
    repo.link_venv(&python, "backend/.venv");
    let run = repo.neonup(&home, &sandbox, &["setup", "--yes", "--json"]);
    assert_eq!(run.code, 0, "{run:#?}");
    assert!(
        run.evidence("health").contains("the app is healthy"),
        "{run:#?}"
    );
    // and by hand: create_engine with the value of the file
    let script = "import os; from dotenv import load_dotenv; load_dotenv('backend/.env'); \
                  from sqlalchemy import create_engine, text; \
                  print(create_engine(os.environ['DATABASE_URL']).connect().execute(text('select 1')).scalar())";
    let output = home
        .command(&python)
        .current_dir(&repo.root)
        .args(["-c", script])
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        "1",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn demo_with_yes_needs_no_terminal_and_removes_its_folder() {
    let home = Home::new();
    let scratch = temp_dir();
    let run = Run::of(
        home.neonup()
            .args(["demo", "--yes", "--json"])
            .env("TMPDIR", scratch.path()),
    );
    assert_eq!(run.code, 0, "{run:#?}");
    assert_eq!(run.statuses().len(), 7);
    assert!(run.stderr.contains("Sample project: "), "{run:#?}");
    assert_eq!(
        fs::read_dir(scratch.path()).unwrap().count(),
        0,
        "the demo's folder stayed"
    );
    let no_screen = home.run(&["demo"]);
    assert_eq!(no_screen.code, 2, "{no_screen:#?}");
}

#[test]
fn completions_man_page_and_lists_are_printed() {
    let home = Home::new();
    let run = |arguments: &[&str]| home.run(arguments);
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(
            run(&["completions", shell]).stdout.contains("neonup"),
            "{shell}"
        );
    }
    assert!(run(&["man"]).stdout.contains(".TH neonup"));
    let list = run(&["check", "--list"]);
    assert!(list.stdout.contains("env.stale-url"));
    let help = run(&["--help"]);
    assert_eq!(help.code, 0);
    assert!(
        !help.stdout.contains("--api-key"),
        "a key must never stand in argv"
    );
}

#[test]
fn the_version_names_the_target_the_commit_and_the_postgres() {
    let first = format!("neonup {}", env!("CARGO_PKG_VERSION"));
    let home = Home::new();
    let version = |argument: &str| home.run(&[argument]).stdout;
    assert_eq!(version("-V").trim(), first);
    let full = version("--version");
    let lines: Vec<_> = full.lines().collect();
    let [name, target, commit, postgres] = lines[..] else {
        panic!("{full}");
    };
    assert_eq!(name, first);
    assert!(target.contains(std::env::consts::ARCH), "{full}");
    let commit = commit.strip_prefix("commit:   ").unwrap();
    let is_hash =
        |word: &str| word.len() == 12 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    assert!(
        commit.starts_with("not recorded") || is_hash(&commit[..12]),
        "{full}"
    );
    assert!(postgres.starts_with("postgres: "), "{full}");
}

#[test]
fn a_locale_without_utf_8_gets_ascii_alone() {
    let home = Home::new();
    let repo = Repo::files(&[("README.md", "x")]);
    repo.git(&home, &["init", "-q"]);
    for (variable, arguments) in [("C", &["check"][..]), ("C.UTF-8", &["check", "--ascii"])] {
        let mut command = home.neonup();
        command.current_dir(&repo.root).env("LC_ALL", variable);
        let run = Run::of(command.args(arguments));
        assert!(run.stdout.is_ascii() && !run.stdout.is_empty(), "{run:#?}");
    }
    let mut command = home.neonup();
    command.current_dir(&repo.root).env("LC_ALL", "C.UTF-8");
    let run = Run::of(command.arg("check"));
    assert!(run.stdout.contains('✗'), "{run:#?}");
}

#[test]
fn psql_opens_the_clones_database_and_shows_no_password() {
    if !has("psql") {
        return skip("psql isn't installed");
    }
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let repo = Repo::sample(&home);
    let none = repo.neonup(&home, &sandbox, &["psql"]);
    assert_eq!(none.code, 2, "{none:#?}");
    assert!(none.stderr.contains("neonup setup env"), "{none:#?}");
    let done = repo.neonup(
        &home,
        &sandbox,
        &["setup", "login", "project", "env", "--yes"],
    );
    assert_eq!(done.code, 0, "{done:#?}");
    let password = repo.password();
    let query = "select current_user, current_database(), current_setting('application_name')";
    let mut command = repo.command(&home, &sandbox, &["psql", "--", "-Atc", query]);
    let run = Run::of(command.env("NEONUP_CA_FILE", &sandbox.ca_file));
    assert_eq!(run.code, 0, "{run:#?}");
    assert_eq!(run.stdout.trim(), "neondb_owner|neondb|neonup psql");
    // neither psql's environment nor its arguments hold it, and its file is gone afterwards
    let shown =
        "\\! env; tr '\\0' ' ' < /proc/$PPID/cmdline; ls -l $PGPASSFILE; dirname $PGPASSFILE";
    let mut command = repo.command(&home, &sandbox, &["psql", "--", "-Atc", shown]);
    let run = Run::of(command.env("NEONUP_CA_FILE", &sandbox.ca_file));
    assert_eq!(run.code, 0, "{run:#?}");
    assert!(
        !run.stdout.contains(&password),
        "the password is in what psql sees"
    );
    assert!(run.stdout.contains("-rw-------"), "{run:#?}");
    let folder = run.stdout.lines().last().unwrap();
    assert!(folder.contains("neonup-psql-"), "{folder}");
    assert!(!std::path::Path::new(folder).exists());
    let failed = repo
        .command(&home, &sandbox, &["psql", "--", "-c", "nonsense"])
        .output();
    assert_eq!(failed.unwrap().status.code(), Some(2));
    sandbox.stop();
}
