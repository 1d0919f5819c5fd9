//! The real adapter: programs of this machine, each in a process group of its own.

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, ExitStatus, Stdio},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use tokio::net::TcpStream;

use crate::{
    core::{environment::Environment, event::ActivityKind, secret::Secret},
    domain::{host::LOCALHOST, question},
    os::{
        dumps, environments, loopback, process_table,
        programs::{self, CONDA_PROGRAMS, ENVIRONMENT_PROGRAMS},
        subprocess,
        supervisor::{self, Control, Leftovers},
    },
    ports::{
        process::{
            CommandExit, CommandSpec, HttpAnswer, Origin, PortHolder, Process, ProcessError,
            Running, sockets,
        },
        progress,
    },
};

/// How much of a program's output is remembered: its end, since that is where the reason is.
const OUTPUT_LIMIT: usize = 64 * 1024;
/// How long a program may take to end after SIGTERM.
const TERM_GRACE: Duration = Duration::from_secs(3);
/// How often a program is listened to for a question, and how long it is silent after one.
const LISTEN: Duration = Duration::from_millis(500);
const SILENCE: Duration = Duration::from_secs(3);
/// The longest health answer that is read.
const BODY_LIMIT: usize = 64 * 1024;

/// Programs of this machine.
pub(crate) struct OsProcess {
    root: PathBuf,
    search_path: Vec<PathBuf>,
    environment: Environment,
    client: OnceLock<Option<reqwest::Client>>,
}

impl OsProcess {
    /// An adapter for a repository. Programs are looked for in its virtual environments first, then in the search path.
    pub(crate) fn new(root: &Path, search_path: Vec<PathBuf>, environment: Environment) -> Self {
        Self {
            root: root.to_owned(),
            search_path,
            environment,
            client: OnceLock::new(),
        }
    }

    /// A client that follows no proxy and no redirect: the application is on this machine, at its own port.
    fn client(&self) -> Option<&reqwest::Client> {
        let build = || {
            reqwest::Client::builder()
                .no_proxy()
                // both, whatever the machine's own files say: an application may listen on either
                .resolve_to_addrs("localhost", &LOCALHOST)
                // a connection of before could lead to a program that has ended since
                .pool_max_idle_per_host(0)
                .redirect(reqwest::redirect::Policy::none())
                .build()
        };
        self.client.get_or_init(|| build().ok()).as_ref()
    }

    async fn spawn(
        &self,
        spec: &CommandSpec,
        leftovers: Leftovers,
    ) -> Result<ProgramGroup, ProcessError> {
        let (program, arguments) = spec.argv.split_first().ok_or(ProcessError::NoCommand)?;
        let not_started = |source| ProcessError::NotStarted {
            program: program.clone(),
            source,
        };
        let (mut command, control) =
            supervisor::command(program, leftovers).map_err(not_started)?;
        command
            .args(arguments)
            .current_dir(&spec.dir)
            .env_clear()
            .envs(spec.child.inherits(&self.environment))
            .envs(spec.env.iter().map(|(name, value)| (name, value.expose())))
            // a log that is buffered is empty when it is needed
            .env("PYTHONUNBUFFERED", "1")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        progress::activity(ActivityKind::Program, || spec.argv.join(" "));
        dumps::allow_in(&mut command);
        let mut child = subprocess::spawn(command).await.map_err(not_started)?;
        let pid = child.id();
        let started = tokio::task::spawn_blocking(move || control.started(pid));
        let started = started.await.map_err(io::Error::other).flatten();
        if started.is_err() {
            // it ends by itself, since nobody holds its control any more
            supervisor::wait(&mut child);
        }
        let control = Some(started.map_err(not_started)?);
        let output = SharedTail::default();
        let streams = [SharedTail::default(), SharedTail::default()];
        let mut readers = Vec::new();
        if let Some(stream) = child.stdout.take() {
            readers.push(collect(stream, [&output, &streams[0]]));
        }
        if let Some(stream) = child.stderr.take() {
            readers.push(collect(stream, [&output, &streams[1]]));
        }
        Ok(ProgramGroup {
            child,
            control,
            output,
            streams,
            readers,
        })
    }
}

/// The end of what a program printed.
#[derive(Default)]
struct Tail {
    bytes: Vec<u8>,
    /// Whether there was more before it.
    cut: bool,
}

type SharedTail = Arc<Mutex<Tail>>;

fn lock(tail: &SharedTail) -> MutexGuard<'_, Tail> {
    tail.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Tail {
    fn push(&mut self, new: &[u8]) {
        self.bytes.extend_from_slice(new);
        let excess = self.bytes.len().saturating_sub(OUTPUT_LIMIT);
        self.bytes.drain(..excess);
        self.cut |= excess > 0;
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

/// Remembers the end of a stream, on a thread that ends with it.
fn collect(
    mut stream: impl std::io::Read + Send + 'static,
    tails: [&SharedTail; 2],
) -> JoinHandle<()> {
    let tails = tails.map(Arc::clone);
    thread::spawn(progress::carried(move || {
        let mut lines = LogLines::default();
        let mut buffer = [0; 4096];
        while let Ok(count) = stream.read(&mut buffer) {
            let Some(new) = buffer.get(..count).filter(|new| !new.is_empty()) else {
                return;
            };
            for tail in &tails {
                lock(tail).push(new);
            }
            lines.hear(new);
        }
    }))
}

/// Reports each line of a stream when it has come whole. A longer one is reported in pieces.
#[derive(Default)]
struct LogLines(Vec<u8>);

impl LogLines {
    fn hear(&mut self, new: &[u8]) {
        for byte in new {
            if *byte != b'\n' {
                self.0.push(*byte);
            }
            if *byte == b'\n' || self.0.len() >= LINE_LIMIT {
                let line = std::mem::take(&mut self.0);
                progress::activity(ActivityKind::Log, || {
                    String::from_utf8_lossy(&line).trim_end().to_owned()
                });
            }
        }
    }
}

/// The longest line that is reported in one piece, in bytes.
const LINE_LIMIT: usize = 4096;

/// What a program has printed, and since when it is silent.
struct Heard {
    output: String,
    since: Instant,
    next: Instant,
}

impl Heard {
    fn new() -> Self {
        let now = Instant::now();
        Self {
            output: String::new(),
            since: now,
            next: now + LISTEN,
        }
    }

    /// All that a program has printed, where it has long been silent after a question.
    fn question(&mut self, program: &ProgramGroup) -> Option<String> {
        let now = Instant::now();
        if now < self.next {
            return None;
        }
        self.next = now + LISTEN;
        let output = program.text();
        if output != self.output {
            self.output = output;
            self.since = now;
            return None;
        }
        let asks =
            now.duration_since(self.since) >= SILENCE && question::waits(&self.output).is_some();
        asks.then(|| self.output.clone())
    }
}

/// A program that runs, with all that it has started.
struct ProgramGroup {
    child: Child,
    /// What ends it and all that it has started; `None` once that was done.
    control: Option<Control>,
    output: SharedTail,
    /// Standard output and standard error, each by itself.
    streams: [SharedTail; 2],
    readers: Vec<JoinHandle<()>>,
}

impl ProgramGroup {
    fn text(&self) -> String {
        lock(&self.output).text()
    }

    fn status(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// The last bytes of a program that has ended may still be in the pipe. A grandchild may hold the pipe open, so the
    /// wait is short.
    fn drain(&mut self) {
        let end = Instant::now() + Duration::from_millis(200);
        while Instant::now() < end && !self.readers.iter().all(JoinHandle::is_finished) {
            thread::sleep(Duration::from_millis(5));
        }
    }
}

#[async_trait]
impl Running for ProgramGroup {
    fn exit(&mut self) -> Option<CommandExit> {
        let code = self.status()?.code();
        self.drain();
        Some(CommandExit {
            code,
            output: self.text(),
            apart: self
                .streams
                .each_ref()
                .map(|stream| lock(stream).text())
                .join("\n"),
            cut: self.streams.iter().any(|stream| lock(stream).cut),
        })
    }

    fn output(&self) -> String {
        self.text()
    }

    async fn origin(&self, from: SocketAddr) -> Origin {
        let process = self.child.id();
        let asked = tokio::task::spawn_blocking(move || sockets::origin(process, from)).await;
        asked.unwrap_or_else(|_| Origin::Others(Vec::new()))
    }

    async fn listens(&self) -> Vec<SocketAddr> {
        let process = self.child.id();
        let asked = tokio::task::spawn_blocking(move || sockets::of_process(process)).await;
        asked.unwrap_or_default()
    }

    async fn stop(&mut self) {
        if let Some(control) = &mut self.control {
            control.ask_to_end();
        }
        let end = Instant::now() + TERM_GRACE;
        while self.status().is_none() && Instant::now() < end {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.kill();
    }
}

impl ProgramGroup {
    /// Kills whatever is left of it.
    fn kill(&mut self) {
        if let Some(control) = self.control.take() {
            control.end(&mut self.child);
        }
    }
}

impl Drop for ProgramGroup {
    fn drop(&mut self) {
        self.kill();
    }
}

#[async_trait]
impl Process for OsProcess {
    fn find(&self, program: &str, dir: &Path) -> Option<PathBuf> {
        let endings = self.environment.get("PATHEXT");
        if programs::is_path(program) {
            let files = programs::file_names(program, endings);
            return files
                .iter()
                .map(|file| dir.join(file))
                .find(|path| path.is_file());
        }
        let names: &[&str] = if program == "python" {
            programs::PYTHON
        } else {
            &[program]
        };
        let names: Vec<_> = names
            .iter()
            .flat_map(|name| programs::file_names(name, endings))
            .collect();
        let environments = dir
            .ancestors()
            .take_while(|above| above.starts_with(&self.root))
            .flat_map(|above| [".venv", "venv", "env"].map(|name| above.join(name)))
            .map(|environment| environment.join(ENVIRONMENT_PROGRAMS));
        // a name is looked for everywhere before the next one is: `python` of the path before `python3` of the path,
        // but any of the project's own before both
        let activated = |name: &str| {
            let home = self.environment.get(name).filter(|home| !home.is_empty())?;
            Some(dir.join(home))
        };
        let elsewhere = dir
            .ancestors()
            .take_while(|above| above.starts_with(&self.root))
            .flat_map(|above| environments::of_project(above, &self.environment))
            .map(|environment| environment.join(ENVIRONMENT_PROGRAMS));
        // an activated one leads PATH, unless something was put before it
        let environments: Vec<_> = environments
            .chain(elsewhere)
            .chain(activated("VIRTUAL_ENV").map(|home| home.join(ENVIRONMENT_PROGRAMS)))
            .collect();
        // a relative entry of PATH means the folder where the program runs
        let path: Vec<_> = self
            .search_path
            .iter()
            .map(|entry| dir.join(entry))
            .chain(activated("CONDA_PREFIX").map(|home| home.join(CONDA_PROGRAMS)))
            .collect();
        [&environments, &path]
            .iter()
            .flat_map(|dirs| {
                names
                    .iter()
                    .flat_map(move |name| dirs.iter().map(move |bin| bin.join(name)))
            })
            .find(|candidate| programs::is_executable(candidate))
    }

    async fn run(
        &self,
        command: &CommandSpec,
        limit: Duration,
    ) -> Result<CommandExit, ProcessError> {
        let mut program = self.spawn(command, Leftovers::Stay).await?;
        let end = Instant::now() + limit;
        let mut heard = Heard::new();
        loop {
            if let Some(exit) = program.exit() {
                return Ok(exit);
            }
            if let Some(output) = heard.question(&program) {
                program.stop().await;
                return Err(ProcessError::Asks {
                    command: command.argv.join(" "),
                    output,
                });
            }
            if Instant::now() > end {
                program.stop().await;
                return Err(ProcessError::TimedOut {
                    command: command.argv.join(" "),
                    limit,
                });
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn start(&self, command: &CommandSpec) -> Result<Box<dyn Running>, ProcessError> {
        Ok(Box::new(self.spawn(command, Leftovers::End).await?))
    }

    async fn get(&self, url: &str, limit: Duration) -> Option<HttpAnswer> {
        let mut response = self.client()?.get(url).timeout(limit).send().await.ok()?;
        let status = response.status().as_u16();
        progress::activity(ActivityKind::Request, || format!("GET {url} {status}"));
        let from = response.remote_addr();
        let redirect = response
            .headers()
            .get(reqwest::header::LOCATION)
            .map(|location| String::from_utf8_lossy(location.as_bytes()).into_owned());
        let mut body = Vec::new();
        while let Ok(Some(chunk)) = response.chunk().await {
            body.extend_from_slice(&chunk);
            if body.len() >= BODY_LIMIT {
                break;
            }
        }
        body.truncate(BODY_LIMIT);
        Some(HttpAnswer {
            from,
            status,
            redirect,
            body: String::from_utf8_lossy(&body).into_owned(),
        })
    }

    fn holding(&self, secret: &Secret) -> Vec<(u32, String)> {
        process_table::holding(secret.expose().as_bytes())
    }

    async fn free_port(&self) -> Option<u16> {
        loopback::free_port(0)
    }

    async fn holders(&self, port: u16) -> Vec<PortHolder> {
        let asked = tokio::task::spawn_blocking(move || sockets::holders(port)).await;
        asked.unwrap_or_default()
    }

    async fn listening(&self, port: u16) -> bool {
        let tries = [
            TcpStream::connect(("127.0.0.1", port)),
            TcpStream::connect(("::1", port)),
        ];
        for attempt in tries {
            if matches!(
                tokio::time::timeout(Duration::from_millis(500), attempt).await,
                Ok(Ok(_))
            ) {
                return true;
            }
        }
        false
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::core::children::Child;

    fn shell(script: &str) -> CommandSpec {
        CommandSpec {
            child: Child::App,
            argv: vec!["/bin/sh".to_owned(), "-c".to_owned(), script.to_owned()],
            dir: PathBuf::from("/"),
            env: Vec::new(),
        }
    }

    #[tokio::test]
    async fn a_command_is_run_to_its_end_with_both_streams() {
        let process = OsProcess::new(Path::new("/"), Vec::new(), Environment::default());
        let ended = process
            .run(
                &shell("echo out; echo err >&2; exit 3"),
                Duration::from_secs(20),
            )
            .await
            .unwrap();
        assert_eq!(ended.code, Some(3));
        assert!(
            ended.output.contains("out") && ended.output.contains("err"),
            "{ended:?}"
        );
        assert_eq!((ended.apart.as_str(), ended.cut), ("out\n\nerr\n", false));
        let script = format!("head -c {OUTPUT_LIMIT} /dev/zero; echo end");
        let long = process.run(&shell(&script), Duration::from_secs(20)).await;
        let long = long.unwrap();
        assert!(long.cut && long.output.ends_with("end\n"));
        let late = process
            .run(&shell("sleep 60"), Duration::from_millis(50))
            .await;
        assert!(
            matches!(late, Err(ProcessError::TimedOut { .. })),
            "{late:?}"
        );
        let began = Instant::now();
        let asks = shell("printf 'Proceed? [y/N]: '; sleep 60");
        let asked = process.run(&asks, Duration::from_secs(50)).await;
        assert!(
            matches!(&asked, Err(ProcessError::Asks { output, .. }) if output.starts_with("Proceed?")),
            "{asked:?}"
        );
        assert!(began.elapsed() < Duration::from_secs(30));
        let mut nowhere = shell("");
        nowhere.argv[0] = "/no/such/program".to_owned();
        let absent = process.run(&nowhere, Duration::from_secs(20)).await;
        assert!(
            matches!(&absent, Err(ProcessError::NotStarted { source, .. }) if source.kind() == std::io::ErrorKind::NotFound),
            "{absent:?}"
        );
    }

    #[tokio::test]
    async fn a_program_gets_what_its_kind_gets_and_what_it_is_handed() {
        let environment = [
            ("NEON_API_KEY", "napi_canary0123456789"),
            ("NEONUP_TRUST", "1"),
            ("PATH", "/usr/bin:/bin"),
            ("JAVA_HOME", "/java"),
            ("VIRTUAL_ENV", "/venv"),
        ];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let process = OsProcess::new(Path::new("/"), Vec::new(), Environment::new(environment));
        for (child, java) in [
            (Child::App, true),
            (Child::Migration, true),
            (Child::Driver, false),
        ] {
            let spec = CommandSpec {
                child,
                env: vec![("HANDED".to_owned(), Secret::new("over"))],
                ..shell("env")
            };
            let given = process.run(&spec, Duration::from_secs(20)).await.unwrap();
            let given = given.output;
            assert!(given.contains("HANDED=over") && given.contains("VIRTUAL_ENV=/venv"));
            assert!(
                !given.contains("canary") && !given.contains("NEON"),
                "{child:?}"
            );
            assert_eq!(given.contains("JAVA_HOME"), java, "{child:?}");
        }
    }

    #[tokio::test]
    async fn stopping_ends_the_whole_group_even_where_it_will_not() {
        let process = OsProcess::new(Path::new("/"), Vec::new(), Environment::default());
        let app = process
            .start(&shell("trap '' TERM; sleep 300 & echo child $!; wait"))
            .await
            .unwrap();
        let pid = loop {
            if let Some(pid) = app
                .output()
                .lines()
                .find_map(|line| line.strip_prefix("child "))
            {
                break pid.trim().parse::<i32>().unwrap();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        drop(app);
        let gone = || {
            let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
            status.is_empty() || status.contains("State:\tZ")
        };
        let end = Instant::now() + Duration::from_secs(10);
        while !gone() {
            assert!(Instant::now() < end, "the grandchild lives");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    #[test]
    fn the_projects_own_python_comes_first() {
        let root = crate::testing::folders::temp_dir();
        let (bin, installed) = (root.path().join(".venv/bin"), root.path().join("usr/bin"));
        for dir in [&bin, &installed] {
            std::fs::create_dir_all(dir).unwrap();
        }
        let process = OsProcess::new(root.path(), vec![installed.clone()], Environment::default());
        let backend = root.path().join("backend");
        std::fs::copy("/bin/sh", installed.join("python")).unwrap();
        assert_eq!(
            process.find("python", &backend),
            Some(installed.join("python"))
        );
        std::fs::copy("/bin/sh", bin.join("python3")).unwrap();
        assert_eq!(process.find("python", &backend), Some(bin.join("python3")));
        assert_eq!(process.find("no-such-program-here", &backend), None);
    }
}
