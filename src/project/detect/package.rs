//! `package.json`, as far as it tells what a Node application connects with.

use serde_json::Value;

use crate::{
    domain::{runner::Runner, source::join},
    project::detect::tree::{Tree, with_folders_above},
};

pub(super) struct Package(Value);

/// The root of the workspace that a folder belongs to; `None` where it stands alone.
pub(super) fn workspace_root<'d>(tree: &Tree<'_>, dir: &'d str) -> Option<&'d str> {
    with_folders_above(dir).into_iter().find(|folder| {
        tree.has(&join(folder, "pnpm-workspace.yaml"))
            || Package::read(tree, folder).is_some_and(|package| package.has_workspaces())
    })
}

impl Package {
    /// Reads the folder's `package.json`; `None` where there is none or it isn't JSON.
    pub(super) fn read(tree: &Tree<'_>, dir: &str) -> Option<Self> {
        let text = tree.read(&join(dir, "package.json"))?;
        serde_json::from_str(&text).ok().map(Self)
    }

    /// Its name, by which the other packages of a workspace import it.
    pub(super) fn name(&self) -> Option<String> {
        self.0.get("name")?.as_str().map(str::to_owned)
    }

    /// The command that runs the first of these scripts that there is, of those that bring a database up to date: none that makes a new
    /// migration, takes one back, or agrees to lose rows.
    pub(super) fn script(&self, runner: &Runner, names: &[&str]) -> Option<Vec<String>> {
        const OTHERS: &[&str] = &[
            "generate",
            "migrate dev",
            ":make",
            " create ",
            ":create",
            "rollback",
            "undo",
            "reset",
            "--force",
            "--accept-data-loss",
        ];
        let scripts = self.0.get("scripts")?;
        let applies = |name: &&&str| {
            scripts
                .get(name)
                .and_then(Value::as_str)
                .is_some_and(|text| {
                    // a client that is generated beside it is none of these
                    let text = text.replace("prisma generate", "");
                    !OTHERS.iter().any(|word| text.contains(word))
                })
        };
        names.iter().find(applies).map(|name| runner.script(name))
    }

    /// Its scripts: their names and what they run.
    pub(super) fn scripts(&self) -> Vec<(String, String)> {
        let scripts = self.0.get("scripts").and_then(Value::as_object);
        scripts
            .into_iter()
            .flatten()
            .filter_map(|(name, text)| Some((name.clone(), text.as_str()?.to_owned())))
            .collect()
    }

    /// The env files that its scripts load: `node --env-file=.env.local`, `dotenv -e .env.local -- …`.
    pub(super) fn env_files(&self) -> Vec<String> {
        let scripts = self.0.get("scripts").and_then(Value::as_object);
        let mut files = Vec::new();
        for script in scripts.into_iter().flat_map(serde_json::Map::values) {
            let mut words = script.as_str().unwrap_or_default().split_whitespace();
            let mut dotenv = false;
            while let Some(word) = words.next() {
                dotenv |= matches!(word, "dotenv" | "dotenvx" | "env-cmd");
                let file = match word {
                    "--env-file" | "--env-file-if-exists" => words.next(),
                    "-e" | "-f" if dotenv => words.next(),
                    _ => word
                        .strip_prefix("--env-file=")
                        .or_else(|| word.strip_prefix("--env-file-if-exists=")),
                };
                files.extend(file.map(|file| file.trim_matches(['"', '\'']).to_owned()));
            }
        }
        files
    }

    /// Whether it is the root of a workspace of several packages.
    fn has_workspaces(&self) -> bool {
        self.0.get("workspaces").is_some()
    }

    /// Where it says itself that Prisma's schema is: a file, or a folder of them.
    pub(super) fn prisma_schema(&self) -> Option<&str> {
        let schema = self.0.get("prisma")?.get("schema")?.as_str()?;
        Some(schema.trim_start_matches("./").trim_end_matches('/'))
    }

    /// The first two numbers of the version of a package that it asks for; `None` where it asks for no number.
    pub(super) fn version(&self, name: &str) -> Option<(u32, u32)> {
        let text = ["dependencies", "devDependencies"]
            .iter()
            .find_map(|table| self.0.get(table)?.get(name)?.as_str())?;
        let mut numbers = text
            .trim_start_matches(|c: char| !c.is_ascii_digit())
            .split('.');
        let major = numbers.next()?.parse().ok()?;
        Some((major, numbers.next()?.parse().ok()?))
    }

    /// Whether one of these packages is a dependency.
    pub(super) fn has_any(&self, names: &[&str]) -> bool {
        ["dependencies", "devDependencies"]
            .iter()
            .filter_map(|table| self.0.get(table))
            .any(|table| names.iter().any(|name| table.get(name).is_some()))
    }
}
