//! The app's proof: only an answer of what was started counts, it is remembered for as long as nothing changes, and every command says
//! the same of it.

use std::{fs, process::Command};

use crate::support::{Home, Repo, Run, Sandbox, free_port, skip, spawn, until};

/// A clone with an application of Python's own library.
struct Clone {
    home: Home,
    sandbox: Sandbox,
    repo: Repo,
    port: u16,
}

/// A server that answers 200 with this body, on the port that `PORT` names or else this one.
fn server(port: u16, more: &str) -> String {
    format!(
        r#"
import http.server, os, sys

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{{"status": "healthy"}}')

    def log_message(self, *_):
        pass

PORT = int(os.environ.get("PORT", "{port}"))
{more}
http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Handler).serve_forever()
"#
    )
}

impl Clone {
    fn new(app: impl FnOnce(u16) -> String, backend: impl FnOnce(u16) -> String) -> Option<Self> {
        let python = Command::new("python3").arg("-c").arg("").status();
        if !python.is_ok_and(|status| status.success()) {
            skip("there is no python3 to run an app with");
            return None;
        }
        let home = Home::new();
        let sandbox = Sandbox::start(&home, &[]);
        let port = free_port();
        let config = format!(
            "[project]\nname = \"clone\"\n\n[[env]]\nfile = \".env\"\nkeys.DATABASE_URL = {{ url = \"direct\" }}\n\n[backend]\n{}",
            backend(port)
        );
        let files = [
            ("neonup.toml".to_owned(), config),
            (".gitignore".to_owned(), ".env\n__pycache__\n".to_owned()),
            ("app/app.py".to_owned(), app(port)),
            ("app/other.py".to_owned(), "A = 1\n".to_owned()),
        ];
        let repo = Repo::files(&files);
        repo.git(&home, &["init", "-q", "-b", "main"]);
        repo.commit(&home, "first");
        Some(Self {
            home,
            sandbox,
            repo,
            port,
        })
    }

    /// One whose app is healthy.
    fn healthy() -> Option<Self> {
        Self::new(
            |port| server(port, "open('starts.log', 'a').write('x')"),
            usual,
        )
    }

    fn run(&self, arguments: &[&str]) -> Run {
        self.repo.neonup(&self.home, &self.sandbox, arguments)
    }

    fn setup(&self) -> Run {
        self.run(&[
            "setup", "--yes", "--json", "login", "project", "env", "health",
        ])
    }

    fn check(&self) -> Run {
        self.run(&["check", "--json", "login", "project", "env", "health"])
    }

    fn starts(&self) -> usize {
        fs::read(self.repo.path("app/starts.log")).map_or(0, |text| text.len())
    }
}

fn usual(port: u16) -> String {
    format!(
        "dir = \"app\"\nstart = [\"python3\", \"app.py\"]\nhealth = \"http://localhost:{port}/health\"\nexpect = {{ status = \"healthy\" }}\n"
    )
}

#[test]
fn a_committed_log_that_the_app_appends_to_is_told_of() {
    let Some(clone) = Clone::healthy() else {
        return;
    };
    assert_eq!(clone.setup().code, 0);
    clone.repo.commit(&clone.home, "with the log");
    let again = clone.setup();
    assert_eq!((again.code, clone.starts()), (0, 2), "{again:#?}");
    let wrote = finding(&again, "health.changed");
    let title = "starting the app wrote `app/starts.log`";
    assert_eq!(wrote["title"], title, "{wrote}");
}

#[test]
fn the_last_start_counts_until_something_changes_and_says_what() {
    let Some(clone) = Clone::healthy() else {
        return;
    };
    let never = clone.check();
    assert_eq!(never.code, 1, "{never:#?}");
    let setup = clone.setup();
    assert_eq!((setup.code, clone.starts()), (0, 1), "{setup:#?}");
    // what the app leaves where git sees it is told
    let wrote = finding(&setup, "health.changed");
    assert_eq!(
        wrote["title"], "starting the app wrote `app/starts.log`",
        "{wrote}"
    );
    // looks start nothing, and tell the age
    for arguments in [&["check", "--json"][..], &["setup", "--dry-run", "--json"]] {
        let run = clone.run(&[arguments, &["login", "project", "env", "health"]].concat());
        assert_eq!((run.code, clone.starts()), (0, 1), "{run:#?}");
        let evidence = run.evidence("health");
        assert!(
            evidence.contains("the app answered 200, healthy at ") && evidence.contains("just now"),
            "{evidence}"
        );
    }
    let receipt = clone.home.dir.path().join("receipt.md");
    let written = clone.run(&["check", "health", "--receipt", receipt.to_str().unwrap()]);
    assert_eq!(written.code, 0, "{written:#?}");
    let receipt = fs::read_to_string(receipt).unwrap();
    assert!(
        receipt.contains("the app answered 200, healthy at"),
        "{receipt}"
    );
    // touched, with the same content
    let other = clone.repo.read("app/other.py");
    fs::write(clone.repo.path("app/other.py"), other).unwrap();
    assert_eq!(clone.check().code, 0);
    // whoever asks for it gets a start
    for (arguments, starts) in [
        (&["setup", "--yes", "--json", "health"][..], 2),
        (&["check", "--app", "--json", "health"], 3),
        (&["check", "--app", "--json", "env"], 4),
    ] {
        let run = clone.run(arguments);
        assert_eq!((run.code, clone.starts()), (0, starts), "{run:#?}");
    }
    let config = clone.repo.read("neonup.toml");
    for (file, text) in [
        ("app/other.py", "A = 2\n".to_owned()),
        ("app/new.py", "A = 2\n".to_owned()),
        (".env", clone.repo.read(".env") + "MORE=1\n"),
        ("neonup.toml", config.clone() + "# more\n"),
    ] {
        let before = fs::read(clone.repo.path(file)).ok();
        fs::write(clone.repo.path(file), text).unwrap();
        let run = clone.check();
        assert_eq!(run.code, 1, "{file}: {run:#?}");
        let told = format!("the app isn't proven since `{file}` changed");
        assert!(run.stdout.contains(&told), "{file}: {run:#?}");
        assert!(run.codes().contains(&"health.app-not-proved".to_owned()));
        match before {
            Some(before) => fs::write(clone.repo.path(file), before).unwrap(),
            None => fs::remove_file(clone.repo.path(file)).unwrap(),
        }
        assert_eq!(clone.check().code, 0, "{file} is as it was");
    }
    let mut shell = clone
        .repo
        .command(&clone.home, &clone.sandbox, &["check", "--json", "health"]);
    let shell = Run::of(shell.env("DATABASE_URL", "postgresql://elsewhere/x"));
    assert!(
        shell.stdout.contains("`DATABASE_URL` in the shell"),
        "{shell:#?}"
    );

    // what is kept holds no secret, is for its owner alone, and is none when it is damaged
    let folder = clone.home.dir.path().join("state/neonup/proof");
    let record = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| !path.ends_with("key"))
        .unwrap();
    let text = fs::read_to_string(&record).unwrap();
    let url = clone.repo.read(".env");
    let (_, rest) = url.split_once("neondb_owner:").unwrap();
    let password = rest.split('@').next().unwrap();
    assert!(!text.contains(password) && !text.contains("postgresql"));
    fs::write(&record, text.replace("healthy", "healthier")).unwrap();
    let damaged = clone.check();
    assert_eq!(damaged.code, 1, "{damaged:#?}");
    assert!(
        damaged
            .stdout
            .contains("can't be read, so it doesn't count"),
        "{damaged:#?}"
    );
    clone.sandbox.stop();
}

#[test]
fn a_failed_start_is_told_the_same_until_something_changes() {
    let app = |_| "raise SystemExit('SettingsError: no module for settings')\n".to_owned();
    let Some(clone) = Clone::new(app, usual) else {
        return;
    };
    for run in [clone.setup(), clone.check(), clone.setup(), clone.check()] {
        assert!(run.code == 1 || run.code == 2, "{run:#?}");
        assert!(
            run.stdout.contains("`python3 app.py` ended immediately")
                && run.stdout.contains("SettingsError"),
            "{run:#?}"
        );
    }
    let check = clone.check();
    assert!(
        check.evidence("health").contains("the app failed at "),
        "{check:#?}"
    );
    fs::write(clone.repo.path("app/app.py"), server(clone.port, "")).unwrap();
    let changed = clone.check();
    assert!(
        changed
            .stdout
            .contains("isn't proven since `app/app.py` changed"),
        "{changed:#?}"
    );
    assert_eq!(clone.setup().code, 0);
    assert_eq!(clone.check().code, 0);
    clone.sandbox.stop();
}

/// A program that ends with the test.
struct Beside(std::process::Child);

impl Beside {
    fn python(text: &str, port: u16) -> Self {
        let child = spawn(Command::new("python3").args(["-c", text]));
        let beside = Self(child);
        until("it listens", || {
            std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        beside
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[test]
fn a_strangers_answer_proves_nothing() {
    let app = |_| "raise SystemExit('cannot import name settings')\n".to_owned();
    let Some(clone) = Clone::new(app, usual) else {
        return;
    };
    let stranger = Beside::python(&server(clone.port, ""), clone.port);
    let run = clone.setup();
    assert_eq!(run.code, 2, "{run:#?}");
    assert!(
        run.stdout.contains("cannot import name settings"),
        "{run:#?}"
    );
    // ours on another port, if it can go there
    fs::write(clone.repo.path("app/app.py"), server(clone.port, "")).unwrap();
    let run = clone.setup();
    assert_eq!(run.code, 0, "{run:#?}");
    assert!(
        run.stdout.contains(&format!(
            "port {} is already in use: `python3` (process",
            clone.port
        )),
        "{run:#?}"
    );
    // one that insists on its own port
    let stubborn = server(clone.port, "").replace("os.environ.get", "{}.get");
    fs::write(clone.repo.path("app/app.py"), stubborn).unwrap();
    let run = clone.setup();
    assert_eq!(run.code, 2, "{run:#?}");
    assert!(
        run.stdout.contains("is already in use: `python3` (process"),
        "{run:#?}"
    );
    drop(stranger);
    assert_eq!(clone.setup().code, 0);
    clone.sandbox.stop();
}

#[test]
fn the_answer_may_come_from_whatever_the_command_has_started() {
    let child = "
import subprocess
if len(sys.argv) < 2:
    raise SystemExit(subprocess.call([sys.executable, __file__, 'child'], start_new_session=True))
";
    let Some(clone) = Clone::new(|port| server(port, child), usual) else {
        return;
    };
    let run = clone.setup();
    assert_eq!(run.code, 0, "a child in a session of its own: {run:#?}");
    let everywhere = server(clone.port, "").replace("\"127.0.0.1\"", "\"0.0.0.0\"");
    let six = server(clone.port, "import socket").replace("\"127.0.0.1\"", "\"::1\"").replace(
        "http.server.ThreadingHTTPServer((",
        "http.server.ThreadingHTTPServer.address_family = socket.AF_INET6\nhttp.server.ThreadingHTTPServer((",
    );
    for app in [everywhere, six] {
        fs::write(clone.repo.path("app/app.py"), app).unwrap();
        let run = clone.setup();
        assert_eq!(run.code, 0, "{run:#?}");
    }
    clone.sandbox.stop();
}

#[test]
fn what_ends_moves_or_answers_otherwise_is_not_healthy() {
    let Some(clone) = Clone::healthy() else {
        return;
    };
    let port = clone.port;
    let dies = "import threading, time\nthreading.Thread(target=lambda: (time.sleep(0.5), os._exit(3))).start()";
    let daemon = "if os.fork(): raise SystemExit(0)\nos.setsid()";
    let redirects = server(port, "").replace(
        "self.send_response(200)",
        "self.send_response(302)\n        self.send_header('location', '/login')",
    );
    for (app, told) in [
        (server(port, dies), "ended immediately"),
        (server(port, daemon), "stays in the foreground"),
        (redirects, "redirects to `/login`"),
        (
            server(port, "").replace("\"healthy\"", "\"ill\""),
            "status = ill, expected healthy",
        ),
        (
            server(port, "").replace("status\"", "state\""),
            "returned no \\\"status\\\" field",
        ),
    ] {
        fs::write(clone.repo.path("app/app.py"), app).unwrap();
        let run = clone.setup();
        assert_eq!(run.code, 2, "{told}: {run:#?}");
        assert!(run.stdout.contains(told), "{told}: {run:#?}");
        let check = clone.check();
        assert_eq!(check.code, 1, "{told}: {check:#?}");
        assert!(check.stdout.contains(told), "{told}: {check:#?}");
    }
    clone.sandbox.stop();
}

#[test]
fn what_cannot_be_started_or_asked_is_told_and_never_green() {
    let Some(clone) = Clone::healthy() else {
        return;
    };
    let config = clone.repo.read("neonup.toml");
    let (head, _) = config.split_once("[backend]").unwrap();
    let port = clone.port;
    for (backend, told) in [
        (
            usual(port).replace("localhost", "192.0.2.1"),
            "isn't on this machine",
        ),
        (
            usual(port).replace("python3", "no-such-program-here"),
            "`no-such-program-here` isn't installed",
        ),
        (
            format!("dir = \"app\"\nhealth = \"http://localhost:{port}/health\"\n"),
            "the app can't be started",
        ),
    ] {
        fs::write(
            clone.repo.path("neonup.toml"),
            format!("{head}[backend]\n{backend}"),
        )
        .unwrap();
        for run in [clone.setup(), clone.check()] {
            assert!(run.code == 1, "{told}: {run:#?}");
            assert!(run.stdout.contains(told), "{told}: {run:#?}");
        }
        assert_eq!(clone.starts(), 0);
    }
    // without a health route it is asked at `/`, wherever it listens, and nobody claims more than that
    let backend = "dir = \"app\"\nstart = [\"python3\", \"app.py\"]\n";
    fs::write(
        clone.repo.path("neonup.toml"),
        format!("{head}[backend]\n{backend}"),
    )
    .unwrap();
    let run = clone.setup();
    assert_eq!((run.code, clone.starts()), (0, 1), "{run:#?}");
    let evidence = run.evidence("health");
    assert!(
        evidence.starts_with("the app answered 200 at `/`")
            && evidence.contains("no health route shows whether it reaches the database"),
        "{evidence}"
    );
    // what listens nowhere is not proved, unless somebody leaves that out: then it is not started
    let backend = "dir = \"app\"\ntimeout = 2\nstart = [\"python3\", \"-c\", \"open('starts.log', 'a').write('x'); import time; time.sleep(60)\"]\n";
    fs::write(
        clone.repo.path("neonup.toml"),
        format!("{head}[backend]\n{backend}"),
    )
    .unwrap();
    let run = clone.setup();
    assert_eq!((run.code, clone.starts()), (1, 2), "{run:#?}");
    assert!(
        run.stdout.contains("isn't listening on any port"),
        "{run:#?}"
    );
    let skip = "[skip]\n\"health.app-not-proved\" = \"a worker\"\n";
    fs::write(
        clone.repo.path("neonup.toml"),
        format!("{head}[backend]\n{backend}{skip}"),
    )
    .unwrap();
    let run = clone.setup();
    assert_eq!((run.code, clone.starts()), (0, 2), "{run:#?}");
    assert!(
        run.evidence("health").starts_with(
            "skipped: the app wasn't started, because no health route is known; login"
        ),
        "{run:#?}"
    );
    clone.sandbox.stop();
}

#[test]
fn an_untrusted_clone_is_not_started_by_check_app() {
    let Some(clone) = Clone::healthy() else {
        return;
    };
    let files = clone.repo.snapshot();
    let mut command = clone.repo.command(
        &clone.home,
        &clone.sandbox,
        &["check", "--app", "--json", "env"],
    );
    let run = Run::of(command.env_remove("NEONUP_TRUST"));
    assert_eq!((run.code, clone.starts()), (1, 0), "{run:#?}");
    assert_eq!(clone.repo.snapshot(), files);
    clone.sandbox.stop();
}

/// The packages of the interpreter count, and a crowd of files that are no source costs nothing.
#[cfg(unix)] // it makes a link
#[test]
fn packages_are_compared_by_name_and_dependencies_are_not_read() {
    let Some(clone) = Clone::healthy() else {
        return;
    };
    let site = clone.repo.path("app/.venv/lib/python3.99/site-packages");
    let bin = clone.repo.path("app/.venv/bin");
    for folder in [&site, &bin, &clone.repo.path("app/node_modules/crowd")] {
        fs::create_dir_all(folder).unwrap();
    }
    fs::write(clone.repo.path("app/.venv/pyvenv.cfg"), "home = /usr/bin\n").unwrap();
    let found = std::env::var_os("PATH").unwrap_or_default();
    let python = std::env::split_paths(&found)
        .map(|folder| folder.join("python3"))
        .find(|python| python.is_file())
        .unwrap();
    std::os::unix::fs::symlink(python, bin.join("python3")).unwrap();
    fs::create_dir(site.join("driver-1.0.dist-info")).unwrap();
    fs::write(
        clone.repo.path(".gitignore"),
        ".env\n.venv\nnode_modules\n*.log\n",
    )
    .unwrap();
    for number in 0..3000 {
        fs::write(
            clone
                .repo
                .path(&format!("app/node_modules/crowd/{number}.js")),
            "x",
        )
        .unwrap();
    }
    assert_eq!(clone.setup().code, 0);
    fs::write(clone.repo.path("app/node_modules/crowd/0.js"), "y").unwrap();
    assert_eq!(clone.check().code, 0);
    fs::remove_dir(site.join("driver-1.0.dist-info")).unwrap();
    let run = clone.check();
    assert_eq!(run.code, 1, "{run:#?}");
    assert!(
        run.stdout.contains("the installed packages (app/.venv/lib"),
        "{run:#?}"
    );
    clone.sandbox.stop();
}

#[cfg(unix)] // it makes a link
#[test]
fn a_file_that_cannot_be_read_is_named() {
    use std::os::unix::fs::PermissionsExt as _;
    let Some(clone) = Clone::healthy() else {
        return;
    };
    let closed = clone.repo.path("app/closed.py");
    fs::write(&closed, "x").unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&closed).is_ok() {
        // root may read every file, but nobody a link that leads to itself
        fs::remove_file(&closed).unwrap();
        std::os::unix::fs::symlink("closed.py", &closed).unwrap();
    }
    for run in [clone.setup(), clone.check()] {
        assert_eq!(run.code, 1, "{run:#?}");
        assert!(
            run.stdout.contains("`app/closed.py` can't be read"),
            "{run:#?}"
        );
    }
    clone.sandbox.stop();
}

#[test]
fn an_app_that_loads_no_env_file_is_given_its_variables_and_that_is_told() {
    let needs = "assert os.environ['DATABASE_URL'].startswith('postgresql://')";
    let Some(clone) = Clone::new(|port| server(port, needs), usual) else {
        return;
    };
    let setup = clone.setup();
    assert_eq!(setup.code, 0, "{setup:#?}");
    let given = finding(&setup, "health.environment-given");
    assert_eq!(given["severity"], "warning", "{given}");
    let hint = given["hint"].as_str().unwrap();
    assert!(hint.contains("set -a; . ./.env; set +a"), "{hint}");

    // where Compose gives them there is nothing to fix, and the first start has them
    fs::write(
        clone.repo.path("compose.yaml"),
        "services:\n  web:\n    build: .\n    env_file: .env\n",
    )
    .unwrap();
    let setup = clone.run(&["setup", "--yes", "--json", "health"]);
    assert_eq!(setup.code, 0, "{setup:#?}");
    let given = finding(&setup, "health.environment-given");
    assert_eq!(given["severity"], "note", "{given}");
    assert_eq!(given["path"], "compose.yaml");
}

/// The finding of this code that a run told.
/// A framework builds into a folder of its own.
#[test]
fn what_a_framework_builds_is_kept_out_of_git() {
    const BUILDS: &str = "import pathlib; pathlib.Path('.next').mkdir(exist_ok=True); open('.next/trace', 'w').write('x')";
    let Some(clone) = Clone::new(|port| server(port, BUILDS), usual) else {
        return;
    };
    let package = r#"{"name": "app", "dependencies": {"next": "15"}}"#;
    fs::write(clone.repo.path("app/package.json"), package).unwrap();
    fs::create_dir(clone.repo.path("app/node_modules")).unwrap();
    clone.repo.commit(&clone.home, "a framework");
    let setup = clone.setup();
    assert_eq!(setup.code, 0, "{setup:#?}");
    let title = finding(&setup, "health.changed")["title"].clone();
    assert_eq!(title, "`app/.gitignore` now ignores `.next/`");
    let status = clone.repo.git(&clone.home, &["status", "--porcelain"]);
    assert!(!status.contains(".next"), "{status}");
}

fn finding(run: &Run, code: &str) -> serde_json::Value {
    let json = run.json();
    let steps = json["steps"].as_array().unwrap();
    steps
        .iter()
        .flat_map(|step| step["findings"].as_array().unwrap())
        .find(|finding| finding["code"] == code)
        .unwrap_or_else(|| panic!("no {code}: {run:#?}"))
        .clone()
}
