//! What is kept over a restart, and that nothing is left behind however a sandbox ends.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::sandbox::{Sandbox, SandboxError, SandboxOptions};
use crate::testing::folders::temp_dir;
use serde_json::json;

use super::support::{Api, ask, connect, run, start, start_with, until};

fn kept(dir: &Path) -> SandboxOptions {
    SandboxOptions {
        dir: Some(dir.to_owned()),
        ..SandboxOptions::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn restart_in_the_same_folder_keeps_key_authority_port_and_data() {
    let dir = temp_dir();
    let sandbox = start_with(kept(dir.path())).await;
    let api = Api::of(&sandbox);
    let created = api.project("kept").await;
    let uri = created.text("/connection_uris/0/connection_uri");
    let mut database = connect(&uri, sandbox.ca_file()).await.unwrap();
    run(
        &mut database,
        "CREATE TABLE note AS SELECT 'still here' AS text",
    )
    .await;
    let ca = std::fs::read(sandbox.ca_file()).unwrap();
    let key = sandbox.api_key().clone();

    let second = Sandbox::start(kept(dir.path()))
        .await
        .map(drop)
        .unwrap_err();
    assert!(matches!(second, SandboxError::DirInUse(_)), "{second}");
    sandbox.shutdown().await;

    let sandbox = start_with(kept(dir.path())).await;
    assert_eq!(*sandbox.api_key(), key);
    assert_eq!(std::fs::read(sandbox.ca_file()).unwrap(), ca);
    let mut database = connect(&uri, sandbox.ca_file()).await.unwrap();
    assert_eq!(
        ask(&mut database, "SELECT text FROM note").await,
        "still here"
    );
    let project = created.text("/project/id");
    let again = Api::of(&sandbox)
        .get(&format!("/projects/{project}"))
        .await
        .expect(200);
    assert_eq!(again.text("/project/name"), "kept");
    let gone = Api::of(&sandbox)
        .delete(&format!("/projects/{project}"))
        .await
        .expect(200);
    assert_eq!(gone.text("/project/id"), project);
    let computes = dir.path().join("computes");
    until(async || (std::fs::read_dir(&computes).unwrap().count() == 0).then_some(())).await;
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn start_errors_name_a_way_out() {
    let sandbox = start().await;
    let taken = url::Url::parse(&sandbox.api_host()).unwrap().port();
    let refuse = async |options: SandboxOptions| {
        let error = Sandbox::start(options).await.map(drop).unwrap_err();
        assert!(!error.hint().is_empty(), "{error}");
        error.to_string()
    };
    let port = SandboxOptions {
        port: taken,
        ..SandboxOptions::default()
    };
    assert!(refuse(port).await.contains("is in use"));
    let dir = temp_dir();
    let pg_bin = SandboxOptions {
        pg_bin: Some(dir.path().to_owned()),
        ..SandboxOptions::default()
    };
    assert!(refuse(pg_bin).await.contains("doesn't contain `postgres`"));
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert!(refuse(kept(&file)).await.contains("can't use"));
    std::fs::write(dir.path().join("sandbox.json"), r#"{"version": 999}"#).unwrap();
    assert!(refuse(kept(dir.path())).await.contains("newer neonup"));
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_and_drop_leave_no_process_and_no_folder() {
    for shut_down in [true, false] {
        let sandbox = start().await;
        Api::of(&sandbox).project("gone").await;
        let scratch = scratch_of(&sandbox);
        // what a server has just forked still has its name for a moment
        until(async || (servers_below(&scratch).len() == 1).then_some(())).await;
        if shut_down {
            sandbox.shutdown().await;
        } else {
            drop(sandbox);
        }
        assert_eq!(servers_below(&scratch), Vec::<String>::new());
        assert!(!scratch.exists(), "{}", scratch.display());
    }
}

/// A state folder that nobody but root can reach: Postgres still runs, and not as root.
#[tokio::test(flavor = "multi_thread")]
async fn state_below_a_private_folder_works() {
    use std::os::unix::fs::PermissionsExt as _;
    let private = temp_dir();
    std::fs::set_permissions(private.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    let sandbox = start_with(kept(&private.path().join("deep/state"))).await;
    let created = Api::of(&sandbox).project("private").await;
    let uri = created.text("/connection_uris/0/connection_uri");
    connect(&uri, sandbox.ca_file()).await.unwrap();
    sandbox.shutdown().await;
}

const CHILD: &str = "NEONUP_TEST_SANDBOX_CHILD";

/// Not a test of its own: [`sigkill_leaves_nothing_running`] runs it in a process that it can kill. (And a person who wants a
/// sandbox to try something by hand.)
#[tokio::test(flavor = "multi_thread")]
async fn child_that_is_killed() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let sandbox = start().await;
    Api::of(&sandbox).project("killed").await;
    let line = json!({
        "scratch": scratch_of(&sandbox),
        "api_host": sandbox.api_host(),
        "api_key": sandbox.api_key().expose(),
    });
    eprintln!("READY {line}");
    std::future::pending::<()>().await;
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn sigkill_leaves_nothing_running() {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "sandbox::tests::lifetime::child_that_is_killed",
            "--nocapture",
        ])
        .env(CHILD, "1")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let ready = lines
        .map_while(Result::ok)
        .find_map(|line| line.split_once("READY ").map(|(_, json)| json.to_owned()))
        .expect("the child did not start");
    let ready: serde_json::Value = serde_json::from_str(&ready).unwrap();
    let scratch = PathBuf::from(ready["scratch"].as_str().unwrap());
    // what a server has just forked still has its name for a moment
    until(async || (servers_below(&scratch).len() == 1).then_some(())).await;
    child.kill().unwrap();
    child.wait().unwrap();
    until(async || servers_below(&scratch).is_empty().then_some(())).await;
    // The folder cannot go by itself: the next sandbox takes it away, be it that of another test which starts just now, and which may
    // not have finished with it.
    start().await.shutdown().await;
    until(async || (!scratch.exists()).then_some(())).await;
}

/// The temporary folder of a sandbox: the one its authority's certificate lies in.
fn scratch_of(sandbox: &Sandbox) -> PathBuf {
    sandbox.ca_file().ancestors().nth(2).unwrap().to_owned()
}

/// The Postgres servers whose sockets lie below a folder.
fn servers_below(folder: &Path) -> Vec<String> {
    let all = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    all.filter_map(|entry| {
        let command = std::fs::read(entry.path().join("cmdline")).ok()?;
        let command = String::from_utf8_lossy(&command).replace('\0', " ");
        command
            .contains(&format!("-k {}", folder.display()))
            .then_some(command)
    })
    .collect()
}
