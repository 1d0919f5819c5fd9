//! Rotation with the real binary against a sandbox that fails each call once.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Home, Repo, Sandbox, faults, post};

/// Faults of every call that a rotation makes, of its operations, and of the database.
fn each_fault_once() -> Vec<Value> {
    let calls = [
        "/auth",
        "/branches",
        "/endpoints",
        "/databases",
        "/connection_uri",
        "/reset_password",
        "/operations",
    ];
    let of_call = |path: &str| {
        [
            json!({"errors": [{"status": 500, "count": 1, "path": path}]}),
            json!({"errors": [{"status": 503, "count": 3, "path": path}]}),
            json!({"errors": [{"status": 403, "count": 1, "path": path}]}),
            json!({"bodies": [{"kind": "lost", "count": 1, "path": path}]}),
        ]
    };
    let others = [
        json!({"failed_operations": 1}),
        json!({"database": "cut"}),
        json!({"database": "refuse"}),
    ];
    calls.into_iter().flat_map(of_call).chain(others).collect()
}

#[test]
fn rotation_survives_each_call_failing_once() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let repo = Repo::sample(&home);
    let made = repo.neonup(
        &home,
        &sandbox,
        &["setup", "--yes", "--json", "login", "project", "env"],
    );
    assert_eq!(made.code, 0, "{made:#?}");
    let mut passwords = vec![repo.password()];
    fs::write(
        repo.path("backend/.env.local"),
        format!("PGPASSWORD={}\n", passwords[0]),
    )
    .unwrap();

    let asked = repo.neonup(&home, &sandbox, &["rotate"]);
    assert_eq!(asked.code, 2, "{asked:#?}");
    assert!(asked.stderr.contains("neonup rotate --yes"), "{asked:#?}");
    let dry = repo.neonup(&home, &sandbox, &["rotate", "--dry-run"]);
    assert_eq!(dry.code, 0, "{dry:#?}");
    assert_eq!(repo.password(), passwords[0], "a dry run changes nothing");

    for fault in each_fault_once() {
        faults(&sandbox, &fault);
        let first = repo.neonup(&home, &sandbox, &["rotate", "--yes"]);
        faults(&sandbox, &json!({}));
        if first.code > 1 {
            let said = first.output();
            let way_out = said.contains("hint: ") || said.contains("fix: ");
            assert!(way_out, "{fault}: {first:#?}");
            let again = repo.neonup(&home, &sandbox, &["rotate", "--yes"]);
            assert!(again.code <= 1, "{fault}: {first:#?} {again:#?}");
        }
        passwords.push(repo.password());
    }
    let health = repo.neonup(&home, &sandbox, &["check", "env", "--json"]);
    assert_eq!(health.code, 0, "{health:#?}");
    let last = passwords.last().unwrap().clone();
    assert!(repo.read("backend/.env.local").contains(&last));
    // undo never restores a password that no longer works
    let undone = repo.neonup(&home, &sandbox, &["undo"]);
    assert!(undone.stdout.contains("nothing to undo"), "{undone:#?}");
    assert_eq!(repo.password(), last);
    let distinct: std::collections::BTreeSet<_> = passwords.iter().collect();
    assert_eq!(
        distinct.len(),
        passwords.len(),
        "a rotation left the old password"
    );
    let all: Vec<_> = passwords.iter().map(String::as_str).collect();
    health.holds_none_of(&all);
    sandbox.stop();
}

#[test]
fn password_rotated_elsewhere_is_reported_and_repaired() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let repo = Repo::sample(&home);
    let steps = ["login", "project", "env", "health"];
    let setup = |arguments: &[&str]| {
        let mut all = arguments.to_vec();
        all.extend(steps);
        repo.neonup(&home, &sandbox, &all)
    };
    let made = repo.neonup(&home, &sandbox, &["setup", "--yes", "--json"]);
    assert_eq!(made.code, 0, "{made:#?}");
    let old = repo.password();
    let config = repo.read("neonup.toml");
    let id = config
        .lines()
        .find_map(|line| line.strip_prefix("id = "))
        .unwrap()
        .trim_matches('"');
    // setup knows the branch from the answer to the create; a check asks for it
    assert_eq!(setup(&["check"]).code, 0);
    let path = sandbox
        .requests()
        .into_iter()
        .find(|request| request.contains("/branches/"))
        .unwrap();
    let (_, rest) = path.split_once("/branches/").unwrap();
    let branch = rest.split(['/', '?', ' ']).next().unwrap();
    let url = format!(
        "{}/projects/{id}/branches/{branch}/roles/neondb_owner/reset_password",
        sandbox.api_host
    );
    post(&url, &sandbox.api_key, &json!({}));

    // the reset works as soon as its operation has finished
    crate::support::until("the old password refused", || {
        let run = setup(&["check", "--json"]);
        let codes = run.codes();
        run.code != 0
            && codes.contains(&"env.stale-url".to_owned())
            && codes.contains(&"health.auth".to_owned())
    });
    let lines = setup(&["check"]);
    assert!(
        lines
            .stdout
            .contains("`DATABASE_URL` has an old password (changed in Neon)"),
        "{lines:#?}"
    );
    // one cause with one fix: what follows from it is folded under it
    assert!(lines.stdout.contains("follows from env.stale-url"));
    assert!(
        lines.stdout.ends_with("next: neonup setup env\n"),
        "{lines:#?}"
    );
    let repaired = repo.neonup(&home, &sandbox, &["setup", "--yes", "--json"]);
    assert_eq!(repaired.code, 0, "{repaired:#?}");
    let new = repo.password();
    assert_ne!(new, old);
    repaired.holds_none_of(&[&old, &new]);
    sandbox.stop();
}
