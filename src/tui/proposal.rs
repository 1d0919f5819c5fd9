//! The `neonup.toml` that is proposed on the first screen, and the one that exists while its values are changed.

use std::sync::Arc;

use crate::{
    core::choices::{ProposedFile, ProposedValue, SettingsPart},
    domain::reading::Spot,
    project::{
        draft::{Draft, DraftValue, ValueOrigin, in_folder},
        settings::{RepositoryFacts, Settings},
    },
};

/// What the wizard knows of the project before a step has run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Opened {
    /// The project's name, for the title.
    pub project: String,
    /// The command that starts the app, typed in the root; empty where it is not known.
    pub start: String,
    /// What a `neonup.toml` is proposed from; `None` where there is one, or where the app uses another database than Postgres.
    pub found: Option<Arc<RepositoryFacts>>,
    /// The file that is proposed, relative to the root.
    pub file: String,
}

impl Opened {
    pub(crate) fn of(settings: &Settings) -> Self {
        let inner = settings.config_file.strip_prefix(&settings.root);
        let file = inner.unwrap_or(&settings.config_file);
        Self {
            project: settings.project.name.clone(),
            start: settings.start_line().unwrap_or_default(),
            found: settings
                .found
                .clone()
                .filter(|_| settings.other_server().is_none()),
            file: file.display().to_string(),
        }
    }
}

/// What is asked of the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ProposalRequest {
    /// Propose for the application in this folder.
    Of(String),
    /// Write this text as the file.
    Write(String),
    /// Read the file that exists, to change this part of it.
    Read(SettingsPart),
    /// Write a text in place of the file that exists.
    Replace {
        /// What it must still hold.
        before: String,
        after: String,
    },
}

/// What a request gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ProposalAnswer<S> {
    /// The settings that hold from now on.
    Settings(S),
    /// The text of the file that exists.
    Text(String),
}

/// What came of a request about the proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProposalOutcome {
    pub request: ProposalRequest,
    pub result: Result<ProposalAnswer<Opened>, String>,
}

/// The proposal, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProposalScreen {
    pub found: Arc<RepositoryFacts>,
    pub draft: Draft,
    file: String,
    /// The folders and stacks of all applications, in the order in which they are taken.
    apps: Vec<(String, &'static str)>,
    /// The one that is proposed for.
    at: usize,
    /// Whether the file exists, so that its values are changed.
    pub exists: bool,
    /// What is being done.
    pub waits: Option<ProposalRequest>,
    /// Why it could not be done.
    pub problem: Option<String>,
}

impl ProposalScreen {
    pub(crate) fn new(found: Arc<RepositoryFacts>, file: String) -> Self {
        let mut apps = vec![(found.dir.clone(), found.stack)];
        apps.extend(found.others.iter().cloned());
        Self {
            draft: found.draft.clone(),
            found,
            file,
            apps,
            at: 0,
            exists: false,
            waits: None,
            problem: None,
        }
    }

    /// The values of a file that exists.
    pub(crate) fn of_file(draft: Draft, file: String) -> Self {
        let found = RepositoryFacts {
            draft,
            ..RepositoryFacts::default()
        };
        Self {
            exists: true,
            ..Self::new(Arc::new(found), file)
        }
    }

    /// What is asked to write what is shown.
    pub(crate) fn to_write(&self) -> ProposalRequest {
        let after = self.draft.text();
        match self.draft.source() {
            Some(before) => ProposalRequest::Replace {
                before: before.to_owned(),
                after,
            },
            None => ProposalRequest::Write(after),
        }
    }

    /// The place of the first value of a part.
    pub(crate) fn place_of(&self, part: SettingsPart) -> Option<usize> {
        let is_first = |value: &DraftValue| match part {
            SettingsPart::NewProject => (value.table, value.key.as_str()) == ("project", "region"),
            SettingsPart::Branch => (value.table, value.key.as_str()) == ("project", "branch"),
            SettingsPart::Env => value.key.starts_with("keys."),
            SettingsPart::Schema => value.table == "schema",
            SettingsPart::Backend => value.table == "backend",
        };
        self.draft.values().position(is_first)
    }

    /// Takes what was proposed for another application, or for the same one anew.
    pub(crate) fn take(&mut self, found: Arc<RepositoryFacts>, file: String) {
        self.at = self
            .apps
            .iter()
            .position(|(dir, _)| *dir == found.dir)
            .unwrap_or(self.at);
        self.draft = found.draft.clone();
        (self.found, self.file) = (found, file);
    }

    /// The application that can be taken next, where there are several.
    pub(crate) fn next_app(&self) -> Option<&(String, &'static str)> {
        let next = (self.at + 1) % self.apps.len().max(1);
        self.apps.get(next).filter(|_| next != self.at)
    }

    /// How many other applications there are.
    pub(crate) fn other_apps(&self) -> usize {
        self.apps.len().saturating_sub(1)
    }

    /// Why the env file is a guess, where it is one.
    pub(crate) fn doubt(&self) -> Option<String> {
        if self.draft.is_certain() {
            return None;
        }
        let why = match &self.found.fixed {
            Some(at) => format!(
                "The code opens its database at a fixed address ({}:{}), so it reads no env file. The Backend step shows the edit; until \
                 then, the env file is written as a comment.",
                at.file, at.line
            ),
            None => "Nothing here shows which env file your app reads, so it is written as a comment. Edit the value if you know it."
                .to_owned(),
        };
        Some(why)
    }

    /// What is found, in sentences: the application, what else is here, and what is not known.
    pub(crate) fn facts(&self) -> Vec<String> {
        let found = &self.found;
        if self.exists {
            return Vec::new();
        }
        let mut facts = vec![format!("App: {}.", in_folder(found.stack, &found.dir))];
        match self.other_apps() {
            0 => {}
            1 => facts.push("Also here: 1 other app that uses a database.".to_owned()),
            many => facts.push(format!("Also here: {many} other apps that use a database.")),
        }
        facts.extend(found.cut.map(|why| format!("There may be more: {why}.")));
        facts.extend(self.doubt());
        facts
    }

    /// What shows the value of this place, for a person.
    pub(crate) fn shown_by(&self, index: usize) -> String {
        let value = self.draft.value(index);
        value.map_or_else(String::new, |value| match (&value.origin, value.table) {
            (ValueOrigin::Derived, "project") => "the name of the folder".to_owned(),
            (origin, _) => shown_by(origin),
        })
    }

    /// Whether another value may be meant at this place.
    pub(crate) fn has_others(&self, index: usize) -> bool {
        let value = self.draft.value(index);
        value.is_some_and(|value| !value.others.is_empty())
    }

    /// It as the choices show it.
    pub(crate) fn proposed(&self) -> ProposedFile {
        ProposedFile {
            path: self.file.clone(),
            exists: self.exists,
            is_certain: self.draft.is_certain(),
            is_changed: self.draft.is_changed(),
            next_app: self.next_app().map(|(dir, stack)| in_folder(stack, dir)),
            values: self
                .draft
                .values()
                .map(|value| ProposedValue {
                    name: value.name().to_owned(),
                    value: value.plain(),
                    shown_by: if self.exists && value.origin == ValueOrigin::Derived {
                        // the file itself shows what it holds
                        String::new()
                    } else {
                        briefly(&value.origin)
                    },
                })
                .collect(),
        }
    }
}

/// What shows a value, for a person.
fn shown_by(origin: &ValueOrigin) -> String {
    match origin {
        ValueOrigin::Seen(Spot { file, line: 0 }) => file.clone(),
        ValueOrigin::Seen(Spot { file, line }) => format!("{file}:{line}"),
        ValueOrigin::Usual => "nothing; it is the usual value".to_owned(),
        ValueOrigin::Guess => "nothing; it is a guess".to_owned(),
        ValueOrigin::Derived => "the other values".to_owned(),
        ValueOrigin::Chosen => "your change".to_owned(),
    }
}

/// The same in a word or two.
fn briefly(origin: &ValueOrigin) -> String {
    let name = |file: &str| file.rsplit('/').next().unwrap_or(file).to_owned();
    match origin {
        ValueOrigin::Seen(Spot { file, line: 0 }) => name(file),
        ValueOrigin::Seen(Spot { file, line }) => format!("{}:{line}", name(file)),
        ValueOrigin::Usual => "usual value".to_owned(),
        ValueOrigin::Guess => "a guess".to_owned(),
        ValueOrigin::Derived => String::new(),
        ValueOrigin::Chosen => "your change".to_owned(),
    }
}
