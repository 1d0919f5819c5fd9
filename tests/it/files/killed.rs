//! Runs that are killed in the midst of a system call.

use std::process::{Command, Stdio};

use crate::support::{Home, Repo, Sandbox, has, skip};

const STEPS: [&str; 3] = ["setup", "--yes", "env"];

/// The system calls at which a run is killed.
const CALLS: [&str; 4] = [
    "fsync,fdatasync",
    "rename,renameat,renameat2,link,linkat",
    "unlink,unlinkat",
    "fchmod,fchmodat",
];

/// The program, killed at the Nth of some calls.
pub(crate) fn killed_at(command: &Command, calls: &str, nth: usize) -> Command {
    let mut strace = Command::new("strace");
    strace
        .args(["-f", "-qq", "-o", "/dev/null", "-e"])
        .arg(format!("trace={calls}"))
        .arg("-e")
        .arg(format!("inject={calls}:signal=SIGKILL:when={nth}"))
        .arg(command.get_program())
        .args(command.get_args())
        .env_clear()
        .envs(
            command
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if let Some(dir) = command.get_current_dir() {
        strace.current_dir(dir);
    }
    strace
}

/// Whether programs can be killed in the midst of a call here.
pub(crate) fn can_kill() -> bool {
    let works = has("strace")
        && killed_at(
            Command::new("true").env("PATH", std::env::var("PATH").unwrap_or_default()),
            "execve",
            9,
        )
        .status()
        .is_ok_and(|status| status.success());
    if !works {
        skip("there is no strace that may look at processes");
    }
    works
}

#[test]
fn a_killed_run_leaves_nothing_that_git_takes() {
    if !can_kill() {
        return;
    }
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let repo = Repo::files(&[
        (
            "neonup.toml",
            "[project]\nname = \"a\"\n[[env]]\nfile = \".env\"\nkeys.DATABASE_URL = { url = \"direct\" }\n",
        ),
        (".gitignore", ".env\n"),
    ]);
    repo.git(&home, &["init", "-q", "-b", "main"]);
    repo.commit(&home, "first");
    let run = repo.neonup(&home, &sandbox, &["setup", "--yes", "login", "project"]);
    assert_eq!(run.code, 0, "{run:#?}");
    repo.commit(&home, "project");
    let mut command = repo.command(&home, &sandbox, &STEPS);
    command.env("NEON_API_KEY", &sandbox.api_key);
    let mut killed = 0;
    for calls in CALLS {
        for nth in 1..=6 {
            std::fs::remove_file(repo.path(".env")).ok();
            let status = killed_at(&command, calls, nth).status().unwrap();
            if status.success() {
                break;
            }
            killed += 1;
            repo.git(&home, &["add", "-A"]);
            let taken = repo.git(&home, &["diff", "--cached"]);
            assert!(!taken.contains("npg_"), "killed at {calls} {nth}: {taken}");
            repo.git(&home, &["reset", "-q"]);
        }
    }
    assert!(killed > 4, "{killed}");
    // the next run sweeps what they left
    let run = repo.neonup(&home, &sandbox, &STEPS);
    assert_eq!(run.code, 0, "{run:#?}");
    for dir in [".", ".git"] {
        for entry in std::fs::read_dir(repo.path(dir)).unwrap().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            assert!(!name.contains("neonup-") || name == "neonup-lock", "{name}");
        }
    }
    sandbox.stop();
}
