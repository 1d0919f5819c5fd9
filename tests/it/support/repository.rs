//! A git repository with the sample in it.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use tempfile::TempDir;

use super::{
    home::{Home, temp_dir},
    requirements::free_port,
    run::Run,
    sandbox::Sandbox,
};

/// The files of the sample application, by their paths.
pub fn sample() -> Vec<(String, String)> {
    fn walk(root: &Path, dir: &Path, all: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(dir).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(root, &path, all);
                continue;
            }
            let name = path.strip_prefix(root).unwrap().to_str().unwrap();
            // a dot at their start would make them count for this repository
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

/// A git repository that holds the sample's files and nothing else.
pub struct Repo {
    _dir: TempDir,
    pub root: PathBuf,
}

impl Repo {
    pub fn sample(home: &Home) -> Self {
        let repo = Self::files(&sample());
        repo.git(home, &["init", "-q", "-b", "main"]);
        repo.git(home, &["add", "."]);
        repo.git(
            home,
            &[
                "-c",
                "user.name=t",
                "-c",
                "user.email=t@localhost",
                "commit",
                "-q",
                "-m",
                "first",
            ],
        );
        repo
    }

    /// Only the files, without git.
    pub fn files<T: AsRef<str>>(files: &[(T, T)]) -> Self {
        let dir = temp_dir();
        let root = dir.path().canonicalize().unwrap();
        for (name, text) in files {
            let path = root.join(name.as_ref());
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text.as_ref()).unwrap();
        }
        // an application that other tests start at the same time must not be in the way
        let config = root.join("neonup.toml");
        if let Ok(text) = fs::read_to_string(&config) {
            fs::write(&config, text.replace("8000", &free_port().to_string())).unwrap();
        }
        Self { _dir: dir, root }
    }

    pub fn git(&self, home: &Home, arguments: &[&str]) -> String {
        let output = home
            .command("git")
            .arg("-C")
            .arg(&self.root)
            .args(arguments)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "git {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
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

    /// `neonup` in this repository, against this sandbox.
    pub fn neonup(&self, home: &Home, sandbox: &Sandbox, arguments: &[&str]) -> Run {
        let output = home
            .neonup()
            .current_dir(&self.root)
            .env("NEON_API_HOST", &sandbox.api_host)
            .env("NEON_API_KEY", &sandbox.api_key)
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        Run::new(&output)
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
