//! Reads and hashes what decides whether the application works.

use std::{
    collections::HashSet,
    fs,
    io::Read as _,
    path::{Path, PathBuf},
};

use hmac::Mac as _;

use crate::{
    core::{
        app_proof::{ProofInput, ProofInputs},
        proof::{Coverage, Unread},
    },
    os::{
        bounded,
        files::{real, times},
    },
    ports::proof::{
        GatheredInputs, InputQuestion,
        key::{HashKey, finish},
    },
};

/// The most files that are hashed: an application with more is generated, or no application.
const MOST_FILES: usize = 20_000;
/// The most entries of folders that are looked at, ignored ones included.
const MOST_ENTRIES: usize = 200_000;
/// The largest file that is read, in bytes. Of a larger one its size and times are compared, as git does.
const LARGEST_READ: u64 = 8 * 1024 * 1024;
/// The most that is read in all, in bytes; size and times of what comes after.
const MOST_READ: u64 = 256 * 1024 * 1024;
/// How much of a program is read, in bytes: its beginning names its build.
const PROGRAM_HEAD: u64 = 1024 * 1024;
/// The deepest folder that is entered.
const DEEPEST: usize = 64;

/// Folders that are no source of the application: other people's files, which are compared as packages, and what tools keep there.
const PASSED_OVER: &[&str] = &[
    "node_modules",
    "__pycache__",
    "site-packages",
    ".venv",
    "venv",
    ".git",
    ".hg",
    ".svn",
    ".tox",
    ".nox",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    ".cache",
    ".turbo",
    ".idea",
    ".vscode",
    ".github",
    ".husky",
];

/// Files above the application's folder that decide what it runs on.
const MANIFESTS: &[&str] = &[
    "package.json",
    "package-lock.json",
    "npm-shrinkwrap.json",
    "pnpm-lock.yaml",
    "pnpm-workspace.yaml",
    "yarn.lock",
    ".yarnrc.yml",
    ".npmrc",
    ".pnp.cjs",
    "bun.lock",
    "bun.lockb",
    "tsconfig.json",
    "tsconfig.base.json",
    "pyproject.toml",
    "poetry.lock",
    "uv.lock",
    "pdm.lock",
    "Pipfile",
    "Pipfile.lock",
    "requirements.txt",
    "setup.py",
    "setup.cfg",
    ".python-version",
    ".node-version",
    ".nvmrc",
    ".tool-versions",
    "mise.toml",
    ".mise.toml",
    "go.work",
    "go.mod",
    "go.sum",
    "Cargo.toml",
    "Cargo.lock",
    "Gemfile",
    "Gemfile.lock",
    "Makefile",
    "justfile",
    "Procfile",
    "Dockerfile",
    "docker-compose.yml",
    "docker-compose.yaml",
    "compose.yml",
    "compose.yaml",
];

/// Endings of files that a program reads as its code or its configuration, so that they count even where git ignores them.
const CODE: &[&str] = &[
    "py",
    "pyi",
    "pth",
    "so",
    "js",
    "mjs",
    "cjs",
    "jsx",
    "ts",
    "mts",
    "cts",
    "tsx",
    "vue",
    "svelte",
    "json",
    "toml",
    "yaml",
    "yml",
    "ini",
    "cfg",
    "conf",
    "properties",
    "xml",
    "sql",
    "prisma",
    "graphql",
    "html",
    "jinja",
    "j2",
    "rb",
    "erb",
    "php",
    "go",
    "rs",
    "java",
    "kt",
    "scala",
    "cs",
    "ex",
    "exs",
    "sh",
    "env",
    "pem",
    "crt",
];

/// Endings of files that programs write while they run.
const WRITTEN: &[&str] = &[
    "pyc",
    "pyo",
    "log",
    "pid",
    "lock~",
    "swp",
    "swo",
    "tmp",
    "db",
    "db-wal",
    "db-shm",
    "db-journal",
    "sqlite",
    "sqlite3",
    "sqlite-wal",
    "sqlite-shm",
    "sqlite3-wal",
    "sqlite3-shm",
];

/// A folder to look through.
struct PendingFolder {
    path: PathBuf,
    /// Relative to the root, as it was reached.
    name: String,
    depth: usize,
    /// Whether git's list says nothing of what is in it: a link, a repository of its own.
    whole: bool,
}

/// Reads the inputs, each under its name.
pub(super) struct Gatherer {
    key: HashKey,
    pub(super) root: PathBuf,
    pub(super) question: InputQuestion,
    inputs: ProofInputs,
    pub(super) coverage: Coverage,
    /// More folders of the application: packages that are links into the repository.
    pub(super) more: Vec<PathBuf>,
    files: usize,
    entries: usize,
    read: u64,
}

impl Gatherer {
    pub(super) fn new(key: HashKey, root: PathBuf, question: InputQuestion) -> Self {
        Self {
            key,
            root,
            question,
            inputs: ProofInputs::default(),
            coverage: Coverage::complete(),
            more: Vec::new(),
            files: 0,
            entries: 0,
            read: 0,
        }
    }

    pub(super) fn run(mut self) -> GatheredInputs {
        for (input, value) in std::mem::take(&mut self.question.values) {
            self.note(input, value.expose().as_bytes());
        }
        let config = &self.question.config_file;
        let config = real(config).unwrap_or_else(|_| config.clone());
        self.file(ProofInput::File(self.name(&config)), &config);
        for name in self.question.env_files.clone() {
            let path = self.root.join(&name);
            self.file(ProofInput::EnvFile(name), &path);
        }
        for name in self.question.files.clone() {
            let path = self.root.join(&name);
            self.file(ProofInput::File(name), &path);
        }
        for (name, path) in self.question.programs.clone() {
            self.program(name, path.as_deref());
        }
        self.packages();
        if let Some(dir) = self.question.dir.clone() {
            self.above(&dir);
            let path = self.root.join(&dir);
            self.folder(path, dir);
        }
        let mut more = std::mem::take(&mut self.more);
        more.sort();
        more.dedup();
        for path in more {
            let name = self.name(&path);
            self.folder(path, name);
        }
        GatheredInputs {
            inputs: self.inputs,
            coverage: self.coverage,
        }
    }

    /// A path for a person: relative to the root if it is inside.
    pub(super) fn name(&self, path: &Path) -> String {
        let inside = path.strip_prefix(&self.root).unwrap_or(path);
        inside.to_string_lossy().into_owned()
    }

    /// Notes a content.
    pub(super) fn note(&mut self, input: ProofInput, content: &[u8]) {
        let hash = self.key.hash(&label(&input), content);
        self.inputs.insert(input, hash);
    }

    /// Notes that something is not known.
    pub(super) fn unread(&mut self, what: String, why: &dyn std::fmt::Display, hint: &str) {
        self.coverage.leave_out(Unread {
            what,
            why: why.to_string(),
            hint: hint.to_owned(),
        });
    }

    /// Notes a file, if there is one.
    pub(super) fn file(&mut self, input: ProofInput, path: &Path) {
        if self.inputs.get(&input).is_some() {
            return;
        }
        let meta = match fs::metadata(path) {
            Ok(meta) => meta,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
            Err(error) => return self.unread(input.words(), &error, "make it readable"),
        };
        if !meta.is_file() {
            // a socket or a FIFO is how programs talk, and holds nothing
            return;
        }
        if meta.len() > LARGEST_READ || self.read + meta.len() > MOST_READ {
            let times = times(&meta);
            self.note(input, format!("{} {times:?}", meta.len()).as_bytes());
            return;
        }
        match self.content(&input, path, LARGEST_READ) {
            Ok(hash) => self.inputs.insert(input, hash),
            Err(error) => self.unread(input.words(), &error, "make it readable"),
        }
    }

    /// Hashes a file piece by piece.
    fn content(&mut self, input: &ProofInput, path: &Path, limit: u64) -> std::io::Result<String> {
        let mut file = bounded::open(path)?.take(limit);
        let mut hasher = self.key.hasher(&label(input));
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let count = file.read(&mut buffer)?;
            let Some(new) = buffer.get(..count).filter(|new| !new.is_empty()) else {
                return Ok(finish(hasher));
            };
            self.read += u64::try_from(count).unwrap_or(u64::MAX);
            hasher.update(new);
        }
    }

    /// Notes a program: where it is, where that leads, how large it is, how it begins.
    fn program(&mut self, name: String, path: Option<&Path>) {
        let input = ProofInput::Program(name);
        let Some(path) = path else {
            self.note(input, b"not installed");
            return;
        };
        let real = real(path).unwrap_or_else(|_| path.to_owned());
        let size = fs::metadata(&real).map_or(0, |meta| meta.len());
        match self.content(&input, &real, PROGRAM_HEAD) {
            Ok(head) => {
                let seen = format!("{} {} {size} {head}", path.display(), real.display());
                self.note(input, seen.as_bytes());
            }
            Err(error) => self.unread(input.words(), &error, "make it readable"),
        }
    }

    /// Notes what lies above the application's folder and decides what it runs on.
    fn above(&mut self, dir: &str) {
        let mut above = Path::new(dir);
        while let Some(parent) = above.parent() {
            for manifest in MANIFESTS {
                let name = parent.join(manifest).to_string_lossy().into_owned();
                let path = self.root.join(&name);
                self.file(ProofInput::File(name), &path);
            }
            above = parent;
        }
    }

    /// Notes every file of a folder that is the application's.
    fn folder(&mut self, path: PathBuf, name: String) {
        let whole = self.question.kept.is_none();
        let mut open = vec![PendingFolder {
            path,
            name,
            depth: 0,
            whole,
        }];
        let mut linked = HashSet::new();
        while let Some(folder) = open.pop() {
            let entries = match fs::read_dir(&folder.path) {
                Ok(entries) => entries,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => {
                    self.unread(format!("`{}`", folder.name), &error, "make it readable");
                    continue;
                }
            };
            for entry in entries {
                self.entries += 1;
                match entry {
                    Ok(entry) => self.entry(&folder, &entry, &mut open, &mut linked),
                    Err(error) => {
                        self.unread(format!("`{}`", folder.name), &error, "make it readable");
                    }
                }
                if self.is_beyond_limit(&folder.name) {
                    return;
                }
            }
        }
    }

    /// Whether there is more than is hashed, which is noted.
    fn is_beyond_limit(&mut self, folder: &str) -> bool {
        let (count, what) = if self.files > MOST_FILES {
            (MOST_FILES, "files")
        } else if self.entries > MOST_ENTRIES {
            (MOST_ENTRIES, "entries of folders")
        } else {
            return false;
        };
        let folder = if folder.is_empty() { "." } else { folder };
        self.unread(
            format!("`{folder}`"),
            &format!("the app has more than {count} {what}"),
            "set [backend] dir in neonup.toml to the app's own folder",
        );
        true
    }

    fn entry(
        &mut self,
        folder: &PendingFolder,
        entry: &fs::DirEntry,
        open: &mut Vec<PendingFolder>,
        linked: &mut HashSet<PathBuf>,
    ) {
        let path = entry.path();
        let base = entry.file_name().to_string_lossy().into_owned();
        let name = if folder.name.is_empty() {
            base.clone()
        } else {
            format!("{}/{base}", folder.name)
        };
        let Ok(kind) = entry.file_type() else {
            return self.unread(format!("`{name}`"), &"its type is unknown", "");
        };
        if kind.is_dir() {
            if self.is_entered(folder, &path, &base, &name) {
                let whole =
                    folder.whole || self.is_kept(&name) || self.is_kept(&format!("{name}/"));
                open.push(PendingFolder {
                    path,
                    name,
                    depth: folder.depth + 1,
                    whole,
                });
            }
            return;
        }
        if !kind.is_file() && !kind.is_symlink() {
            return;
        }
        if kind.is_symlink() && path.is_dir() {
            let target = real(&path).unwrap_or_else(|_| path.clone());
            let inside = target.starts_with(&self.root) && !folder.path.starts_with(&target);
            if inside && linked.insert(target) && self.is_entered(folder, &path, &base, &name) {
                open.push(PendingFolder {
                    path,
                    name,
                    depth: folder.depth + 1,
                    whole: true,
                });
            } else if !PASSED_OVER.contains(&base.as_str()) {
                let link = fs::read_link(&path).unwrap_or_default();
                self.note(ProofInput::File(name), link.as_os_str().as_encoded_bytes());
            }
            return;
        }
        let kept = folder.whole || self.is_kept(&name);
        if self.question.env_files.contains(&name) || !counts(&base, kept) {
            return;
        }
        self.files += 1;
        self.file(ProofInput::File(name), &path);
    }

    /// Whether a folder holds files of the application.
    fn is_entered(&mut self, folder: &PendingFolder, path: &Path, base: &str, name: &str) -> bool {
        if PASSED_OVER.contains(&base)
            || path.join("pyvenv.cfg").exists()
            || path.join("CACHEDIR.TAG").exists()
        {
            return false;
        }
        // what git ignores and what begins with a dot, tools keep for themselves: .next, .nuxt, .svelte-kit
        if base.starts_with('.') && !folder.whole && !self.has_kept_below(name) {
            return false;
        }
        if folder.depth >= DEEPEST {
            let why = format!("it is more than {DEEPEST} folders deep");
            self.unread(format!("`{name}`"), &why, "");
            return false;
        }
        true
    }

    fn is_kept(&self, name: &str) -> bool {
        let kept = self.question.kept.as_ref();
        kept.is_some_and(|kept| kept.contains(name))
    }

    fn has_kept_below(&self, name: &str) -> bool {
        let below = format!("{name}/");
        let kept = self.question.kept.as_ref();
        let mut range = kept
            .into_iter()
            .flat_map(|kept| kept.range(below.clone()..));
        range.next().is_some_and(|first| first.starts_with(&below))
    }
}

/// Whether a file of this name counts. What git ignores counts only as code or configuration.
fn counts(base: &str, kept: bool) -> bool {
    let ending = base.rsplit_once('.').map_or("", |(_, ending)| ending);
    if WRITTEN.contains(&ending)
        || base.ends_with('~')
        || base.starts_with(".git")
        || base == ".DS_Store"
    {
        return false;
    }
    if base.starts_with(".env") {
        // an example is for people
        return !["example", "sample", "template", "dist"].contains(&ending);
    }
    kept || CODE.contains(&ending)
}

fn label(input: &ProofInput) -> Vec<u8> {
    // the types in it cannot fail
    serde_json::to_vec(input).unwrap_or_default()
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::{collections::BTreeSet, os::unix::fs::symlink};

    use proptest::prelude::*;

    use super::*;
    use crate::testing::folders::temp_dir;

    fn question(dir: &str) -> InputQuestion {
        InputQuestion {
            dir: Some(dir.to_owned()),
            config_file: PathBuf::from("neonup.toml"),
            env_files: vec![format!("{dir}/.env")],
            ..InputQuestion::default()
        }
    }

    fn gather(root: &Path, question: InputQuestion) -> GatheredInputs {
        let root = real(root).unwrap();
        Gatherer::new(HashKey::new([7; 32]), root, question).run()
    }

    fn write(root: &Path, name: &str, text: &str) {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn names(gathered: &GatheredInputs, others: &GatheredInputs) -> Vec<String> {
        let changed = gathered.inputs.changed_since(&others.inputs);
        changed.iter().map(ProofInput::words).collect()
    }

    #[test]
    fn what_is_the_apps_counts_and_what_tools_and_programs_write_does_not() {
        let root = temp_dir();
        let root = root.path();
        for name in [
            "app/main.py",
            "app/.env",
            "app/data.csv",
            "pyproject.toml",
            "elsewhere/x.py",
        ] {
            write(root, name, "1");
        }
        let before = gather(root, question("app"));
        assert!(before.coverage.is_complete());
        for name in [
            "app/.venv/x.py",
            "app/environment/pyvenv.cfg",
            "app/environment/x.py",
            "app/node_modules/.cache/x",
            "app/__pycache__/main.pyc",
            "app/main.pyc",
            "app/server.log",
            "app/dev.sqlite3",
            "app/.gitignore",
            "app/.env.example",
            "app/build/CACHEDIR.TAG",
            "elsewhere/y.py",
        ] {
            write(root, name, "1");
        }
        let after = gather(root, question("app"));
        assert_eq!(
            names(&after, &before),
            ["the installed packages (app/node_modules)"]
        );
        for (name, told) in [
            ("app/main.py", "`app/main.py`"),
            ("app/.env", "`app/.env`"),
            ("app/.env.local", "`app/.env.local`"),
            ("app/data.csv", "`app/data.csv`"),
            ("app/deep/er/new.html", "`app/deep/er/new.html`"),
            ("pyproject.toml", "`pyproject.toml`"),
        ] {
            let before = gather(root, question("app"));
            write(root, name, "2");
            assert_eq!(names(&gather(root, question("app")), &before), [told]);
        }
    }

    #[test]
    fn of_what_git_ignores_only_code_and_configuration_count() {
        let root = temp_dir();
        let root = root.path();
        write(root, "app/main.py", "1");
        let kept = || InputQuestion {
            kept: Some(BTreeSet::from([
                "app/main.py".to_owned(),
                "app/photo".to_owned(),
            ])),
            ..question("app")
        };
        let before = gather(root, kept());
        for name in [
            "app/upload.bin",
            "app/.next/server.js",
            "app/local.py",
            "app/photo",
        ] {
            write(root, name, "1");
        }
        assert_eq!(
            names(&gather(root, kept()), &before),
            ["`app/local.py`", "`app/photo`"]
        );
    }

    #[test]
    fn links_are_followed_inside_the_repository_and_never_in_a_circle() {
        let root = temp_dir();
        let outside = temp_dir();
        let root = root.path();
        write(root, "app/main.py", "1");
        write(root, "shared/x.py", "1");
        write(outside.path(), "y.py", "1");
        symlink(root.join("shared"), root.join("app/shared")).unwrap();
        symlink(root.join("app"), root.join("app/around")).unwrap();
        symlink(outside.path(), root.join("app/outside")).unwrap();
        symlink("nowhere", root.join("app/broken")).unwrap();
        let before = gather(root, question("app"));
        assert!(before.coverage.is_complete(), "{before:?}");
        write(root, "shared/x.py", "2");
        write(outside.path(), "y.py", "2");
        assert_eq!(
            names(&gather(root, question("app")), &before),
            ["`app/shared/x.py`"]
        );
    }

    #[test]
    fn more_files_than_are_hashed_are_told() {
        let root = temp_dir();
        for number in 0..=MOST_FILES {
            let path = root.path().join(format!("{number}.py"));
            fs::File::create(path).unwrap();
        }
        let gathered = gather(root.path(), question(""));
        assert_eq!(gathered.coverage.unread().len(), 1);
        assert!(
            gathered.coverage.unread()[0]
                .why
                .contains("more than 20000 files")
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// The same files have the same hashes, and one that differs is named.
        #[test]
        fn hashes_are_stable_and_tell_every_change(
            files in proptest::collection::btree_map("[a-z]{1,6}(/[a-z]{1,6})?\\.(py|ts|txt)", "[ -~]{0,20}", 1..8),
            pick in any::<proptest::sample::Index>(),
            more in "[ -~]{1,5}",
        ) {
            let (one, two) = (temp_dir(), temp_dir());
            for root in [one.path(), two.path()] {
                for (name, text) in &files {
                    write(root, name, text);
                }
            }
            let before = gather(one.path(), question(""));
            prop_assert!(names(&gather(two.path(), question("")), &before).is_empty());
            let (name, text) = files.iter().nth(pick.index(files.len())).unwrap();
            write(two.path(), name, &format!("{text}{more}"));
            prop_assert_eq!(names(&gather(two.path(), question("")), &before), [format!("`{name}`")]);
        }
    }
}
