//! What starting the application has shown, and what that stands on: kept for the clone, so that a later look, which starts nothing,
//! can tell it with its age, or say why it no longer counts.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::core::{
    code::{Code, Severity},
    facts::{Check, CheckState},
    finding::Finding,
};

/// Something that decides whether the application works, in the order in which a change of it is told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ProofInput {
    /// The start command and its folder.
    Start,
    /// The health URL and what it must answer.
    Expectation,
    /// An env file that the project wants.
    EnvFile(String),
    /// A variable of the shell that the application gets in place of an env file's.
    Variable(String),
    /// Another file of the clone, by its path relative to the root.
    File(String),
    /// A program that the start command leads to.
    Program(String),
    /// The packages that are installed in a place.
    Packages(String),
    /// The migration command and its folder.
    SchemaCommand,
    /// Where the database is, and its name.
    Database,
    /// A table of the database, by its name.
    Table(String),
    /// Something else of the database, such as a view.
    DatabaseObject { kind: String, name: String },
}

impl ProofInput {
    /// What it is, for a person.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Start => "the start command".to_owned(),
            Self::Expectation => "the expected health answer".to_owned(),
            Self::EnvFile(path) | Self::File(path) => format!("`{path}`"),
            Self::Variable(name) => format!("`{name}` in the shell"),
            Self::Program(name) => format!("the program `{name}`"),
            Self::Packages(place) => format!("the installed packages ({place})"),
            Self::SchemaCommand => "the migration command".to_owned(),
            Self::Database => "the database in the env file".to_owned(),
            Self::Table(name) => format!("the table `{name}`"),
            Self::DatabaseObject { kind, name } => format!("the {kind} `{name}`"),
        }
    }
}

/// The most changed inputs that are named.
const MOST_NAMED: usize = 3;

/// Names what has changed.
pub(crate) fn named(changed: &[ProofInput]) -> String {
    let names: Vec<_> = changed
        .iter()
        .take(MOST_NAMED)
        .map(ProofInput::words)
        .collect();
    match changed.len().saturating_sub(MOST_NAMED) {
        0 => match names.split_last() {
            Some((last, rest)) if !rest.is_empty() => {
                format!("{} and {last}", rest.join(", "))
            }
            _ => names.concat(),
        },
        more => format!("{} and {more} more", names.join(", ")),
    }
}

/// The inputs as they were: a keyed hash of each.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct ProofInputs(#[serde(with = "pairs")] BTreeMap<ProofInput, String>);

impl ProofInputs {
    pub(crate) fn insert(&mut self, input: ProofInput, hash: String) {
        self.0.insert(input, hash);
    }

    pub(crate) fn get(&self, input: &ProofInput) -> Option<&str> {
        self.0.get(input).map(String::as_str)
    }

    /// Keeps only some of them.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&ProofInput) -> bool) {
        self.0.retain(|input, _| keep(input));
    }

    /// What is another one, new or gone since `before`.
    pub(crate) fn changed_since(&self, before: &Self) -> Vec<ProofInput> {
        let all: BTreeSet<_> = self.0.keys().chain(before.0.keys()).collect();
        all.into_iter()
            .filter(|input| self.0.get(*input) != before.0.get(*input))
            .cloned()
            .collect()
    }
}

/// A map whose keys aren't texts, as a list of pairs.
mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize as _, Deserializer, Serializer};

    use super::ProofInput;

    pub(super) fn serialize<S: Serializer>(
        map: &BTreeMap<ProofInput, String>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(map)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<ProofInput, String>, D::Error> {
        Vec::<(ProofInput, String)>::deserialize(deserializer)
            .map(|pairs| pairs.into_iter().collect())
    }
}

/// How a check that starts something came out. It holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TriedCheck {
    state: TriedState,
    pub text: String,
    milliseconds: Option<u64>,
    findings: Vec<TriedFinding>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum TriedState {
    Ok,
    Warning,
    Gap,
    Skipped,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct TriedFinding {
    code: String,
    severity: TriedSeverity,
    /// Whether it says that something was not found out.
    undetermined: bool,
    title: String,
    detail: String,
    hint: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum TriedSeverity {
    Note,
    Warning,
    Gap,
}

impl TriedCheck {
    /// Takes down a check with its findings; `None` while it has not come out. Each text goes through `mask`.
    pub(crate) fn new<'a>(
        check: &Check,
        findings: impl IntoIterator<Item = &'a Finding>,
        mask: &dyn Fn(&str) -> String,
    ) -> Option<Self> {
        let state = match check.state {
            CheckState::Ok => TriedState::Ok,
            CheckState::Warning => TriedState::Warning,
            CheckState::Gap => TriedState::Gap,
            CheckState::Skipped => TriedState::Skipped,
            CheckState::Waiting | CheckState::Running => return None,
        };
        let finding = |finding: &Finding| TriedFinding {
            code: finding.code.as_str().to_owned(),
            severity: match finding.severity {
                Severity::Note => TriedSeverity::Note,
                Severity::Warning => TriedSeverity::Warning,
                Severity::Gap => TriedSeverity::Gap,
            },
            undetermined: finding.undetermined,
            title: mask(&finding.title),
            detail: mask(&finding.detail),
            hint: mask(&finding.hint),
        };
        Some(Self {
            state,
            text: mask(&check.text),
            milliseconds: check
                .elapsed
                .and_then(|elapsed| u64::try_from(elapsed.as_millis()).ok()),
            findings: findings.into_iter().map(finding).collect(),
        })
    }

    /// Whether it stops nothing.
    pub(crate) fn is_good(&self) -> bool {
        let gap = |finding: &TriedFinding| finding.severity == TriedSeverity::Gap;
        self.state != TriedState::Gap && !self.findings.iter().any(gap)
    }

    /// The check as it was, with when it was told.
    pub(crate) fn check(&self, label: &str, when: &str) -> Check {
        let state = match self.state {
            TriedState::Ok => CheckState::Ok,
            TriedState::Warning => CheckState::Warning,
            TriedState::Gap => CheckState::Gap,
            TriedState::Skipped => CheckState::Skipped,
        };
        let mut check = Check::new(label, state, format!("{}, {when}", self.text));
        check.elapsed = self.milliseconds.map(Duration::from_millis);
        check
    }

    /// Its findings as they were, each with whether it says that something was not found out. Those whose code is not known are none
    /// of ours.
    pub(crate) fn findings(&self) -> Vec<(Finding, bool)> {
        let code = |text: &str| Code::ALL.iter().copied().find(|code| code.as_str() == text);
        self.findings
            .iter()
            .filter_map(|kept| {
                let severity = match kept.severity {
                    TriedSeverity::Note => Severity::Note,
                    TriedSeverity::Warning => Severity::Warning,
                    TriedSeverity::Gap => Severity::Gap,
                };
                let finding = Finding::new(code(&kept.code)?, kept.title.clone());
                let finding = finding.severity(severity).detail(kept.detail.clone());
                Some((finding.hint(kept.hint.clone()), kept.undetermined))
            })
            .collect()
    }
}

/// What the last start has shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AppProof {
    /// When, in seconds since 1970.
    pub at: u64,
    pub inputs: ProofInputs,
    /// Files that the application wrote by itself while it was tried: what they hold now decides nothing.
    pub written: BTreeSet<String>,
    pub driver: Option<TriedCheck>,
    pub app: Option<TriedCheck>,
}

impl AppProof {
    /// What has changed since.
    pub(crate) fn outdated_by(&self, now: &ProofInputs) -> Vec<ProofInput> {
        let mut changed = now.changed_since(&self.inputs);
        changed.retain(
            |input| !matches!(input, ProofInput::File(path) if self.written.contains(path)),
        );
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(files: &[(&str, &str)]) -> ProofInputs {
        let mut inputs = ProofInputs::default();
        for (path, hash) in files {
            inputs.insert(ProofInput::File((*path).to_owned()), (*hash).to_owned());
        }
        inputs
    }

    #[test]
    fn whatever_changes_is_named_but_for_what_the_app_wrote_itself() {
        let proof = AppProof {
            at: 0,
            inputs: inputs(&[("a.py", "1"), ("b.py", "1"), ("gone.py", "1")]),
            written: BTreeSet::from(["app.db".to_owned()]),
            driver: None,
            app: None,
        };
        let now = inputs(&[
            ("a.py", "2"),
            ("b.py", "1"),
            ("new.py", "1"),
            ("app.db", "7"),
        ]);
        let changed: Vec<_> = proof
            .outdated_by(&now)
            .iter()
            .map(ProofInput::words)
            .collect();
        assert_eq!(changed, ["`a.py`", "`gone.py`", "`new.py`"]);
        assert!(proof.outdated_by(&proof.inputs).is_empty());
    }

    #[test]
    fn a_record_is_read_back_as_it_was() {
        let finding = Finding::new(Code::HealthAppStart, "it ended")
            .detail("why")
            .hint("do this");
        let mut check = Check::new("App", CheckState::Gap, "it ended");
        check.elapsed = Some(Duration::from_millis(12));
        let mask = |text: &str| text.replace("why", "••••");
        let app = TriedCheck::new(&check, [&finding], &mask);
        let proof = AppProof {
            at: 12,
            inputs: inputs(&[("a.py", "1")]),
            written: BTreeSet::new(),
            driver: None,
            app,
        };
        let text = serde_json::to_string(&proof).unwrap();
        assert!(!text.contains("why"));
        let read: AppProof = serde_json::from_str(&text).unwrap();
        assert_eq!(read, proof);
        let app = read.app.unwrap();
        assert!(!app.is_good());
        assert_eq!(app.findings()[0].0.code, Code::HealthAppStart);
        assert_eq!(
            app.check("App", "1 minute ago").text,
            "it ended, 1 minute ago"
        );
        check.state = CheckState::Waiting;
        assert_eq!(TriedCheck::new(&check, [], &mask), None);
    }
}
