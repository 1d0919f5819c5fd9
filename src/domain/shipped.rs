//! What an image or a package takes along: the rules of `.dockerignore`, of a Dockerfile's `COPY`, and of `npm pack`.

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
        let source = source.trim_start_matches("./").trim_matches('/');
        source.is_empty() || source == "." || fits_or_holds(source, path)
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
        let rule = rule.trim_start_matches("./").trim_matches('/');
        if rule == "." || fits_or_holds(rule, path) {
            ignored = !kept;
        }
    }
    ignored
}

/// Whether the list `files` of a `package.json` takes a path of its folder: then git's own rules do not count.
pub(crate) fn packed_by(package: &serde_json::Value, path: &str) -> bool {
    if package.get("private").and_then(serde_json::Value::as_bool) == Some(true) {
        return false;
    }
    let files = package.get("files").and_then(serde_json::Value::as_array);
    let mut packed = false;
    for rule in files.into_iter().flatten().filter_map(|rule| rule.as_str()) {
        let (without, rule) = rule
            .strip_prefix('!')
            .map_or((false, rule), |rule| (true, rule));
        let rule = rule.trim_start_matches("./").trim_matches('/');
        let everything = rule.is_empty() || rule == "." || rule == "*";
        if everything || fits_or_holds(rule, path) || (!rule.contains('/') && name_fits(rule, path))
        {
            packed = !without;
        }
    }
    packed
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
    fn the_files_of_a_package_are_what_its_list_says() {
        for (package, path, packed) in [
            ("{}", ".env", false),
            ("{\"files\": [\"dist\"]}", ".env", false),
            ("{\"files\": [\"*\"]}", ".env", true),
            ("{\"files\": [\".\"], \"private\": true}", ".env", false),
            ("{\"files\": [\"config\"]}", "config/.env", true),
            ("{\"files\": [\".env*\"]}", "config/.env.local", true),
            ("{\"files\": [\"*\", \"!.env\"]}", ".env", false),
        ] {
            let value = serde_json::from_str(package).unwrap();
            assert_eq!(packed_by(&value, path), packed, "{package} {path}");
        }
    }
}
