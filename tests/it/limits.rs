//! The program against an API that tries to fill the memory, to waste time, or to get the key sent elsewhere.

use std::process::Command;

use crate::support::{Home, HostileAnswer, HostileHttp, Run, temp_dir};

const API_KEY: &str = "napi_canary0123456789abcdefghijklmnopqrstuvwxyz0123456789";
/// The most memory that the program may take, in kB.
const MEMORY: u32 = 300_000;

/// Runs a check of the project, in memory that is not more than it may take.
fn check(home: &Home, server: &HostileHttp) -> Run {
    let dir = temp_dir();
    std::fs::write(dir.path().join("neonup.toml"), "[project]\nname = \"x\"\n").unwrap();
    let binary = env!("CARGO_BIN_EXE_neonup");
    // an allocation beyond it ends the program
    let script = format!("ulimit -d {MEMORY}; exec \"$@\"");
    let mut command: Command = home.command("/bin/sh");
    command
        .args(["-c", &script, "sh", binary])
        .args(["check", "login", "project", "--timeout", "10", "--json"])
        .current_dir(dir.path())
        .env("NEON_API_KEY", API_KEY)
        .env("NEON_API_HOST", &server.base);
    Run::of(&mut command)
}

#[test]
fn an_answer_without_end_is_a_failure_that_names_the_limit() {
    let home = Home::new();
    for answer in [
        HostileAnswer::EndlessList,
        HostileAnswer::EndlessRefusal(401),
        HostileAnswer::HugeLength,
    ] {
        let server = HostileHttp::start(answer.clone());
        let run = check(&home, &server);
        assert_eq!(run.code, 2, "{answer:?}: {run:?}");
        assert!(
            run.stdout.contains("longer than 8 MB"),
            "{answer:?}: {run:?}"
        );
        run.holds_none_of(&[API_KEY]);
    }
}

#[test]
fn a_list_without_end_is_incomplete() {
    let home = Home::new();
    for answer in [HostileAnswer::RepeatedPage, HostileAnswer::EndlessPages] {
        let server = HostileHttp::start(answer.clone());
        let run = check(&home, &server);
        assert_eq!(run.code, 1, "{answer:?}: {run:?}");
        assert!(
            run.codes()
                .contains(&"project.listing-incomplete".to_owned()),
            "{answer:?}: {run:?}"
        );
    }
}

#[test]
fn a_redirect_is_a_failure_that_names_the_other_host() {
    let home = Home::new();
    let other = HostileHttp::start(HostileAnswer::RepeatedPage);
    let to = format!("{}/api/v2/auth", other.origin());
    let server = HostileHttp::start(HostileAnswer::Redirect(307, to));
    let run = check(&home, &server);
    assert_eq!(run.code, 2, "{run:?}");
    let said = format!("redirects to {}", other.origin());
    assert!(run.stdout.contains(&said), "{run:?}");
    assert!(other.requests().is_empty(), "the other host was asked");
}

/// An env file of 40,000 lines in which everything is wrong, and files that are larger or longer than is read.
#[test]
fn a_long_env_file_takes_no_longer_than_its_length() {
    let home = Home::new();
    let dir = temp_dir();
    let toml = "[project]\nname = \"x\"\n[[env]]\nfile = \".env\"\nkeys.A = \"b\"\n";
    std::fs::write(dir.path().join("neonup.toml"), toml).unwrap();
    std::fs::write(dir.path().join(".gitignore"), ".env*\n").unwrap();
    let made = home
        .command("git")
        .args(["init", "-q"])
        .current_dir(dir.path())
        .status();
    assert!(made.unwrap().success());
    let check = |text: &str| {
        std::fs::write(dir.path().join(".env"), text).unwrap();
        let started = std::time::Instant::now();
        let run = Run::of(
            home.neonup()
                .args(["check", "env", "--json"])
                .current_dir(dir.path())
                .env("NEON_API_HOST", "http://127.0.0.1:9/api/v2"),
        );
        assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
        run
    };
    for line in [
        "A='x\n",
        "A=\"x\n",
        "A=`x\nB=\"y\n",
        "A=\"\\\"$x\n",
        "no syntax at all\n",
    ] {
        let run = check(&line.repeat(40_000 / line.lines().count()));
        assert!(
            run.stdout.contains("more than 100 problems"),
            "{line}: {}",
            run.code
        );
    }
    let run = check(&"K=1\n".repeat(300_000));
    assert_eq!(run.code, 2);
    assert!(run.stdout.contains("larger than 1 MB"), "{}", run.stdout);
    let run = check(&"K\n".repeat(60_000));
    assert!(
        run.stdout.contains("more than 50000 lines"),
        "{}",
        run.stdout
    );
}
