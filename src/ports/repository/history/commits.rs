//! Which commits brought an object or took it away: of all that was found, in one walk of the history.

use std::{
    collections::{BTreeSet, HashMap},
    io::{self, BufRead, BufReader},
};

/// How many commits are named of an object.
pub(super) const MOST_COMMITS: usize = 3;

/// How many digits of a commit's id are shown.
const DIGITS: usize = 10;

/// With more paths, git is faster when it looks at all.
const MOST_PATHSPECS: usize = 8;

/// The most of git's answer that is read, in bytes.
const ANSWER_LIMIT: u64 = 256 << 20;

/// What a commit is told by, in git's answer.
const HEAD: u8 = 1;

/// An object whose commits are looked for.
pub(super) struct WantedObject<'a> {
    pub(super) object: &'a str,
    /// The path that it has, from the root of its own repository; `None` where any counts.
    pub(super) path: Option<&'a str>,
    /// What was found: the newest commits first.
    pub(super) commits: Vec<String>,
}

impl WantedObject<'_> {
    fn is_at(&self, path: &[u8]) -> bool {
        self.path.is_none_or(|wanted| {
            let inner = path.strip_prefix(wanted.as_bytes());
            inner.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
        })
    }

    const fn is_open(&self) -> bool {
        self.commits.len() < MOST_COMMITS
    }
}

/// The question for `git`: the commits from some refs, without others, that change one of these objects. A merge counts where it differs
/// from one of its parents.
pub(super) fn question(wanted: &[WantedObject<'_>], revisions: &[&str]) -> Vec<String> {
    let paths: BTreeSet<&str> = wanted.iter().filter_map(|wanted| wanted.path).collect();
    let mut question: Vec<String> = [
        "--literal-pathspecs",
        "log",
        "--format=%x01%H",
        "--raw",
        "-z",
        "--no-abbrev",
        "--no-renames",
        "--root",
        "--diff-merges=separate",
    ]
    .map(str::to_owned)
    .into();
    let objects: BTreeSet<&str> = wanted.iter().map(|wanted| wanted.object).collect();
    question.extend(objects.iter().map(|id| format!("--find-object={id}")));
    question.extend(revisions.iter().map(|&word| word.to_owned()));
    if !paths.is_empty() && paths.len() <= MOST_PATHSPECS {
        question.extend(["--full-history", "--"].map(str::to_owned));
        question.extend(paths.iter().map(|&path| path.to_owned()));
    }
    question
}

/// Reads git's answer as it comes, and ends as soon as nothing is open any more.
pub(super) fn read(answer: impl io::Read, wanted: &mut [WantedObject<'_>]) -> io::Result<()> {
    let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
    for (place, wanted) in wanted.iter().enumerate() {
        places.entry(wanted.object).or_default().push(place);
    }
    let mut open = wanted.iter().filter(|wanted| wanted.is_open()).count();
    let mut answer = BufReader::new(answer.take(ANSWER_LIMIT));
    let (mut record, mut path) = (Vec::new(), Vec::new());
    let mut commit = String::new();
    while open > 0 && next(&mut answer, &mut record)? {
        let mut text = record.trim_ascii_start();
        if let Some(rest) = text.strip_prefix(&[HEAD]) {
            let end = rest.iter().position(|byte| !byte.is_ascii_hexdigit());
            let (id, rest) = rest.split_at(end.unwrap_or(rest.len()));
            commit = String::from_utf8_lossy(id).chars().take(DIGITS).collect();
            text = rest.trim_ascii_start();
        }
        // `:mode mode id id status`, and then the path; a merge is told once for each parent
        if !text.starts_with(b":") || !next(&mut answer, &mut path)? {
            continue;
        }
        let words = text.split(|byte| *byte == b' ');
        for word in words.filter_map(|word| std::str::from_utf8(word).ok()) {
            for place in places.get(word).into_iter().flatten() {
                if let Some(wanted) = wanted.get_mut(*place)
                    && wanted.is_open()
                    && wanted.is_at(&path)
                    && !wanted.commits.contains(&commit)
                {
                    wanted.commits.push(commit.clone());
                    open -= usize::from(!wanted.is_open());
                }
            }
        }
    }
    Ok(())
}

/// Reads up to the next zero; whether there was anything.
fn next(answer: &mut impl BufRead, record: &mut Vec<u8>) -> io::Result<bool> {
    record.clear();
    let read = answer.read_until(0, record)?;
    if record.last() == Some(&0) {
        record.pop();
    }
    Ok(read > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted<'a>(object: &'a str, path: Option<&'a str>) -> WantedObject<'a> {
        WantedObject {
            object,
            path,
            commits: Vec::new(),
        }
    }

    #[test]
    fn an_answer_is_read_by_objects_and_paths_however_they_are_named() {
        let (one, two, none) = ("1".repeat(40), "2".repeat(40), "0".repeat(40));
        let commit = |digit: &str| digit.repeat(40);
        let mut answer = Vec::new();
        for part in [
            // a path that looks like a commit, and one like a record
            format!(
                "\u{1}{}\0\n:000000 100644 {none} {one} A\0\u{1}ffff\0",
                commit("a")
            ),
            format!(":000000 100644 {none} {two} A\0:1 2 {one}\0"),
            format!(
                "\0\u{1}{}\n\n::100644 100644 100644 {none} {two} {one} MM\0dir/.env\0",
                commit("b")
            ),
            format!(
                "\u{1}{}\0:100644 000000 {one} {none} D\0dir/.env\0",
                commit("c")
            ),
            format!(
                "\u{1}{}\0:100644 000000 {one} {none} D\0dir/.env\0",
                commit("d")
            ),
        ] {
            answer.extend(part.into_bytes());
        }
        let mut all = [
            wanted(&one, None),
            wanted(&one, Some("dir/.env")),
            wanted(&one, Some("dir/.en")),
            wanted(&two, None),
        ];
        read(answer.as_slice(), &mut all).unwrap();
        let short = |digit: &str| digit.repeat(10);
        let [any, at, beside, other] = all.map(|wanted| wanted.commits);
        assert_eq!(any, [short("a"), short("b"), short("c")]);
        assert_eq!(at, [short("b"), short("c"), short("d")]);
        assert_eq!(beside, [""; 0]);
        assert_eq!(other, [short("a"), short("b")]);
    }

    #[test]
    fn many_paths_are_not_given_to_git() {
        let id = "1".repeat(40);
        let paths: Vec<String> = (0..=MOST_PATHSPECS).map(|n| format!("file{n}")).collect();
        let mut all: Vec<_> = paths.iter().map(|path| wanted(&id, Some(path))).collect();
        let has = |question: &[String], word: &str| question.iter().any(|known| known == word);
        let many = question(&all, &["--all"]);
        assert!(!has(&many, "--"), "{many:?}");
        all.pop();
        let few = question(&all, &["--all"]);
        assert!(has(&few, "--") && has(&few, "file0"), "{few:?}");
        let any = question(&[wanted(&id, None)], &["--all"]);
        assert!(!has(&any, "--"), "{any:?}");
    }
}
