//! The refs, and what was on a remote: whatever was fetched or pushed once has left this disk.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    core::proof::{Coverage, Unread},
    os::bounded,
    ports::repository::{layout::Layout, program::GitProgram},
};

/// Refs that git or a person makes here and that no fetch brings. All others beside branches, tags and remotes were fetched: pull
/// and merge requests, prefetched refs, changes of Gerrit.
const LOCAL: [&str; 12] = [
    "refs/heads/",
    "refs/tags/",
    "refs/remotes/",
    "refs/stash",
    "refs/notes/",
    "refs/bisect/",
    "refs/rewritten/",
    "refs/worktree/",
    "refs/replace/",
    "refs/original/",
    "refs/jj/",
    "refs/branchless/",
];

/// The longest log of a ref, or list of fetched commits, that is read, in bytes.
const LOG_LIMIT: u64 = 64 << 20;
/// How deep the names of remote branches may be.
const DEPTH: usize = 12;

/// The refs of a repository.
pub(super) struct Refs {
    /// Their names.
    pub(super) names: Vec<Vec<u8>>,
    /// The objects that they lead to, in hexadecimal digits.
    pub(super) tips: BTreeSet<String>,
    /// The commits that were on a remote, whether or not a branch of it has them today.
    pub(super) fetched: Vec<String>,
    pub(super) coverage: Coverage,
}

impl Refs {
    /// Lists them.
    pub(super) fn read(layout: &Layout, git: &GitProgram) -> Self {
        let mut refs = Self {
            names: Vec::new(),
            tips: BTreeSet::new(),
            fetched: Vec::new(),
            coverage: Coverage::complete(),
        };
        let mut fetched = BTreeSet::new();
        let question = ["for-each-ref", "--format=%(objectname) %(refname)"];
        match git.query(&layout.root, &question) {
            Ok(output) => {
                for line in output.out.split(|byte| *byte == b'\n') {
                    let Some(space) = memchr::memchr(b' ', line) else {
                        continue;
                    };
                    let (id, name) = line.split_at(space);
                    let name = name.get(1..).unwrap_or_default();
                    let id = String::from_utf8_lossy(id).into_owned();
                    if !LOCAL.iter().any(|local| name.starts_with(local.as_bytes())) {
                        fetched.insert(id.clone());
                    }
                    refs.tips.insert(id);
                    refs.names.push(name.to_vec());
                }
            }
            Err(error) => refs.leave_out("the refs", &format!("git couldn't list them: {error}")),
        }
        for file in refs.logs_of_remotes(layout) {
            match bounded::read(&file, LOG_LIMIT) {
                Ok(log) => fetched.extend(ids(&log, layout.hash * 2)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    let name = file.strip_prefix(&layout.common).unwrap_or(&file);
                    let why = format!("it couldn't be read: {}", error.kind());
                    refs.leave_out(&format!(".git/{}", name.display()), &why);
                }
            }
        }
        fetched.retain(|id| id.bytes().any(|digit| digit != b'0'));
        refs.fetched = fetched.into_iter().collect();
        refs
    }

    fn leave_out(&mut self, what: &str, why: &str) {
        self.coverage.leave_out(Unread {
            what: what.to_owned(),
            why: why.to_owned(),
            hint: "check `git fsck`".to_owned(),
        });
    }

    /// The files that tell what was fetched: the logs of remote branches and of other fetched refs, and the last fetch of each work tree.
    fn logs_of_remotes(&mut self, layout: &Layout) -> Vec<PathBuf> {
        let mut files = vec![
            layout.common.join("FETCH_HEAD"),
            layout.git_dir.join("FETCH_HEAD"),
        ];
        if let Ok(trees) = fs::read_dir(layout.common.join("worktrees")) {
            files.extend(trees.flatten().map(|tree| tree.path().join("FETCH_HEAD")));
        }
        self.walk(layout, &layout.common.join("logs/refs"), DEPTH, &mut files);
        files.sort();
        files.dedup();
        files
    }

    fn walk(&mut self, layout: &Layout, folder: &Path, depth: usize, files: &mut Vec<PathBuf>) {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(error) => {
                let why = format!("it couldn't be read: {}", error.kind());
                return self.leave_out(".git/logs", &why);
            }
        };
        for entry in entries.flatten() {
            let path = entry.path();
            let name = path.strip_prefix(layout.common.join("logs"));
            let name = name.map(|name| name.to_string_lossy().into_owned());
            let Ok(name) = name else { continue };
            let local = LOCAL
                .iter()
                .filter(|local| **local != "refs/remotes/")
                .any(|local| format!("{name}/").starts_with(local));
            if local || !is_folder(&path) {
                if !local {
                    files.push(path);
                }
            } else if depth > 0 {
                self.walk(layout, &path, depth - 1, files);
            } else {
                self.leave_out(".git/logs", "its folders are nested more than 12 deep");
            }
        }
    }
}

fn is_folder(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|stat| stat.is_dir())
}

/// The words of a log that are ids.
fn ids(log: &[u8], digits: usize) -> impl Iterator<Item = String> {
    log.split(|byte| matches!(byte, b' ' | b'\t' | b'\n'))
        .filter(move |word| word.len() == digits && word.iter().all(u8::is_ascii_hexdigit))
        .map(|word| String::from_utf8_lossy(word).into_owned())
}
