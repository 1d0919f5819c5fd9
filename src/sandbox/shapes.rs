//! Finds out what files of SQL make: runs them in a server of our own, which lives for the question and holds nothing.
//!
//! The files are a stranger's. Their role owns an empty database and nothing else: it isn't a superuser, so it reaches no program and no
//! file of the machine; the server lets in nobody without its password, and where there are Unix sockets nobody but its user; time, space and memory are limited;
//! and the server ends with us. What was found out is kept by the content of the files, so that the next question starts nothing.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use sha2::{Digest as _, Sha256};
use tokio::time::{sleep, timeout};

use crate::{
    core::secret::Secret,
    domain::{hex::hex, sql::extensions},
    os::{folders, postgres::CLIENT_CHECK, server_user::ServerUser},
    ports::{
        database::{
            DatabaseError, ObjectFacts, SchemaShape, postgres,
            script::{self, RunLimits},
        },
        shapes::{NotDetermined, SchemaQuestion, Shapes},
    },
    sandbox::{
        admin::{self, Admin, NEON_SUPERUSER, SUPERUSER},
        error::SandboxError,
        files::{self, blocking},
        installation::{ChosenSource, Installation, InstallationSource},
        installed::PostgresWishes,
        password,
        records::{DEFAULT_DATABASE, DEFAULT_ROLE},
        scratch::ScratchDir,
        server::Server,
    },
};

/// How long the files may run: a schema is made in a second, and a look has to end.
const RUN_LIMIT: Duration = Duration::from_secs(10);
/// How long it may take until the server is there, the first time on a slow machine: it is unpacked, and its template made.
const START_LIMIT: Duration = Duration::from_mins(2);
/// How much the server may write, in megabytes: an empty one has 30.
const SPACE_LIMIT: u64 = 512;
/// How often its folder is measured.
const MEASURED: Duration = Duration::from_millis(200);
/// The address space of each of the server's processes, in bytes: an idle one has 200 MB.
const MEMORY_LIMIT: u64 = 1 << 30;
/// How many answers are kept.
const KEPT: usize = 64;
/// The largest answer that is kept, or read again, in bytes.
const KEPT_SIZE: u64 = 8 << 20;
/// Changes whenever an answer is another one for the same files.
const ANSWER_VERSION: &str = "1";

/// What the server is told beside the sandbox's own settings.
const SETTINGS: &str = "
log_min_messages = panic
log_min_error_statement = panic
max_connections = 8
max_wal_senders = 0
max_prepared_transactions = 0
temp_file_limit = 64MB
";

/// The Postgres that we carry, or one that is installed.
#[derive(Debug)]
pub(crate) struct CarriedPostgres {
    /// The folder of its programs, if the user names one.
    given: Option<PathBuf>,
    /// Where answers are kept; `None`: nowhere.
    kept: Option<PathBuf>,
    /// How long the files may run.
    limit: Duration,
}

impl CarriedPostgres {
    pub(crate) fn new(given: Option<PathBuf>) -> Self {
        Self {
            given,
            kept: folders::cache().map(|cache| cache.join("neonup").join("schemas")),
            limit: RUN_LIMIT,
        }
    }

    #[cfg(all(test, unix))]
    pub(crate) const fn for_test(
        given: Option<PathBuf>,
        kept: Option<PathBuf>,
        limit: Duration,
    ) -> Self {
        Self { given, kept, limit }
    }
}

#[async_trait]
impl Shapes for CarriedPostgres {
    async fn shape(&self, question: &SchemaQuestion) -> Result<SchemaShape, NotDetermined> {
        // nothing is sent that cannot be sent to the user's database
        for file in &question.files {
            script::read(file).map_err(|error| refused(error, Vec::new()))?;
        }
        let given = self.given.clone();
        let files = question.files.iter();
        let wishes = PostgresWishes {
            version: None,
            extensions: extensions(files.map(|file| (&*file.name, &*file.text))),
        };
        // A `PATH` may lead into a clone: only the folders of packages are looked into.
        let chosen =
            blocking(move || Ok(InstallationSource::choose(given.as_deref(), &[], &wishes)))
                .await
                .map_err(not_started)?
                .map_err(|error| NotDetermined::NoEngine {
                    reason: no_engine(&error),
                })?;
        let ChosenSource { source, note } = chosen;
        if let Some(note) = note {
            tracing::info!("the schema files are tested: {note}");
        }
        let file = self
            .kept
            .as_ref()
            .map(|folder| folder.join(format!("{}.json", key(&source, question))));
        if let Some(shape) = file.as_deref().and_then(read_kept) {
            return Ok(shape);
        }
        let shape = find_out(source, question, self.limit).await?;
        if let Some(Err(error)) = file.as_deref().map(|file| keep(file, &shape)) {
            tracing::debug!(%error, "couldn't cache an answer");
        }
        Ok(shape)
    }
}

fn no_engine(error: &SandboxError) -> String {
    if matches!(error, SandboxError::NoEngine) {
        return "this build carries none, and none is installed".to_owned();
    }
    error.to_string()
}

fn not_started(error: impl std::fmt::Display) -> NotDetermined {
    NotDetermined::NotStarted {
        reason: error.to_string(),
    }
}

fn refused(error: DatabaseError, missing: Vec<String>) -> NotDetermined {
    NotDetermined::Refused {
        error: Box::new(error),
        missing,
    }
}

/// Runs the files in a server of their own, and reads what they made.
async fn find_out(
    source: InstallationSource,
    question: &SchemaQuestion,
    limit: Duration,
) -> Result<SchemaShape, NotDetermined> {
    let user = ServerUser::unprivileged();
    let scratch = ScratchDir::create(user).map_err(not_started)?;
    let started = timeout(START_LIMIT, start(source, user, &scratch, question)).await;
    let confined = started
        .map_err(|_elapsed| not_started(format!("it wasn't ready after {START_LIMIT:?}")))?
        .map_err(not_started)?;
    let outcome = tokio::select! {
        outcome = confined.run(question, limit) => outcome,
        () = sleep(limit) => Err(NotDetermined::TooSlow { limit }),
        () = outgrown(scratch.path()) => Err(NotDetermined::TooLarge { megabytes: SPACE_LIMIT }),
    };
    confined.server.abandon().await;
    outcome
}

/// A server for one question.
struct Confined {
    server: Server,
    role: String,
    password: Secret,
    database: String,
}

async fn start(
    source: InstallationSource,
    user: Option<ServerUser>,
    scratch: &ScratchDir,
    question: &SchemaQuestion,
) -> io::Result<Confined> {
    let state = scratch.path().join("state");
    // where a later sandbox looks for what a killed one has left
    let folder = state.join("computes").join("schema");
    files::create_private_dir(&folder)?;
    if user.is_some() && !ServerUser::OPENS_BY_NUMBER {
        for passed in [&state, &state.join("computes"), &folder] {
            files::let_through(passed)?; // what lies there is private by its own mode
        }
    }
    let installation = Installation::prepare(source, user, &state, Vec::new(), |_| {}).await?;
    password::copy(installation.template(), &folder)?;
    let data = folder.join("data");
    let installation = blocking(move || {
        installation.instantiate(&data)?;
        append(&data.join("postgresql.auto.conf"), SETTINGS)?;
        append(&data.join("postgresql.auto.conf"), CLIENT_CHECK)?;
        Ok(installation)
    })
    .await?;
    let server = installation
        .serve_within(&folder, scratch.path().join("s"), Some(MEMORY_LIMIT))
        .await?;
    let role = name(&question.role, &[SUPERUSER, NEON_SUPERUSER], DEFAULT_ROLE);
    let taken = ["postgres", "template0", "template1"];
    let database = name(&question.database, &taken, DEFAULT_DATABASE);
    let password = password::random();
    let mut admin = Admin::connect(server.sockets()).await?;
    admin
        .make_confined(&role, password.expose(), &database)
        .await?;
    Ok(Confined {
        server,
        role,
        password,
        database,
    })
}

impl Confined {
    async fn connect(&self) -> Result<sqlx::PgConnection, NotDetermined> {
        let sockets = self.server.sockets();
        admin::connect_role(sockets, &self.role, self.password.expose(), &self.database)
            .await
            .map_err(not_started)
    }

    async fn run(
        &self,
        question: &SchemaQuestion,
        limit: Duration,
    ) -> Result<SchemaShape, NotDetermined> {
        let mut missing = Vec::new();
        let mut connection = self.connect().await?;
        let limits = RunLimits {
            lock: limit,
            statement: limit,
        };
        let ran = script::run(
            &mut connection,
            &question.files,
            limits,
            Some(&mut missing),
            None,
        )
        .await;
        if let Err(error) = ran {
            return Err(refused(error, missing));
        }
        drop(connection);
        // a session of its own: what the files have set for theirs does not matter
        let mut shape = postgres::read_shape(self.connect().await?, limit)
            .await
            .map_err(|error| refused(error, missing.clone()))?;
        shape
            .objects
            .extend(missing.into_iter().map(|name| ObjectFacts {
                kind: "extension".to_owned(),
                name,
                definition: String::new(),
            }));
        Ok(shape)
    }
}

/// The wanted name, or the usual one where the server has a role or database of that name, or keeps such names for itself.
fn name(wanted: &str, taken: &[&str], usual: &str) -> String {
    let free = !wanted.is_empty() && !wanted.starts_with("pg_") && !taken.contains(&wanted);
    if free { wanted } else { usual }.to_owned()
}

fn append(file: &Path, text: &str) -> io::Result<()> {
    let mut all = fs::read_to_string(file)?;
    all.push_str(text);
    fs::write(file, all)
}

/// Returns when a folder has outgrown its limit.
async fn outgrown(folder: &Path) {
    loop {
        sleep(MEASURED).await;
        let folder = folder.to_owned();
        let size = blocking(move || Ok(size(&folder))).await.unwrap_or(0);
        if size > SPACE_LIMIT << 20 {
            return;
        }
    }
}

/// What the files below a folder take, in bytes; what vanishes meanwhile takes none.
fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => size(&entry.path()),
            Ok(meta) => meta.len(),
            Err(_gone) => 0,
        })
        .sum()
}

/// Names the answer: another Postgres, another role or other files get another one.
fn key(source: &InstallationSource, question: &SchemaQuestion) -> String {
    let mut hash = Sha256::new();
    let mut add = |text: &str| {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    };
    add(ANSWER_VERSION);
    add(&source.fingerprint());
    add(&question.role);
    add(&question.database);
    for file in &question.files {
        add(&file.text);
    }
    hex(&hash.finalize())
}

fn read_kept(file: &Path) -> Option<SchemaShape> {
    let small = fs::metadata(file).is_ok_and(|meta| meta.is_file() && meta.len() <= KEPT_SIZE);
    let text = small.then(|| fs::read(file).ok()).flatten()?;
    serde_json::from_slice(&text).ok()
}

/// Keeps an answer, and lets the oldest go.
fn keep(file: &Path, shape: &SchemaShape) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    files::create_private_dir(folder)?;
    let text = serde_json::to_vec(shape)?;
    if text.len() as u64 <= KEPT_SIZE {
        files::write_private(file, &text)?;
    }
    let mut all: Vec<(SystemTime, PathBuf)> = fs::read_dir(folder)?
        .flatten()
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    all.sort();
    let old = all.len().saturating_sub(KEPT);
    for (_, path) in all.into_iter().take(old) {
        files::unless_absent(fs::remove_file(path))?;
    }
    Ok(())
}
