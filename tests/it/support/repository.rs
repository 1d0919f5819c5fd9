//! A git repository with the sample in it.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use tempfile::TempDir;

use super::{
    home::{Home, temp_dir},
    requirements::free_port,
    run::Run,
    sandbox::Sandbox,
};

/// Returns the paths and texts of the sample application.
pub fn sample() -> Vec<(String, String)> {
    fn walk(root: &Path, dir: &Path, all: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(dir).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(root, &path, all);
                continue;
            }
            let name = path.strip_prefix(root).unwrap().to_str().unwrap();
            // git would apply dot files to this repository
            let name = name
                .replace("env.example", ".env.example")
                .replace("gitignore", ".gitignore");
            all.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/sample");
    let mut all = Vec::new();
    walk(&root, &root, &mut all);
    let schema = fs::read_to_string(root.with_file_name("schema.sql")).unwrap();
    all.push(("backend/schema.sql".to_owned(), schema));
    all
}

/// The values of an env file, as dotenvy reads them.
pub fn env_values(path: &Path) -> BTreeMap<String, String> {
    dotenvy::from_path_iter(path)
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

/// What a machine without the sample's packages can't find out.
const SKIPPED: &str = r#"
[skip]
"health.driver" = "the tests run without the sample's packages, too"
"health.app-start" = "the tests run without the sample's packages, too"
"#;

/// A git repository that holds the sample's files and nothing else.
pub struct Repo {
    _dir: TempDir,
    pub root: PathBuf,
}

impl Repo {
    pub fn sample(home: &Home) -> Self {
        let mut files = sample();
        for (name, text) in &mut files {
            if name == "neonup.toml" {
                // what is tested there is tested also where the sample's packages are not installed
                text.push_str(SKIPPED);
            }
        }
        let repo = Self::files(&files);
        repo.git(home, &["init", "-q", "-b", "main"]);
        repo.commit(home, "first");
        repo
    }

    /// Takes back that the sample leaves something out: here its packages are installed.
    pub fn skip_nothing(&self) {
        let config = self.read("neonup.toml").replace(SKIPPED, "");
        std::fs::write(self.path("neonup.toml"), config).unwrap();
    }

    /// A folder with these files, without git.
    pub fn files<T: AsRef<str>>(files: &[(T, T)]) -> Self {
        let dir = temp_dir();
        let root = dir.path().canonicalize().unwrap();
        for (name, text) in files {
            let path = root.join(name.as_ref());
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text.as_ref()).unwrap();
        }
        // other tests start the application at the same time
        let config = root.join("neonup.toml");
        if let Ok(text) = fs::read_to_string(&config) {
            fs::write(&config, text.replace("8000", &free_port().to_string())).unwrap();
        }
        Self { _dir: dir, root }
    }

    /// Runs git, which may fail.
    pub fn try_git(&self, home: &Home, arguments: &[&str]) -> Output {
        home.command("git")
            .arg("-C")
            .arg(&self.root)
            .env("GIT_AUTHOR_NAME", "Ada")
            .env("GIT_AUTHOR_EMAIL", "ada@example.com")
            .env("GIT_COMMITTER_NAME", "Ada")
            .env("GIT_COMMITTER_EMAIL", "ada@example.com")
            .args(arguments)
            .output()
            .unwrap()
    }

    pub fn git(&self, home: &Home, arguments: &[&str]) -> String {
        let output = self.try_git(home, arguments);
        assert!(
            output.status.success(),
            "git {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// Commits everything that is not ignored.
    pub fn commit(&self, home: &Home, message: &str) {
        self.git(home, &["add", "-A"]);
        self.git(home, &["commit", "-q", "-m", message]);
    }

    /// Gives the application a virtual environment, where every developer of the project has it.
    pub fn link_venv(&self, python: &Path, venv: &str) {
        let installed = python.parent().unwrap().parent().unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(installed, self.path(venv)).unwrap();
        #[cfg(windows)]
        std::os::windows::fs::symlink_dir(installed, self.path(venv)).unwrap();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Every file with its bytes, but for git's own, to see that nothing was changed.
    pub fn snapshot(&self) -> Vec<(PathBuf, Vec<u8>)> {
        fn walk(dir: &Path, all: &mut Vec<(PathBuf, Vec<u8>)>) {
            for entry in fs::read_dir(dir).unwrap().flatten() {
                let path = entry.path();
                if entry.file_type().unwrap().is_dir() {
                    if entry.file_name() != ".git" {
                        walk(&path, all);
                    }
                } else {
                    all.push((path.clone(), fs::read(&path).unwrap_or_default()));
                }
            }
        }
        let mut all = Vec::new();
        walk(&self.root, &mut all);
        all.sort();
        all
    }

    /// `neonup` in this repository with the sandbox's address, but no key.
    pub fn command(&self, home: &Home, sandbox: &Sandbox, arguments: &[&str]) -> Command {
        let mut command = home.neonup();
        command
            .current_dir(&self.root)
            .env("NEON_API_HOST", &sandbox.api_host)
            .args(arguments);
        command
    }

    /// Runs `neonup` in this repository with the sandbox's address and key.
    pub fn neonup(&self, home: &Home, sandbox: &Sandbox, arguments: &[&str]) -> Run {
        let mut command = self.command(home, sandbox, arguments);
        Run::of(command.env("NEON_API_KEY", &sandbox.api_key))
    }

    /// Runs `neonup` in this repository with the sandbox's address, but no key.
    pub fn neonup_without_key(&self, home: &Home, sandbox: &Sandbox, arguments: &[&str]) -> Run {
        Run::of(&mut self.command(home, sandbox, arguments))
    }

    /// The password in the written `DATABASE_URL`.
    pub fn password(&self) -> String {
        let url = self.env("DATABASE_URL");
        let (_, credentials) = url.split_once("://").unwrap();
        let (_, password) = credentials.split_once(':').unwrap();
        password.split_once('@').unwrap().0.to_owned()
    }

    /// The value of a key in the written env file.
    pub fn env(&self, key: &str) -> String {
        let text = self.read("backend/.env");
        let line = text
            .lines()
            .find(|line| line.starts_with(&format!("{key}=")))
            .unwrap_or_else(|| panic!("no {key}"));
        line[key.len() + 1..].trim_matches(['\'', '"']).to_owned()
    }
}
