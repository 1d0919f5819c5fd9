//! Programs that note how they were started.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

/// What a developer's machine has on its search path, and a clone could want to be run.
const PROGRAMS: &[&str] = &[
    "alembic",
    "bash",
    "bun",
    "cargo",
    "curl",
    "django-admin",
    "docker",
    "flask",
    "go",
    "gpg",
    "gunicorn",
    "less",
    "make",
    "neon",
    "node",
    "npm",
    "npx",
    "open",
    "pg_dump",
    "pip",
    "pnpm",
    "poetry",
    "postgres",
    "prisma",
    "psql",
    "python",
    "python3",
    "rails",
    "ruby",
    "secret-tool",
    "sh",
    "ssh",
    "sudo",
    "tmux",
    "uv",
    "uvicorn",
    "xdg-open",
    "yarn",
];

/// A folder of spies: `git`, which does its work as well, and programs that only note that they ran.
pub struct Spies {
    /// The folder for the search path.
    pub bin: PathBuf,
    notes: PathBuf,
}

impl Spies {
    /// Makes them below `dir`.
    pub fn in_dir(dir: &Path) -> Self {
        let (bin, notes) = (dir.join("bin"), dir.join("notes"));
        fs::create_dir_all(&bin).unwrap();
        fs::create_dir_all(&notes).unwrap();
        let spies = Self { bin, notes };
        for name in PROGRAMS {
            spies.write(name, "exit 1");
        }
        spies.write("git", &format!("exec '{}' \"$@\"", real("git").display()));
        spies
    }

    /// Writes a script that leaves a note and then does `then`.
    fn write(&self, name: &str, then: &str) {
        let notes = self.notes.display();
        let script = format!(
            "#!/bin/sh\n/usr/bin/env > '{notes}/{name}.'$$.env\nprintf '%s ' '{name}' \"$@\" > '{notes}/{name}.'$$.argv\n{then}\n"
        );
        let path = self.bin.join(name);
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// The names of the programs that ran since the last time, and the text of their environments and arguments.
    pub fn take(&self) -> (BTreeSet<String>, String) {
        let (mut names, mut text) = (BTreeSet::new(), String::new());
        for entry in fs::read_dir(&self.notes).unwrap().flatten() {
            let name = entry.file_name().into_string().unwrap();
            names.insert(name.split('.').next().unwrap().to_owned());
            text.push_str(&String::from_utf8_lossy(&fs::read(entry.path()).unwrap()));
            fs::remove_file(entry.path()).unwrap();
        }
        (names, text)
    }
}

/// The path of a program that the tests need.
fn real(program: &str) -> PathBuf {
    std::env::split_paths(&std::env::var_os("PATH").unwrap())
        .map(|dir| dir.join(program))
        .find(|path| path.is_file())
        .unwrap()
}
