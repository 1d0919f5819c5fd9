//! Other copies of an old password: env files, which are rewritten, and places that only a person can change.

use std::collections::BTreeSet;

use crate::{
    core::{
        code::{Code, Severity},
        event::Progress,
        failure::{Failure, Result},
        finding::Finding,
        secret::Secret,
    },
    domain::rotation::{self, Replacement},
    engine::context::{Cx, KnownProject},
};

/// Names of files that hold variables for programs.
const ENV_FILES: [&str; 5] = [".env", ".env.*", "*.env", ".envrc", ".flaskenv"];

/// Names of other files in which a connection is commonly written down.
const OTHER_FILES: [&str; 12] = [
    "*.yml",
    "*.yaml",
    "*.toml",
    "*.json",
    "*.ini",
    "*.cfg",
    "*.conf",
    "*.properties",
    "*.tfvars",
    "*.sh",
    ".pgpass",
    "pg_service.conf",
];

/// The most branches that are asked about.
const BRANCHES: usize = 50;

/// The copies of the old passwords outside the env files of `neonup.toml`.
#[derive(Debug, Default)]
pub(super) struct Copies {
    /// Ignored env files that hold the new password now.
    pub(super) rewritten: Vec<String>,
    /// Files that still hold an old one, and why they were left.
    left: Vec<(String, &'static str)>,
    /// Why the ignored files are not known, if so.
    unknown: Option<String>,
}

impl Copies {
    /// Rewrites every other ignored env file of the work tree, and notes what it leaves.
    pub(super) async fn rewrite(cx: &Cx, old: &[Secret], new: &Secret) -> Result<Self> {
        cx.progress(Progress::label(
            "searching for other copies of the old password",
        ));
        let mut copies = Self::default();
        let targets: BTreeSet<_> = cx
            .settings
            .env
            .iter()
            .map(|target| cx.settings.path(&target.file))
            .collect();
        let root = cx
            .ports
            .repository
            .root()
            .unwrap_or(&cx.settings.root)
            .to_owned();
        let repository = &cx.ports.repository;
        let env_files = match repository.ignored_files(&ENV_FILES).await {
            Ok(files) => files,
            Err(error) => {
                copies.unknown = Some(Failure::from(error).why);
                return Ok(copies);
            }
        };
        let others = repository.ignored_files(&OTHER_FILES).await?;
        for file in &env_files {
            let path = root.join(file);
            if !targets.contains(&path) {
                copies.file(cx, file, &path, old, new)?;
            }
        }
        for file in others.iter().filter(|file| !env_files.contains(file)) {
            let holds = |bytes: &[u8]| {
                old.iter()
                    .any(|old| rotation::replace(bytes, old, new) != Replacement::Absent)
            };
            // nobody has written a password into a file that is too large or can't be read
            if let Ok(Some(bytes)) = cx.ports.files.read(&root.join(file))
                && holds(&bytes)
            {
                copies
                    .left
                    .push((file.clone(), "git ignores it, and it isn't an env file"));
            }
        }
        Ok(copies)
    }

    fn file(
        &mut self,
        cx: &Cx,
        name: &str,
        path: &std::path::Path,
        old: &[Secret],
        new: &Secret,
    ) -> Result<()> {
        let files = &cx.ports.files;
        let Ok(Some(before)) = files.read(path) else {
            return Ok(());
        };
        let mut bytes = before.clone();
        for old in old {
            match rotation::replace(&bytes, old, new) {
                Replacement::Absent => {}
                Replacement::Bytes(with_new) => bytes = with_new,
                Replacement::ByHand => {
                    self.left.push((
                        name.to_owned(),
                        "the new password needs quoting that only you know",
                    ));
                    return Ok(());
                }
            }
        }
        if bytes == before {
            return Ok(());
        }
        let written = files
            .keep_undo(path, Some(&before))
            .and_then(|()| files.replace_secret(path, Some(&before), &bytes));
        if let Err(error) = written {
            return Err(Failure::new(
                Code::EnvMissingFile,
                format!("`{name}` contains the old password and was not rewritten"),
            )
            .why(error.to_string())
            .hint("make it writable, or delete it; then run `neonup rotate` again to resume"));
        }
        self.rewritten.push(name.to_owned());
        Ok(())
    }

    /// The findings about copies that a person has to change.
    pub(super) async fn findings(&self, cx: &Cx, old: &[Secret]) -> Vec<Finding> {
        let warning =
            |code: Code, title: String| Finding::new(code, title).severity(Severity::Warning);
        let mut findings = Vec::new();
        for file in &self.rewritten {
            findings.push(
                Finding::new(
                    Code::EnvStaleUrl,
                    format!("`{file}` contained the old password too"),
                )
                .severity(Severity::Note)
                .detail("it now contains the new one")
                .path(file),
            );
        }
        for (file, why) in &self.left {
            findings.push(
                warning(
                    Code::EnvStaleUrl,
                    format!("`{file}` still contains the old password"),
                )
                .detail(*why)
                .path(file)
                .hint(format!("copy the new one from the env file to {file}")),
            );
        }
        if let Some(why) = &self.unknown {
            findings.push(
                warning(
                    Code::SecretsUnknown,
                    "couldn't tell whether other ignored files contain the old password".to_owned(),
                )
                .detail(why)
                .hint("check your other env files yourself"),
            );
        }
        findings.extend(in_tree(cx, old).await);
        let variables: BTreeSet<_> = old
            .iter()
            .flat_map(|old| cx.settings.environment.holding(old))
            .collect();
        for name in variables {
            findings.push(
                warning(
                    Code::EnvShellHidesValue,
                    format!("`{name}` in this shell still holds the old password"),
                )
                .detail(
                    "nearly every reader prefers a variable that is already set over the env file",
                )
                .hint(format!("unset {name}")),
            );
        }
        for (pid, name) in old.iter().flat_map(|old| cx.ports.process.holding(old)) {
            findings.push(
                warning(
                    Code::HealthAuth,
                    format!("{name} (process {pid}) was started with the old password"),
                )
                .detail("its next connection fails")
                .hint("restart it with the new env file"),
            );
        }
        findings
    }
}

/// Files that git has or would take. The password in them is dead; that it was there is still worth knowing.
async fn in_tree(cx: &Cx, old: &[Secret]) -> Vec<Finding> {
    let named: Vec<_> = old
        .iter()
        .map(|old| ("the old password".to_owned(), old.clone()))
        .collect();
    let scan = cx.ports.repository.scan_tree(&named, &|_, _| {}).await;
    let mut seen = BTreeSet::new();
    let mut findings = Vec::new();
    for leak in scan.map(|scan| scan.leaks).unwrap_or_default() {
        let Some(path) = leak.path.clone().filter(|_| leak.is_live()) else {
            continue;
        };
        if seen.insert(path.clone()) {
            let mut finding = Finding::new(
                Code::EnvStaleUrl,
                format!("`{path}` still contains the old password"),
            )
            .severity(Severity::Warning)
            .detail(format!("{}; it no longer works", leak.location.label()))
            .path(&path)
            .hint("remove it, and read it from the environment instead");
            finding.line = leak.line;
            findings.push(finding);
        }
    }
    findings
}

/// Finds branches that still accept an old password: each has passwords of its own, copied when it was created.
pub(super) async fn other_branches(
    cx: &Cx,
    key: &Secret,
    project: &KnownProject,
    old: &[Secret],
) -> Vec<Finding> {
    let neon = &cx.ports.neon;
    let Ok(branches) = neon.branches(key, &project.id).await else {
        return Vec::new();
    };
    let KnownProject { connection, .. } = project;
    let mut findings = Vec::new();
    for branch in branches
        .iter()
        .filter(|branch| branch.id != project.branch)
        .take(BRANCHES)
    {
        let uri = neon
            .connection_uri(
                key,
                &project.id,
                &branch.id,
                &connection.database,
                &connection.role,
                false,
            )
            .await;
        // a branch without this role, database or compute has nothing that the old password opens
        let Some(read) = uri
            .ok()
            .and_then(|uri| crate::domain::url::recognize(uri.expose()))
        else {
            continue;
        };
        if old.contains(&read.password) {
            findings.push(
                Finding::new(
                    Code::SecretsUnknown,
                    format!("the old password still opens branch `{}`", branch.name),
                )
                .severity(Severity::Warning)
                .detail("a branch has its own passwords, copied when it was created")
                .hint(format!(
                    "set [project] branch = \"{}\" and rotate there, or reset it in the Neon console",
                    branch.name
                )),
            );
        }
    }
    findings
}
