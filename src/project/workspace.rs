//! Where the program works: the directory, the repository around it, the configuration, and the ports to them.
//!
//! The only place in the crate that reads the process environment: everything else is handed an [`Environment`].
#![expect(clippy::disallowed_methods, reason = "it finds out where we run")]

use std::{
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use crate::{
    core::{children::Child, environment::Environment},
    os::{
        browser,
        files::{kind_word, real},
        programs::{file_names, variable_name},
    },
    ports::{
        self, Ports,
        repository::{GitEnvironment, GitOptions, Repository as _, Survey},
    },
    project::{
        config::{AppConfig, Config, ConfigError},
        detect::{self, Detected, Tree},
        init,
        resolve::Layers,
        service::{self, HostFault, Service},
        settings::{CONFIG_FILE, EnvBasis, EnvTarget, Flags, Settings},
    },
};

/// The largest file that is read as a configuration, or to find out what the repository is.
const LIMIT: u64 = 1024 * 1024;

/// Why the project cannot be opened. Displays what is wrong; [`Self::why`] and [`Self::hint`] say the rest.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WorkspaceError {
    #[error("there is no current directory: {0}")]
    NoCurrentDirectory(io::Error),
    #[error("can't enter `{}`: {error}", path.display())]
    CannotEnter { path: PathBuf, error: io::Error },
    #[error("`{}` isn't a directory", .0.display())]
    NotADirectory(PathBuf),
    #[error("the configuration file `{}` doesn't exist", .0.display())]
    NoConfigFile(PathBuf),
    #[error("there are several neonup.toml files: {}", .0.join(", "))]
    SeveralConfigs(Vec<String>),
    #[error("can't read `{}`", path.display())]
    UnreadableConfig { path: PathBuf, error: io::Error },
    #[error("`{}` {error}", path.display())]
    InvalidConfig { path: PathBuf, error: ConfigError },
    #[error("`{host}` can't be used as the {}'s host", service.name())]
    HostRefused {
        service: Service,
        host: String,
        why: String,
    },
    /// The host itself is not repeated.
    #[error("the {}'s host contains a user or a password", .0.name())]
    HostWithLogin(Service),
}

impl WorkspaceError {
    /// The reason, where the message doesn't tell it already; else empty.
    pub(crate) fn why(&self) -> String {
        match self {
            Self::UnreadableConfig { error, .. } => error.to_string(),
            Self::HostRefused { why, .. } => why.clone(),
            Self::NoCurrentDirectory(_)
            | Self::CannotEnter { .. }
            | Self::NotADirectory(_)
            | Self::NoConfigFile(_)
            | Self::SeveralConfigs(_)
            | Self::InvalidConfig { .. }
            | Self::HostWithLogin(_) => String::new(),
        }
    }

    /// What to do about it.
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::NoCurrentDirectory(_) | Self::CannotEnter { .. } | Self::NotADirectory(_) => {
                "check the path given with -C".to_owned()
            }
            Self::NoConfigFile(_) => "check the path given with --config".to_owned(),
            Self::SeveralConfigs(files) => {
                let folder = files.first().and_then(|file| file.rsplit_once('/'));
                format!(
                    "choose the application by its folder: neonup -C {}",
                    folder.map_or(".", |(folder, _)| folder)
                )
            }
            Self::UnreadableConfig { error, .. }
                if error.kind() == io::ErrorKind::PermissionDenied =>
            {
                "check its permissions".to_owned()
            }
            Self::UnreadableConfig { .. } => {
                "move it away; `neonup init` writes a new one".to_owned()
            }
            Self::InvalidConfig { .. } => "fix that line; nothing was changed".to_owned(),
            Self::HostRefused { service, .. } => {
                format!("give a full base URL, such as {}", service.examples())
            }
            Self::HostWithLogin(_) => "remove it: no part of the address is a secret".to_owned(),
        }
    }
}

/// Which of a repository's applications is meant, where `neonup.toml` names several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AppScope {
    /// The one where the program was started; all of them, where there is none or more than one.
    Here,
    /// All of them.
    Whole,
    /// The one in this folder, relative to the root.
    App(String),
}

/// The configuration as it is for the applications that are meant.
#[derive(Debug, Default)]
struct AppView {
    config: Option<Config>,
    /// The folder of the one that was chosen among several.
    dir: String,
    /// The folders of all, where none was chosen.
    apps: Vec<String>,
}

/// A directory with the repository around it, not yet opened.
pub(crate) struct Workspace {
    root: PathBuf,
    /// The configuration file that is named, or the nearest one; it may not exist.
    config_file: PathBuf,
    /// Where the program was started, relative to the root; empty for the root itself.
    focus: String,
    pub(super) repository: ports::repository::GitRepository,
    environment: Environment,
}

impl Workspace {
    /// Finds the workspace around a directory, or around the current one.
    pub(crate) fn find(
        directory: Option<&Path>,
        config: Option<&PathBuf>,
        environment: Environment,
    ) -> Result<Self, WorkspaceError> {
        let directory = match directory {
            Some(directory) => directory.to_owned(),
            None => std::env::current_dir().map_err(WorkspaceError::NoCurrentDirectory)?,
        };
        let directory = match real(&directory) {
            Ok(directory) => directory,
            Err(error) => {
                return Err(WorkspaceError::CannotEnter {
                    path: directory,
                    error,
                });
            }
        };
        if !directory.is_dir() {
            return Err(WorkspaceError::NotADirectory(directory));
        }
        let mut workspace = Self::at(&directory, environment);
        if let Some(file) = config {
            if !file.exists() {
                return Err(WorkspaceError::NoConfigFile(file.clone()));
            }
            workspace.config_file.clone_from(file);
        }
        Ok(workspace)
    }

    /// The workspace around an existing directory.
    pub(crate) fn at(directory: &Path, environment: Environment) -> Self {
        let own_path = own_search_path(&environment, directory);
        let files = file_names("git", environment.get("PATHEXT"));
        let git = own_path
            .iter()
            .flat_map(|folder| files.iter().map(move |file| folder.join(file)))
            .find(|git| git.is_file());
        let repository = ports::repository::GitRepository::open(
            directory,
            GitOptions {
                program: git.map(|git| git.display().to_string()),
                environment: GitEnvironment::Inherited(with_path(
                    Child::Git.inherits(&environment),
                    &own_path,
                )),
                ..GitOptions::default()
            },
        );
        let root = repository
            .root()
            .map_or_else(|| directory.to_owned(), Path::to_owned);
        let focus = relative(directory, &root).unwrap_or_default();
        let nearest = directory
            .ancestors()
            .take_while(|folder| folder.starts_with(&root))
            .map(|folder| folder.join(CONFIG_FILE))
            .find(|file| file.symlink_metadata().is_ok());
        Self {
            config_file: nearest.unwrap_or_else(|| root.join(CONFIG_FILE)),
            focus,
            root,
            repository,
            environment,
        }
    }

    /// The folder from which the paths of the configuration are seen, relative to the root: its own, where it is a `neonup.toml` of the
    /// repository.
    fn base(&self) -> String {
        let file = &self.config_file;
        let own = file.file_name().is_some_and(|name| name == CONFIG_FILE);
        let folder = file.parent().and_then(|folder| real(folder).ok());
        folder
            .filter(|_| own)
            .and_then(|folder| relative(&folder, &self.root))
            .unwrap_or_default()
    }

    /// Takes the only `neonup.toml` that lies below where the program was started, if none lies there or above.
    fn settle(&mut self, files: &[String]) -> Result<(), WorkspaceError> {
        let below: Vec<_> = files
            .iter()
            .filter(|file| file.rsplit('/').next() == Some(CONFIG_FILE))
            .filter(|file| Path::new(file).starts_with(&self.focus))
            // one of an example or a test is not the project's
            .filter(|file| !detect::lies_aside(file))
            .collect();
        match below.as_slice() {
            [] => {}
            [file] => self.config_file = self.root.join(file),
            several => {
                return Err(WorkspaceError::SeveralConfigs(
                    several.iter().map(|file| (*file).clone()).collect(),
                ));
            }
        }
        Ok(())
    }

    /// What the repository seems to want, and its `neonup.toml`, which goes into the folder of the application where the program was
    /// started in a subfolder.
    fn detect(&mut self, survey: &Survey) -> Detected {
        let root = self.root.clone();
        let read = |path: &str| text(&root.join(path)).ok();
        let detected = detect::detect(&Tree::new(&survey.files, &read), &self.focus);
        let mut folder = if Path::new(&detected.dir).starts_with(&self.focus) {
            self.focus.as_str()
        } else {
            detected.dir.as_str()
        };
        // above all that it names
        let paths = detected.config.paths();
        while !paths.iter().all(|path| Path::new(path).starts_with(folder)) {
            folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
        }
        self.config_file = self.root.join(folder).join(CONFIG_FILE);
        detected
    }

    /// Reads the configuration and makes the ports; the one that finds out what SQL makes is given.
    pub(crate) fn open(
        mut self,
        flags: Flags,
        scope: &AppScope,
        shapes: Arc<dyn ports::shapes::Shapes>,
    ) -> Result<(Settings, Ports), WorkspaceError> {
        let mut config = self.config()?;
        let says_all = |config: &Config| {
            !config.env.is_empty() && config.schema.is_some() && config.backend.is_some()
        };
        let survey = if config.as_ref().is_some_and(says_all) {
            Survey::default()
        } else {
            self.repository.survey(&self.root)
        };
        if config.is_none() {
            self.settle(&survey.files)?;
            config = self.config()?;
        }
        let base = self.base();
        let config = config.map(|config| config.seen_from_root(&base));
        let AppView { config, dir, apps } = self.view(config, scope, &survey);
        let detected = if !apps.is_empty() || config.as_ref().is_some_and(says_all) {
            None
        } else if config.is_some() {
            // the file lies where the application is, or names its folder
            let file = self.config_file.clone();
            self.focus
                .clone_from(if dir.is_empty() { &base } else { &dir });
            let detected = self.detect(&survey);
            self.config_file = file;
            Some(detected)
        } else {
            Some(self.detect(&survey))
        };
        let base = self.base();
        let layers = Layers {
            config,
            detected_env: detected
                .as_ref()
                .map(Detected::env_basis)
                .unwrap_or_default(),
            detected: detected
                .as_ref()
                .map(|detected| detected.config.clone())
                .unwrap_or_default(),
            environment: self.environment.clone(),
        };
        let mut settings = Settings::resolve(
            &self.root,
            &self.config_file,
            layers,
            flags,
            SystemTime::now(),
        );
        settings.apps = apps;
        settings.found = detected
            .filter(|_| !settings.config_exists)
            .map(|detected| {
                Arc::new(init::facts(
                    &detected,
                    &settings.project.name,
                    &base,
                    survey.cut,
                ))
            });
        check_host(Service::Api, &settings.api_host)?;
        check_host(Service::Claims, &settings.claim_host)?;
        if let Some(host) = &settings.oauth_host {
            check_host(Service::Login, host)?;
        }
        let ports = self.ports(&settings, &dir, shapes);
        Ok((settings, ports))
    }

    /// The configuration as it is for the applications that are meant.
    fn view(&mut self, config: Option<Config>, scope: &AppScope, survey: &Survey) -> AppView {
        let Some(whole) = config.as_ref().filter(|config| !config.apps.is_empty()) else {
            return AppView {
                config,
                ..AppView::default()
            };
        };
        let below = |app: &&AppConfig| Path::new(&app.dir).starts_with(&self.focus);
        let chosen = match scope {
            AppScope::Whole => None,
            AppScope::App(dir) => whole.apps.iter().find(|app| app.dir == *dir),
            AppScope::Here => {
                let around = whole.apps.iter().filter(|app| app.is_around(&self.focus));
                let mut inside = whole.apps.iter().filter(below);
                around.max_by_key(|app| app.dir.len()).or_else(|| {
                    let only = inside.next();
                    only.filter(|_| inside.next().is_none())
                })
            }
        };
        if let Some(app) = chosen {
            return AppView {
                config: Some(whole.of_app(app)),
                dir: app.dir.clone(),
                apps: Vec::new(),
            };
        }
        let mut env: Vec<EnvTarget> = Vec::new();
        for app in &whole.apps {
            let targets = if app.env.is_empty() {
                let file = self.config_file.clone();
                self.focus.clone_from(&app.dir);
                let detected = self.detect(survey);
                self.config_file = file;
                // what is a guess is no file of the project's yet
                if detected.env_basis() == EnvBasis::Known {
                    detected.config.env
                } else {
                    Vec::new()
                }
            } else {
                app.env.clone()
            };
            // an env file that two of them read is written once
            let new = |target: &EnvTarget| !env.iter().any(|known| known.file == target.file);
            let new: Vec<_> = targets.into_iter().filter(new).collect();
            env.extend(new);
        }
        AppView {
            apps: whole.app_folders(),
            config: Some(Config {
                env,
                apps: Vec::new(),
                ..whole.clone()
            }),
            dir: String::new(),
        }
    }

    /// What a browser gets of the environment.
    fn browser(&self) -> Environment {
        let variables = Child::Browser.inherits(&self.environment);
        let folders = own_search_path(&self.environment, &self.root);
        Environment::new(with_path(variables, &folders))
    }

    /// The real adapters.
    fn ports(
        self,
        settings: &Settings,
        app: &str,
        shapes: Arc<dyn ports::shapes::Shapes>,
    ) -> Ports {
        let folders = self.repository.folders();
        let git = ports::files::disk::GitFolders {
            own: folders.map(|(own, _)| own.to_owned()),
            common: folders.map(|(_, common)| common.to_owned()),
        };
        Ports {
            neon: Arc::new(ports::neon::http::HttpNeon::new(
                settings.api_host.clone(),
                settings.ca_file.clone(),
                settings.timeout,
            )),
            claimable: Arc::new(ports::claimable::http::HttpClaimable::new(
                settings.claim_host.clone(),
                settings.ca_file.clone(),
                settings.timeout,
            )),
            database: Arc::new(ports::database::postgres::Postgres::new(settings.timeout)),
            shapes,
            web_login: Arc::new(ports::web_login::browser::BrowserLogin::new(
                settings.ca_file.clone(),
                settings.timeout,
                browser::is_there(&settings.environment).then(|| self.browser()),
            )),
            store: Arc::new(ports::store::os::OsStore::new(
                &settings.environment,
                self.repository.root(),
            )),
            files: Arc::new(ports::files::disk::DiskFiles::new(&self.root, git)),
            lock: Arc::new(ports::lock::os::FileLock::new(
                &self.root,
                self.repository.folders().map(|(_, common)| common),
            )),
            repository: Arc::new(self.repository),
            trust: Arc::new(ports::trust::disk::DiskTrust::new(&self.root)),
            proof: Arc::new(ports::proof::disk::DiskProof::new(&self.root, app)),
            process: Arc::new(ports::process::os::OsProcess::new(
                &self.root,
                search_path(&settings.environment),
                settings.environment.clone(),
            )),
        }
    }

    pub(super) fn config(&self) -> Result<Option<Config>, WorkspaceError> {
        let path = || self.config_file.clone();
        match text(&self.config_file) {
            Ok(text) => {
                Config::parse(&text)
                    .map(Some)
                    .map_err(|error| WorkspaceError::InvalidConfig {
                        path: path(),
                        error,
                    })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(WorkspaceError::UnreadableConfig {
                path: path(),
                error,
            }),
        }
    }
}

/// A folder relative to another one above it, with forward slashes; `None` where it lies elsewhere or has no name in UTF-8.
fn relative(folder: &Path, root: &Path) -> Option<String> {
    let inner = folder.strip_prefix(root).ok()?.to_str()?;
    Some(inner.replace('\\', "/"))
}

/// Reads a text file of the repository. In a clone its name may belong to anything: only regular files are opened, since a FIFO
/// would wait for a writer forever and a device never ends.
pub(crate) fn text(path: &Path) -> io::Result<String> {
    regular(&fs::metadata(path)?)?;
    let file = fs::File::open(path)?;
    regular(&file.metadata()?)?;
    let mut bytes = Vec::new();
    file.take(LIMIT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LIMIT {
        return Err(too_large());
    }
    decoded(bytes)
}

/// The text of a file: UTF-8, or UTF-16 where a mark at its head says so, as PowerShell writes it. The mark isn't part of the text.
fn decoded(bytes: Vec<u8>) -> io::Result<String> {
    let units = |pair: fn([u8; 2]) -> u16| -> Vec<u16> {
        let pairs = bytes.get(2..).unwrap_or_default().chunks_exact(2);
        pairs
            .filter_map(|bytes| bytes.try_into().ok().map(pair))
            .collect()
    };
    let wide = match bytes.as_slice() {
        [0xFF, 0xFE, ..] => Some(units(u16::from_le_bytes)),
        [0xFE, 0xFF, ..] => Some(units(u16::from_be_bytes)),
        _ => None,
    };
    if let Some(units) = wide {
        let whole = bytes.len().is_multiple_of(2);
        return String::from_utf16(&units)
            .ok()
            .filter(|_| whole)
            .ok_or_else(|| {
                io::Error::new(
                    io::ErrorKind::InvalidData,
                    "it starts as UTF-16 but isn't: save it as UTF-8",
                )
            });
    }
    let mut bytes = bytes;
    if bytes.starts_with(&[0xEF, 0xBB, 0xBF]) {
        bytes.drain(..3);
    }
    String::from_utf8(bytes).map_err(|error| {
        let before = error
            .as_bytes()
            .iter()
            .take(error.utf8_error().valid_up_to());
        let line = before.filter(|byte| **byte == b'\n').count() + 1;
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("it isn't UTF-8: line {line} contains other bytes"),
        )
    })
}

fn regular(meta: &fs::Metadata) -> io::Result<()> {
    if !meta.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("it is {}, not a regular file", kind_word(meta.file_type())),
        ));
    }
    if meta.len() > LIMIT {
        return Err(too_large());
    }
    Ok(())
}

fn too_large() -> io::Error {
    io::Error::new(
        io::ErrorKind::FileTooLarge,
        "it is larger than 1 MiB, too large for a configuration file",
    )
}

/// Reads the process environment, without what is not UTF-8.
pub(crate) fn environment() -> Environment {
    Environment::new(std::env::vars_os().filter_map(|(name, value)| {
        let name = variable_name(name.to_str()?);
        let value = if name == SEARCH_PATH {
            // one folder that is not UTF-8 must not hide the others
            value.to_string_lossy().into_owned()
        } else {
            value.into_string().ok()?
        };
        Some((name, value))
    }))
}

const SEARCH_PATH: &str = "PATH";

/// The folders in which programs of our own are looked for, such as git: those of `PATH` but for the ones that mean the current
/// folder and those inside the repository around a directory, where a clone could put a `git` of its own.
pub(crate) fn own_search_path(environment: &Environment, directory: &Path) -> Vec<PathBuf> {
    let root = directory
        .ancestors()
        .find(|above| above.join(".git").exists())
        .unwrap_or(directory);
    let root = real(root).unwrap_or_else(|_| root.to_owned());
    search_path(environment)
        .into_iter()
        .filter(|folder| folder.is_absolute())
        .filter(|folder| {
            // where the entry is a link, it counts where it leads
            let real = real(folder).unwrap_or_else(|_| folder.clone());
            !real.starts_with(&root) && !folder.starts_with(&root)
        })
        .collect()
}

/// The same around a directory, or around the current one.
pub(crate) fn own_search_path_from(
    environment: &Environment,
    directory: Option<&Path>,
) -> Vec<PathBuf> {
    let current = || std::env::current_dir().unwrap_or_default();
    let directory = directory.map_or_else(current, Path::to_owned);
    let directory = real(&directory).unwrap_or(directory);
    own_search_path(environment, &directory)
}

/// The variables of a program of our own, with the folders in which it looks for others.
pub(crate) fn with_path(
    mut variables: Vec<(String, String)>,
    folders: &[PathBuf],
) -> Vec<(String, String)> {
    variables.retain(|(name, _)| name != SEARCH_PATH);
    if let Ok(path) = std::env::join_paths(folders) {
        variables.push((SEARCH_PATH.to_owned(), path.to_string_lossy().into_owned()));
    }
    variables
}

/// The folders of programs.
pub(crate) fn search_path(environment: &Environment) -> Vec<PathBuf> {
    environment
        .get(SEARCH_PATH)
        .map(|path| std::env::split_paths(path).collect())
        .unwrap_or_default()
}

/// Refuses a host that isn't a base URL, or that would send secrets over a network in plain text.
fn check_host(service: Service, host: &str) -> Result<(), WorkspaceError> {
    service::check_host(host).map_err(|fault| match fault {
        HostFault::WithLogin => WorkspaceError::HostWithLogin(service),
        HostFault::Refused(why) => WorkspaceError::HostRefused {
            service,
            host: host.to_owned(),
            why,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{folders::temp_dir, world::World};

    fn refused(change: impl FnOnce(&Path)) -> String {
        let root = temp_dir();
        change(&root.path().join(CONFIG_FILE));
        let workspace = Workspace::at(root.path(), Environment::new(Vec::new()));
        workspace
            .open(
                Flags::default(),
                &AppScope::Here,
                World::default().ports().shapes,
            )
            .err()
            .map(|error| error.why())
            .unwrap_or_default()
    }

    #[test]
    fn an_unreadable_configuration_is_named_for_what_it_is() {
        let directory = refused(|path| fs::create_dir(path).unwrap());
        assert_eq!(directory, "it is a directory, not a regular file");
        let bytes = refused(|path| fs::write(path, b"# a\n# \xff\n").unwrap());
        assert_eq!(bytes, "it isn't UTF-8: line 2 contains other bytes");
        let large = refused(|path| fs::write(path, "#".repeat(1024 * 1024 + 1)).unwrap());
        assert!(large.contains("larger than 1 MiB"), "{large}");
    }

    #[test]
    fn a_text_is_read_in_the_coding_that_its_mark_names() {
        let utf16 = |head: [u8; 2], pair: fn(u16) -> [u8; 2]| {
            let units = "sqlmodel\r\n\u{1f40d}".encode_utf16();
            head.into_iter()
                .chain(units.flat_map(pair))
                .collect::<Vec<_>>()
        };
        for bytes in [
            utf16([0xFF, 0xFE], u16::to_le_bytes),
            utf16([0xFE, 0xFF], u16::to_be_bytes),
            "\u{feff}sqlmodel\r\n\u{1f40d}".as_bytes().to_vec(),
            "sqlmodel\r\n\u{1f40d}".as_bytes().to_vec(),
        ] {
            assert_eq!(decoded(bytes).unwrap(), "sqlmodel\r\n\u{1f40d}");
        }
        // half a character, and half of a pair of them
        for bytes in [&[0xFF, 0xFE, b'a'][..], &[0xFF, 0xFE, 0x00, 0xD8]] {
            let error = decoded(bytes.to_vec()).unwrap_err().to_string();
            assert!(error.contains("UTF-16"), "{error}");
        }
        let refused = refused(|path| fs::write(path, [0xFF, 0xFE, b'a']).unwrap());
        assert!(refused.contains("UTF-16"), "{refused}");
    }

    #[test]
    fn hosts_that_would_see_a_secret_in_plain_text_are_refused() {
        let root = temp_dir();
        let open = |name: &str, host: &str| {
            let variables = [(name.to_owned(), host.to_owned())];
            let workspace = Workspace::at(root.path(), Environment::new(variables));
            workspace
                .open(
                    Flags::default(),
                    &AppScope::Here,
                    World::default().ports().shapes,
                )
                .err()
        };
        for name in ["NEON_API_HOST", "NEONUP_CLAIM_HOST", "NEON_OAUTH_HOST"] {
            for host in [
                "http://example.org",
                "ftp://localhost",
                "https://a:b@example.org",
                "nowhere",
            ] {
                let error = open(name, host).unwrap();
                let shown = format!("{error} {} {}", error.why(), error.hint());
                assert!(
                    !error.hint().is_empty() && !shown.contains("a:b@"),
                    "{shown}"
                );
            }
            for host in ["http://127.0.0.1:8787", "https://example.org/"] {
                assert!(open(name, host).is_none(), "{name} {host}");
            }
        }
    }

    #[cfg(unix)]
    #[test]
    fn fifos_and_devices_are_not_read() {
        use std::os::unix::fs::symlink;
        let fifo = |path: &Path| {
            let made = std::process::Command::new("mkfifo").arg(path).status();
            assert!(made.unwrap().success());
        };
        assert_eq!(refused(fifo), "it is a FIFO, not a regular file");
        let device = refused(|path| symlink("/dev/zero", path).unwrap());
        assert_eq!(device, "it is a device, not a regular file");
        // files that only serve to detect the stack are skipped
        let passed = refused(|path| fifo(&path.with_file_name("requirements.txt")));
        assert_eq!(passed, "");
    }

    #[test]
    fn the_only_configuration_below_is_taken_and_of_several_none() {
        let root = temp_dir();
        let settled = |files: &[&str]| {
            let mut workspace = Workspace::at(root.path(), Environment::new(Vec::new()));
            let files: Vec<_> = files.iter().map(|file| (*file).to_owned()).collect();
            workspace.settle(&files)?;
            let file = workspace.config_file.strip_prefix(&workspace.root);
            Ok::<_, WorkspaceError>(file.unwrap().display().to_string())
        };
        for (files, taken) in [
            (&["api/app.py"][..], "neonup.toml"),
            (&["api/neonup.toml"], "api/neonup.toml"),
            // one of an example is not the project's
            (
                &["api/neonup.toml", "examples/a/neonup.toml"],
                "api/neonup.toml",
            ),
            (&["tests/a/neonup.toml"], "neonup.toml"),
        ] {
            assert_eq!(settled(files).unwrap(), taken, "{files:?}");
        }
        let several = settled(&["api/neonup.toml", "web/neonup.toml"]).unwrap_err();
        assert_eq!(
            several.hint(),
            "choose the application by its folder: neonup -C api"
        );
    }
}
