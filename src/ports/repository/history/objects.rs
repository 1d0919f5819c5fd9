//! Searches every object of an object directory, packed or loose.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

use libdeflater::Decompressor;

use crate::{
    core::{
        proof::{Coverage, Unread},
        secret::Secret,
    },
    domain::{
        credentials::{Needles, NeedlesError, Weight},
        hex::{hex, unhex},
    },
    os::bounded,
    ports::repository::{
        cache::{CachedPack, PackCache},
        error::GitError,
        gitignore::is_example,
        history::{
            links::{Links, note},
            matches::{Matches, ObjectMatch},
            references,
        },
        index::{self, ObjectContent},
        layout::Layout,
        loose,
        meter::Meter,
        object::{OBJECT_LIMIT, ObjectKind, ObjectView},
        pack::{self, Pack, Positions},
        program::GitProgram,
        searcher::{MatchedSecret, SearchResult, Searcher, TextMatch},
        threads::{on_threads, threads},
    },
};

/// The most objects with nothing but other credentials that a thread keeps. One with a live secret is always kept.
const MOST_OTHERS: usize = 20_000;
/// The most other credentials that are kept of one object.
const MOST_OF_ONE: usize = 50;
/// The most objects that are read once more, by git, after they could not be read here.
const MOST_READ_AGAIN: usize = 200;

/// What names of files in a tree are looked for, beside the watched ones and the secrets: env files, and secrets of Neon's.
const NAMES: [&str; 3] = [" .env", "npg_", "napi_"];

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
        let words: Vec<&str> = words.iter().map(String::as_str).chain(NAMES).collect();
        let watched = names.iter().map(|name| name.as_bytes().to_vec()).collect();
        Ok(Self {
            searcher,
            tree_words: Needles::with_words(live.iter().map(|(_, secret)| secret), &words)?,
            cache: cache.and_then(|directory| PackCache::open(directory, live, &watched)),
            watched,
        })
    }

    /// Searches all objects of a directory.
    pub(super) fn directory(
        &self,
        layout: &Layout,
        git: &GitProgram,
        store: &Store,
        meter: &Meter,
    ) -> Matches {
        let mut matches = Matches::default();
        for pack in &store.packs {
            meter.expect(pack.len());
        }
        meter.expect(store.loose.len());
        for pack in &store.packs {
            if self
                .remembered(layout, git, pack, meter, &mut matches)
                .is_some()
            {
                meter.advance(pack.len());
            } else {
                self.pack(layout, pack, meter, &mut matches);
            }
        }
        self.loose(layout, &store.loose, meter, &mut matches);
        self.read_again(layout, git, meter, &mut matches);
        matches
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
        let cached = self.cache.as_ref()?.get(pack.checksum())?;
        let ids: Vec<_> = cached.hits.into_iter().collect();
        let mut found = Matches::default();
        let mut visit = |content: ObjectContent| {
            let object = ObjectView {
                id: &|| content.id.clone(),
                kind: content.kind,
                data: &content.bytes,
                edits: None,
            };
            self.object(&mut found, &object, layout.hash, &mut |_| {});
        };
        let unread = index::contents(layout, git, &ids, meter, &mut visit).ok()?;
        if !unread.is_empty() {
            return None;
        }
        matches.add(found);
        matches.names.extend(cached.names);
        matches.unread.extend(cached.unread);
        let elsewhere = cached.elsewhere.iter().filter_map(|id| unhex(id));
        matches.elsewhere.extend(elsewhere);
        Some(())
    }

    /// Searches a pack, and remembers it.
    fn pack(&self, layout: &Layout, pack: &Pack, meter: &Meter, matches: &mut Matches) {
        let threads = if pack.len() < 2000 { 1 } else { threads() };
        let positions = Positions::of(pack);
        let visit = |(found, links): &mut (Matches, Links), object: &ObjectView<'_>| {
            self.object(found, object, layout.hash, &mut |id| {
                links.push(id, &positions);
            })
        };
        let (gathered, unread) = pack::walk(pack, threads, meter, visit);
        let mut found = Matches {
            unread,
            ..Matches::default()
        };
        for (gathered, links) in gathered {
            found.add(gathered);
            let elsewhere = links.elsewhere(layout.hash, &positions);
            found.elsewhere.extend(elsewhere);
        }
        if let Some(cache) = &self.cache
            && found.coverage.is_complete()
            && !meter.stopped()
        {
            let remembered = CachedPack {
                hits: found.objects.iter().map(|hit| hit.id.clone()).collect(),
                names: found.names.clone(),
                unread: found.unread.clone(),
                elsewhere: found.elsewhere.iter().map(|id| hex(id)).collect(),
            };
            cache.put(pack.checksum(), &remembered);
        }
        matches.add(found);
    }

    /// Searches loose objects.
    fn loose(
        &self,
        layout: &Layout,
        files: &[(String, PathBuf)],
        meter: &Meter,
        matches: &mut Matches,
    ) {
        let next = AtomicUsize::new(0);
        let work = || {
            let mut found = Matches::default();
            let mut decompressor = Decompressor::new();
            let mut out = Vec::new();
            while let Some((id, path)) = files.get(next.fetch_add(1, Ordering::Relaxed))
                && !meter.stopped()
            {
                let inflated = bounded::read(path, OBJECT_LIMIT as u64)
                    .ok()
                    .and_then(|packed| loose::inflate(&mut decompressor, &packed, &mut out));
                meter.advance(1);
                // git may have packed it in the meantime
                let Some((kind, start)) = inflated else {
                    found.unread.push(id.clone());
                    continue;
                };
                let object = ObjectView {
                    id: &|| id.clone(),
                    kind,
                    data: out.get(start..).unwrap_or_default(),
                    edits: None,
                };
                self.linked(&mut found, &object, layout.hash);
            }
            found
        };
        for found in on_threads(threads().min(files.len().div_ceil(64)), work) {
            matches.add(found);
        }
    }

    /// Lets git read what could not be read here: objects of any size, and those whose form we do not know.
    fn read_again(&self, layout: &Layout, git: &GitProgram, meter: &Meter, matches: &mut Matches) {
        let mut ids = std::mem::take(&mut matches.unread);
        if ids.is_empty() || meter.stopped() {
            return;
        }
        let beyond = ids.split_off(ids.len().min(MOST_READ_AGAIN));
        if !beyond.is_empty() {
            let what = format!("{} history objects", beyond.len());
            let why = "too many objects are damaged or too large to read individually";
            matches.coverage.leave_out(unread(what, why));
        }
        let mut found = Matches::default();
        let mut visit = |content: ObjectContent| {
            let object = ObjectView {
                id: &|| content.id.clone(),
                kind: content.kind,
                data: &content.bytes,
                edits: None,
            };
            self.linked(&mut found, &object, layout.hash);
        };
        let large = index::contents(layout, git, &ids, meter, &mut visit).unwrap_or(ids);
        matches.add(found);
        for id in large {
            let mut found = SearchResult::default();
            let read = index::read_blob(layout, git, &id, meter, |text| {
                self.searcher.search_pieces(text, &mut found)
            });
            match read {
                Ok(()) => matches.keep(ObjectMatch {
                    id,
                    kind: ObjectKind::Blob,
                    found,
                }),
                Err(error) => {
                    let what = format!("object {}", id.get(..10).unwrap_or(&id));
                    let why = format!("an object couldn't be read: {}", reason(&error));
                    matches.coverage.leave_out(unread(what, &why));
                }
            }
        }
    }

    /// Searches an object that is in no pack, and notes what it leads to.
    fn linked(&self, matches: &mut Matches, object: &ObjectView<'_>, hash: usize) {
        let mut elsewhere = BTreeSet::new();
        self.object(matches, object, hash, &mut |id| note(id, &mut elsewhere));
        matches.elsewhere.append(&mut elsewhere);
    }

    /// Searches an object, and gives the ids that it leads to. Whether there was nothing to look at.
    fn object(
        &self,
        matches: &mut Matches,
        object: &ObjectView<'_>,
        hash: usize,
        link: &mut dyn FnMut(&[u8]),
    ) -> bool {
        let ObjectView { data, edits, .. } = *object;
        match object.kind {
            ObjectKind::Tree => return self.tree(matches, object, hash, link),
            ObjectKind::Commit | ObjectKind::Tag => references::in_head(data, link),
            ObjectKind::Blob => {}
        }
        if self.searcher.is_clean(data, edits) {
            return true;
        }
        let mut found = SearchResult::default();
        self.searcher.search(data, &mut found);
        matches.keep(ObjectMatch {
            id: (object.id)(),
            kind: object.kind,
            found,
        });
        false
    }

    /// Searches the names in a tree. What else is in it, modes and ids, holds nothing.
    fn tree(
        &self,
        matches: &mut Matches,
        tree: &ObjectView<'_>,
        hash: usize,
        link: &mut dyn FnMut(&[u8]),
    ) -> bool {
        let mut clean = true;
        let whole = references::in_tree(tree.data, tree.edits, hash, &mut |entry| {
            clean &= !entry.has_new_head || !self.tree_words.may_match(entry.head);
            if entry.is_here() {
                link(entry.id);
            }
        });
        let clean = clean && (whole || !self.tree_words.may_match(tree.data));
        if !clean {
            self.tree_names(matches, tree, hash);
        }
        clean
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
        matches.keep(ObjectMatch {
            id: (tree.id)(),
            kind: ObjectKind::Tree,
            found: SearchResult {
                hits: found,
                unread: Vec::new(),
            },
        });
    }
}

impl Matches {
    /// Keeps what was found in an object. Of other credentials there may be too many; of live secrets never.
    fn keep(&mut self, mut object: ObjectMatch) {
        let mut others = 0;
        object.found.hits.retain(|hit| match hit.secret {
            MatchedSecret::Live(_) => true,
            MatchedSecret::Other(_, Weight::Development, _) => false,
            MatchedSecret::Other(_, Weight::Real, _) => {
                others += 1;
                others <= MOST_OF_ONE
            }
        });
        let is_live = |hit: &TextMatch| matches!(hit.secret, MatchedSecret::Live(_));
        if object.found.is_empty() {
            return;
        }
        if self.objects.len() < MOST_OTHERS || object.found.hits.iter().any(is_live) {
            self.objects.push(object);
        } else {
            let why = "more than 20,000 objects contain credentials or unreadable archives";
            self.coverage
                .leave_out(unread("the history".to_owned(), why));
        }
    }
}

/// Something that was left out, for which git's own check is where to look.
fn unread(what: String, why: &str) -> Unread {
    Unread {
        what,
        why: why.to_owned(),
        hint: "check `git fsck`".to_owned(),
    }
}

/// Why git does not give an object, in words that do not name it: so that the same is told once.
fn reason(error: &GitError) -> &'static str {
    match error {
        GitError::TimedOut => "it takes longer than a minute",
        GitError::Missing => "it is damaged or larger than 100 MB, and neonup needs git to read it",
        GitError::ForeignOwner(_) | GitError::Refused(_) | GitError::Io(_) => {
            "it is damaged, or git can't read it"
        }
    }
}

/// The packs and loose objects of an object directory.
pub(super) struct Store {
    directory: PathBuf,
    packs: Vec<Pack>,
    loose: Vec<(String, PathBuf)>,
}

impl Store {
    /// Opens a directory, and tells what of it could not be read.
    pub(super) fn open(directory: &Path, layout: &Layout) -> (Self, Coverage) {
        let mut coverage = Coverage::complete();
        let mut leave_out = |what: String, why: &str| coverage.leave_out(unread(what, why));
        let indexes = pack::indexes(directory).unwrap_or_else(|error| {
            let why = format!("they couldn't be listed: {error}");
            leave_out("the packs".to_owned(), &why);
            Vec::new()
        });
        let mut packs = Vec::new();
        for index in indexes {
            match Pack::open(&index, layout.hash) {
                Ok(pack) => packs.push(pack),
                Err(error) => {
                    let name = index.file_stem().unwrap_or_default().to_string_lossy();
                    let why = format!("a pack couldn't be read: {error}");
                    leave_out(name.into_owned(), &why);
                }
            }
        }
        for pack in pack::without_index(directory) {
            leave_out(pack, "a pack has no index (`git index-pack` creates it)");
        }
        let loose = loose::files(directory).unwrap_or_else(|error| {
            let why = format!("they couldn't be listed: {error}");
            leave_out("the loose objects".to_owned(), &why);
            Vec::new()
        });
        let store = Self {
            directory: directory.to_owned(),
            packs,
            loose,
        };
        (store, coverage)
    }

    /// Whether it is the one of a directory.
    pub(super) fn is_of(&self, directory: &Path) -> bool {
        self.directory == directory
    }

    /// Whether an object is here.
    pub(super) fn has(&self, id: &[u8]) -> bool {
        if self.packs.iter().any(|pack| pack.position(id).is_some()) {
            return true;
        }
        let digits = hex(id);
        let Some((head, tail)) = digits.split_at_checked(2) else {
            return false;
        };
        self.directory.join(head).join(tail).exists()
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
