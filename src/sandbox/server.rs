//! A Postgres server process: started, watched, stopped, and never left behind.
//!
//! On Linux the kernel ends the server when our process ends, however it ends (`PR_SET_PDEATHSIG`), and so does Windows (a job object).
//! On macOS a server that outlived a killed sandbox is found by its `postmaster.pid` and ended at the next start.

use std::{
    fs, io,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tokio::sync::OwnedSemaphorePermit;

use crate::{
    os::{
        postgres::{set_environment, way_out},
        server_user::ServerUser,
        sockets::is_served,
        subprocess::{
            ParentDeathSignal, ServerStop, end_with_parent, own_group, spawn_server, stop_server,
            works_in,
        },
    },
    sandbox::{files, socket_dir::SocketDir},
};

/// How long a start may take: recovery on a machine under heavy load, and nothing else, comes near it.
const START_LIMIT: Duration = Duration::from_mins(1);
/// How long a server may take to stop before it is ended by force.
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// A running server. Dropping it ends it at once; [`Server::stop`] lets it write its checkpoint.
pub(crate) struct Server {
    child: Child,
    sockets: SocketDir,
    /// Its place among those that run.
    pub(crate) place: Option<OwnedSemaphorePermit>,
}

impl Server {
    /// Starts the server of `data` with `command`, whose processes may each have so many bytes of memory; returns when it accepts
    /// connections.
    pub(crate) async fn start(
        command: Command,
        memory: Option<u64>,
        data: &Path,
        sockets: SocketDir,
        log: &Path,
    ) -> io::Result<Self> {
        end_stale(data).await?;
        let child = spawn_server(command, memory).await?;
        let mut server = Self {
            child,
            sockets,
            place: None,
        };
        let deadline = Instant::now() + START_LIMIT;
        let mut pause = Duration::from_millis(2);
        while !server.ready(data) {
            if let Some(status) = server.child.try_wait()? {
                let said = tail(log);
                let text = way_out(&said).map_or_else(
                    || format!("postgres ended ({status}): {said}"),
                    str::to_owned,
                );
                return Err(io::Error::other(text));
            }
            if Instant::now() > deadline {
                let text = format!("postgres wasn't ready after {START_LIMIT:?}: {}", tail(log));
                return Err(io::Error::new(io::ErrorKind::TimedOut, text));
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(20));
        }
        Ok(server)
    }

    /// Line 8 of `postmaster.pid` says `ready`, which is what `pg_ctl -w` looks at (PostgreSQL, `src/bin/pg_ctl`).
    fn ready(&self, data: &Path) -> bool {
        fs::read_to_string(data.join("postmaster.pid")).is_ok_and(|text| {
            let mut lines = text.lines().map(str::trim);
            lines.next() == Some(&self.child.id().to_string()) && lines.nth(6) == Some("ready")
        })
    }

    pub(crate) const fn sockets(&self) -> &SocketDir {
        &self.sockets
    }

    pub(crate) fn alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Closes all connections, writes a checkpoint and stops.
    pub(crate) async fn stop(self) {
        self.end(ServerStop::Fast).await;
    }

    /// Stops at once, for data that is no longer needed.
    pub(crate) async fn abandon(self) {
        self.end(ServerStop::Immediate).await;
    }

    async fn end(mut self, how: ServerStop) {
        self.ask(how);
        let deadline = Instant::now() + STOP_LIMIT;
        let mut pause = Duration::from_millis(5);
        while self.alive() && Instant::now() < deadline {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(40));
        }
    }

    fn ask(&self, how: ServerStop) {
        if let Err(error) = stop_server(self.child.id(), how) {
            tracing::debug!(%error, "couldn't signal a server");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.alive() {
            self.ask(ServerStop::Immediate); // at once, without a checkpoint: the log is replayed at the next start
            let deadline = Instant::now() + Duration::from_secs(2);
            while self.alive() && Instant::now() < deadline {
                thread::sleep(Duration::from_millis(2));
            }
        }
        if self.alive() {
            // Its children notice that the postmaster is gone, and end.
            self.child.kill().unwrap_or_default();
            self.child.wait().map(drop).unwrap_or_default();
        }
        if let Err(error) = fs::remove_dir_all(self.sockets.path()) {
            tracing::debug!(%error, "couldn't remove a socket's folder");
        }
    }
}

/// The last lines of a log, which say why a server did not start.
fn tail(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<_> = text.lines().collect();
    lines
        .get(lines.len().saturating_sub(5)..)
        .unwrap_or_default()
        .join("; ")
}

/// Makes a command run as `user`, in its own process group, and end when we do.
pub(crate) fn confine(command: &mut Command, user: Option<ServerUser>, death: ParentDeathSignal) {
    if let Some(user) = user {
        user.run(command);
    }
    own_group(command); // the terminal's ^C is for us: we stop the servers in order
    set_environment(command);
    command.stdin(Stdio::null());
    end_with_parent(command, death);
}

/// Waits for, or ends, a server that an earlier sandbox left in `data`, and removes its `postmaster.pid`.
///
/// We hold the state folder's lock, so no living sandbox owns the server. On Linux it can only be stopping.
async fn end_stale(data: &Path) -> io::Result<()> {
    let file = data.join("postmaster.pid");
    let deadline = Instant::now() + STOP_LIMIT;
    let mut asked = false;
    while file.exists() {
        let Some(pid) = stale_pid(&file) else { break };
        if Instant::now() > deadline {
            let text = format!(
                "an earlier server (process {pid}) is still running in {}",
                data.display()
            );
            return Err(io::Error::other(text));
        }
        if !asked {
            asked = true;
            stop_server(pid, ServerStop::Fast).unwrap_or_default();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    files::unless_absent(fs::remove_file(&file))
}

/// Ends the servers whose data lies below a dead sandbox's folder.
pub(crate) fn sweep(scratch: &Path) {
    let Ok(computes) = fs::read_dir(scratch.join("state/computes")) else {
        return;
    };
    for compute in computes.flatten() {
        if let Some(pid) = stale_pid(&compute.path().join("data/postmaster.pid")) {
            stop_server(pid, ServerStop::Immediate).unwrap_or_default();
        }
    }
}

/// The process of a `postmaster.pid`, if its server still runs.
///
/// The process id alone proves nothing: by now it may belong to another program. The server that wrote the file answers on
/// the socket that the file names; or, on Linux, its working folder is the data folder (a server that is stopping has closed
/// its socket).
fn stale_pid(file: &Path) -> Option<u32> {
    let text = fs::read_to_string(file).ok()?;
    let mut lines = text.lines();
    let pid = lines.next()?.trim().parse().ok()?;
    let folder = Path::new(lines.nth(3)?.trim());
    (is_served(folder) || works_in(pid, file.parent()?)).then_some(pid)
}
