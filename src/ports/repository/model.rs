//! What is known of a repository: how paths are kept out, where secrets were found.

use std::path::PathBuf;

use crate::{
    core::proof::Coverage,
    domain::credentials::{self, Weight},
};

/// Git's answer to a yes-or-no question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum GitAnswer {
    Yes,
    No,
    /// Could not be determined; why.
    Unknown(String),
}

impl<E: ToString> From<Result<bool, E>> for GitAnswer {
    fn from(answer: Result<bool, E>) -> Self {
        match answer {
            Ok(true) => Self::Yes,
            Ok(false) => Self::No,
            Err(error) => Self::Unknown(error.to_string()),
        }
    }
}

/// How well git keeps one path out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Protection {
    /// `git add` would refuse it.
    pub ignored: GitAnswer,
    /// It is in the index.
    pub tracked: GitAnswer,
    /// The index holds a version of it that `HEAD` has not: the next commit takes it.
    pub staged: GitAnswer,
    /// Files that editors and this program make beside it for a moment or as a backup, and that `git add` would take, relative to the
    /// root. Only of a path that is itself ignored.
    pub exposed: Vec<String>,
}

/// Where a secret was found, from what is easiest to fix to what cannot be fixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Location {
    /// A file of the work tree that git tracks.
    Tracked,
    /// A tracked file whose changes git is told to overlook (skip-worktree, assume-unchanged).
    Hidden,
    /// A file of the work tree that `git add .` would take.
    Untracked,
    /// The index: the next commit takes it.
    Staged,
    /// A commit of a branch, a tag or a remote: pushed, or pushed with the next `git push`.
    Branch,
    /// What was fetched, or was on a remote once: pull requests, prefetched refs, `FETCH_HEAD`, the reflog of a remote branch.
    Remote,
    /// Only other refs: the stash, notes, another work tree's `HEAD`.
    OtherRef,
    /// Only the reflog: a commit that was undone.
    Reflog,
    /// Only the index of this or another work tree.
    Index,
    /// No ref at all: an object that stays until git clears it away. Whether it was ever pushed cannot be known.
    Disk,
    /// A file that was staged: no commit that is here holds it, be it one that no ref leads to.
    Dangling,
    /// An object; which refs lead to it could not be determined.
    Object,
    /// The name of a branch, a tag or another ref.
    RefName,
    /// One of git's own files, such as the configuration, a log or a message.
    GitFile,
    /// The message of the commit that is made.
    Message,
    /// What else the commit that is made says of itself.
    Commit,
    /// An object that a push is about to send.
    Push,
}

impl Location {
    /// The location as a fragment of a sentence.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Tracked => "a tracked file",
            Self::Hidden => "a tracked file whose changes git is told to ignore",
            Self::Untracked => "a file that git would add",
            Self::Staged => "staged for the next commit",
            Self::Branch => "on a branch, a tag or a remote: leaked if it was pushed",
            Self::Remote => "it was on a remote: leaked, whatever the branches contain now",
            Self::OtherRef => "in the stash, a note or another ref; not on a branch",
            Self::Reflog => "in a commit that was undone; it may have been pushed before",
            Self::Index => "in an index, but in no commit",
            Self::Disk => "in an unreachable git object; it may have been pushed before",
            Self::Dangling => "staged once, but in no commit here",
            Self::Object => "in an object of the repository",
            Self::RefName => "the name of a ref",
            Self::GitFile => "one of git's own files, only on this disk",
            Self::Message => "the message of the next commit",
            Self::Commit => "the next commit",
            Self::Push => "a commit that this push sends",
        }
    }

    /// Whether others have it, or get it with the next push.
    pub(crate) const fn leaves(self) -> bool {
        match self {
            Self::Tracked
            | Self::Staged
            | Self::Branch
            | Self::Remote
            | Self::Object
            | Self::RefName
            | Self::Message
            | Self::Commit
            | Self::Push => true,
            Self::Hidden
            | Self::Untracked
            | Self::OtherRef
            | Self::Reflog
            | Self::Index
            | Self::Disk
            | Self::Dangling
            | Self::GitFile => false,
        }
    }
}

/// Which secret was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LeakedSecret {
    /// A live secret, by the label that it was handed in with.
    Live(String),
    /// Another credential.
    Credential(credentials::CredentialKind),
}

/// A secret found where it must not be. Never holds the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Leak {
    pub secret: LeakedSecret,
    /// How much the credential is worth.
    pub weight: Weight,
    /// A salted number that tells other credentials apart; 0 for a live one.
    pub identity: u64,
    /// How it is written there, such as `in base64`; empty when as it is.
    pub spelling: &'static str,
    /// The file, where it has a name: relative to the root, and after `!` the member of an archive.
    pub path: Option<String>,
    /// The 1-based line.
    pub line: Option<u32>,
    pub location: Location,
    /// What else is known of the location, such as `in the name of the file`.
    pub note: &'static str,
    /// The object that holds it, in hexadecimal digits.
    pub object: Option<String>,
    /// Commits that brought it or took it away, the newest first, abbreviated.
    pub commits: Vec<String>,
    /// How many more objects hold the same.
    pub more: usize,
}

impl Leak {
    pub(crate) const fn is_live(&self) -> bool {
        matches!(self.secret, LeakedSecret::Live(_))
    }

    /// Whether it is the same secret in the same file.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.secret == other.secret && self.identity == other.identity && self.path == other.path
    }
}

/// A watched path that a commit held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CommittedPath {
    /// The path, or only the name where no commit leads to it.
    pub path: String,
    /// Whether it is one of the watched paths itself, not a relative of it.
    pub exact: bool,
    /// A commit that brought it or took it away.
    pub commit: Option<String>,
    pub location: Location,
}

/// A moment at which git asks a hook whether it may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum HookName {
    /// Before a commit is made of what is staged.
    PreCommit,
    /// Once its message is written.
    CommitMsg,
    /// Before a merge is committed.
    PreMergeCommit,
    /// Before anything is sent to a remote.
    PrePush,
}

impl HookName {
    /// Those that are installed.
    pub(crate) const ALL: [Self; 4] = [
        Self::PreCommit,
        Self::CommitMsg,
        Self::PreMergeCommit,
        Self::PrePush,
    ];

    /// Its name in git, which is the name of its file.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::PreCommit => "pre-commit",
            Self::CommitMsg => "commit-msg",
            Self::PreMergeCommit => "pre-merge-commit",
            Self::PrePush => "pre-push",
        }
    }

    /// The hook of a name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|hook| hook.as_str() == name)
    }
}

/// Whose hook is where git looks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HookState {
    /// Nobody's.
    Free,
    Ours,
    Other,
}

/// The hooks of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hooks {
    /// Where git looks for them.
    pub folder: PathBuf,
    pub states: Vec<(HookName, HookState)>,
    /// Why nothing may be written there, if so.
    pub blocked: Option<String>,
    /// What an installation would add to files of the tool that runs the hooks.
    pub edits: Vec<HookEdit>,
    /// Those that were installed here once, and are not there any more.
    pub gone: Vec<HookName>,
    /// Why it is not known which were installed once, or why that cannot be remembered.
    pub unremembered: Option<String>,
}

impl Hooks {
    /// Whether all of them are ours.
    pub(crate) fn are_installed(&self) -> bool {
        let ours = |(_, state): &(HookName, HookState)| *state == HookState::Ours;
        self.states.iter().all(ours)
    }

    /// The state of one.
    pub(crate) fn state(&self, name: HookName) -> HookState {
        let mut states = self.states.iter();
        let found = states.find(|(known, _)| *known == name);
        found.map_or(HookState::Free, |(_, state)| *state)
    }
}

/// Lines that are added to a file of the tool that runs the hooks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HookEdit {
    /// The file, relative to the root.
    pub file: PathBuf,
    pub lines: String,
}

/// What git tells its pre-push hook.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Push {
    /// The remote's name, or its URL where it has none.
    pub remote: String,
    pub updates: Vec<PushedRef>,
}

/// A ref that a push creates or updates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PushedRef {
    /// Its name on the remote.
    pub name: Vec<u8>,
    /// What it is to lead to, in hexadecimal digits.
    pub id: String,
    /// What it leads to now; `None` for a new one.
    pub before: Option<String>,
}

impl Push {
    /// Reads the lines that git gives: `local-ref local-id remote-ref remote-id`. What is deleted sends nothing. `None` for a line of
    /// another form.
    pub(crate) fn parse(remote: &str, lines: &[u8]) -> Option<Self> {
        let is_id =
            |word: &&[u8]| matches!(word.len(), 40 | 64) && word.iter().all(u8::is_ascii_hexdigit);
        let text = |id: &[u8]| String::from_utf8_lossy(id).into_owned();
        let exists = |id: &&[u8]| id.iter().any(|digit| *digit != b'0');
        let mut updates = Vec::new();
        for line in lines.split(|byte| *byte == b'\n') {
            if line.is_empty() {
                continue;
            }
            // the local ref is whatever was typed, so blanks may be in it
            let mut words = line.rsplitn(4, |byte| *byte == b' ');
            let before = words.next().filter(is_id)?;
            let name = words.next()?;
            let id = words.next().filter(is_id)?;
            words.next()?;
            if exists(&id) {
                updates.push(PushedRef {
                    name: name.to_vec(),
                    id: text(id),
                    before: Some(before).filter(exists).map(text),
                });
            }
        }
        Some(Self {
            remote: remote.to_owned(),
            updates,
        })
    }
}

/// What a scan of the work tree and the index found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TreeScan {
    /// How many files were read.
    pub files: usize,
    pub leaks: Vec<Leak>,
    /// What was read, of all that should have been.
    pub coverage: Coverage,
}

/// What a scan of the history found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HistoryScan {
    /// How many objects were read.
    pub objects: u64,
    pub leaks: Vec<Leak>,
    /// Watched paths and their relatives that some commit held.
    pub committed: Vec<CommittedPath>,
    /// What was read, of all that should have been: not in a shallow clone, or with an object that is missing.
    pub coverage: Coverage,
}

impl TreeScan {
    /// Nothing was found yet, and nothing left out.
    pub(crate) const fn new() -> Self {
        Self {
            files: 0,
            leaks: Vec::new(),
            coverage: Coverage::complete(),
        }
    }
}

impl HistoryScan {
    /// Nothing was found yet, and nothing left out.
    pub(crate) const fn new() -> Self {
        Self {
            objects: 0,
            leaks: Vec::new(),
            committed: Vec::new(),
            coverage: Coverage::complete(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_a_push_are_read_whatever_was_typed_for_the_local_ref() {
        let (one, other, zero) = ("a1".repeat(20), "b2".repeat(20), "0".repeat(40));
        let lines = format!(
            "refs/heads/main {one} refs/heads/main {other}\n\
             HEAD@{{2 days ago}} {one} refs/heads/new {zero}\n\
             (delete) {zero} refs/heads/old {other}\n"
        );
        let push = Push::parse("origin", lines.as_bytes()).unwrap();
        let updates: Vec<_> = push
            .updates
            .iter()
            .map(|update| (update.name.as_slice(), update.before.as_deref()))
            .collect();
        assert_eq!(
            updates,
            [
                (b"refs/heads/main".as_slice(), Some(other.as_str())),
                (b"refs/heads/new", None)
            ]
        );
        assert_eq!(Push::parse("origin", b"").unwrap().updates, []);
        for wrong in ["a b c d\n", &format!("{one} refs/heads/x {zero}\n")] {
            assert_eq!(Push::parse("origin", wrong.as_bytes()), None, "{wrong}");
        }
    }
}

/// What git has of a file in its index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredFile {
    /// Its versions: several while a merge is not finished. One that is too large to be looked at is empty.
    pub versions: Vec<Vec<u8>>,
    /// Whether a filter changes the file on its way to git.
    pub is_filtered: bool,
}
