//! What git has in its index, what it would take, and what the next commit changes.

use std::{
    collections::{HashMap, HashSet},
    io,
    process::ChildStdout,
    time::Duration,
};

use crate::ports::repository::{
    error::GitError,
    layout::Layout,
    meter::Meter,
    object::{OBJECT_LIMIT, ObjectKind},
    program::GitProgram,
};

/// How long git may take to tell which files have a filter.
const FILTERS_TIME: Duration = Duration::from_secs(30);

/// An entry of the index.
pub(super) struct IndexEntry {
    /// The path, as git's bytes.
    pub(super) path: Vec<u8>,
    /// The object, in hexadecimal digits.
    pub(super) id: String,
    /// The mode's six octal digits.
    mode: u32,
    /// Whether git is told to overlook changes: skip-worktree or assume-unchanged.
    pub(super) hidden: bool,
}

impl IndexEntry {
    /// Whether it is the commit of a submodule.
    pub(super) const fn is_submodule(&self) -> bool {
        self.mode == 0o160_000
    }
}

/// Those of these paths that a filter changes between the file and what git stores, such as git-crypt. LFS is none of them: what it keeps
/// apart is the file itself.
pub(super) fn filtered(
    layout: &Layout,
    git: &GitProgram,
    paths: &[&[u8]],
    meter: &Meter,
) -> Result<HashSet<Vec<u8>>, GitError> {
    let question = ["check-attr", "-z", "--stdin", "filter"];
    let input = paths.join(&0);
    let output = git.run_within(&layout.root, &question, input, FILTERS_TIME, meter)?;
    if !output.success() {
        return Err(output.failure());
    }
    let records: Vec<&[u8]> = output.records().collect();
    let named = records.chunks_exact(3).filter_map(|record| match record {
        [path, _, value] if !matches!(*value, b"unspecified" | b"unset" | b"set" | b"lfs") => {
            Some(path.to_vec())
        }
        _ => None,
    });
    Ok(named.collect())
}

/// All entries, or those of one path.
pub(super) fn entries(
    layout: &Layout,
    git: &GitProgram,
    path: Option<&str>,
) -> Result<Vec<IndexEntry>, GitError> {
    if git.available() {
        let mut arguments = vec!["--literal-pathspecs", "ls-files", "-s", "-v", "-z"];
        if let Some(path) = path {
            arguments.extend(["--", path]);
        }
        let unknown = || GitError::Refused("git listed its index in an unknown format".to_owned());
        let output = git.query(&layout.root, &arguments)?;
        return output
            .records()
            .map(|record| parse(record).ok_or_else(unknown))
            .collect();
    }
    let index = git2::Repository::open(&layout.root)?.index()?;
    Ok(index
        .iter()
        .filter(|entry| path.is_none_or(|path| entry.path == path.as_bytes()))
        .map(|entry| IndexEntry {
            mode: entry.mode,
            id: entry.id.to_string(),
            hidden: entry.flags & 0x8000 != 0 || entry.flags_extended & 0x4000 != 0,
            path: entry.path,
        })
        .collect())
}

/// Reads `H 100644 0123… 0\tpath`.
fn parse(record: &[u8]) -> Option<IndexEntry> {
    let tab = memchr::memchr(b'\t', record)?;
    let head = std::str::from_utf8(record.get(..tab)?).ok()?;
    let (tag, rest) = head.split_once(' ')?;
    let mut words = rest.split(' ');
    Some(IndexEntry {
        path: record.get(tab + 1..)?.to_vec(),
        mode: u32::from_str_radix(words.next()?, 8).ok()?,
        id: words.next()?.to_owned(),
        hidden: tag == "S" || tag.chars().all(|c| c.is_ascii_lowercase()),
    })
}

/// Whether the index has the path, or a directory in place of it.
pub(super) fn tracks(layout: &Layout, git: &GitProgram, path: &str) -> Result<bool, GitError> {
    let entries = entries(layout, git, Some(path))?;
    Ok(entries
        .iter()
        .any(|entry| entry.path.starts_with(path.as_bytes())))
}

/// The paths that `git add .` would take; a nested repository ends in a slash.
pub(super) fn untracked(layout: &Layout, git: &GitProgram) -> Result<Vec<Vec<u8>>, GitError> {
    let arguments = ["ls-files", "-o", "--exclude-standard", "-z"];
    let output = git.query(&layout.root, &arguments)?;
    Ok(output.records().map(<[u8]>::to_vec).collect())
}

/// The path and the object of everything that the next commit adds or changes.
pub(super) fn staged(
    layout: &Layout,
    git: &GitProgram,
    path: Option<&str>,
) -> Result<Vec<(Vec<u8>, String)>, GitError> {
    if !git.available() {
        return staged_by_libgit2(layout, path);
    }
    let mut arguments = vec![
        "--literal-pathspecs",
        "diff",
        "--cached",
        "--raw",
        "-z",
        "--no-abbrev",
        "--no-renames",
        "--no-ext-diff",
        "--ignore-submodules=all",
    ];
    if let Some(path) = path {
        arguments.extend(["--", path]);
    }
    let output = git.query(&layout.root, &arguments)?;
    let mut staged = Vec::new();
    let mut records = output.records();
    // `:100644 100644 old new M`, then the path
    while let (Some(head), Some(path)) = (records.next(), records.next()) {
        let head = String::from_utf8_lossy(head);
        if let Some(id) = head.split(' ').nth(3)
            && id.bytes().any(|digit| digit != b'0')
        {
            staged.push((path.to_vec(), id.to_owned()));
        }
    }
    Ok(staged)
}

fn staged_by_libgit2(
    layout: &Layout,
    path: Option<&str>,
) -> Result<Vec<(Vec<u8>, String)>, GitError> {
    let repository = git2::Repository::open(&layout.root)?;
    let head = repository
        .head()
        .ok()
        .and_then(|head| head.peel_to_tree().ok());
    let diff = repository.diff_tree_to_index(head.as_ref(), None, None)?;
    Ok(diff
        .deltas()
        .filter(|delta| delta.status() != git2::Delta::Deleted)
        .filter_map(|delta| {
            let file = delta.new_file();
            Some((file.path_bytes()?.to_vec(), file.id().to_string()))
        })
        .filter(|(found, _)| path.is_none_or(|path| found == path.as_bytes()))
        .collect())
}

/// An object that git was asked for.
pub(super) struct ObjectContent {
    pub(super) id: String,
    pub(super) kind: ObjectKind,
    pub(super) bytes: Vec<u8>,
}

/// What git is asked for at a time, in bytes: the answer is held in memory.
const BATCH: u64 = 64 << 20;
/// How long git may take for the objects of one question.
const LIMIT: Duration = Duration::from_mins(2);

/// Gives the contents of objects to `visit`. Gives back the ids of those that cannot be read, or are larger than
/// [`OBJECT_LIMIT`].
pub(super) fn contents(
    layout: &Layout,
    git: &GitProgram,
    ids: &[String],
    meter: &Meter,
    visit: &mut dyn FnMut(ObjectContent),
) -> Result<Vec<String>, GitError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    if !git.available() {
        return contents_by_libgit2(layout, ids, visit);
    }
    let input = |ids: &[&str]| (ids.join("\n") + "\n").into_bytes();
    let all: Vec<_> = ids.iter().map(String::as_str).collect();
    let question = ["cat-file", "--batch-check"];
    let output = git.run_within(&layout.root, &question, input(&all), LIMIT, meter)?;
    let text = output.text();
    let mut sizes = HashMap::new();
    for line in text.lines() {
        if let [id, _, size] = line.split(' ').collect::<Vec<_>>().as_slice()
            && let Ok(size) = size.parse::<u64>()
        {
            sizes.insert(*id, size);
        }
    }
    let mut left = Vec::new();
    let mut batch = Vec::new();
    let mut held = 0;
    let mut unread = Vec::new();
    for id in all {
        match sizes.get(id) {
            Some(size) if *size <= OBJECT_LIMIT as u64 => {
                if held + size > BATCH && !batch.is_empty() {
                    left.push(std::mem::take(&mut batch));
                    held = 0;
                }
                held += size;
                batch.push(id);
            }
            Some(_) | None => unread.push(id.to_owned()),
        }
    }
    left.push(batch);
    for batch in left.iter().filter(|batch| !batch.is_empty()) {
        let question = ["cat-file", "--batch"];
        let output = git.run_within(&layout.root, &question, input(batch), LIMIT, meter)?;
        let mut given = HashSet::new();
        parse_contents(&output.out, &mut |content| {
            given.insert(content.id.clone());
            visit(content);
        });
        let missing = batch.iter().filter(|id| !given.contains(**id));
        unread.extend(missing.map(|id| (*id).to_owned()));
    }
    Ok(unread)
}

/// Reads `id kind length`, the content, a newline.
fn parse_contents(mut rest: &[u8], visit: &mut dyn FnMut(ObjectContent)) {
    while let Some(end) = memchr::memchr(b'\n', rest) {
        let head = String::from_utf8_lossy(rest.get(..end).unwrap_or_default()).into_owned();
        let words: Vec<_> = head.split(' ').collect();
        rest = rest.get(end + 1..).unwrap_or_default();
        if let [id, kind, length] = words.as_slice()
            && let Ok(length) = length.parse::<usize>()
            && let Some(bytes) = rest.get(..length)
        {
            if let Some(kind) = ObjectKind::from_name(kind.as_bytes()) {
                visit(ObjectContent {
                    id: (*id).to_owned(),
                    kind,
                    bytes: bytes.to_vec(),
                });
            }
            rest = rest.get(length + 1..).unwrap_or_default();
        }
    }
}

fn contents_by_libgit2(
    layout: &Layout,
    ids: &[String],
    visit: &mut dyn FnMut(ObjectContent),
) -> Result<Vec<String>, GitError> {
    let repository = git2::Repository::open(&layout.root)?;
    let database = repository.odb()?;
    let read = |id: &String| {
        let oid = git2::Oid::from_str(id).ok()?;
        let (size, _) = database.read_header(oid).ok()?;
        let object = (size <= OBJECT_LIMIT).then(|| database.read(oid).ok())??;
        Some(ObjectContent {
            id: id.clone(),
            kind: ObjectKind::from_name(object.kind().str().as_bytes())?,
            bytes: object.data().to_vec(),
        })
    };
    let mut unread = Vec::new();
    for id in ids {
        match read(id) {
            Some(content) => visit(content),
            None => unread.push(id.clone()),
        }
    }
    Ok(unread)
}

/// How long the reading of one large object may take.
pub(super) const LARGE_LIMIT: Duration = Duration::from_mins(1);

/// Gives the content of a file's object, whatever its size, to `read`; git reads it in pieces, too, wherever it can.
pub(super) fn read_blob<T>(
    layout: &Layout,
    git: &GitProgram,
    id: &str,
    meter: &Meter,
    read: impl FnOnce(ChildStdout) -> io::Result<T>,
) -> Result<T, GitError> {
    let question = ["-c", "core.bigFileThreshold=8m", "cat-file", "blob", id];
    let limit = (LARGE_LIMIT, meter);
    let (read, output) = git.stream_within(&layout.root, &question, Vec::new(), limit, read)?;
    if output.success() {
        Ok(read)
    } else {
        Err(output.failure())
    }
}
