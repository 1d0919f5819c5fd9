//! Whether git ignores a path: git's own answer, or the rules as read here where there is no git program.

use crate::ports::repository::{
    error::GitError, excludes, index, layout::Layout, model::GitAnswer, program::GitProgram,
};

/// Whether `git add` would refuse the path: both answers of git have to say so.
pub(super) fn refused_by_add(layout: &Layout, git: &GitProgram, path: &str) -> GitAnswer {
    let refused = || {
        let by_rules = ignored_by_rules(layout, git, path)?;
        if git.available() {
            return Ok(check_ignore(layout, git, &[], path)? && by_rules);
        }
        // git never ignores what it tracks
        let tracked = index::tracks(layout, git, path).map_err(|error| error.to_string())?;
        Ok::<_, String>(by_rules && !tracked)
    };
    refused().into()
}

/// Whether the rules alone, without the index, ignore a path; else why that is not known.
pub(super) fn ignored_by_rules(
    layout: &Layout,
    git: &GitProgram,
    path: &str,
) -> Result<bool, String> {
    if git.available() {
        check_ignore(layout, git, &["--no-index"], path)
    } else {
        excludes::ignored(layout, path)
    }
}

fn check_ignore(
    layout: &Layout,
    git: &GitProgram,
    flags: &[&str],
    path: &str,
) -> Result<bool, String> {
    let question = [&["check-ignore", "-q"], flags, &["--", path]].concat();
    let output = git
        .run(&layout.root, &question)
        .map_err(|error| error.to_string())?;
    match output.code {
        Some(0) => Ok(true),
        Some(1) => Ok(false),
        _ => Err(output.failure().to_string()),
    }
}

/// The names under which this program, and the editors that most people use, put a copy of a file beside it: our temporary file, the
/// backups of Emacs and others, Vim's swap file.
fn companions(path: &str) -> [String; 4] {
    let (directory, base) = path.rsplit_once('/').map_or_else(
        || (String::new(), path),
        |(directory, base)| (format!("{directory}/"), base),
    );
    let dot = if base.starts_with('.') { "" } else { "." };
    [
        format!("{directory}.env.neonup-0.tmp"),
        format!("{path}~"),
        format!("{path}.bak"),
        format!("{directory}{dot}{base}.swp"),
    ]
}

/// The companions of an ignored path that the rules do not ignore. None where git does not answer: the path itself tells that then.
pub(super) fn exposed(layout: &Layout, git: &GitProgram, path: &str) -> Vec<String> {
    let companions = companions(path);
    if !git.available() {
        return companions
            .into_iter()
            .filter(|companion| excludes::ignored(layout, companion) == Ok(false))
            .collect();
    }
    let mut question = vec!["check-ignore", "--no-index", "-v", "-n", "--"];
    question.extend(companions.iter().map(String::as_str));
    match git.run(&layout.root, &question) {
        // a line for each, in their order
        Ok(output) if matches!(output.code, Some(0 | 1)) => output
            .text()
            .lines()
            .zip(companions)
            .filter(|(line, _)| !is_ignoring_rule(line))
            .map(|(_, companion)| companion)
            .collect(),
        _ => Vec::new(),
    }
}

/// Reads `source:line:pattern<tab>path`: no source where no rule fits, and a pattern with `!` takes the path back.
fn is_ignoring_rule(line: &str) -> bool {
    let rule = line.rsplit_once('\t').map_or(line, |(rule, _)| rule);
    let mut parts = rule.split(':').skip(1);
    let numbered = parts.any(|part| !part.is_empty() && part.bytes().all(|c| c.is_ascii_digit()));
    numbered
        && parts
            .next()
            .is_some_and(|pattern| !pattern.starts_with('!'))
}

/// The rule that decides about a path, such as `backend/.gitignore:3:!.env`.
pub(super) fn deciding_rule(layout: &Layout, git: &GitProgram, path: &str) -> Option<String> {
    let question = ["check-ignore", "-v", "-n", "--no-index", "--", path];
    let text = git.run(&layout.root, &question).ok()?.text();
    let rule = text.split('\t').next()?.trim();
    (rule != "::").then(|| rule.to_owned())
}

/// Folders of other people's files: what lies there is not the project's.
pub(super) const DEPENDENCIES: [&str; 5] = ["node_modules", ".venv", "venv", "target", "vendor"];

/// The ignored files of the work tree whose names fit one of the patterns.
pub(super) fn files(
    layout: &Layout,
    git: &GitProgram,
    patterns: &[String],
) -> Result<Vec<String>, GitError> {
    let mut question = vec!["ls-files".to_owned()];
    question.extend(["-z", "--others", "--ignored", "--exclude-standard", "--"].map(str::to_owned));
    question.extend(
        patterns
            .iter()
            .map(|pattern| format!(":(top,glob)**/{pattern}")),
    );
    question.extend(DEPENDENCIES.map(|folder| format!(":(top,glob,exclude)**/{folder}/**")));
    let output = git.query(&layout.root, &question)?;
    Ok(output
        .records()
        .map(|record| String::from_utf8_lossy(record).into_owned())
        .collect())
}

/// The files of a folder that git tracks or would take.
pub(super) fn kept_below(
    layout: &Layout,
    git: &GitProgram,
    folder: &str,
) -> Result<Vec<String>, GitError> {
    let mut question = vec!["ls-files".to_owned()];
    question.extend(["-z", "--cached", "--others", "--exclude-standard", "--"].map(str::to_owned));
    question.push(format!(":(top,literal){folder}"));
    question.extend(DEPENDENCIES.map(|folder| format!(":(top,glob,exclude)**/{folder}/**")));
    let output = git.query(&layout.root, &question)?;
    Ok(output
        .records()
        .map(|record| String::from_utf8_lossy(record).into_owned())
        .collect())
}
