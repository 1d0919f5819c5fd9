//! Stable codes of findings and failures, and how much each matters.
//!
//! The codes are part of the public contract: never renamed, never reused. `neonup check --list` prints
//! them, and each has a heading in `SETUP.md` (a test holds the two together).

use serde::{Serialize, Serializer};

use crate::core::step::StepId;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    /// Worth knowing; asks for nothing.
    Note,
    /// Should be mended, but the step is done without it.
    Warning,
    /// Stops the step from being done.
    Gap,
}

impl Severity {
    /// The word shown beside the glyph.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Gap => "gap",
        }
    }
}

macro_rules! codes {
    ($($variant:ident, $step:ident, $code:literal, $severity:ident, $about:literal;)*) => {
        /// The stable code of a finding or a failure, as `step.name`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) enum Code {
            $(#[doc = $about] $variant,)*
        }

        impl Code {
            /// Every code, in the order of the steps.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The code as it is printed, such as `env.stale-url`.
            pub(crate) const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// The step that reports it.
            pub(crate) const fn step(self) -> StepId {
                match self { $(Self::$variant => StepId::$step,)* }
            }

            /// The severity it has unless the step has a reason to differ.
            pub(crate) const fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)* }
            }

            /// What it means, in one sentence.
            pub(crate) const fn about(self) -> &'static str {
                match self { $(Self::$variant => $about,)* }
            }
        }
    };
}

codes! {
    LoginMissingKey, Login, "login.missing-key", Gap, "No Neon API key was found.";
    LoginKeyRejected, Login, "login.key-rejected", Gap, "Neon does not accept the API key.";
    LoginKeyScope, Login, "login.key-scope", Warning, "The API key may do less than the set-up needs.";
    LoginKeyringUnavailable, Login, "login.keyring-unavailable", Warning, "The OS keyring does not answer, or cannot keep a secret.";
    LoginStoredInClear, Login, "login.stored-in-clear", Warning, "The API key lies in a file in clear text.";
    LoginEnvironmentHidesKey, Login, "login.environment-hides-key", Warning, "`NEON_API_KEY` hides a different key that is stored.";
    LoginKeyLeftOver, Login, "login.key-left-over", Warning, "An API key that was replaced, or that nobody has, may still work.";
    LoginUnreachable, Login, "login.unreachable", Gap, "The Neon API could not be reached.";

    ProjectMissing, Project, "project.missing", Gap, "The project does not exist yet.";
    ProjectAmbiguous, Project, "project.ambiguous", Gap, "Several projects have the name.";
    ProjectDuplicate, Project, "project.duplicate", Gap, "A project of this name exists and is not joined yet.";
    ProjectListingIncomplete, Project, "project.listing-incomplete", Gap, "Neon could not list every project, so a duplicate cannot be ruled out.";
    ProjectOrganizationNeeded, Project, "project.organization-needed", Gap, "Neon asks for the organization.";
    ProjectLimitReached, Project, "project.limit-reached", Gap, "A limit of the Neon plan is reached.";
    ProjectRefused, Project, "project.refused", Gap, "Neon refused to create the project.";
    ProjectPasswordNotStored, Project, "project.password-not-stored", Gap, "Neon does not store the project's passwords, and the role's is not known here.";
    ProjectNotReady, Project, "project.not-ready", Gap, "The project's operations have not finished.";
    ProjectDeleted, Project, "project.deleted", Gap, "The project recorded in neonup.toml is not there, or not visible to this key.";
    ProjectBranchMissing, Project, "project.branch-missing", Gap, "The branch does not exist.";
    ProjectTemporary, Project, "project.temporary", Warning, "The database is a temporary one, which is deleted unless somebody claims it.";
    ProjectNoCompute, Project, "project.no-compute", Gap, "The branch has no compute to connect to.";
    ProjectRecorded, Project, "project.recorded", Note, "`neonup.toml` names the project since this run.";
    ProjectCloneBusy, Project, "project.clone-busy", Gap, "Another neonup works in this clone.";

    EnvMissingFile, Env, "env.missing-file", Gap, "An env file that the project wants does not exist.";
    EnvMissingKey, Env, "env.missing-key", Gap, "An env file lacks a key that the project wants.";
    EnvStaleUrl, Env, "env.stale-url", Gap, "The connection URL is not this project's, or its password is old.";
    EnvWrongDriver, Env, "env.wrong-driver", Gap, "The connection URL has not the form that the driver needs.";
    EnvNoTls, Env, "env.no-tls", Gap, "The connection URL does not ask for TLS.";
    EnvPlaceholder, Env, "env.placeholder", Gap, "A value is still the example's placeholder.";
    EnvMaskedValue, Env, "env.masked-value", Gap, "A value looks masked, such as ****.";
    EnvLeftOpen, Env, "env.left-open", Warning, "A key is left open that only a person can fill.";
    EnvDuplicateKey, Env, "env.duplicate-key", Warning, "A key stands more than once; readers disagree on which one wins.";
    EnvUnportable, Env, "env.unportable", Warning, "Some readers of env files will read a value differently.";
    EnvUnreadableLine, Env, "env.unreadable-line", Warning, "A line is no env syntax; some readers stop there.";
    EnvOpenPermissions, Env, "env.open-permissions", Gap, "Other users of the machine may read the env file.";
    EnvNotIgnored, Env, "env.not-ignored", Gap, "Git does not ignore the env file, so it must not hold a secret.";
    EnvInGitFolder, Env, "env.in-git-folder", Gap, "The env file leads into git's own folder, where a write would change what git does.";
    EnvHardLink, Env, "env.hard-link", Warning, "The env file has another name (a hard link), which a write leaves behind.";
    EnvSavedMeanwhile, Env, "env.saved-meanwhile", Note, "Another program saved the env file while it was written; what it saved was kept.";
    EnvNotDurable, Env, "env.not-durable", Warning, "The env file is written, but the disk did not confirm it.";
    EnvNotRead, Env, "env.not-read", Gap, "Nothing shows that the application reads the env file.";
    EnvShadowed, Env, "env.shadowed", Gap, "Another env file, which the framework reads first, holds the key with another value.";
    EnvShellHidesValue, Env, "env.shell-hides-value", Warning, "A variable of the shell hides the file's value.";
    EnvPublicSecret, Env, "env.public-secret", Gap, "A key whose value every browser gets holds a secret.";
    EnvExampleMissingKey, Env, "env.example-missing-key", Gap, "The example file does not document a key.";
    EnvExampleHoldsSecret, Env, "env.example-holds-secret", Gap, "The example file, which is committed, holds a real secret.";
    EnvChanged, Env, "env.changed", Note, "Beside the env file, this run changed what git ignores, or the example.";

    BackendNotFound, Backend, "backend.not-found", Gap, "The backend's folder or application file is not there.";
    BackendDependencyMissing, Backend, "backend.dependency-missing", Gap, "The requirements lack a package that the database needs.";
    BackendSessionMissing, Backend, "backend.session-missing", Gap, "The application has no database session module.";
    BackendSessionWrong, Backend, "backend.session-wrong", Gap, "The session module will not work with this database.";
    BackendCreateAllMissing, Backend, "backend.create-all-missing", Gap, "The application does not create its tables on start-up.";
    BackendHealthRouteMissing, Backend, "backend.health-route-missing", Gap, "The application has no health route that asks the database.";
    BackendNotDetermined, Backend, "backend.not-determined", Gap, "Something about the application's code could not be found out.";

    SchemaMissingTable, Schema, "schema.missing-table", Gap, "A table is missing.";
    SchemaMissingColumn, Schema, "schema.missing-column", Gap, "A table lacks a column.";
    SchemaWrongType, Schema, "schema.wrong-type", Gap, "A column, key or index is not as the schema says.";
    SchemaWrongObject, Schema, "schema.wrong-object", Gap, "A view, type, function, trigger or extension is missing, or not as the schema says.";
    SchemaNotDetermined, Schema, "schema.not-determined", Gap, "Whether the database is as the schema says could not be determined.";
    SchemaMigrationPending, Schema, "schema.migration-pending", Gap, "A migration has not run yet.";
    SchemaMigrationConflict, Schema, "schema.migration-conflict", Gap, "The migrations don't fit together, or don't fit the database.";
    SchemaModelsDiffer, Schema, "schema.models-differ", Warning, "The models say something that no migration makes.";
    SchemaNoTransaction, Schema, "schema.no-transaction", Note, "The schema's files cannot all run in one transaction.";
    SchemaSqlError, Schema, "schema.sql-error", Gap, "The database refused a statement of the schema.";
    SchemaCommandFailed, Schema, "schema.command-failed", Gap, "The project's migration command failed.";
    SchemaCommandUntrusted, Schema, "schema.command-untrusted", Gap, "The migration command isn't trusted in this clone yet, or has changed since.";

    HealthDns, Health, "health.dns", Gap, "The host's name does not resolve.";
    HealthTcp, Health, "health.tcp", Gap, "No TCP connection to the database host.";
    HealthTls, Health, "health.tls", Gap, "No trusted TLS connection to the database.";
    HealthAuth, Health, "health.auth", Gap, "The database refuses the role or its password.";
    HealthDatabase, Health, "health.database", Gap, "The database of the URL does not exist.";
    HealthLimit, Health, "health.limit", Gap, "The database has no connection left to give.";
    HealthQuery, Health, "health.query", Gap, "The database does not answer a query.";
    HealthSlow, Health, "health.slow", Warning, "The database answers, but slowly.";
    HealthDriver, Health, "health.driver", Gap, "The project's own driver cannot connect.";
    HealthDriverUntrusted, Health, "health.driver-untrusted", Gap, "The project's interpreter isn't trusted in this clone yet, or has changed since.";
    HealthPackagesMissing, Health, "health.packages-missing", Gap, "The application's packages are not installed here.";
    HealthPackagesUntrusted, Health, "health.packages-untrusted", Gap, "The command that installs the packages isn't trusted in this clone yet, or has changed since.";
    HealthAppStart, Health, "health.app-start", Gap, "The application does not start.";
    HealthAppHealth, Health, "health.app-health", Gap, "The application's health route does not say that it is healthy.";
    HealthAppNotProved, Health, "health.app-not-proved", Gap, "The app was not started with its files as they are now, or not so that its answer counts.";
    HealthAppUntrusted, Health, "health.app-untrusted", Gap, "The app's start command isn't trusted in this clone yet, or has changed since.";
    HealthEnvironmentGiven, Health, "health.environment-given", Note, "The app does not load the env file itself, and was given its variables.";
    HealthChanged, Health, "health.changed", Note, "For the packages, this run changed what git ignores.";

    SecretsNotIgnored, Secrets, "secrets.not-ignored", Gap, "Git does not ignore a file that holds secrets.";
    SecretsTracked, Secrets, "secrets.tracked", Gap, "Git tracks a file that holds secrets.";
    SecretsStaged, Secrets, "secrets.staged", Gap, "A file that holds secrets is staged for the next commit.";
    SecretsPathInHistory, Secrets, "secrets.path-in-history", Warning, "A file of this name was committed once.";
    SecretsLiveSecretInTree, Secrets, "secrets.live-secret-in-tree", Gap, "A live secret stands in a file that git tracks, or would take.";
    SecretsLiveSecretInHistory, Secrets, "secrets.live-secret-in-history", Gap, "A live secret stands in the repository's history.";
    SecretsCredentialInTree, Secrets, "secrets.credential-in-tree", Gap, "A credential stands in a tracked file.";
    SecretsCredentialInHistory, Secrets, "secrets.credential-in-history", Warning, "A credential stands in the history.";
    SecretsShipped, Secrets, "secrets.shipped", Warning, "An image or a package would take an env file along.";
    SecretsChanged, Secrets, "secrets.changed", Note, "This run took a file out of git's index, or changed what git ignores.";
    SecretsHookGone, Secrets, "secrets.hook-gone", Warning, "A hook that neonup installed in this clone is not there any more.";
    SecretsUnknown, Secrets, "secrets.unknown", Gap, "Whether the secrets are safe could not be determined.";
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_names_its_step_and_is_unique() {
        let mut seen = std::collections::BTreeSet::new();
        for code in Code::ALL {
            let (step, name) = code.as_str().split_once('.').unwrap();
            assert_eq!(step, code.step().name());
            assert!(
                name.chars().all(|c| c.is_ascii_lowercase() || c == '-'),
                "{name}"
            );
            assert!(seen.insert(code.as_str()), "{code} twice");
        }
    }
}
