//! Which files of a repository a command names: what consent to the command is consent to.
//!
//! A script that stands in the command line, a Python module, what `npm run` or `make` read. Names are looked for generously,
//! since a file too many only asks once more. What those files load in turn is the project's own code, as in direnv and mise.

use std::collections::{BTreeMap, BTreeSet};

/// The most files of one command that are remembered; nobody reads a longer list.
pub(crate) const MOST_FILES: usize = 64;
/// The most words of one command, and of the scripts it names, that are looked at.
const MOST_WORDS: usize = 512;
/// The most folders in which a name is looked for: where the command runs, the root, and those that it names.
const MOST_FOLDERS: usize = 12;

/// The longest name of a file, in bytes, as every file system of Linux and macOS has it: a longer word is none.
const LONGEST_NAME: usize = 255;

/// What a path of the repository is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NamedPath {
    Absent,
    Folder,
    File(Vec<u8>),
    /// It leads out of the repository, to here.
    Outside(String),
    /// It can't be read, for this reason.
    Unreadable(String),
}

/// What a command names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct NamedFiles {
    /// What decides what each file does, by its path relative to the root.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Why there is more than is held.
    pub unheld: Option<String>,
}

/// What tools read without being told.
const TOOLS: &[(&[&str], &[&str])] = &[
    (
        &[
            "npm", "npx", "pnpm", "pnpx", "yarn", "yarnpkg", "bun", "bunx", "turbo", "nx", "lerna",
        ],
        &[
            "package.json",
            ".npmrc",
            ".yarnrc",
            ".yarnrc.yml",
            ".pnpmfile.cjs",
            "pnpm-workspace.yaml",
            "bunfig.toml",
            "turbo.json",
            "nx.json",
        ],
    ),
    (
        &["node", "nodemon", "tsx", "ts-node", "next", "nest", "vite"],
        &[
            "nodemon.json",
            "next.config.js",
            "next.config.mjs",
            "next.config.ts",
            "nest-cli.json",
            "vite.config.js",
            "vite.config.ts",
        ],
    ),
    (&["deno"], &["deno.json", "deno.jsonc"]),
    (
        &["prisma"],
        &[
            "prisma.config.ts",
            "prisma.config.js",
            "prisma/schema.prisma",
            "schema.prisma",
            "package.json",
        ],
    ),
    (
        &["drizzle-kit"],
        &[
            "drizzle.config.ts",
            "drizzle.config.js",
            "drizzle.config.mjs",
            "drizzle.config.json",
        ],
    ),
    (
        &["knex"],
        &["knexfile.js", "knexfile.ts", "knexfile.cjs", "knexfile.mjs"],
    ),
    (&["sequelize", "sequelize-cli"], &[".sequelizerc"]),
    (
        &["typeorm"],
        &["ormconfig.js", "ormconfig.ts", "ormconfig.json"],
    ),
    (&["make", "gmake"], &["GNUmakefile", "makefile", "Makefile"]),
    (&["just"], &["justfile", "Justfile", ".justfile"]),
    (
        &["task", "go-task"],
        &["Taskfile.yml", "Taskfile.yaml", "taskfile.yml"],
    ),
    (&["mise", "rtx"], &["mise.toml", ".mise.toml"]),
    (&["direnv"], &[".envrc"]),
    (
        &["alembic"],
        &[
            "alembic.ini",
            "pyproject.toml",
            "alembic/env.py",
            "migrations/env.py",
        ],
    ),
    (
        &["flask"],
        &[
            ".flaskenv",
            "app.py",
            "wsgi.py",
            "migrations/env.py",
            "migrations/alembic.ini",
        ],
    ),
    (&["django-admin"], &["manage.py"]),
    (&["gunicorn"], &["gunicorn.conf.py"]),
    (&["hypercorn"], &["hypercorn.toml"]),
    (
        &["uv", "uvx", "poetry", "pdm", "hatch", "rye", "poe"],
        &["pyproject.toml", "uv.toml", "poetry.toml", "poe_tasks.toml"],
    ),
    (&["pipenv"], &["Pipfile"]),
    (
        &["tox", "nox", "invoke", "inv", "fab", "doit"],
        &["tox.ini", "noxfile.py", "tasks.py", "fabfile.py", "dodo.py"],
    ),
    (
        &["honcho", "foreman", "overmind", "goreman"],
        &["Procfile", "Procfile.dev"],
    ),
    (
        &["rake", "rails", "bundle", "bundler", "rackup", "puma"],
        &[
            "Rakefile",
            "Gemfile",
            "bin/rails",
            "bin/rake",
            "config.ru",
            "config/puma.rb",
            "config/application.rb",
        ],
    ),
    (
        &["docker", "docker-compose", "podman", "podman-compose"],
        &[
            "compose.yaml",
            "compose.yml",
            "docker-compose.yaml",
            "docker-compose.yml",
            "compose.override.yaml",
            "docker-compose.override.yml",
            "Dockerfile",
        ],
    ),
    (
        &["cargo", "sqlx", "diesel"],
        &[
            "Cargo.toml",
            "build.rs",
            ".cargo/config.toml",
            "diesel.toml",
        ],
    ),
    (
        &["mvn", "mvnd"],
        &[
            "pom.xml",
            ".mvn/jvm.config",
            ".mvn/maven.config",
            ".mvn/extensions.xml",
        ],
    ),
    (
        &["gradle", "gradlew"],
        &[
            "build.gradle",
            "build.gradle.kts",
            "settings.gradle",
            "settings.gradle.kts",
            "gradle.properties",
        ],
    ),
    (&["composer", "php"], &["composer.json", "artisan"]),
    (&["mix"], &["mix.exs"]),
    (&["atlas"], &["atlas.hcl"]),
    (
        &["flyway"],
        &["flyway.toml", "flyway.conf", "conf/flyway.conf"],
    ),
];

/// What a name without an ending stands for, in Python, Node, Ruby and a shell.
const ENDINGS: &[&str] = &[
    ".py",
    "/__init__.py",
    "/__main__.py",
    ".js",
    ".mjs",
    ".cjs",
    ".ts",
    "/index.js",
    "/index.ts",
    ".sh",
    ".rb",
];

/// Finds the files that a command names. `look` tells what a path, relative to the root, is.
pub(crate) fn named_by(argv: &[String], dir: &str, look: &dyn Fn(&str) -> NamedPath) -> NamedFiles {
    let mut search = Search {
        look,
        folders: Vec::new(),
        seen: BTreeSet::new(),
        scripts: BTreeSet::new(),
        words: Vec::new(),
        found: NamedFiles::default(),
    };
    search.folder(dir);
    search.folder("");
    search.add_words(argv.iter().map(String::as_str));
    let mut at = 0;
    while let Some(word) = search.words.get(at).cloned() {
        search.folder_named(&word);
        at += 1;
    }
    let mut at = 0;
    while let Some(word) = search.words.get(at).cloned() {
        search.word(&word);
        at += 1;
    }
    search.found
}

struct Search<'a> {
    look: &'a dyn Fn(&str) -> NamedPath,
    folders: Vec<String>,
    /// The paths that were looked at.
    seen: BTreeSet<String>,
    /// The scripts of a `package.json` that were followed.
    scripts: BTreeSet<String>,
    words: Vec<String>,
    found: NamedFiles,
}

impl Search<'_> {
    fn too_much(&mut self, limit: String) {
        self.found.unheld.get_or_insert(limit);
    }

    fn folder(&mut self, path: &str) {
        let path = path.trim_end_matches('/').to_owned();
        if self.folders.contains(&path) {
            return;
        }
        if self.folders.len() >= MOST_FOLDERS {
            self.too_much(format!("it refers to more than {MOST_FOLDERS} folders"));
            return;
        }
        self.folders.push(path);
    }

    /// Looks into a folder that a word names, such as that of `--app-dir` or `make -C`.
    fn folder_named(&mut self, word: &str) {
        for folder in self.folders.clone() {
            if let Some(path) = joined(&folder, word)
                && !path.is_empty()
                && (self.look)(&path) == NamedPath::Folder
            {
                self.folder(&path);
            }
        }
    }

    /// Takes words in, and what is in them: `a.b:c`, `--config=x`, `cd x && ./y`.
    fn add_words<'b>(&mut self, words: impl Iterator<Item = &'b str>) {
        for word in words {
            let parts = word.split(|c: char| c.is_whitespace() || ";|&()<>{}\"'`=,:$".contains(c));
            for part in std::iter::once(word).chain(parts) {
                if part.is_empty() || part.starts_with('-') && !part.contains('/') {
                    continue;
                }
                if self.words.len() >= MOST_WORDS {
                    self.too_much(format!("it has more than {MOST_WORDS} words"));
                    return;
                }
                if !self.words.iter().any(|known| known == part) {
                    self.words.push(part.to_owned());
                }
            }
        }
    }

    fn word(&mut self, word: &str) {
        let tool = word.rsplit('/').next().unwrap_or(word);
        let tool = tool.split_once('@').map_or(
            tool,
            |(tool, _version)| if tool.is_empty() { word } else { tool },
        );
        let modules = word.replace('.', "/");
        for folder in self.folders.clone() {
            self.file(joined(&folder, word));
            for ending in ENDINGS {
                self.file(joined(&folder, &format!("{word}{ending}")));
                if modules != word && !word.contains('/') {
                    self.file(joined(&folder, &format!("{modules}{ending}")));
                }
            }
            for (tools, files) in TOOLS {
                if !tools.contains(&tool) {
                    continue;
                }
                // tools look upwards, too
                let mut above = Some(folder.as_str());
                while let Some(folder) = above {
                    for name in *files {
                        self.file(joined(folder, name));
                    }
                    above = (!folder.is_empty())
                        .then(|| folder.rsplit_once('/').map_or("", |(above, _)| above));
                }
            }
        }
    }

    fn file(&mut self, path: Option<String>) {
        let Some(path) = path.filter(|path| !path.is_empty()) else {
            return;
        };
        if !self.seen.insert(path.clone()) {
            return self.scripts_of(&path);
        }
        let content = match (self.look)(&path) {
            NamedPath::Absent | NamedPath::Folder => return,
            NamedPath::File(bytes) => bytes,
            NamedPath::Outside(target) => format!("-> {target}").into_bytes(),
            NamedPath::Unreadable(why) => {
                return self.too_much(format!("can't read `{path}`: {why}"));
            }
        };
        if self.found.files.len() >= MOST_FILES {
            return self.too_much(format!("it refers to more than {MOST_FILES} files"));
        }
        let content = if is_package(&path) {
            scripts_alone(&content)
        } else {
            content
        };
        self.found.files.insert(path.clone(), content);
        self.scripts_of(&path);
    }

    /// Follows the scripts of a `package.json` that the words name, with those that run before and after.
    fn scripts_of(&mut self, path: &str) {
        if !is_package(path) {
            return;
        }
        let Some(package) = self.found.files.get(path) else {
            return;
        };
        let Ok(package) = serde_json::from_slice::<serde_json::Value>(package) else {
            return;
        };
        let Some(scripts) = package
            .get("scripts")
            .and_then(serde_json::Value::as_object)
        else {
            return;
        };
        for (name, script) in scripts {
            let bare = name
                .strip_prefix("pre")
                .or_else(|| name.strip_prefix("post"));
            let wanted = [Some(name.as_str()), bare]
                .into_iter()
                .flatten()
                .any(|name| self.words.iter().any(|word| word == name));
            if wanted
                && let Some(script) = script.as_str()
                && self.scripts.insert(format!("{path}:{name}"))
            {
                self.add_words(std::iter::once(script));
            }
        }
    }
}

fn is_package(path: &str) -> bool {
    path.rsplit('/').next() == Some("package.json")
}

/// What of a `package.json` decides what is run: another dependency doesn't make it another command. All of it, where it can't be read.
fn scripts_alone(text: &[u8]) -> Vec<u8> {
    let Ok(package) = serde_json::from_slice::<serde_json::Value>(text) else {
        return text.to_vec();
    };
    let mut kept = serde_json::Map::new();
    for key in ["scripts", "prisma", "main", "type"] {
        if let Some(value) = package.get(key) {
            kept.insert(key.to_owned(), value.clone());
        }
    }
    serde_json::to_vec(&kept).unwrap_or_else(|_| text.to_vec())
}

/// A path in a folder, relative to the root; `None` where it leads out of the repository.
fn joined(folder: &str, path: &str) -> Option<String> {
    let too_long = |part: &str| part.len() > LONGEST_NAME;
    if path.starts_with('/') || path.contains('\0') || path.split('/').any(too_long) {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPOSITORY: &[(&str, &str)] = &[
        ("backend/run.sh", "exec true"),
        ("backend/manage.py", ""),
        ("backend/src/main.py", ""),
        ("backend/src/__init__.py", ""),
        ("backend/alembic.ini", ""),
        ("backend/alembic/env.py", ""),
        ("tools/migrate.js", ""),
        (
            "web/package.json",
            r#"{"scripts":{"dev":"node ../tools/migrate.js","predev":"sh ../hook.sh","test":"sh unrelated.sh"},"dependencies":{}}"#,
        ),
        (".npmrc", "script-shell=x"),
        ("hook.sh", ""),
        ("unrelated.sh", ""),
        ("Makefile", "dev:"),
        ("a b.sh", ""),
    ];

    fn names(dir: &str, argv: &[&str]) -> Vec<String> {
        let argv: Vec<_> = argv.iter().map(|word| (*word).to_owned()).collect();
        let look = |path: &str| {
            let file = REPOSITORY.iter().find(|(name, _)| *name == path);
            let folder = format!("{path}/");
            match file {
                Some((_, text)) => NamedPath::File(text.as_bytes().to_vec()),
                None if REPOSITORY.iter().any(|(name, _)| name.starts_with(&folder)) => {
                    NamedPath::Folder
                }
                None => NamedPath::Absent,
            }
        };
        named_by(&argv, dir, &look).files.into_keys().collect()
    }

    #[test]
    fn every_way_to_name_a_file_is_seen() {
        for (dir, argv, expected) in [
            ("backend", &["sh", "run.sh"][..], &["backend/run.sh"][..]),
            ("backend", &["./run.sh"], &["backend/run.sh"]),
            (
                "",
                &["sh", "-c", "cd backend && ./run.sh; true"],
                &["backend/run.sh"],
            ),
            ("", &["x", "--script=backend/run.sh"], &["backend/run.sh"]),
            (
                "backend",
                &["python", "manage.py", "migrate"],
                &["backend/manage.py"],
            ),
            (
                "backend",
                &["python", "-m", "uvicorn", "src.main:app"],
                &["backend/src/main.py"],
            ),
            (
                "",
                &["uvicorn", "--app-dir", "backend/src", "main:app"],
                &["backend/src/__init__.py", "backend/src/main.py"],
            ),
            (
                "backend",
                &["python", "-m", "alembic", "upgrade", "head"],
                &["backend/alembic.ini", "backend/alembic/env.py"],
            ),
            (
                "web",
                &["npm", "run", "dev"],
                &[".npmrc", "hook.sh", "tools/migrate.js", "web/package.json"],
            ),
            (
                "",
                &["npm", "--prefix", "web", "run", "dev"],
                &[".npmrc", "hook.sh", "tools/migrate.js", "web/package.json"],
            ),
            ("", &["make", "dev"], &["Makefile"]),
            ("", &["sh", "a b.sh"], &["a b.sh"]),
            ("backend", &["sh", "../hook.sh"], &["hook.sh"]),
            ("", &["sh", "../../etc/passwd"], &[]),
        ] {
            assert_eq!(names(dir, argv), expected, "{argv:?} in {dir:?}");
        }
    }

    #[test]
    fn another_dependency_is_no_other_command() {
        let package = |dependency: &str, script: &str| {
            scripts_alone(
                format!(
                    r#"{{"scripts":{{"dev":"{script}"}},"dependencies":{{"{dependency}":"1"}}}}"#
                )
                .as_bytes(),
            )
        };
        assert_eq!(package("a", "node x"), package("b", "node x"));
        assert_ne!(package("a", "node x"), package("a", "node y"));
    }

    #[test]
    fn a_command_that_names_too_much_is_not_held() {
        let argv: Vec<_> = (0..100).map(|number| format!("{number}.sh")).collect();
        let found = named_by(&argv, "", &|path| {
            if path
                .strip_suffix(".sh")
                .is_some_and(|name| !name.contains('.'))
            {
                NamedPath::File(Vec::new())
            } else {
                NamedPath::Absent
            }
        });
        assert_eq!(found.files.len(), MOST_FILES);
        assert_eq!(
            found.unheld.as_deref(),
            Some("it refers to more than 64 files")
        );
        let argv: Vec<_> = (0..600).map(|number| number.to_string()).collect();
        let found = named_by(&argv, "", &|_| NamedPath::Absent);
        assert_eq!(found.unheld.as_deref(), Some("it has more than 512 words"));
        let found = named_by(&["run".to_owned()], "", &|_| {
            NamedPath::Unreadable("x".to_owned())
        });
        assert!(found.unheld.unwrap().contains("can't read"));
    }
}
