//! Which file, which commits, and how far it went: the expensive questions, asked only of what was found.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    io::{BufRead as _, BufReader},
    time::Duration,
};

use crate::{
    core::proof::Coverage,
    ports::repository::{
        error::GitError,
        history::{
            commits::{self, WantedObject},
            matches::ObjectMatch,
        },
        layout::Layout,
        meter::Meter,
        model::{CommittedPath, Leak, Location},
        object::ObjectKind,
        program::{GitProgram, ProgramOutput},
        searcher::{MatchedSecret, Searcher},
    },
};

/// How long git may take for one question about the history.
const LIMIT: Duration = Duration::from_mins(1);

/// How many leaks of one location get their commits named: each is an argument of git's.
const NAMED: usize = 1000;

/// How many names have their commits named.
const NAMES: usize = 20;

/// How many paths of one name are named.
const PATHS: usize = 200;

/// The branches, the tags, and what is known of remotes: what a push takes along.
const PUSHED: &[&str] = &["--branches", "--tags", "--remotes"];
/// All but those.
const NOT_PUSHED: &[&str] = &["--not", "--branches", "--tags", "--remotes", "--not"];
/// All that no ref leads to.
const NO_REF: &[&str] = &["--not", "--all", "--not"];

/// The ways to reach an object, from the widest known to the least: from these, without those.
const WAYS: [(Location, &[&str], &[&str]); 5] = [
    (Location::Branch, PUSHED, &[]),
    // these come as ids on standard input
    (
        Location::Remote,
        &["--ignore-missing", "--stdin"],
        NOT_PUSHED,
    ),
    (Location::OtherRef, &["--all"], NOT_PUSHED),
    (Location::Reflog, &["--reflog"], NO_REF),
    (Location::Index, &["--indexed-objects"], NO_REF),
];

/// How many of them are ways to commits.
const COMMITS: usize = 4;

/// The ids of objects that nothing leads to, one a line.
#[derive(Default)]
struct Lost {
    /// Commits and tags.
    commits: String,
    trees: String,
}

/// A leak whose commits are to be named.
struct LeakToName {
    leak: Leak,
    kind: ObjectKind,
    /// The path of the object itself, as git has it.
    path: Option<String>,
}

impl LeakToName {
    /// Whether git knows the path by these characters: one that is empty, or not valid UTF-8, is not asked for.
    fn has_path(&self) -> bool {
        let path = self.path.as_deref().unwrap_or_default();
        !path.is_empty() && !path.contains(char::REPLACEMENT_CHARACTER)
    }
}

/// Asks one repository about what was found in it.
pub(super) struct Namer<'a> {
    pub(super) layout: &'a Layout,
    pub(super) git: &'a GitProgram,
    pub(super) searcher: &'a Searcher,
    /// The repository's own path in the outermost one.
    pub(super) prefix: &'a str,
    /// The commits that were on a remote, whether or not a branch of it has them today.
    pub(super) fetched: &'a [String],
    pub(super) meter: &'a Meter,
}

impl Namer<'_> {
    /// Makes leaks of what was found, and tells what of it was not read. The same secret in the same file is one leak, however many
    /// versions hold it.
    pub(super) fn leaks(&self, hits: Vec<ObjectMatch>) -> (Vec<Leak>, Coverage) {
        let mut coverage = Coverage::complete();
        if hits.is_empty() {
            return (Vec::new(), coverage);
        }
        let locations = self.locations(&hits);
        let mut groups: BTreeMap<(Location, String, MatchedSecret), LeakToName> = BTreeMap::new();
        for hit in hits {
            let (location, path) = locations
                .get(&hit.id)
                .cloned()
                .unwrap_or((Location::Object, None));
            let own_path = path.clone().filter(|_| hit.kind == ObjectKind::Blob);
            let (note, path) = match hit.kind {
                ObjectKind::Blob => ("", path),
                ObjectKind::Commit => ("in a commit message", None),
                ObjectKind::Tag => ("in a tag message", None),
                ObjectKind::Tree => ("in a file name", path.map(|path| format!("{path}/"))),
            };
            let path = path
                .map(|path| self.searcher.redact_path(&format!("{}{path}", self.prefix)))
                .unwrap_or_default();
            if path.is_empty() {
                hit.found
                    .unread_of_object(&hit.id)
                    .for_each(|unread| coverage.leave_out(unread));
            } else {
                hit.found
                    .unread_of(&path)
                    .for_each(|unread| coverage.leave_out(unread));
            }
            for found in hit.found.hits {
                let secret = found.secret;
                let leaks = self.searcher.leaks(vec![found], &path, location, note);
                for mut leak in leaks {
                    // a member of an archive says nothing where the archive itself has no name
                    leak.path = leak.path.filter(|_| !path.is_empty());
                    leak.line = leak.line.filter(|_| hit.kind == ObjectKind::Blob);
                    leak.object = Some(hit.id.clone());
                    let key = (location, leak.path.clone().unwrap_or_default(), secret);
                    match groups.get_mut(&key) {
                        Some(known) if known.leak.object == leak.object => {}
                        Some(known) => known.leak.more += 1,
                        None => {
                            let (kind, path) = (hit.kind, own_path.clone());
                            groups.insert(key, LeakToName { leak, kind, path });
                        }
                    }
                }
            }
        }
        let mut named: Vec<LeakToName> = groups.into_values().collect();
        self.name_commits(&mut named);
        let leaks = named.into_iter().map(|named| named.leak).collect();
        (leaks, coverage)
    }

    fn query(&self, arguments: &[&str]) -> Result<ProgramOutput, GitError> {
        let (root, meter) = (&self.layout.root, self.meter);
        let input = self.input(arguments);
        self.git.run_within(root, arguments, input, LIMIT, meter)
    }

    /// What git reads to answer a question.
    fn input(&self, arguments: &[&str]) -> Vec<u8> {
        if arguments.contains(&"--stdin") {
            self.fetched.join("\n").into_bytes()
        } else {
            Vec::new()
        }
    }

    /// How each object is reached, and under which path.
    fn locations(&self, hits: &[ObjectMatch]) -> HashMap<String, (Location, Option<String>)> {
        let mut known = HashMap::new();
        let mut open: BTreeSet<&str> = hits.iter().map(|hit| hit.id.as_str()).collect();
        if !self.git.available() {
            return known;
        }
        for (location, from, without) in WAYS {
            let revisions = [without, from].concat();
            let input = self.input(&revisions);
            let reached = self.reach(&revisions, input, &mut open, &mut |id, path| {
                known.insert(id.to_owned(), (location, path));
            });
            if reached.is_none() || open.is_empty() {
                return known;
            }
        }
        let Some(lost) = self.lost() else {
            let unknown = |id: &str| (id.to_owned(), (Location::Disk, None));
            known.extend(open.into_iter().map(unknown));
            return known;
        };
        // what is not in commits either was staged, and never committed, as far as this disk can tell
        let mut location = Location::Disk;
        for heads in [lost.commits, lost.trees] {
            if !heads.is_empty() && !open.is_empty() {
                let input = heads.into_bytes();
                let reached = self.reach(&["--stdin"], input, &mut open, &mut |id, path| {
                    known.insert(id.to_owned(), (location, path));
                });
                if reached.is_none() {
                    break;
                }
            }
            location = Location::Dangling;
        }
        known.extend(open.into_iter().map(|id| (id.to_owned(), (location, None))));
        known
    }

    /// Takes those of the open objects that some revisions lead to, each with the first path that it has; `None` where git does not say.
    fn reach<'o>(
        &self,
        revisions: &[&str],
        input: Vec<u8>,
        open: &mut BTreeSet<&'o str>,
        take: &mut dyn FnMut(&'o str, Option<String>),
    ) -> Option<()> {
        let digits = self.layout.hash * 2;
        // objects that are not here are passed over, not fetched
        let question = [&["rev-list", "--objects", "--missing=allow-any"], revisions].concat();
        let read = |answer| {
            let mut answer = BufReader::new(answer);
            let mut line = Vec::new();
            while !open.is_empty() {
                line.clear();
                if answer.read_until(b'\n', &mut line)? == 0 {
                    return Ok(false);
                }
                let id = line.get(..digits).map(std::str::from_utf8);
                if let Some(Ok(id)) = id
                    && let Some(id) = open.get(id).copied()
                {
                    open.remove(id);
                    let line = line.strip_suffix(b"\n").unwrap_or(&line);
                    let path = line.get(digits + 1..);
                    let path = path.map(|path| String::from_utf8_lossy(path).into_owned());
                    take(id, path);
                }
            }
            // no more is to be known
            Ok(true)
        };
        let (root, within) = (&self.layout.root, (LIMIT, self.meter));
        let answer = self.git.stream_within(root, &question, input, within, read);
        let (all_taken, output) = answer.ok()?;
        (all_taken || output.success()).then_some(())
    }

    /// What no ref leads to, and nothing else either; `None` where git doesn't say.
    fn lost(&self) -> Option<Lost> {
        let question = ["fsck", "--connectivity-only", "--dangling", "--no-progress"];
        let answer = self.query(&question).ok().filter(ProgramOutput::success)?;
        let mut lost = Lost::default();
        for line in answer.text().lines() {
            let Some((kind, id)) = line
                .strip_prefix("dangling ")
                .and_then(|rest| rest.split_once(' '))
            else {
                continue;
            };
            let heads = match kind {
                "commit" | "tag" => &mut lost.commits,
                "tree" => &mut lost.trees,
                _ => continue,
            };
            heads.push_str(id);
            heads.push('\n');
        }
        Some(lost)
    }

    /// Names the commits that brought the objects or took them away: of each way to reach objects in one walk.
    fn name_commits(&self, named: &mut [LeakToName]) {
        for LeakToName { leak, kind, .. } in named.iter_mut() {
            if *kind == ObjectKind::Commit
                && let Some(object) = &leak.object
            {
                leak.commits = vec![object.chars().take(10).collect()];
            }
        }
        for (location, from, without) in WAYS.iter().take(COMMITS) {
            let revisions = [*without, *from].concat();
            for by_path in [true, false] {
                // those whose path leads to no commit are looked for under any
                let mut here: Vec<&mut LeakToName> = named
                    .iter_mut()
                    .filter(|named| {
                        named.leak.location == *location && named.leak.commits.is_empty()
                    })
                    .filter(|named| matches!(named.kind, ObjectKind::Blob | ObjectKind::Tree))
                    .filter(|named| named.leak.object.is_some())
                    .filter(|named| !by_path || named.has_path())
                    .take(NAMED)
                    .collect();
                let mut wanted: Vec<WantedObject<'_>> = here
                    .iter()
                    .filter_map(|named| {
                        Some(WantedObject {
                            object: named.leak.object.as_deref()?,
                            path: named.path.as_deref().filter(|_| by_path),
                            commits: Vec::new(),
                        })
                    })
                    .collect();
                if wanted.is_empty() || self.meter.stopped() {
                    continue;
                }
                let question = commits::question(&wanted, &revisions);
                let (root, input) = (&self.layout.root, self.input(&revisions));
                let within = (LIMIT, self.meter);
                let read = |answer| commits::read(answer, &mut wanted);
                // what was read before the time was up counts
                self.git
                    .stream_within(root, &question, input, within, read)
                    .ok();
                let found: Vec<_> = wanted.into_iter().map(|wanted| wanted.commits).collect();
                for (named, commits) in here.iter_mut().zip(found) {
                    named.leak.commits = commits;
                }
            }
        }
    }

    /// Where files of the watched names were committed.
    pub(super) fn committed(
        &self,
        names: &BTreeSet<Vec<u8>>,
        watched: &[String],
    ) -> Vec<CommittedPath> {
        let mut all = Vec::new();
        for (number, name) in names.iter().enumerate() {
            let name = String::from_utf8_lossy(name).into_owned();
            let found = if number < NAMES {
                self.paths(&name)
            } else {
                Vec::new()
            };
            if found.is_empty() {
                all.push(CommittedPath {
                    exact: watched
                        .iter()
                        .any(|path| path.rsplit('/').next() == Some(name.as_str())),
                    path: self.searcher.redact_path(&format!("{}{name}", self.prefix)),
                    commit: None,
                    location: Location::Object,
                });
            }
            for (path, commit, location) in found {
                let path = format!("{}{path}", self.prefix);
                all.push(CommittedPath {
                    exact: watched.contains(&path),
                    path: self.searcher.redact_path(&path),
                    commit: Some(commit),
                    location,
                });
            }
        }
        all
    }

    /// The paths of a name, each with the newest commit that changed it.
    fn paths(&self, name: &str) -> Vec<(String, String, Location)> {
        let mut all: Vec<(String, String, Location)> = Vec::new();
        if !self.git.available() {
            return all;
        }
        let mut pattern = ":(top,glob)**/".to_owned();
        for c in name.chars() {
            if matches!(c, '*' | '?' | '[' | '\\') {
                pattern.push('\\');
            }
            pattern.push(c);
        }
        let log = [
            "log",
            "--format=%x01%h",
            "--abbrev=10",
            "--name-only",
            "-z",
            "--diff-merges=separate",
            "--full-history",
            "--max-count=2000",
        ];
        for (location, from, without) in WAYS.iter().take(COMMITS) {
            let question = [&log, *without, from, &["--", pattern.as_str()]].concat();
            let Ok(output) = self.query(&question) else {
                break;
            };
            for entry in output.text().split('\u{1}') {
                let mut parts = entry.split(['\0', '\n']).filter(|part| !part.is_empty());
                let Some(commit) = parts.next() else {
                    continue;
                };
                for path in parts {
                    if !all.iter().any(|(known, _, _)| known == path) && all.len() < PATHS {
                        all.push((path.to_owned(), commit.to_owned(), *location));
                    }
                }
            }
            if !all.is_empty() {
                break;
            }
        }
        all
    }
}

/// Makes leaks of what was found in objects of which no more is known, and tells what of it was not read.
pub(super) fn unnamed(searcher: &Searcher, hits: Vec<ObjectMatch>) -> (Vec<Leak>, Coverage) {
    let note = "of a submodule that isn't checked out";
    let mut all = Vec::new();
    let mut coverage = Coverage::complete();
    for hit in hits {
        hit.found
            .unread_of_object(&hit.id)
            .for_each(|unread| coverage.leave_out(unread));
        for leak in searcher.leaks(hit.found.hits, "", Location::Object, note) {
            all.push(Leak {
                path: None,
                object: Some(hit.id.clone()),
                ..leak
            });
        }
    }
    (all, coverage)
}
