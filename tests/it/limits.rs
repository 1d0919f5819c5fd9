//! The program against an API that tries to fill the memory, to waste time, or to get the key sent elsewhere.

use std::process::Command;

use crate::support::{Home, HostileAnswer, HostileHttp, Repo, Run, temp_dir};

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

/// A FastAPI app of one file, which ends with its engine.
fn python(lines: &str) -> Vec<(String, String)> {
    let head = "import os\nfrom fastapi import FastAPI\nfrom sqlalchemy import create_engine\napp = FastAPI()\n";
    vec![
        (
            "requirements.txt".to_owned(),
            "fastapi\nsqlalchemy\npsycopg[binary]\n".to_owned(),
        ),
        ("main.py".to_owned(), format!("{head}{lines}")),
    ]
}

/// `count` lines made of their number.
fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect()
}

/// Apps in which a few lines lead on in more ways than could ever be tried, each with a name.
fn apps_without_end() -> Vec<(&'static str, Vec<(String, String)>)> {
    let url = "u30 = os.environ['DATABASE_URL']\nengine = create_engine(u0)\n";
    let engine = "engine = create_engine(os.environ['DATABASE_URL'], **d0)\n";
    let concatenated = lines(30, |n| {
        format!("u{n} = {}\n", vec![format!("u{}", n + 1); 8].join(" + "))
    });
    let spread = lines(12, |n| {
        let parts = vec![format!("**d{}", n + 1); 30].join(", ");
        format!("d{n} = {{{parts}}}\n")
    });
    let filled = format!("d0 = {{}}\n{}", "d0.update(d0)\n".repeat(60));
    let stars = lines(40, |n| format!("from m{n} import *\n"));
    let exports = lines(40, |n| format!("export * from './m{n}.js';\n"));
    let mut modules = python(&format!("{stars}engine = create_engine(url)\n"));
    modules.extend((0..40).map(|n| (format!("m{n}.py"), stars.clone())));
    let mut requirements = python("");
    requirements[0].1 += &"-r requirements.txt\n".repeat(3);
    let manifest =
        r#"{"name": "x", "scripts": {"start": "node index.js"}, "dependencies": {"pg": "8"}}"#;
    let index = "import pg from 'pg';\nimport { url } from './m0.js';\nexport const pool = new pg.Pool({ connectionString: url });\n";
    let mut scripts = vec![
        ("package.json".to_owned(), manifest.to_owned()),
        ("index.js".to_owned(), index.to_owned()),
    ];
    scripts.extend((0..40).map(|n| (format!("m{n}.js"), exports.clone())));
    vec![
        ("concatenated", python(&format!("{concatenated}{url}"))),
        ("spread", python(&format!("{spread}{engine}"))),
        ("filled", python(&format!("{filled}{engine}"))),
        ("star imports", modules),
        ("requirements", requirements),
        ("exports", scripts),
    ]
}

#[test]
fn code_that_leads_on_without_end_is_read_to_a_limit() {
    let home = Home::new();
    for (name, files) in apps_without_end() {
        let files: Vec<_> = files
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
            .collect();
        let repo = Repo::files(&files);
        repo.git(&home, &["init", "-q"]);
        let run = Run::of(
            home.neonup()
                .current_dir(&repo.root)
                .args(["check", "env", "backend", "--json"]),
        );
        assert_eq!(run.code, 1, "{name}: {run:?}");
    }
}
