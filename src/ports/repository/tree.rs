//! The work tree and the index: what the next commit takes, or could take.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, Read as _},
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::domain::credentials::Weight;
use crate::ports::repository::{
    Incomplete, Leak, Place, TreeScan,
    content::{Found, Searcher, What},
    index::{self, os_path},
    layout::Layout,
    meter::Meter,
    program::Program,
};

/// How deep submodules may lie in submodules.
const DEPTH: usize = 8;

/// Files beyond this are read in pieces.
const PIECE: usize = 64 << 20;

/// How much two pieces share: no spelling of a secret is longer.
const OVERLAP: usize = 64 << 10;

/// How many threads a scan takes.
pub(super) fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, |count| count.get().min(8))
}

/// Searches everything that git tracks or would take.
pub(super) fn scan(
    layout: &Layout,
    git: &Program,
    searcher: &Searcher,
    meter: &Meter,
) -> io::Result<TreeScan> {
    let mut scan = TreeScan::default();
    one(layout, git, searcher, meter, "", DEPTH, &mut scan)?;
    scan.leaks
        .sort_by(|a, b| (&a.path, a.line, a.place).cmp(&(&b.path, b.line, b.place)));
    Ok(scan)
}

/// Searches what the next commit adds or changes.
pub(super) fn scan_staged(
    layout: &Layout,
    git: &Program,
    searcher: &Searcher,
    meter: &Meter,
) -> io::Result<TreeScan> {
    let mut scan = TreeScan::default();
    staged(layout, git, searcher, meter, "", &mut scan)?;
    Ok(scan)
}

fn one(
    layout: &Layout,
    git: &Program,
    searcher: &Searcher,
    meter: &Meter,
    prefix: &str,
    depth: usize,
    scan: &mut TreeScan,
) -> io::Result<()> {
    let mut jobs = Vec::new();
    let mut nested = Vec::new();
    for entry in index::entries(layout, git, None)? {
        if entry.is_submodule() {
            nested.push(entry.path);
        } else {
            jobs.push((
                entry.path,
                if entry.hidden {
                    Place::Hidden
                } else {
                    Place::Tracked
                },
            ));
        }
    }
    // a file in conflict has an entry for each side
    jobs.dedup_by(|a, b| a.0 == b.0);
    if git.available() {
        for path in index::untracked(layout, git)? {
            if let Some(directory) = path.strip_suffix(b"/") {
                nested.push(directory.to_vec());
            } else {
                jobs.push((path, Place::Untracked));
            }
        }
    } else {
        scan.incomplete = Some(Incomplete::Unread(
            "without git it is not known which untracked files it would take".to_owned(),
        ));
    }
    meter.expect(jobs.len());
    let unread = read_all(layout, searcher, meter, prefix, &jobs, scan);
    if let Some(path) = unread {
        scan.incomplete = Some(Incomplete::Unread(format!(
            "`{prefix}{path}` could not be read"
        )));
    }
    scan.files += jobs.len();
    staged(layout, git, searcher, meter, prefix, scan)?;
    for path in nested {
        let name = String::from_utf8_lossy(&path).into_owned();
        let directory = layout.root.join(os_path(&path));
        if !directory.join(".git").exists() {
            continue;
        }
        if depth == 0 {
            scan.incomplete = Some(Incomplete::Unread(format!(
                "`{prefix}{name}` lies too deep in other repositories"
            )));
            continue;
        }
        if let Some((inner, _)) = layout.owner(&format!("{name}/x"), git) {
            one(
                &inner,
                git,
                searcher,
                meter,
                &format!("{prefix}{name}/"),
                depth - 1,
                scan,
            )?;
        }
    }
    Ok(())
}

/// Searches the files on several threads; names one that could not be read.
fn read_all(
    layout: &Layout,
    searcher: &Searcher,
    meter: &Meter,
    prefix: &str,
    jobs: &[(Vec<u8>, Place)],
    scan: &mut TreeScan,
) -> Option<String> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new((Vec::new(), None));
    let work = || {
        let mut leaks = Vec::new();
        let mut unread = None;
        while !meter.stopped() {
            let Some((path, place)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) else {
                break;
            };
            let mut found = Vec::new();
            let full = layout.root.join(os_path(path));
            let shown = shown(
                searcher,
                &format!("{prefix}{}", String::from_utf8_lossy(path)),
            );
            if search_file(&full, searcher, &mut found).is_err() {
                unread = Some(String::from_utf8_lossy(path).into_owned());
            }
            leaks.extend(leaks_of(searcher, found, &shown, *place, ""));
            leaks.extend(in_name(searcher, path, &shown, *place));
            meter.advance(1);
        }
        let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
        results.0.append(&mut leaks);
        results.1 = results.1.take().or(unread);
    };
    std::thread::scope(|scope| {
        for _ in 0..threads().min(jobs.len().div_ceil(64)) {
            scope.spawn(work);
        }
    });
    let (leaks, unread) = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    scan.leaks.extend(leaks);
    unread
}

/// Searches the versions in the index that the work tree may not have any more.
fn staged(
    layout: &Layout,
    git: &Program,
    searcher: &Searcher,
    meter: &Meter,
    prefix: &str,
    scan: &mut TreeScan,
) -> io::Result<()> {
    let staged = index::staged(layout, git, None)?;
    let ids: BTreeSet<_> = staged.iter().map(|(_, id)| id.clone()).collect();
    let ids: Vec<_> = ids.into_iter().collect();
    for index::Content { id, bytes, .. } in index::contents(layout, git, &ids, meter)? {
        let mut found = Vec::new();
        searcher.search(&bytes, &mut found);
        if found.is_empty() {
            continue;
        }
        for (path, _) in staged.iter().filter(|(_, of)| *of == id) {
            let shown = shown(
                searcher,
                &format!("{prefix}{}", String::from_utf8_lossy(path)),
            );
            for leak in leaks_of(searcher, found.clone(), &shown, Place::Staged, "") {
                let known = scan
                    .leaks
                    .iter()
                    .any(|other| other.what == leak.what && other.path == leak.path);
                if !known {
                    scan.leaks.push(leak);
                }
            }
        }
    }
    Ok(())
}

/// Searches a file, or where a symbolic link leads. A file that is gone is no error.
pub(super) fn search_file(
    path: &Path,
    searcher: &Searcher,
    found: &mut Vec<Found>,
) -> io::Result<()> {
    let stat = match fs::symlink_metadata(path) {
        Ok(stat) => stat,
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    if stat.is_symlink() {
        let target = fs::read_link(path)?;
        searcher.search(target.as_os_str().as_encoded_bytes(), found);
        return Ok(());
    }
    if !stat.is_file() {
        return Ok(());
    }
    if stat.len() <= PIECE as u64 {
        searcher.search(&fs::read(path)?, found);
        return Ok(());
    }
    let mut file = File::open(path)?;
    let mut piece = Vec::new();
    let mut line = 0;
    loop {
        let read = file
            .by_ref()
            .take((PIECE - piece.len()) as u64)
            .read_to_end(&mut piece)?;
        let mut here = Vec::new();
        searcher.search(&piece, &mut here);
        for mut hit in here {
            hit.line += line;
            if !found.contains(&hit) {
                found.push(hit);
            }
        }
        if read == 0 {
            return Ok(());
        }
        let keep = piece.len().saturating_sub(OVERLAP);
        let gone = piece.get(..keep).unwrap_or_default();
        line += u32::try_from(memchr::memchr_iter(b'\n', gone).count()).unwrap_or(u32::MAX);
        piece.drain(..keep);
        if piece.len() <= OVERLAP && file.by_ref().take(1).read(&mut [0])? == 0 {
            return Ok(());
        }
    }
}

/// Each secret once for each line of a file.
pub(super) fn leaks_of(
    searcher: &Searcher,
    found: Vec<Found>,
    path: &str,
    place: Place,
    note: &'static str,
) -> Vec<Leak> {
    let mut leaks: Vec<Leak> = Vec::new();
    for hit in found {
        let path = hit.member.map_or_else(
            || path.to_owned(),
            |member| {
                if member.is_empty() {
                    path.to_owned()
                } else {
                    format!("{path}!{member}")
                }
            },
        );
        let (live, weight) = match hit.what {
            What::Live(_) => (true, Weight::Real),
            What::Other(_, weight, _) => (false, weight),
        };
        let leak = Leak {
            what: searcher.name(hit.what),
            live,
            weight,
            spelling: hit.spelling.words(),
            path: Some(path),
            line: Some(hit.line),
            place,
            note,
            object: None,
            commits: Vec::new(),
            more: 0,
        };
        if !leaks.contains(&leak) && leaks.len() < MOST {
            leaks.push(leak);
        }
    }
    leaks
}

/// The most leaks of one file that are worth a line each.
const MOST: usize = 50;

fn in_name(searcher: &Searcher, path: &[u8], shown: &str, place: Place) -> Vec<Leak> {
    let found: Vec<_> = searcher
        .needles()
        .find(path)
        .into_iter()
        .map(|hit| Found {
            what: What::Live(hit.secret),
            spelling: hit.spelling,
            line: 1,
            member: None,
        })
        .collect();
    leaks_of(searcher, found, shown, place, "in the name of the file")
        .into_iter()
        .map(|leak| Leak { line: None, ..leak })
        .collect()
}

/// A path that may be shown: without the parts that hold a secret.
pub(super) fn shown(searcher: &Searcher, path: &str) -> String {
    let mut shown = path;
    while searcher.needles().is_match(shown.as_bytes()) {
        match shown.rsplit_once('/') {
            Some((parent, _)) => shown = parent,
            None => return "…".to_owned(),
        }
    }
    if shown.len() == path.len() {
        shown.to_owned()
    } else {
        format!("{shown}/…")
    }
}
