//! A clone whose env file leads into git's own folder.

use std::{fs, os::unix::fs::symlink};

use crate::support::{Home, Repo, Sandbox};

const CONFIG: &str = r#"
[project]
name = "a"
[[env]]
file = ".env"
example = ".env.example"
keys.A = "x\n[core]\nfsmonitor = ./mon.sh\n[x]\ny=z"
keys.DATABASE_URL = { url = "direct" }
"#;

#[test]
fn a_link_into_gits_folder_is_never_written() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    for (name, to, hard) in [
        (".env", ".git/config", false),
        (".env", ".git/config", true),
        (".env", ".git/hooks/post-checkout", false),
        (".env", "sub/.git/config", false),
        (".env.example", ".git/new-file", false),
        ("neonup.toml", ".git/info/neonup.toml", false),
    ] {
        let repo = Repo::files(&[("neonup.toml", CONFIG), (".gitignore", "*\n")]);
        repo.git(&home, &["init", "-q", "-b", "main"]);
        repo.git(&home, &["init", "-q", "sub"]);
        if name == "neonup.toml" {
            fs::rename(repo.path(name), repo.path(to)).unwrap();
        }
        if hard {
            fs::hard_link(repo.path(to), repo.path(name)).unwrap();
        } else {
            symlink(to, repo.path(name)).unwrap();
        }
        let before = fs::read(repo.path(to)).ok();
        for more in [&[][..], &["--in-place"]] {
            let steps = ["setup", "--yes", "--json", "login", "project", "env"];
            let run = repo.neonup(&home, &sandbox, &[&steps[..], more].concat());
            assert_eq!(run.code, 2, "{name} {to}: {run:#?}");
            assert_eq!(fs::read(repo.path(to)).ok(), before, "{name} {to}");
        }
        let undo = repo.neonup(&home, &sandbox, &["undo"]);
        assert_ne!((undo.code, name), (0, ".env"), "{to}: {undo:#?}");
        assert_eq!(fs::read(repo.path(to)).ok(), before, "{name} {to}");
    }
    let made = sandbox.requests();
    let creates = made.iter().filter(|made| *made == "POST /api/v2/projects");
    assert!(
        creates.count() <= 5,
        "no project that can't be recorded: {made:#?}"
    );
    sandbox.stop();
}
