//! The outcome of a command.

use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// How a command ended.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// Runs a command without input.
    pub fn of(command: &mut Command) -> Self {
        Self::new(&command.stdin(Stdio::null()).output().unwrap())
    }

    pub fn new(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout.clone()).unwrap(),
            stderr: String::from_utf8(output.stderr.clone()).unwrap(),
        }
    }

    /// Standard output, then standard error.
    pub fn output(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
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

    /// The codes of all findings.
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

    /// Asserts that no output contains one of these.
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
