//! Which file, which commits, and how far it went: the expensive questions, asked only of what was found.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};

use crate::{
    core::proof::Coverage,
    ports::repository::{
        error::GitError,
        history::matches::ObjectMatch,
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

/// How many leaks get their commits named.
const NAMED: usize = 60;

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
        let mut groups: BTreeMap<(Location, String, MatchedSecret), (Leak, ObjectKind)> =
            BTreeMap::new();
        for hit in hits {
            let (location, path) = locations
                .get(&hit.id)
                .cloned()
                .unwrap_or((Location::Object, None));
            let (note, path) = match hit.kind {
                ObjectKind::Blob => ("", path),
                ObjectKind::Commit => ("in a commit's message", None),
                ObjectKind::Tag => ("in a tag's message", None),
                ObjectKind::Tree => ("in the name of a file", path.map(|path| format!("{path}/"))),
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
                    leak.path = leak.path.filter(|path| !path.is_empty());
                    leak.line = leak.line.filter(|_| hit.kind == ObjectKind::Blob);
                    leak.object = Some(hit.id.clone());
                    let key = (location, leak.path.clone().unwrap_or_default(), secret);
                    match groups.get_mut(&key) {
                        Some((known, _)) if known.object == leak.object => {}
                        Some((known, _)) => known.more += 1,
                        None => {
                            groups.insert(key, (leak, hit.kind));
                        }
                    }
                }
            }
        }
        let mut leaks = Vec::new();
        for (named, (mut leak, kind)) in groups.into_values().enumerate() {
            if named < NAMED && !self.meter.stopped() {
                leak.commits = self.commits(&leak, kind);
            }
            leaks.push(leak);
        }
        (leaks, coverage)
    }

    fn query(&self, arguments: &[&str]) -> Result<ProgramOutput, GitError> {
        let input = if arguments.contains(&"--stdin") {
            self.fetched.join("\n").into_bytes()
        } else {
            Vec::new()
        };
        let (root, meter) = (&self.layout.root, self.meter);
        self.git.run_within(root, arguments, input, LIMIT, meter)
    }

    /// How each object is reached, and under which path.
    fn locations(&self, hits: &[ObjectMatch]) -> HashMap<String, (Location, Option<String>)> {
        let mut known = HashMap::new();
        let mut open: BTreeSet<&str> = hits.iter().map(|hit| hit.id.as_str()).collect();
        if !self.git.available() {
            return known;
        }
        // objects that are not here are passed over, not fetched
        let missing: &[&str] = &["--missing=allow-any"];
        let digits = self.layout.hash * 2;
        for (location, from, without) in WAYS {
            if open.is_empty() {
                return known;
            }
            let question = [&["rev-list", "--objects"], missing, without, from].concat();
            let Some(output) = self.query(&question).ok().filter(ProgramOutput::success) else {
                return known;
            };
            for line in output.out.split(|byte| *byte == b'\n') {
                let id = line.get(..digits).map(std::str::from_utf8);
                if let Some(Ok(id)) = id
                    && open.remove(id)
                {
                    let path = line.get(digits + 1..);
                    let path = path.map(|path| String::from_utf8_lossy(path).into_owned());
                    known.insert(id.to_owned(), (location, path));
                }
            }
        }
        if open.is_empty() {
            return known;
        }
        let committed = self.lost_commits();
        known.extend(open.into_iter().map(|id| {
            let location = match &committed {
                Some(held) if !held.contains(id) => Location::Dangling,
                Some(_) | None => Location::Disk,
            };
            (id.to_owned(), (location, None))
        }));
        known
    }

    /// What the commits hold that no ref leads to. What is not in them either was staged, and never committed, as far as this disk can
    /// tell. `None` where git doesn't say.
    fn lost_commits(&self) -> Option<BTreeSet<String>> {
        let question = ["fsck", "--connectivity-only", "--dangling", "--no-progress"];
        let answer = self.query(&question).ok().filter(ProgramOutput::success)?;
        let heads: Vec<_> = String::from_utf8_lossy(&answer.out)
            .lines()
            .filter_map(|line| {
                line.strip_prefix("dangling commit ")
                    .or_else(|| line.strip_prefix("dangling tag "))
            })
            .map(str::to_owned)
            .collect();
        if heads.is_empty() {
            return Some(BTreeSet::new());
        }
        let question = ["rev-list", "--objects", "--missing=allow-any", "--stdin"];
        let (root, meter) = (&self.layout.root, self.meter);
        let input = heads.join("\n").into_bytes();
        let answer = self.git.run_within(root, &question, input, LIMIT, meter);
        let answer = answer.ok().filter(ProgramOutput::success)?;
        let held = String::from_utf8_lossy(&answer.out);
        let id = |line: &str| line.split(' ').next().map(str::to_owned);
        Some(held.lines().filter_map(id).collect())
    }

    /// The commits that brought an object or took it away.
    fn commits(&self, leak: &Leak, kind: ObjectKind) -> Vec<String> {
        let Some(object) = &leak.object else {
            return Vec::new();
        };
        match kind {
            ObjectKind::Commit => return vec![object.chars().take(10).collect()],
            ObjectKind::Tag => return Vec::new(),
            ObjectKind::Blob | ObjectKind::Tree => {}
        }
        let Some((_, from, without)) = WAYS
            .iter()
            .take(COMMITS)
            .find(|(location, _, _)| *location == leak.location)
        else {
            return Vec::new();
        };
        let find = format!("--find-object={object}");
        let mut question = vec![
            "--literal-pathspecs",
            "log",
            "--format=%h",
            "--abbrev=10",
            "--diff-merges=separate",
            "-s",
            "--max-count=3",
            &find,
        ];
        question.extend(without.iter().chain(*from));
        let path = leak
            .path
            .as_deref()
            .and_then(|path| path.strip_prefix(self.prefix))
            .filter(|path| kind == ObjectKind::Blob && !path.contains(['!', '…']));
        if let Some(path) = path {
            question.extend(["--full-history", "--", path]);
        }
        let text = self.query(&question).map(|output| output.text());
        let mut commits: Vec<String> = Vec::new();
        for line in text.unwrap_or_default().lines() {
            if !line.is_empty() && !commits.iter().any(|known| known == line) {
                commits.push(line.to_owned());
            }
        }
        commits
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
    let note = "of a submodule that is not checked out";
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
