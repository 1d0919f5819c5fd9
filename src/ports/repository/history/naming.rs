//! Which file, which commits, and how far it went: the expensive questions, asked only of what was found.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};

use crate::ports::repository::history::Hit;
use crate::ports::repository::{
    Committed, Leak, Place,
    content::{Searcher, What},
    layout::Layout,
    meter::Meter,
    pack::Kind,
    program::Program,
    tree::{leaks_of, shown},
};

/// How long git may take for one question about the history.
const LIMIT: Duration = Duration::from_mins(1);

/// How many leaks get their commits named.
const NAMED: usize = 60;

/// The ways to reach an object, from the widest known to the least.
const WAYS: [(Place, &[&str], &[&str]); 4] = [
    (Place::Branch, &["--branches", "--tags", "--remotes"], &[]),
    (
        Place::OtherRef,
        &["--all"],
        &["--not", "--branches", "--tags", "--remotes"],
    ),
    (Place::Reflog, &["--reflog"], &["--not", "--all"]),
    (Place::Index, &["--indexed-objects"], &["--not", "--all"]),
];

/// Names what was found.
pub(super) fn leaks(
    layout: &Layout,
    git: &Program,
    searcher: &Searcher,
    hits: Vec<Hit>,
    prefix: &str,
    meter: &Meter,
) -> Vec<Leak> {
    if hits.is_empty() {
        return Vec::new();
    }
    let places = places(layout, git, &hits, meter);
    // the same secret in the same file is one leak, however many versions hold it
    let mut groups: BTreeMap<(Place, String, What), (Leak, Kind)> = BTreeMap::new();
    for hit in hits {
        let (place, path) = places
            .get(&hit.id)
            .cloned()
            .unwrap_or((Place::Object, None));
        let note = match hit.kind {
            Kind::Blob => "",
            Kind::Commit => "in a commit's message",
            Kind::Tag => "in a tag's message",
            Kind::Tree => "in the name of a file",
        };
        let path = match (hit.kind, path) {
            (Kind::Blob, Some(path)) => Some(shown(searcher, &format!("{prefix}{path}"))),
            (Kind::Tree, Some(path)) => Some(shown(searcher, &format!("{prefix}{path}/"))),
            _ => None,
        };
        let whats: Vec<_> = hit.found.iter().map(|found| found.what).collect();
        let leaks = hit.found.into_iter().flat_map(|found| {
            leaks_of(
                searcher,
                vec![found],
                path.as_deref().unwrap_or_default(),
                place,
                note,
            )
        });
        for (mut leak, what) in leaks.zip(whats) {
            if path.is_none() {
                leak.path = leak.path.filter(|path| !path.is_empty());
            }
            if hit.kind != Kind::Blob {
                leak.line = None;
            }
            leak.object = Some(hit.id.clone());
            let key = (place, leak.path.clone().unwrap_or_default(), what);
            match groups.get_mut(&key) {
                Some((known, _)) if known.object == leak.object => {}
                Some((known, _)) => known.more += 1,
                None => {
                    groups.insert(key, (leak, hit.kind));
                }
            }
        }
    }
    let mut leaks = Vec::new();
    for (named, (mut leak, kind)) in groups.into_values().enumerate() {
        if named < NAMED && !meter.stopped() {
            leak.commits = commits(layout, git, &leak, kind, prefix, meter);
        }
        leaks.push(leak);
    }
    leaks
}

/// What was found in objects of which no more is known.
pub(super) fn unnamed(searcher: &Searcher, hits: Vec<Hit>) -> Vec<Leak> {
    let mut leaks = Vec::new();
    for hit in hits {
        for leak in leaks_of(
            searcher,
            hit.found,
            "",
            Place::Object,
            "of a submodule that is not checked out",
        ) {
            leaks.push(Leak {
                path: None,
                object: Some(hit.id.clone()),
                ..leak
            });
        }
    }
    leaks
}

/// How each object is reached, and under which path.
fn places(
    layout: &Layout,
    git: &Program,
    hits: &[Hit],
    meter: &Meter,
) -> HashMap<String, (Place, Option<String>)> {
    let mut known = HashMap::new();
    let mut open: BTreeSet<&str> = hits.iter().map(|hit| hit.id.as_str()).collect();
    if !git.available() {
        return known;
    }
    for (place, from, without) in WAYS {
        if open.is_empty() {
            return known;
        }
        // of a partial clone the objects that are not here are passed over, not fetched
        let missing: &[&str] = if layout.partial().is_some() {
            &["--missing=allow-any"]
        } else {
            &[]
        };
        let arguments: Vec<&str> = ["rev-list", "--objects"]
            .iter()
            .chain(missing)
            .chain(from)
            .chain(without)
            .copied()
            .collect();
        let said = git.run_within(&layout.root, &arguments, Vec::new(), LIMIT, meter);
        let Ok(Some(said)) = said else {
            return known;
        };
        if !said.ok() {
            return known;
        }
        for line in said.out.split(|byte| *byte == b'\n') {
            let Some(id) = line
                .get(..layout.hash * 2)
                .and_then(|id| std::str::from_utf8(id).ok())
            else {
                continue;
            };
            if open.remove(id) {
                let path = line
                    .get(layout.hash * 2 + 1..)
                    .map(|path| String::from_utf8_lossy(path).into_owned());
                known.insert(id.to_owned(), (place, path));
            }
        }
    }
    known.extend(
        open.into_iter()
            .map(|id| (id.to_owned(), (Place::Disk, None))),
    );
    known
}

/// The commits that brought an object or took it away.
fn commits(
    layout: &Layout,
    git: &Program,
    leak: &Leak,
    kind: Kind,
    prefix: &str,
    meter: &Meter,
) -> Vec<String> {
    let Some(object) = &leak.object else {
        return Vec::new();
    };
    match kind {
        Kind::Commit => return vec![object.chars().take(10).collect()],
        Kind::Tag => return Vec::new(),
        Kind::Blob | Kind::Tree => {}
    }
    let Some((_, from, without)) = WAYS.iter().find(|(place, _, _)| *place == leak.place) else {
        return Vec::new();
    };
    if leak.place == Place::Index {
        return Vec::new();
    }
    let find = format!("--find-object={object}");
    let mut arguments = vec![
        "--literal-pathspecs",
        "log",
        "--format=%h",
        "--abbrev=10",
        "--diff-merges=separate",
        "-s",
        "--max-count=3",
        &find,
    ];
    arguments.extend(from.iter().chain(*without));
    let path = leak
        .path
        .as_deref()
        .and_then(|path| path.strip_prefix(prefix))
        .filter(|path| kind == Kind::Blob && !path.contains(['!', '…']));
    if let Some(path) = path {
        arguments.extend(["--full-history", "--", path]);
    }
    let said = git.run_within(&layout.root, &arguments, Vec::new(), LIMIT, meter);
    let Ok(Some(said)) = said else {
        return Vec::new();
    };
    let mut commits: Vec<String> = Vec::new();
    for line in String::from_utf8_lossy(&said.out).lines() {
        if !line.is_empty() && !commits.iter().any(|known| known == line) {
            commits.push(line.to_owned());
        }
    }
    commits
}

/// Where files of the watched names were committed.
pub(super) fn committed(
    layout: &Layout,
    git: &Program,
    names: &BTreeSet<Vec<u8>>,
    watched: &[String],
    prefix: &str,
    meter: &Meter,
) -> Vec<Committed> {
    let mut all = Vec::new();
    for name in names.iter().take(20) {
        let name = String::from_utf8_lossy(name).into_owned();
        let found = paths(layout, git, &name, meter);
        if found.is_empty() {
            all.push(Committed {
                exact: watched
                    .iter()
                    .any(|path| path.rsplit('/').next() == Some(name.as_str())),
                path: format!("{prefix}{name}"),
                commit: None,
                place: Place::Object,
            });
        }
        for (path, commit, place) in found {
            let path = format!("{prefix}{path}");
            all.push(Committed {
                exact: watched.contains(&path),
                path,
                commit: Some(commit),
                place,
            });
        }
    }
    all
}

/// The paths of a name, each with the newest commit that changed it.
fn paths(
    layout: &Layout,
    git: &Program,
    name: &str,
    meter: &Meter,
) -> Vec<(String, String, Place)> {
    let mut all: Vec<(String, String, Place)> = Vec::new();
    if !git.available() {
        return all;
    }
    let pattern: String = name
        .chars()
        .flat_map(|c| {
            if matches!(c, '*' | '?' | '[' | '\\') {
                vec!['\\', c]
            } else {
                vec![c]
            }
        })
        .collect();
    let pattern = format!(":(top,glob)**/{pattern}");
    for (place, from, without) in WAYS.iter().take(3) {
        let mut arguments = vec![
            "log",
            "--format=%x01%h",
            "--abbrev=10",
            "--name-only",
            "-z",
            "--diff-merges=separate",
            "--full-history",
        ];
        arguments.extend(["--max-count=20"]);
        arguments.extend(from.iter().chain(*without));
        arguments.extend(["--", pattern.as_str()]);
        let Ok(Some(said)) = git.run_within(&layout.root, &arguments, Vec::new(), LIMIT, meter)
        else {
            break;
        };
        let text = String::from_utf8_lossy(&said.out).into_owned();
        for entry in text.split('\u{1}') {
            let mut parts = entry.split(['\0', '\n']).filter(|part| !part.is_empty());
            let Some(commit) = parts.next() else {
                continue;
            };
            for path in parts {
                if !all.iter().any(|(known, _, _)| known == path) && all.len() < 20 {
                    all.push((path.to_owned(), commit.to_owned(), *place));
                }
            }
        }
        if !all.is_empty() {
            break;
        }
    }
    all
}
