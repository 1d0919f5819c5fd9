//! What a Python package takes along, beside its modules: the commands of `MANIFEST.in`, and the lists of `pyproject.toml`.

use toml_edit::{DocumentMut, Item};

use super::{LINES, fits, fits_or_holds, plain};

/// The line of a `MANIFEST.in` that takes a path of its folder, where no later one takes it away.
pub(crate) fn manifest_takes(manifest: &str, path: &str) -> Option<u32> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let mut taken = None;
    let mut number = 0_u32;
    for line in manifest.lines().take(LINES) {
        number += 1;
        let mut words = line.split_whitespace();
        let command = words.next().unwrap_or_default();
        let words: Vec<&str> = words.collect();
        let hit = match command {
            "include" | "exclude" => words.iter().any(|word| fits(plain(word), path)),
            "global-include" | "global-exclude" => words.iter().any(|word| fits(word, name)),
            "graft" | "prune" => words.iter().any(|word| is_in(plain(word), path)),
            "recursive-include" | "recursive-exclude" => {
                let (folder, patterns) = words.split_first().unwrap_or((&"", &[]));
                is_in(plain(folder), path) && patterns.iter().any(|word| fits(word, name))
            }
            _ => false,
        };
        if hit {
            let adds = matches!(
                command,
                "include" | "global-include" | "graft" | "recursive-include"
            );
            taken = adds.then_some(number);
        }
    }
    taken
}

/// Whether a path is below a folder; every one is below the package's own.
fn is_in(folder: &str, path: &str) -> bool {
    folder.is_empty() || (folder != path && fits_or_holds(folder, path))
}

/// Where the build back ends list what goes along even where git ignores it.
const LISTS: [&[&str]; 14] = [
    &["tool", "poetry", "include"],
    &["tool", "hatch", "build", "artifacts"],
    &["tool", "hatch", "build", "force-include"],
    &["tool", "hatch", "build", "targets", "sdist", "artifacts"],
    &[
        "tool",
        "hatch",
        "build",
        "targets",
        "sdist",
        "force-include",
    ],
    &["tool", "hatch", "build", "targets", "wheel", "artifacts"],
    &[
        "tool",
        "hatch",
        "build",
        "targets",
        "wheel",
        "force-include",
    ],
    &["tool", "pdm", "build", "includes"],
    &["tool", "pdm", "build", "source-includes"],
    &["tool", "flit", "sdist", "include"],
    &["tool", "maturin", "include"],
    &["tool", "uv", "build-backend", "source-include"],
    &["tool", "scikit-build", "sdist", "include"],
    &["tool", "setuptools", "data-files"],
];

/// The list of a `pyproject.toml` that takes a path of its folder. Lists that git's own rules still narrow are none.
pub(crate) fn project_takes(pyproject: &str, path: &str) -> Option<String> {
    let document: DocumentMut = pyproject.parse().ok()?;
    let list = LISTS.iter().find(|keys| {
        let mut item = Some(document.as_item());
        for key in **keys {
            item = item.and_then(|item| item.get(key));
        }
        item.is_some_and(|item| {
            let mut patterns = Vec::new();
            gather(item, &mut patterns);
            patterns
                .iter()
                .any(|pattern| fits_or_holds(plain(pattern), path))
        })
    })?;
    Some(list.join("."))
}

/// The paths of a list, whose entries are texts or have a `path`; of a table its keys, and the lists in it.
fn gather(item: &Item, patterns: &mut Vec<String>) {
    if let Some(array) = item.as_array() {
        for value in array {
            let table = value.as_inline_table();
            let path = table.map_or_else(|| value.as_str(), |table| table.get("path")?.as_str());
            patterns.extend(path.map(str::to_owned));
        }
    }
    if let Some(table) = item.as_table_like() {
        for (key, value) in table.iter() {
            if value.is_array() {
                gather(value, patterns);
            } else {
                patterns.push(key.to_owned());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_takes_what_no_later_line_takes_away() {
        for (manifest, path, line) in [
            ("include README.md\n", ".env", None),
            ("include .env\n", ".env", Some(1)),
            ("include .env\n", "app/.env", None),
            ("# all\ngraft app\n", "app/.env", Some(2)),
            ("graft app\nglobal-exclude .env*\n", "app/.env", None),
            ("graft app\nprune app/secret\n", "app/secret/.env", None),
            ("recursive-include app *.html\n", "app/.env", None),
            ("recursive-include app *\n", "app/deep/.env", Some(1)),
            ("recursive-include . .env\n", "app/.env", Some(1)),
            ("global-include .env.*\n", "app/.env.local", Some(1)),
            ("exclude .env\ninclude .*\n", ".env", Some(2)),
        ] {
            assert_eq!(manifest_takes(manifest, path), line, "{manifest} {path}");
        }
    }

    #[test]
    fn the_lists_of_a_project_take_what_git_ignores() {
        for (text, path, list) in [
            (
                "[tool.poetry]\ninclude = [\".env\"]\n",
                ".env",
                Some("tool.poetry.include"),
            ),
            (
                "[tool.poetry]\ninclude = [{ path = \"app/**/*\", format = \"sdist\" }]\n",
                "app/.env",
                Some("tool.poetry.include"),
            ),
            (
                "[tool.hatch.build.targets.wheel.force-include]\n\"app\" = \"x\"\n",
                "app/.env",
                Some("tool.hatch.build.targets.wheel.force-include"),
            ),
            // git's rules narrow this one
            ("[tool.hatch.build]\ninclude = [\"*\"]\n", ".env", None),
            (
                "[tool.setuptools.data-files]\n\"share/x\" = [\".env\"]\n",
                ".env",
                Some("tool.setuptools.data-files"),
            ),
            ("[tool.poetry]\ninclude = [\"docs\"]\n", ".env", None),
            ("not toml [", ".env", None),
        ] {
            assert_eq!(project_takes(text, path).as_deref(), list, "{text}");
        }
    }
}
