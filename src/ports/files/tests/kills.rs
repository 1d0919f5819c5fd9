//! The writer killed at random moments, and on a full disk. The test binary starts itself as the writer.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::ports::files::{Files as _, disk::DiskFiles};
use crate::testing::folders::temp_dir;

use crate::testing::requirements::PATIENCE;

const WRITER: &str = "ports::files::tests::kills::the_writer";
const TARGET: &str = "NEONUP_TEST_WRITER_TARGET";

/// Two files that differ in every part, long enough to be written in pieces if anything wrote in pieces.
fn versions() -> [Vec<u8>; 2] {
    ["old", "new"].map(|word| {
        (0..3000)
            .map(|n| format!("KEY_{n}={word}\n"))
            .collect::<Vec<_>>()
            .concat()
            .into_bytes()
    })
}

/// What the other process does: it writes one version over the other, without end.
#[test]
fn the_writer() {
    let Some(path) = std::env::var_os(TARGET) else {
        return;
    };
    let path = Path::new(&path);
    let files = DiskFiles::with_state(path.parent().unwrap(), path.parent().unwrap());
    let [a, b] = versions();
    loop {
        let now = files.read(path).unwrap().unwrap();
        let next = if now == a { &b } else { &a };
        if files.replace_secret(path, Some(&now), next).is_err() {
            return;
        }
    }
}

fn writer(path: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([WRITER, "--exact"])
        .env(TARGET, path)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

#[test]
fn killed_at_any_moment_the_file_is_whole() {
    let kills = std::env::var("NEONUP_TEST_KILLS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(150);
    let dir = temp_dir();
    let path = dir.path().join(".env");
    let [a, b] = versions();
    fs::write(&path, &a).unwrap();
    let mut random = 0x2545_f491_u32;
    let mut seen = [0_u32; 2];
    for round in 0..kills {
        let mut child = writer(&path).spawn().unwrap();
        // it writes once its first version is gone; from then on every moment is as good as another
        let before = fs::read(&path).unwrap();
        let started = Instant::now();
        while fs::read(&path).unwrap() == before {
            assert!(started.elapsed() < PATIENCE, "the writer does not write");
            thread::yield_now();
        }
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        thread::sleep(Duration::from_micros(u64::from(random % 8000)));
        child.kill().unwrap();
        child.wait().unwrap();
        let now = fs::read(&path).unwrap();
        assert!(now == a || now == b, "round {round}: {} bytes", now.len());
        seen[usize::from(now == b)] += 1;
    }
    assert!(seen.iter().all(|count| *count > 0), "{seen:?}");
    // what was left over is found and taken away
    let files = DiskFiles::with_state(dir.path(), dir.path());
    files.sweep(&[]);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn on_a_full_disk_the_old_file_stays() {
    let dir = temp_dir();
    let path = dir.path().join(".env");
    let [a, _] = versions();
    fs::write(&path, &a).unwrap();
    // the limit on the size of files stands for the disk's: the write fails in the middle
    let exe = std::env::current_exe().unwrap();
    let status = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 16; exec \"$0\" \"$@\""])
        .arg(exe)
        .args([WRITER, "--exact"])
        .env(TARGET, &path)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "{status}");
    assert_eq!(fs::read(&path).unwrap(), a);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}
