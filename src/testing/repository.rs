//! Real repositories in temporary directories, out of reach of this machine's configuration.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    core::{proof::Coverage, secret::Secret},
    os::files::real,
    ports::repository::{
        GitEnvironment, GitOptions, GitRepository, HistoryScan, Leak, LeakedSecret,
        Repository as _, TreeScan,
    },
    testing::folders::temp_dir,
};
use tempfile::TempDir;

pub(crate) struct Repo {
    _dir: TempDir,
    pub(crate) root: PathBuf,
    pub(crate) environment: Vec<(String, String)>,
    /// Whether the searches of packs are cached.
    pub(crate) cache: bool,
}

impl Repo {
    pub(crate) fn new() -> Self {
        let repo = Self::empty();
        repo.git(&["init", "-q", "-b", "main"]);
        repo
    }

    /// A directory without a repository.
    pub(crate) fn empty() -> Self {
        let dir = temp_dir();
        let base = real(dir.path()).unwrap();
        let (root, home) = (base.join("repo"), base.join("home"));
        fs::create_dir(&root).unwrap();
        fs::create_dir(&home).unwrap();
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        let mut environment: Vec<(String, String)> = [
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_CEILING_DIRECTORIES", base.to_str().unwrap()),
            ("GIT_AUTHOR_NAME", "Ada"),
            ("GIT_AUTHOR_EMAIL", "ada@example.com"),
            ("GIT_AUTHOR_DATE", "2026-01-02T03:04:05Z"),
            ("GIT_COMMITTER_NAME", "Ada"),
            ("GIT_COMMITTER_EMAIL", "ada@example.com"),
            ("GIT_COMMITTER_DATE", "2026-01-02T03:04:05Z"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
        environment.push(("HOME".to_owned(), text(&home)));
        environment.push(("PATH".to_owned(), std::env::var("PATH").unwrap()));
        Self {
            _dir: dir,
            root,
            environment,
            cache: false,
        }
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.root.parent().unwrap().join("home")
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        self.git_in(&self.root, arguments)
    }

    pub(crate) fn git_in(&self, directory: &Path, arguments: &[&str]) -> String {
        let (ok, out) = self.try_git(directory, arguments);
        assert!(ok, "git {arguments:?}: {out}");
        out
    }

    pub(crate) fn try_git(&self, directory: &Path, arguments: &[&str]) -> (bool, String) {
        let output = Command::new("git")
            .args(["-c", "protocol.file.allow=always", "-C"])
            .arg(directory)
            .args(arguments)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .output()
            .unwrap();
        let text = if output.status.success() {
            &output.stdout
        } else {
            &output.stderr
        };
        (
            output.status.success(),
            String::from_utf8_lossy(text).trim_end().to_owned(),
        )
    }

    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let full = self.root.join(path);
        fs::create_dir_all(full.parent().unwrap()).unwrap();
        fs::write(full, content).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root.join(path)).unwrap()
    }

    /// Writes, adds and commits.
    pub(crate) fn commit(&self, path: &str, content: impl AsRef<[u8]>) {
        self.write(path, content);
        self.git(&["add", "-f", "--", path]);
        self.git(&["commit", "-qm", &format!("change {path}")]);
    }

    pub(crate) fn open(&self) -> GitRepository {
        self.open_in(&self.root)
    }

    pub(crate) fn open_in(&self, directory: &Path) -> GitRepository {
        GitRepository::open(
            directory,
            GitOptions {
                program: Some("git".to_owned()),
                environment: GitEnvironment::Given(self.environment.clone()),
                cache: self.cache.then(|| self.home().join("cache")),
                state: Some(self.home().join("state")),
            },
        )
    }

    pub(crate) fn open_without_git(&self) -> GitRepository {
        GitRepository::open(
            &self.root,
            GitOptions {
                program: None,
                environment: GitEnvironment::Given(Vec::new()),
                cache: None,
                state: None,
            },
        )
    }

    pub(crate) async fn tree(&self, live: &[(String, Secret)]) -> TreeScan {
        self.open().scan_tree(live, &|_, _| {}).await.unwrap()
    }

    pub(crate) async fn history(&self, live: &[(String, Secret)], watched: &[&str]) -> HistoryScan {
        let watched: Vec<_> = watched.iter().map(|path| (*path).to_owned()).collect();
        self.open()
            .scan_history(live, &watched, &|_, _| {})
            .await
            .unwrap()
    }
}

pub(crate) fn live(name: &str, secret: &str) -> (String, Secret) {
    (name.to_owned(), Secret::new(secret))
}

/// The leaks of one live secret.
pub(crate) fn of<'a>(leaks: &'a [Leak], label: &str) -> Vec<&'a Leak> {
    let live = LeakedSecret::Live(label.to_owned());
    leaks.iter().filter(|leak| leak.secret == live).collect()
}

/// What a scan has not read, each with its reason.
pub(crate) fn unread(coverage: &Coverage) -> Vec<String> {
    let unread = coverage.unread().iter();
    unread
        .map(|unread| format!("{}: {}", unread.what, unread.why))
        .collect()
}
