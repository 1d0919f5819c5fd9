//! However the program ends, it leaves nothing: no process that it started, no terminal in raw mode, no dump of its memory.

use std::{fs, path::Path, process::Stdio};

use portable_pty::CommandBuilder;
use rustix::process::Signal;

use crate::support::{
    Home, Repo, Sandbox, Terminal, fed, processes, signal, skip, spawn, until, wait,
};

/// Starts workers of every kind: in its own group, in a session of their own, and without a parent, twice removed.
const APPLICATION: &str = r#"
worker="$PWD/worker"
ln -s "$(command -v sleep)" "$worker"
"$worker" 601 &
setsid "$worker" 602 &
( setsid sh -c '"$1" 603 & setsid "$1" 604 & exec "$1" 605' sh "$worker" & )
( ( trap "" TERM HUP INT; exec "$worker" 606 ) & )
while [ "$(grep -lsz "^$worker" /proc/[0-9]*/cmdline | wc -l)" -lt 6 ]; do sleep 0.05; done
ulimit -c > core-limit
touch started
wait
"#;

/// A project whose application is [`APPLICATION`].
fn project(home: &Home) -> Repo {
    let repo = Repo::sample(home);
    let config = repo.read("neonup.toml");
    let start = config
        .lines()
        .find(|line| line.starts_with("start"))
        .unwrap();
    let config = config.replace(start, r#"start = ["sh", "start.sh"]"#);
    fs::write(repo.path("neonup.toml"), config).unwrap();
    fs::write(repo.path("backend/start.sh"), APPLICATION).unwrap();
    repo
}

#[cfg(target_os = "linux")]
#[test]
fn no_worker_of_the_application_outlives_a_run_whatever_ends_it() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    for ending in [Signal::KILL, Signal::TERM, Signal::QUIT] {
        let repo = project(&home);
        let mut command = repo.command(&home, &sandbox, &["setup", "--yes"]);
        command
            .env("NEON_API_KEY", &sandbox.api_key)
            .env("NEONUP_TRUST", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut run = spawn(&mut command);
        until("the application has started its workers", || {
            assert!(run.try_wait().unwrap().is_none(), "it ended before");
            repo.path("backend/started").exists()
        });
        let folder = repo.path("backend").display().to_string();
        assert_eq!(processes(&format!("{folder}/worker")).len(), 6);
        signal(run.id(), ending);
        wait(&mut run);
        until("the workers are gone", || {
            processes(&format!("{folder}/worker")).is_empty()
        });
    }
    sandbox.stop();
}

#[cfg(target_os = "linux")]
#[test]
fn memory_is_closed_to_others_and_the_application_has_the_users_own_limit_of_dumps() {
    use std::os::unix::fs::MetadataExt as _;
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let repo = project(&home);
    // a shell of this user who wants dumps of half a megabyte
    let mut command = home.command("sh");
    command
        .current_dir(&repo.root)
        .args(["-c", "ulimit -S -c 1024; exec \"$0\" setup --yes"])
        .arg(env!("CARGO_BIN_EXE_neonup"))
        .env("NEON_API_HOST", &sandbox.api_host)
        .env("NEON_API_KEY", &sandbox.api_key)
        .env("NEONUP_TRUST", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut run = spawn(&mut command);
    until("the application has started", || {
        repo.path("backend/started").exists()
    });
    let proc = |pid: u32| Path::new("/proc").join(pid.to_string());
    let limits = fs::read_to_string(proc(run.id()).join("limits")).unwrap();
    let core = limits
        .lines()
        .find(|line| line.contains("core file size"))
        .unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    // the files of a process that may not be dumped belong to root, and root alone may look at its memory
    let supervisor = processes("__supervise");
    let supervisor = supervisor
        .iter()
        .find(|line| line.contains("start.sh"))
        .and_then(|line| line.split_whitespace().next()?.parse().ok());
    for pid in [Some(run.id()), supervisor] {
        assert!(!dumpable(&proc(pid.unwrap())), "{pid:?}");
    }
    assert_eq!(fs::metadata(proc(run.id()).join("mem")).unwrap().uid(), 0);
    assert_eq!(repo.read("backend/core-limit").trim(), "1024");
    signal(run.id(), Signal::KILL);
    wait(&mut run);
    sandbox.stop();
}

/// The most copies of one secret in memory while the application starts: those that are in use. It was 20 when freed memory was not
/// cleared.
#[cfg(target_os = "linux")]
const COPIES: usize = 8;

#[cfg(target_os = "linux")]
#[test]
fn memory_holds_few_copies_of_a_secret() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let repo = project(&home);
    let stored = fed(
        repo.command(&home, &sandbox, &["login", "--store", "file"])
            .env("NEONUP_TRUST", "1"),
        &format!("{}\n", sandbox.api_key),
    );
    assert_eq!(stored.code, 0, "{stored:?}");
    let mut command = repo.command(&home, &sandbox, &["setup", "--yes"]);
    command
        .env("NEONUP_TRUST", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut run = spawn(&mut command);
    until("the application has started", || {
        assert!(run.try_wait().unwrap().is_none(), "it ended before");
        repo.path("backend/started").exists()
    });
    signal(run.id(), Signal::STOP);
    let memory = memory(run.id());
    signal(run.id(), Signal::KILL);
    wait(&mut run);
    let key = sandbox.api_key.clone();
    sandbox.stop();
    let Some(memory) = memory else {
        return skip("only root may read the memory of a process that is not dumpable");
    };
    for (name, secret) in [("the API key", &key), ("the password", &repo.password())] {
        let copies = memchr::memmem::find_iter(&memory, secret.as_bytes()).count();
        assert!((1..=COPIES).contains(&copies), "{copies} copies of {name}");
    }
}

/// All memory of a process that is its own; `None` where it may not be read.
#[cfg(target_os = "linux")]
fn memory(pid: u32) -> Option<Vec<u8>> {
    use std::os::unix::fs::FileExt as _;
    let file = fs::File::open(format!("/proc/{pid}/mem")).ok()?;
    let mut all = Vec::new();
    for line in fs::read_to_string(format!("/proc/{pid}/maps"))
        .ok()?
        .lines()
    {
        let mut words = line.split_whitespace();
        let (range, rights) = (words.next()?, words.next()?);
        if !rights.starts_with("rw") {
            continue;
        }
        let (start, end) = range.split_once('-')?;
        let number = |text| u64::from_str_radix(text, 16).ok();
        let (start, end) = (number(start)?, number(end)?);
        let mut part = vec![0; usize::try_from(end - start).ok()?];
        if file.read_exact_at(&mut part, start).is_ok() {
            all.extend(part);
        }
    }
    Some(all)
}

/// Whether the kernel would show a process's memory to its own user: its coredump filter is readable for others only then.
#[cfg(target_os = "linux")]
fn dumpable(proc: &Path) -> bool {
    // `CoreDumping` tells of a dump under way; what may be dumped is told by who owns the files. As root both look alike, so
    // that another user is asked.
    let user = std::process::Command::new("setpriv")
        .args([
            "--reuid",
            "65534",
            "--clear-groups",
            "--regid",
            "65534",
            "--",
        ])
        .args(["test", "-r"])
        .arg(proc.join("environ"))
        .status();
    user.is_ok_and(|status| status.success())
}

#[test]
fn a_signal_that_ends_it_at_once_restores_the_terminal() {
    let home = Home::new();
    let repo = Repo::sample(&home);
    let pid_file = home.dir.path().join("pid");
    let script = "sh -c 'echo $$ > \"$PID_FILE.part\"; mv \"$PID_FILE.part\" \"$PID_FILE\"; exec \"$@\"' sh \"$@\"
        echo \"ended with $?\"; stty -a; echo complete";
    for (sent, code) in [
        (Signal::QUIT, 131),
        (Signal::ABORT, 134),
        (Signal::SEGV, 139),
        (Signal::BUS, 135),
        (Signal::ILL, 132),
        (Signal::FPE, 136),
        (Signal::TRAP, 133),
        (Signal::SYS, 159),
        (Signal::ALARM, 142),
        (Signal::USR1, 138),
        (Signal::USR2, 140),
    ] {
        fs::remove_file(&pid_file).ok();
        let mut command = CommandBuilder::new("sh");
        command.env_clear();
        for (name, value) in home.environment() {
            command.env(name, value);
        }
        command.env("PID_FILE", &pid_file);
        command.env("NEON_API_HOST", "http://127.0.0.1:9/api/v2");
        command.args(["-c", script, "sh", env!("CARGO_BIN_EXE_neonup"), "-C"]);
        command.arg(&repo.root);
        let mut terminal = Terminal::open(command, (100, 40));
        until("the wizard is open", || {
            terminal.output().screen().alternate_screen() && !terminal.text().trim().is_empty()
        });
        let pid = fs::read_to_string(&pid_file).unwrap();
        signal(pid.trim().parse().unwrap(), sent);
        terminal.wait_for("complete");
        terminal.wait_for_end();
        terminal.wait_for_restore();
        let text = terminal.text();
        assert!(
            text.contains(&format!("ended with {code}")),
            "{sent:?}: {text}"
        );
        for setting in [" icanon", " echo ", " isig", " opost"] {
            let text = text.replace('\n', " ");
            assert!(text.contains(setting), "{sent:?}: {setting} in {text}");
        }
    }
}

#[test]
fn a_signal_while_a_key_is_typed_restores_the_terminal() {
    let home = Home::new();
    let pid_file = home.dir.path().join("pid");
    let script = "sh -c 'echo $$ > \"$PID_FILE\"; exec \"$@\"' sh \"$@\"
        echo \"ended with $?\"; stty -a; echo complete";
    for (sent, code) in [
        (Signal::ABORT, 134),
        (Signal::SEGV, 139),
        (Signal::QUIT, 131),
    ] {
        let mut command = CommandBuilder::new("sh");
        command.env_clear();
        for (name, value) in home.environment() {
            command.env(name, value);
        }
        command.env("PID_FILE", &pid_file);
        command.args(["-c", script, "sh", env!("CARGO_BIN_EXE_neonup")]);
        // where there is no keyring, no key is asked for that it would have to keep
        command.args(["login", "--store", "file"]);
        let mut terminal = Terminal::open(command, (100, 40));
        terminal.until("the key is asked for", |terminal| {
            terminal.output().screen().bracketed_paste()
        });
        let pid = fs::read_to_string(&pid_file).unwrap();
        signal(pid.trim().parse().unwrap(), sent);
        terminal.wait_for("complete");
        terminal.wait_for_end();
        terminal.wait_for_restore();
        let text = terminal.text().replace('\n', " ");
        assert!(
            text.contains(&format!("ended with {code}")),
            "{sent:?}: {text}"
        );
        assert!(
            text.contains(" icanon") && text.contains(" echo "),
            "{sent:?}: {text}"
        );
    }
}
