//! Which finding follows from which. One cause is one line with one fix; what follows from it is folded under it.

use crate::core::{
    code::{Code, Severity},
    finding::Finding,
};

/// Findings of which each may follow from each of the causes.
struct Rule {
    causes: &'static [Code],
    effects: &'static [Code],
    /// Whether both have to be about the same file.
    same_file: bool,
}

const fn rule(causes: &'static [Code], effects: &'static [Code]) -> Rule {
    Rule {
        causes,
        effects,
        same_file: false,
    }
}

/// The checks of the connection below the application, from the name of the host to a query.
const CONNECTION: &[Code] = &[
    Code::HealthDns,
    Code::HealthTcp,
    Code::HealthTls,
    Code::HealthAuth,
    Code::HealthDatabase,
    Code::HealthLimit,
    Code::HealthQuery,
];

/// What the application and its driver say when something below them is wrong.
const APP: &[Code] = &[
    Code::HealthDriver,
    Code::HealthAppStart,
    Code::HealthAppHealth,
];

/// The rules; where several fit, the first one names the cause.
const RULES: &[Rule] = &[
    // without a project it isn't known whose the URL is
    rule(
        &[
            Code::LoginMissingKey,
            Code::LoginKeyRejected,
            Code::LoginUnreachable,
            Code::ProjectMissing,
            Code::ProjectAmbiguous,
            Code::ProjectDuplicate,
            Code::ProjectListingIncomplete,
            Code::ProjectOrganizationNeeded,
            Code::ProjectLimitReached,
            Code::ProjectRefused,
            Code::ProjectPasswordNotStored,
        ],
        &[Code::EnvStaleUrl],
    ),
    // the branch answers nobody
    rule(
        &[
            Code::ProjectNotReady,
            Code::ProjectNoCompute,
            Code::ProjectBranchMissing,
            Code::ProjectDeleted,
        ],
        &[Code::EnvStaleUrl],
    ),
    // an old or foreign URL leads nowhere, or is refused
    rule(
        &[
            Code::EnvStaleUrl,
            Code::EnvPlaceholder,
            Code::EnvMaskedValue,
        ],
        CONNECTION,
    ),
    rule(
        &[
            Code::EnvMissingFile,
            Code::EnvMissingKey,
            Code::EnvStaleUrl,
            Code::EnvPlaceholder,
            Code::EnvMaskedValue,
            Code::EnvWrongDriver,
            Code::EnvNoTls,
        ],
        APP,
    ),
    // what git does with the file is told where it is fixed
    Rule {
        causes: &[
            Code::SecretsTracked,
            Code::SecretsStaged,
            Code::SecretsNotIgnored,
        ],
        effects: &[Code::EnvNotIgnored],
        same_file: true,
    },
    rule(CONNECTION, APP),
    rule(
        &[
            Code::BackendNotFound,
            Code::BackendDependencyMissing,
            Code::BackendSessionMissing,
            Code::BackendSessionWrong,
        ],
        APP,
    ),
    rule(&[Code::BackendHealthRouteMissing], &[Code::HealthAppHealth]),
    rule(
        &[
            Code::SchemaMissingTable,
            Code::SchemaMissingColumn,
            Code::SchemaWrongType,
            Code::SchemaWrongObject,
            Code::SchemaSqlError,
            Code::SchemaCommandFailed,
            Code::SchemaCommandUntrusted,
            Code::BackendCreateAllMissing,
        ],
        &[
            Code::HealthAppStart,
            Code::HealthAppHealth,
            Code::HealthNoTables,
        ],
    ),
    rule(
        &[Code::HealthDriver, Code::HealthDriverUntrusted],
        &[Code::HealthAppStart, Code::HealthAppHealth],
    ),
    // a URL that is not there cannot be looked for
    rule(
        &[
            Code::EnvMissingFile,
            Code::EnvMissingKey,
            Code::EnvPlaceholder,
            Code::EnvMaskedValue,
        ],
        &[Code::SecretsUnknown],
    ),
];

/// The code that a gap follows from in the end, among all gaps that are known.
pub(super) fn first_cause(effect: &Finding, known: &[(Code, Option<String>)]) -> Option<Code> {
    let mut first = cause_of(effect, known)?;
    // the rules have no circle; see the tests
    while let Some(cause) = cause_of(&Finding::new(first, ""), known) {
        first = cause;
    }
    Some(first)
}

fn cause_of(effect: &Finding, known: &[(Code, Option<String>)]) -> Option<Code> {
    if effect.severity != Severity::Gap || effect.untrusted.is_some() {
        return None;
    }
    RULES
        .iter()
        .filter(|rule| rule.effects.contains(&effect.code))
        .find_map(|rule| {
            let fits = |code: Code, path: &Option<String>| {
                rule.causes.contains(&code) && (!rule.same_file || *path == effect.path)
            };
            known
                .iter()
                .find(|(code, path)| fits(*code, path))
                .map(|(code, _)| *code)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_follows_from_itself_by_any_chain() {
        // a cause is never an effect of what it causes
        for code in Code::ALL {
            let mut reached = vec![*code];
            let mut at = 0;
            while let Some(cause) = reached.get(at).copied() {
                at += 1;
                for rule in RULES.iter().filter(|rule| rule.causes.contains(&cause)) {
                    for effect in rule.effects {
                        assert_ne!(effect, code, "a circle of causes");
                        if !reached.contains(effect) {
                            reached.push(*effect);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_rotated_password_is_the_cause_of_every_refusal() {
        let known = [
            (Code::EnvStaleUrl, Some(".env".to_owned())),
            (Code::HealthAuth, None),
        ];
        let cause = |code| cause_of(&Finding::new(code, ""), &known);
        assert_eq!(cause(Code::HealthAuth), Some(Code::EnvStaleUrl));
        assert_eq!(cause(Code::HealthAppStart), Some(Code::EnvStaleUrl));
        assert_eq!(cause(Code::EnvStaleUrl), None);
        assert_eq!(cause(Code::HealthSlow), None, "a warning is its own");
    }

    #[test]
    fn what_git_does_with_another_file_is_no_cause() {
        let known = [(Code::SecretsTracked, Some("web/.env".to_owned()))];
        let of = |path: &str| cause_of(&Finding::new(Code::EnvNotIgnored, "").path(path), &known);
        assert_eq!(of("web/.env"), Some(Code::SecretsTracked));
        assert_eq!(of("api/.env"), None);
    }
}
