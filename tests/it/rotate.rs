//! Rotation: every interruption in a world of fakes, and the real binary against a real sandbox that fails each call once.

use std::{fs, time::Duration};

use neonup::{
    core::{
        answer::{KeyStorage, LoginAnswer, SecretsAnswer},
        code::Code,
        event::Report,
        failure::Result,
        step::StepId,
    },
    engine::{Step as _, login::LoginStep, project::ProjectStep, secrets::SecretsStep},
    project::settings::Flags,
};
use serde_json::json;

use crate::{
    support::{Home, Repo, Sandbox, faults, post},
    world::{KEY, PASSWORD, World},
};

const CONFIG: &str = r#"
[project]
name = "todo"
id = "todo-1"

[[env]]
file = "backend/.env"
keys.DATABASE_URL = { url = "direct", driver = "psycopg" }
keys.JWT_SECRET = { generate = "hex", bytes = 32 }

[[env]]
file = "worker/.env"
keys.POOLED_URL = { url = "pooled", driver = "psycopg2" }
"#;

fn url(scheme: &str, password: &str, suffix: &str) -> String {
    format!(
        "{scheme}://neondb_owner:{password}@ep-a-b-12345678{suffix}.us-east-2.aws.neon.tech/neondb?sslmode=require&channel_binding=require"
    )
}

/// A project whose env files are right, and a third one that `neonup.toml` does not know.
fn world() -> World {
    let world = World::default();
    world.project("todo-1", "todo");
    let backend = format!(
        "DATABASE_URL='{}'\nJWT_SECRET={}\n",
        url("postgresql+psycopg", PASSWORD, ""),
        "ab".repeat(32)
    );
    let worker = format!("POOLED_URL='{}'\n", url("postgresql", PASSWORD, "-pooler"));
    let scratch = format!("# mine\nPGPASSWORD={PASSWORD} # old\nOTHER=1\n");
    let compose = format!("    PASSWORD: {PASSWORD}\n");
    world.with(|state| {
        for (path, text) in [
            ("/repo/backend/.env", backend),
            ("/repo/worker/.env", worker),
            ("/repo/.env.scratch", scratch),
            ("/repo/compose.override.yml", compose),
        ] {
            state.files.insert(path.into(), text.into_bytes());
        }
        state.ignored = [
            ".env.scratch",
            "backend/.env",
            "worker/.env",
            "compose.override.yml",
        ]
        .map(str::to_owned)
        .to_vec();
    });
    world
}

/// One run of the command: as a new process does, it learns the world anew.
async fn run(world: &World, environment: &[(&str, &str)]) -> Result<Report> {
    let mut variables = vec![("NEON_API_KEY", KEY)];
    variables.extend_from_slice(environment);
    let settings = World::settings_of(CONFIG, &variables, Flags::default());
    let (cx, _events) = world.context(settings, StepId::Secrets);
    ProjectStep.probe(&cx).await?;
    SecretsStep.apply(&cx, SecretsAnswer::RotatePassword).await
}

/// Every env file has Neon's password, and the database takes it.
fn consistent(world: &World) -> std::result::Result<(), String> {
    let password = world.with(|state| state.password());
    for file in [
        "/repo/backend/.env",
        "/repo/worker/.env",
        "/repo/.env.scratch",
    ] {
        let text = world.file(file).unwrap();
        if !text.contains(&password) {
            return Err(format!("{file} has another password"));
        }
    }
    let accepted = world.with(|state| state.accepted.clone());
    if accepted.as_deref() == Some(&password) {
        Ok(())
    } else {
        Err("the database takes another password".to_owned())
    }
}

#[tokio::test(start_paused = true)]
async fn every_env_file_gets_the_new_password_and_copies_are_named() {
    let world = world();
    let hidden = url("postgresql", PASSWORD, "");
    let report = run(&world, &[("DATABASE_URL", &hidden)]).await.unwrap();
    consistent(&world).unwrap();
    assert_eq!(world.with(|state| state.resets), 1);
    let new = world.with(|state| state.password());
    assert_eq!(
        world.file("/repo/.env.scratch").unwrap(),
        format!("# mine\nPGPASSWORD={new} # old\nOTHER=1\n")
    );
    // the generated secret stays
    assert!(
        world
            .file("/repo/backend/.env")
            .unwrap()
            .contains(&"ab".repeat(32))
    );
    let named: Vec<_> = report
        .findings
        .iter()
        .map(|finding| (finding.code, finding.path.clone().unwrap_or_default()))
        .collect();
    assert!(
        named.contains(&(Code::EnvStaleUrl, "compose.override.yml".to_owned())),
        "{named:?}"
    );
    assert!(
        named.contains(&(Code::EnvStaleUrl, ".env.scratch".to_owned())),
        "{named:?}"
    );
    assert!(
        named.contains(&(Code::EnvShellHidesValue, String::new())),
        "{named:?}"
    );
    let text = format!("{report:?}");
    for secret in [PASSWORD, new.as_str(), KEY] {
        assert!(!text.contains(secret), "a report tells a secret");
    }
}

#[tokio::test(start_paused = true)]
async fn killed_before_any_of_its_changes_the_next_run_finishes() {
    let whole = world();
    whole.with(|state| state.changes_left = Some(usize::MAX));
    run(&whole, &[]).await.unwrap();
    let changes = usize::MAX - whole.with(|state| state.changes_left).unwrap();
    assert!(
        changes >= 4,
        "a reset, another env file and two targets: {changes}"
    );
    for left in 0..changes {
        let world = world();
        world.with(|state| state.changes_left = Some(left));
        let killed = tokio::time::timeout(Duration::from_hours(1), run(&world, &[])).await;
        assert!(
            !matches!(killed, Ok(Ok(_))),
            "it was to be killed after {left} changes"
        );
        world.with(|state| {
            state.changes_left = None;
            state.killed = false;
        });
        run(&world, &[]).await.unwrap();
        consistent(&world).unwrap_or_else(|why| panic!("killed after {left} changes: {why}"));
        let resets = world.with(|state| state.resets);
        assert_eq!(resets, 1, "killed after {left} changes: reset again");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_followed_by_a_look() {
    let world = world();
    world.with(|state| state.lost_resets = 1);
    run(&world, &[]).await.unwrap();
    consistent(&world).unwrap();
    assert_eq!(world.with(|state| state.resets), 1);
}

#[tokio::test(start_paused = true)]
async fn a_failed_operation_changes_no_file_and_says_how_to_go_on() {
    let world = world();
    world.with(|state| state.operation_fails = true);
    let before = world.file("/repo/backend/.env");
    let failure = run(&world, &[]).await.unwrap_err();
    assert!(failure.hint.contains("neonup rotate"), "{failure}");
    assert_eq!(world.file("/repo/backend/.env"), before);
    // what the hint says helps: Neon's password opens nothing, so the next run makes another one
    world.with(|state| {
        state.operation_fails = false;
        state.busy = 0;
    });
    run(&world, &[]).await.unwrap();
    consistent(&world).unwrap();
    assert_eq!(world.with(|state| state.resets), 2);
}

#[tokio::test(start_paused = true)]
async fn an_env_file_of_another_database_is_no_reason_to_reset_this_one() {
    let world = world();
    let other = url("postgresql+psycopg", PASSWORD, "").replace("ep-a-b", "ep-x-y");
    world.with(|state| {
        state.files.insert(
            "/repo/backend/.env".into(),
            format!("DATABASE_URL='{other}'\n").into_bytes(),
        )
    });
    let failure = run(&world, &[]).await.unwrap_err();
    assert_eq!(failure.code, Code::EnvStaleUrl);
    assert_eq!(world.with(|state| state.resets), 0);
}

async fn rotate_key(world: &World) -> Result<Report> {
    let settings = World::settings_of(CONFIG, &[], Flags::default());
    world.with(|state| {
        let account = settings.key_account();
        state
            .stored
            .entry((KeyStorage::Keyring as u8, account))
            .or_insert_with(|| KEY.to_owned());
    });
    let (cx, _events) = world.context(settings, StepId::Login);
    LoginStep.apply(&cx, LoginAnswer::Rotate).await
}

fn stored(world: &World) -> String {
    world.with(|state| state.stored.values().next().unwrap().clone())
}

#[tokio::test(start_paused = true)]
async fn a_new_key_is_stored_before_the_old_one_is_revoked() {
    let world = world();
    let report = rotate_key(&world).await.unwrap();
    assert!(world.with(|state| state.revoked), "{report:?}");
    assert_eq!(
        world
            .with(|state| state.calls.clone())
            .iter()
            .filter(|call| call.ends_with("key"))
            .collect::<Vec<_>>(),
        ["create key", "store key", "revoke key"]
    );
    let new = stored(&world);
    assert!(new != KEY && world.with(|state| state.keys.iter().any(|(_, _, key)| *key == new)));
}

#[tokio::test(start_paused = true)]
async fn of_several_keys_none_is_revoked_and_all_are_named() {
    let world = world();
    world.with(|state| {
        state
            .keys
            .push((7, "ci".to_owned(), "napi_ofci0123456789".to_owned()));
    });
    let report = rotate_key(&world).await.unwrap();
    assert!(!world.with(|state| state.revoked));
    let finding = report
        .findings
        .iter()
        .find(|finding| finding.code == Code::LoginKeyScope)
        .unwrap();
    assert!(
        finding.detail.contains("`mine` (number 1") && finding.detail.contains("`ci` (number 7")
    );
}

#[tokio::test(start_paused = true)]
async fn of_several_keys_the_one_whose_use_shows_is_revoked_and_no_other() {
    let world = world();
    world.with(|state| {
        state.tells_uses = true;
        state
            .keys
            .push((7, "ci".to_owned(), "napi_ofci0123456789".to_owned()));
        state.uses.insert(7, 3);
    });
    rotate_key(&world).await.unwrap();
    let left: Vec<_> = world.with(|state| state.keys.iter().map(|(id, ..)| *id).collect());
    assert_eq!(
        (world.with(|state| state.revoked), left),
        (true, vec![7, 3])
    );
}

#[tokio::test(start_paused = true)]
async fn a_key_whose_answer_was_lost_is_revoked_and_the_old_one_stays() {
    let world = world();
    world.with(|state| state.lost_keys = 1);
    let failure = rotate_key(&world).await.unwrap_err();
    assert!(
        failure.hint.contains("the old key is as it was"),
        "{failure}"
    );
    assert_eq!(
        world.with(|state| (state.revoked, state.keys.len())),
        (false, 0)
    );
    assert_eq!(stored(&world), KEY);
}

#[tokio::test(start_paused = true)]
async fn killed_anywhere_the_stored_key_is_one_that_works() {
    for left in 0..3 {
        let world = world();
        world.with(|state| state.changes_left = Some(left));
        let killed = tokio::time::timeout(Duration::from_hours(1), rotate_key(&world)).await;
        assert!(killed.is_err(), "it was to be killed after {left} changes");
        let key = stored(&world);
        let works = world.with(|state| {
            (key == KEY && !state.revoked) || state.keys.iter().any(|(_, _, known)| *known == key)
        });
        assert!(works, "killed after {left} changes: locked out");
    }
}

/// The password of the written connection URL.
fn password(repo: &Repo) -> String {
    let url = repo.env("DATABASE_URL");
    let (_, rest) = url.split_once("://").unwrap();
    rest.split_once(':')
        .unwrap()
        .1
        .split_once('@')
        .unwrap()
        .0
        .to_owned()
}

#[test]
fn the_real_binary_rotates_and_a_sandbox_that_fails_each_call_once_is_overcome() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let repo = Repo::sample(&home);
    let made = repo.neonup(
        &home,
        &sandbox,
        &["setup", "--yes", "--json", "login", "project", "env"],
    );
    assert_eq!(made.code, 0, "{made:#?}");
    let mut passwords = vec![password(&repo)];
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
    assert_eq!(password(&repo), passwords[0], "it was only to be said");

    let calls = [
        "/auth",
        "/branches",
        "/endpoints",
        "/databases",
        "/connection_uri",
        "/reset_password",
        "/operations",
    ];
    let bad = [
        json!({"status": 500, "count": 1}),
        json!({"status": 503, "count": 3}),
        json!({"status": 403, "count": 1}),
    ];
    for call in calls {
        for error in &bad {
            let mut error = error.clone();
            error["path"] = json!(call);
            faults(&sandbox, &json!({"errors": [error]}));
            let first = repo.neonup(&home, &sandbox, &["rotate", "--yes"]);
            faults(&sandbox, &json!({}));
            if first.code > 1 {
                let said = format!("{}{}", first.stdout, first.stderr);
                assert!(said.contains("hint: "), "{call} {error}: {first:#?}");
                let again = repo.neonup(&home, &sandbox, &["rotate", "--yes"]);
                assert!(again.code <= 1, "{call} {error}: {first:#?} {again:#?}");
            }
            passwords.push(password(&repo));
        }
        faults(
            &sandbox,
            &json!({"bodies": [{"kind": "lost", "count": 1, "path": call}]}),
        );
        let first = repo.neonup(&home, &sandbox, &["rotate", "--yes"]);
        faults(&sandbox, &json!({}));
        if first.code > 1 {
            let again = repo.neonup(&home, &sandbox, &["rotate", "--yes"]);
            assert!(again.code <= 1, "{call} lost: {first:#?} {again:#?}");
        }
        passwords.push(password(&repo));
    }
    // an operation that fails, and a database that is out of reach for a while
    for fault in [
        json!({"failed_operations": 1}),
        json!({"database": "cut"}),
        json!({"database": "refuse"}),
    ] {
        faults(&sandbox, &fault);
        let first = repo.neonup(&home, &sandbox, &["rotate", "--yes"]);
        faults(&sandbox, &json!({}));
        if first.code > 1 {
            let said = format!("{}{}", first.stdout, first.stderr);
            assert!(said.contains("hint: "), "{fault}: {first:#?}");
            let again = repo.neonup(&home, &sandbox, &["rotate", "--yes"]);
            assert!(again.code <= 1, "{fault}: {first:#?} {again:#?}");
        }
        passwords.push(password(&repo));
    }
    let health = repo.neonup(&home, &sandbox, &["check", "env", "--json"]);
    assert_eq!(health.code, 0, "{health:#?}");
    let last = passwords.last().unwrap().clone();
    assert!(repo.read("backend/.env.local").contains(&last));
    // a password that is proven to be dead cannot be brought back
    let undone = repo.neonup(&home, &sandbox, &["undo"]);
    assert!(
        undone.stdout.contains("nothing to bring back"),
        "{undone:#?}"
    );
    assert_eq!(password(&repo), last);
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
fn after_somebody_else_rotated_it_is_said_in_one_line_and_repaired_by_one_command() {
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
    let old = password(&repo);
    let config = repo.read("neonup.toml");
    let id = config
        .lines()
        .find_map(|line| line.strip_prefix("id = "))
        .unwrap()
        .trim_matches('"');
    // the set-up knows the branch from the create's answer; whoever looks again asks for it
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
            .contains("`DATABASE_URL` is not this project's connection URL"),
        "{lines:#?}"
    );
    let repaired = repo.neonup(&home, &sandbox, &["setup", "--yes", "--json"]);
    assert_eq!(repaired.code, 0, "{repaired:#?}");
    let new = password(&repo);
    assert_ne!(new, old);
    repaired.holds_none_of(&[&old, &new]);
    sandbox.stop();
}
