//! What a push would send, and the message of a commit that is made.
//!
//! A push is the last moment at which a leak can be stopped, and the only one that nothing passes by: cherry-picks, rebases,
//! patches that were applied, fast-forwards and commits that skipped their hook all come here.

use std::{
    collections::{BTreeSet, HashMap},
    io::{self, BufRead as _, BufReader},
    path::Path,
    process::ChildStdout,
    time::Duration,
};

use crate::{
    core::proof::Unread,
    os::bounded,
    ports::repository::{
        error::GitError,
        index::{self, ObjectContent},
        layout::Layout,
        meter::Meter,
        model::{Leak, Location, Push, PushedRef, TreeScan},
        object::ObjectKind,
        program::GitProgram,
        searcher::{SearchResult, Searcher},
    },
};

/// How long all of it may take.
const LIMIT: Duration = Duration::from_mins(10);

/// How many objects are asked for at a time.
const CHUNK: usize = 8192;

/// The longest message that is read, in bytes.
const MESSAGE_LIMIT: u64 = 16 << 20;

/// The most leaks of which the commits are looked up.
const MOST_NAMED: usize = 10;

/// How the line ends that git puts above the changes that an editor shows with a message. What is below it isn't part of it.
const SCISSORS: &[u8] = b" ------------------------ >8 ------------------------";

/// What git writes below that line.
const BELOW: &[u8] = b"Do not modify or remove the line above.";

/// Searches the message that is in a file, and the names of those who make the commit.
pub(super) fn scan_message(file: &Path, people: &[String], searcher: &Searcher) -> TreeScan {
    let mut scan = TreeScan::new();
    match bounded::read(file, MESSAGE_LIMIT) {
        Ok(text) => {
            let mut found = SearchResult::default();
            searcher.search(message(&text), &mut found);
            for unread in found.unread_of("the message") {
                scan.coverage.leave_out(unread);
            }
            let leaks = searcher.leaks(found.hits, "", Location::Message, "");
            scan.leaks.extend(leaks.into_iter().map(without_path));
        }
        Err(error) => scan.coverage.leave_out(Unread {
            what: "the message".to_owned(),
            why: format!("it couldn't be read: {}", error.kind()),
            hint: String::new(),
        }),
    }
    for name in people {
        let found = searcher.search_name(name.as_bytes());
        for leak in searcher.leaks(found, "", Location::Commit, "in the author or committer") {
            let leak = Leak {
                line: None,
                ..without_path(leak)
            };
            if !scan.leaks.contains(&leak) {
                scan.leaks.push(leak);
            }
        }
    }
    scan
}

/// The part of a message that git keeps.
fn message(text: &[u8]) -> &[u8] {
    let mut at = 0;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let rest = text.get(at + line.len()..).unwrap_or_default();
        let next = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
        if line.trim_ascii_end().ends_with(SCISSORS) && next.ends_with(BELOW) {
            return text.get(..at).unwrap_or_default();
        }
        at += line.len();
    }
    text
}

fn without_path(leak: Leak) -> Leak {
    Leak { path: None, ..leak }
}

/// Searches every object that a push would send, and the names of the refs that it makes.
pub(super) fn scan(
    layout: &Layout,
    git: &GitProgram,
    push: &Push,
    searcher: &Searcher,
    meter: &Meter,
) -> Result<TreeScan, GitError> {
    let mut scanner = PushScanner {
        layout,
        git,
        searcher,
        meter,
        scan: TreeScan::new(),
    };
    scanner.names(&push.updates);
    if push.updates.is_empty() {
        return Ok(scanner.scan);
    }
    if !git.available() {
        return Err(GitError::Missing);
    }
    let range = scanner.range(push)?;
    scanner.objects(&range)?;
    scanner.name_commits(&range);
    Ok(scanner.scan)
}

struct PushScanner<'a> {
    layout: &'a Layout,
    git: &'a GitProgram,
    searcher: &'a Searcher,
    meter: &'a Meter,
    scan: TreeScan,
}

impl PushScanner<'_> {
    fn names(&mut self, updates: &[PushedRef]) {
        for update in updates {
            let found = self.searcher.search_name(&update.name);
            let leaks = self.searcher.leaks(found, "", Location::RefName, "");
            for leak in leaks {
                self.add(Leak {
                    path: None,
                    line: None,
                    ..leak
                });
            }
        }
    }

    fn add(&mut self, leak: Leak) {
        let known = |known: &Leak| {
            known.is_same(&leak)
                && known.line == leak.line
                && known.note == leak.note
                && (leak.path.is_some() || known.object == leak.object)
        };
        if !self.scan.leaks.iter().any(known) {
            self.scan.leaks.push(leak);
        }
    }

    /// What git's list of revisions is made of: what is sent, without what the remote has already.
    fn range(&self, push: &Push) -> Result<Vec<u8>, GitError> {
        let mut known: BTreeSet<String> = self.fetched(&push.remote)?;
        let before = push
            .updates
            .iter()
            .filter_map(|update| update.before.clone());
        known.extend(self.existing(&before.collect())?);
        let mut range = String::new();
        for update in &push.updates {
            range.push_str(&update.id);
            range.push('\n');
        }
        for id in known {
            range.push('^');
            range.push_str(&id);
            range.push('\n');
        }
        Ok(range.into_bytes())
    }

    /// What the remote's branches led to when they were last asked for.
    fn fetched(&self, remote: &str) -> Result<BTreeSet<String>, GitError> {
        let root = &self.layout.root;
        let remotes = self.git.query(root, &["remote"])?.text();
        if !remotes.lines().any(|known| known == remote) {
            return Ok(BTreeSet::new());
        }
        let folder = format!("refs/remotes/{remote}/");
        // the refs of the remote `a/b` lie among those of the remote `a`
        let inner: Vec<String> = remotes
            .lines()
            .filter(|other| other.starts_with(&format!("{remote}/")))
            .map(|other| format!("refs/remotes/{other}/"))
            .collect();
        let format = "--format=%(objectname) %(refname)";
        let listed = self.git.query(root, &["for-each-ref", format, &folder])?;
        let text = listed.text();
        let refs = text.lines().filter_map(|line| line.split_once(' '));
        Ok(refs
            .filter(|(_, name)| !inner.iter().any(|inner| name.starts_with(inner.as_str())))
            .map(|(id, _)| id.to_owned())
            .collect())
    }

    /// Those of these objects that are here: what another person has pushed meanwhile is not.
    fn existing(&self, ids: &BTreeSet<String>) -> Result<BTreeSet<String>, GitError> {
        if ids.is_empty() {
            return Ok(BTreeSet::new());
        }
        let mut input = String::new();
        for id in ids {
            input.push_str(id);
            input.push('\n');
        }
        let (root, input) = (&self.layout.root, input.into_bytes());
        let question = ["cat-file", "--batch-check"];
        let output = self
            .git
            .run_within(root, &question, input, LIMIT, self.meter)?;
        let text = output.text();
        let lines = text.lines().map(|line| line.split(' ').collect::<Vec<_>>());
        Ok(lines
            .filter_map(|words| match words.as_slice() {
                [id, _, _] => Some((*id).to_owned()),
                _ => None,
            })
            .collect())
    }

    /// Searches the objects as git lists them.
    fn objects(&mut self, range: &[u8]) -> Result<(), GitError> {
        let mut question = vec!["rev-list", "--objects", "--stdin"];
        if self.layout.is_partial() {
            // what is missing here was left on a server, and is not sent
            question.push("--missing=allow-promisor");
        }
        let (root, git) = (&self.layout.root, self.git);
        let limit = (LIMIT, self.meter);
        let read = |out: ChildStdout| {
            let mut chunk = Vec::new();
            for line in BufReader::new(out).split(b'\n') {
                let line = line?;
                let mut words = line.splitn(2, |byte| *byte == b' ');
                let id = String::from_utf8_lossy(words.next().unwrap_or_default()).into_owned();
                let path = words.next().unwrap_or_default().to_vec();
                chunk.push((id, path));
                if chunk.len() == CHUNK {
                    self.search(&chunk).map_err(io::Error::other)?;
                    chunk.clear();
                }
            }
            self.search(&chunk).map_err(io::Error::other)
        };
        let ((), output) = git.stream_within(root, &question, range.to_vec(), limit, read)?;
        if output.success() {
            Ok(())
        } else {
            Err(output.failure())
        }
    }

    fn search(&mut self, chunk: &[(String, Vec<u8>)]) -> Result<(), GitError> {
        let (layout, git, meter) = (self.layout, self.git, self.meter);
        let paths: HashMap<&str, &[u8]> = chunk
            .iter()
            .map(|(id, path)| (id.as_str(), path.as_slice()))
            .collect();
        let path_of = |id: &str| paths.get(id).copied().unwrap_or_default();
        let ids: Vec<String> = chunk.iter().map(|(id, _)| id.clone()).collect();
        self.scan.files += ids.len();
        let mut visit = |content: ObjectContent| {
            let path = path_of(&content.id);
            match content.kind {
                ObjectKind::Blob => {
                    let mut found = SearchResult::default();
                    self.searcher.search(&content.bytes, &mut found);
                    self.blob(&content.id, path, found);
                }
                ObjectKind::Tree => self.tree(path, &content.bytes),
                ObjectKind::Commit => {
                    let notes = ["in the author or committer", "in the message"];
                    self.head(&content.id, &content.bytes, notes, true);
                }
                ObjectKind::Tag => {
                    let notes = ["in the name or author of a tag", "in the message of a tag"];
                    self.head(&content.id, &content.bytes, notes, false);
                }
            }
        };
        for id in index::contents(layout, git, &ids, meter, &mut visit)? {
            let mut found = SearchResult::default();
            let read = index::read_blob(layout, git, &id, meter, |text| {
                self.searcher.search_pieces(text, &mut found)
            });
            let path = path_of(&id);
            if let Err(error) = read {
                let shown = self.shown(path);
                let why = format!("it couldn't be read: {error}");
                let unread = Unread::file(&shown, why, "check `git fsck`");
                self.scan.coverage.leave_out(unread);
            }
            self.blob(&id, path, found);
        }
        Ok(())
    }

    fn shown(&self, path: &[u8]) -> String {
        self.searcher.redact_path(&String::from_utf8_lossy(path))
    }

    fn blob(&mut self, id: &str, path: &[u8], found: SearchResult) {
        self.name(path);
        if found.is_empty() {
            return;
        }
        let shown = self.shown(path);
        for unread in found.unread_of(&shown) {
            self.scan.coverage.leave_out(unread);
        }
        for leak in self.searcher.leaks(found.hits, &shown, Location::Push, "") {
            self.add(Leak {
                object: Some(id.to_owned()),
                path: leak.path.filter(|path| !path.is_empty()),
                ..leak
            });
        }
    }

    fn name(&mut self, path: &[u8]) {
        let found = self.searcher.search_name(path);
        if found.is_empty() {
            return;
        }
        let shown = self.shown(path);
        let note = "in the name of the file";
        for leak in self.searcher.leaks(found, &shown, Location::Push, note) {
            self.add(Leak { line: None, ..leak });
        }
    }

    /// Searches the names in a tree, whose objects may have been sent before.
    fn tree(&mut self, path: &[u8], tree: &[u8]) {
        if self.searcher.is_clean(tree, None) {
            return;
        }
        let mut rest = tree;
        while let Some(end) = memchr::memchr(0, rest) {
            let entry = rest.get(..end).unwrap_or_default();
            let name = entry.splitn(2, |byte| *byte == b' ').nth(1);
            let mut full = path.to_vec();
            if !full.is_empty() {
                full.push(b'/');
            }
            full.extend(name.unwrap_or_default());
            self.name(&full);
            rest = rest.get(end + 1 + self.layout.hash..).unwrap_or_default();
        }
    }

    /// Searches a commit or a tag: its lines, and its message.
    fn head(
        &mut self,
        id: &str,
        text: &[u8],
        [in_head, in_message]: [&'static str; 2],
        is_commit: bool,
    ) {
        let end = memchr::memmem::find(text, b"\n\n").unwrap_or(text.len());
        let (head, message) = text.split_at(end);
        for (part, note) in [(head, in_head), (message, in_message)] {
            let mut found = SearchResult::default();
            self.searcher.search(part, &mut found);
            for unread in found.unread_of_object(id) {
                self.scan.coverage.leave_out(unread);
            }
            for leak in self.searcher.leaks(found.hits, "", Location::Push, note) {
                let short = id.get(..10).unwrap_or(id).to_owned();
                self.add(Leak {
                    path: None,
                    line: None,
                    commits: if is_commit { vec![short] } else { Vec::new() },
                    object: Some(id.to_owned()),
                    ..leak
                });
            }
        }
    }

    /// Looks up which of the commits brought what was found. Without an answer the object stands for them.
    fn name_commits(&mut self, range: &[u8]) {
        let (root, meter) = (&self.layout.root, self.meter);
        let mut asked: HashMap<String, Vec<String>> = HashMap::new();
        for leak in &mut self.scan.leaks {
            let Some(id) = leak.object.as_ref().filter(|_| leak.commits.is_empty()) else {
                continue;
            };
            if !asked.contains_key(id) && asked.len() < MOST_NAMED {
                let find = format!("--find-object={id}");
                let question = ["log", "--format=%h", "--abbrev=10", "-m", &find, "--stdin"];
                let answer = self
                    .git
                    .run_within(root, &question, range.to_vec(), LIMIT, meter);
                let text = answer.map_or_else(|_| String::new(), |output| output.text());
                let mut commits: Vec<_> = text.lines().map(str::to_owned).collect();
                commits.dedup();
                commits.truncate(2);
                asked.insert(id.clone(), commits);
            }
            leak.commits = asked.get(id).cloned().unwrap_or_default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_editor_shows_below_the_message_is_no_part_of_it() {
        let line = "# ------------------------ >8 ------------------------\n";
        let below = "# Do not modify or remove the line above.\ndiff --git a b\n-npg_x\n";
        let text = format!("subject\n\n# a comment\n{line}{below}");
        assert_eq!(message(text.as_bytes()), b"subject\n\n# a comment\n");
        // a line that only looks so is kept, and with it what follows
        let text = format!("subject\n{line}npg_x\n");
        assert_eq!(message(text.as_bytes()), text.as_bytes());
        assert_eq!(message(b""), b"");
    }
}
