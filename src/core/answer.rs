//! What a person, or a flag, tells a step to do: plain data that can be compared. Each step has answers of its own, so that an
//! answer of another step doesn't compile.

use crate::core::{secret::Secret, step::StepId, trust::CloneCommand};

/// Where a new API key is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum KeyStorage {
    /// The OS keyring.
    #[default]
    Keyring,
    /// A 0600 file in plain text; only with consent.
    File,
    /// Nowhere: until this process ends.
    Session,
}

/// The answer to the question of one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// To the login step.
    Login(LoginAnswer),
    /// To the project step.
    Project(ProjectAnswer),
    /// To the env step.
    Env(EnvAnswer),
    /// To the backend step.
    Backend(BackendAnswer),
    /// To the schema step.
    Schema(CommandAnswer),
    /// To the health step.
    Health(CommandAnswer),
    /// To the secrets step.
    Secrets(SecretsAnswer),
}

impl Answer {
    /// The safe default, which is what `--yes` and a bare Enter mean: join what exists by its exact name, create only when
    /// nothing does, write new files, touch no existing source file.
    pub(crate) const fn default_of(step: StepId) -> Self {
        match step {
            StepId::Login => Self::Login(LoginAnswer::Default),
            StepId::Project => Self::Project(ProjectAnswer::Default),
            StepId::Env => Self::Env(EnvAnswer::Default),
            StepId::Backend => Self::Backend(BackendAnswer::Default),
            StepId::Schema => Self::Schema(CommandAnswer::Default),
            StepId::Health => Self::Health(CommandAnswer::Default),
            StepId::Secrets => Self::Secrets(SecretsAnswer::Default),
        }
    }

    /// The step that it answers.
    pub(crate) const fn step(&self) -> StepId {
        match self {
            Self::Login(_) => StepId::Login,
            Self::Project(_) => StepId::Project,
            Self::Env(_) => StepId::Env,
            Self::Backend(_) => StepId::Backend,
            Self::Schema(_) => StepId::Schema,
            Self::Health(_) => StepId::Health,
            Self::Secrets(_) => StepId::Secrets,
        }
    }

    /// The rotation of the database password, asked for at this step.
    pub(crate) const fn rotation_at(step: StepId) -> Self {
        if matches!(step, StepId::Project) {
            Self::Project(ProjectAnswer::ResetPassword)
        } else {
            Self::Secrets(SecretsAnswer::RotatePassword)
        }
    }

    /// Whether a person elsewhere is waited for, and nothing of the clone is changed: others may change it meanwhile.
    pub(crate) const fn waits_for_person(&self) -> bool {
        matches!(self, Self::Login(LoginAnswer::Browser(_)))
    }

    /// Whether it is the safe default of its step.
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default_of(self.step())
    }
}

/// What the login step can be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LoginAnswer {
    /// Use the key that is found.
    Default,
    /// Take this key, and keep it there.
    Key(Secret, KeyStorage),
    /// Use the `neon` CLI's stored login, and keep it there.
    NeonCli(KeyStorage),
    /// Log in with the browser, and keep the login there.
    Browser(KeyStorage),
    /// No account; a temporary database instead.
    Temporary,
    /// Replace the API key by a new one.
    Rotate,
}

/// What the project step can be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ProjectAnswer {
    /// Join the only project of the wanted name, or create it.
    Default,
    /// Join this one, by its id.
    Join(String),
    /// List all of them, to choose another than the one that is joined. Changes nothing.
    List,
    /// Create one of this name, whatever else exists.
    Create(String),
    /// Delete this one, by its id: the empty one of a set-up that lost a race.
    Discard(String),
    /// Give the role a new password, where Neon does not tell the present one.
    ResetPassword,
}

/// What the env step can be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum EnvAnswer {
    /// Write what is missing or stale.
    Default,
    /// Also overwrite a file in place, where it can't be replaced in one piece.
    InPlace,
    /// Restore what the last write replaced.
    Undo,
}

/// What the backend step can be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BackendAnswer {
    /// Write new files only.
    Default,
    /// Also apply the shown change to existing source files.
    EditCode,
}

/// What a step that runs commands of the clone can be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CommandAnswer {
    /// Run what is trusted.
    Default,
    /// Trust these commands, which were shown, and run them.
    Trust(Vec<CloneCommand>),
}

/// What the secrets step can be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SecretsAnswer {
    /// Ignore and untrack the env files.
    Default,
    /// Install the pre-commit hook.
    InstallHook,
    /// Reset the database password.
    RotatePassword,
}
