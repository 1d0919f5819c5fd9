//! Where the program works: the directory, the repository around it, the configuration, and the ports to them.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use crate::{
    failure::Failure,
    finding::Code,
    ports::{self, Ports, repository::Repository as _},
    settings::{CONFIG_FILE, Config, Environment, Flags, Found, Settings, is_loopback},
};

/// A directory, and what lies around it.
pub(crate) struct Place {
    root: PathBuf,
    config_file: PathBuf,
    repository: ports::repository::GitRepository,
    environment: Environment,
}

impl Place {
    pub(super) fn find(
        directory: Option<&Path>,
        config: Option<&PathBuf>,
    ) -> Result<Self, Failure> {
        let wrong = |what: String| {
            Failure::new(Code::SecretsUnknown, what).hint("check the path given with -C")
        };
        let directory = match directory {
            Some(directory) => directory.to_owned(),
            None => std::env::current_dir()
                .map_err(|error| wrong(format!("there is no current directory: {error}")))?,
        };
        let directory = directory
            .canonicalize()
            .map_err(|error| wrong(format!("cannot enter `{}`: {error}", directory.display())))?;
        if !directory.is_dir() {
            return Err(wrong(format!("`{}` is no directory", directory.display())));
        }
        let mut place = Self::at(&directory, environment());
        if let Some(file) = config {
            place.config_file.clone_from(file);
            if !file.is_file() {
                return Err(Failure::new(
                    Code::SecretsUnknown,
                    format!("there is no configuration file `{}`", file.display()),
                )
                .hint("check the path given with --config"));
            }
        }
        Ok(place)
    }

    /// The place around an existing directory.
    pub(crate) fn at(directory: &Path, environment: Environment) -> Self {
        let repository = ports::repository::GitRepository::open(directory);
        let root = repository
            .root()
            .map_or_else(|| directory.to_owned(), Path::to_owned);
        Self {
            config_file: root.join(CONFIG_FILE),
            root,
            repository,
            environment,
        }
    }

    /// Reads the configuration and makes the ports.
    pub(crate) fn open(self, flags: Flags) -> Result<(Settings, Ports), Failure> {
        let config = match std::fs::read_to_string(&self.config_file) {
            Ok(text) => Some(Config::parse(&text).map_err(|error| {
                Failure::new(
                    Code::SecretsUnknown,
                    format!("`{}` {error}", self.config_file.display()),
                )
                .hint("mend that line; nothing was changed")
            })?),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => {
                return Err(Failure::new(
                    Code::SecretsUnknown,
                    format!("cannot read `{}`", self.config_file.display()),
                )
                .why(error.to_string())
                .hint("check its permissions"));
            }
        };
        let root = self.root.clone();
        let detected =
            crate::domain::stack::detect(&|path| std::fs::read_to_string(root.join(path)).ok())
                .config;
        let found = Found {
            config,
            detected,
            environment: self.environment,
        };
        let settings = Settings::resolve(
            &self.root,
            &self.config_file,
            found,
            flags,
            SystemTime::now(),
        );
        check_host(&settings.api_host)?;
        let ports = Ports {
            neon: Arc::new(ports::neon::HttpNeon::new(
                settings.api_host.clone(),
                settings.ca_file.clone(),
                settings.timeout,
            )),
            database: Arc::new(ports::database::Postgres::new(settings.timeout)),
            store: Arc::new(ports::store::OsStore::new(&settings.environment)),
            files: Arc::new(ports::files::DiskFiles::new(&self.root)),
            repository: Arc::new(self.repository),
            process: Arc::new(ports::process::OsProcess::new(&self.root)),
        };
        Ok((settings, ports))
    }
}

/// The process environment, without what is not UTF-8.
pub(crate) fn environment() -> Environment {
    Environment::new(
        std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        }),
    )
}

/// Refuses an API host that is no base URL, or that would send the key in clear over a network.
fn check_host(host: &str) -> Result<(), Failure> {
    let wrong = |why: &str| {
        Failure::new(Code::LoginUnreachable, format!("`{host}` cannot be the API's host"))
            .why(why)
            .hint("give a full base, such as https://console.neon.tech/api/v2 or http://127.0.0.1:8787/api/v2")
    };
    let url = url::Url::parse(host).map_err(|error| wrong(&error.to_string()))?;
    if url.host().is_none() {
        return Err(wrong("it names no host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Failure::new(
            Code::LoginUnreachable,
            "the API's host holds a user or a password",
        )
        .hint("leave it out: the API key is all that Neon needs"));
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(host) => Ok(()),
        "http" => Err(wrong(
            "plain http is for this machine only: the key would cross the network in clear",
        )),
        _ => Err(wrong("it is neither https nor http")),
    }
}
