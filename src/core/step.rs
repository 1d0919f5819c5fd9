//! The seven steps of the setup.

use std::{fmt, str::FromStr};

use serde::{Serialize, Serializer};

/// One phase of the set-up, in the order of the set-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum StepId {
    /// An API key that Neon accepts, kept in the OS keyring.
    Login,
    /// The team's Neon project, joined or created once.
    Project,
    /// The env files that the application reads.
    Env,
    /// The application's session module and its start-up.
    Backend,
    /// The tables.
    Schema,
    /// The way from the host's name to the application's own answer.
    Health,
    /// No secret in git.
    Secrets,
}

impl StepId {
    /// All steps, in order.
    pub(crate) const ALL: [Self; 7] = [
        Self::Login,
        Self::Project,
        Self::Env,
        Self::Backend,
        Self::Schema,
        Self::Health,
        Self::Secrets,
    ];

    /// The word used on the command line, in JSON and in codes.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Project => "project",
            Self::Env => "env",
            Self::Backend => "backend",
            Self::Schema => "schema",
            Self::Health => "health",
            Self::Secrets => "secrets",
        }
    }

    /// The word in the stepper.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Login => "Login",
            Self::Project => "Project",
            Self::Env => "Env",
            Self::Backend => "Backend",
            Self::Schema => "Schema",
            Self::Health => "Health",
            Self::Secrets => "Secrets",
        }
    }

    /// The heading of the step's screen.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Env => "Environment",
            Self::Login
            | Self::Project
            | Self::Backend
            | Self::Schema
            | Self::Health
            | Self::Secrets => self.label(),
        }
    }

    /// What the step does, in one sentence.
    pub(crate) const fn summary(self) -> &'static str {
        match self {
            Self::Login => "Logs in to Neon, with the browser or an API key.",
            Self::Project => "Joins your team's Neon project, or creates it once.",
            Self::Env => "Writes the keys your app needs; leaves the rest alone.",
            Self::Backend => "Adds a database session; never overwrites your code.",
            Self::Schema => "Creates the tables and checks them column by column.",
            Self::Health => "Checks the connection step by step, from DNS to tables.",
            Self::Secrets => "Searches for your live password where it must not be.",
        }
    }

    /// The steps whose answers this one uses. They are probed first; if one of them is not done, this one says what it can.
    pub(crate) const fn needs(self) -> &'static [Self] {
        match self {
            Self::Login | Self::Backend => &[],
            Self::Project => &[Self::Login],
            Self::Env => &[Self::Project],
            Self::Schema | Self::Secrets => &[Self::Env],
            Self::Health => &[Self::Env, Self::Schema],
        }
    }

    /// The steps that may see something else once this one was applied: those that use its answer, directly or not.
    pub(crate) fn seen_by(self) -> Vec<Self> {
        let mut found = vec![self];
        for other in Self::ALL {
            if other.needs().iter().any(|need| found.contains(need)) && !found.contains(&other) {
                found.push(other);
            }
        }
        found.retain(|other| *other != self);
        if matches!(self, Self::Secrets | Self::Backend) {
            // what git does with the env files is one of that step's own checks, and so is whether the code reads them
            found.push(Self::Env);
        }
        found
    }

    /// The position, from 1 to 7.
    pub(crate) const fn number(self) -> usize {
        self as usize + 1
    }

    /// The step after this one.
    pub(crate) fn next(self) -> Option<Self> {
        Self::ALL.get(self.number()).copied()
    }

    /// The step before this one.
    pub(crate) fn previous(self) -> Option<Self> {
        Self::ALL.get((self as usize).checked_sub(1)?).copied()
    }
}

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for StepId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|step| step.name() == text)
            .ok_or_else(|| {
                let names: Vec<_> = Self::ALL.iter().map(|step| step.name()).collect();
                format!("no step named `{text}`: the steps are {}", names.join(", "))
            })
    }
}

impl Serialize for StepId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
