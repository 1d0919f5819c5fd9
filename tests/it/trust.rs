//! What a clone would have us run is run only after somebody has agreed to it, as it is now.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Command};

use crate::support::{Home, Repo, Run, Sandbox, fed, free_port, temp_dir, until};

/// A clone whose migration and start command leave a note of what they were given, in `spies`.
fn clone(home: &Home, spies: &Path) -> Repo {
    let port = free_port();
    let config = format!(
        r#"
[project]
name = "clone"
[[env]]
file = ".env"
keys.DATABASE_URL = {{ url = "direct" }}
keys.API_PORT = "{port}"
[schema]
command = ["sh", "migrate.sh"]
[backend]
dir = ""
start = ["sh", "-c", "exec sh ./start.sh"]
health = "http://127.0.0.1:{port}/health"
"#
    );
    let spy = |name: &str| format!("env > '{}/{name}'\n", spies.display());
    let repo = Repo::files(&[
        ("neonup.toml".to_owned(), config),
        (".gitignore".to_owned(), ".env\n".to_owned()),
        ("migrate.sh".to_owned(), spy("migrate")),
        ("start.sh".to_owned(), spy("start")),
    ]);
    repo.git(home, &["init", "-q", "-b", "main"]);
    repo.commit(home, "first");
    repo
}

/// `neonup` in a clone that nobody has trusted by a variable.
fn untrusted(repo: &Repo, home: &Home, sandbox: &Sandbox, arguments: &[&str]) -> Run {
    let mut command = repo.command(home, sandbox, arguments);
    command
        .env_remove("NEONUP_TRUST")
        .env("NEON_API_KEY", &sandbox.api_key);
    Run::of(&mut command)
}

fn notes(spies: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(spies)
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn has(run: &Run, code: &str) -> bool {
    run.codes().iter().any(|known| known == code)
}

#[test]
fn nothing_of_a_clone_runs_before_somebody_agreed_to_it_as_it_is() {
    let (home, spies) = (Home::new(), temp_dir());
    let sandbox = Sandbox::start(&home, &[]);
    let repo = clone(&home, spies.path());
    let run = |arguments: &[&str]| untrusted(&repo, &home, &sandbox, arguments);
    for arguments in [
        &["check", "--json"][..],
        &["check", "--fix", "--json"],
        &["setup", "--dry-run", "--json"],
        &["setup", "--yes", "--json"],
        &["check", "--fix", "--json"],
        &["setup", "--yes", "schema", "health", "--json"],
    ] {
        let run = run(arguments);
        assert_eq!(notes(spies.path()), [""; 0], "{arguments:?}: {run:#?}");
        assert!(run.code == 1 || run.code == 2, "{arguments:?}: {run:#?}");
    }
    let open = run(&["check", "--json"]);
    assert!(has(&open, "schema.command-untrusted") && has(&open, "health.app-untrusted"));
    assert!(
        open.stdout.contains("sh -c 'exec sh ./start.sh'"),
        "{open:#?}"
    );
    assert!(open.stdout.contains("neonup trust"), "{open:#?}");

    // nobody can be asked: the flag is named, and nothing is trusted
    let asked = run(&["trust"]);
    assert_eq!(asked.code, 2, "{asked:#?}");
    assert!(asked.stderr.contains("neonup trust --yes"), "{asked:#?}");
    assert!(asked.stdout.contains("sh migrate.sh") && asked.stdout.contains("refers to start.sh"));
    let state = run(&["trust", "--json"]);
    assert_eq!((state.code, &state.json()["status"]), (1, &"todo".into()));
    assert_eq!(run(&["trust", "--yes"]).code, 0);
    assert_eq!(run(&["trust", "--json"]).json()["status"], "done");
    assert_eq!(run(&["trust"]).code, 0);
    let folder = home.dir.path().join("state/neonup/trust");
    let record = fs::read_dir(&folder)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&record), mode(&folder)), (0o600, 0o700));

    // a check starts nothing, whoever is trusted
    for arguments in [&["check", "--json"][..], &["check", "--fix", "--json"]] {
        run(arguments);
        assert_eq!(notes(spies.path()), [""; 0], "{arguments:?}");
    }
    run(&["setup", "--yes", "--json"]);
    run(&["setup", "--yes", "health", "--json"]);
    assert_eq!(notes(spies.path()), ["migrate", "start"]);

    // another content is another question
    for name in ["migrate", "start"] {
        fs::remove_file(spies.path().join(name)).unwrap();
    }
    fs::write(repo.path("start.sh"), "touch elsewhere\n").unwrap();
    run(&["setup", "--yes", "schema", "--json"]);
    let changed = run(&["setup", "--yes", "health", "--json"]);
    assert_eq!(notes(spies.path()), ["migrate"]);
    assert!(
        changed.stdout.contains("`start.sh` changed"),
        "{changed:#?}"
    );
    assert!(!repo.path("elsewhere").exists());
    let state = run(&["trust", "--json"]).json();
    assert_eq!(state["commands"][0]["trusted"], true);
    assert_eq!(state["commands"][1]["changes"][0], "`start.sh` changed");

    assert_eq!(run(&["trust", "--revoke"]).code, 0);
    assert!(!record.exists());
    fs::remove_file(spies.path().join("migrate")).unwrap();
    run(&["setup", "--yes", "--json"]);
    run(&["setup", "--yes", "health", "--json"]);
    assert_eq!(notes(spies.path()), [""; 0]);

    // a flag agrees to the content as it is, and goes on
    run(&["setup", "--yes", "health", "--trust", "--json"]);
    assert!(repo.path("elsewhere").exists());
    assert_eq!(
        run(&["trust", "--json"]).json()["commands"][1]["trusted"],
        true
    );
}

#[test]
fn the_clones_commands_get_neither_the_key_nor_what_is_ours() {
    let (home, spies) = (Home::new(), temp_dir());
    let sandbox = Sandbox::start(&home, &[]);
    let repo = clone(&home, spies.path());
    for arguments in [&["setup", "--yes"][..], &["setup", "--yes", "health"]] {
        let mut command = repo.command(&home, &sandbox, arguments);
        command
            .env("NEON_API_KEY", &sandbox.api_key)
            .env("NEONUP_TRUST", "1")
            .env("ANOTHER_NAME", &sandbox.api_key)
            .env("GITHUB_TOKEN", "ghp_canary0123456789")
            .env("SSH_AUTH_SOCK", "/run/canary-agent")
            .env("JAVA_HOME", "/opt/java");
        Run::of(&mut command);
    }
    assert_eq!(notes(spies.path()), ["migrate", "start"]);
    for name in ["migrate", "start"] {
        let given = fs::read_to_string(spies.path().join(name)).unwrap();
        for secret in [
            &sandbox.api_key,
            "ghp_canary0123456789",
            "/run/canary-agent",
            "NEONUP_",
            "NEON_API_",
        ] {
            assert!(!given.contains(secret), "{name} was given {secret}");
        }
        for line in ["JAVA_HOME=/opt/java", "HOME=", "PATH="] {
            assert!(given.contains(line), "{name} lacks {line}");
        }
        // the migration is handed the env file; the app reads it by itself
        assert_eq!(given.contains("DATABASE_URL="), name == "migrate");
    }
}

/// A question is a command of the clone: a check asks it where somebody has agreed to it, and nowhere else.
#[test]
fn a_question_is_asked_only_where_it_was_agreed_to_as_it_is() {
    let (home, spies) = (Home::new(), temp_dir());
    let sandbox = Sandbox::start(&home, &[]);
    let repo = clone(&home, spies.path());
    let config = fs::read_to_string(repo.path("neonup.toml")).unwrap();
    let asks = "command = [\"sh\", \"migrate.sh\"]\npending = [\"sh\", \"pending.sh\"]";
    let config = config.replace("command = [\"sh\", \"migrate.sh\"]", asks);
    fs::write(repo.path("neonup.toml"), config).unwrap();
    let question = format!("env > '{}/question'\n", spies.path().display());
    fs::write(repo.path("pending.sh"), format!("{question}exit 1\n")).unwrap();
    let run = |arguments: &[&str]| untrusted(&repo, &home, &sandbox, arguments);
    run(&["setup", "--yes", "login", "project", "env", "--json"]);
    let looks = [
        &["check", "schema", "--json"][..],
        &["check", "schema", "--fix", "--json"],
        &["setup", "--dry-run", "schema", "--json"],
    ];
    for arguments in looks {
        let run = run(arguments);
        assert!(has(&run, "schema.command-untrusted"), "{run:#?}");
        assert_eq!(notes(spies.path()), [""; 0], "{arguments:?}");
    }
    let shown = run(&["trust"]);
    assert!(
        shown.stdout.contains("checks run sh pending.sh")
            && shown.stdout.contains("refers to pending.sh"),
        "{shown:#?}"
    );
    assert_eq!(run(&["trust", "--yes"]).code, 0);
    for arguments in looks {
        let run = run(arguments);
        assert!(has(&run, "schema.migration-pending"), "{run:#?}");
        // the question, and never the migration
        assert_eq!(notes(spies.path()), ["question"], "{arguments:?}");
        let given = spies.path().join("question");
        let text = fs::read_to_string(&given).unwrap();
        assert!(text.contains("DATABASE_URL=") && !text.contains(&sandbox.api_key));
        assert!(
            !text.contains("NEONUP_") && !text.contains("NEON_API_"),
            "{text}"
        );
        fs::remove_file(given).unwrap();
    }
    fs::write(repo.path("pending.sh"), format!("{question}exit 0\n")).unwrap();
    let changed = run(&["check", "schema", "--json"]);
    assert!(has(&changed, "schema.command-untrusted"), "{changed:#?}");
    assert!(
        changed.stdout.contains("`pending.sh` changed"),
        "{changed:#?}"
    );
    assert_eq!(notes(spies.path()), [""; 0]);
    sandbox.stop();
}

/// Whoever looks at a clone must not run the `git` that it brings.
#[test]
fn programs_of_our_own_are_not_looked_for_in_the_clone() {
    let (home, spies) = (Home::new(), temp_dir());
    let repo = Repo::sample(&home);
    let spy = format!(
        "#!/bin/sh\ntouch '{}/git'\nexit 1\n",
        spies.path().display()
    );
    fs::create_dir_all(repo.path("bin")).unwrap();
    for name in ["git", "bin/git", "bin/tmux", "bin/postgres"] {
        fs::write(repo.path(name), &spy).unwrap();
        fs::set_permissions(repo.path(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let link = spies.path().join("link");
    std::os::unix::fs::symlink(repo.path("bin"), &link).unwrap();
    let usual = std::env::var("PATH").unwrap_or_default();
    let root = repo.root.display();
    for path in [
        format!(".:{usual}"),
        format!(":{usual}"),
        format!("bin:./bin:{usual}"),
        format!("{root}/bin:{usual}"),
        format!("{root}/backend/../bin:{usual}"),
        format!("{}:{usual}", link.display()),
    ] {
        for arguments in [&["check", "secrets"][..], &["check", "secrets", "--fix"]] {
            let mut command: Command = home.neonup();
            command
                .current_dir(&repo.root)
                .env("PATH", &path)
                .env("NEON_API_HOST", "http://127.0.0.1:9/api/v2")
                .args(arguments);
            let run = Run::of(&mut command);
            assert!(!spies.path().join("git").exists(), "{path}: {run:#?}");
        }
    }
}

#[test]
fn the_lines_and_the_screen_show_the_command_and_take_no_bare_enter_for_consent() {
    let (home, spies) = (Home::new(), temp_dir());
    let sandbox = Sandbox::start(&home, &[]);
    let repo = clone(&home, spies.path());
    let start = ["setup", "--yes", "login", "project", "env"];
    assert_eq!(untrusted(&repo, &home, &sandbox, &start).code, 0);
    let mut lines = repo.command(&home, &sandbox, &["setup", "schema", "--plain"]);
    lines
        .env_remove("NEONUP_TRUST")
        .env("NEON_API_KEY", &sandbox.api_key);
    let asked = fed(&mut lines, "\n");
    assert!(asked.stdout.contains("`sh migrate.sh`"), "{asked:#?}");
    assert!(asked.stdout.contains("Trust this command and continue"));
    assert_eq!((asked.code, notes(spies.path())), (2, Vec::new()));
    let agreed = fed(&mut lines, "\n1\n");
    assert_eq!(notes(spies.path()), ["migrate"], "{agreed:#?}");

    untrusted(&repo, &home, &sandbox, &["trust", "--revoke"]);
    fs::remove_file(spies.path().join("migrate")).unwrap();
    let variables = [
        ("NEONUP_TRUST", ""),
        ("NEON_API_HOST", &sandbox.api_host),
        ("NEON_API_KEY", &sandbox.api_key),
    ];
    let mut terminal = home.open_with(&["-C", repo.root.to_str().unwrap()], &variables);
    terminal.until("the question is asked", |terminal| {
        terminal.heading().starts_with("Schema") && terminal.text().contains("Trust this command")
    });
    assert!(terminal.text().contains("sh migrate.sh"));
    terminal.press("\r");
    terminal.wait_for("select one first");
    assert_eq!(notes(spies.path()), [""; 0]);
    terminal.press("\x1b[B");
    terminal.wait_for("❯ Trust this command");
    terminal.press("\r");
    until("the command has run", || notes(spies.path()) == ["migrate"]);
    // it made no table, so that the step is open again
    terminal.until("the step has ended", |terminal| {
        terminal.heading().contains("todo")
    });
    terminal.press("q");
    terminal.wait_for_end();
    terminal.wait_for_restore();
}

#[test]
fn what_was_typed_before_the_question_is_no_consent() {
    let (home, spies) = (Home::new(), temp_dir());
    let sandbox = Sandbox::start(&home, &[]);
    let repo = clone(&home, spies.path());
    let folder = repo.root.to_str().unwrap();
    let variables = [("NEONUP_TRUST", ""), ("NEON_API_HOST", &sandbox.api_host)];
    let mut terminal = home.open_with(&["-C", folder, "trust"], &variables);
    // it has only just been started
    terminal.press("y\r");
    terminal.wait_for("y/N");
    terminal.press("n\r");
    terminal.wait_for_end();
    terminal.wait_for("nothing was trusted");
}

#[test]
fn git_gets_neither_the_key_nor_what_names_a_program() {
    let (home, spies) = (Home::new(), temp_dir());
    let repo = Repo::sample(&home);
    let usual = std::env::var("PATH").unwrap_or_default();
    let git = usual
        .split(':')
        .map(|folder| Path::new(folder).join("git"))
        .find(|git| git.is_file())
        .unwrap();
    let spy = spies.path().join("git");
    let given = spies.path().join("given");
    let script = format!(
        "#!/bin/sh\nenv >> '{}'\nexec '{}' \"$@\"\n",
        given.display(),
        git.display()
    );
    fs::write(&spy, script).unwrap();
    fs::set_permissions(&spy, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = home.neonup();
    command
        .current_dir(&repo.root)
        .env("PATH", format!("{}:{usual}", spies.path().display()))
        .env("NEON_API_HOST", "http://127.0.0.1:9/api/v2")
        .env("NEON_API_KEY", "napi_canary0123456789")
        .env("GIT_SSH_COMMAND", "canary-ssh")
        .env("GIT_EXTERNAL_DIFF", "canary-diff")
        .env("SSH_AUTH_SOCK", "/run/canary-agent")
        .args(["check", "secrets"]);
    let run = Run::of(&mut command);
    let given = fs::read_to_string(given).unwrap_or_else(|_| panic!("git was not asked: {run:#?}"));
    for secret in ["canary", "NEON_API_", "NEONUP_"] {
        assert!(!given.contains(secret), "git was given {secret}");
    }
    assert!(given.contains("GIT_OPTIONAL_LOCKS=0") && given.contains("HOME="));
}
