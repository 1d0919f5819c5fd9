//! A running `neonup sandbox`.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, Command, Stdio},
};

use serde_json::Value;

#[cfg(unix)]
use super::processes::signal;
use super::{
    home::Home,
    http::{exchange, post},
    processes::{spawn, wait},
};

/// A running `neonup sandbox --json`.
pub struct Sandbox {
    pub child: Child,
    pub api_host: String,
    pub api_key: String,
    pub ca_file: String,
    pub fetch_endpoint: String,
    pub ws_proxy: String,
}

impl Sandbox {
    pub fn start(home: &Home, arguments: &[&str]) -> Self {
        Self::run(home.neonup().args(["sandbox", "--json"]).args(arguments))
    }

    /// Runs a `neonup sandbox --json` that is already spelled out.
    pub fn run(command: &mut Command) -> Self {
        let mut child = spawn(
            command
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped()),
        );
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
            fetch_endpoint: field("fetch_endpoint"),
            ws_proxy: field("ws_proxy"),
            child,
        }
    }

    /// Every request since the start, as the sandbox logs it.
    pub fn log(&self) -> Vec<Value> {
        let origin = self.api_host.trim_end_matches("/api/v2");
        let url = format!("{origin}/sandbox/requests");
        let body = exchange("GET", &url, &self.api_key, "");
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

    /// Stops it, as Ctrl-C would.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        if self.child.try_wait().unwrap().is_none() {
            #[cfg(unix)]
            signal(self.child.id(), rustix::process::Signal::TERM);
            // no other process can be asked to end
            #[cfg(windows)]
            self.child.kill().unwrap();
            wait(&mut self.child);
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.end();
    }
}

/// Tells a sandbox how to misbehave from now on.
pub fn faults(sandbox: &Sandbox, faults: &Value) {
    let base = sandbox.api_host.strip_suffix("/api/v2").unwrap();
    post(&format!("{base}/sandbox/faults"), &sandbox.api_key, faults);
}
