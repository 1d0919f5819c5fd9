//! The real `neon` CLI (npm) against the sandbox, as `tests/neon-cli.sh` drives it; what it prints is connected to.

use std::{path::PathBuf, process::Stdio};

use crate::support::{Home, Sandbox, has, skip};

#[test]
fn the_real_cli_runs_all_its_commands_and_what_it_prints_connects() {
    let Some(bin) = std::env::var_os("NEONUP_TEST_NEON").map(PathBuf::from) else {
        return skip("NEONUP_TEST_NEON names no folder with the neon CLI");
    };
    for program in ["bash", "psql"] {
        if !has(program) {
            return skip(&format!("{program} is not on the PATH"));
        }
    }
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let path = std::env::var("PATH").unwrap();
    let output = home
        .command("bash")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/neon-cli.sh"))
        .env("PATH", format!("{}:{path}", bin.display()))
        .env("NEON_API_HOST", &sandbox.api_host)
        .env("NEON_API_KEY", &sandbox.api_key)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{errors}");
    assert!(said.ends_with("all commands succeeded\n"), "{said}");
    // each command of the script reports by itself, and four of them print a URL that answers
    let ok = said.lines().filter(|line| line.ends_with("ok")).count();
    let answered = said.matches("and it answers").count();
    assert_eq!((ok, answered), (29, 4), "{said}");
    sandbox.stop();
}
