//! The Postgres that runs the computes: found or unpacked once, with a template from which every new compute starts.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, SystemTime},
};

use sha2::{Digest as _, Sha256};

use crate::{
    core::secret::Secret,
    domain::hex::hex,
    os::{
        files::{real, rename_dir, set_mode},
        folders,
        postgres::{self, ACCESS, ACCESS_BEFORE_PASSWORD},
        server_user::ServerUser,
        sockets::listening,
        subprocess::{ParentDeathSignal, output},
    },
    sandbox::{
        admin::{Admin, SUPERUSER},
        bundled,
        error::SandboxError,
        files::{self, blocking},
        installed::{self, OLDEST, PostgresWishes, has_binaries, major, succeed, version},
        password,
        records::{DEFAULT_DATABASE, DEFAULT_ROLE},
        scratch::ScratchDir,
        server::{self, Server},
        socket_dir::SocketDir,
    },
};

/// Changes whenever what [`Installation::make_template`] does changes.
const TEMPLATE_VERSION: u32 = 2;
/// How much of the log a replication slot may keep. A branch needs it while it copies; a role can make slots, too.
const SLOT_LIMIT_MB: u32 = 1024;
/// Where a Postgres comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum InstallationSource {
    /// Its `bin` folder is given.
    Given(PathBuf),
    /// It is part of our binary.
    Bundled,
    /// It was found on the machine.
    Installed(PathBuf),
}

/// A source, and what a person should know about the choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChosenSource {
    pub source: InstallationSource,
    pub note: Option<String>,
}

impl InstallationSource {
    /// Takes the first of: the given one; the bundled one, if it has all that is wished for; the newest installed one that has; the
    /// bundled one; the newest installed one.
    pub(crate) fn choose(
        given: Option<&Path>,
        search_path: &[PathBuf],
        wishes: &PostgresWishes,
    ) -> Result<ChosenSource, SandboxError> {
        let plain = |source| ChosenSource { source, note: None };
        if let Some(folder) = given {
            // The folder of the binaries, or the installation that holds it.
            return [folder.to_owned(), folder.join("bin")]
                .into_iter()
                .find(|bin| has_binaries(bin))
                .and_then(|bin| real(&bin).ok())
                .map(|bin| plain(Self::Given(bin)))
                .ok_or_else(|| SandboxError::PgBin(folder.to_owned()));
        }
        if !bundled::is_there() {
            let suits = installed::suiting(search_path, wishes).map(|(_, bin)| bin);
            return suits
                .or_else(|| installed::newest(search_path))
                .map(|bin| plain(Self::Installed(bin)))
                .ok_or(SandboxError::NoEngine);
        }
        let lacking = wishes.lacking(bundled::major(), bundled::has_extension);
        if lacking.is_empty() {
            return Ok(plain(Self::Bundled));
        }
        let lacking = lacking.join(" and ");
        Ok(match installed::suiting(search_path, wishes) {
            Some((version, bin)) => ChosenSource {
                note: Some(format!(
                    "using the installed PostgreSQL {version} ({}): the bundled one lacks {lacking}",
                    bin.display()
                )),
                source: Self::Installed(bin),
            },
            None => ChosenSource {
                note: Some(format!(
                    "the bundled PostgreSQL {} lacks {lacking}; install a PostgreSQL that has it, or set its folder with --pg-bin",
                    bundled::major()
                )),
                source: Self::Bundled,
            },
        })
    }
}

impl InstallationSource {
    /// The same for data that a Postgres of this major version has made: no other version reads it, whatever is wished for.
    pub(crate) fn choose_for_data(
        major: u32,
        search_path: &[PathBuf],
        wishes: PostgresWishes,
    ) -> Result<ChosenSource, SandboxError> {
        let wishes = PostgresWishes {
            version: Some(major),
            ..wishes
        };
        if major == bundled::major() && bundled::is_there() {
            return Self::choose(None, search_path, &wishes);
        }
        let alone = PostgresWishes {
            version: Some(major),
            ..PostgresWishes::default()
        };
        let found = installed::suiting(search_path, &wishes)
            .or_else(|| installed::suiting(search_path, &alone));
        match found {
            Some((_, bin)) => Ok(ChosenSource {
                source: Self::Installed(bin),
                note: None,
            }),
            None => Err(SandboxError::NoEngineForData(major)),
        }
    }

    /// Tells one Postgres from another, without starting it.
    pub(crate) fn fingerprint(&self) -> String {
        match self {
            Self::Bundled => bundled::NAME.to_owned(),
            Self::Given(bin) | Self::Installed(bin) => {
                let program = fs::metadata(postgres::program(bin, "postgres")).ok();
                let changed = program.as_ref().and_then(|meta| meta.modified().ok());
                let length = program.as_ref().map_or(0, fs::Metadata::len);
                format!("{} {length} {changed:?}", bin.display())
            }
        }
    }
}

/// A Postgres that is ready to start computes.
#[derive(Debug)]
pub(crate) struct Installation {
    bin: PathBuf,
    template: PathBuf,
    /// Who runs it; `None`: we ourselves.
    pub(crate) user: Option<ServerUser>,
}

impl Installation {
    /// Unpacks what has to be unpacked and makes the template, unless an earlier run has done it. Its major version is told
    /// as soon as it is known.
    pub(crate) async fn prepare(
        source: InstallationSource,
        user: Option<ServerUser>,
        state: &Path,
        search_path: Vec<PathBuf>,
        known: impl FnOnce(u32),
    ) -> io::Result<Self> {
        let state = state.to_owned();
        let (bin, version, cache) = blocking(move || {
            let cache = cache(user, &state)?;
            let (bin, version) = binaries(source, user, &cache, &search_path)?;
            Ok((bin, version, cache))
        })
        .await?;
        let major = major(&version)
            .ok_or_else(|| io::Error::other(format!("`{version}` isn't a Postgres version")))?;
        if major < OLDEST {
            return Err(io::Error::other(format!(
                "{} is PostgreSQL {version}; the sandbox needs {OLDEST} or newer",
                bin.display()
            )));
        }
        known(major);
        let mut installation = Self {
            template: cache.join(template_name(&bin, &version, user)),
            bin,
            user,
        };
        if !installation.template.join(".ok").exists() {
            installation.template = installation.make_template(&cache).await?;
        }
        Ok(installation)
    }

    /// The folder of the template, with its `data` and the superuser's password.
    pub(crate) fn template(&self) -> &Path {
        &self.template
    }

    /// Copies the template to `data`.
    pub(crate) fn instantiate(&self, data: &Path) -> io::Result<()> {
        files::copy_tree(&self.template.join("data"), data, self.user, &|_| false)
    }

    /// Starts the server of the `data` in a folder; returns when it accepts connections on a socket in `sockets`.
    pub(crate) async fn serve(&self, folder: &Path, sockets: PathBuf) -> io::Result<Server> {
        self.serve_within(folder, sockets, None).await
    }

    /// Does the same for a server whose processes may each have so many bytes of address space.
    pub(crate) async fn serve_within(
        &self,
        folder: &Path,
        sockets: PathBuf,
        memory: Option<u64>,
    ) -> io::Result<Server> {
        let data = folder.join("data");
        files::create_private_dir(&sockets)?;
        if let Some(user) = self.user {
            user.give(&sockets)?;
            user.give_all(&data)?; // an older neonup ran it as somebody else
        }
        let known = password::read(folder)?;
        let access = match known {
            Some(_) => ACCESS,
            None => ACCESS_BEFORE_PASSWORD
                .ok_or_else(|| io::Error::other("the data have no password of the superuser"))?,
        };
        self.write_access(&data, access)?;
        let fresh = known.is_none();
        let sockets = SocketDir::new(sockets, known.unwrap_or_else(password::random));
        let log = folder.join("log");
        let command = self.command(&data, &sockets, File::create(&log)?)?;
        let server = Server::start(command, memory, &data, sockets, &log).await?;
        if fresh {
            self.lock_down(folder, server.sockets()).await?;
        }
        Ok(server)
    }

    /// Writes who may connect to the server, at each start: those who know their password. The superuser's is random, the roles' are
    /// proved by the front's clients.
    fn write_access(&self, data: &Path, access: &str) -> io::Result<()> {
        let file = data.join("pg_hba.conf");
        files::write_private(&file, access.as_bytes())?;
        self.user.map_or(Ok(()), |user| user.give(&file))
    }

    /// Gives the superuser of data by an older neonup a password, and its roles no more than those of this one have.
    async fn lock_down(&self, folder: &Path, sockets: &SocketDir) -> io::Result<()> {
        let mut admin = Admin::connect(sockets).await?;
        admin.narrow_roles().await?;
        admin
            .set_password(SUPERUSER, sockets.admin().expose())
            .await?;
        password::write(folder, sockets.admin())?;
        self.write_access(&folder.join("data"), ACCESS)?;
        admin.reload().await
    }

    /// The command that serves `data` on a socket in `sockets`.
    ///
    /// `fsync` is off: what a compute has committed survives the death of any process, because the kernel has it, and a
    /// sandbox need not survive the death of the kernel. Write-ahead logging and synchronous commit stay on.
    fn command(&self, data: &Path, sockets: &SocketDir, log: File) -> io::Result<Command> {
        let mut command = Command::new(postgres::program(&self.bin, "postgres"));
        let by_number = self.user.is_some() && ServerUser::OPENS_BY_NUMBER;
        command.arg("-D");
        command.arg(if by_number {
            Path::new("/proc/self/fd/0")
        } else {
            data
        });
        command.args(listening(sockets.path())?);
        for setting in [
            "fsync=off",
            "full_page_writes=off",
            "shared_buffers=16MB", // initdb of the bundled build finds 400 kB
            "max_connections=112", // what Neon's smallest compute has
            "min_wal_size=2MB",
            "max_wal_size=64MB",
            "wal_level=replica", // a branch is an online backup of its parent
            "max_wal_senders=0", // nobody replicates, and a role that may could copy all files
            &format!("max_slot_wal_keep_size={SLOT_LIMIT_MB}MB"),
            "max_logical_replication_workers=0",
            "autovacuum=off", // computes are short-lived; the launcher would wake the machine every minute
            "jit=off",
            "logging_collector=off",
            "log_checkpoints=off",
            "timezone=GMT", // Neon's default
        ] {
            command.args(["-c", setting]);
        }
        server::confine(&mut command, self.user, ParentDeathSignal::Interrupt);
        if by_number {
            // The folder may lie where its user cannot go, below a 0700 /root, say.
            command.stdin(File::open(data)?);
        }
        command.stdout(Stdio::null()).stderr(log);
        Ok(command)
    }

    /// `initdb`, then the roles and the database that every Neon project starts with.
    async fn make_template(&self, cache: &Path) -> io::Result<PathBuf> {
        let part = part(cache)?;
        let (bin, folder, user) = (self.bin.clone(), part.path().to_owned(), self.user);
        blocking(move || {
            let password = password::random();
            initdb(&bin, &folder, &password)?;
            password::write(&folder, &password)?;
            if let Some(user) = user {
                ServerUser::take_back(&folder)?;
                set_mode(&folder, 0o711)?;
                user.give_all(&folder.join("data"))?;
            }
            Ok(())
        })
        .await?;
        // A socket's path is short, which the cache's need not be.
        let scratch = ScratchDir::create(self.user)?;
        let server = self.serve(part.path(), scratch.path().join("s")).await?;
        let outcome = seed(&server).await;
        server.stop().await;
        outcome?;
        let template = self.template.clone();
        blocking(move || publish(part, &template).map(|()| template)).await
    }
}

/// Creates the roles and the database that every Neon project starts with.
async fn seed(server: &Server) -> io::Result<()> {
    let mut admin = Admin::connect(server.sockets()).await?;
    admin.create_neon_superuser().await?;
    admin.create_role(DEFAULT_ROLE, true).await?;
    admin.create_database(DEFAULT_DATABASE, DEFAULT_ROLE).await
}

/// The folder for what is made once: the user's cache, or one that Postgres can reach if we are root.
fn cache(user: Option<ServerUser>, state: &Path) -> io::Result<PathBuf> {
    // Root's own cache is usually behind a 0700 /root, where the user that runs Postgres cannot go.
    let system = user.map(|_| PathBuf::from("/var/cache"));
    let shared = folders::cache()
        .into_iter()
        .chain(system)
        .map(|folder| folder.join("neonup"));
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for folder in shared.chain([state.join("cache")]) {
        match fs::create_dir_all(&folder).and_then(|()| part(&folder)) {
            Ok(_writable) if user.is_none_or(|user| user.reaches(&folder)) => {
                sweep_parts(&folder);
                return Ok(folder);
            }
            Ok(_out_of_reach) => {}
            Err(error) => last = error,
        }
    }
    Err(last)
}

const PART_PREFIX: &str = ".part-";

/// Creates a folder in which to make something before it gets its name.
fn part(cache: &Path) -> io::Result<tempfile::TempDir> {
    tempfile::Builder::new()
        .prefix(PART_PREFIX)
        .tempdir_in(cache)
}

/// Removes what killed processes left half made. Nothing takes an hour.
fn sweep_parts(cache: &Path) {
    let hour_ago = SystemTime::now() - Duration::from_hours(1);
    for entry in fs::read_dir(cache).into_iter().flatten().flatten() {
        let old = || {
            entry
                .metadata()
                .and_then(|meta| meta.modified())
                .is_ok_and(|made| made < hour_ago)
        };
        if entry.file_name().to_string_lossy().starts_with(PART_PREFIX) && old() {
            fs::remove_dir_all(entry.path()).unwrap_or_default();
        }
    }
}

/// Gives what was made its name. If another process was quicker, its work is as good as ours.
fn publish(part: tempfile::TempDir, name: &Path) -> io::Result<()> {
    set_mode(part.path(), 0o755)?;
    fs::write(part.path().join(".ok"), "")?;
    let path = part.keep();
    if let Err(error) = rename_dir(&path, name) {
        fs::remove_dir_all(&path).unwrap_or_default();
        if !name.join(".ok").exists() {
            return Err(error);
        }
    }
    Ok(())
}

/// The folder of the binaries, and their version.
///
/// The bundled ones may not run here (a cache on a `noexec` file system, an old C library): then an installed Postgres
/// takes their place, if there is one.
fn binaries(
    source: InstallationSource,
    user: Option<ServerUser>,
    cache: &Path,
    search_path: &[PathBuf],
) -> io::Result<(PathBuf, String)> {
    match source {
        InstallationSource::Given(bin) | InstallationSource::Installed(bin) => {
            version(&bin, user).map(|version| (bin, version))
        }
        InstallationSource::Bundled => {
            let bundled =
                unpack(cache).and_then(|bin| version(&bin, user).map(|version| (bin, version)));
            bundled.or_else(|error| {
                let Some(bin) = installed::newest(search_path) else {
                    return Err(io::Error::new(
                        error.kind(),
                        format!(
                            "the bundled PostgreSQL doesn't run here ({error}): it needs {}, and no other is installed; install \
                            PostgreSQL 14 or newer, or set its folder with --pg-bin",
                            bundled::NEEDS
                        ),
                    ));
                };
                tracing::warn!(%error, bin = %bin.display(), "the bundled PostgreSQL doesn't run here");
                version(&bin, user).map(|version| (bin, version))
            })
        }
    }
}

fn unpack(cache: &Path) -> io::Result<PathBuf> {
    let name = cache.join(bundled::NAME);
    if !name.join(".ok").exists() {
        let part = part(cache)?;
        bundled::unpack(part.path())?;
        publish(part, &name)?;
    }
    Ok(name.join("bin"))
}

/// Makes the `data` in a folder, which then belongs to the account that ran `initdb`.
fn initdb(bin: &Path, folder: &Path, password: &Secret) -> io::Result<()> {
    let user = ServerUser::with_name();
    let data = folder.join("data");
    let password_file = folder.join("new-password");
    files::write_private(&password_file, password.expose().as_bytes())?;
    if let Some(user) = user {
        user.give(folder)?;
        user.give(&password_file)?;
    }
    let run = |locale: &str| {
        let mut command = Command::new(postgres::program(bin, "initdb"));
        command
            .arg("-D")
            .arg(&data)
            .arg("--pwfile")
            .arg(&password_file);
        command.args([
            "--username",
            SUPERUSER,
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--no-sync",
            "--no-instructions",
            "--wal-segsize=1", // megabytes: what is never written need not be copied for each branch
            locale,
        ]);
        server::confine(&mut command, user, ParentDeathSignal::Kill);
        succeed("initdb", output(&mut command)?)
    };
    // C.UTF-8 is Neon's default; not every system has it.
    run("--locale=C.UTF-8").or_else(|_| {
        fs::remove_dir_all(&data).unwrap_or_default();
        run("--locale=C")
    })?;
    fs::remove_file(&password_file)
}

/// A template belongs to one build of Postgres and one user.
fn template_name(bin: &Path, version: &str, user: Option<ServerUser>) -> String {
    let mut build = Sha256::new();
    build.update(bin.as_os_str().as_encoded_bytes());
    if let Ok(meta) = fs::metadata(postgres::program(bin, "postgres")) {
        build.update(meta.len().to_le_bytes());
    }
    let build = hex(build.finalize().get(..4).unwrap_or_default());
    let uid = ServerUser::number(user);
    format!("template-{version}-{build}-u{uid}-v{TEMPLATE_VERSION}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn folder_without_postgres_is_refused_by_name() {
        let dir = crate::testing::folders::temp_dir();
        let refused = InstallationSource::choose(Some(dir.path()), &[], &PostgresWishes::default())
            .unwrap_err()
            .to_string();
        assert!(
            refused.contains(&dir.path().display().to_string()),
            "{refused}"
        );
    }
}
