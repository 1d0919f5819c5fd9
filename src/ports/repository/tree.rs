//! The work tree and the index: what the next commit takes, or could take.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicUsize, Ordering},
};

use crate::ports::repository::{
    error::{GitError, RepositoryError},
    index::{self, ObjectContent, os_path},
    layout::Layout,
    meter::Meter,
    model::{Incomplete, Leak, Location, TreeScan},
    port::Result,
    program::GitProgram,
    searcher::Searcher,
    threads::{on_threads, threads},
};

/// How deep submodules may lie in submodules.
const DEPTH: usize = 8;

/// Searches everything that git tracks or would take.
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
    scanner
        .staged(layout, git, "")
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
            scan: TreeScan::default(),
        }
    }

    fn unread(&mut self, reason: String) {
        self.scan.incomplete = Some(Incomplete::Unread(reason));
    }

    /// Scans a repository, and those in it down to a depth; every path gets the prefix.
    fn repository(
        &mut self,
        layout: &Layout,
        git: &GitProgram,
        prefix: &str,
        depth: usize,
    ) -> Result<(), GitError> {
        let mut files = Vec::new();
        let mut nested = Vec::new();
        for entry in index::entries(layout, git, None)? {
            if entry.is_submodule() {
                nested.push(entry.path);
            } else if entry.hidden {
                files.push((entry.path, Location::Hidden));
            } else {
                files.push((entry.path, Location::Tracked));
            }
        }
        // a file in conflict has an entry for each side
        files.dedup_by(|a, b| a.0 == b.0);
        if git.available() {
            for path in index::untracked(layout, git)? {
                if let Some(directory) = path.strip_suffix(b"/") {
                    nested.push(directory.to_vec());
                } else {
                    files.push((path, Location::Untracked));
                }
            }
        } else {
            self.unread("without git it is not known which untracked files it would take".into());
        }
        self.meter.expect(files.len());
        self.files(layout, prefix, &files);
        self.staged(layout, git, prefix)?;
        for path in nested {
            let Some((inner, git)) = layout.nested(&os_path(&path), git) else {
                continue;
            };
            let name = format!("{prefix}{}", String::from_utf8_lossy(&path));
            if depth == 0 {
                self.unread(format!("`{name}` lies too deep in other repositories"));
            } else {
                self.repository(&inner, &git, &format!("{name}/"), depth - 1)?;
            }
        }
        Ok(())
    }

    /// Searches files of the work tree on several threads.
    fn files(&mut self, layout: &Layout, prefix: &str, files: &[(Vec<u8>, Location)]) {
        let (searcher, meter) = (self.searcher, self.meter);
        let next = AtomicUsize::new(0);
        let work = || {
            let (mut leaks, mut unread) = (Vec::new(), None);
            while let Some((path, location)) = files.get(next.fetch_add(1, Ordering::Relaxed))
                && !meter.stopped()
            {
                let name = format!("{prefix}{}", String::from_utf8_lossy(path));
                let shown = searcher.redact_path(&name);
                let mut found = Vec::new();
                let full = layout.root.join(os_path(path));
                if searcher.search_file(&full, &mut found).is_err() {
                    unread = Some(shown.clone());
                }
                leaks.extend(searcher.leaks(found, &shown, *location, ""));
                let found = searcher.search_name(path);
                let in_name = searcher.leaks(found, &shown, *location, "in the name of the file");
                leaks.extend(in_name.into_iter().map(|leak| Leak { line: None, ..leak }));
                meter.advance(1);
            }
            (leaks, unread)
        };
        for (leaks, unread) in on_threads(threads().min(files.len().div_ceil(64)), work) {
            self.scan.leaks.extend(leaks);
            if let Some(name) = unread {
                self.unread(format!("`{name}` could not be read"));
            }
        }
        self.scan.files += files.len();
    }

    /// Searches the versions in the index that the work tree may not have any more.
    fn staged(&mut self, layout: &Layout, git: &GitProgram, prefix: &str) -> Result<(), GitError> {
        let staged = index::staged(layout, git, None)?;
        let ids: BTreeSet<_> = staged.iter().map(|(_, id)| id.clone()).collect();
        let ids: Vec<_> = ids.into_iter().collect();
        for ObjectContent { id, bytes, .. } in index::contents(layout, git, &ids, self.meter)? {
            let mut found = Vec::new();
            self.searcher.search(&bytes, &mut found);
            for (path, _) in staged.iter().filter(|(_, of)| *of == id) {
                let name = format!("{prefix}{}", String::from_utf8_lossy(path));
                let shown = self.searcher.redact_path(&name);
                let leaks = self
                    .searcher
                    .leaks(found.clone(), &shown, Location::Staged, "");
                for leak in leaks {
                    let mut known = self.scan.leaks.iter();
                    if !known.any(|other| other.secret == leak.secret && other.path == leak.path) {
                        self.scan.leaks.push(leak);
                    }
                }
            }
        }
        Ok(())
    }
}
