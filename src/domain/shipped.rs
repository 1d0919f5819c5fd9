//! What an image or a package takes along: the rules of `.dockerignore`, of a Dockerfile's `COPY`, of `npm pack`, and of Python's
//! build back ends.

mod compose;
mod python;

pub(crate) use compose::builds;
pub(crate) use python::{manifest_takes, project_takes};

use regex::Regex;

/// The most lines of a file of rules that are read.
const LINES: usize = 2000;

/// The line of a Dockerfile that copies a file of its context into the image, where no rule of `.dockerignore` keeps it out. Paths are
/// relative to the context.
pub(crate) fn copied_by(dockerfile: &str, ignore: Option<&str>, path: &str) -> Option<u32> {
    if ignore.is_some_and(|rules| is_ignored(rules, path)) {
        return None;
    }
    let mut number = 0_u32;
    let mut begin = 0;
    let mut whole = String::new();
    for line in dockerfile.lines().take(LINES) {
        number += 1;
        if whole.is_empty() {
            begin = number;
        }
        // an instruction goes on behind a backslash
        if let Some(head) = line.trim_end().strip_suffix('\\') {
            whole.push_str(head);
            whole.push(' ');
            continue;
        }
        whole.push_str(line);
        if copies(&whole, path) {
            return Some(begin);
        }
        whole.clear();
    }
    None
}

/// Whether a `COPY` or an `ADD` takes a file of the context.
fn copies(instruction: &str, path: &str) -> bool {
    let mut words = instruction.split_whitespace();
    let verb = words.next().unwrap_or_default();
    if !verb.eq_ignore_ascii_case("copy") && !verb.eq_ignore_ascii_case("add") {
        return false;
    }
    let words: Vec<&str> = words.collect();
    // from another stage or image
    if words.iter().any(|word| word.starts_with("--from")) {
        return false;
    }
    let clean = |word: &&str| {
        word.trim_matches(|c| matches!(c, '[' | ']' | ',' | '"' | '\''))
            .to_owned()
    };
    let mut sources: Vec<String> = words
        .iter()
        .filter(|word| !word.starts_with("--"))
        .map(clean)
        .filter(|word| !word.is_empty())
        .collect();
    sources.pop();
    sources.iter().any(|source| {
        let source = plain(source);
        source.is_empty() || fits_or_holds(source, path)
    })
}

/// Whether the rules of a `.dockerignore` keep a path out: the last one that fits decides.
fn is_ignored(rules: &str, path: &str) -> bool {
    let mut ignored = false;
    for line in rules.lines().take(LINES) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (kept, rule) = line
            .strip_prefix('!')
            .map_or((false, line), |rule| (true, rule.trim()));
        let rule = plain(rule);
        if rule.is_empty() || fits_or_holds(rule, path) {
            ignored = !kept;
        }
    }
    ignored
}

/// Rules for what a package leaves out, of a folder.
pub(crate) struct FolderRules {
    /// The folder, relative to the package's: empty, or with a `/` at its end.
    pub folder: String,
    /// What its `.npmignore` says.
    pub npmignore: Option<String>,
    /// What its `.gitignore` says.
    pub gitignore: Option<String>,
}

/// Why `npm pack` takes a path that git ignores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PackedBy {
    /// The list `files` of the `package.json`.
    Files,
    /// Its `.npmignore`, which stands in the place of git's own rules, and does not have it.
    NpmIgnore,
}

/// Whether `npm pack` takes a path of the package's folder although git ignores it. In the package's own folder the list `files` comes
/// first, then `.npmignore`, then `.gitignore`; the rules of the folders below always count.
pub(crate) fn packed_by(
    package: &serde_json::Value,
    rules: &[FolderRules],
    path: &str,
) -> Option<PackedBy> {
    if package.get("private").and_then(serde_json::Value::as_bool) == Some(true) {
        return None;
    }
    let mut own = None;
    for rules in rules {
        let inner = path.strip_prefix(rules.folder.as_str())?;
        if rules.folder.is_empty() {
            own = rules.npmignore.as_deref();
        } else if let Some(text) = rules.npmignore.as_deref().or(rules.gitignore.as_deref())
            && is_left_out(text, inner)
        {
            return None;
        }
    }
    if let Some(files) = package.get("files").and_then(serde_json::Value::as_array) {
        let rules = files.iter().filter_map(|rule| rule.as_str());
        return is_listed(rules, path).then_some(PackedBy::Files);
    }
    let out = own.is_none_or(|rules| is_left_out(rules, path));
    (!out).then_some(PackedBy::NpmIgnore)
}

/// Whether the list `files` has a path: the last rule that fits decides.
fn is_listed<'a>(rules: impl Iterator<Item = &'a str>, path: &str) -> bool {
    let mut packed = false;
    for rule in rules {
        let (without, rule) = rule
            .strip_prefix('!')
            .map_or((false, rule), |rule| (true, rule));
        let rule = plain(rule);
        let everything = rule.is_empty() || rule == "*";
        if everything || fits_or_holds(rule, path) || (!rule.contains('/') && name_fits(rule, path))
        {
            packed = !without;
        }
    }
    packed
}

/// Whether rules of the form of `.gitignore` leave a path out: one without a slash counts in every folder.
fn is_left_out(rules: &str, path: &str) -> bool {
    let mut out = false;
    for line in rules.lines().take(LINES) {
        let line = line.trim_end();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (kept, rule) = line
            .strip_prefix('!')
            .map_or((false, line), |rule| (true, rule));
        let anywhere = !rule.trim_end_matches('/').contains('/');
        let rule = plain(rule);
        if fits_or_holds(rule, path) || (anywhere && path.split('/').any(|part| fits(rule, part))) {
            out = !kept;
        }
    }
    out
}

/// A path or pattern without `./` in front and slashes around; empty for the folder itself.
fn plain(path: &str) -> &str {
    let path = path.trim_start_matches("./").trim_matches('/');
    if path == "." { "" } else { path }
}

fn name_fits(rule: &str, path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| fits(rule, name))
}

/// Whether a pattern fits a path or one of the folders that it lies in.
fn fits_or_holds(pattern: &str, path: &str) -> bool {
    let ends = path.match_indices('/').map(|(at, _)| at);
    ends.chain([path.len()])
        .any(|end| fits(pattern, path.get(..end).unwrap_or_default()))
}

/// Whether a pattern fits a whole path: `*` and `?` within a folder, `**` over several.
fn fits(pattern: &str, path: &str) -> bool {
    let mut expression = String::from("^");
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("**/") {
            expression.push_str("(?:.*/)?");
            rest = after;
            continue;
        }
        if let Some(after) = rest.strip_prefix("**") {
            expression.push_str(".*");
            rest = after;
            continue;
        }
        match c {
            '*' => expression.push_str("[^/]*"),
            '?' => expression.push_str("[^/]"),
            c => expression.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
        }
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    expression.push('$');
    Regex::new(&expression).is_ok_and(|expression| expression.is_match(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_of_the_context_takes_what_no_rule_keeps_out() {
        let all = "FROM node\nCOPY package.json ./\nCOPY . .\n";
        for (dockerfile, ignore, path, line) in [
            (all, None, ".env", Some(3)),
            (all, Some("node_modules\n"), ".env", Some(3)),
            (all, Some(".env\n"), ".env", None),
            (all, Some(".env*\n"), ".env.local", None),
            // without `**/`, a rule is for the context's own folder
            (all, Some(".env\n"), "backend/.env", Some(3)),
            (all, Some("**/.env\n"), "backend/.env", None),
            (all, Some("backend/\n"), "backend/.env", None),
            (all, Some("*\n!backend\n"), ".env", None),
            (all, Some("*\n!backend\n"), "backend/.env", Some(3)),
            (all, Some(".env*\n!.env\n"), ".env", Some(3)),
            ("COPY --from=build . .\n", None, ".env", None),
            (
                "COPY --chown=app:app \\\n  ./ /srv\n",
                None,
                ".env",
                Some(1),
            ),
            (
                "ADD [\"backend\", \"/srv\"]\n",
                None,
                "backend/.env",
                Some(1),
            ),
            ("COPY src /srv\nCOPY .env.* /srv/\n", None, ".env", None),
            (
                "COPY src /srv\nCOPY .env.* /srv/\n",
                None,
                ".env.local",
                Some(2),
            ),
            ("RUN cp . /srv\n", None, ".env", None),
        ] {
            assert_eq!(
                copied_by(dockerfile, ignore, path),
                line,
                "{dockerfile} {ignore:?} {path}"
            );
        }
    }

    #[test]
    fn a_package_takes_what_its_list_or_its_rules_let_through() {
        let (files, rules) = (Some(PackedBy::Files), Some(PackedBy::NpmIgnore));
        for (package, npmignore, below, path, packed) in [
            ("{}", None, None, ".env", None),
            ("{}", Some("dist\n"), None, ".env", rules),
            ("{}", Some("dist\n"), None, "config/.env", rules),
            ("{}", Some("# no\n.env*\n"), None, "config/.env", None),
            ("{}", Some("config/\n"), None, "config/.env", None),
            ("{}", Some(".env*\n!.env\n"), None, ".env", rules),
            ("{\"private\": true}", Some("dist\n"), None, ".env", None),
            ("{\"files\": [\"dist\"]}", None, None, ".env", None),
            ("{\"files\": [\"*\"]}", None, None, ".env", files),
            // the list comes before the rules of the same folder, not before those of a folder below
            ("{\"files\": [\"*\"]}", Some(".env\n"), None, ".env", files),
            (
                "{\"files\": [\"config\"]}",
                None,
                Some(".env\n"),
                "config/.env",
                None,
            ),
            (
                "{\"files\": [\"config\"]}",
                None,
                Some("x\n"),
                "config/.env",
                files,
            ),
            (
                "{\"files\": [\".\"], \"private\": true}",
                None,
                None,
                ".env",
                None,
            ),
            (
                "{\"files\": [\".env*\"]}",
                None,
                None,
                "config/.env.local",
                files,
            ),
            ("{\"files\": [\"*\", \"!.env\"]}", None, None, ".env", None),
        ] {
            let value = serde_json::from_str(package).unwrap();
            let mut all = vec![FolderRules {
                folder: String::new(),
                npmignore: npmignore.map(str::to_owned),
                gitignore: Some(".env*\n".to_owned()),
            }];
            if path.starts_with("config/") {
                all.push(FolderRules {
                    folder: "config/".to_owned(),
                    npmignore: below.map(str::to_owned),
                    gitignore: None,
                });
            }
            assert_eq!(
                packed_by(&value, &all, path),
                packed,
                "{package} {npmignore:?} {path}"
            );
        }
    }
}
