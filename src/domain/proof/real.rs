//! The proof with the project's own driver, run by a real Python.

use std::process::Command;

use crate::domain::{
    proof::{self, Verdict},
    url::Driver,
};

use crate::testing::requirements::{python, skip};

/// Runs a script and reads what it says.
fn run(driver: Driver, interpreter: &std::path::Path, url: &str) -> Verdict {
    let proof = proof::proof(driver).unwrap();
    let output = Command::new(interpreter)
        .args(&proof.arguments)
        .env(proof::VARIABLE, url)
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    proof::verdict(driver, &String::from_utf8_lossy(&text), "hunter2")
}

#[test]
fn a_refused_connection_is_told_in_the_drivers_own_words() {
    let Some(python) = python() else {
        return skip("NEONUP_TEST_PYTHON names no Python with the sample's packages");
    };
    let url = "postgresql+psycopg://u:hunter2@127.0.0.1:1/d?sslmode=require";
    let Verdict::Failed(words) = run(Driver::Psycopg, &python, url) else {
        panic!("it did not fail")
    };
    assert!(words.starts_with("OperationalError:"), "{words}");
    assert!(words.to_lowercase().contains("refused"), "{words}");
    assert!(!words.contains("hunter2"), "{words}");
}
