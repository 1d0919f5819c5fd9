//! Every object of a repository, reachable or not, read once; and, only for what was found, which commits it belongs to.

mod git_files;
mod matches;
mod naming;
mod objects;

use std::path::PathBuf;

use crate::{
    core::secret::Secret,
    ports::repository::{
        error::{GitError, RepositoryError},
        index::{self, os_path},
        layout::Layout,
        loose,
        meter::Meter,
        model::{HistoryScan, Incomplete},
        program::GitProgram,
        searcher::Searcher,
    },
};
use matches::Matches;
use objects::ObjectSearch;

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
        searched: Vec::new(),
        scan: HistoryScan::default(),
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
    /// Object directories.
    searched: Vec<PathBuf>,
    scan: HistoryScan,
}

impl HistoryScanner<'_> {
    /// Scans a repository, and the submodules in it down to a depth; every path gets the prefix.
    fn repository(
        &mut self,
        layout: &Layout,
        git: &GitProgram,
        prefix: &str,
        depth: usize,
    ) -> Result<(), GitError> {
        let mut matches = self.objects(layout, git);
        if let Some(reason) = layout.partial() {
            let incomplete = &mut self.scan.incomplete;
            incomplete.get_or_insert(Incomplete::Clone(reason));
        }
        if self.meter.stopped() {
            return Ok(());
        }
        matches.objects.sort_by(|a, b| a.id.cmp(&b.id));
        matches.objects.dedup_by(|a, b| a.id == b.id);
        let namer = naming::Namer {
            layout,
            git,
            searcher: self.searcher,
            prefix,
            meter: self.meter,
        };
        let leaks = namer.leaks(matches.objects);
        let in_files = git_files::leaks(layout, git, self.searcher, prefix, &leaks);
        self.scan.leaks.extend(leaks);
        self.scan.leaks.extend(in_files);
        let committed = namer.committed(&matches.names, self.watched);
        self.scan.committed.extend(committed);
        for entry in index::entries(layout, git, None)? {
            if entry.is_submodule()
                && depth > 0
                && let Some((inner, git)) = layout.nested(&os_path(&entry.path), git)
            {
                let prefix = format!("{prefix}{}/", String::from_utf8_lossy(&entry.path));
                self.repository(&inner, &git, &prefix, depth - 1)?;
            }
        }
        // submodules whose work tree is not there any more keep their objects
        for common in git_files::stored_submodules(&layout.common) {
            let inner = Layout {
                git_dir: common.clone(),
                common,
                ..layout.clone()
            };
            let matches = self.objects(&inner, git);
            let leaks = naming::unnamed(self.searcher, matches.objects);
            self.scan.leaks.extend(leaks);
        }
        Ok(())
    }

    /// Searches the objects that were not searched yet.
    fn objects(&mut self, layout: &Layout, git: &GitProgram) -> Matches {
        let mut matches = Matches::default();
        for directory in loose::directories(&layout.common) {
            if self.searched.contains(&directory) {
                continue;
            }
            let unread = self
                .search
                .directory(layout, git, &directory, self.meter, &mut matches);
            if let Some(reason) = unread {
                self.scan.incomplete = Some(Incomplete::Unread(reason));
            }
            self.searched.push(directory);
        }
        matches
    }
}
