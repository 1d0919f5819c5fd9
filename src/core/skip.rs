//! What a person has chosen to leave out, with the reason: in `neonup.toml`, or for one run.

use std::{fmt, str::FromStr};

use crate::core::{code::Code, step::StepId};

/// What is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SkipTarget {
    /// A whole step, which is not looked at.
    Step(StepId),
    /// Findings of this code that say that something was *not determined*. What was seen to be wrong is never left out.
    Undetermined(Code),
}

/// Where the choice was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SkipOrigin {
    /// In `neonup.toml`.
    Config,
    /// With `--skip`, for this run.
    Run,
}

/// A choice to leave something out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Skip {
    pub target: SkipTarget,
    /// Why, in the person's own words.
    pub reason: String,
    pub origin: SkipOrigin,
}

/// The longest reason, in characters: it stands on one line of each report.
const LONGEST_REASON: usize = 200;

impl SkipTarget {
    /// The steps that can be left out. Every other step stands on a login, a project and its env files.
    pub(crate) const STEPS: [StepId; 4] = [
        StepId::Backend,
        StepId::Schema,
        StepId::Health,
        StepId::Secrets,
    ];
}

impl FromStr for SkipTarget {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        if let Some(code) = Code::ALL.iter().find(|code| code.as_str() == name) {
            return Ok(Self::Undetermined(*code));
        }
        Self::STEPS
            .into_iter()
            .find(|step| step.name() == name)
            .map(Self::Step)
            .ok_or_else(|| {
                let names: Vec<_> = Self::STEPS.iter().map(|step| step.name()).collect();
                format!(
                    "can't skip `{name}`: name {}, or the code of a finding, such as secrets.unknown",
                    names.join(", ")
                )
            })
    }
}

impl fmt::Display for SkipTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step(step) => f.write_str(step.name()),
            Self::Undetermined(code) => f.write_str(code.as_str()),
        }
    }
}

impl Skip {
    /// A choice, if its reason is one.
    pub(crate) fn new(
        target: SkipTarget,
        reason: &str,
        origin: SkipOrigin,
    ) -> Result<Self, String> {
        let reason = reason.trim();
        if reason.is_empty() {
            return Err(format!("add a reason for skipping `{target}`"));
        }
        if reason.chars().count() > LONGEST_REASON || reason.contains('\n') {
            return Err(format!(
                "the reason for skipping `{target}` must be one line of at most {LONGEST_REASON} characters"
            ));
        }
        Ok(Self {
            target,
            reason: reason.to_owned(),
            origin,
        })
    }

    /// What a report says of it: `left out in neonup.toml: the worker has no health route`.
    pub(crate) fn words(&self) -> String {
        match self.origin {
            SkipOrigin::Config => format!("skipped in neonup.toml: {}", self.reason),
            SkipOrigin::Run => format!("skipped in this run: {}", self.reason),
        }
    }
}

/// `STEP=REASON` of the command line.
impl FromStr for Skip {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, reason) = text.split_once('=').unwrap_or((text, ""));
        Self::new(name.trim().parse()?, reason, SkipOrigin::Run)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skip_names_a_step_or_a_code_and_always_a_reason() {
        let skip: Skip = "health = it is a worker".parse().unwrap();
        assert_eq!(skip.target, SkipTarget::Step(StepId::Health));
        assert_eq!(skip.words(), "skipped in this run: it is a worker");
        let skip: Skip = "secrets.unknown=a partial clone".parse().unwrap();
        assert_eq!(skip.target, SkipTarget::Undetermined(Code::SecretsUnknown));
        for wrong in [
            "health",
            "health=",
            "health= ",
            "login=x",
            "nowhere=x",
            "health=a\nb",
        ] {
            assert!(wrong.parse::<Skip>().is_err(), "{wrong}");
        }
        assert!(
            format!("health={}", "x".repeat(201))
                .parse::<Skip>()
                .is_err()
        );
    }
}
