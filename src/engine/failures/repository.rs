//! The errors of the repository port.

use crate::{
    core::{code::Code, failure::Failure},
    ports::repository::{GitError, HookError, IgnoreError, RepositoryError, UntrackError},
};

impl From<RepositoryError> for Failure {
    fn from(error: RepositoryError) -> Self {
        let unknown = |what: &str| Self::new(Code::SecretsUnknown, what);
        match error {
            RepositoryError::NotARepository => {
                unknown("this isn't a git repository").hint("git init")
            }
            RepositoryError::Unopened(error) => {
                unreadable(unknown("git can't open this repository"), &error)
            }
            RepositoryError::Unsearched(error) => {
                unreadable(unknown("the repository couldn't be searched"), &error)
            }
            RepositoryError::Needles(error) => unknown("the repository couldn't be searched")
                .why(error.to_string())
                .hint(STATUS),
            RepositoryError::OutsidePath(path) => {
                unknown(&format!("`{path}` isn't a path inside the repository")).hint(RELATIVE)
            }
            RepositoryError::NotIgnored { path, reason } => not_ignored(&path, &reason),
            RepositoryError::NotUntracked { path, reason } => not_untracked(&path, &reason),
            RepositoryError::Unlisted(error) => unknown("couldn't list the ignored files")
                .why(error.to_string())
                .hint("git status --ignored"),
            RepositoryError::HooksUnknown(error) => unknown("can't tell where git looks for hooks")
                .why(error.to_string())
                .hint("install git"),
            RepositoryError::HookUnchanged { path, reason } => {
                let failure = unknown(&format!("the hook `{}` was not changed", path.display()))
                    .why(reason.to_string());
                match reason {
                    HookError::Io(_) | HookError::Record(_) => failure,
                    HookError::Blocked(_) => {
                        failure.hint("call `neonup hook run NAME -- \"$@\" || exit 1` from your existing hook NAME")
                    }
                    HookError::Unasked(_) => {
                        failure.hint("run `neonup hook install`, which shows the lines and asks; or add --yes")
                    }
                    HookError::KeptHookExists(_) => {
                        failure.hint("merge the two hooks into one, then run it again")
                    }
                }
            }
            RepositoryError::Cancelled => unknown("the search was canceled"),
        }
    }
}

const RELATIVE: &str = "give it relative to the repository root";

const STATUS: &str = "check `git status` here";

fn unreadable(failure: Failure, error: &GitError) -> Failure {
    failure.why(error.to_string()).hint(match error {
        GitError::ForeignOwner(_) => {
            "the folder belongs to another user: change its owner, or see `git help config` on \
        safe.directory"
        }
        GitError::Missing | GitError::Refused(_) | GitError::TimedOut | GitError::Io(_) => STATUS,
    })
}

fn not_ignored(path: &str, reason: &IgnoreError) -> Failure {
    Failure::new(
        Code::SecretsNotIgnored,
        format!("couldn't make git ignore `{path}`"),
    )
    .why(reason.to_string())
    .hint(match reason {
        IgnoreError::Outside => RELATIVE.to_owned(),
        IgnoreError::Symlink(_) => "replace the link with a file, then run this again".to_owned(),
        IgnoreError::Utf16(_) => "save it as UTF-8, then run this again".to_owned(),
        IgnoreError::Io { file, rule, .. } => {
            format!("add the line `{rule}` to `{file}` by hand")
        }
        IgnoreError::Ineffective(_) => format!("see `git check-ignore --no-index -v {path}`"),
    })
}

fn not_untracked(path: &str, reason: &UntrackError) -> Failure {
    Failure::new(
        Code::SecretsTracked,
        format!("couldn't remove `{path}` from the index"),
    )
    .why(reason.to_string())
    .hint(format!("git rm --cached -- {path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_has_its_code_and_its_way_out() {
        let path = || ".env".to_owned();
        let owner = GitError::ForeignOwner("detected dubious ownership".to_owned());
        let refused = GitError::Refused("not a git repository".to_owned());
        for (error, code, what, hint) in [
            (
                RepositoryError::NotARepository,
                Code::SecretsUnknown,
                "this isn't a git repository",
                "git init",
            ),
            (
                RepositoryError::Unopened(owner),
                Code::SecretsUnknown,
                "git can't open this repository",
                "the folder belongs to another user",
            ),
            (
                RepositoryError::Unsearched(refused.clone()),
                Code::SecretsUnknown,
                "the repository couldn't be searched",
                "check `git status` here",
            ),
            (
                RepositoryError::NotIgnored {
                    path: path(),
                    reason: IgnoreError::Outside,
                },
                Code::SecretsNotIgnored,
                "couldn't make git ignore `.env`",
                "give it relative to the repository root",
            ),
            (
                RepositoryError::NotUntracked {
                    path: path(),
                    reason: UntrackError::Git(refused),
                },
                Code::SecretsTracked,
                "couldn't remove `.env` from the index",
                "git rm --cached -- .env",
            ),
        ] {
            let failure = Failure::from(error);
            assert_eq!((failure.code, failure.what.as_str()), (code, what));
            assert!(failure.hint.starts_with(hint), "{failure}");
        }
    }
}
