//! Real things for tests: the binary, a sandbox, a git repository with the sample in it, a terminal.

#[path = "../../src/os/folders.rs"]
#[expect(
    dead_code,
    reason = "the program's own, of which tests need one function"
)]
mod folders;
#[cfg(windows)]
#[path = "../../src/os/windows/handle.rs"]
mod handle;
#[path = "support/home.rs"]
mod home;
#[path = "support/hostile.rs"]
mod hostile;
#[path = "../../src/testing/hostile_http.rs"]
#[expect(dead_code, reason = "the unit tests use the rest")]
mod hostile_http;
#[path = "support/http.rs"]
mod http;
#[cfg(windows)]
#[path = "../../src/os/windows/job.rs"]
mod job;
#[cfg_attr(unix, path = "../../src/os/unix/process_table.rs")]
#[cfg_attr(windows, path = "../../src/os/windows/process_table.rs")]
#[expect(
    dead_code,
    reason = "the program's own, of which tests need one function"
)]
mod process_table;
#[path = "support/processes.rs"]
mod processes;
#[path = "support/repository.rs"]
mod repository;
#[path = "../../src/testing/requirements.rs"]
mod requirements;
#[path = "support/run.rs"]
mod run;
#[path = "support/sandbox.rs"]
mod sandbox;
#[cfg_attr(unix, path = "../../src/os/unix/subprocess.rs")]
#[cfg_attr(windows, path = "../../src/os/windows/subprocess.rs")]
#[expect(
    dead_code,
    reason = "the program's own, of which tests need one function"
)]
mod subprocess;
#[cfg(unix)]
#[path = "../../src/testing/terminal.rs"]
#[expect(dead_code, reason = "other tests and benchmarks use the rest")]
mod terminal;

pub use home::{Home, temp_dir};
pub use hostile::{
    HOSTILE, HOSTILE_BRANCH, HOSTILE_FILE, Performed, assert_shown_safely, raw_character,
};
pub(crate) use hostile_http::{HostileAnswer, HostileHttp};
pub use http::{exchange, post};
#[cfg(unix)]
pub use processes::signal;
pub use processes::{fed, processes, spawn, wait};
pub use repository::{Repo, env_values, sample};
pub use run::Run;
pub use sandbox::{Sandbox, faults};

pub(crate) use requirements::*;
#[cfg(unix)]
pub(crate) use terminal::Terminal;

/// Held by a test while the app of its demo may run: two demos that begin at the same time both find the sample's port free.
pub fn apps_port() -> std::sync::MutexGuard<'static, ()> {
    static PORT: std::sync::Mutex<()> = std::sync::Mutex::new(());
    // whoever failed with it has let the port go
    PORT.lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Ends a demo, which asks first.
#[cfg(unix)]
pub(crate) fn end_demo(terminal: &mut Terminal) {
    terminal.press("q");
    terminal.wait_for("End the demo?");
    if terminal.text().contains("❯ Stay") {
        terminal.press("\x1b[B");
        terminal.wait_for("❯ End the demo");
    }
    terminal.press("\r");
}
