//! Every object of a repository, reachable or not, read once; and, only for what was found, which commits it belongs to.

mod naming;

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use libdeflater::Decompressor;

use crate::ports::repository::{
    HistoryScan, Incomplete, Leak, Place,
    cache::{Cache, Entry},
    content::{Found, Searcher, What, is_match_in},
    ignore::is_example,
    index,
    layout::Layout,
    loose,
    meter::Meter,
    pack::{self, Kind, Object, Pack},
    program::Program,
    tree::{leaks_of, search_file, threads},
};
use crate::{
    core::secret::Secret,
    domain::credentials::{Needles, Weight},
};

/// An object in which something was found.
struct Hit {
    id: String,
    kind: Kind,
    found: Vec<Found>,
}

/// What one thread found.
struct Sieve {
    hits: Vec<Hit>,
    names: BTreeSet<Vec<u8>>,
}

/// The most objects that are kept: with more, the rest is only more of the same.
const MOST: usize = 20_000;

/// What is looked for in the objects.
struct Search<'a> {
    searcher: &'a Searcher,
    /// For trees: the secrets, and the beginnings of the names that are watched.
    names: Needles,
    watched: BTreeSet<Vec<u8>>,
    hash: usize,
    cache: Option<Cache>,
}

/// Searches every object of a repository and of its submodules.
pub(super) fn scan(
    layout: &Layout,
    git: &Program,
    live: &[(String, Secret)],
    searcher: &Searcher,
    watched: &[String],
    meter: &Meter,
) -> io::Result<HistoryScan> {
    let mut scan = HistoryScan::default();
    let mut seen = Vec::new();
    one(
        layout, git, live, searcher, watched, meter, "", 8, &mut seen, &mut scan,
    )?;
    scan.objects = meter.done();
    Ok(scan)
}

#[expect(
    clippy::too_many_arguments,
    reason = "the recursion into submodules carries what the scan carries"
)]
fn one(
    layout: &Layout,
    git: &Program,
    live: &[(String, Secret)],
    searcher: &Searcher,
    watched: &[String],
    meter: &Meter,
    prefix: &str,
    depth: usize,
    seen: &mut Vec<PathBuf>,
    scan: &mut HistoryScan,
) -> io::Result<()> {
    let basenames: BTreeSet<Vec<u8>> = watched
        .iter()
        .filter_map(|path| path.rsplit('/').next())
        .map(|name| name.as_bytes().to_vec())
        .collect();
    let starts: Vec<String> = basenames
        .iter()
        .map(|name| format!(" {}", String::from_utf8_lossy(name)))
        .chain(std::iter::once(" .env".to_owned()))
        .collect();
    let starts: Vec<&str> = starts.iter().map(String::as_str).collect();
    let search = Search {
        searcher,
        names: Needles::with_words(live.iter().map(|(_, secret)| secret), &starts)
            .map_err(io::Error::other)?,
        cache: git
            .cache
            .as_ref()
            .and_then(|directory| Cache::open(directory, live, &basenames)),
        watched: basenames,
        hash: layout.hash,
    };
    let mut sieve = Sieve {
        hits: Vec::new(),
        names: BTreeSet::new(),
    };
    for directory in loose::directories(&layout.common) {
        if seen.contains(&directory) {
            continue;
        }
        if let Some(reason) = objects(layout, git, &directory, &search, meter, &mut sieve) {
            scan.incomplete = Some(Incomplete::Unread(reason));
        }
        seen.push(directory);
    }
    if let Some(reason) = layout.partial() {
        scan.incomplete.get_or_insert(Incomplete::Clone(reason));
    }
    if meter.stopped() {
        return Ok(());
    }
    sieve.hits.sort_by(|a, b| a.id.cmp(&b.id));
    sieve.hits.dedup_by(|a, b| a.id == b.id);
    let mut leaks = naming::leaks(layout, git, searcher, sieve.hits, prefix, meter);
    leaks.extend(git_files(layout, git, searcher, prefix, &leaks));
    scan.leaks.extend(leaks);
    scan.committed.extend(naming::committed(
        layout,
        git,
        &sieve.names,
        watched,
        prefix,
        meter,
    ));
    for entry in index::entries(layout, git, None)?
        .into_iter()
        .filter(index::Entry::is_submodule)
    {
        let name = String::from_utf8_lossy(&entry.path).into_owned();
        if depth > 0
            && let Some((inner, _)) = layout.owner(&format!("{name}/x"), git)
        {
            let prefix = format!("{prefix}{name}/");
            one(
                &inner,
                git,
                live,
                searcher,
                watched,
                meter,
                &prefix,
                depth - 1,
                seen,
                scan,
            )?;
        }
    }
    // submodules whose work tree is not there any more keep their objects
    for common in stored_submodules(&layout.common) {
        let inner = Layout {
            git_dir: common.clone(),
            common,
            trouble: None,
            ..layout.clone()
        };
        for directory in loose::directories(&inner.common) {
            if !seen.contains(&directory) {
                let mut sieve = Sieve {
                    hits: Vec::new(),
                    names: BTreeSet::new(),
                };
                if let Some(reason) = objects(layout, git, &directory, &search, meter, &mut sieve) {
                    scan.incomplete = Some(Incomplete::Unread(reason));
                }
                scan.leaks.extend(naming::unnamed(searcher, sieve.hits));
                seen.push(directory);
            }
        }
    }
    Ok(())
}

/// Searches all objects of a directory. Gives the reason if some could not be read.
fn objects(
    layout: &Layout,
    git: &Program,
    directory: &Path,
    search: &Search<'_>,
    meter: &Meter,
    sieve: &mut Sieve,
) -> Option<String> {
    let mut incomplete = None;
    let mut packs = Vec::new();
    match pack::indexes(directory) {
        Ok(indexes) => {
            for index in indexes {
                match Pack::open(&index, search.hash) {
                    Ok(pack) => {
                        meter.expect(pack.len());
                        packs.push(pack);
                    }
                    Err(error) => incomplete = Some(format!("a pack could not be read: {error}")),
                }
            }
        }
        Err(error) => incomplete = Some(format!("the packs could not be listed: {error}")),
    }
    let files = loose::files(directory).unwrap_or_else(|error| {
        incomplete = Some(format!("the objects could not be listed: {error}"));
        Vec::new()
    });
    meter.expect(files.len());
    let mut unread = 0;
    for pack in &packs {
        if let Some(entry) = search
            .cache
            .as_ref()
            .and_then(|cache| cache.get(pack.checksum()))
            && search.again(layout, git, &entry, meter, sieve)
        {
            meter.advance(pack.len());
            continue;
        }
        let threads = if pack.len() < 2000 { 1 } else { threads() };
        let (sieves, missing) = pack.walk(
            threads,
            meter,
            || Sieve {
                hits: Vec::new(),
                names: BTreeSet::new(),
            },
            |sieve, kind, object| search.look(sieve, kind, object),
        );
        unread += missing;
        let mut entry = Entry::default();
        for mut found in sieves {
            entry
                .hits
                .extend(found.hits.iter().map(|hit| hit.id.clone()));
            entry.names.extend(found.names.iter().cloned());
            sieve.hits.append(&mut found.hits);
            sieve.names.append(&mut found.names);
        }
        if let Some(cache) = &search.cache
            && missing == 0
            && !meter.stopped()
        {
            cache.put(pack.checksum(), &entry);
        }
    }
    unread += loose_objects(&files, search, meter, sieve);
    if unread > 0 && !meter.stopped() {
        incomplete = Some(format!("{unread} objects could not be read"));
    }
    incomplete
}

fn loose_objects(
    files: &[(String, PathBuf)],
    search: &Search<'_>,
    meter: &Meter,
    sieve: &mut Sieve,
) -> usize {
    let next = AtomicUsize::new(0);
    let unread = AtomicUsize::new(0);
    let sieves = Mutex::new(Vec::new());
    let work = || {
        let mut mine = Sieve {
            hits: Vec::new(),
            names: BTreeSet::new(),
        };
        let mut decompressor = Decompressor::new();
        let mut out = Vec::new();
        while !meter.stopped() {
            let Some((id, path)) = files.get(next.fetch_add(1, Ordering::Relaxed)) else {
                break;
            };
            let object = fs::read(path)
                .ok()
                .and_then(|packed| loose::inflate(&mut decompressor, &packed, &mut out));
            match object {
                Some((kind, start)) => {
                    let data = out.get(start..).unwrap_or_default();
                    let object = Object {
                        name: &|| id.clone(),
                        data,
                        edits: None,
                    };
                    search.look(&mut mine, kind, &object);
                }
                // git may have packed it in the meantime, and the pack is read as well the next time
                None => {
                    unread.fetch_add(1, Ordering::Relaxed);
                }
            }
            meter.advance(1);
        }
        sieves
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(mine);
    };
    std::thread::scope(|scope| {
        for _ in 0..threads().min(files.len().div_ceil(64)) {
            scope.spawn(work);
        }
    });
    for mut found in sieves.into_inner().unwrap_or_else(PoisonError::into_inner) {
        sieve.hits.append(&mut found.hits);
        sieve.names.append(&mut found.names);
    }
    unread.load(Ordering::Relaxed)
}

impl Search<'_> {
    /// Takes what is remembered of a pack, and reads again what was found in it. Says whether that was possible.
    fn again(
        &self,
        layout: &Layout,
        git: &Program,
        entry: &Entry,
        meter: &Meter,
        sieve: &mut Sieve,
    ) -> bool {
        let ids: Vec<_> = entry.hits.iter().cloned().collect();
        let Ok(contents) = index::contents(layout, git, &ids, meter) else {
            return false;
        };
        if contents.len() != ids.len() {
            return false;
        }
        for content in contents {
            let object = Object {
                name: &|| content.id.clone(),
                data: &content.bytes,
                edits: None,
            };
            self.look(sieve, content.kind, &object);
        }
        sieve.names.extend(entry.names.iter().cloned());
        true
    }

    /// Searches an object. Says whether there was nothing to look at.
    fn look(&self, sieve: &mut Sieve, kind: Kind, object: &Object<'_>) -> bool {
        let Object { name, data, edits } = *object;
        if sieve.hits.len() >= MOST {
            return false;
        }
        if kind == Kind::Tree {
            let clean = !is_match_in(&self.names, data, edits);
            if !clean {
                self.look_at_names(sieve, name, data);
            }
            return clean;
        }
        if self.searcher.is_clean(data, edits) {
            return true;
        }
        let mut found = Vec::new();
        self.searcher.search(data, &mut found);
        found.retain(|found| !matches!(found.what, What::Other(_, Weight::Development, _)));
        found.truncate(50);
        if !found.is_empty() {
            sieve.hits.push(Hit {
                id: name(),
                kind,
                found,
            });
        }
        false
    }

    /// `mode name\0id`, one behind the other.
    fn look_at_names(&self, sieve: &mut Sieve, tree: &dyn Fn() -> String, data: &[u8]) {
        let mut rest = data;
        let mut found = Vec::new();
        while let Some(end) = memchr::memchr(0, rest) {
            let entry = rest.get(..end).unwrap_or_default();
            rest = rest.get(end + 1 + self.hash..).unwrap_or_default();
            let Some(space) = memchr::memchr(b' ', entry) else {
                break;
            };
            let (mode, name) = (
                entry.get(..space),
                entry.get(space + 1..).unwrap_or_default(),
            );
            let is_file =
                mode.is_some_and(|mode| mode.starts_with(b"10") || mode.starts_with(b"12"));
            if is_file && self.is_watched(name) && !sieve.names.contains(name) {
                sieve.names.insert(name.to_vec());
            }
            for hit in self.searcher.needles().find(name) {
                found.push(Found {
                    what: What::Live(hit.secret),
                    spelling: hit.spelling,
                    line: 1,
                    member: None,
                });
            }
        }
        if !found.is_empty() {
            sieve.hits.push(Hit {
                id: tree(),
                kind: Kind::Tree,
                found,
            });
        }
    }

    fn is_watched(&self, name: &[u8]) -> bool {
        self.watched.contains(name) || is_env_name(name)
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

/// The names of the refs, and git's own files: what is found nowhere else may stand there.
fn git_files(
    layout: &Layout,
    git: &Program,
    searcher: &Searcher,
    prefix: &str,
    known: &[Leak],
) -> Vec<Leak> {
    let mut leaks = Vec::new();
    let mut names = Vec::new();
    if let Ok(said) = git.run(&layout.root, &["for-each-ref", "--format=%(refname)"]) {
        names.extend(said.out.split(|byte| *byte == b'\n').map(<[u8]>::to_vec));
    }
    let mut files = Vec::new();
    walk(&layout.common, &layout.common, 12, &mut files);
    if layout.git_dir != layout.common {
        walk(&layout.git_dir, &layout.git_dir, 12, &mut files);
    }
    names.extend(
        files
            .iter()
            .map(|(name, _)| name)
            .filter(|name| name.starts_with("refs/"))
            .map(|name| name.as_bytes().to_vec()),
    );
    for name in &names {
        let found = searcher.needles().find(name).into_iter().map(|hit| Found {
            what: What::Live(hit.secret),
            spelling: hit.spelling,
            line: 1,
            member: None,
        });
        for leak in leaks_of(searcher, found.collect(), "", Place::RefName, "") {
            let leak = Leak {
                path: None,
                line: None,
                ..leak
            };
            if !leaks.contains(&leak) {
                leaks.push(leak);
            }
        }
    }
    for (name, path) in &files {
        let mut found = Vec::new();
        // a file that cannot be read may have been git's own temporary one
        search_file(path, searcher, &mut found).ok();
        found.retain(|found| matches!(found.what, What::Live(_)));
        let shown =
            crate::ports::repository::tree::shown(searcher, &format!("{prefix}.git/{name}"));
        for leak in leaks_of(searcher, found, &shown, Place::GitFile, "") {
            if !known
                .iter()
                .chain(&leaks)
                .any(|other| other.live && other.what == leak.what)
            {
                leaks.push(leak);
            }
        }
    }
    leaks
}

/// All files of a git directory but the objects and the submodules.
fn walk(base: &Path, directory: &Path, depth: usize, files: &mut Vec<(String, PathBuf)>) {
    let Ok(entries) = fs::read_dir(directory) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let Ok(name) = path.strip_prefix(base) else {
            continue;
        };
        let name = name.to_string_lossy().replace('\\', "/");
        match entry.file_type() {
            Ok(kind)
                if kind.is_dir()
                    && depth > 0
                    && !matches!(name.as_str(), "objects" | "modules") =>
            {
                walk(base, &path, depth - 1, files);
            }
            Ok(kind) if kind.is_file() => files.push((name, path)),
            _ => {}
        }
    }
}

/// The git directories of all submodules, wherever their work tree is.
fn stored_submodules(common: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    let mut open = vec![(common.join("modules"), 6)];
    while let Some((directory, depth)) = open.pop() {
        let Ok(entries) = fs::read_dir(&directory) else {
            continue;
        };
        for entry in entries
            .flatten()
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        {
            let path = entry.path();
            if path.join("objects").is_dir() && path.join("HEAD").is_file() {
                open.push((path.join("modules"), depth));
                all.push(path);
            } else if depth > 0 {
                open.push((path, depth - 1));
            }
        }
    }
    all
}
