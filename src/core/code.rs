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
    /// Should be fixed, but the step is done without it.
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
    LoginKeyRejected, Login, "login.key-rejected", Gap, "Neon rejected the API key.";
    LoginKeyScope, Login, "login.key-scope", Warning, "The API key has fewer permissions than setup needs.";
    LoginKeyringUnavailable, Login, "login.keyring-unavailable", Warning, "The OS keyring doesn't respond or can't store a \
    secret.";
    LoginStoredInClear, Login, "login.stored-in-clear", Warning, "The API key is stored in a file in plain text.";
    LoginEnvironmentHidesKey, Login, "login.environment-hides-key", Warning, "`NEON_API_KEY` takes precedence over a \
    different, stored key.";
    LoginKeyLeftOver, Login, "login.key-left-over", Warning, "An API key that was replaced or lost may still be valid.";
    LoginBrowserFailed, Login, "login.browser-failed", Gap, "The login in the browser wasn't completed.";
    LoginExpired, Login, "login.expired", Gap, "The browser login has expired, or can't be renewed.";
    LoginUnreachable, Login, "login.unreachable", Gap, "The Neon API can't be reached.";

    ProjectMissing, Project, "project.missing", Gap, "The project doesn't exist yet.";
    ProjectAmbiguous, Project, "project.ambiguous", Gap, "Several projects have this name.";
    ProjectDuplicate, Project, "project.duplicate", Gap, "A project with this name exists but isn't joined yet.";
    ProjectListingIncomplete, Project, "project.listing-incomplete", Gap, "Neon couldn't list every project, so a duplicate \
    can't be ruled out.";
    ProjectOrganizationNeeded, Project, "project.organization-needed", Gap, "Neon needs to know the organization.";
    ProjectLimitReached, Project, "project.limit-reached", Gap, "A limit of the Neon plan is reached.";
    ProjectRefused, Project, "project.refused", Gap, "Neon refused to create the project.";
    ProjectPasswordNotStored, Project, "project.password-not-stored", Gap, "Neon doesn't store this project's passwords, and \
    the role's password isn't known here.";
    ProjectNotReady, Project, "project.not-ready", Gap, "The project's operations haven't finished.";
    ProjectDeleted, Project, "project.deleted", Gap, "The project recorded in neonup.toml is gone, or this key can't see it.";
    ProjectBranchMissing, Project, "project.branch-missing", Gap, "The branch, its database or its role doesn't exist.";
    ProjectTemporary, Project, "project.temporary", Warning, "The database is temporary and will be deleted unless somebody \
    claims it.";
    ProjectNoCompute, Project, "project.no-compute", Gap, "The branch has no compute to connect to.";
    ProjectRecorded, Project, "project.recorded", Note, "This run recorded the project in `neonup.toml`.";
    ProjectCloneBusy, Project, "project.clone-busy", Gap, "Another neonup is running in this clone.";

    EnvMissingFile, Env, "env.missing-file", Gap, "An env file that the project needs doesn't exist.";
    EnvMissingKey, Env, "env.missing-key", Gap, "A key that the project needs is missing from an env file.";
    EnvStaleUrl, Env, "env.stale-url", Gap, "The connection URL isn't this project's, or its password is old.";
    EnvWrongDriver, Env, "env.wrong-driver", Gap, "The connection URL isn't in the form the driver needs.";
    EnvNoTls, Env, "env.no-tls", Gap, "The connection URL doesn't ask for TLS.";
    EnvPlaceholder, Env, "env.placeholder", Gap, "A value is still the example's placeholder.";
    EnvMaskedValue, Env, "env.masked-value", Gap, "A value looks masked, such as ****.";
    EnvLeftOpen, Env, "env.left-open", Warning, "A key is empty, and only you can fill it in.";
    EnvDuplicateKey, Env, "env.duplicate-key", Warning, "A key is set more than once, and readers disagree about which value \
    wins.";
    EnvUnportable, Env, "env.unportable", Warning, "Some env file readers will read a value differently.";
    EnvUnreadableLine, Env, "env.unreadable-line", Warning, "A line isn't valid env syntax; some readers stop there.";
    EnvOpenPermissions, Env, "env.open-permissions", Gap, "Other users of this machine can read the env file.";
    EnvNotIgnored, Env, "env.not-ignored", Gap, "Git doesn't ignore the env file, so it can't hold a secret.";
    EnvInGitFolder, Env, "env.in-git-folder", Gap, "The env file points into git's own folder, where writing would change \
    what git does.";
    EnvHardLink, Env, "env.hard-link", Warning, "The env file has a second name (a hard link) that a write would not update.";
    EnvSavedMeanwhile, Env, "env.saved-meanwhile", Note, "Another program saved the env file during the write; its version \
    was kept.";
    EnvNotDurable, Env, "env.not-durable", Warning, "The env file was written, but the disk didn't confirm it.";
    EnvNotRead, Env, "env.not-read", Gap, "Nothing shows that the application reads the env file.";
    EnvShadowed, Env, "env.shadowed", Gap, "Another env file, which the framework reads first, sets the key to a different \
    value.";
    EnvShellHidesValue, Env, "env.shell-hides-value", Warning, "A shell variable overrides the file's value.";
    EnvPublicSecret, Env, "env.public-secret", Gap, "A key that is sent to every browser holds a secret.";
    EnvExampleMissingKey, Env, "env.example-missing-key", Gap, "A key is missing from the example file.";
    EnvExampleHoldsSecret, Env, "env.example-holds-secret", Gap, "The example file, which is committed, holds a real secret.";
    EnvEdited, Env, "env.edited", Gap, "What you changed in the editor isn't written yet, or couldn't be kept.";
    EnvChanged, Env, "env.changed", Note, "Along with the env file, this run changed git's ignore rules or the example.";

    BackendNotFound, Backend, "backend.not-found", Gap, "The backend folder or application file doesn't exist.";
    BackendDependencyMissing, Backend, "backend.dependency-missing", Gap, "A package that the database needs is missing from \
    the requirements.";
    BackendSessionMissing, Backend, "backend.session-missing", Gap, "The application has no database session module.";
    BackendSessionWrong, Backend, "backend.session-wrong", Gap, "The session module won't work with this database.";
    BackendCreateAllMissing, Backend, "backend.create-all-missing", Gap, "The application doesn't create its tables on \
    start-up.";
    BackendHealthRouteMissing, Backend, "backend.health-route-missing", Gap, "The application has no health route that \
    queries the database.";
    BackendNotDetermined, Backend, "backend.not-determined", Gap, "Part of the application's code couldn't be checked.";

    SchemaMissingTable, Schema, "schema.missing-table", Gap, "A table is missing.";
    SchemaMissingColumn, Schema, "schema.missing-column", Gap, "A column is missing from a table.";
    SchemaWrongType, Schema, "schema.wrong-type", Gap, "A column, key or index doesn't match the schema.";
    SchemaWrongObject, Schema, "schema.wrong-object", Gap, "A view, type, function, trigger or extension is missing or \
    doesn't match the schema.";
    SchemaNotDetermined, Schema, "schema.not-determined", Gap, "Couldn't determine whether the database matches the schema.";
    SchemaMigrationPending, Schema, "schema.migration-pending", Gap, "A migration hasn't run yet.";
    SchemaMigrationConflict, Schema, "schema.migration-conflict", Gap, "The migrations contradict each other or the database.";
    SchemaModelsDiffer, Schema, "schema.models-differ", Warning, "The models contain something that no migration creates.";
    SchemaNoTransaction, Schema, "schema.no-transaction", Note, "The schema files can't all run in one transaction.";
    SchemaSqlError, Schema, "schema.sql-error", Gap, "The database rejected a statement of the schema.";
    SchemaCommandFailed, Schema, "schema.command-failed", Gap, "The project's migration command failed.";
    SchemaStandIn, Schema, "schema.stand-in", Warning, "The migration command fails without keys that only you can fill in, so it \
    got made-up values.";
    SchemaCommandUntrusted, Schema, "schema.command-untrusted", Gap, "The migration command isn't trusted in this clone yet, or has changed since.";

    HealthDns, Health, "health.dns", Gap, "The host name doesn't resolve.";
    HealthTcp, Health, "health.tcp", Gap, "No TCP connection to the database host.";
    HealthTls, Health, "health.tls", Gap, "No trusted TLS connection to the database.";
    HealthAuth, Health, "health.auth", Gap, "The database rejects the role or its password.";
    HealthDatabase, Health, "health.database", Gap, "The database in the URL doesn't exist.";
    HealthLimit, Health, "health.limit", Gap, "The database has no free connections.";
    HealthQuery, Health, "health.query", Gap, "The database doesn't answer a query.";
    HealthNoTables, Health, "health.no-tables", Gap, "The code declares tables, but the database has none.";
    HealthSlow, Health, "health.slow", Warning, "The database answers, but slowly.";
    HealthDriver, Health, "health.driver", Gap, "The project's own driver can't connect.";
    HealthDriverUntrusted, Health, "health.driver-untrusted", Gap, "The project's interpreter isn't trusted in this clone yet, or has changed since.";
    HealthPackagesMissing, Health, "health.packages-missing", Gap, "The application's packages aren't installed here.";
    HealthPackagesUntrusted, Health, "health.packages-untrusted", Gap, "The command that installs the packages isn't trusted in this clone yet, or has changed since.";
    HealthBuildMissing, Health, "health.build-missing", Gap, "What the application or its migration runs hasn't been built here.";
    HealthBuildUntrusted, Health, "health.build-untrusted", Gap, "The build command isn't trusted in this clone yet, or has changed since.";
    HealthAppStart, Health, "health.app-start", Gap, "The application doesn't start.";
    HealthAppHealth, Health, "health.app-health", Gap, "The application's health route doesn't report healthy.";
    HealthAppNotProved, Health, "health.app-not-proved", Gap, "The app hasn't been started with its current files, or its \
    answer doesn't count.";
    HealthAppUntrusted, Health, "health.app-untrusted", Gap, "The app's start command isn't trusted in this clone yet, or has changed since.";
    HealthEnvironmentGiven, Health, "health.environment-given", Note, "The app doesn't load the env file itself; it was given \
    the variables.";
    HealthStandIn, Health, "health.stand-in", Warning, "The app fails without keys that only you can fill in, so it was started with \
    made-up values.";
    HealthChanged, Health, "health.changed", Note, "To install the packages or start the app, this run changed git's ignore rules or chose an older version than pip would; or the app wrote files.";

    SecretsNotIgnored, Secrets, "secrets.not-ignored", Gap, "Git doesn't ignore a file that holds secrets.";
    SecretsTracked, Secrets, "secrets.tracked", Gap, "Git tracks a file that holds secrets.";
    SecretsStaged, Secrets, "secrets.staged", Gap, "A file that holds secrets is staged for the next commit.";
    SecretsPathInHistory, Secrets, "secrets.path-in-history", Warning, "A file with this name was committed in the past.";
    SecretsLiveSecretInTree, Secrets, "secrets.live-secret-in-tree", Gap, "A file that git tracks, or would add, contains a \
    live secret.";
    SecretsLiveSecretInHistory, Secrets, "secrets.live-secret-in-history", Gap, "The repository's history contains a live \
    secret.";
    SecretsCredentialInTree, Secrets, "secrets.credential-in-tree", Gap, "A tracked file contains a credential.";
    SecretsCredentialInHistory, Secrets, "secrets.credential-in-history", Warning, "The history contains a credential.";
    SecretsShipped, Secrets, "secrets.shipped", Warning, "An image or package would include an env file.";
    SecretsChanged, Secrets, "secrets.changed", Note, "This run removed a file from git's index or changed git's ignore rules.";
    SecretsHookGone, Secrets, "secrets.hook-gone", Warning, "A hook that neonup installed in this clone is gone.";
    SecretsUnknown, Secrets, "secrets.unknown", Gap, "Couldn't determine whether the secrets are safe.";
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
