//! A repository as detection sees it: the names of its files, and their texts on request.

use std::{
    cell::RefCell,
    collections::{BTreeSet, HashMap},
    rc::Rc,
};

use crate::{
    domain::{reading::Spot, source::Reader},
    project::detect::manifests::{self, Language},
};

/// Folders of what isn't an application of the project: what lies there is looked at last.
const ASIDE: &[&str] = &[
    "test",
    "tests",
    "__tests__",
    "e2e",
    "cypress",
    "fixtures",
    "__fixtures__",
    "__mocks__",
    "examples",
    "example",
    "docs",
    "doc",
    "templates",
    "template",
    "samples",
    "sample",
    "benchmarks",
    "bench",
    "demo",
    "demos",
    "website",
    "playground",
    "storybook",
];

/// Folders of code that is not run when the application is: its tests, and what a browser gets as it is.
const NOT_RUN: &[&str] = &[
    "test",
    "tests",
    "__tests__",
    "__mocks__",
    "e2e",
    "cypress",
    "fixtures",
    "__fixtures__",
    "spec",
    "public",
    "static",
    "dist",
    "build",
    "out",
    "coverage",
    "docs",
    "storybook",
    ".storybook",
];

/// The most source files of one application that are read.
const MOST_SOURCES: usize = 3_000;

/// The files of a repository.
pub(crate) struct Tree<'a> {
    files: &'a [String],
    reader: Reader<'a>,
    texts: RefCell<HashMap<String, Option<Rc<str>>>>,
}

impl<'a> Tree<'a> {
    /// A repository with these files, in the order of a walk; `reader` may know more of them, such as those that git ignores.
    pub(crate) fn new(files: &'a [String], reader: Reader<'a>) -> Self {
        Self {
            files,
            reader,
            texts: RefCell::default(),
        }
    }

    /// The names of all files, relative to the root.
    pub(super) const fn files(&self) -> &'a [String] {
        self.files
    }

    /// The text of a file. It is read once.
    pub(super) fn read(&self, path: &str) -> Option<String> {
        let mut texts = self.texts.borrow_mut();
        let text = texts
            .entry(path.to_owned())
            .or_insert_with(|| (self.reader)(path).map(Rc::from));
        text.as_deref().map(str::to_owned)
    }

    /// Whether git would keep a file of this path: it is there, and no rule ignores it.
    pub(super) fn keeps(&self, path: &str) -> bool {
        self.files.iter().any(|file| file == path)
    }

    /// Whether there is a file of this path, ignored or not.
    pub(super) fn has(&self, path: &str) -> bool {
        self.keeps(path) || self.read(path).is_some()
    }

    /// The files below a folder, with their paths relative to the root.
    pub(super) fn below<'t>(&'t self, dir: &'t str) -> impl Iterator<Item = &'t str> {
        self.files
            .iter()
            .map(String::as_str)
            .filter(move |file| is_below(file, dir))
    }

    /// The names of the files that lie in a folder itself.
    pub(super) fn names_in<'t>(&'t self, dir: &'t str) -> impl Iterator<Item = &'t str> {
        self.below(dir).filter_map(move |file| {
            let rest = if dir.is_empty() {
                file
            } else {
                file.get(dir.len() + 1..)?
            };
            (!rest.contains('/')).then_some(rest)
        })
    }

    /// The folders that hold a manifest, those of the walk's beginning first.
    pub(super) fn manifest_folders(&self) -> Vec<&str> {
        let mut seen = BTreeSet::new();
        let mut folders = Vec::new();
        for file in self.files {
            if let Some(folder) = manifests::folder_of(file)
                && !self.is_module(file)
                && seen.insert(folder)
            {
                folders.push(folder);
            }
        }
        // what lies aside comes last
        folders.sort_by_key(|folder| lies_aside(folder));
        folders
    }

    /// The manifest of the application in a folder, else of the nearest folder above it that has one.
    pub(super) fn manifest_of(&self, dir: &str, language: Option<Language>) -> Option<Spot> {
        let is_manifest = |path: &str| match language {
            Some(language) => language.has_manifest(path),
            None => manifests::folder_of(path).is_some(),
        };
        with_folders_above(dir).into_iter().find_map(|folder| {
            let file = self
                .files
                .iter()
                .find(|path| manifests::folder_of(path) == Some(folder) && is_manifest(path))?;
            Some(Spot {
                file: file.clone(),
                line: 0,
            })
        })
    }

    /// Whether a file of a manifest's name is a module of a package: `app/core/setup.py`, which sets the application up.
    fn is_module(&self, file: &str) -> bool {
        file.strip_suffix("setup.py")
            .is_some_and(|folder| self.keeps(&format!("{folder}__init__.py")))
    }

    /// The source files of the application in a folder: without its tests, and without those of the applications below it, which have
    /// a list of packages in that language of their own.
    pub(super) fn sources(&self, dir: &str, language: Language) -> Vec<String> {
        let others: Vec<&str> = self
            .below(dir)
            .filter(|file| language.declares_packages(file) && !self.is_module(file))
            .filter_map(manifests::folder_of)
            .filter(|folder| *folder != dir && folder.len() > dir.len())
            .collect();
        self.below(dir)
            .filter(|file| language.is_source(file))
            .filter(|file| !others.iter().any(|other| is_below(file, other)))
            .filter(|file| {
                let own = if dir.is_empty() {
                    file
                } else {
                    file.get(dir.len() + 1..).unwrap_or(file)
                };
                let (folder, name) = own.rsplit_once('/').unwrap_or(("", own));
                !lies_in(folder, NOT_RUN) && !is_test(name)
            })
            .take(MOST_SOURCES)
            .map(str::to_owned)
            .collect()
    }
}

/// Whether a path lies in a folder, however deep.
pub(super) fn is_below(path: &str, dir: &str) -> bool {
    dir.is_empty()
        || path
            .strip_prefix(dir)
            .is_some_and(|rest| rest.starts_with('/'))
}

/// Whether a folder holds what isn't an application of the project: tests, examples, documentation.
pub(crate) fn lies_aside(folder: &str) -> bool {
    lies_in(folder, ASIDE)
}

/// Whether one of these folders is on the way to a folder, or it is one of them.
fn lies_in(folder: &str, names: &[&str]) -> bool {
    folder.split('/').any(|part| names.contains(&part))
}

/// Whether a file's name says that it is a test, or only declares types.
fn is_test(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name);
    stem.starts_with("test_")
        || stem.ends_with("_test")
        || stem == "conftest"
        || [
            ".test.",
            ".spec.",
            ".cy.",
            ".e2e-spec.",
            ".stories.",
            ".d.",
            ".min.",
        ]
        .iter()
        .any(|word| name.contains(word))
}

/// A folder, and those above it up to the root.
pub(super) fn with_folders_above(dir: &str) -> Vec<&str> {
    let mut folders = vec![dir];
    let mut at = dir;
    while let Some((above, _)) = at.rsplit_once('/') {
        folders.push(above);
        at = above;
    }
    if !dir.is_empty() {
        folders.push("");
    }
    folders
}
