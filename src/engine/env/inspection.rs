//! What the env files hold, what is wrong with it, and what a write would make of it.

use std::{collections::HashSet, path::PathBuf};

use crate::{
    core::{
        code::{Code, Severity},
        facts::{Check, CheckState},
        failure::{Failure, Result},
        finding::Finding,
        invocation::Invocation,
        secret::{DOTS, Secret},
        step::StepId,
    },
    domain::{
        dotenv::{
            Document, EnvEntry, EnvLint, LintKind, SetOutcome, beyond_limit, editable, restored,
        },
        sensitive,
        url::{Connection, Part, recognize},
    },
    engine::{
        context::Cx,
        env::{
            example::ExampleInspection,
            judge::{ALL_LEFT_OPEN, LEFT_OPEN, LEFT_OPEN_TOGETHER, judge_value},
            links,
            messages::{FIX, edit_dropped, edit_open, fill_in},
            public_keys, shadow,
        },
        failures::files::{env_not_read, env_too_large},
        sealed::SealedInGit,
    },
    os::files::closing_hint,
    ports::{
        files::{FileError, FileKind},
        repository::{GitAnswer, Protection},
    },
    project::settings::{Encoding, EnvTarget, KeySpec},
};

/// How many problems of one file are listed.
const PROBLEMS_SHOWN: usize = 100;

/// Makes a random value, or something in its place.
pub(super) type Generate = fn(Encoding, usize) -> Result<Secret>;

/// All env files.
pub(super) struct EnvInspection {
    pub(super) targets: Vec<TargetInspection>,
    /// Whether the project is known, so that a URL could be compared with it.
    pub(super) project_known: bool,
    /// Whether any key holds a connection URL.
    pub(super) has_url: bool,
}

/// What a person has changed of what is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EditState {
    None,
    /// It is part of what is written.
    Kept,
    /// It doesn't fit what would be written now.
    Dropped,
}

/// One env file: what is there, and what a write would make of it.
pub(super) struct TargetInspection {
    pub(super) file: String,
    pub(super) path: PathBuf,
    pub(super) bytes: Option<Vec<u8>>,
    pub(super) mode: Option<u32>,
    /// How many names the file has.
    pub(super) links: u64,
    pub(super) document: Document,
    pub(super) wanted: Document,
    /// What is shown in place of a value that is generated when it is written.
    pub(super) notes: Vec<(String, String)>,
    pub(super) keys: usize,
    /// How many of them are left to a person, and not filled in.
    pub(super) open: usize,
    /// Whether a person fills all of them in.
    pub(super) by_hand: bool,
    pub(super) changed: usize,
    pub(super) added: usize,
    pub(super) findings: Vec<Finding>,
    pub(super) example: Option<ExampleInspection>,
    pub(super) protection: Option<Protection>,
    /// Whether it is in git on purpose: a filter encrypts it on its way there.
    pub(super) is_sealed: bool,
    /// Whether it begins with a byte order mark, which a write takes away.
    pub(super) mark: bool,
    /// What a person has changed of what is written.
    pub(super) edit: EditState,
    /// Why it cannot be written as wanted.
    pub(super) problem: Option<Failure>,
}

impl EnvInspection {
    /// Inspects the env files, and how git treats them.
    pub(super) async fn inspect(cx: &Cx, generate: Generate) -> Result<Self> {
        let repository = &cx.ports.repository;
        if repository.root().is_none() {
            return Err(Failure::new(
                Code::EnvNotIgnored,
                format!("`{}` isn't in a git repository", cx.settings.root.display()),
            )
            .why("can't tell whether git ignores the env files")
            .hint("git init"));
        }
        links::check_all(cx).await?;
        let mut inspection = Self::new(cx, generate)?;
        for target in &mut inspection.targets {
            let protection = repository.protection(&target.file).await?;
            if protection.tracked == GitAnswer::Yes {
                let sealed = SealedInGit::of(cx, &target.file, target.bytes.as_deref()).await;
                target.is_sealed = sealed == SealedInGit::ByFilter;
            }
            target.protection = Some(protection);
        }
        Ok(inspection)
    }

    fn new(cx: &Cx, generate: Generate) -> Result<Self> {
        let connection = cx.project().map(|project| project.connection);
        let specs = &cx.settings.env;
        let mut targets = specs
            .iter()
            .map(|spec| TargetInspection::read(cx, spec))
            .collect::<Result<Vec<_>>>()?;
        for (target, spec) in targets.iter_mut().zip(specs) {
            target.judge(cx, spec, connection.as_ref());
            target.judge_public(spec);
            target.compose(spec, connection.as_ref(), generate)?;
        }
        share(cx, &mut targets)?;
        for (target, spec) in targets.iter_mut().zip(specs) {
            target.tidy(spec);
            target.without_mark();
            target.take_edits(cx);
        }
        if targets.iter().any(|target| target.edit == EditState::Kept) {
            // what is the same as an edited value is so, too
            share(cx, &mut targets)?;
            targets.iter_mut().for_each(TargetInspection::recount);
        }
        judge_shared(cx, &mut targets);
        for (target, spec) in targets.iter_mut().zip(specs) {
            let hidden = shadow::find(cx, &target.wanted, spec);
            target.findings.extend(hidden);
            target.example = ExampleInspection::read(cx, spec, &target.wanted)?;
        }
        let is_url = |spec: &KeySpec| matches!(spec, KeySpec::Url { .. } | KeySpec::Part { .. });
        Ok(Self {
            project_known: connection.is_some(),
            has_url: specs
                .iter()
                .flat_map(|spec| &spec.keys)
                .any(|(_, spec)| is_url(spec)),
            targets,
        })
    }
}

impl TargetInspection {
    fn read(cx: &Cx, spec: &EnvTarget) -> Result<Self> {
        let path = cx.settings.path(&spec.file);
        let files = &cx.ports.files;
        let failed = |error: FileError| env_not_read(&spec.file, &path, &error);
        let stat = files.stat(&path).map_err(failed)?;
        let bytes = files.read(&path).map_err(failed)?;
        if let Some(limit) = bytes.as_deref().and_then(beyond_limit) {
            return Err(env_too_large(&spec.file, limit));
        }
        if bytes.as_ref().is_some_and(|bytes| bytes.contains(&0)) {
            return Err(Failure::new(
                Code::EnvUnreadableLine,
                format!("`{}` isn't an env file", spec.file),
            )
            .why("it contains a NUL byte, so it is a binary file")
            .hint(format!(
                "move `{}` away, or set another file in neonup.toml",
                spec.file
            )));
        }
        let document = Document::parse(bytes.as_deref().unwrap_or_default());
        Ok(Self {
            file: spec.file.clone(),
            path,
            mode: stat
                .as_ref()
                .filter(|stat| stat.kind == FileKind::File)
                .and_then(|stat| stat.mode),
            links: stat.map_or(0, |stat| stat.links),
            bytes,
            wanted: document.clone(),
            document,
            notes: Vec::new(),
            keys: spec.keys.len(),
            open: 0,
            by_hand: spec.is_by_hand(),
            changed: 0,
            added: 0,
            findings: Vec::new(),
            example: None,
            protection: None,
            is_sealed: false,
            mark: false,
            edit: EditState::None,
            problem: None,
        })
    }

    /// Whether a write would change the file, or who may read it.
    pub(super) fn changes(&self) -> bool {
        self.rewritten() || self.open()
    }

    /// Whether a write would change the content.
    pub(super) fn rewritten(&self) -> bool {
        // a file in which everything is left to a person is not made
        let absent = self.bytes.is_none() && self.by_hand && self.wanted.bytes().is_empty();
        self.problem.is_some() || (!absent && self.bytes.as_deref() != Some(self.wanted.bytes()))
    }

    /// The file with what git says about it.
    pub(super) fn protected(&self) -> Option<(&Self, &Protection)> {
        Some((self, self.protection.as_ref().filter(|_| !self.is_sealed)?))
    }

    /// Whether others than the owner may read it.
    fn open(&self) -> bool {
        self.mode.is_some_and(|mode| mode & 0o077 != 0)
    }

    pub(super) fn permissions(&self, findings: &mut Vec<Finding>) -> Option<Check> {
        let mode = self.mode?;
        if self.open() {
            findings.push(
                Finding::new(
                    Code::EnvOpenPermissions,
                    format!("other users can read `{}` (mode {mode:04o})", self.file),
                )
                .path(&self.file)
                .hint(closing_hint(&self.file))
                .fixable(),
            );
        }
        let state = if self.open() {
            CheckState::Gap
        } else {
            CheckState::Ok
        };
        Some(Check::new(
            format!("{mode:04o}"),
            state,
            "only you can read it",
        ))
    }

    fn finding(&self, code: Code, title: impl Into<String>) -> Finding {
        Finding::new(code, title).path(&self.file)
    }

    /// Finds what is wrong with the content.
    fn judge(&mut self, cx: &Cx, spec: &EnvTarget, connection: Option<&Connection>) {
        if self.bytes.is_none() && !spec.is_by_hand() {
            let finding = self.finding(
                Code::EnvMissingFile,
                format!("`{}` doesn't exist", self.file),
            );
            self.findings.push(finding.command(FIX).fixable());
        }
        self.judge_keys(spec, connection);
        let lints = self.document.lint();
        let present: Vec<&str> = spec
            .keys
            .iter()
            .map(|(key, _)| key.as_str())
            .filter(|key| self.document.get(key).is_some())
            .collect();
        // a second opinion, where our own reading finds nothing
        if lints.is_empty() && !self.document.dotenvy_agrees(&present) {
            let finding = self
                .finding(Code::EnvUnportable, "dotenvy reads the file differently")
                .detail("Rust programs that use dotenvy will see different values, or none")
                .hint("write the values in simple form, one KEY=value per line");
            self.findings.push(finding);
        }
        let better: HashSet<&str> = spec
            .keys
            .iter()
            .map(|(key, _)| key.as_str())
            .filter(|key| self.document.all(key).any(EnvEntry::could_be_quoted_better))
            .collect();
        let mut found: Vec<_> = lints
            .iter()
            .filter_map(|lint| {
                let key = lint.key.as_deref();
                let wanted = spec
                    .keys
                    .iter()
                    .find(|(name, _)| Some(name.as_str()) == key);
                let wanted = wanted.map(|(_, spec)| spec);
                let better = key.is_some_and(|key| better.contains(key));
                self.lint(lint, wanted, better)
            })
            .take(PROBLEMS_SHOWN + 1)
            .collect();
        if found.len() > PROBLEMS_SHOWN {
            found.truncate(PROBLEMS_SHOWN);
            found.push(
                self.finding(
                    Code::EnvUnreadableLine,
                    format!("`{}` has more than {PROBLEMS_SHOWN} problems", self.file),
                )
                .severity(Severity::Warning)
                .detail("the rest are not listed")
                .hint(format!("fix the listed problems in {} first", self.file)),
            );
        }
        self.findings.extend(found);
        for (key, _) in &spec.keys {
            let hidden = cx.settings.environment.get(key).is_some_and(|shell| {
                self.document
                    .get(key)
                    .is_some_and(|value| value.expose() != shell)
            });
            if hidden {
                let finding = self
                    .finding(
                        Code::EnvShellHidesValue,
                        format!("the shell's `{key}` overrides the file's value"),
                    )
                    .detail("nearly every reader prefers a variable that is already set over the env file")
                    .hint(format!("unset {key}"));
                self.findings.push(finding);
            }
        }
    }

    /// Finds what is wrong with the wanted keys.
    fn judge_keys(&mut self, spec: &EnvTarget, connection: Option<&Connection>) {
        let mut left_open = Vec::new();
        for (key, key_spec) in &spec.keys {
            let mut found = Vec::new();
            for entry in self.document.all(key) {
                found.extend(
                    judge_value(key, key_spec, entry, connection)
                        .into_iter()
                        .map(|(code, title, detail)| {
                            let finding = self.finding(code, title).detail(detail).line(entry.line);
                            if *key_spec == KeySpec::ByHand {
                                finding.hint(fill_in(key, &self.file))
                            } else {
                                finding.command(FIX).fixable()
                            }
                        }),
                );
            }
            if *key_spec == KeySpec::ByHand {
                let is_missing = self.document.get(key).is_none();
                if is_missing {
                    left_open.push(key.as_str());
                }
                self.open += usize::from(is_missing || !found.is_empty());
            } else if self.bytes.is_some() && self.document.get(key).is_none() {
                found.push(
                    self.finding(Code::EnvMissingKey, format!("`{key}` is missing"))
                        .command(FIX)
                        .fixable(),
                );
            }
            self.findings.extend(found);
        }
        self.tell_left_open(&left_open);
    }

    /// Reports the keys that a person has to add. Many are told together: their findings would say the same.
    fn tell_left_open(&mut self, keys: &[&str]) {
        let told = |title| self.finding(Code::EnvLeftOpen, title);
        let findings = if keys.len() < LEFT_OPEN_TOGETHER {
            keys.iter()
                .map(|key| {
                    told(format!("`{key}` is missing: only you can fill it in"))
                        .detail(LEFT_OPEN)
                        .hint(fill_in(key, &self.file))
                })
                .collect()
        } else {
            let title = format!("{} keys are missing: only you can fill them in", keys.len());
            let finding = told(title)
                .detail(format!("{}: {ALL_LEFT_OPEN}", keys.join(", ")))
                .hint(format!("put their values in {}", self.file));
            vec![finding]
        };
        self.findings.extend(findings);
    }

    /// The finding for a problem. `better`: whether the key's value can be quoted better.
    fn lint(&self, lint: &EnvLint, wanted: Option<&KeySpec>, better: bool) -> Option<Finding> {
        let (code, severity) = match &lint.kind {
            LintKind::Duplicate { same: true, .. } => (Code::EnvDuplicateKey, Severity::Note),
            LintKind::Duplicate { same: false, .. } => (Code::EnvDuplicateKey, Severity::Warning),
            LintKind::UnterminatedQuote
            | LintKind::UnreadableLine
            | LintKind::KeyName
            | LintKind::NotUtf8 => (Code::EnvUnreadableLine, Severity::Warning),
            // whoever loses a key by it does not find the database
            LintKind::ByteOrderMark => (Code::EnvUnportable, Severity::Gap),
            LintKind::CarriageReturns
            | LintKind::Spaces
            | LintKind::InlineComment
            | LintKind::Unportable(_) => (Code::EnvUnportable, Severity::Warning),
            // those of wanted keys are judged with their value
            LintKind::Masked | LintKind::Placeholder if wanted.is_some() => return None,
            LintKind::Masked => (Code::EnvMaskedValue, Severity::Warning),
            LintKind::Placeholder => (Code::EnvPlaceholder, Severity::Warning),
        };
        let message = lint.kind.message();
        let title = lint
            .key
            .as_ref()
            .map_or_else(|| message.clone(), |key| format!("`{key}`: {message}"));
        let mut finding = self
            .finding(code, title)
            .severity(severity)
            .detail(lint.kind.why())
            .line(lint.line);
        let fixable = match &lint.kind {
            LintKind::Unportable(_) => better,
            LintKind::Duplicate { same, .. } => !same,
            LintKind::Masked
            | LintKind::Placeholder
            | LintKind::UnterminatedQuote
            | LintKind::UnreadableLine
            | LintKind::KeyName
            | LintKind::NotUtf8
            | LintKind::CarriageReturns
            | LintKind::Spaces
            | LintKind::InlineComment => false,
            LintKind::ByteOrderMark => true,
        };
        let of_file = lint.kind == LintKind::ByteOrderMark;
        if of_file || fixable && wanted.is_some_and(|spec| *spec != KeySpec::ByHand) {
            finding = finding.command(FIX).fixable();
        } else {
            finding = finding.hint(format!("edit line {} of {}", lint.line, self.file));
        }
        Some(finding)
    }

    /// Puts every value in that does not come from another target.
    fn compose(
        &mut self,
        spec: &EnvTarget,
        connection: Option<&Connection>,
        generate: Generate,
    ) -> Result<()> {
        for (key, key_spec) in &spec.keys {
            // the finding says why
            if public_keys::gets_secret(key, key_spec) {
                continue;
            }
            let right = self.is_right(key, key_spec, connection);
            let value = match key_spec {
                KeySpec::SameAs(_) | KeySpec::ByHand => continue,
                _ if right => self.wanted.get(key).cloned(),
                KeySpec::Url { kind, driver } => {
                    // what a person has put into the URL stays there
                    let old = self.document.get(key);
                    let old = old.and_then(|value| recognize(value.expose()));
                    let url = connection.map(|connection| match &old {
                        Some(old) => connection.renewed(*kind, *driver, old),
                        None => connection.url(*kind, *driver),
                    });
                    if url.is_none() {
                        self.unknown(key, driver.prefix());
                    }
                    url
                }
                KeySpec::Part { kind, part } => {
                    let value = connection.map(|connection| connection.part(*kind, *part));
                    if value.is_none() {
                        self.unknown(key, String::new());
                    } else if *part == Part::Password {
                        // whatever the key is called, the diff does not show it
                        self.notes
                            .push((key.clone(), format!("{DOTS} (the role's password)")));
                    }
                    value
                }
                KeySpec::Generate { encoding, bytes } => {
                    self.notes.push((key.clone(), note(*encoding, *bytes)));
                    Some(generate(*encoding, *bytes)?)
                }
                KeySpec::Literal(text) => Some(Secret::new(text.as_str())),
            };
            if let Some(value) = value {
                self.put(key, &value);
            }
        }
        Ok(())
    }

    /// Whether the value may stay.
    fn is_right(&self, key: &str, spec: &KeySpec, connection: Option<&Connection>) -> bool {
        let mut entries = self.document.all(key).peekable();
        entries.peek().is_some()
            && entries.all(|entry| judge_value(key, spec, entry, connection).is_empty())
    }

    /// Puts a stand-in, which is shown and never written, in place of a URL that isn't known yet.
    fn unknown(&mut self, key: &str, prefix: String) {
        self.notes
            .push((key.to_owned(), format!("{prefix}{DOTS} (from the project)")));
        self.put(key, &Secret::new(prefix));
        self.problem = Some(
            Failure::new(Code::EnvMissingKey, format!("`{key}` can't be written yet"))
                .why("the project isn't known yet")
                .command(Invocation::SetupStep(StepId::Project)),
        );
    }

    fn put(&mut self, key: &str, value: &Secret) {
        match self.wanted.set(key, value.expose()) {
            Ok(SetOutcome::Unchanged) => {}
            Ok(SetOutcome::Changed) => self.changed += 1,
            Ok(SetOutcome::Added) => self.added += 1,
            Err(error) => {
                let failure = Failure::new(Code::EnvUnportable, error.to_string())
                    .why("there is no way to quote it that every reader understands")
                    .hint("choose another value");
                self.findings.push(failure.finding().path(&self.file));
                self.problem = Some(failure);
            }
        }
    }

    /// Takes the byte order mark away, with which eight readers lose the key behind it.
    fn without_mark(&mut self) {
        self.mark = self.wanted.remove_mark();
    }

    /// Puts the edits in. Where the file or the plan is another one than the person has seen, they are dropped, which is told.
    fn take_edits(&mut self, cx: &Cx) {
        let edits = cx.with_env_edits(|edits| edits.get(&self.file).cloned().unwrap_or_default());
        if edits.is_empty() {
            return;
        }
        let mut wanted = self.wanted.clone();
        let mut notes = self.notes.clone();
        for edit in &edits {
            let same = editable(&wanted, &notes) == edit.base;
            let bytes = same.then(|| restored(&wanted, &notes, edit.text.expose()).ok());
            let Some(bytes) = bytes.flatten() else {
                self.edit = EditState::Dropped;
                self.findings.push(edit_dropped(&self.file));
                return;
            };
            let edited = Document::parse(&bytes);
            // what was typed is no longer what the note says
            notes.retain(|(key, _)| edited.get(key) == wanted.get(key));
            wanted = edited;
        }
        self.wanted = wanted;
        self.notes = notes;
        self.edit = EditState::Kept;
        if self.rewritten() {
            self.findings.push(edit_open(&self.file));
        }
    }

    fn recount(&mut self) {
        (self.changed, self.added) = count(&self.document, &self.wanted);
    }

    /// Writes values of wanted keys in a better style, where there is one.
    fn tidy(&mut self, spec: &EnvTarget) {
        let ours = |spec: &KeySpec| *spec != KeySpec::ByHand;
        for (key, _) in spec.keys.iter().filter(|(_, spec)| ours(spec)) {
            let better = self.wanted.all(key).any(EnvEntry::could_be_quoted_better);
            // an error leaves the document as it was, which is what it is already
            if better && self.wanted.requote(key) == Ok(SetOutcome::Changed) {
                self.changed += 1;
            }
        }
    }
}

/// How many keys differ, and how many are new.
fn count(before: &Document, after: &Document) -> (usize, usize) {
    let mut changed = 0;
    let mut added = 0;
    for entry in after.entries() {
        match before.get(&entry.key) {
            None => added += 1,
            Some(value) if *value != entry.value => changed += 1,
            Some(_) => {}
        }
    }
    let gone = before
        .entries()
        .filter(|entry| after.get(&entry.key).is_none());
    (changed + gone.count(), added)
}

/// Gives keys that are to be the same as in another file that file's value.
fn share(cx: &Cx, targets: &mut [TargetInspection]) -> Result<()> {
    let specs = &cx.settings.env;
    // a chain of `same_as` needs as many rounds as it has links
    for _ in 0..specs.len().max(1) {
        for (index, spec) in specs.iter().enumerate() {
            for (key, key_spec) in &spec.keys {
                let KeySpec::SameAs(other) = key_spec else {
                    continue;
                };
                let source = targets.iter().find(|target| target.file == *other);
                let (value, note) = match source {
                    Some(source) => (
                        source.wanted.get(key).cloned(),
                        source.notes.iter().any(|(name, _)| name == key),
                    ),
                    None => (elsewhere(cx, other, key)?, false),
                };
                let Some(target) = targets.get_mut(index) else {
                    continue;
                };
                let Some(value) = value.filter(|value| !value.is_empty()) else {
                    continue;
                };
                if public_keys::holds_secret(key, &value)
                    || public_keys::is_secret_of(specs, other, key)
                {
                    target.refuse_public(key);
                    continue;
                }
                if target.wanted.get(key) == Some(&value) {
                    continue;
                }
                if note || sensitive::is_secret_key(key) {
                    target
                        .notes
                        .push((key.clone(), format!("{DOTS} (same as in {other})")));
                }
                target.put(key, &value);
            }
        }
    }
    Ok(())
}

/// Finds the keys that are not the same as in the other file.
fn judge_shared(cx: &Cx, targets: &mut [TargetInspection]) {
    let specs = &cx.settings.env;
    for (target, spec) in targets.iter_mut().zip(specs) {
        for (key, key_spec) in &spec.keys {
            let KeySpec::SameAs(other) = key_spec else {
                continue;
            };
            match (target.wanted.get(key), target.document.get(key)) {
                (None, _) => {
                    let failure = Failure::new(
                        Code::EnvMissingKey,
                        format!(
                            "`{key}` in `{}` should be the same as in `{other}`, which doesn't have it",
                            target.file
                        ),
                    )
                    .hint(format!(
                        "add `{key}` to the keys of `{other}` in neonup.toml"
                    ));
                    target.findings.push(failure.finding().path(&target.file));
                    target.problem = Some(failure);
                }
                (Some(wanted), Some(now)) if wanted != now => {
                    let finding = target
                        .finding(
                            Code::EnvMissingKey,
                            format!("`{key}` isn't the same as in `{other}`"),
                        )
                        .command(FIX)
                        .fixable();
                    target.findings.push(finding);
                }
                (Some(_), _) => {}
            }
        }
    }
}

/// Reads a key of an env file that is not a target.
fn elsewhere(cx: &Cx, file: &str, key: &str) -> Result<Option<Secret>> {
    let path = cx.settings.path(file);
    let bytes = cx
        .ports
        .files
        .read(&path)
        .map_err(|error| env_not_read(file, &path, &error))?;
    Ok(bytes.and_then(|bytes| Document::parse(&bytes).get(key).cloned()))
}

/// How a new random value is described.
fn note(encoding: Encoding, bytes: usize) -> String {
    match encoding {
        Encoding::Hex => format!("{DOTS} (new, {} hex digits)", bytes * 2),
        Encoding::Base64 => format!("{DOTS} (new, {bytes} random bytes)"),
    }
}
