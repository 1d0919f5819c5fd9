//! What the Python code of a folder says about its environment and its database.
//!
//! Every file is read by its syntax; of those in which nothing can matter, only the imports. Names are followed through the
//! application's own modules.

mod address;
mod env_files;
mod fields;
mod follow;
mod names;
mod opens;
mod packages;
mod survey;
mod template;
#[cfg(test)]
mod tests;
mod variables;
mod web;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::domain::{
    python::{
        code::PythonCode,
        graph::{Graph, ModuleFile},
    },
    reading::{EnvRead, Reading},
    source::{FileReader, join},
};

/// The most folders in which modules are looked for.
const ROOTS: usize = 24;

/// Reads the code of an application: its folder, and its files by their paths relative to the repository's root.
pub(crate) fn read(files: FileReader<'_>, dir: &str, paths: &[String]) -> Reading {
    let own: HashSet<&str> = paths.iter().map(String::as_str).collect();
    let roots = roots(dir, paths, &own);
    let only_own = |path: &str| {
        if own.contains(path) {
            files(path)
        } else {
            Ok(None)
        }
    };
    let modules = paths
        .iter()
        .filter_map(|path| module_name(dir, &roots, path, &own))
        .collect();
    let graph = Graph::of(&only_own, &roots, modules);
    let code = PythonCode::new(&graph);
    let survey = survey::CodeSurvey::of(&graph);
    let names = variables::names(&graph);
    let packages = packages::packages(files, &graph, &roots);
    let known = packages.iter().map(|(name, _)| name.clone()).collect();
    let mut reads = variables::reads(&code, &names, &survey);
    for (_, _, settings) in fields::settings_classes(&code) {
        reads.extend(settings.reads(&code));
    }
    let looked = env_files::Paths {
        code: &code,
        names: &names,
        files,
        dir,
    };
    let mut loaded = env_files::env_files(&looked, &survey);
    loaded.sort_by(|one, other| (&one.at, &one.path).cmp(&(&other.at, &other.path)));
    loaded.dedup();
    Reading {
        reads: in_order(reads),
        files: loaded,
        opens: opens::openings(&code, &names, &survey, &known),
        routes: web::routes(&code, &survey),
        signs: BTreeSet::new(),
        packages,
        coverage: graph.coverage.clone(),
    }
}

/// One for each key and place, in the order of files and lines.
fn in_order(reads: Vec<EnvRead>) -> Vec<EnvRead> {
    let mut found: BTreeMap<_, (bool, bool)> = BTreeMap::new();
    for read in reads {
        let (required, goes_on) = found.entry((read.at, read.key)).or_insert((false, true));
        *required |= read.required;
        *goes_on &= read.goes_on;
    }
    found
        .into_iter()
        .map(|((at, key), (required, goes_on))| EnvRead {
            key,
            at,
            required,
            goes_on,
        })
        .collect()
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The folders in which modules are looked for: the application's, its `src`, the ones above its packages, those of its programs.
fn roots(dir: &str, paths: &[String], own: &HashSet<&str>) -> Vec<String> {
    let mut found = vec![dir.to_owned(), join(dir, "src")];
    let mut more = BTreeSet::new();
    for path in paths {
        let folder = folder_of(path);
        if own.contains(join(folder, "__init__.py").as_str()) {
            let top = above_package(folder, own);
            more.insert((0, top.matches('/').count(), top.to_owned()));
        } else {
            let name = path.rsplit('/').next().unwrap_or(path);
            let program = matches!(
                name,
                "main.py" | "app.py" | "manage.py" | "wsgi.py" | "asgi.py" | "server.py" | "run.py"
            );
            let depth = folder.matches('/').count();
            more.insert((if program { 1 } else { 2 }, depth, folder.to_owned()));
        }
    }
    found.push(String::new());
    for (.., folder) in more {
        if !found.contains(&folder) {
            found.push(folder);
        }
    }
    found.truncate(ROOTS);
    found
}

/// The folder that the package of a folder is imported from. Where Django's `manage.py` is, its modules are, whatever lies beside it.
fn above_package<'p>(folder: &'p str, own: &HashSet<&str>) -> &'p str {
    let has = |folder: &str, name: &str| own.contains(join(folder, name).as_str());
    let mut top = folder;
    while !top.is_empty() && has(top, "__init__.py") && !has(top, "manage.py") {
        top = folder_of(top);
    }
    top
}

/// The name under which a file is imported.
fn module_name(dir: &str, roots: &[String], path: &str, own: &HashSet<&str>) -> Option<ModuleFile> {
    let stem = path.strip_suffix(".py")?;
    let below = |root: &str| {
        if root.is_empty() {
            Some(stem.to_owned())
        } else {
            stem.strip_prefix(root)?
                .strip_prefix('/')
                .map(str::to_owned)
        }
    };
    // its package's root, where there is one
    let folder = folder_of(path);
    let top = above_package(folder, own);
    let source = join(dir, "src");
    let root = if top == folder {
        [source.as_str(), dir]
            .into_iter()
            .find(|root| below(root).is_some())
    } else {
        Some(top)
    };
    let name = root
        .and_then(&below)
        .or_else(|| roots.iter().find_map(|root| below(root)))?;
    let (name, is_package) = match name.strip_suffix("__init__") {
        Some(package) => (package.trim_end_matches('/'), true),
        None => (name.as_str(), false),
    };
    if name.is_empty() {
        return None;
    }
    Some(ModuleFile {
        file: path.to_owned(),
        name: name.replace('/', "."),
        is_package,
    })
}
