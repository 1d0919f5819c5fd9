//! What git has in its index, what it would take, and what the next commit changes.

use std::{io, path::Path, time::Duration};

use crate::ports::repository::{layout::Layout, meter::Meter, pack::Kind, program::Program};

/// An entry of the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// The path, as git's bytes.
    pub(super) path: Vec<u8>,
    /// The mode's six octal digits.
    pub(super) mode: u32,
    /// The object id, in hexadecimal digits.
    pub(super) id: String,
    /// Whether git is told to overlook changes: skip-worktree or assume-unchanged.
    pub(super) hidden: bool,
}

impl Entry {
    /// Whether it is the commit of a submodule.
    pub(super) const fn is_submodule(&self) -> bool {
        self.mode == 0o160_000
    }
}

/// All entries, or those of one path.
pub(super) fn entries(
    layout: &Layout,
    git: &Program,
    path: Option<&str>,
) -> io::Result<Vec<Entry>> {
    if git.available() {
        let mut arguments = vec!["--literal-pathspecs", "ls-files", "-s", "-v", "-z"];
        if let Some(path) = path {
            arguments.extend(["--", path]);
        }
        let said = git.run(&layout.root, &arguments)?;
        if !said.ok() {
            return Err(io::Error::other(said.reason()));
        }
        return said
            .records()
            .map(|record| {
                parse(record)
                    .ok_or_else(|| io::Error::other("git listed its index in an unknown form"))
            })
            .collect();
    }
    let repository = git2::Repository::open(&layout.root).map_err(other)?;
    let index = repository.index().map_err(other)?;
    Ok(index
        .iter()
        .filter(|entry| path.is_none_or(|path| entry.path == path.as_bytes()))
        .map(|entry| Entry {
            mode: entry.mode,
            id: entry.id.to_string(),
            hidden: entry.flags & 0x8000 != 0 || entry.flags_extended & 0x4000 != 0,
            path: entry.path,
        })
        .collect())
}

/// `H 100644 0123… 0\tpath`
fn parse(record: &[u8]) -> Option<Entry> {
    let tab = memchr::memchr(b'\t', record)?;
    let head = std::str::from_utf8(record.get(..tab)?).ok()?;
    let mut words = head.split(' ');
    let (tag, mode, id) = (words.next()?, words.next()?, words.next()?);
    Some(Entry {
        path: record.get(tab + 1..)?.to_vec(),
        mode: u32::from_str_radix(mode, 8).ok()?,
        id: id.to_owned(),
        hidden: tag == "S" || tag.chars().all(|c| c.is_ascii_lowercase()),
    })
}

/// The paths that `git add .` would take; a nested repository ends in a slash.
pub(super) fn untracked(layout: &Layout, git: &Program) -> io::Result<Vec<Vec<u8>>> {
    let said = git.run(
        &layout.root,
        &["ls-files", "-o", "--exclude-standard", "-z"],
    )?;
    if !said.ok() {
        return Err(io::Error::other(said.reason()));
    }
    Ok(said.records().map(<[u8]>::to_vec).collect())
}

/// The path and the object of everything that the next commit adds or changes.
pub(super) fn staged(
    layout: &Layout,
    git: &Program,
    path: Option<&str>,
) -> io::Result<Vec<(Vec<u8>, String)>> {
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
    let said = git.run(&layout.root, &arguments)?;
    if !said.ok() {
        return Err(io::Error::other(said.reason()));
    }
    let mut staged = Vec::new();
    let mut records = said.records();
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

fn staged_by_libgit2(layout: &Layout, path: Option<&str>) -> io::Result<Vec<(Vec<u8>, String)>> {
    let repository = git2::Repository::open(&layout.root).map_err(other)?;
    let head = repository
        .head()
        .ok()
        .and_then(|head| head.peel_to_tree().ok());
    let diff = repository
        .diff_tree_to_index(head.as_ref(), None, None)
        .map_err(other)?;
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
pub(super) struct Content {
    /// Its id.
    pub(super) id: String,
    /// What it is.
    pub(super) kind: Kind,
    /// The bytes.
    pub(super) bytes: Vec<u8>,
}

/// The contents of objects, in the order they were asked for; those that cannot be read are left out.
pub(super) fn contents(
    layout: &Layout,
    git: &Program,
    ids: &[String],
    meter: &Meter,
) -> io::Result<Vec<Content>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    if !git.available() {
        let repository = git2::Repository::open(&layout.root).map_err(other)?;
        let database = repository.odb().map_err(other)?;
        return Ok(ids
            .iter()
            .filter_map(|id| {
                let object = database.read(git2::Oid::from_str(id).ok()?).ok()?;
                Some(Content {
                    id: id.clone(),
                    kind: Kind::of(object.kind().str().as_bytes())?,
                    bytes: object.data().to_vec(),
                })
            })
            .collect());
    }
    let input = ids.join("\n") + "\n";
    let said = git
        .run_within(
            &layout.root,
            &["cat-file", "--batch"],
            input.into_bytes(),
            Duration::from_mins(2),
            meter,
        )?
        .ok_or_else(|| io::Error::other("git did not answer in time"))?;
    let mut rest = said.out.as_slice();
    let mut contents = Vec::new();
    // `id kind length`, the content, a newline
    while let Some(end) = memchr::memchr(b'\n', rest) {
        let head = String::from_utf8_lossy(rest.get(..end).unwrap_or_default()).into_owned();
        let words: Vec<_> = head.split(' ').collect();
        rest = rest.get(end + 1..).unwrap_or_default();
        if let [id, kind, length] = words.as_slice()
            && let Ok(length) = length.parse::<usize>()
            && let Some(bytes) = rest.get(..length)
        {
            if let Some(kind) = Kind::of(kind.as_bytes()) {
                contents.push(Content {
                    id: (*id).to_owned(),
                    kind,
                    bytes: bytes.to_vec(),
                });
            }
            rest = rest.get(length + 1..).unwrap_or_default();
        }
    }
    Ok(contents)
}

#[expect(clippy::needless_pass_by_value, reason = "it is made for `map_err`")]
pub(super) fn other(error: git2::Error) -> io::Error {
    io::Error::other(error.message().to_owned())
}

/// A path from git's bytes.
#[cfg(unix)]
pub(super) fn os_path(bytes: &[u8]) -> std::borrow::Cow<'_, Path> {
    use std::os::unix::ffi::OsStrExt as _;
    std::borrow::Cow::Borrowed(Path::new(std::ffi::OsStr::from_bytes(bytes)))
}

/// A path from git's bytes.
#[cfg(not(unix))]
pub(super) fn os_path(bytes: &[u8]) -> std::borrow::Cow<'_, Path> {
    std::borrow::Cow::Owned(Path::new(&*String::from_utf8_lossy(bytes)).to_owned())
}
