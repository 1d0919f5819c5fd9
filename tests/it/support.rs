//! Real things for tests: the binary, a sandbox, a git repository with the sample in it, a terminal.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

#[path = "../../src/testing/requirements.rs"]
mod requirements;

pub(crate) use requirements::*;

/// A home directory of its own, so that nothing of the user's is read or written.
pub struct Home {
    pub dir: TempDir,
}

impl Home {
    pub fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    /// A command that sees this home, the path, and nothing else of the environment.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear();
        for (name, value) in self.environment() {
            command.env(name, value);
        }
        command
    }

    pub fn environment(&self) -> Vec<(String, String)> {
        let home = self.dir.path().display().to_string();
        let mut variables = vec![
            ("PATH".to_owned(), std::env::var("PATH").unwrap_or_default()),
            ("HOME".to_owned(), home.clone()),
            ("XDG_CONFIG_HOME".to_owned(), format!("{home}/config")),
            ("XDG_STATE_HOME".to_owned(), format!("{home}/state")),
            ("LANG".to_owned(), "C.UTF-8".to_owned()),
            ("TERM".to_owned(), "xterm-256color".to_owned()),
            ("GIT_CONFIG_NOSYSTEM".to_owned(), "1".to_owned()),
            ("RUST_BACKTRACE".to_owned(), "0".to_owned()),
        ];
        // the unpacked server is the same for every test: unpacking it once is enough
        let cache = std::env::var("XDG_CACHE_HOME")
            .or_else(|_| std::env::var("HOME").map(|home| format!("{home}/.cache")));
        variables.extend(cache.ok().map(|cache| ("XDG_CACHE_HOME".to_owned(), cache)));
        variables
    }

    pub fn neonup(&self) -> Command {
        self.command(env!("CARGO_BIN_EXE_neonup"))
    }

    /// `neonup` with these lines on its standard input, which then ends.
    pub fn answered(&self, arguments: &[&str], answers: &str) -> Run {
        fed(self.neonup().args(arguments), answers)
    }
}

/// Runs a command with this on its standard input, which then ends.
pub fn fed(command: &mut Command, answers: &str) -> Run {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // it may have ended before it has read all of them
    std::io::Write::write_all(&mut stdin, answers.as_bytes()).ok();
    drop(stdin);
    Run::new(&child.wait_with_output().unwrap())
}

/// A running `neonup sandbox --json`.
pub struct Sandbox {
    pub child: Child,
    pub api_host: String,
    pub api_key: String,
    pub ca_file: String,
}

impl Sandbox {
    pub fn start(home: &Home, arguments: &[&str]) -> Self {
        Self::run(home.neonup().args(["sandbox", "--json"]).args(arguments))
    }

    pub fn run(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut text = String::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            text.push_str(&line);
            if line == "}" {
                break;
            }
        }
        let Ok(document) = serde_json::from_str::<Value>(&text) else {
            let mut errors = String::new();
            child.kill().ok();
            child
                .stderr
                .take()
                .unwrap()
                .read_to_string(&mut errors)
                .ok();
            panic!("the sandbox did not start: {text} {errors}");
        };
        let field = |name: &str| document[name].as_str().unwrap().to_owned();
        assert_eq!(document["pid"], child.id());
        Self {
            api_host: field("api_host"),
            api_key: field("api_key"),
            ca_file: field("ca_file"),
            child,
        }
    }

    /// Every request since the start, as the sandbox logs it.
    pub fn log(&self) -> Vec<Value> {
        let origin = self.api_host.trim_end_matches("/api/v2");
        let body = get(&format!("{origin}/sandbox/requests"));
        let document: Value = serde_json::from_str(&body).unwrap();
        document["requests"].as_array().unwrap().clone()
    }

    /// Every request since the start, as `METHOD path`.
    pub fn requests(&self) -> Vec<String> {
        self.log()
            .iter()
            .map(|request| {
                format!(
                    "{} {}",
                    request["method"].as_str().unwrap(),
                    request["path"].as_str().unwrap()
                )
            })
            .collect()
    }

    /// Ends it as Ctrl-C would.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        if self.child.try_wait().unwrap().is_none() {
            signal(self.child.id(), rustix::process::Signal::TERM);
            wait(&mut self.child);
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.end();
    }
}

/// A plain HTTP GET on loopback.
pub fn get(url: &str) -> String {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let mut stream = std::net::TcpStream::connect(host).unwrap();
    write!(stream, "GET /{path} HTTP/1.0\r\nHost: {host}\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text.split_once("\r\n\r\n").unwrap().1.to_owned()
}

/// Tells a sandbox how to misbehave from now on.
pub fn faults(sandbox: &Sandbox, faults: &Value) {
    let base = sandbox.api_host.strip_suffix("/api/v2").unwrap();
    post(&format!("{base}/sandbox/faults"), &sandbox.api_key, faults);
}

/// Sends JSON, and gives the answer's body.
pub fn post(url: &str, key: &str, body: &Value) -> String {
    exchange("POST", url, key, &body.to_string())
}

/// One plain HTTP request on loopback; gives the answer's body.
pub fn exchange(method: &str, url: &str, key: &str, body: &str) -> String {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let mut stream = std::net::TcpStream::connect(host).unwrap();
    write!(
        stream,
        "{method} /{path} HTTP/1.0\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.lines().next().unwrap();
    assert!(status.contains(" 20"), "{url}: {status}");
    body.to_owned()
}

/// The files of the sample application, by their paths.
pub fn sample() -> Vec<(String, String)> {
    fn walk(root: &Path, dir: &Path, all: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(dir).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(root, &path, all);
                continue;
            }
            let name = path.strip_prefix(root).unwrap().to_str().unwrap();
            // a dot at their start would make them count for this repository
            let name = name
                .replace("env.example", ".env.example")
                .replace("gitignore", ".gitignore");
            all.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/sample");
    let mut all = Vec::new();
    walk(&root, &root, &mut all);
    let schema = fs::read_to_string(root.with_file_name("schema.sql")).unwrap();
    all.push(("backend/schema.sql".to_owned(), schema));
    all
}

pub fn signal(pid: u32, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, signal).ok();
}

/// Waits for a child, but not for ever.
pub fn wait(child: &mut Child) -> std::process::ExitStatus {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if Instant::now() > end {
            child.kill().ok();
            panic!("a process did not end");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Waits until something holds.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "never: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The processes whose command line holds this text.
pub fn processes(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Ok(command) = fs::read(entry.path().join("cmdline")) else {
            continue;
        };
        let command = String::from_utf8_lossy(&command).replace('\0', " ");
        let own = entry.file_name().to_string_lossy() == std::process::id().to_string();
        if command.contains(text) && !own {
            found.push(format!("{} {command}", entry.file_name().to_string_lossy()));
        }
    }
    found
}

/// The values of an env file, as dotenvy reads them.
pub fn env_values(path: &Path) -> BTreeMap<String, String> {
    dotenvy::from_path_iter(path)
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

/// A git repository that holds the sample's files and nothing else.
pub struct Repo {
    _dir: TempDir,
    pub root: PathBuf,
}

impl Repo {
    pub fn sample(home: &Home) -> Self {
        let repo = Self::files(&sample());
        repo.git(home, &["init", "-q", "-b", "main"]);
        repo.git(home, &["add", "."]);
        repo.git(
            home,
            &[
                "-c",
                "user.name=t",
                "-c",
                "user.email=t@localhost",
                "commit",
                "-q",
                "-m",
                "first",
            ],
        );
        repo
    }

    /// Only the files, without git.
    pub fn files<T: AsRef<str>>(files: &[(T, T)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        for (name, text) in files {
            let path = root.join(name.as_ref());
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text.as_ref()).unwrap();
        }
        // an application that other tests start at the same time must not be in the way
        let config = root.join("neonup.toml");
        if let Ok(text) = fs::read_to_string(&config) {
            fs::write(&config, text.replace("8000", &free_port().to_string())).unwrap();
        }
        Self { _dir: dir, root }
    }

    pub fn git(&self, home: &Home, arguments: &[&str]) -> String {
        let output = home
            .command("git")
            .arg("-C")
            .arg(&self.root)
            .args(arguments)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "git {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Every file with its bytes, but for git's own, to see that nothing was changed.
    pub fn snapshot(&self) -> Vec<(PathBuf, Vec<u8>)> {
        fn walk(dir: &Path, all: &mut Vec<(PathBuf, Vec<u8>)>) {
            for entry in fs::read_dir(dir).unwrap().flatten() {
                let path = entry.path();
                if entry.file_type().unwrap().is_dir() {
                    if entry.file_name() != ".git" {
                        walk(&path, all);
                    }
                } else {
                    all.push((path.clone(), fs::read(&path).unwrap_or_default()));
                }
            }
        }
        let mut all = Vec::new();
        walk(&self.root, &mut all);
        all.sort();
        all
    }

    /// `neonup` in this repository, against this sandbox.
    pub fn neonup(&self, home: &Home, sandbox: &Sandbox, arguments: &[&str]) -> Run {
        let output = home
            .neonup()
            .current_dir(&self.root)
            .env("NEON_API_HOST", &sandbox.api_host)
            .env("NEON_API_KEY", &sandbox.api_key)
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        Run::new(&output)
    }

    /// The value of a key in the written env file.
    pub fn env(&self, key: &str) -> String {
        let text = self.read("backend/.env");
        let line = text
            .lines()
            .find(|line| line.starts_with(&format!("{key}=")))
            .unwrap_or_else(|| panic!("no {key}"));
        line[key.len() + 1..].trim_matches(['\'', '"']).to_owned()
    }
}

/// How a command ended.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    pub fn new(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout.clone()).unwrap(),
            stderr: String::from_utf8(output.stderr.clone()).unwrap(),
        }
    }

    /// Standard output as the one JSON document that it must be.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The status of each step, in order.
    pub fn statuses(&self) -> Vec<(String, String)> {
        let word = |value: &Value| value.as_str().unwrap().to_owned();
        let document = self.json();
        let steps = document["steps"].as_array().unwrap().iter();
        steps
            .map(|step| (word(&step["step"]), word(&step["status"])))
            .collect()
    }

    /// Every finding's code.
    pub fn codes(&self) -> Vec<String> {
        let document = self.json();
        let steps = document["steps"].as_array().unwrap().iter();
        steps
            .flat_map(|step| step["findings"].as_array().unwrap().clone())
            .map(|finding| finding["code"].as_str().unwrap().to_owned())
            .collect()
    }

    /// The evidence of a step.
    pub fn evidence(&self, step: &str) -> String {
        let document = self.json();
        let steps = document["steps"].as_array().unwrap();
        let found = steps.iter().find(|found| found["step"] == step).unwrap();
        found["evidence"].as_str().unwrap().to_owned()
    }

    /// No output may hold any of these.
    pub fn holds_none_of(&self, secrets: &[&str]) {
        for secret in secrets {
            assert!(
                secret.len() >= 8,
                "a canary that is too short proves nothing"
            );
            assert!(!self.stdout.contains(secret), "a secret in standard output");
            assert!(!self.stderr.contains(secret), "a secret in standard error");
        }
    }
}
