//! Where the program works: the directory, the repository around it, the configuration, and the ports to them.

use std::{
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use crate::{
    core::{code::Code, environment::Environment, failure::Failure},
    domain::host::is_loopback,
    ports::{self, Ports, repository::Repository as _},
    project::{
        config::Config,
        detect,
        resolve::Layers,
        settings::{CONFIG_FILE, Flags, Settings},
    },
};

/// The largest file that is read as a configuration, or to find out what the repository is.
const LIMIT: u64 = 1024 * 1024;

/// A directory, and what lies around it.
pub(crate) struct Place {
    root: PathBuf,
    config_file: PathBuf,
    repository: ports::repository::GitRepository,
    environment: Environment,
}

impl Place {
    pub(crate) fn find(
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
            if !file.exists() {
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
        let config = match text(&self.config_file) {
            Ok(text) => Some(Config::parse(&text).map_err(|error| {
                Failure::new(
                    Code::SecretsUnknown,
                    format!("`{}` {error}", self.config_file.display()),
                )
                .hint("mend that line; nothing was changed")
            })?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                return Err(Failure::new(
                    Code::SecretsUnknown,
                    format!("cannot read `{}`", self.config_file.display()),
                )
                .why(error.to_string())
                .hint(if error.kind() == io::ErrorKind::PermissionDenied {
                    "check its permissions"
                } else {
                    "move it away; `neonup init` writes a new one"
                }));
            }
        };
        let root = self.root.clone();
        let detected = detect::detect(&|path| text(&root.join(path)).ok()).config;
        let layers = Layers {
            config,
            detected,
            environment: self.environment,
        };
        let settings = Settings::resolve(
            &self.root,
            &self.config_file,
            layers,
            flags,
            SystemTime::now(),
        );
        check_host(
            &settings.api_host,
            "API",
            "https://console.neon.tech/api/v2 or http://127.0.0.1:8787/api/v2",
        )?;
        check_host(
            &settings.claim_host,
            "claim service",
            "https://neon.new or http://127.0.0.1:8787",
        )?;
        let ports = Ports {
            neon: Arc::new(ports::neon::HttpNeon::new(
                settings.api_host.clone(),
                settings.ca_file.clone(),
                settings.timeout,
            )),
            claimable: Arc::new(ports::claimable::HttpClaimable::new(
                settings.claim_host.clone(),
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

/// The text of a file of the repository. Anything may lie under its name in a clone: what is no regular file is not opened,
/// since a FIFO would wait for a writer for ever and a device never ends.
pub(crate) fn text(path: &Path) -> io::Result<String> {
    regular(&fs::metadata(path)?)?;
    let file = fs::File::open(path)?;
    regular(&file.metadata()?)?;
    let mut bytes = Vec::new();
    file.take(LIMIT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LIMIT {
        return Err(too_large());
    }
    String::from_utf8(bytes).map_err(|error| {
        let before = error
            .as_bytes()
            .iter()
            .take(error.utf8_error().valid_up_to());
        let line = before.filter(|byte| **byte == b'\n').count() + 1;
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("it is not UTF-8: line {line} holds other bytes"),
        )
    })
}

fn regular(meta: &fs::Metadata) -> io::Result<()> {
    if !meta.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("it is {}, not a regular file", kind(meta.file_type())),
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
        "it is larger than 1 MiB, which no configuration is",
    )
}

#[cfg(unix)]
fn kind(kind: fs::FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt as _;
    if kind.is_dir() {
        "a directory"
    } else if kind.is_fifo() {
        "a FIFO"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(not(unix))]
fn kind(kind: fs::FileType) -> &'static str {
    if kind.is_dir() {
        "a directory"
    } else {
        "a device"
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

/// Refuses a host that is no base URL, or that would send secrets in clear over a network.
fn check_host(host: &str, whose: &str, such_as: &str) -> Result<(), Failure> {
    let wrong = |why: &str| {
        Failure::new(
            Code::LoginUnreachable,
            format!("`{host}` cannot be the {whose}'s host"),
        )
        .why(why)
        .hint(format!("give a full base, such as {such_as}"))
    };
    let url = url::Url::parse(host).map_err(|error| wrong(&error.to_string()))?;
    if url.host().is_none() {
        return Err(wrong("it names no host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Failure::new(
            Code::LoginUnreachable,
            format!("the {whose}'s host holds a user or a password"),
        )
        .hint("leave it out: no part of the address is a secret"));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl FnOnce(&Path)) -> String {
        let root = tempfile::TempDir::new().unwrap();
        change(&root.path().join(CONFIG_FILE));
        let place = Place::at(root.path(), Environment::new(Vec::new()));
        place
            .open(Flags::default())
            .err()
            .map(|failure| failure.why)
            .unwrap_or_default()
    }

    #[test]
    fn a_configuration_that_is_no_text_file_is_named_for_what_it_is() {
        let directory = refused(|path| fs::create_dir(path).unwrap());
        assert_eq!(directory, "it is a directory, not a regular file");
        let bytes = refused(|path| fs::write(path, b"# a\n# \xff\n").unwrap());
        assert_eq!(bytes, "it is not UTF-8: line 2 holds other bytes");
        let large = refused(|path| fs::write(path, "#".repeat(1024 * 1024 + 1)).unwrap());
        assert!(large.contains("larger than 1 MiB"), "{large}");
    }

    #[test]
    fn no_host_is_taken_that_would_see_a_secret_in_clear() {
        let root = tempfile::TempDir::new().unwrap();
        let open = |name: &str, host: &str| {
            let variables = [(name.to_owned(), host.to_owned())];
            let place = Place::at(root.path(), Environment::new(variables));
            place.open(Flags::default()).err()
        };
        for name in ["NEON_API_HOST", "NEONUP_CLAIM_HOST"] {
            for host in [
                "http://example.org",
                "ftp://localhost",
                "https://a:b@example.org",
                "nowhere",
            ] {
                let failure = open(name, host).unwrap();
                assert!(
                    !failure.hint.is_empty() && !failure.to_string().contains("a:b@"),
                    "{failure}"
                );
            }
            for host in ["http://127.0.0.1:8787", "https://example.org/"] {
                assert_eq!(open(name, host), None, "{name} {host}");
            }
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_fifo_or_a_device_is_not_waited_for() {
        use std::os::unix::fs::symlink;
        let fifo = |path: &Path| {
            let made = std::process::Command::new("mkfifo").arg(path).status();
            assert!(made.unwrap().success());
        };
        assert_eq!(refused(fifo), "it is a FIFO, not a regular file");
        let device = refused(|path| symlink("/dev/zero", path).unwrap());
        assert_eq!(device, "it is a device, not a regular file");
        // what only tells the kind of the application is passed over
        let passed = refused(|path| fifo(&path.with_file_name("requirements.txt")));
        assert_eq!(passed, "");
    }
}
