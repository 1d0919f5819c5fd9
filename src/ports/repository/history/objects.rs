//! Searches every object of an object directory, packed or loose.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

use libdeflater::Decompressor;

use crate::{
    core::secret::Secret,
    domain::credentials::{Needles, NeedlesError, Weight},
    os::bounded,
    ports::repository::{
        cache::{CachedPack, PackCache},
        gitignore::is_example,
        history::matches::{Matches, ObjectMatch},
        index,
        layout::Layout,
        loose,
        meter::Meter,
        object::{OBJECT_LIMIT, ObjectKind, ObjectView},
        pack::{self, Pack},
        program::GitProgram,
        searcher::{MatchedSecret, Searcher, is_match_in},
        threads::{on_threads, threads},
    },
};

/// The most objects that are kept of a thread: with more, the rest is only more of the same.
const MOST: usize = 20_000;

/// What is looked for in the objects.
pub(super) struct ObjectSearch<'a> {
    searcher: &'a Searcher,
    /// For trees: the secrets, and the beginnings of the names that are watched.
    tree_words: Needles,
    /// The names of the watched paths.
    watched: BTreeSet<Vec<u8>>,
    cache: Option<PackCache>,
}

impl<'a> ObjectSearch<'a> {
    pub(super) fn new(
        searcher: &'a Searcher,
        live: &[(String, Secret)],
        watched: &[String],
        cache: Option<&Path>,
    ) -> Result<Self, NeedlesError> {
        let names: BTreeSet<&str> = watched
            .iter()
            .filter_map(|path| path.rsplit('/').next())
            .collect();
        // in a tree, a space stands before each name
        let words: Vec<String> = names.iter().map(|name| format!(" {name}")).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).chain([" .env"]).collect();
        let watched = names.iter().map(|name| name.as_bytes().to_vec()).collect();
        Ok(Self {
            searcher,
            tree_words: Needles::with_words(live.iter().map(|(_, secret)| secret), &words)?,
            cache: cache.and_then(|directory| PackCache::open(directory, live, &watched)),
            watched,
        })
    }

    /// Searches all objects of a directory. Gives the reason if some could not be read.
    pub(super) fn directory(
        &self,
        layout: &Layout,
        git: &GitProgram,
        directory: &Path,
        meter: &Meter,
        matches: &mut Matches,
    ) -> Option<String> {
        let mut incomplete = None;
        let indexes = pack::indexes(directory).unwrap_or_else(|error| {
            incomplete = Some(format!("the packs could not be listed: {error}"));
            Vec::new()
        });
        let mut packs = Vec::new();
        for index in indexes {
            match Pack::open(&index, layout.hash) {
                Ok(pack) => {
                    meter.expect(pack.len());
                    packs.push(pack);
                }
                Err(error) => incomplete = Some(format!("a pack could not be read: {error}")),
            }
        }
        let files = loose::files(directory).unwrap_or_else(|error| {
            incomplete = Some(format!("the objects could not be listed: {error}"));
            Vec::new()
        });
        meter.expect(files.len());
        let mut unread = 0;
        for pack in &packs {
            if self.remembered(layout, git, pack, meter, matches).is_some() {
                meter.advance(pack.len());
            } else {
                unread += self.pack(layout, pack, meter, matches);
            }
        }
        unread += self.loose(layout, &files, meter, matches);
        if unread > 0 && !meter.stopped() {
            incomplete = Some(format!("{unread} objects could not be read"));
        }
        incomplete
    }

    /// Takes what is remembered of a pack, and reads again what was found in it; `None` where that is not possible.
    fn remembered(
        &self,
        layout: &Layout,
        git: &GitProgram,
        pack: &Pack,
        meter: &Meter,
        matches: &mut Matches,
    ) -> Option<()> {
        let CachedPack { hits, names } = self.cache.as_ref()?.get(pack.checksum())?;
        let ids: Vec<_> = hits.into_iter().collect();
        let contents = index::contents(layout, git, &ids, meter).ok()?;
        if contents.len() != ids.len() {
            return None;
        }
        for content in contents {
            let object = ObjectView {
                id: &|| content.id.clone(),
                kind: content.kind,
                data: &content.bytes,
                edits: None,
            };
            self.object(matches, &object, layout.hash);
        }
        matches.names.extend(names);
        Some(())
    }

    /// Searches a pack, and remembers it. Gives the number of objects that could not be read.
    fn pack(&self, layout: &Layout, pack: &Pack, meter: &Meter, matches: &mut Matches) -> usize {
        let threads = if pack.len() < 2000 { 1 } else { threads() };
        let (gathered, unread) = pack::walk(pack, threads, meter, |found, object| {
            self.object(found, object, layout.hash)
        });
        let mut found = Matches::default();
        for gathered in gathered {
            found.add(gathered);
        }
        if let Some(cache) = &self.cache
            && unread == 0
            && !meter.stopped()
        {
            let remembered = CachedPack {
                hits: found.objects.iter().map(|hit| hit.id.clone()).collect(),
                names: found.names.clone(),
            };
            cache.put(pack.checksum(), &remembered);
        }
        matches.add(found);
        unread
    }

    /// Searches loose objects. Gives the number of those that could not be read.
    fn loose(
        &self,
        layout: &Layout,
        files: &[(String, PathBuf)],
        meter: &Meter,
        matches: &mut Matches,
    ) -> usize {
        let next = AtomicUsize::new(0);
        let work = || {
            let (mut found, mut unread) = (Matches::default(), 0);
            let mut decompressor = Decompressor::new();
            let mut out = Vec::new();
            while let Some((id, path)) = files.get(next.fetch_add(1, Ordering::Relaxed))
                && !meter.stopped()
            {
                let inflated = bounded::read(path, OBJECT_LIMIT as u64)
                    .ok()
                    .and_then(|packed| loose::inflate(&mut decompressor, &packed, &mut out));
                meter.advance(1);
                // git may have packed it in the meantime, and the pack is read as well the next time
                let Some((kind, start)) = inflated else {
                    unread += 1;
                    continue;
                };
                let object = ObjectView {
                    id: &|| id.clone(),
                    kind,
                    data: out.get(start..).unwrap_or_default(),
                    edits: None,
                };
                self.object(&mut found, &object, layout.hash);
            }
            (found, unread)
        };
        let mut unread = 0;
        for (found, count) in on_threads(threads().min(files.len().div_ceil(64)), work) {
            matches.add(found);
            unread += count;
        }
        unread
    }

    /// Searches an object. Whether there was nothing to look at.
    fn object(&self, matches: &mut Matches, object: &ObjectView<'_>, hash: usize) -> bool {
        let ObjectView { data, edits, .. } = *object;
        if matches.objects.len() >= MOST {
            return false;
        }
        if object.kind == ObjectKind::Tree {
            let clean = !is_match_in(&self.tree_words, data, edits);
            if !clean {
                self.tree_names(matches, object, hash);
            }
            return clean;
        }
        if self.searcher.is_clean(data, edits) {
            return true;
        }
        let mut found = Vec::new();
        self.searcher.search(data, &mut found);
        found.retain(|hit| !matches!(hit.secret, MatchedSecret::Other(_, Weight::Development, _)));
        found.truncate(50);
        if !found.is_empty() {
            matches.objects.push(ObjectMatch {
                id: (object.id)(),
                kind: object.kind,
                found,
            });
        }
        false
    }

    /// Reads `mode name\0id`, one behind the other.
    fn tree_names(&self, matches: &mut Matches, tree: &ObjectView<'_>, hash: usize) {
        let mut rest = tree.data;
        let mut found = Vec::new();
        while let Some(end) = memchr::memchr(0, rest) {
            let entry = rest.get(..end).unwrap_or_default();
            rest = rest.get(end + 1 + hash..).unwrap_or_default();
            let Some(space) = memchr::memchr(b' ', entry) else {
                break;
            };
            let name = entry.get(space + 1..).unwrap_or_default();
            let is_file = entry.starts_with(b"10") || entry.starts_with(b"12");
            if is_file
                && (self.watched.contains(name) || is_env_name(name))
                && !matches.names.contains(name)
            {
                matches.names.insert(name.to_vec());
            }
            found.extend(self.searcher.search_name(name));
        }
        if !found.is_empty() {
            matches.objects.push(ObjectMatch {
                id: (tree.id)(),
                kind: ObjectKind::Tree,
                found,
            });
        }
    }
}

/// Whether a file of this name is an env file that is not made to be committed.
fn is_env_name(name: &[u8]) -> bool {
    let Ok(name) = std::str::from_utf8(name) else {
        return false;
    };
    name.strip_prefix(".env")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '_', '~']))
        && !is_example(name)
}
