//! What a script of Python does to tables when it is run: followed by the names of the functions that it calls, in its own file and in
//! those of the repository that it imports. What is not called is not done.

use std::{collections::BTreeSet, sync::LazyLock};

use regex::Regex;

use crate::{domain::source::join, project::detect::tree::Tree};

/// What makes tables in Python.
pub(super) const MAKES: &[&str] = &[
    ".create_all",
    "CREATE TABLE",
    "create table",
    ".create_tables(",
    "generate_schemas(",
];

/// What may take tables or their rows away.
const TAKES: &[&str] = &[
    "drop_all",
    "drop_tables",
    "DROP ",
    "drop table",
    "drop schema",
    "drop database",
    ".drop(",
    "TRUNCATE",
    "truncate",
    "DELETE FROM",
    "delete from",
    ".delete(",
];

/// What adds rows, which would be there twice after a second run.
const ADDS: &[&str] = &[
    ".add(",
    ".add_all(",
    ".bulk_save",
    ".bulk_insert",
    "INSERT INTO",
    "insert into",
    "insert(",
];

/// The most pieces of code that are followed.
const FOLLOWED: usize = 40;

/// What a script does when it is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Reached {
    pub makes: bool,
    /// Whether it drops tables, or adds or deletes rows.
    pub changes: bool,
}

static CALL: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?:\b(\w+)\.)?\b(\w+)\(").ok());

/// `from a.b import c, d as e` and `import a.b as c`, over several lines where they are in brackets.
static IMPORT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?m)^\s*(?:from\s+([\w.]+)\s+import\s+(\([^)]*\)|[^\n#]+)|import\s+([\w.]+)(?:\s+as\s+(\w+))?)",
    )
    .ok()
});

/// A name that a file imports: what it is called there, the module, and its name in it; the module itself where there is none.
struct ImportedName {
    name: String,
    module: String,
    of: Option<String>,
}

/// What a file does when it is run in a folder.
pub(super) fn of_file(tree: &Tree<'_>, dir: &str, path: &str) -> Reached {
    let text = tree.read(path).unwrap_or_default();
    follow(tree, dir, path, top_level(&text))
}

/// What a function of a file does, by its body.
pub(super) fn of_body(tree: &Tree<'_>, dir: &str, path: &str, body: &str) -> Reached {
    follow(tree, dir, path, body.to_owned())
}

fn follow(tree: &Tree<'_>, dir: &str, path: &str, code: String) -> Reached {
    let mut found = Reached::default();
    let mut open = vec![(path.to_owned(), code)];
    let mut seen: BTreeSet<(String, String)> = BTreeSet::new();
    while let Some((path, code)) = open.pop() {
        let has = |words: &[&str]| words.iter().any(|word| code.contains(word));
        found.makes |= has(MAKES);
        found.changes |= has(TAKES) || has(ADDS);
        let text = tree.read(&path).unwrap_or_default();
        let imported = imports(&text);
        let mut more: Vec<(String, String)> = Vec::new();
        for import in &imported {
            // what a module does when it is imported
            more.extend(files(tree, dir, &path, &import.module).map(|file| (file, String::new())));
        }
        let calls = CALL
            .as_ref()
            .into_iter()
            .flat_map(|call| call.captures_iter(&code));
        for call in calls {
            let of = call.get(1).map(|of| of.as_str());
            let name = call.get(2).map_or("", |name| name.as_str()).to_owned();
            match of {
                None if function(&text, &name).is_some() => more.push((path.clone(), name)),
                None => more.extend(
                    imported
                        .iter()
                        .filter(|import| import.name == name)
                        .filter_map(|import| Some((import.module.clone(), import.of.clone()?)))
                        .flat_map(|(module, of)| {
                            files(tree, dir, &path, &module).map(move |file| (file, of.clone()))
                        }),
                ),
                Some(of) => {
                    for import in imported.iter().filter(|import| import.name == of) {
                        let module = match &import.of {
                            Some(inner) => format!("{}.{inner}", import.module),
                            None => import.module.clone(),
                        };
                        more.extend(
                            files(tree, dir, &path, &module).map(|file| (file, name.clone())),
                        );
                    }
                }
            }
        }
        for (file, name) in more {
            if seen.len() >= FOLLOWED || !seen.insert((file.clone(), name.clone())) {
                continue;
            }
            let text = tree.read(&file).unwrap_or_default();
            let code = if name.is_empty() {
                Some(top_level(&text))
            } else {
                function(&text, &name)
            };
            open.extend(code.map(|code| (file, code)));
        }
    }
    found
}

/// The first part of the name of each module that a file imports.
pub(super) fn imported_packages(text: &str) -> BTreeSet<String> {
    let first = |import: ImportedName| {
        let first = import
            .module
            .split('.')
            .next()
            .unwrap_or_default()
            .to_owned();
        (!first.is_empty()).then_some(first)
    };
    imports(text).into_iter().filter_map(first).collect()
}

/// The names that a file imports.
fn imports(text: &str) -> Vec<ImportedName> {
    let mut found = Vec::new();
    for import in IMPORT
        .as_ref()
        .into_iter()
        .flat_map(|import| import.captures_iter(text))
    {
        if let (Some(module), Some(names)) = (import.get(1), import.get(2)) {
            for part in names.as_str().trim_matches(['(', ')']).split(',') {
                let mut words = part.split_whitespace();
                let Some(of) = words.next() else { continue };
                let name = words.nth(1).unwrap_or(of);
                found.push(ImportedName {
                    name: name.to_owned(),
                    module: module.as_str().to_owned(),
                    of: Some(of.to_owned()),
                });
            }
        } else if let Some(module) = import.get(3) {
            let name = import.get(4).map_or(module.as_str(), |name| name.as_str());
            found.push(ImportedName {
                name: name.to_owned(),
                module: module.as_str().to_owned(),
                of: None,
            });
        }
    }
    found
}

/// The files of the repository that a module may be, as a file imports it: below the folder where the script runs, or beside the file.
fn files<'t>(
    tree: &'t Tree<'_>,
    dir: &str,
    from: &str,
    module: &str,
) -> impl Iterator<Item = String> + use<'t> {
    let beside = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let dots = module.len() - module.trim_start_matches('.').len();
    let inner = module.trim_start_matches('.').replace('.', "/");
    let mut place = beside;
    for _ in 1..dots {
        place = place.rsplit_once('/').map_or("", |(above, _)| above);
    }
    let places = if dots > 0 {
        vec![place.to_owned()]
    } else {
        vec![dir.to_owned(), beside.to_owned(), join(dir, "src")]
    };
    places
        .into_iter()
        .flat_map(move |place| {
            let stem = if inner.is_empty() {
                place
            } else {
                join(&place, &inner)
            };
            [format!("{stem}.py"), format!("{stem}/__init__.py")]
        })
        .filter(|path| tree.keeps(path))
}

/// What a file does when it is run or imported: without its functions and classes.
fn top_level(text: &str) -> String {
    let mut inside = false;
    let mut kept = String::new();
    for line in text.lines() {
        let outer = !line.is_empty() && !line.starts_with([' ', '\t', ')', ']', '}', '#']);
        if outer {
            inside = ["def ", "async def ", "class ", "@"]
                .iter()
                .any(|word| line.starts_with(word));
        }
        if !inside {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

/// The body of a function of a file.
pub(super) fn function(text: &str, name: &str) -> Option<String> {
    let heads = [format!("def {name}("), format!("async def {name}(")];
    let mut lines = text
        .lines()
        .skip_while(|line| !heads.iter().any(|head| line.starts_with(head)));
    lines.next()?;
    let body: Vec<_> = lines
        .take_while(|line| line.is_empty() || line.starts_with([' ', '\t', ')', '#']))
        .collect();
    Some(body.join("\n"))
}
