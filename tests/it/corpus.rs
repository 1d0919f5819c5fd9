//! `neonup init` in miniature repositories, each with the proposal that is expected of it.
//!
//! A file of `tests/corpus` is a repository: its first line says what the situation is, a second one may say in which folder a person
//! stands (`# cd: backend`), and each `-- path --` begins a file. The last section, `-- expect --`, holds what `neonup init --yes` says,
//! then the proposed `neonup.toml` without its head. `docs/stacks.md` is made of them.
//!
//! `NEONUP_UPDATE_CORPUS=1 cargo test --test it corpus` writes the expectations and the page anew. Read every changed line before you
//! commit it, as a developer who knows that stack.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    sync::Mutex,
};

use similar::TextDiff;
use toml_edit::{DocumentMut, Item};

use crate::support::{Home, Repo, Run};

/// Begins the section that no repository has.
const EXPECT: &str = "-- expect --\n";

/// An address on which nobody answers: the whole test is offline.
const NOBODY: &str = "http://127.0.0.1:9/api/v2";

/// A miniature repository.
struct Miniature {
    path: PathBuf,
    name: String,
    situation: String,
    /// Where `init` is run.
    cd: String,
    files: Vec<(String, Vec<u8>)>,
    /// The file's text up to the expectation.
    given: String,
    expected: String,
}

impl Miniature {
    fn read(path: PathBuf) -> Self {
        let text = fs::read_to_string(&path).unwrap();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let (given, expected) = text
            .split_once(EXPECT)
            .unwrap_or_else(|| panic!("{name}: there is no {EXPECT}"));
        let mut lines = given.lines().peekable();
        let situation = lines.next().and_then(|line| line.strip_prefix("# "));
        let situation = situation.unwrap_or_else(|| panic!("{name}: what is the situation?"));
        let cd = lines.next_if(|line| line.starts_with("# cd: "));
        let mut files: Vec<(String, String)> = Vec::new();
        for line in lines {
            let begun = line
                .strip_prefix("-- ")
                .and_then(|rest| rest.strip_suffix(" --"));
            if let Some(path) = begun {
                files.push((path.to_owned(), String::new()));
            } else {
                let (_, text) = files
                    .last_mut()
                    .unwrap_or_else(|| panic!("{name}: a line before the first file: {line}"));
                text.push_str(line);
                text.push('\n');
            }
        }
        Self {
            situation: situation.to_owned(),
            cd: cd.map_or("", |line| &line[6..]).to_owned(),
            files: files.into_iter().map(encoded).collect(),
            given: given.to_owned(),
            expected: expected.to_owned(),
            path,
            name,
        }
    }

    /// The repository, committed, in a folder of its name.
    fn repository(&self, home: &Home) -> Repo {
        let mut repo = Repo::files::<&str>(&[]);
        repo.root = repo.root.join(&self.name);
        for (path, bytes) in &self.files {
            let path = repo.path(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        repo.git(home, &["init", "-q", "-b", "main"]);
        repo.commit(home, "first");
        repo
    }

    /// What `init` says and proposes. What it does beside that goes to `wrong`.
    fn outcome(&self, home: &Home, wrong: &mut String) -> String {
        let repo = self.repository(home);
        let neonup = |arguments: &[&str]| {
            Run::of(
                home.neonup()
                    .current_dir(repo.path(&self.cd))
                    .env("NEON_API_HOST", NOBODY)
                    .args(arguments),
            )
        };
        let new = || {
            repo.git(
                home,
                &["status", "--porcelain", "--untracked-files=all", "-z"],
            )
        };
        let mut complain = |what: String| writeln!(wrong, "{}: {what}", self.name).unwrap();

        let init = neonup(&["init", "--yes"]);
        let file = Path::new(&self.cd).join("neonup.toml");
        let written = fs::read_to_string(repo.path(file.to_str().unwrap())).ok();
        let announced = match &written {
            Some(_) => format!("?? {}\0", file.display()),
            None => String::new(),
        };
        if new() != announced {
            complain(format!("git says {:?} after init", new()));
        }
        if (init.code == 0) != written.is_some() {
            complain(format!(
                "exit {}, written: {}",
                init.code,
                written.is_some()
            ));
        }

        let again = neonup(&["init", "--yes"]);
        let kept = fs::read_to_string(repo.path(file.to_str().unwrap())).ok();
        if again.code != 2 || kept != written {
            complain(format!("a second init is not refused: {again:#?}"));
        }

        let check = neonup(&["check", "env", "--json"]);
        let honest = match &written {
            Some(_) => matches!(check.code, 1 | 2) && check.statuses()[0].1 != "done",
            // what isn't an application of Postgres has nothing to set up
            None => check.code < 64 && check.statuses()[0].1 != "done",
        };
        if !honest {
            complain(format!(
                "nothing was set up, and the check says: {check:#?}"
            ));
        }
        if new() != announced {
            complain(format!("git says {:?} after the check", new()));
        }

        let mut outcome: String = init
            .stderr
            .lines()
            .filter(|line| !line.starts_with("written: "))
            .fold(String::new(), |all, line| all + line + "\n");
        if let Some(written) = written {
            let name = format!("name = \"{}\"", self.name);
            let (head, proposal) = written.split_once(&name).unwrap_or(("", &written));
            if !head.starts_with("# ") || !head.ends_with("\n\n[project]\n") {
                complain(format!("the head of neonup.toml is another one: {written}"));
            }
            let proposal = proposal.split_once('\n').map_or("", |(_, rest)| rest);
            outcome.push_str(proposal);
        }
        outcome
    }
}

/// A file's bytes: UTF-8, but where its path is followed by another encoding.
fn encoded((path, text): (String, String)) -> (String, Vec<u8>) {
    let Some(path) = path.strip_suffix(" (utf-16)") else {
        return (path, text.into_bytes());
    };
    // as PowerShell writes it
    let units = format!("\u{feff}{}", text.replace('\n', "\r\n"));
    let bytes = units.encode_utf16().flat_map(u16::to_le_bytes).collect();
    (path.to_owned(), bytes)
}

fn corpus() -> Vec<Miniature> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut paths: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths.into_iter().map(Miniature::read).collect()
}

fn is_updated() -> bool {
    std::env::var_os("NEONUP_UPDATE_CORPUS").is_some()
}

fn diff(expected: &str, found: &str, name: &str) -> String {
    TextDiff::from_lines(expected, found)
        .unified_diff()
        .context_radius(2)
        .header(&format!("{name}, expected"), "found")
        .to_string()
}

#[test]
fn every_repository_gets_the_proposal_that_is_expected() {
    let mut corpus = corpus();
    assert!(corpus.len() >= 40, "{}", corpus.len());
    let wrong = Mutex::new(String::new());
    let next = Mutex::new(corpus.iter_mut());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let home = Home::new();
                loop {
                    let Some(miniature) = next.lock().unwrap().next() else {
                        return;
                    };
                    let mut said = String::new();
                    let found = miniature.outcome(&home, &mut said);
                    if is_updated() {
                        let text = format!("{}{EXPECT}{found}", miniature.given);
                        fs::write(&miniature.path, text).unwrap();
                        miniature.expected = found;
                    } else if found != miniature.expected {
                        said.push_str(&diff(&miniature.expected, &found, &miniature.name));
                    }
                    wrong.lock().unwrap().push_str(&said);
                }
            });
        }
    });
    let mut wrong = wrong.into_inner().unwrap();
    let page = page(&corpus);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/stacks.md");
    if is_updated() {
        fs::write(path, page).unwrap();
    } else {
        let there = fs::read_to_string(path).unwrap_or_default();
        if there != page {
            wrong.push_str(&diff(&there, &page, "docs/stacks.md"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{wrong}\nNEONUP_UPDATE_CORPUS=1 cargo test --test it corpus takes what is found for what is expected"
    );
}

const HEAD: &str = "\
# What neonup detects in a repository

Each row is a miniature repository in `tests/corpus`, and what `neonup init` suggests for it. A test compares all of them and writes this
page. neonup shows its suggestion before it writes anything, and you can change it in `neonup.toml`.

In the keys column, *made* is a random value, created once and kept; *yours* is left to you because only you can get it; *copied* is the
example's own text. \"Pooled\" and \"direct\" are Neon's two ways to connect to a database.

| situation | found | env file | keys | schema | start |
|---|---|---|---|---|---|
";

fn page(corpus: &[Miniature]) -> String {
    corpus
        .iter()
        .fold(HEAD.to_owned(), |page, miniature| page + &row(miniature))
}

fn row(miniature: &Miniature) -> String {
    let (said, proposal) = miniature
        .expected
        .split_once("\n\n")
        .unwrap_or((&miniature.expected, ""));
    // in a guess everything is a comment
    let guessed = proposal.contains("\n# [[env]]\n") || proposal.starts_with("# [[env]]\n");
    let found: Vec<_> = said
        .lines()
        .filter_map(|line| {
            let line = line.split("; to set it up").next().unwrap();
            line.strip_prefix("found: ").or_else(|| {
                ["not set up: ", "error: "]
                    .iter()
                    .any(|word| line.starts_with(word))
                    .then_some(line)
            })
        })
        .collect();
    let mut cells = vec![miniature.situation.clone(), found.join("<br>")];
    let document: DocumentMut = proposal
        .parse()
        .unwrap_or_else(|error| panic!("{}: {error}", miniature.name));
    let targets: Vec<_> = document
        .get("env")
        .and_then(Item::as_array_of_tables)
        .into_iter()
        .flatten()
        .collect();
    let files = targets.iter().map(|target| code(&target["file"]));
    cells.push(if guessed {
        "a guess, as a comment".to_owned()
    } else {
        files.collect::<Vec<_>>().join("<br>")
    });
    cells.push(
        targets
            .iter()
            .map(|target| keys(target.get("keys")))
            .collect::<Vec<_>>()
            .join("<br>"),
    );
    for (table, names) in [("schema", ["command", "files"]), ("backend", ["start", ""])] {
        let table = document.get(table);
        let text = names
            .iter()
            .find_map(|name| table?.get(name))
            .map(code)
            .unwrap_or_default();
        let dir = table
            .and_then(|table| table.get("dir"))
            .and_then(Item::as_str);
        cells.push(match dir {
            Some(dir) if !dir.is_empty() && !text.is_empty() => format!("{text} in `{dir}`"),
            _ => text,
        });
    }
    let cells: Vec<_> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    format!("| {} |\n", cells.join(" | "))
}

/// A text, or the words of a list, as code.
fn code(item: &Item) -> String {
    let list = item.as_array().map(|list| {
        list.iter()
            .filter_map(|value| value.as_str())
            .collect::<Vec<_>>()
            .join(" ")
    });
    let text = list.or_else(|| item.as_str().map(str::to_owned));
    format!("`{}`", text.unwrap_or_default())
}

/// The keys of an env file, those of one kind together.
fn keys(keys: Option<&Item>) -> String {
    let mut kinds: Vec<(String, Vec<String>)> = Vec::new();
    for (key, spec) in keys
        .and_then(Item::as_table_like)
        .into_iter()
        .flat_map(|keys| keys.iter())
    {
        let word = |name: &str| spec.get(name).and_then(Item::as_str);
        let kind = match (word("url"), word("part"), word("driver")) {
            (Some(url), Some(_), _) => format!("{url}, in parts"),
            (Some(url), None, driver) => format!("{url}, {}", driver.unwrap_or("libpq")),
            _ if word("generate").is_some() => "made".to_owned(),
            _ if word("fill").is_some() => "yours".to_owned(),
            _ => "copied".to_owned(),
        };
        let key = format!("`{key}`");
        match kinds.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, keys)) => keys.push(key),
            None => kinds.push((kind, vec![key])),
        }
    }
    kinds
        .iter()
        .map(|(kind, keys)| format!("{kind}: {}", keys.join(" ")))
        .collect::<Vec<_>>()
        .join("; ")
}
