//! Inspects the repository: what git keeps out, and where secrets are found.

use std::{collections::BTreeSet, time::Duration};

use crate::{
    core::{
        code::{Code, Severity},
        event::{Progress, Report},
        facts::{Check, CheckState, Facts, SecretsFacts},
        failure::{Failure, Result},
        finding::Finding,
        proof::{Basis, Coverage, Undetermined},
    },
    domain::{counted::counted, dotenv::Document},
    engine::{
        clock,
        context::Cx,
        sealed::SealedInGit,
        secrets::{
            live_secrets::{LiveSecrets, keys_file},
            messages, shipped, unread,
        },
    },
    ports::repository::{GitAnswer, HistoryScan, Leak, Protection, TreeScan},
};

/// One inspection.
pub(super) struct SecretsInspection<'a> {
    cx: &'a Cx,
    /// The env files, relative to the repository's root.
    pub(super) targets: Vec<String>,
    /// Those of them that stay in git, since they are encrypted there.
    pub(super) sealed: Vec<String>,
    /// The files of dotenvx's private keys that are there.
    pub(super) keys: Vec<String>,
    /// Their committed examples.
    examples: Vec<String>,
    /// Those of the targets that git tracks.
    tracked: Vec<String>,
    live: LiveSecrets,
    findings: Vec<Finding>,
    checks: Vec<Check>,
    files: usize,
    objects: u64,
    /// What the tree holds, so that the history does not report it again.
    in_tree: Vec<Leak>,
    /// What was searched of all that should be.
    coverage: Coverage,
    /// Whether the hooks are installed; `None` where they cannot be.
    hook: Option<bool>,
}

impl<'a> SecretsInspection<'a> {
    pub(super) async fn new(cx: &'a Cx) -> Result<Self> {
        let root = cx.ports.repository.root().ok_or_else(|| {
            Failure::new(Code::SecretsUnknown, "this isn't a git repository")
                .why(format!("`{}` isn't in one", cx.settings.root.display()))
                .hint("git init")
        })?;
        let relative = |file: &str| {
            let full = cx.settings.path(file);
            full.strip_prefix(root).map_or_else(
                |_| file.to_owned(),
                |path| path.to_string_lossy().replace('\\', "/"),
            )
        };
        let targets = || cx.settings.env.iter().map(|target| target.file.as_str());
        // one that cannot be read is reported with the live secrets
        let read = |file: &str| {
            let bytes = cx.ports.files.read(&cx.settings.path(file)).ok().flatten();
            bytes.map(|bytes| Document::parse(&bytes))
        };
        let mut sealed = Vec::new();
        for file in targets() {
            let path = relative(file);
            let on_disk = cx.ports.files.read(&cx.settings.path(file)).ok().flatten();
            if SealedInGit::of(cx, &path, on_disk.as_deref()).await != SealedInGit::No {
                sealed.push(path);
            }
        }
        Ok(Self {
            cx,
            targets: targets().map(relative).collect(),
            sealed,
            keys: targets()
                .map(keys_file)
                .filter(|file| read(file).is_some())
                .map(|file| relative(&file))
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect(),
            examples: cx
                .settings
                .env
                .iter()
                .filter_map(|target| target.example.as_deref())
                .map(relative)
                .collect(),
            tracked: Vec::new(),
            live: LiveSecrets::gather(cx),
            findings: Vec::new(),
            checks: Vec::new(),
            files: 0,
            objects: 0,
            in_tree: Vec::new(),
            coverage: Coverage::complete(),
            hook: None,
        })
    }

    fn check(
        &mut self,
        label: impl Into<String>,
        state: CheckState,
        text: impl Into<String>,
        elapsed: Option<Duration>,
    ) {
        self.checks.push(Check {
            elapsed,
            ..Check::new(label, state, text)
        });
        self.show();
    }

    /// Adds a finding; one that the project accepts is only noted, with the reason.
    fn add(&mut self, finding: Option<Finding>) {
        let accepted = &self.cx.settings.accepted;
        self.findings
            .extend(finding.map(|finding| messages::accepted(accepted, finding)));
    }

    /// Shows what is known so far.
    fn show(&self) {
        self.cx.show(Facts::Secrets(SecretsFacts {
            checks: self.checks.clone(),
            hook: self.hook,
        }));
    }

    /// Checks that git keeps each env file out.
    pub(super) async fn check_targets(&mut self) -> Result<()> {
        for target in self.targets.clone() {
            let started = clock::now();
            let protection = self.cx.ports.repository.protection(&target).await?;
            if protection.tracked == GitAnswer::Yes {
                self.tracked.push(target.clone());
            }
            if self.sealed.contains(&target) {
                let text = "encrypted, so it can be committed";
                self.check(&target, CheckState::Ok, text, Some(started.elapsed()));
                continue;
            }
            let findings = messages::of_target(&target, &protection);
            let worst = findings.iter().map(|finding| finding.severity).max();
            let (state, text) = if worst.is_none_or(|worst| worst < Severity::Gap) {
                let backups = if protection.exposed.is_empty() {
                    ""
                } else {
                    "; its backups aren't ignored"
                };
                (
                    match worst {
                        Some(Severity::Warning) => CheckState::Warning,
                        Some(Severity::Note | Severity::Gap) | None => CheckState::Ok,
                    },
                    format!("ignored, not tracked{backups}"),
                )
            } else {
                (CheckState::Gap, summary(&protection))
            };
            self.findings.extend(findings);
            self.check(&target, state, text, Some(started.elapsed()));
        }
        for file in self.keys.clone() {
            let started = clock::now();
            let protection = self.cx.ports.repository.protection(&file).await?;
            if protection.tracked == GitAnswer::Yes {
                self.tracked.push(file.clone());
            }
            let before = self.findings.len();
            self.findings.extend(messages::of_keys(&file, &protection));
            let state = self.state_since(before);
            let text = if state == CheckState::Gap {
                summary(&protection)
            } else {
                "ignored, not tracked".to_owned()
            };
            self.check(&file, state, text, Some(started.elapsed()));
        }
        Ok(())
    }

    /// Looks for secrets in the tracked files, and in those that git would take.
    pub(super) async fn check_tree(&mut self) -> Result<()> {
        let started = clock::now();
        let cx = self.cx;
        let progress = |done, total| {
            cx.progress(Progress {
                label: "reading the tracked files".to_owned(),
                done,
                total: Some(total),
            });
        };
        let TreeScan {
            files,
            leaks,
            coverage,
        } = cx
            .ports
            .repository
            .scan_tree(self.live.labelled(), &progress)
            .await?;
        self.files = files;
        let before = self.findings.len();
        for leak in leaks {
            // the finding about the file itself covers it
            let covered =
                |path: &String| self.targets.contains(path) && !self.sealed.contains(path);
            if leak.path.as_ref().is_some_and(covered) {
                continue;
            }
            let found = self.live.found(&leak.secret);
            let finding = found.map(|secret| messages::of_tree(&leak, secret));
            self.add(finding);
            self.in_tree.push(leak);
        }
        let count = counted(files, "file");
        self.searched("tracked files", before, count, coverage, started.elapsed());
        if !self.examples.is_empty() {
            let dirty = self.in_tree.iter().any(|leak| {
                let path = leak.path.as_ref();
                path.is_some_and(|path| self.examples.contains(path))
            });
            let (state, text) = if dirty {
                (CheckState::Gap, "contains a secret")
            } else {
                (CheckState::Ok, "contains no secret")
            };
            let label = self.examples.join(", ");
            self.check(label, state, text, None);
        }
        Ok(())
    }

    /// Looks for secrets, and for the env files themselves, in the history.
    pub(super) async fn check_history(&mut self) -> Result<()> {
        let started = clock::now();
        let cx = self.cx;
        let progress = |done, total| {
            cx.progress(Progress {
                label: "reading the history".to_owned(),
                done,
                total: Some(total),
            });
        };
        let HistoryScan {
            objects,
            leaks,
            committed,
            coverage,
        } = cx
            .ports
            .repository
            .scan_history(self.live.labelled(), &self.targets, &progress)
            .await?;
        self.objects = objects;
        let before = self.findings.len();
        let mut leaked = Vec::new();
        for leak in leaks {
            let known = self.in_tree.iter().any(|known| known.is_same(&leak));
            // a leak in the index was reported of the file; one in a tracked file is in the history as well
            if known && (!leak.is_live() || !leak.location.leaves()) {
                continue;
            }
            if let Some(path) = &leak.path {
                leaked.push(path.clone());
            }
            let found = self.live.found(&leak.secret);
            let finding = found.map(|secret| messages::of_history(&leak, secret));
            self.add(finding);
        }
        let count = counted(objects, "object");
        self.searched("history", before, count, coverage, started.elapsed());
        let before = self.findings.len();
        for found in &committed {
            if self.tracked.contains(&found.path) || leaked.contains(&found.path) {
                continue;
            }
            let tracked = !found.exact
                && matches!(
                    cx.ports.repository.protection(&found.path).await,
                    Ok(Protection {
                        tracked: GitAnswer::Yes,
                        ..
                    })
                );
            self.add(Some(messages::of_path(found, tracked)));
        }
        let state = self.state_since(before);
        let text = match committed.len() {
            0 => "no env file was ever committed".to_owned(),
            1 => "1 env file was committed".to_owned(),
            count => format!("{count} env files were committed"),
        };
        self.check("path history", state, text, None);
        Ok(())
    }

    /// Looks for env files that an image or a package would take along.
    pub(super) fn check_shipped(&mut self) {
        for finding in shipped::findings(self.cx) {
            self.add(Some(finding));
        }
    }

    /// Looks at the hooks. They are optional, so their absence is not a finding; that one is gone which was installed is.
    pub(super) async fn check_hook(&mut self) {
        let started = clock::now();
        // without git there are no commits that they could check
        let Ok(hooks) = self.cx.ports.repository.hooks().await else {
            return;
        };
        let elapsed = Some(started.elapsed());
        let label = "hooks";
        if let Some(finding) = messages::of_hooks(&hooks) {
            self.hook = hooks.blocked.is_none().then_some(false);
            let text = finding.title.clone();
            self.findings.push(finding);
            return self.check(label, CheckState::Warning, text, elapsed);
        }
        let (installed, state, text) = match hooks.blocked {
            _ if hooks.are_installed() => (Some(true), CheckState::Ok, "installed".to_owned()),
            Some(why) => (None, CheckState::Skipped, why),
            None => (
                Some(false),
                CheckState::Skipped,
                "not installed; run `neonup hook install`".to_owned(),
            ),
        };
        self.hook = installed;
        self.check(label, state, text, elapsed);
    }

    /// Adds the line of a search, and what it left out.
    fn searched(
        &mut self,
        label: &str,
        before: usize,
        count: String,
        coverage: Coverage,
        elapsed: Duration,
    ) {
        let (open, _) = unread::findings(&coverage, &self.cx.settings.accepted);
        let (state, text) = if open.is_empty() {
            (self.state_since(before), count)
        } else {
            (
                CheckState::Gap,
                format!("{count}; not everything could be searched"),
            )
        };
        self.coverage.join(coverage);
        self.check(label, state, text, Some(elapsed));
    }

    /// The worst of the findings since then.
    fn state_since(&self, before: usize) -> CheckState {
        let worst = self
            .findings
            .get(before..)
            .unwrap_or_default()
            .iter()
            .map(|finding| finding.severity)
            .max();
        match worst {
            None | Some(Severity::Note) => CheckState::Ok,
            Some(Severity::Warning) => CheckState::Warning,
            Some(Severity::Gap) => CheckState::Gap,
        }
    }

    pub(super) fn into_report(mut self) -> Report {
        let (state, text) = self.live.summary();
        self.checks.push(Check::new("live secrets", state, text));
        let (mut open, notes) = unread::findings(&self.coverage, &self.cx.settings.accepted);
        open.splice(0..0, self.live.unknown());
        self.findings.extend(notes);
        messages::shorten(&mut self.findings);
        let gaps = self
            .findings
            .iter()
            .filter(|finding| finding.severity == Severity::Gap);
        let gaps: Vec<_> = gaps.chain(&open).collect();
        let scanned = format!(
            "{} and {}",
            counted(self.files, "file"),
            counted(self.objects, "object")
        );
        let evidence = match gaps.as_slice() {
            [] if self.live.labelled().is_empty() => {
                format!("neonup.toml lists no secrets, and there are no credentials in {scanned}")
            }
            [] if self.findings.iter().any(is_live) => {
                format!("no commit contains a live secret: {scanned}; but git's folder does")
            }
            [] => format!("no live secret in {scanned}"),
            [only] => only.title.clone(),
            [first, ..] => format!("{} (+{} more)", first.title, gaps.len() - 1),
        };
        let facts = Facts::Secrets(SecretsFacts {
            checks: self.checks,
            hook: self.hook,
        });
        let basis = if open.is_empty() {
            Basis::Seen
        } else {
            Basis::NotDetermined(open.into_iter().map(Undetermined::from).collect())
        };
        Report::judged(evidence, basis, self.findings).facts(facts)
    }
}

/// Whether a live secret was found where no push takes it along.
fn is_live(finding: &Finding) -> bool {
    finding.severity > Severity::Note
        && matches!(
            finding.code,
            Code::SecretsLiveSecretInTree | Code::SecretsLiveSecretInHistory
        )
}

/// Summarizes what is wrong with a target.
fn summary(protection: &Protection) -> String {
    let mut parts = Vec::new();
    match &protection.ignored {
        GitAnswer::Yes => {}
        // a tracked file is never ignored, so that is not the news
        GitAnswer::No if protection.tracked == GitAnswer::Yes => {}
        GitAnswer::No => parts.push("not ignored"),
        GitAnswer::Unknown(_) => parts.push("can't tell if ignored"),
    }
    match &protection.tracked {
        GitAnswer::No => {}
        GitAnswer::Yes => parts.push("tracked"),
        GitAnswer::Unknown(_) => parts.push("can't tell if tracked"),
    }
    if protection.staged == GitAnswer::Yes {
        parts.push("staged");
    }
    parts.join(", ")
}
