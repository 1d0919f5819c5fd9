//! What tests require of the machine, and how they wait. The integration tests and the benchmarks include this file, too.

use std::{
    io::Write as _,
    path::PathBuf,
    process::Command,
    thread,
    time::{Duration, Instant},
};

/// How long a test waits before it gives up. Not a measure of speed.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// Waits until something holds.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "never: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Whether a missing part is a failure instead of a skip.
pub(crate) fn nothing_may_be_skipped() -> bool {
    std::env::var("NEONUP_TEST_REQUIRE_ALL").is_ok_and(|value| value == "1")
}

/// Reports that a test is skipped, or fails it if no test may be.
pub(crate) fn skip(why: &str) {
    assert!(
        !nothing_may_be_skipped(),
        "{why}, and nothing may be skipped here"
    );
    let mut stderr = std::io::stderr();
    writeln!(stderr, "skipped: {why}").unwrap();
}

/// Whether a program is on the path.
pub(crate) fn has(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(program).is_file()))
}

/// A Python that has the sample's packages.
pub(crate) fn python() -> Option<PathBuf> {
    let python = PathBuf::from(std::env::var_os("NEONUP_TEST_PYTHON")?);
    let works = Command::new(&python)
        .args(["-c", "import fastapi, uvicorn, sqlmodel, psycopg, dotenv"])
        .output()
        .is_ok_and(|output| output.status.success());
    works.then_some(python)
}

/// A `node_modules` folder that holds `pg` and `dotenv`.
pub(crate) fn node_modules() -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os("NEONUP_TEST_NODE_MODULES")?);
    (folder.join("pg").is_dir() && folder.join("dotenv").is_dir()).then_some(folder)
}

/// A port that nothing listens on.
pub(crate) fn free_port() -> u16 {
    std::net::TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}
