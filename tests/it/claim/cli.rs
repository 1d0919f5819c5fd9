//! The real `neon claim` (npm) against the sandbox.

use std::{path::PathBuf, process::Stdio};

use serde_json::Value;

use crate::support::{Home, Repo, Sandbox, post, skip};

#[test]
fn neon_cli_creates_and_claims_a_temporary_database() {
    let Some(bin) = std::env::var_os("NEONUP_TEST_NEON").map(PathBuf::from) else {
        return skip("NEONUP_TEST_NEON names no folder with the neon CLI");
    };
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &["--claimable"]);
    let repo = Repo::files::<&str>(&[]);
    repo.git(&home, &["init", "-q"]);
    let port = sandbox.api_host.split([':', '/']).nth(4).unwrap();
    let neon = |arguments: &[&str]| -> Value {
        let output = home
            .command(bin.join("neon"))
            .current_dir(&repo.root)
            .env("CLAIMABLE_NEON_HOST", format!("http://localhost:{port}"))
            .env("NEON_CONFIG_DIR", home.dir.path().join("neon"))
            .env("CI", "1")
            .args(["--analytics=false", "--output", "json", "claim"])
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}{errors}");
        serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}{errors}"))
    };
    let made = neon(&["create"]);
    assert_eq!(made["state"], "unclaimed", "{made:#}");
    assert!(repo.read(".env.local").contains("DATABASE_URL="));
    assert_eq!(neon(&["status"])["state"], "unclaimed");
    let offer = neon(&["accept", "--no-open"]);
    let page = offer["verification_url"].as_str().unwrap();
    post(&page.replace("localhost", "127.0.0.1"), "", &Value::Null);
    let claimed = neon(&["status"]);
    assert_eq!(
        (&claimed["state"], &claimed["reconciled"]),
        (&"claimed".into(), &true.into())
    );
    sandbox.stop();
}
