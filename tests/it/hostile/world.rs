//! A repository, an API and a database that mean harm.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Stdio, sync::mpsc, thread};

use serde_json::Value;
use sqlx::{
    Connection as _,
    postgres::{PgConnectOptions, PgConnection},
};

use super::spies::Spies;
use crate::{
    recorder::Recorder,
    support::{Home, PATIENCE, Repo, Run, Sandbox, env_values, free_port, signal, spawn, temp_dir},
};

/// Sets the clipboard and the title, clears the screen, moves the cursor with a C1 control, and turns the reading direction.
pub const EVIL: &str = "\u{1b}]52;c;aGVsbG8=\u{7}\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}1;1H\u{202e}\nsecrets  done  all is well";

/// The same as a basic string of TOML.
const EVIL_TOML: &str = "\\u001b]52;c;aGVsbG8=\\u0007\\u001b]0;owned\\u0007\\u001b[2J\\u009b1;1H\\u202e\\nsecrets  done  all is well";

/// A credential that is nobody's, for a finding of the secrets step.
pub const STRAY: &str = "npg_zQ8wE7rT6yU5";

pub struct World {
    pub home: Home,
    pub repo: Repo,
    pub sandbox: Sandbox,
    pub api: Recorder,
    pub spies: Spies,
    outside: tempfile::TempDir,
}

impl World {
    /// A clone of a hostile repository beside a sandbox whose answers are hostile, too.
    pub fn new() -> Self {
        let home = Home::new();
        let sandbox = Sandbox::start(&home, &[]);
        let api = Recorder::changing(&sandbox, |_path, _status, answer| poison(answer));
        let outside = temp_dir();
        let spies = Spies::in_dir(outside.path());
        let repo = Repo::files(&[("neonup.toml", ""), (".gitignore", ".env\n")]);
        let world = Self {
            home,
            repo,
            sandbox,
            api,
            spies,
            outside,
        };
        world.write_repository();
        world
    }

    /// The folder in which everything that must not run leaves a trace.
    fn traces(&self) -> std::path::PathBuf {
        self.outside.path().join("traces")
    }

    /// What ran since the last time that must not run.
    pub fn ran(&self) -> Vec<String> {
        let mut ran = Vec::new();
        for entry in fs::read_dir(self.traces()).unwrap().flatten() {
            fs::remove_file(entry.path()).unwrap();
            ran.push(entry.file_name().into_string().unwrap());
        }
        ran.sort();
        ran
    }

    /// A script of the repository that leaves a trace.
    fn trap(&self, path: &str, trace: &str) {
        let file = self.repo.path(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        let traces = self.traces();
        fs::write(
            &file,
            format!("#!/bin/sh\n: > '{}/{trace}'\nexit 0\n", traces.display()),
        )
        .unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn write_repository(&self) {
        fs::create_dir_all(self.traces()).unwrap();
        let port = free_port();
        let toml = format!(
            "[project]\nname = \"hostile\"\n\n[[env]]\nfile = \".env\"\nkeys.DATABASE_URL = {{ url = \"direct\" }}\n\
             keys.NOTE = \"{EVIL_TOML}\"\nkeys.SESSION_SECRET = {{ generate = \"hex\", bytes = 16 }}\n\n\
             [schema]\nfiles = [\"schema.sql\"]\ntables.\"{EVIL_TOML}\" = [\"id\"]\n\n\
             [backend]\ndir = \"\"\nstart = [\"tools/start\", \"{EVIL_TOML}\"]\nhealth = \"http://127.0.0.1:{port}/\"\n"
        );
        fs::write(self.repo.path("neonup.toml"), toml).unwrap();
        fs::write(
            self.repo.path("schema.sql"),
            "CREATE TABLE IF NOT EXISTS scratch (a text DEFAULT E'\\''); COMMIT; CREATE TABLE pwned (id integer); BEGIN; \
             CREATE TABLE IF NOT EXISTS scratch2 (b text DEFAULT '');\n\
             SELECT setval('kept', 900); SELECT pg_sleep(0.01);\n\
             COPY (SELECT 1) TO PROGRAM 'touch TRACE/copy-program';\n"
                .replace("TRACE", &self.traces().display().to_string()),
        )
        .unwrap();
        fs::write(self.repo.path(".env.example"), "DATABASE_URL=\nNOTE=\n").unwrap();
        fs::write(
            self.repo.path(".gitattributes"),
            "* filter=trap diff=trap\n",
        )
        .unwrap();
        fs::write(
            self.repo
                .path(&format!("notes{}.txt", EVIL.replace('/', ""))),
            format!(
                "postgresql://app:{STRAY}@ep-odd-moon-b7654321.eu-central-1.aws.neon.tech/app\n"
            ),
        )
        .unwrap();
        // none of these ends, if it is read as a file
        for name in ["requirements.txt", "alembic.ini"] {
            rustix::fs::mknodat(
                rustix::fs::CWD,
                self.repo.path(name),
                rustix::fs::FileType::Fifo,
                rustix::fs::Mode::from_raw_mode(0o644),
                0,
            )
            .unwrap();
        }
        for name in ["package.json", "pyproject.toml", ".python-version"] {
            std::os::unix::fs::symlink("/dev/zero", self.repo.path(name)).unwrap();
        }
        std::os::unix::fs::symlink("..", self.repo.path("loop")).unwrap();
        self.trap("tools/start", "start");
        self.trap("node_modules/.bin/git", "git-of-the-repository");
        self.trap(".venv/bin/python", "python-of-the-repository");
        self.trap("git", "git-of-the-current-folder");
        self.repo.git(&self.home, &["init", "-q", "-b", "main"]);
        self.repo.git(&self.home, &["add", "-A", "-f"]);
        self.repo.git(
            &self.home,
            &[
                "commit",
                "-q",
                "-m",
                EVIL,
                "--author",
                "E\u{9b}31mve <eve@example.org>",
            ],
        );
        self.arm_git();
    }

    /// Makes git's own configuration run things.
    fn arm_git(&self) {
        let trap = |name: &str| {
            let path = format!(".git/traps/{name}");
            self.trap(&path, &format!("git-{name}"));
            self.repo.path(&path).display().to_string()
        };
        for (key, name) in [
            ("core.fsmonitor", "fsmonitor"),
            ("core.pager", "pager"),
            ("core.editor", "editor"),
            ("core.sshCommand", "ssh"),
            ("core.askPass", "askpass"),
            ("credential.helper", "credential"),
            ("diff.external", "external"),
            ("diff.trap.textconv", "textconv"),
            ("diff.trap.command", "driver"),
            ("filter.trap.clean", "clean"),
            ("filter.trap.smudge", "smudge"),
            ("filter.trap.process", "process"),
            ("gpg.program", "gpg"),
            ("alias.ls-files", "alias"),
        ] {
            let script = trap(name);
            let value = if key.starts_with("alias") {
                format!("!{script}")
            } else {
                script
            };
            self.repo.git(&self.home, &["config", key, &value]);
        }
        for hook in [
            "pre-commit",
            "post-index-change",
            "post-checkout",
            "reference-transaction",
            "fsmonitor-watchman",
        ] {
            self.trap(&format!(".git/evil-hooks/{hook}"), &format!("hook-{hook}"));
        }
        let hooks = self.repo.path(".git/evil-hooks").display().to_string();
        self.repo
            .git(&self.home, &["config", "core.hooksPath", &hooks]);
        // setting up git has run some of them already
        self.ran();
    }

    /// The search path: the repository's own folders first, as a careless profile has it, then the spies, and nothing else.
    fn path(&self) -> String {
        let root = self.repo.root.display();
        format!(
            ".::{root}/node_modules/.bin:{root}:{}",
            self.spies.bin.display()
        )
    }

    pub fn variables(&self) -> Vec<(String, String)> {
        vec![
            ("PATH".to_owned(), self.path()),
            ("NEON_API_HOST".to_owned(), self.api.api_host.clone()),
            ("NEON_API_KEY".to_owned(), self.sandbox.api_key.clone()),
            ("NEONUP_CA_FILE".to_owned(), self.sandbox.ca_file.clone()),
            // nobody has agreed to anything here
            ("NEONUP_TRUST".to_owned(), String::new()),
        ]
    }

    /// Runs `neonup` in the clone, for as long as a test's patience lasts.
    pub fn run(&self, arguments: &[&str]) -> Run {
        let mut command = self.home.neonup();
        command
            .current_dir(&self.repo.root)
            .envs(self.variables())
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let child = spawn(&mut command);
        let pid = child.id();
        let (ended, watched) = mpsc::channel();
        let watch = thread::spawn(move || {
            if watched.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
                signal(pid, rustix::process::Signal::KILL);
            }
        });
        let run = Run::new(&child.wait_with_output().unwrap());
        ended.send(()).ok();
        watch.join().unwrap();
        run
    }

    /// Runs `work` with a connection to the database that the clone's env file names.
    pub fn with_database<T>(&self, work: impl AsyncFnOnce(&mut PgConnection) -> T) -> T {
        let url = self.env("DATABASE_URL");
        let options = url
            .parse::<PgConnectOptions>()
            .unwrap()
            .ssl_root_cert(&self.sandbox.ca_file);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut connection = PgConnection::connect_with(&options).await.unwrap();
            let result = work(&mut connection).await;
            connection.close().await.unwrap();
            result
        })
    }

    /// Fills the database with what a developer has there, and with names that mean harm.
    pub fn fill_database(&self) {
        self.with_database(async |connection| {
            for statement in [
                "create sequence kept".to_owned(),
                "create table mine (id integer); insert into mine values (1), (2)".to_owned(),
                format!("create table \"{EVIL}\" (\"{EVIL}\" text)"),
            ] {
                sqlx::raw_sql(sqlx::AssertSqlSafe(statement))
                    .execute(&mut *connection)
                    .await
                    .unwrap();
            }
        });
    }

    /// A value of the written env file.
    pub fn env(&self, key: &str) -> String {
        env_values(&self.repo.path(".env")).remove(key).unwrap()
    }

    /// Every file of the clone with git's own, and every file of the home.
    pub fn files(&self) -> Vec<(std::path::PathBuf, Vec<u8>)> {
        let mut all = Vec::new();
        walk(&self.repo.root, &mut all);
        walk(self.home.dir.path(), &mut all);
        all.sort();
        all
    }
}

fn walk(dir: &Path, all: &mut Vec<(std::path::PathBuf, Vec<u8>)>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_type().unwrap().is_dir() {
            walk(&path, all);
        } else {
            all.push((path.clone(), contents(&path)));
        }
    }
}

/// Puts control characters into every text that a person could be shown.
fn poison(answer: &mut Value) {
    match answer {
        Value::Object(fields) => {
            for (name, value) in fields {
                if let Value::String(text) = value
                    && is_shown(name, text)
                {
                    text.push_str(EVIL);
                }
                poison(value);
            }
        }
        Value::Array(values) => values.iter_mut().for_each(poison),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Whether a field is for people. The names that the program has to find stay as they are.
fn is_shown(field: &str, text: &str) -> bool {
    match field {
        "message" | "login" | "email" | "description" | "handle" => true,
        "name" => !["neondb", "neondb_owner", "main", "hostile"].contains(&text),
        _ => false,
    }
}

/// The bytes of a regular file; where a link leads to.
fn contents(path: &Path) -> Vec<u8> {
    let kind = fs::symlink_metadata(path).unwrap().file_type();
    if kind.is_symlink() {
        return fs::read_link(path)
            .unwrap()
            .into_os_string()
            .into_encoded_bytes();
    }
    if kind.is_file() {
        fs::read(path).unwrap()
    } else {
        Vec::new()
    }
}
