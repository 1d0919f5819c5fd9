//! The real OS keyring: a `gnome-keyring-daemon` on a D-Bus session of its own.

use crate::support::{Home, Repo, Run, Sandbox, has, skip};

/// Whether this machine has a keyring and D-Bus; prints that the test is skipped where it does not.
fn can_run() -> bool {
    let all = has("gnome-keyring-daemon") && has("dbus-run-session");
    if !all {
        skip("there is no gnome-keyring-daemon or no dbus-run-session");
    }
    all
}

/// Runs a shell script in the sample's folder and in a D-Bus session, which ends with it.
fn run_in_session(home: &Home, unlock: bool, script: &str) -> Run {
    let sandbox = Sandbox::start(home, &[]);
    let repo = Repo::sample(home);
    let runtime = home.dir.path().join("runtime");
    std::fs::create_dir_all(&runtime).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&runtime, std::fs::Permissions::from_mode(0o700)).unwrap();
    }
    let daemon = if unlock {
        "printf 'a password' | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1\n"
    } else {
        // running, but nobody can unlock it: no default collection
        "gnome-keyring-daemon --start --components=secrets >/dev/null 2>&1\n"
    };
    let script = format!("{daemon}({script}\n)\ncode=$?\npkill -P $$ 2>/dev/null\nexit $code\n");
    let run = Run::of(
        home.command("dbus-run-session")
            .args(["--", "bash", "-c", &script])
            .current_dir(&repo.root)
            .env("XDG_RUNTIME_DIR", &runtime)
            .env("XDG_DATA_HOME", home.dir.path().join("data"))
            .env("NEON_API_HOST", &sandbox.api_host)
            .env("KEY", &sandbox.api_key)
            .env("NEONUP", env!("CARGO_BIN_EXE_neonup")),
    );
    run.holds_none_of(&[&sandbox.api_key]);
    run
}

#[test]
fn login_stores_the_key_in_the_keyring_and_logout_removes_it() {
    if !can_run() {
        return;
    }
    let home = Home::new();
    let run = run_in_session(
        &home,
        true,
        r#"set -e
        printf '%s' "$KEY" | "$NEONUP" login
        "$NEONUP" check login --json
        "$NEONUP" logout
        ! "$NEONUP" check login >/dev/null"#,
    );
    assert_eq!(run.code, 0, "{run:#?}");
    assert!(run.stdout.contains("from the OS keyring"), "{run:#?}");
    assert!(run.stdout.contains("removed: "), "{run:#?}");
    assert!(
        !home.dir.path().join("config/neonup/keys").exists(),
        "the key is in a file as well"
    );
}

#[test]
fn locked_keyring_is_reported_within_the_time_limit() {
    if !can_run() {
        return;
    }
    let home = Home::new();
    let run = run_in_session(&home, false, r#"printf '%s' "$KEY" | "$NEONUP" login"#);
    assert_eq!(run.code, 2, "{run:#?}");
    assert!(
        run.stderr.contains("keyring") || run.stdout.contains("keyring"),
        "{run:#?}"
    );
    assert!(run.stdout.contains("--store file"), "{run:#?}");
}
