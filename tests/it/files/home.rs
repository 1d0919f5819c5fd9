//! Where the program keeps its own files, and what is left of a key.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::killed::{can_kill, killed_at};
use crate::support::{Home, Repo, Run, Sandbox, fed, temp_dir};

const CONFIG: &str =
    "[project]\nname = \"a\"\n[[env]]\nfile = \".env\"\nkeys.DATABASE_URL = { url = \"direct\" }\n";

fn repo(home: &Home) -> Repo {
    let repo = Repo::files(&[("neonup.toml", CONFIG), (".gitignore", ".env\n")]);
    repo.git(home, &["init", "-q", "-b", "main"]);
    repo.commit(home, "first");
    repo
}

/// All files below a folder that hold a text.
fn holding(dir: &Path, text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(holding(&path, text));
        } else if fs::read_to_string(&path).is_ok_and(|content| content.contains(text)) {
            found.push(path);
        }
    }
    found
}

/// A home that isn't an absolute path, or lies in the repository. None at all is the user's own, where tests have nothing to do.
fn homes(repo: &Repo) -> [Vec<(&'static str, String)>; 3] {
    let root = repo.root.display().to_string();
    let pairs = |home: &str, more: &str| {
        vec![
            ("HOME", home.to_owned()),
            ("XDG_CONFIG_HOME", more.to_owned()),
            ("XDG_STATE_HOME", more.to_owned()),
            ("XDG_DATA_HOME", more.to_owned()),
            ("XDG_CACHE_HOME", more.to_owned()),
        ]
    };
    [pairs(".", ""), pairs(".", "state"), pairs(&root, "")]
}

#[test]
fn no_state_is_written_into_the_repository_whatever_home_is() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    for number in 0..3 {
        let repo = repo(&home);
        let variables = &homes(&repo)[number];
        let run = |arguments: &[&str], key: &str| -> Run {
            let mut command = repo.command(&home, &sandbox, arguments);
            command.envs(variables.iter().map(|(name, value)| (name, value)));
            if key.is_empty() {
                command.env("NEON_API_KEY", &sandbox.api_key);
            }
            fed(&mut command, key)
        };
        let setup = run(&["setup", "--yes", "--json", "login", "project", "env"], "");
        assert_eq!(setup.code, 0, "{variables:?}: {setup:#?}");
        // the second write keeps an undo copy
        let password = repo_password(&repo);
        let text = repo.read(".env").replace(&password, "npg_somethingElse");
        fs::write(repo.path(".env"), text).unwrap();
        let setup = run(&["setup", "--yes", "env"], "");
        assert_eq!(setup.code, 0, "{variables:?}: {setup:#?}");
        assert_eq!(run(&["undo"], "").code, 0);
        let login = run(&["login", "--store", "file"], &sandbox.api_key);
        assert_eq!(login.code, 2, "{variables:?}: {login:#?}");
        let files = ["neonup.toml", ".gitignore", ".env"].map(|name| repo.path(name));
        let new: Vec<_> = repo
            .snapshot()
            .into_iter()
            .map(|(path, _)| path)
            .filter(|path| !files.contains(path))
            .collect();
        assert_eq!(new, Vec::<PathBuf>::new(), "{variables:?}");
        assert_eq!(holding(&repo.root, &sandbox.api_key), Vec::<PathBuf>::new());
    }
    sandbox.stop();
}

fn repo_password(repo: &Repo) -> String {
    let text = repo.read(".env");
    let (_, rest) = text.split_once("neondb_owner:").unwrap();
    rest.split('@').next().unwrap().to_owned()
}

#[test]
fn after_a_killed_login_logout_leaves_nothing_of_the_key() {
    if !can_kill() {
        return;
    }
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let place = temp_dir();
    let command = |arguments: &[&str]| {
        let mut command = home.neonup();
        command
            .current_dir(place.path())
            .env("NEON_API_HOST", &sandbox.api_host)
            .args(arguments);
        command
    };
    let key_file = place.path().join("key");
    let mut killed = 0;
    for calls in [
        "fsync,fdatasync",
        "rename,renameat,renameat2,link,linkat",
        "write",
    ] {
        for nth in 1..=3 {
            fs::write(&key_file, &sandbox.api_key).unwrap();
            let mut login: Command = killed_at(&command(&["login", "--store", "file"]), calls, nth);
            login.stdin(Stdio::from(fs::File::open(&key_file).unwrap()));
            killed += usize::from(!login.status().unwrap().success());
            fs::remove_file(&key_file).unwrap();
            let login = fed(
                &mut command(&["login", "--store", "file"]),
                &sandbox.api_key,
            );
            assert_eq!(login.code, 0, "{login:#?}");
            let logout = Run::of(&mut command(&["logout"]));
            assert_eq!(logout.code, 0, "{logout:#?}");
            let left = holding(home.dir.path(), &sandbox.api_key);
            assert_eq!(left, Vec::<PathBuf>::new(), "{calls} {nth}");
        }
    }
    assert!(killed > 2, "{killed}");
    sandbox.stop();
}

#[test]
fn logout_names_a_file_of_ours_that_still_holds_the_key() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let command = |arguments: &[&str]| {
        let mut command = home.neonup();
        command
            .current_dir(home.dir.path())
            .env("NEON_API_HOST", &sandbox.api_host)
            .args(arguments);
        command
    };
    let login = fed(
        &mut command(&["login", "--store", "file"]),
        &sandbox.api_key,
    );
    assert_eq!(login.code, 0, "{login:#?}");
    let copy = home.dir.path().join("state/neonup/undo/copy");
    fs::create_dir_all(copy.parent().unwrap()).unwrap();
    fs::write(&copy, format!("1NEON_API_KEY={}\n", sandbox.api_key)).unwrap();
    let logout = Run::of(&mut command(&["logout"]));
    assert_eq!(logout.code, 2, "{logout:#?}");
    assert!(logout.stderr.contains("undo/copy"), "{logout:#?}");
    assert!(!logout.output().contains(&sandbox.api_key), "{logout:#?}");
    sandbox.stop();
}
