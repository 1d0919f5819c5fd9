//! The work tree and the index: what the next commit takes, or could take.

use std::{
    collections::{BTreeSet, HashSet},
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
};

use crate::{
    core::proof::Unread,
    os::files::path_from_git,
    ports::repository::{
        error::{GitError, RepositoryError},
        index::{self, IndexEntry, ObjectContent},
        layout::Layout,
        meter::Meter,
        model::{Leak, Location, TreeScan},
        port::Result,
        program::GitProgram,
        searcher::{SearchResult, Searcher},
        threads::{on_threads, threads},
        untracked::untracked,
        worktrees,
    },
};

/// How deep submodules may lie in submodules.
const DEPTH: usize = 8;

/// Searches everything that git tracks or would take, in every work tree.
pub(super) fn scan(
    layout: &Layout,
    git: &GitProgram,
    searcher: &Searcher,
    meter: &Meter,
) -> Result<TreeScan> {
    let mut scanner = TreeScanner::new(searcher, meter);
    scanner
        .repository(layout, git, "", DEPTH)
        .map_err(RepositoryError::Unsearched)?;
    match worktrees::others(layout, git) {
        Ok(others) => {
            for root in others {
                scanner.other(&root, git);
            }
        }
        Err(error) => scanner.unread(
            "the other work trees",
            format!("git couldn't list them: {error}"),
            "git worktree list",
        ),
    }
    let mut scan = scanner.scan;
    scan.leaks
        .sort_by(|a, b| (&a.path, a.line, a.location).cmp(&(&b.path, b.line, b.location)));
    Ok(scan)
}

/// Searches what the next commit adds or changes.
pub(super) fn scan_staged(
    layout: &Layout,
    git: &GitProgram,
    searcher: &Searcher,
    meter: &Meter,
) -> Result<TreeScan> {
    let mut scanner = TreeScanner::new(searcher, meter);
    let staged = index::staged(layout, git, None).map_err(RepositoryError::Unsearched)?;
    for (path, _) in &staged {
        let shown = searcher.redact_path(&String::from_utf8_lossy(path));
        let note = "in the name of the file";
        let found = searcher.search_name(path);
        let leaks = searcher.leaks(found, &shown, Location::Staged, note);
        let leaks = leaks.into_iter().map(|leak| Leak { line: None, ..leak });
        scanner.scan.leaks.extend(leaks);
    }
    scanner
        .stored(layout, git, "", &staged, Location::Staged)
        .map_err(RepositoryError::Unsearched)?;
    Ok(scanner.scan)
}

struct TreeScanner<'a> {
    searcher: &'a Searcher,
    meter: &'a Meter,
    scan: TreeScan,
}

impl<'a> TreeScanner<'a> {
    fn new(searcher: &'a Searcher, meter: &'a Meter) -> Self {
        Self {
            searcher,
            meter,
            scan: TreeScan::new(),
        }
    }

    fn unread(&mut self, what: impl Into<String>, why: impl Into<String>, hint: &str) {
        self.scan.coverage.leave_out(Unread {
            what: what.into(),
            why: why.into(),
            hint: hint.to_owned(),
        });
    }

    /// Scans another work tree of the repository, whose paths are shown in full.
    fn other(&mut self, root: &Path, git: &GitProgram) {
        let name = root.display().to_string();
        let git = git.untied();
        let scanned = Layout::discover(root, &git)
            .map(|layout| self.repository(&layout, &git, &format!("{name}/"), DEPTH));
        match scanned {
            Some(Ok(())) => {}
            Some(Err(error)) => self.unread(name, format!("git can't read it: {error}"), STATUS),
            None => self.unread(name, "git can't open this work tree", "git worktree repair"),
        }
    }

    /// Scans a repository, and those in it down to a depth; every path gets the prefix.
    fn repository(
        &mut self,
        layout: &Layout,
        git: &GitProgram,
        prefix: &str,
        depth: usize,
    ) -> Result<(), GitError> {
        if let Some(error) = &layout.unopened {
            return Err(error.clone());
        }
        let mut files = Vec::new();
        let mut nested = Vec::new();
        let entries = index::entries(layout, git, None)?;
        if git.available() {
            for path in index::untracked(layout, git)? {
                if let Some(directory) = path.strip_suffix(b"/") {
                    nested.push(directory.to_vec());
                } else {
                    files.push((path, Location::Untracked));
                }
            }
        } else {
            let paths = |submodules| {
                let entries = entries.iter();
                entries
                    .filter(move |entry| entry.is_submodule() == submodules)
                    .map(|entry| &*entry.path)
                    .collect::<HashSet<_>>()
            };
            let indexed = (&paths(false), &paths(true));
            let found = untracked(layout, git, indexed, self.meter);
            nested.extend(found.nested);
            let paths = found.files.into_iter();
            files.extend(paths.map(|path| (path, Location::Untracked)));
            for (what, why) in found.unread {
                self.unread(
                    format!("{prefix}{what}"),
                    why,
                    "make it readable, or install git",
                );
            }
        }
        let filtered = self.filtered(layout, git, &entries);
        let mut stored = Vec::new();
        for entry in entries {
            if entry.is_submodule() {
                nested.push(entry.path);
            } else if filtered.contains(&entry.path) {
                stored.push((entry.path, entry.id));
            } else if entry.hidden {
                files.push((entry.path, Location::Hidden));
            } else {
                files.push((entry.path, Location::Tracked));
            }
        }
        // a file in conflict has an entry for each side
        files.dedup_by(|a, b| a.0 == b.0);
        self.meter.expect(files.len());
        self.files(layout, prefix, &files);
        self.stored(layout, git, prefix, &stored, Location::Tracked)?;
        self.scan.files += stored.len();
        let staged = index::staged(layout, git, None)?;
        self.stored(layout, git, prefix, &staged, Location::Staged)?;
        for path in nested {
            let Some((inner, git)) = layout.nested(&path_from_git(&path), git) else {
                continue;
            };
            let name = format!("{prefix}{}", String::from_utf8_lossy(&path));
            if depth == 0 {
                let why = "repositories are nested more than 8 deep";
                self.unread(name, why, "run `neonup check secrets` in it");
                continue;
            }
            if let Err(error) = self.repository(&inner, &git, &format!("{name}/"), depth - 1) {
                let why = format!("git can't read this nested repository: {error}");
                self.unread(name, why, STATUS);
            }
        }
        Ok(())
    }

    /// Searches files of the work tree on several threads.
    fn files(&mut self, layout: &Layout, prefix: &str, files: &[(Vec<u8>, Location)]) {
        let (searcher, meter) = (self.searcher, self.meter);
        let next = AtomicUsize::new(0);
        let work = || {
            let (mut leaks, mut unread) = (Vec::new(), Vec::new());
            while let Some((path, location)) = files.get(next.fetch_add(1, Ordering::Relaxed))
                && !meter.stopped()
            {
                let name = format!("{prefix}{}", String::from_utf8_lossy(path));
                let shown = searcher.redact_path(&name);
                let mut found = SearchResult::default();
                let full = layout.root.join(path_from_git(path));
                if let Err(error) = searcher.search_file(&full, &mut found) {
                    let why = format!("it couldn't be read: {}", error.kind());
                    unread.push(Unread::file(&shown, why, "make it readable"));
                }
                unread.extend(found.unread_of(&shown));
                leaks.extend(searcher.leaks(found.hits, &shown, *location, ""));
                let found = searcher.search_name(path);
                let in_name = searcher.leaks(found, &shown, *location, "in the name of the file");
                leaks.extend(in_name.into_iter().map(|leak| Leak { line: None, ..leak }));
                meter.advance(1);
            }
            (leaks, unread)
        };
        for (leaks, unread) in on_threads(threads().min(files.len().div_ceil(64)), work) {
            self.scan.leaks.extend(leaks);
            for unread in unread {
                self.scan.coverage.leave_out(unread);
            }
        }
        self.scan.files += files.len();
    }

    /// The files that git stores in another form than they have in the work tree. Without an answer there are none: then the files
    /// themselves are searched.
    fn filtered(
        &mut self,
        layout: &Layout,
        git: &GitProgram,
        entries: &[IndexEntry],
    ) -> HashSet<Vec<u8>> {
        let paths: Vec<&[u8]> = entries.iter().map(|entry| entry.path.as_slice()).collect();
        if !git.available() || paths.is_empty() {
            return HashSet::new();
        }
        index::filtered(layout, git, &paths, self.meter).unwrap_or_default()
    }

    /// Searches versions in the index: those that the work tree may not have any more, and those that a filter made.
    fn stored(
        &mut self,
        layout: &Layout,
        git: &GitProgram,
        prefix: &str,
        staged: &[(Vec<u8>, String)],
        location: Location,
    ) -> Result<(), GitError> {
        let ids: BTreeSet<_> = staged.iter().map(|(_, id)| id.clone()).collect();
        let ids: Vec<_> = ids.into_iter().collect();
        let (searcher, meter) = (self.searcher, self.meter);
        let mut results = Vec::new();
        let mut visit = |ObjectContent { id, bytes, .. }: ObjectContent| {
            let mut found = SearchResult::default();
            searcher.search(&bytes, &mut found);
            results.push((id, Ok(found)));
        };
        for id in index::contents(layout, git, &ids, meter, &mut visit)? {
            let mut found = SearchResult::default();
            let read = index::read_blob(layout, git, &id, meter, |text| {
                searcher.search_pieces(text, &mut found)
            });
            results.push((id, read.map(|()| found)));
        }
        for (id, found) in results {
            for (path, _) in staged.iter().filter(|(_, of)| *of == id) {
                let name = format!("{prefix}{}", String::from_utf8_lossy(path));
                self.stored_file(&searcher.redact_path(&name), &found, location);
            }
        }
        Ok(())
    }

    /// Adds what was found in the staged version of a file, unless the file itself holds the same.
    fn stored_file(
        &mut self,
        shown: &str,
        found: &Result<SearchResult, GitError>,
        location: Location,
    ) {
        let found = match found {
            Ok(found) => found,
            Err(error) => {
                let why = format!("its staged version couldn't be read: {error}");
                let unread = Unread::file(shown, why, "stage it again: `git add`");
                return self.scan.coverage.leave_out(unread);
            }
        };
        for unread in found.unread_of(shown) {
            self.scan.coverage.leave_out(unread);
        }
        let found = found.hits.clone();
        for leak in self.searcher.leaks(found, shown, location, "") {
            let mut known = self.scan.leaks.iter();
            if !known.any(|other| other.is_same(&leak)) {
                self.scan.leaks.push(leak);
            }
        }
    }
}

/// Where git says what it makes of a repository.
const STATUS: &str = "check `git status` in it";
