//! Rotation: every interruption, in a world of fakes.

use crate::testing::world::{KEY, PASSWORD, World};
use std::time::Duration;

use crate::{
    core::{
        answer::{KeyStorage, LoginAnswer, SecretsAnswer},
        code::Code,
        event::Report,
        failure::Result,
        step::StepId,
    },
    engine::{login::LoginStep, project::ProjectStep, secrets::SecretsStep, step::Step as _},
    project::settings::Flags,
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
        state.ignored_files = [
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
async fn a_rotation_rewrites_every_env_file_and_names_other_copies() {
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
async fn a_rotation_killed_before_any_change_is_finished_by_the_next_run() {
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
async fn a_lost_reset_answer_is_checked_and_not_sent_again() {
    let world = world();
    world.with(|state| state.lost_resets = 1);
    run(&world, &[]).await.unwrap();
    consistent(&world).unwrap();
    assert_eq!(world.with(|state| state.resets), 1);
}

#[tokio::test(start_paused = true)]
async fn a_failed_operation_changes_no_file_and_has_a_hint() {
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
async fn an_env_file_of_another_database_prevents_the_reset() {
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
async fn several_possible_old_keys_are_listed_and_none_is_revoked() {
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
        .find(|finding| finding.code == Code::LoginKeyLeftOver)
        .unwrap();
    assert!(
        finding.detail.contains("`mine` (number 1") && finding.detail.contains("`ci` (number 7")
    );
}

#[tokio::test(start_paused = true)]
async fn only_the_key_whose_use_shows_is_revoked() {
    let world = world();
    world.with(|state| {
        state.lists_last_use = true;
        state
            .keys
            .push((7, "ci".to_owned(), "napi_ofci0123456789".to_owned()));
        state.uses.insert(7, 3);
    });
    rotate_key(&world).await.unwrap();
    let left: Vec<_> = world.with(|state| state.keys.iter().map(|(id, ..)| *id).collect());
    assert_eq!(
        (world.with(|state| state.revoked), left),
        (true, vec![7, 101])
    );
}

#[tokio::test(start_paused = true)]
async fn a_key_whose_answer_was_lost_is_revoked_and_the_old_one_stays() {
    let world = world();
    world.with(|state| state.lost_keys = 1);
    let failure = rotate_key(&world).await.unwrap_err();
    assert!(
        failure.hint.contains("the old key is unchanged"),
        "{failure}"
    );
    assert_eq!(
        world.with(|state| (state.revoked, state.keys.len())),
        (false, 0)
    );
    assert_eq!(stored(&world), KEY);
}

/// The keys that work: all but the others' own.
fn live(world: &World) -> Vec<String> {
    world.with(|state| {
        let own = (!state.revoked).then(|| KEY.to_owned());
        let others = state.keys.iter().filter(|(id, ..)| *id > 100);
        own.into_iter()
            .chain(others.map(|(_, _, key)| key.clone()))
            .collect()
    })
}

#[tokio::test(start_paused = true)]
async fn a_key_rotation_killed_anywhere_leaves_a_working_key_and_the_next_one_no_other() {
    for alone in [true, false] {
        let mut kills = 0;
        for left in 0.. {
            let world = world();
            if !alone {
                world.with(|state| {
                    state
                        .keys
                        .push((7, "ci".to_owned(), "napi_ofci0123456789".to_owned()));
                    state.lists_last_use = true;
                });
            }
            world.with(|state| state.changes_left = Some(left));
            let killed = tokio::time::timeout(Duration::from_hours(1), rotate_key(&world)).await;
            let key = stored(&world);
            assert!(
                live(&world).contains(&key),
                "killed after {left} changes: locked out"
            );
            world.with(|state| {
                state.changes_left = None;
                state.killed = false;
            });
            if killed.is_ok() {
                break;
            }
            kills += 1;
            rotate_key(&world).await.unwrap();
            assert_eq!(
                live(&world),
                [stored(&world)],
                "killed after {left} changes: a key is left over"
            );
            assert_ne!(stored(&world), KEY);
            assert!(alone || world.with(|state| state.keys.iter().any(|(id, ..)| *id == 7)));
        }
        assert!(kills > 5, "{kills}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_keys_that_the_program_made_are_always_revoked() {
    let world = world();
    world.with(|state| {
        state
            .keys
            .push((7, "ci".to_owned(), "napi_ofci0123456789".to_owned()));
    });
    for turn in 1..=3 {
        rotate_key(&world).await.unwrap();
        // the first one stays, since Neon does not tell which it is
        assert_eq!(live(&world), [KEY.to_owned(), stored(&world)], "{turn}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_that_cannot_be_stored_is_revoked_again() {
    let world = world();
    world.with(|state| state.store_refuses = true);
    let failure = rotate_key(&world).await.unwrap_err();
    assert!(failure.hint.contains("was revoked again"), "{failure}");
    assert_eq!(live(&world), [KEY]);
    assert_eq!(stored(&world), KEY);
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_rotation_is_told_until_it_is_finished() {
    let world = world();
    // noted, and made
    world.with(|state| state.changes_left = Some(2));
    let killed = tokio::time::timeout(Duration::from_hours(1), rotate_key(&world)).await;
    assert!(killed.is_err());
    world.with(|state| {
        state.changes_left = None;
        state.killed = false;
    });
    let probe = async || {
        let (cx, _events) = world.context(
            World::settings_of(CONFIG, &[], Flags::default()),
            StepId::Login,
        );
        let report = LoginStep.probe(&cx).await.unwrap();
        report
            .findings
            .iter()
            .any(|finding| finding.code == Code::LoginKeyLeftOver)
    };
    assert!(probe().await);
    rotate_key(&world).await.unwrap();
    assert!(!probe().await);
}

#[tokio::test(start_paused = true)]
async fn only_one_process_at_a_time_replaces_the_key() {
    let world = world();
    world.with(|state| state.key_is_held = true);
    let failure = rotate_key(&world).await.unwrap_err();
    assert!(failure.what.contains("another neonup"), "{failure}");
    assert_eq!(live(&world), [KEY]);
}
