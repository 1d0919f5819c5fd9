//! A new project by `neonup setup --yes`, and the same work by the `neon` CLI and `psql`, in one run.
//!
//! `cargo bench --bench setup` prints requests, dependent round trips and times, at no latency and at 100 ms for each API
//! request. Every run has a fresh copy of the sample and makes a project of its own, which is deleted afterwards. The longest
//! chain of requests, each of which began after the one before it had ended, is what a slow network makes us wait for.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    unreachable_pub,
    dead_code,
    reason = "a benchmark that is surprised should stop there and say so; it shares the tests' support"
)]

mod support;

use std::{
    fs,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use support::{
    against, children_cpu, median, millis, neon,
    real::{Home, Repo, Sandbox, exchange, faults, has, python, until},
    row, wanted,
};

const ROUNDS: usize = 5;
/// Of each API request, in milliseconds.
const LATENCIES: [u64; 2] = [0, 100];
/// What the pipeline does, too.
const COMPARABLE: &[&str] = &["setup", "login", "project", "env", "schema", "--yes"];
const WHOLE: &[&str] = &["setup", "--yes"];

fn main() {
    if !wanted() {
        return;
    }
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    // the first compute of all waits until the engine is unpacked
    ours(&home, &sandbox, WHOLE, 0);
    let mut number = 1;
    for latency in LATENCIES {
        println!("at {latency} ms for each API request:");
        faults(&sandbox, &json!({"latency_ms": latency}));
        let mut comparable = Vec::new();
        let mut piped = Vec::new();
        let mut whole = Vec::new();
        // in turns, so that a busy moment meets all of them
        for _ in 0..ROUNDS {
            comparable.push(ours(&home, &sandbox, COMPARABLE, number));
            whole.push(ours(&home, &sandbox, WHOLE, number + 1));
            piped.extend(pipeline(&home, &sandbox, number + 2));
            number += 3;
        }
        let us = told("  neonup setup login project env schema --yes", &comparable);
        told("  neonup setup --yes: all seven steps", &whole);
        if piped.is_empty() {
            row(
                "  the pipeline",
                "not measured: `neon` or `psql` is missing",
            );
        } else {
            let them = told(
                "  neon projects list, create, connection-string; psql twice",
                &piped,
            );
            let ratio = them.as_secs_f64() / us.as_secs_f64();
            row(
                "  the pipeline's time beside ours for the same",
                format!("{ratio:.1} times"),
            );
        }
        // without latency a request takes less than what lies between two of them
        if latency > 0 {
            whole.last().unwrap().explain();
        }
    }
    if python().is_none() {
        println!(
            "the application is not started: NEONUP_TEST_PYTHON names no Python with its packages"
        );
    }
    sandbox.stop();
}

/// One API request, as the sandbox has logged it; times in microseconds.
struct Request {
    what: String,
    began: u64,
    ended: u64,
}

impl Request {
    fn of(entry: &Value) -> Self {
        let path = entry["path"].as_str().unwrap();
        Self {
            what: format!("{} {}", entry["method"].as_str().unwrap(), kind(path)),
            began: entry["began_us"].as_u64().unwrap(),
            ended: entry["ended_us"].as_u64().unwrap(),
        }
    }

    /// Whether it asks how far an operation is.
    fn polls(&self) -> bool {
        self.what.contains("/operations/")
    }
}

/// A path without its query, and with `{}` for what names a thing.
fn kind(path: &str) -> String {
    let path = path
        .split('?')
        .next()
        .unwrap()
        .trim_start_matches("/api/v2");
    let mut segments: Vec<&str> = path.split('/').collect();
    for at in 1..segments.len() {
        let collection = ["projects", "branches", "operations"].contains(&segments[at - 1]);
        if collection && segments[at] != "shared" {
            segments[at] = "{}";
        }
    }
    segments.join("/")
}

/// The longest chain of requests of which each began after the one before it had ended.
fn chain(requests: &[Request]) -> Vec<&Request> {
    let mut sorted: Vec<_> = requests.iter().collect();
    sorted.sort_unstable_by_key(|request| request.ended);
    let mut chain: Vec<&Request> = Vec::new();
    for request in sorted {
        if chain.last().is_none_or(|last| last.ended <= request.began) {
            chain.push(request);
        }
    }
    chain
}

/// What one run was.
struct Run {
    time: Duration,
    cpu: Duration,
    requests: Vec<Request>,
}

impl Run {
    /// Does something, and looks what it asked for.
    fn of(sandbox: &Sandbox, work: impl FnOnce()) -> Self {
        let before = sandbox.log().len();
        let (started, cpu) = (Instant::now(), children_cpu());
        work();
        let (time, cpu) = (started.elapsed(), children_cpu().saturating_sub(cpu));
        let requests = sandbox.log()[before..].iter().map(Request::of).collect();
        Self {
            time,
            cpu,
            requests,
        }
    }

    /// How long Neon's operations were waited for: from the create's answer to the last poll's.
    fn waited(&self) -> Duration {
        let mut all = self.requests.iter();
        let made = all.find(|request| request.what == "POST /projects");
        let last = self.requests.iter().rfind(|request| request.polls());
        let both = made.zip(last);
        both.map_or(Duration::ZERO, |(made, last)| {
            Duration::from_micros(last.ended - made.ended)
        })
    }

    /// Each request of the chain, and what the wait for Neon's operations took.
    fn explain(&self) {
        let began = self.requests.iter().map(|request| request.began).min();
        let began = began.unwrap_or_default();
        println!("  the chain of the last run, with the millisecond at which each began:");
        let chain = chain(&self.requests);
        for request in &chain {
            println!(
                "    {:>5}  {}",
                (request.began - began) / 1000,
                request.what
            );
        }
        let polls = chain.iter().filter(|request| request.polls()).count();
        let figure = format!("{} in {polls} round trips", millis(self.waited()));
        row("  from the create's answer to the last poll's", figure);
    }
}

/// Prints what some runs came to, and gives their time.
fn told(what: &str, runs: &[Run]) -> Duration {
    let middle = |of: fn(&Run) -> Duration| {
        let times: Vec<_> = runs.iter().map(of).collect();
        median(&times)
    };
    let count = |of: fn(&Run) -> usize| {
        let mut counts: Vec<_> = runs.iter().map(of).collect();
        counts.sort_unstable();
        counts[counts.len() / 2]
    };
    let time = middle(|run| run.time);
    row(
        what,
        format!(
            "{}, {} of it for the compute; {} CPU; {} requests, a chain of {}",
            millis(time),
            millis(middle(Run::waited)),
            millis(middle(|run| run.cpu)),
            count(|run| run.requests.len()),
            count(|run| chain(&run.requests).len())
        ),
    );
    time
}

/// `neonup` in a fresh copy of the sample, whose project has a name of its own.
fn ours(home: &Home, sandbox: &Sandbox, arguments: &[&str], number: usize) -> Run {
    let repo = Repo::sample(home);
    let config = repo.read("neonup.toml");
    let name = format!("aido-todo-{number}");
    let own = config.replace("name = \"aido-todo\"", &format!("name = \"{name}\""));
    assert_ne!(own, config);
    fs::write(repo.path("neonup.toml"), own).unwrap();
    if let Some(python) = python() {
        repo.link_venv(&python, "backend/.venv");
    }
    let run = Run::of(sandbox, || {
        let ended = repo.neonup(home, sandbox, arguments);
        assert_eq!(ended.code, 0, "{ended:#?}");
    });
    forget(sandbox, &name);
    run
}

/// The same by hand. `None`: a program is missing.
fn pipeline(home: &Home, sandbox: &Sandbox, number: usize) -> Option<Run> {
    let neon = neon()?;
    if !has("psql") {
        return None;
    }
    let repo = Repo::sample(home);
    let name = format!("aido-todo-{number}");
    let neon = |arguments: &[&str]| {
        let mut command = against(home, sandbox, &neon);
        command.args(["--analytics=false"]).args(arguments);
        command.env("CI", "1").env("NO_UPDATE_NOTIFIER", "1");
        answer(command)
    };
    let run = Run::of(sandbox, || {
        let listed = neon(&["projects", "list", "-o", "json"]);
        assert!(!listed.contains(&name));
        let made = neon(&["projects", "create", "--name", &name, "-o", "json"]);
        let made: Value = serde_json::from_str(&made).unwrap();
        let id = made["project"]["id"].as_str().unwrap();
        let url = neon(&["connection-string", "--project-id", id]);
        let psql = |arguments: &[&str]| {
            let mut command = home.command("psql");
            command.arg(url.trim()).args(["-v", "ON_ERROR_STOP=1"]);
            command.args(arguments);
            answer(command)
        };
        let schema = repo.path("backend/schema.sql");
        psql(&["-q", "-f", schema.to_str().unwrap()]);
        let count = psql(&["-XAtc", "SELECT count(*) FROM task"]);
        assert_eq!(count.trim(), "0");
    });
    forget(sandbox, &name);
    Some(run)
}

fn answer(mut command: Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// Asks the sandbox's API.
fn send(sandbox: &Sandbox, method: &str, path: &str) -> String {
    let url = format!("{}{path}", sandbox.api_host);
    exchange(method, &url, &sandbox.api_key, "")
}

/// Deletes a run's project, so that the next run finds the same as this one did.
fn forget(sandbox: &Sandbox, name: &str) {
    let list = || {
        let text = send(sandbox, "GET", "/projects");
        let document: Value = serde_json::from_str(&text).unwrap();
        let projects = document["projects"].as_array().unwrap().clone();
        projects.into_iter().find(|project| project["name"] == name)
    };
    let project = list().unwrap();
    let path = format!("/projects/{}", project["id"].as_str().unwrap());
    send(sandbox, "DELETE", &path);
    until("the project is gone", || list().is_none());
}
