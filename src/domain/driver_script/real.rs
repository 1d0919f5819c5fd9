//! The scripts, run by a real Python.

use std::process::Command;

use crate::domain::{
    driver_script::{self, DriverOutcome},
    url::Driver,
};

use crate::testing::requirements::{python, skip};

/// Runs a script and reads its output.
fn run(driver: Driver, interpreter: &std::path::Path, url: &str) -> DriverOutcome {
    let script = driver_script::script(driver).unwrap();
    let output = Command::new(interpreter)
        .args(&script.arguments)
        .env(driver_script::URL_VARIABLE, url)
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    driver_script::outcome(driver, &String::from_utf8_lossy(&text), "hunter2")
}

#[test]
fn a_refused_connection_shows_the_drivers_own_message() {
    let Some(python) = python() else {
        return skip("NEONUP_TEST_PYTHON names no Python with the sample's packages");
    };
    let url = "postgresql+psycopg://u:hunter2@127.0.0.1:1/d?sslmode=require";
    let DriverOutcome::Failed(message) = run(Driver::Psycopg, &python, url) else {
        panic!("it did not fail")
    };
    assert!(message.starts_with("OperationalError:"), "{message}");
    assert!(message.to_lowercase().contains("refused"), "{message}");
    assert!(!message.contains("hunter2"), "{message}");
}
