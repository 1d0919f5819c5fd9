//! Starting processes, feeding them, and waiting for their end.

use std::{
    fs,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use super::{
    requirements::PATIENCE,
    run::Run,
    subprocess::{ParentDeathSignal, end_with_parent},
};

/// Starts a command that ends when this test is killed.
pub fn spawn(command: &mut Command) -> Child {
    end_with_parent(command, ParentDeathSignal::Interrupt);
    command.spawn().unwrap()
}

/// Runs a command with this text as its whole input.
pub fn fed(command: &mut Command, answers: &str) -> Run {
    let mut child = spawn(
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped()),
    );
    let mut stdin = child.stdin.take().unwrap();
    // it may end before it has read everything
    std::io::Write::write_all(&mut stdin, answers.as_bytes()).ok();
    drop(stdin);
    Run::new(&child.wait_with_output().unwrap())
}

#[cfg(unix)]
pub fn signal(pid: u32, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, signal).ok();
}

/// Waits for a process to end.
pub fn wait(child: &mut Child) -> std::process::ExitStatus {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if Instant::now() > end {
            child.kill().ok();
            panic!("a process did not end");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Returns the processes whose command line contains this text.
pub fn processes(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Ok(command) = fs::read(entry.path().join("cmdline")) else {
            continue;
        };
        let command = String::from_utf8_lossy(&command).replace('\0', " ");
        let own = entry.file_name().to_string_lossy() == std::process::id().to_string();
        if command.contains(text) && !own {
            found.push(format!("{} {command}", entry.file_name().to_string_lossy()));
        }
    }
    found
}
