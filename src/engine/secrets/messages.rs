//! The findings of the secrets step: what is the matter, how far it went, and what to do.

use std::collections::BTreeMap;

use crate::{
    core::{
        code::{Code, Severity},
        finding::Finding,
        invocation::Invocation,
        remedy::Remedy,
        step::StepId,
    },
    domain::{
        counted::grouped,
        credentials::{CredentialKind, Weight},
        dotenv::KEYS_FILE,
    },
    engine::secrets::live_secrets::{FoundSecret, LiveSecret},
    ports::repository::{CommittedPath, GitAnswer, HookState, Hooks, Leak, Location, Protection},
    project::settings::Accepted,
};

const FIX: Invocation = Invocation::FixStep(StepId::Secrets);

/// The only remedy for a password that others may have.
const ROTATE: &str =
    "run `neonup rotate` to set a new password and prove that this one is rejected";

/// The only remedy for an API key that others may have.
const REVOKE: &str =
    "run `neonup rotate --api-key` to create and store a new key and revoke this one";

/// The only remedy for a token of a login that others may have.
const RELOGIN: &str =
    "run `neonup logout` to revoke the login, then `neonup login --web` for a new one";

/// The only remedy for a claim link that others may have, short of claiming the database before they do.
const ANOTHER: &str = "anyone with the link can take the database: claim it first (`neonup claim`), or run `neonup setup \
--claimable --new` to create another";

/// The only remedy for the password of a temporary database.
const ANEW: &str = "run `neonup setup --claimable --new` to create another database with another password; or claim this one \
(`neonup claim`), then rotate";

/// What helps against a leaked secret: in a sentence, and as what the front ends can offer.
fn remedy(secret: FoundSecret<'_>) -> (String, Option<Remedy>) {
    match secret {
        FoundSecret::Live(LiveSecret::DatabasePassword {
            temporary: true, ..
        }) => (ANEW.to_owned(), None),
        FoundSecret::Live(LiveSecret::Generated { key, file }) => (
            format!(
                "delete the line of {key} in {file}, then run `neonup setup env` to create a new value (sessions end)"
            ),
            None,
        ),
        FoundSecret::Live(LiveSecret::PrivateKey { .. })
        | FoundSecret::Credential(CredentialKind::PrivateKey) => (
            "run `dotenvx rotate` to create a new key and encrypt the env file again; then replace the secrets in it too"
                .to_owned(),
            None,
        ),
        FoundSecret::Live(LiveSecret::Login) => (RELOGIN.to_owned(), None),
        FoundSecret::Live(LiveSecret::ClaimLink) => (ANOTHER.to_owned(), None),
        FoundSecret::Live(LiveSecret::ApiKey) | FoundSecret::Credential(CredentialKind::ApiKey) => {
            (REVOKE.to_owned(), Some(Remedy::RotateKey))
        }
        FoundSecret::Live(LiveSecret::DatabasePassword {
            temporary: false, ..
        })
        | FoundSecret::Credential(
            CredentialKind::Url
            | CredentialKind::Parameters
            | CredentialKind::Keywords
            | CredentialKind::PasswordFile
            | CredentialKind::Password,
        ) => (ROTATE.to_owned(), Some(Remedy::RotatePassword)),
    }
}

/// The most findings of one code that get a line each.
const MOST: usize = 40;

/// The most lines of one live secret in one file that get a finding each.
const MOST_LINES: usize = 5;

/// What is wrong with an env file.
pub(super) fn of_target(target: &str, protection: &Protection) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut unknown = |what: &str, why: &str| {
        findings.push(
            Finding::new(
                Code::SecretsUnknown,
                format!("can't tell whether git {what} `{target}`"),
            )
            .detail(why)
            .path(target)
            .hint("install git, or check `git status` here"),
        );
    };
    match &protection.ignored {
        GitAnswer::Unknown(why) => unknown("ignores", why),
        GitAnswer::Yes | GitAnswer::No => {}
    }
    match &protection.tracked {
        GitAnswer::Unknown(why) => unknown("tracks", why),
        GitAnswer::Yes | GitAnswer::No => {}
    }
    if protection.tracked == GitAnswer::Yes {
        findings.push(
            Finding::new(Code::SecretsTracked, format!("`{target}` is tracked by git"))
                .detail("every commit includes its secrets. Your file stays when it is removed from the index; a colleague's \
                pull of that commit deletes theirs, so tell them to copy it first")
                .path(target)
                .command(FIX)
                .hint(format!("{FIX} (or: git rm --cached -- {target})"))
                .fixable(),
        );
    } else if protection.ignored == GitAnswer::No {
        findings.push(
            Finding::new(
                Code::SecretsNotIgnored,
                format!("`{target}` isn't ignored by git"),
            )
            .detail("`git add .` would add it")
            .path(target)
            .command(FIX)
            .fixable(),
        );
    }
    if !protection.exposed.is_empty() {
        let names: Vec<_> = protection
            .exposed
            .iter()
            .map(|name| {
                format!(
                    "`{}`",
                    name.rsplit('/')
                        .next()
                        .unwrap_or(name)
                        .replace("neonup-0", "neonup-*")
                )
            })
            .collect();
        // ours is there for a moment at every write
        let ours = protection
            .exposed
            .iter()
            .any(|name| name.contains(".env.neonup-"));
        findings.push(
            Finding::new(
                Code::SecretsNotIgnored,
                format!("backups and temp files of `{target}` aren't ignored"),
            )
            .severity(if ours {
                Severity::Warning
            } else {
                Severity::Note
            })
            .detail(format!(
                "they contain the same secrets: {}",
                names.join(", ")
            ))
            .path(target)
            .command(FIX)
            .fixable(),
        );
    }
    if protection.staged == GitAnswer::Yes {
        findings.push(
            Finding::new(Code::SecretsStaged, format!("`{target}` is staged"))
                .detail("the next commit would include it")
                .path(target)
                .command(FIX)
                .hint(format!("{FIX} (or: git rm --cached -- {target})"))
                .fixable(),
        );
    }
    findings
}

/// What is wrong with a file of dotenvx's private keys.
pub(super) fn of_keys(file: &str, protection: &Protection) -> Vec<Finding> {
    let mut findings = of_target(file, protection);
    for finding in &mut findings {
        if finding.code != Code::SecretsUnknown && finding.severity == Severity::Gap {
            finding.detail = format!("it decrypts every encrypted value; {}", finding.detail);
        }
    }
    findings
}

/// The finding as a note, where `neonup.toml` accepts it.
pub(super) fn accepted(accepted: &[Accepted], mut finding: Finding) -> Finding {
    if let Some(accepted) = accepted.iter().find(|accepted| accepted.covers(&finding)) {
        finding.severity = Severity::Note;
        finding.detail = format!("accepted in neonup.toml: {}", accepted.reason);
        finding.hint = String::new();
        finding.command = None;
        finding.fixable = false;
        finding.remedy = None;
    }
    finding
}

/// Hooks that were installed once, and are gone.
pub(super) fn of_hooks(hooks: &Hooks) -> Option<Finding> {
    let names: Vec<_> = hooks.gone.iter().map(|name| name.as_str()).collect();
    let title = match names.as_slice() {
        [] => return None,
        [one] => format!("the {one} hook that neonup installed is gone"),
        several => format!(
            "{} hooks that neonup installed are gone: {}",
            several.len(),
            several.join(", ")
        ),
    };
    let replaced = hooks
        .gone
        .iter()
        .any(|name| hooks.state(*name) == HookState::Other);
    let detail = if replaced {
        "another hook replaced it, so commits or pushes are no longer searched"
    } else {
        "git finds no hook there, so commits or pushes are no longer searched"
    };
    Some(
        Finding::new(Code::SecretsHookGone, title)
            .detail(detail)
            .command(Invocation::InstallHook)
            .hint("run `neonup hook install` to restore it; or `neonup hook uninstall` if you don't want it"),
    )
}

/// A leak in the work tree or the index.
pub(super) fn of_tree(leak: &Leak, secret: FoundSecret<'_>) -> Finding {
    let mut place = leak.location.label().to_owned();
    if !leak.note.is_empty() {
        let note = leak.note.trim_start_matches("in ");
        place = format!("{} of {place}", note.trim_end_matches(" of the file"));
    }
    if !leak.spelling.is_empty() {
        place = format!("{place}, {}", leak.spelling);
    }
    let title = leak
        .path
        .as_ref()
        .map_or_else(|| secret.label(), |path| contains(path, secret));
    let (help, remedy) = remedy(secret);
    let more = match leak.more {
        0 => String::new(),
        more => format!("; {} more credentials in this file", grouped(more as u64)),
    };
    let finding = if leak.is_live() {
        Finding::new(Code::SecretsLiveSecretInTree, title)
            .detail(format!("it is live; found in {place}"))
            .hint(format!(
                "remove it and read it from the environment; if the file was ever pushed: {help}"
            ))
            .remedy(remedy)
    } else {
        let severity = match (leak.weight, leak.location) {
            (Weight::Development, _) => Severity::Note,
            (Weight::Real, Location::Untracked) => Severity::Warning,
            (Weight::Real, _) => Severity::Gap,
        };
        Finding::new(Code::SecretsCredentialInTree, title)
            .severity(severity)
            .detail(if leak.weight == Weight::Development {
                format!("a development password, in {place}{more}")
            } else {
                format!("found in {place}{more}")
            })
            .hint(format!(
                "read it from the environment instead; if it was real and was pushed: {help}"
            ))
    };
    placed(finding, leak)
}

/// Says that a file contains a secret.
fn contains(path: &str, secret: FoundSecret<'_>) -> String {
    format!("`{path}` contains {}", secret.label())
}

/// Which commits or which object holds a leak, in brackets.
fn holder(leak: &Leak) -> String {
    match leak.commits.as_slice() {
        [] => leak.object.as_ref().map_or_else(String::new, |object| {
            format!(" (object {})", object.chars().take(10).collect::<String>())
        }),
        [one] => format!(" (commit {one})"),
        several => format!(" (commits {})", several.join(", ")),
    }
}

/// A leak in what the next commit or push takes along. A hook prints the title alone, so it says where.
pub(super) fn of_outgoing(leak: &Leak, secret: FoundSecret<'_>) -> Finding {
    let mut finding = of_tree(leak, secret);
    let place = match (&leak.path, leak.note) {
        (Some(path), "") => format!(" in `{path}`"),
        (Some(path), _) => format!(" in the name of `{path}`"),
        (None, "") => format!(" in {}", leak.location.label()),
        (None, note) => format!(" {note}"),
    };
    finding.title = format!("{}{place}{}", secret.label(), holder(leak));
    finding
}

/// A leak in the history.
pub(super) fn of_history(leak: &Leak, secret: FoundSecret<'_>) -> Finding {
    let mut detail = leak.location.label().to_owned();
    for part in [leak.note, leak.spelling] {
        if !part.is_empty() {
            detail = format!("{part}, {detail}");
        }
    }
    let holder = holder(leak);
    let look = match (&leak.path, &leak.object) {
        (None, Some(object)) => format!(
            "; `git cat-file -p {}` shows it",
            object.chars().take(10).collect::<String>()
        ),
        _ => String::new(),
    };
    // what has no path is not known to be one file
    let thing = if leak.path.is_some() {
        "version"
    } else {
        "object"
    };
    let more = match leak.more {
        0 => String::new(),
        1 => format!("; 1 more {thing} contains it"),
        more => format!("; {} more {thing}s contain it", grouped(more as u64)),
    };
    detail = format!("{detail}{holder}{look}{more}");
    let title = match &leak.path {
        Some(path) => format!("`{path}` (history) contains {}", secret.label()),
        None => format!("the history contains {}", secret.label()),
    };
    let (help, remedy) = remedy(secret);
    let finding = if leak.is_live() {
        // no object holds what is in git's own files, so no push takes it along
        let (severity, hint, remedy) = if leak.location == Location::GitFile {
            let hint = "edit the file under .git; if it was copied anywhere, replace the secret";
            (Severity::Warning, hint.to_owned(), None)
        } else if leak.location == Location::Dangling {
            let removes = local_remedy(leak.location);
            (
                Severity::Warning,
                format!("{removes}; a push doesn't send it"),
                None,
            )
        } else if leak.location.leaves() {
            let hint = format!("rewriting history will not undo the leak: {help}");
            (Severity::Gap, hint, remedy)
        } else {
            let hint = format!(
                "if it was ever pushed, only a new one helps: {help}; if not, {}",
                local_remedy(leak.location)
            );
            (Severity::Gap, hint, remedy)
        };
        Finding::new(Code::SecretsLiveSecretInHistory, title)
            .severity(severity)
            .hint(hint)
            .remedy(remedy)
    } else {
        Finding::new(Code::SecretsCredentialInHistory, title)
            .hint(format!("if it still works: {help}"))
    };
    placed(finding.detail(detail), leak)
}

/// How what was never pushed is cleared away.
const fn local_remedy(place: Location) -> &'static str {
    match place {
        Location::OtherRef => {
            "drop the stash, note or ref that contains it (`git stash list`, `git for-each-ref`), then run `git gc \
            --prune=now`"
        }
        Location::Index => "run `git rm --cached` on the file, then `git gc --prune=now`",
        Location::Dangling => "run `git gc --prune=now` to remove it",
        Location::GitFile
        | Location::Reflog
        | Location::Disk
        | Location::Tracked
        | Location::Hidden
        | Location::Untracked
        | Location::Staged
        | Location::Branch
        | Location::Remote
        | Location::Object
        | Location::RefName
        | Location::Message
        | Location::Commit
        | Location::Push => {
            "run `git reflog expire --expire-unreachable=now --all && git gc --prune=now` to remove it"
        }
    }
}

/// An env file that was committed once.
pub(super) fn of_path(found: &CommittedPath, tracked: bool) -> Finding {
    let commit = found
        .commit
        .as_ref()
        .map_or_else(String::new, |commit| format!(" (commit {commit})"));
    let opens = found.path.rsplit('/').next() == Some(KEYS_FILE);
    let (severity, detail) = if opens {
        (
            Severity::Gap,
            format!("it decrypts every encrypted value{commit}"),
        )
    } else if tracked {
        (
            Severity::Note,
            format!("it is tracked, which is fine if it contains no secrets{commit}"),
        )
    } else {
        (
            Severity::Warning,
            format!("it contains none of the live secrets{commit}"),
        )
    };
    let hint = if opens {
        "run `dotenvx rotate` to create a new key; then replace the secrets in the env file"
    } else {
        "if its values were ever real, replace them"
    };
    let title = if found.location.leaves() || found.location == Location::Object {
        format!("`{}` was committed in the past", found.path)
    } else {
        format!(
            "`{}` was once added to git; only this disk has it",
            found.path
        )
    };
    Finding::new(Code::SecretsPathInHistory, title)
        .severity(severity)
        .detail(detail)
        .path(&found.path)
        .hint(hint)
}

fn placed(mut finding: Finding, leak: &Leak) -> Finding {
    finding.path.clone_from(&leak.path);
    finding.line = leak.line;
    finding
}

/// Replaces the findings beyond the most by one that counts them, the weightiest first. What is live is never among those.
pub(super) fn shorten(findings: &mut Vec<Finding>) {
    findings.sort_by(|a, b| b.severity.cmp(&a.severity).then(a.code.cmp(&b.code)));
    let mut counts: BTreeMap<(Code, Severity), usize> = BTreeMap::new();
    // of the same secret in the same file, one line stands for the others
    let mut live: BTreeMap<(String, Option<String>), usize> = BTreeMap::new();
    findings.retain(|finding| {
        if matches!(
            finding.code,
            Code::SecretsLiveSecretInTree | Code::SecretsLiveSecretInHistory
        ) {
            let key = (finding.title.clone(), finding.path.clone());
            let count = live.entry(key).or_default();
            *count += 1;
            return *count <= MOST_LINES;
        }
        let count = counts.entry((finding.code, finding.severity)).or_default();
        *count += 1;
        *count <= MOST
    });
    for ((code, severity), count) in counts {
        if count > MOST {
            findings.push(
                Finding::new(
                    code,
                    format!("{} more like these", grouped((count - MOST) as u64)),
                )
                .severity(severity)
                .hint("fix the ones above first"),
            );
        }
    }
}

/// A file was taken out of git's index.
pub(super) fn taken_out(file: &str) -> Finding {
    Finding::new(
        Code::SecretsChanged,
        format!("`{file}` was removed from git's index; the file stays here"),
    )
    .severity(Severity::Note)
    .path(file)
    .detail("the next commit removes it from the repository, and a colleague who pulls that commit loses theirs")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{engine::secrets::live_secrets::PasswordOrigin, ports::repository::LeakedSecret};

    #[test]
    fn each_kind_of_secret_has_its_remedy() {
        let password = |temporary| LiveSecret::DatabasePassword {
            origin: PasswordOrigin::Url {
                key: "DATABASE_URL".to_owned(),
                file: "backend/.env".to_owned(),
            },
            temporary,
        };
        for (secret, label, help, remedy) in [
            (
                LiveSecret::Generated {
                    key: "JWT_SECRET".to_owned(),
                    file: "backend/.env".to_owned(),
                },
                "the value of JWT_SECRET from backend/.env",
                "delete the line of JWT_SECRET in backend/.env, then run `neonup setup env` to create a new value",
                None,
            ),
            (
                password(false),
                "the DATABASE_URL password from backend/.env",
                "`neonup rotate` to set a new password",
                Some(Remedy::RotatePassword),
            ),
            (
                LiveSecret::ApiKey,
                "the Neon API key",
                "`neonup rotate --api-key`",
                Some(Remedy::RotateKey),
            ),
            (
                LiveSecret::Login,
                "a token of the Neon login",
                "`neonup logout` to revoke the login",
                None,
            ),
            (
                LiveSecret::ClaimLink,
                "the claim link of the temporary database",
                "`neonup claim`",
                None,
            ),
            (
                password(true),
                "the DATABASE_URL password from backend/.env (a temporary database)",
                "`neonup setup --claimable --new`",
                None,
            ),
        ] {
            let leak = Leak {
                secret: LeakedSecret::Live(String::new()),
                weight: Weight::Real,
                identity: 0,
                spelling: "",
                path: None,
                line: None,
                location: Location::Branch,
                note: "",
                object: None,
                commits: Vec::new(),
                more: 0,
            };
            let found = FoundSecret::Live(&secret);
            for finding in [of_tree(&leak, found), of_history(&leak, found)] {
                assert!(finding.title.ends_with(label), "{}", finding.title);
                assert!(finding.hint.contains(help), "{}", finding.hint);
                assert_eq!(finding.remedy, remedy, "{label}");
            }
        }
    }

    #[test]
    fn thousands_are_separated_by_commas() {
        let numbers = [0, 999, 1000, 18204, 1_234_567].map(grouped);
        assert_eq!(numbers, ["0", "999", "1,000", "18,204", "1,234,567"]);
    }

    #[test]
    fn findings_beyond_the_limit_are_counted() {
        let mut findings = vec![Finding::new(Code::SecretsCredentialInHistory, "x"); 100];
        findings.push(Finding::new(Code::SecretsTracked, "y"));
        shorten(&mut findings);
        assert_eq!(findings.len(), MOST + 2);
        assert_eq!(findings[0].code, Code::SecretsTracked);
        assert_eq!(findings.last().unwrap().title, "60 more like these");
    }
}
