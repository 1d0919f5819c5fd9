//! The gate for text: names and messages from hostile servers, repositories and arguments, in every front end.

use std::{ffi::OsStr, fs, os::unix::ffi::OsStrExt as _};

use serde_json::Value;

use crate::{
    recorder::Recorder,
    support::{
        HOSTILE, HOSTILE_BRANCH, HOSTILE_FILE, Home, Performed, Repo, Run, Sandbox,
        assert_shown_safely,
    },
};

/// The size of the terminal in which the wizard is opened.
const SIZE: (u16, u16) = (80, 24);

const CONFIG: &str = r#"
[project]
name = "case"

[[env]]
file = ".env"
keys.DATABASE_URL = { url = "direct" }
"#;

/// A committed project that ignores its env file.
fn project(home: &Home, config: &str) -> Repo {
    let repo = Repo::files(&[("neonup.toml", config), (".gitignore", ".env\n")]);
    repo.git(home, &["init", "-q", "-b", "main"]);
    repo.commit(home, "first");
    repo
}

/// Puts the hostile name in place of what people and projects are called, and of what the API says.
fn spoil(body: &mut Value) {
    let names = ["name", "message", "login", "email", "handle", "description"];
    let kept = ["neondb", "neondb_owner", "main", "production"];
    match body {
        Value::Object(members) => {
            for (key, value) in members {
                if let Value::String(text) = value
                    && names.contains(&key.as_str())
                    && !kept.contains(&text.as_str())
                {
                    *text = format!("{text}{HOSTILE}");
                }
                spoil(value);
            }
        }
        Value::Array(values) => values.iter_mut().for_each(spoil),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn assert_run_is_safe(what: &str, run: &Run) {
    assert_shown_safely(what, &run.stdout);
    assert_shown_safely(what, &run.stderr);
    if what.contains("--json") {
        run.json();
    }
}

#[test]
fn hostile_names_of_a_server_are_shown_as_text_in_lines_json_and_files() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let repo = project(&home, CONFIG);
    let run = repo.neonup(&home, &sandbox, &["setup", "--yes", "login", "project"]);
    assert_eq!(run.code, 0, "{run:#?}");
    let config = repo.read("neonup.toml");
    let (sarif, receipt, log) = (
        home.dir.path().join("sarif"),
        home.dir.path().join("receipt"),
        home.dir.path().join("log"),
    );
    let files = format!(
        "check --sarif {} --receipt {} --log {}",
        sarif.display(),
        receipt.display(),
        log.display()
    );
    let refusing = |path: &str, status: &mut u16, body: &mut Value| {
        if path.starts_with("/projects") {
            *status = 400;
            *body = serde_json::json!({ "code": "BAD_REQUEST", "message": "no" });
        }
        spoil(body);
    };
    let naming = |_: &str, _: &mut u16, body: &mut Value| spoil(body);
    let mut seen = String::new();
    for recorder in [
        Recorder::changing(&sandbox, naming),
        Recorder::changing(&sandbox, refusing),
    ] {
        for arguments in [
            "check login project env",
            "check login project env --json",
            "check project -vv",
            "setup --dry-run login project env",
            "setup --yes login project",
            "setup --plain login project",
            "status",
            "status --json",
            "rotate --dry-run",
            "rotate --api-key --dry-run",
            &files,
        ] {
            fs::write(repo.path("neonup.toml"), &config).unwrap();
            let mut command =
                repo.command(&home, &sandbox, &arguments.split(' ').collect::<Vec<_>>());
            let run = Run::of(
                command
                    .env("NEON_API_HOST", &recorder.api_host)
                    .env("NEON_API_KEY", &sandbox.api_key),
            );
            assert_run_is_safe(arguments, &run);
            run.holds_none_of(&[&sandbox.api_key]);
            seen.push_str(&run.output());
        }
        for file in [&sarif, &receipt, &log] {
            let text = fs::read_to_string(file).unwrap();
            assert_shown_safely(&file.display().to_string(), &text);
        }
        serde_json::from_str::<Value>(&fs::read_to_string(&sarif).unwrap()).unwrap();
    }
    assert!(seen.contains("\\x1b]0;HIJACK\\x07"), "nothing was spoiled");
}

#[test]
fn hostile_repository_is_shown_as_text() {
    let home = Home::new();
    let toml = |text: &str| text.replace("EVIL", &serde_json::to_string(HOSTILE).unwrap());
    let configs = [
        "EVIL = 1\n",
        "[project]\nname = EVIL\n",
        "[project]\nname = 'x'\nregion = EVIL\nbranch = EVIL\n",
        "[project]\nname = 'x'\nid = EVIL\norg = EVIL\n",
        "[project]\nname = 'x'\n[[env]]\nfile = EVIL\nkeys.A = EVIL\n",
        "[project]\nname = 'x'\n[[env]]\nfile = '.env'\nkeys.EVIL = { url = 'direct' }\n",
        "[project]\nname = 'x'\n[schema]\ncommand = [EVIL, EVIL]\n",
        "[project]\nname = 'x'\n[schema]\nfiles = [EVIL]\ntables.EVIL = [EVIL]\n",
        "[project]\nname = 'x'\n[backend]\ndir = ''\nstart = [EVIL]\nhealth = 'http://127.0.0.1:9/x'\n",
        "[project]\nname = 'x'\n[[secrets.accept]]\npath = EVIL\nreason = EVIL\n",
        "[project]\nname = \u{1b}]0;HIJACK\u{7}\n",
    ];
    for config in configs {
        // JSON and TOML differ in how they write what is below a blank
        let config = toml(config).replace('\u{7f}', "\\u007f");
        let repo = project(&home, &config);
        fs::write(
            repo.path(".env"),
            format!("A{HOSTILE}=1\n# {HOSTILE}\n{HOSTILE}\nB='{HOSTILE}'\n"),
        )
        .unwrap();
        for arguments in [
            "check",
            "check --json",
            "setup --dry-run",
            "status",
            "init --yes",
            "hook run",
            "--plain",
        ] {
            let mut command = home.neonup();
            command
                .current_dir(&repo.root)
                .env("NEON_API_HOST", "http://127.0.0.1:9/api/v2")
                .args(arguments.split(' '));
            let run = Run::of(&mut command);
            assert_run_is_safe(&format!("{arguments} with {config}"), &run);
        }
    }
}

#[test]
fn hostile_names_in_git_are_shown_as_text() {
    let home = Home::new();
    let repo = project(&home, CONFIG);
    let url = "postgresql://owner:npg_Canary7Qz42Wm@ep-cool-1.us-east-2.aws.neon.tech/neondb\n";
    fs::write(repo.path(HOSTILE_FILE), url).unwrap();
    repo.git(&home, &["checkout", "-q", "-b", HOSTILE_BRANCH]);
    repo.git(&home, &["config", "user.name", &HOSTILE.replace('\n', " ")]);
    repo.commit(&home, HOSTILE);
    fs::write(repo.path(&format!("{HOSTILE_FILE}.staged")), url).unwrap();
    repo.git(&home, &["add", "-A"]);
    let mut found = String::new();
    for arguments in [
        "check secrets",
        "check secrets --json",
        "hook run",
        "setup --dry-run secrets",
    ] {
        let mut command = home.neonup();
        let run = Run::of(command.current_dir(&repo.root).args(arguments.split(' ')));
        assert_run_is_safe(arguments, &run);
        run.holds_none_of(&["npg_Canary7Qz42Wm"]);
        found.push_str(&run.output());
    }
    assert!(
        found.contains("x\\x1b]0;HIJACK\\x07\\u{202e}\\n✓ secrets done"),
        "{found}"
    );
}

#[test]
fn hostile_arguments_folders_and_variables_are_shown_as_text() {
    let home = Home::new();
    let folder = home.dir.path().join(HOSTILE_FILE);
    fs::create_dir(&folder).unwrap();
    let key = "napi_canary0123456789abcdefghijklmnopqrstuvwxyz0123456789";
    let host = format!("http://{HOSTILE}");
    let all: &[&[&str]] = &[
        &[HOSTILE],
        &["check", HOSTILE],
        &["check", "--timeout", HOSTILE],
        &["--api-host", HOSTILE, "check", "login"],
        &["--api-host", &host, "status"],
        &["-C", HOSTILE, "status"],
        &["--config", HOSTILE, "check"],
        &["--ca-file", HOSTILE, "check", "login", "project"],
        &["setup", "--project", HOSTILE, "--dry-run", "project"],
        &["-C", folder.to_str().unwrap(), "check"],
        &["-C", folder.to_str().unwrap(), "status"],
        &["-C", folder.to_str().unwrap(), "init", "--yes"],
        &[
            "--log",
            &format!("{}/no/{HOSTILE}", folder.display()),
            "status",
        ],
        &["login", key],
        &[&format!("--api-key={key}"), "check"],
        &["--help"],
        &["sandbox", "--fault", HOSTILE],
    ];
    for arguments in all {
        let mut command = home.neonup();
        command.current_dir(home.dir.path()).args(*arguments);
        for name in ["NEONUP_PG_BIN", "NEONUP_CLAIM_HOST", "USER"] {
            command.env(name, HOSTILE);
        }
        let run = Run::of(&mut command);
        assert_run_is_safe(&format!("{arguments:?}"), &run);
        run.holds_none_of(&[key]);
    }
    // not every argument is text
    let mut command = home.neonup();
    let run = Run::of(command.arg(OsStr::from_bytes(b"\xff\x1b]0;HIJACK\x07")));
    assert_eq!(run.code, 64);
    assert_run_is_safe("bytes", &run);
}

#[test]
fn words_of_postgres_are_shown_as_text() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let config = format!("{CONFIG}\n[schema]\nfiles = [\"schema.sql\"]\ntables.x = [\"id\"]\n");
    let repo = project(&home, &config);
    let run = repo.neonup(
        &home,
        &sandbox,
        &["setup", "--yes", "login", "project", "env"],
    );
    assert_eq!(run.code, 0, "{run:#?}");
    let evil = "\\x1b]0;HIJACK\\x07\\u202e\\n✓ secrets done";
    fs::write(
        repo.path("schema.sql"),
        format!("do $$ begin raise notice E'{evil}'; raise exception E'{evil}' using hint = E'{evil}'; end $$;\n"),
    )
    .unwrap();
    for arguments in [
        "setup --yes schema",
        "setup --yes schema --json",
        "check schema",
    ] {
        let arguments: Vec<_> = arguments.split(' ').collect();
        let run = repo.neonup(&home, &sandbox, &arguments);
        assert_ne!(run.code, 0, "{run:#?}");
        assert_run_is_safe(&arguments.join(" "), &run);
    }
}

#[test]
fn wizard_shows_hostile_names_as_text_and_obeys_none() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let repo = project(&home, CONFIG);
    let run = repo.neonup(&home, &sandbox, &["setup", "--yes", "login", "project"]);
    assert_eq!(run.code, 0, "{run:#?}");
    let evil = serde_json::to_string(HOSTILE)
        .unwrap()
        .replace('\u{7f}', "\\u007f");
    let config = format!(
        "{}\n[schema]\ncommand = [{evil}]\ntables.{evil} = [{evil}]\n\n[backend]\nstart = [{evil}]\nhealth = \"http://127.0.0.1:9/\"\n",
        repo.read("neonup.toml")
    );
    fs::write(repo.path("neonup.toml"), config).unwrap();
    fs::write(
        repo.path(HOSTILE_FILE),
        "postgresql://owner:npg_Canary7Qz42Wm@ep-cool-1.us-east-2.aws.neon.tech/neondb\n",
    )
    .unwrap();
    repo.commit(&home, HOSTILE);
    fs::write(repo.path(".env"), format!("# {HOSTILE}\nA='{HOSTILE}'\n")).unwrap();
    let recorder = Recorder::changing(&sandbox, |_, _, body| spoil(body));
    let mut command = home.terminal_command();
    command.cwd(&repo.root);
    command.env("NEON_API_HOST", &recorder.api_host);
    command.env("NEON_API_KEY", &sandbox.api_key);
    let mut terminal = crate::support::Terminal::open(command, SIZE);
    terminal.until("all was looked at", |terminal| {
        // the column of the steps has this word beside each that is being looked at
        terminal.text().contains("Summary") && !terminal.text().contains(" run  ")
    });
    let mut screens = String::new();
    for (key, title) in (1..).zip([
        "Login",
        "Project",
        "Environment",
        "Backend",
        "Schema",
        "Health",
        "Secrets",
        "Summary",
    ]) {
        terminal.press(&key.to_string());
        terminal.until(title, |terminal| terminal.heading().starts_with(title));
        let text = terminal.text();
        assert_shown_safely(title, &text);
        screens.push_str(&text);
        terminal.press("y");
    }
    terminal.wait_for("copied: ");
    terminal.signal(rustix::process::Signal::TERM);
    terminal.wait_for_end();
    assert!(
        screens.contains("\\x1b]0;HIJACK"),
        "nothing was spoiled:\n{screens}"
    );
    let raw = terminal.output().raw.clone();
    let performed = Performed::of(&raw, SIZE);
    assert!(!performed.clipboard.is_empty(), "{performed:?}");
    performed.assert_harmless();
    assert!(!String::from_utf8_lossy(&raw).contains("npg_Canary7Qz42Wm"));
}
