//! Every object of a repository, reachable or not, read once; and, only for what was found, which commits it belongs to.

mod commits;
mod git_files;
mod links;
mod matches;
mod naming;
mod objects;
mod references;
mod refs;
mod whole;

use std::path::PathBuf;

use crate::{
    core::{proof::Unread, secret::Secret},
    domain::hex::unhex,
    os::files::path_from_git,
    ports::repository::{
        error::{GitError, RepositoryError},
        index::{self, IndexEntry},
        layout::Layout,
        loose,
        meter::Meter,
        model::HistoryScan,
        program::GitProgram,
        searcher::Searcher,
    },
};
use matches::Matches;
use objects::{ObjectSearch, Store};
use refs::Refs;
use whole::Whole;

/// How deep submodules may lie in submodules.
const DEPTH: usize = 8;

/// What a scan looks for.
pub(super) struct HistoryQuery {
    pub(super) live: Vec<(String, Secret)>,
    /// Paths that no commit should hold.
    pub(super) watched: Vec<String>,
    /// Where the searches of packs are remembered.
    pub(super) cache: Option<PathBuf>,
}

/// Searches every object of a repository and of its submodules.
pub(super) fn scan(
    layout: &Layout,
    git: &GitProgram,
    query: &HistoryQuery,
    searcher: &Searcher,
    meter: &Meter,
) -> Result<HistoryScan, RepositoryError> {
    let HistoryQuery {
        live,
        watched,
        cache,
    } = query;
    let mut scanner = HistoryScanner {
        searcher,
        search: ObjectSearch::new(searcher, live, watched, cache.as_deref())?,
        watched,
        meter,
        stores: Vec::new(),
        scan: HistoryScan::new(),
    };
    scanner
        .repository(layout, git, "", DEPTH)
        .map_err(RepositoryError::Unsearched)?;
    Ok(HistoryScan {
        objects: meter.done(),
        ..scanner.scan
    })
}

struct HistoryScanner<'a> {
    searcher: &'a Searcher,
    search: ObjectSearch<'a>,
    watched: &'a [String],
    meter: &'a Meter,
    /// The object directories that were searched.
    stores: Vec<Store>,
    scan: HistoryScan,
}

impl HistoryScanner<'_> {
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
        let mut matches = self.objects(layout, git);
        if self.meter.stopped() {
            return Ok(());
        }
        let entries = index::entries(layout, git, None)?;
        let refs = Refs::read(layout, git);
        if git.available() {
            self.scan.coverage.join(refs.coverage);
        }
        matches
            .elsewhere
            .extend(refs.tips.iter().filter_map(|id| unhex(id)));
        let staged = entries.iter().filter(|entry| !entry.is_submodule());
        matches
            .elsewhere
            .extend(staged.filter_map(|entry| unhex(&entry.id)));
        let whole = Whole {
            layout,
            git,
            meter: self.meter,
            stores: &self.stores,
        };
        self.scan
            .coverage
            .join(whole.check(&matches.elsewhere, prefix));
        self.scan.coverage.join(matches.coverage);
        matches.objects.sort_by(|a, b| a.id.cmp(&b.id));
        matches.objects.dedup_by(|a, b| a.id == b.id);
        let namer = naming::Namer {
            layout,
            git,
            searcher: self.searcher,
            prefix,
            fetched: &refs.fetched,
            meter: self.meter,
        };
        let (leaks, unread) = namer.leaks(matches.objects);
        self.scan.coverage.join(unread);
        let (in_files, unread) =
            git_files::leaks(layout, self.searcher, &refs.names, prefix, &leaks);
        self.scan.coverage.join(unread);
        self.scan.leaks.extend(leaks);
        self.scan.leaks.extend(in_files);
        let committed = namer.committed(&matches.names, self.watched);
        self.scan.committed.extend(committed);
        self.nested(layout, git, &entries, prefix, depth)?;
        // submodules whose work tree is not there any more keep their objects
        let (stored, unread) = git_files::stored_submodules(&layout.common);
        self.scan.coverage.join(unread);
        for common in stored {
            let inner = Layout {
                git_dir: common.clone(),
                common,
                ..layout.clone()
            };
            let matches = self.objects(&inner, &git.untied());
            self.scan.coverage.join(matches.coverage);
            let (leaks, unread) = naming::unnamed(self.searcher, matches.objects);
            self.scan.coverage.join(unread);
            self.scan.leaks.extend(leaks);
        }
        Ok(())
    }

    /// Scans the submodules, and the repositories that only lie in this one.
    fn nested(
        &mut self,
        layout: &Layout,
        git: &GitProgram,
        entries: &[IndexEntry],
        prefix: &str,
        depth: usize,
    ) -> Result<(), GitError> {
        let submodules = entries.iter().filter(|entry| entry.is_submodule());
        let mut paths: Vec<Vec<u8>> = submodules.map(|entry| entry.path.clone()).collect();
        if git.available() {
            let others = index::untracked(layout, git)?;
            let others = others.iter().filter_map(|path| path.strip_suffix(b"/"));
            paths.extend(others.map(<[u8]>::to_vec));
        }
        for path in paths {
            let Some((inner, git)) = layout.nested(&path_from_git(&path), git) else {
                continue;
            };
            let name = format!("{prefix}{}", String::from_utf8_lossy(&path));
            let why = if depth == 0 {
                Some("repositories are nested more than 8 deep".to_owned())
            } else {
                let scanned = self.repository(&inner, &git, &format!("{name}/"), depth - 1);
                let why = |error| format!("git can't read this nested repository: {error}");
                scanned.err().map(why)
            };
            if let Some(why) = why {
                self.scan.coverage.leave_out(Unread {
                    what: name,
                    why,
                    hint: "run `neonup check secrets` in it".to_owned(),
                });
            }
        }
        Ok(())
    }

    /// Searches the objects that were not searched yet.
    fn objects(&mut self, layout: &Layout, git: &GitProgram) -> Matches {
        let mut matches = Matches::default();
        let (directories, unread) = loose::directories(&layout.common, git);
        matches.coverage.join(unread);
        for directory in directories {
            if self.stores.iter().any(|store| store.is_of(&directory)) {
                continue;
            }
            let (store, left_out) = Store::open(&directory, layout);
            matches.coverage.join(left_out);
            matches.add(self.search.directory(layout, git, &store, self.meter));
            self.stores.push(store);
        }
        matches
    }
}
