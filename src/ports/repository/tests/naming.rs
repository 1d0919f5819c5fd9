//! Commits are named in one walk for all that was found: the same ones as by a question for each.

use std::{collections::BTreeSet, fmt::Write as _};

use proptest::{
    collection::vec,
    prelude::*,
    sample::select,
    test_runner::{Config, TestRunner},
};

use crate::{
    core::secret::Secret,
    ports::repository::{Leak, Location},
    testing::repository::{Repo, live},
};

const PATHS: [&str; 14] = [
    ".env",
    "dir/.env",
    "dir/deep/a file.txt",
    "b.txt",
    "ä.txt",
    ":(glob)*",
    "c",
    "d/1",
    "d/2",
    "d/3",
    "d/4",
    "e",
    "f",
    "g/h/i",
];
/// How many contents there are: each but the first holds a secret.
const CONTENTS: usize = 14;

fn password(number: usize) -> String {
    format!("npg_N{number}kqW7zR3xVb")
}

/// A commit: its parents among those before it, its files, its time.
#[derive(Debug, Clone)]
struct Commit {
    parents: Vec<usize>,
    files: Vec<(&'static str, usize)>,
    time: u32,
    branch: Option<&'static str>,
}

fn commit() -> impl Strategy<Value = Commit> {
    let branches = vec![
        None,
        None,
        Some("refs/heads/a"),
        Some("refs/heads/b"),
        Some("refs/tags/t"),
        Some("refs/jj/kept"),
        Some("refs/pull/1/head"),
    ];
    (
        vec(0..8_usize, 0..3),
        vec((select(PATHS.to_vec()), 0..CONTENTS), 0..9),
        0..6_u32,
        select(branches),
    )
        .prop_map(|(parents, files, time, branch)| Commit {
            parents,
            files,
            time,
            branch,
        })
}

/// Makes the repository by `git fast-import`.
fn import(commits: &[Commit]) -> Repo {
    let repo = Repo::new();
    let mut stream = String::new();
    for number in 0..CONTENTS {
        let text = if number == 0 {
            "nothing".to_owned()
        } else {
            format!("PGPASSWORD={}\n", password(number))
        };
        let mark = number + 1;
        write!(stream, "blob\nmark :{mark}\ndata {}\n{text}\n", text.len()).unwrap();
    }
    let mark = |commit: usize| 100 + commit;
    for (number, commit) in commits.iter().enumerate() {
        let time = 1_700_000_000 + commit.time;
        let mark_here = mark(number);
        write!(
            stream,
            "commit refs/import/c{number}\nmark :{mark_here}\ncommitter A <a@example.com> {time} +0000\ndata 1\nx\n"
        )
        .unwrap();
        let parents: BTreeSet<usize> = commit
            .parents
            .iter()
            .filter_map(|back| number.checked_sub(back + 1))
            .collect();
        for (place, parent) in parents.iter().rev().enumerate() {
            let word = if place == 0 { "from" } else { "merge" };
            writeln!(stream, "{word} :{}", mark(*parent)).unwrap();
        }
        stream.push_str("deleteall\n");
        for (path, content) in &commit.files {
            writeln!(stream, "M 100644 :{} \"{path}\"", content + 1).unwrap();
        }
        stream.push('\n');
    }
    let last = commits.len() - 1;
    for (number, branch) in commits
        .iter()
        .enumerate()
        .filter_map(|(n, c)| Some((n, c.branch?)))
    {
        write!(stream, "reset {branch}\nfrom :{}\n\n", mark(number)).unwrap();
    }
    write!(stream, "reset refs/heads/main\nfrom :{}\n\n", mark(last)).unwrap();
    repo.write(".git/stream", &stream);
    let load = "alias.load=!git fast-import --quiet --force <.git/stream";
    repo.git(&["-c", load, "load"]);
    std::fs::remove_file(repo.root.join(".git/stream")).unwrap();
    for number in 0..commits.len() {
        repo.git(&["update-ref", "-d", &format!("refs/import/c{number}")]);
    }
    repo
}

/// One question of its own for a leak.
fn asked_alone(repo: &Repo, leak: &Leak) -> Vec<String> {
    let pushed = ["--branches", "--tags", "--remotes"];
    let pull = repo.try_git(
        &repo.root,
        &["rev-parse", "-q", "--verify", "refs/pull/1/head"],
    );
    let mut revisions: Vec<String> = Vec::new();
    if leak.location != Location::Branch {
        revisions.push("--not".to_owned());
        revisions.extend(pushed.map(str::to_owned));
        revisions.push("--not".to_owned());
    }
    if leak.location == Location::Branch {
        revisions.extend(pushed.map(str::to_owned));
    } else if leak.location == Location::Remote {
        revisions.push(pull.1);
    } else {
        assert_eq!(leak.location, Location::OtherRef, "{leak:?}");
        revisions.push("--all".to_owned());
    }
    let find = format!("--find-object={}", leak.object.as_deref().unwrap());
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
    question.extend(revisions.iter().map(String::as_str));
    question.extend(["--full-history", "--", leak.path.as_deref().unwrap()]);
    let mut commits: Vec<String> = Vec::new();
    for line in repo.git(&question).lines() {
        if !line.is_empty() && !commits.iter().any(|known| known == line) {
            commits.push(line.to_owned());
        }
    }
    commits
}

#[test]
fn one_walk_names_the_commits_that_a_question_for_each_names() {
    let cases = std::env::var("NEONUP_FUZZ_CASES").ok();
    let cases = cases.and_then(|cases| cases.parse().ok()).unwrap_or(12);
    let mut runner = TestRunner::new(Config {
        failure_persistence: None,
        max_shrink_iters: 40,
        ..Config::with_cases(cases)
    });
    let live: Vec<(String, Secret)> = (1..CONTENTS)
        .map(|number| live(&number.to_string(), &password(number)))
        .collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let outcome = runner.run(&vec(commit(), 1..24), |commits| {
        let repo = import(&commits);
        let scan = runtime.block_on(repo.history(&live, &[]));
        for leak in &scan.leaks {
            // a content that no commit took
            if leak.location == Location::Dangling {
                continue;
            }
            prop_assert!(leak.path.is_some(), "{:#?}", leak);
            if leak.location == Location::Disk {
                continue;
            }
            let alone = asked_alone(&repo, leak);
            prop_assert!(!alone.is_empty(), "{:#?}", leak);
            prop_assert_eq!(&leak.commits, &alone, "{:#?}", leak);
        }
        Ok(())
    });
    outcome.unwrap();
}

/// Each of more leaks than git is given paths has its own commits, and a walk ends as soon as all are known.
#[tokio::test]
async fn a_hundred_leaks_are_all_named() {
    let repo = Repo::new();
    let name = |number: usize| format!("config/part{}/file {number}.ini", number % 7);
    for number in 0..100 {
        repo.write(
            &name(number),
            format!("PGPASSWORD={}\n# {number}\n", password(1)),
        );
    }
    repo.git(&["add", "-A", "-f"]);
    repo.git(&["commit", "-qm", "bring"]);
    let brought = repo.git(&["rev-parse", "--short=10", "HEAD"]);
    repo.git(&["rm", "-rq", "config"]);
    repo.git(&["commit", "-qm", "take away"]);
    let taken = repo.git(&["rev-parse", "--short=10", "HEAD"]);
    let scan = repo.history(&[live("password", &password(1))], &[]).await;
    let all: BTreeSet<_> = scan
        .leaks
        .iter()
        .filter_map(|leak| leak.path.clone())
        .collect();
    assert_eq!(all, (0..100).map(name).collect());
    for leak in &scan.leaks {
        assert_eq!(leak.commits, [taken.clone(), brought.clone()], "{leak:?}");
    }
}

/// A name that git does not print as it is, and one that isn't UTF-8, do not keep the commit from being named.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_hostile_name_has_its_commit() {
    use std::os::unix::ffi::OsStrExt as _;

    let repo = Repo::new();
    for name in [
        b"new\nline".as_slice(),
        b"not \xff utf8",
        b"\x01:1 2",
        b"a!b",
    ] {
        let path = repo.root.join(std::ffi::OsStr::from_bytes(name));
        std::fs::write(path, format!("PGPASSWORD={}\n{name:?}", password(2))).unwrap();
    }
    repo.git(&["add", "-A", "-f"]);
    repo.git(&["commit", "-qm", "bring"]);
    let brought = repo.git(&["rev-parse", "--short=10", "HEAD"]);
    let scan = repo.history(&[live("password", &password(2))], &[]).await;
    assert_eq!(scan.leaks.len(), 4, "{:#?}", scan.leaks);
    for leak in &scan.leaks {
        assert_eq!(
            leak.commits.as_slice(),
            std::slice::from_ref(&brought),
            "{leak:?}"
        );
    }
}

/// What no ref leads to is named by the trees that hold it, those of commits and those that never were one's.
#[tokio::test]
async fn what_no_ref_leads_to_is_named_by_its_tree() {
    let repo = Repo::new();
    repo.commit("a.txt", "a");
    repo.git(&["checkout", "-qb", "side"]);
    repo.commit("config/one.env", format!("PGPASSWORD={}\n", password(1)));
    repo.git(&["checkout", "-q", "main"]);
    repo.git(&["branch", "-qD", "side"]);
    repo.write("staged/two.env", format!("PGPASSWORD={}\n", password(2)));
    repo.git(&["add", "-f", "staged/two.env"]);
    repo.git(&["write-tree"]);
    repo.git(&["reset", "-q", "--hard"]);
    repo.write("three.env", format!("PGPASSWORD={}\n", password(3)));
    repo.git(&["add", "-f", "three.env"]);
    repo.git(&["reset", "-q", "--hard"]);
    repo.git(&[
        "reflog",
        "expire",
        "--expire=now",
        "--expire-unreachable=now",
        "--all",
    ]);
    let live: Vec<_> = (1..=3)
        .map(|n| live(&n.to_string(), &password(n)))
        .collect();
    let scan = repo.history(&live, &[]).await;
    let mut found: Vec<_> = scan
        .leaks
        .iter()
        .map(|leak| (leak.path.as_deref(), leak.location))
        .collect();
    found.sort();
    assert_eq!(
        found,
        [
            (None, Location::Dangling),
            (Some("config/one.env"), Location::Disk),
            (Some("staged/two.env"), Location::Dangling),
        ]
    );
}
