//! `package.json`, as far as it tells what a Node application connects with.

use serde_json::Value;

use crate::domain::source::{Reader, join};

/// What scripts that bring a database up to date are called.
const MIGRATE: &[&str] = &[
    "db:migrate",
    "migrate",
    "db:migrate:up",
    "migrate:up",
    "migrate:latest",
    "migrate:deploy",
    "migration:run",
];

/// The lock files of package managers other than npm.
const LOCK_FILES: &[(&[&str], &str)] = &[
    (&["pnpm-lock.yaml"], "pnpm"),
    (&["yarn.lock"], "yarn"),
    (&["bun.lock", "bun.lockb"], "bun"),
];

pub(super) struct Package(Value);

impl Package {
    /// Reads the folder's `package.json`; `None` where there is none or it isn't JSON.
    pub(super) fn read(read: Reader<'_>, dir: &str) -> Option<Self> {
        let text = read(&join(dir, "package.json"))?;
        serde_json::from_str(&text).ok().map(Self)
    }

    /// The command that runs the script which migrates, as its name says, with the package manager whose lock file is there.
    pub(super) fn migrate(&self, read: Reader<'_>, dir: &str) -> Option<String> {
        let scripts = self.0.get("scripts")?;
        let script = MIGRATE.iter().find(|name| scripts.get(name).is_some())?;
        let is_there = |file: &&str| read(&join(dir, file)).is_some();
        let manager = LOCK_FILES
            .iter()
            .find(|(files, _)| files.iter().any(is_there))
            .map_or("npm", |(_, manager)| manager);
        Some(format!("{manager} run {script}"))
    }

    /// Whether one of these packages is a dependency.
    pub(super) fn has_any(&self, names: &[&str]) -> bool {
        ["dependencies", "devDependencies"]
            .iter()
            .filter_map(|table| self.0.get(table))
            .any(|table| names.iter().any(|name| table.get(name).is_some()))
    }
}
