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
                unknown("this is no git repository").hint("git init")
            }
            RepositoryError::Unopened(error) => {
                unreadable(unknown("git does not open this repository"), &error)
            }
            RepositoryError::Unsearched(error) => {
                unreadable(unknown("the repository could not be searched"), &error)
            }
            RepositoryError::Needles(error) => unknown("the repository could not be searched")
                .why(error.to_string())
                .hint(STATUS),
            RepositoryError::OutsidePath(path) => {
                unknown(&format!("`{path}` is no path inside the repository")).hint(RELATIVE)
            }
            RepositoryError::NotIgnored { path, reason } => not_ignored(&path, &reason),
            RepositoryError::NotUntracked { path, reason } => not_untracked(&path, &reason),
            RepositoryError::Unlisted(error) => unknown("the ignored files could not be listed")
                .why(error.to_string())
                .hint("git status --ignored"),
            RepositoryError::HooksUnknown(error) => {
                unknown("where git looks for hooks is not known")
                    .why(error.to_string())
                    .hint("install git")
            }
            RepositoryError::HookUnchanged { path, reason } => {
                let failure = unknown(&format!("the hook `{}` was not changed", path.display()))
                    .why(reason.to_string());
                match reason {
                    HookError::Io(_) | HookError::Record(_) => failure,
                    HookError::Blocked(_) => {
                        failure.hint("call `neonup hook run NAME -- \"$@\" || exit 1` from the hook NAME that is there")
                    }
                    HookError::Unasked(_) => {
                        failure.hint("`neonup hook install` shows the lines and asks; --yes adds them")
                    }
                    HookError::KeptHookExists(_) => {
                        failure.hint("make one hook of the two, then run it again")
                    }
                }
            }
            RepositoryError::Cancelled => unknown("the search was cancelled"),
        }
    }
}

const RELATIVE: &str = "name it relative to the repository's root";

const STATUS: &str = "see what `git status` says here";

fn unreadable(failure: Failure, error: &GitError) -> Failure {
    failure.why(error.to_string()).hint(match error {
        GitError::ForeignOwner(_) => "the folder belongs to another user: give it to yours, or see `git help config` on safe.directory",
        GitError::Missing | GitError::Refused(_) | GitError::TimedOut | GitError::Io(_) => STATUS,
    })
}

fn not_ignored(path: &str, reason: &IgnoreError) -> Failure {
    Failure::new(
        Code::SecretsNotIgnored,
        format!("`{path}` could not be made ignored"),
    )
    .why(reason.to_string())
    .hint(match reason {
        IgnoreError::Outside => RELATIVE.to_owned(),
        IgnoreError::Symlink(_) => "replace the link by a file, then run this again".to_owned(),
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
        format!("`{path}` could not be taken out of the index"),
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
                "this is no git repository",
                "git init",
            ),
            (
                RepositoryError::Unopened(owner),
                Code::SecretsUnknown,
                "git does not open this repository",
                "the folder belongs to another user",
            ),
            (
                RepositoryError::Unsearched(refused.clone()),
                Code::SecretsUnknown,
                "the repository could not be searched",
                "see what `git status` says here",
            ),
            (
                RepositoryError::NotIgnored {
                    path: path(),
                    reason: IgnoreError::Outside,
                },
                Code::SecretsNotIgnored,
                "`.env` could not be made ignored",
                "name it relative to the repository's root",
            ),
            (
                RepositoryError::NotUntracked {
                    path: path(),
                    reason: UntrackError::Git(refused),
                },
                Code::SecretsTracked,
                "`.env` could not be taken out of the index",
                "git rm --cached -- .env",
            ),
        ] {
            let failure = Failure::from(error);
            assert_eq!((failure.code, failure.what.as_str()), (code, what));
            assert!(failure.hint.starts_with(hint), "{failure}");
        }
    }
}
