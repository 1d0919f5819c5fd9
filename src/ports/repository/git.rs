//! The real adapter.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use etcetera::BaseStrategy as _;
use tokio::sync::watch;

use crate::core::{
    code::Code,
    failure::{Failure, Result},
    secret::Secret,
};
use crate::ports::repository::{
    HistoryScan, Hook, Known, Protection, Repository, TreeScan,
    content::Searcher,
    excludes, history, hooks, ignore, index,
    layout::Layout,
    meter::{Meter, StopOnDrop},
    program::Program,
    tree,
};

/// How git is asked.
#[derive(Debug, Clone)]
pub(crate) struct GitOptions {
    /// The git program; `None` does without one.
    pub program: Option<String>,
    /// The program's whole environment, instead of the inherited one.
    pub environment: Option<Vec<(String, String)>>,
    /// Where the searches of packs are remembered; `None` for nowhere.
    pub cache: Option<PathBuf>,
}

impl Default for GitOptions {
    fn default() -> Self {
        Self {
            program: Some("git".to_owned()),
            environment: None,
            cache: etcetera::choose_base_strategy()
                .ok()
                .map(|base| base.cache_dir().join("neonup").join("packs")),
        }
    }
}

/// A repository on the disk, or the knowledge that there is none.
#[derive(Debug, Clone)]
pub(crate) struct GitRepository {
    layout: Option<Arc<Layout>>,
    git: Program,
}

impl GitRepository {
    /// The innermost repository around a directory.
    pub(crate) fn open(directory: &Path) -> Self {
        Self::open_with(directory, GitOptions::default())
    }

    /// The innermost repository around a directory, with git asked in a certain way.
    pub(crate) fn open_with(directory: &Path, options: GitOptions) -> Self {
        let git = Program::new(options.program, options.environment, options.cache);
        let layout = Layout::discover(directory, &git).map(Arc::new);
        Self { layout, git }
    }

    fn layout(&self) -> Result<Arc<Layout>> {
        let layout = self.layout.clone().ok_or_else(|| {
            Failure::new(Code::SecretsUnknown, "this is no git repository").hint("git init")
        })?;
        match &layout.trouble {
            Some(why) => Err(unknown("git does not open this repository", why)),
            None => Ok(layout),
        }
    }

    /// Runs blocking work that tells how far it is, and stops it when nobody waits any more.
    async fn scan<T: Send + 'static>(
        progress: &(dyn Fn(u64, u64) + Send + Sync),
        work: impl FnOnce(&Meter) -> io::Result<T> + Send + 'static,
    ) -> Result<T> {
        let (meter, mut news) = Meter::new();
        let guard = StopOnDrop(Arc::clone(&meter));
        let mut task = tokio::task::spawn_blocking(move || work(&meter));
        loop {
            tokio::select! {
                result = &mut task => {
                    drop(guard);
                    return finish(result);
                }
                changed = news.changed() => match changed {
                    Ok(()) => report(&mut news, progress),
                    Err(_) => return finish(task.await),
                },
            }
        }
    }
}

fn report(news: &mut watch::Receiver<(u64, u64)>, progress: &(dyn Fn(u64, u64) + Send + Sync)) {
    let (done, total) = *news.borrow_and_update();
    progress(done, total);
}

fn finish<T>(result: std::result::Result<io::Result<T>, tokio::task::JoinError>) -> Result<T> {
    match result {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(unknown(
            "the repository could not be searched",
            &error.to_string(),
        )),
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(Failure::cancelled(Code::SecretsUnknown)),
    }
}

fn unknown(what: &str, why: &str) -> Failure {
    let owner = why.contains("dubious ownership") || why.contains("not owned by");
    let hint = if owner {
        "the folder belongs to another user: give it to yours, or see `git help config` on safe.directory"
    } else {
        "see what `git status` says here"
    };
    Failure::new(Code::SecretsUnknown, what).why(why).hint(hint)
}

/// Runs short blocking work.
async fn short<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(Failure::cancelled(Code::SecretsUnknown)),
    }
}

#[async_trait]
impl Repository for GitRepository {
    fn root(&self) -> Option<&Path> {
        self.layout.as_ref().map(|layout| layout.root.as_path())
    }

    fn user_name(&self) -> Option<String> {
        let config = match &self.layout {
            Some(layout) => git2::Repository::open(&layout.root).and_then(|found| found.config()),
            None => git2::Config::open_default(),
        };
        let name = config.ok()?.get_string("user.name").ok()?;
        Some(name).filter(|name| !name.trim().is_empty())
    }

    async fn protection(&self, path: &str) -> Result<Protection> {
        let layout = match self.layout() {
            Ok(layout) => layout,
            Err(failure) if self.layout.is_some() => {
                let unknown = || Known::Unknown(failure.why.clone());
                return Ok(Protection {
                    ignored: unknown(),
                    tracked: unknown(),
                    staged: unknown(),
                    committed: unknown(),
                    exposed: Vec::new(),
                });
            }
            Err(failure) => return Err(failure),
        };
        let (git, path) = (self.git.clone(), path.to_owned());
        short(move || {
            let Some(path) = clean(&path) else {
                return Err(Failure::new(
                    Code::SecretsUnknown,
                    format!("`{path}` is no path inside the repository"),
                )
                .hint("name it relative to the repository's root"));
            };
            Ok(protection(&layout, &git, &path))
        })
        .await
    }

    async fn add_ignore(&self, path: &str) -> Result<String> {
        let (layout, git, path) = (self.layout()?, self.git.clone(), path.to_owned());
        short(move || add_ignore(&layout, &git, &path)).await
    }

    async fn untrack(&self, path: &str) -> Result<()> {
        let (layout, git, path) = (self.layout()?, self.git.clone(), path.to_owned());
        short(move || untrack(&layout, &git, &path)).await
    }

    async fn ignored_files(&self, patterns: &[&str]) -> Result<Vec<String>> {
        let (layout, git) = (self.layout()?, self.git.clone());
        let patterns: Vec<String> = patterns
            .iter()
            .map(|pattern| format!(":(top,glob)**/{pattern}"))
            .collect();
        short(move || ignored_files(&layout, &git, &patterns)).await
    }

    async fn scan_tree(
        &self,
        live: &[(String, Secret)],
        progress: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<TreeScan> {
        let (layout, git, live) = (self.layout()?, self.git.clone(), live.to_owned());
        Self::scan(progress, move |meter| {
            let searcher = Searcher::new(&live).map_err(io::Error::other)?;
            tree::scan(&layout, &git, &searcher, meter)
        })
        .await
    }

    async fn scan_staged(&self, live: &[(String, Secret)]) -> Result<TreeScan> {
        let (layout, git, live) = (self.layout()?, self.git.clone(), live.to_owned());
        Self::scan(&|_, _| {}, move |meter| {
            let searcher = Searcher::new(&live).map_err(io::Error::other)?;
            tree::scan_staged(&layout, &git, &searcher, meter)
        })
        .await
    }

    async fn hook(&self) -> Result<Hook> {
        let (layout, git) = (self.layout()?, self.git.clone());
        short(move || hooks::look(&layout, &git)).await
    }

    async fn install_hook(&self) -> Result<Hook> {
        let (layout, git) = (self.layout()?, self.git.clone());
        short(move || hooks::install(&layout, &git)).await
    }

    async fn remove_hook(&self) -> Result<bool> {
        let (layout, git) = (self.layout()?, self.git.clone());
        short(move || hooks::remove(&layout, &git)).await
    }

    async fn scan_history(
        &self,
        live: &[(String, Secret)],
        watched: &[String],
        progress: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<HistoryScan> {
        let (layout, git, live) = (self.layout()?, self.git.clone(), live.to_owned());
        let watched = watched.to_owned();
        Self::scan(progress, move |meter| {
            let searcher = Searcher::new(&live).map_err(io::Error::other)?;
            history::scan(&layout, &git, &live, &searcher, &watched, meter)
        })
        .await
    }
}

/// A relative path without `.`, `..` and empty parts: libgit2's index accepts nothing else.
fn clean(path: &str) -> Option<String> {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" if parts.is_empty() && path.starts_with('/') => return None,
            "" | "." => {}
            ".." => return None,
            part => parts.push(part),
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

fn protection(layout: &Layout, git: &Program, path: &str) -> Protection {
    if layout
        .root
        .join(path)
        .parent()
        .is_some_and(|directory| directory != layout.root)
        && let Some((inner, rest)) = layout.owner(path, git)
    {
        let outer = tracked(layout, git, path);
        let mut inside = protection(&inner, &inner_program(git), &rest);
        if let Ok((Known::Yes, _)) = outer {
            inside.tracked = Known::Yes;
        }
        let above = path.strip_suffix(&rest).unwrap_or_default();
        for companion in &mut inside.exposed {
            companion.insert_str(0, above);
        }
        return inside;
    }
    let (tracked, hidden) = match tracked(layout, git, path) {
        Ok(answer) => answer,
        Err(error) => (Known::Unknown(error.to_string()), false),
    };
    let staged = match index::staged(layout, git, Some(path)) {
        Ok(staged) if staged.is_empty() => Known::No,
        Ok(_) => Known::Yes,
        Err(error) => Known::Unknown(error.to_string()),
    };
    let committed = if tracked == Known::Yes && staged == Known::No && !hidden {
        Known::Yes
    } else {
        Known::Unknown("the history was not asked".to_owned())
    };
    let ignored = ignored(layout, git, path);
    let exposed = if ignored == Known::Yes {
        exposed(layout, git, path)
    } else {
        Vec::new()
    };
    Protection {
        ignored,
        tracked,
        staged,
        committed,
        exposed,
    }
}

/// Whether `git add` would refuse the path: both answers of git have to say so.
fn ignored(layout: &Layout, git: &Program, path: &str) -> Known {
    if !git.available() {
        return match excludes::ignored(layout, path) {
            // git never ignores what it tracks
            Ok(true) => match tracked(layout, git, path) {
                Ok((Known::No, _)) => Known::Yes,
                Ok((Known::Yes, _)) => Known::No,
                Ok((Known::Unknown(why), _)) => Known::Unknown(why),
                Err(error) => Known::Unknown(error.to_string()),
            },
            Ok(false) => Known::No,
            Err(why) => Known::Unknown(why),
        };
    }
    let mut all = true;
    for index in [&[][..], &["--no-index"][..]] {
        let arguments: Vec<&str> = ["check-ignore", "-q"]
            .iter()
            .chain(index)
            .chain(&["--", path])
            .copied()
            .collect();
        match git.run(&layout.root, &arguments) {
            Ok(said) => match said.code {
                Some(0) => {}
                Some(1) => all = false,
                _ => return Known::Unknown(said.reason()),
            },
            Err(error) => return Known::Unknown(error.to_string()),
        }
    }
    if all { Known::Yes } else { Known::No }
}

/// The companions of an ignored path that the rules do not ignore. Nothing where git does not answer: the path itself says so then.
fn exposed(layout: &Layout, git: &Program, path: &str) -> Vec<String> {
    let companions = ignore::companions(path);
    if !git.available() {
        return companions
            .into_iter()
            .filter(|companion| excludes::ignored(layout, companion) == Ok(false))
            .collect();
    }
    let mut arguments = vec!["check-ignore", "--no-index", "-v", "-n", "--"];
    arguments.extend(companions.iter().map(String::as_str));
    let Ok(said) = git.run(&layout.root, &arguments) else {
        return Vec::new();
    };
    if !matches!(said.code, Some(0 | 1)) {
        return Vec::new();
    }
    // a line for each, in their order
    let text = String::from_utf8_lossy(&said.out).into_owned();
    text.lines()
        .zip(companions)
        .filter(|(line, _)| !says_ignored(line))
        .map(|(_, companion)| companion)
        .collect()
}

/// Reads `source:line:pattern<tab>path`: no source where no rule fits, and a pattern with `!` takes the path back.
fn says_ignored(line: &str) -> bool {
    let rule = line.rsplit_once('\t').map_or(line, |(rule, _)| rule);
    let mut parts = rule.split(':').skip(1);
    let numbered = parts.any(|part| !part.is_empty() && part.bytes().all(|c| c.is_ascii_digit()));
    numbered
        && parts
            .next()
            .is_some_and(|pattern| !pattern.starts_with('!'))
}

/// Whether the index has the path, and whether git is told to overlook its changes.
fn tracked(layout: &Layout, git: &Program, path: &str) -> io::Result<(Known, bool)> {
    let entries = index::entries(layout, git, Some(path))?;
    let hidden = entries.iter().any(|entry| entry.hidden);
    // the path may also be a file in place of which the index has a directory
    let tracked = entries
        .iter()
        .any(|entry| entry.path.starts_with(path.as_bytes()));
    Ok((if tracked { Known::Yes } else { Known::No }, hidden))
}

/// Git without the variables that tie it to the outer repository.
fn inner_program(git: &Program) -> Program {
    let mut inner = git.clone();
    if inner.environment.is_none() {
        inner.environment = Some(
            std::env::vars()
                .filter(|(name, _)| {
                    !crate::ports::repository::layout::REPOSITORY_VARIABLES.contains(&name.as_str())
                })
                .collect(),
        );
    }
    inner
}

fn add_ignore(layout: &Layout, git: &Program, path: &str) -> Result<String> {
    let wrong = |why: String| {
        Failure::new(
            Code::SecretsNotIgnored,
            format!("`{path}` could not be made ignored"),
        )
        .why(why)
    };
    let path = clean(path).ok_or_else(|| {
        wrong("it is no path inside the repository".to_owned())
            .hint("name it relative to the repository's root")
    })?;
    if let Some((inner, rest)) = layout.owner(&path, git) {
        let changed = add_ignore(&inner, &inner_program(git), &rest)?;
        let directory = path.strip_suffix(&rest).unwrap_or_default();
        return Ok(format!("{directory}{changed}"));
    }
    let (file, relative) = ignore_file(layout, &path);
    let there = no_index(layout, git, &path) == Ok(true);
    let name = file
        .strip_prefix(&layout.root)
        .unwrap_or(&file)
        .to_string_lossy()
        .replace('\\', "/");
    // where the rules ignore it already it is tracked, which no rule changes, or only its companions are not ignored
    if there && exposed(layout, git, &path).is_empty() {
        return Ok(name);
    }
    let by_hand = format!("add the line `{relative}` to `{name}` by hand");
    if file.is_symlink() {
        return Err(wrong(format!(
            "`{name}` is a symbolic link, which git does not follow"
        ))
        .hint("replace the link by a file, then run this again"));
    }
    let old = match std::fs::read(&file) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(wrong(format!("`{name}`: {error}")).hint(by_hand)),
    };
    let examples = examples(layout, &path, &relative);
    let addition = ignore::addition(&old, &relative, &examples, !there).map_err(|error| {
        wrong(format!("`{name}`: {error}")).hint("save it as UTF-8, then run this again")
    })?;
    append(&file, &addition)
        .map_err(|error| wrong(format!("`{name}`: {error}")).hint(by_hand.clone()))?;
    match no_index(layout, git, &path) {
        Ok(true) => Ok(name),
        answer => {
            let restored = restore(&file, &old);
            let why = match answer {
                Err(why) => why,
                Ok(_) => deciding_rule(layout, git, &path).map_or_else(
                    || "git still takes it".to_owned(),
                    |rule| format!("{rule} wins over the new line"),
                ),
            };
            let why = if restored.is_ok() {
                why
            } else {
                format!("{why}; the new line is still in `{name}`")
            };
            Err(wrong(why).hint(format!("see `git check-ignore --no-index -v {path}`")))
        }
    }
}

/// Whether the rules alone, without the index, ignore a path.
fn no_index(layout: &Layout, git: &Program, path: &str) -> std::result::Result<bool, String> {
    if !git.available() {
        return excludes::ignored(layout, path);
    }
    let said = git
        .run(
            &layout.root,
            &["check-ignore", "-q", "--no-index", "--", path],
        )
        .map_err(|error| error.to_string())?;
    match said.code {
        Some(0) => Ok(true),
        Some(1) => Ok(false),
        _ => Err(said.reason()),
    }
}

/// The rule that decides, such as `backend/.gitignore:3:!.env`.
fn deciding_rule(layout: &Layout, git: &Program, path: &str) -> Option<String> {
    let said = git
        .run(
            &layout.root,
            &["check-ignore", "-v", "-n", "--no-index", "--", path],
        )
        .ok()?;
    let text = String::from_utf8_lossy(&said.out).into_owned();
    let rule = text.split('\t').next()?.trim();
    (rule != "::").then(|| format!("`{rule}`"))
}

/// The ignore file nearest to the path, and the path as it is written there.
fn ignore_file(layout: &Layout, path: &str) -> (PathBuf, String) {
    let full = layout.root.join(path);
    for directory in full
        .ancestors()
        .skip(1)
        .take_while(|directory| directory.starts_with(&layout.root))
    {
        let file = directory.join(".gitignore");
        if file.symlink_metadata().is_ok()
            && let Ok(rest) = full.strip_prefix(directory)
        {
            return (file, rest.to_string_lossy().replace('\\', "/"));
        }
    }
    (layout.root.join(".gitignore"), path.to_owned())
}

/// The examples beside a path that the new lines would hide: those there are, and the usual one.
fn examples(layout: &Layout, path: &str, relative: &str) -> Vec<String> {
    let (directory, base) = relative
        .rsplit_once('/')
        .map_or(("", relative), |(directory, base)| (directory, base));
    let mut names = vec![format!("{base}.example")];
    if let Some(parent) = layout.root.join(path).parent()
        && let Ok(entries) = std::fs::read_dir(parent)
    {
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with(&format!("{base}."))
                && ignore::is_example(&name)
                && !names.contains(&name)
            {
                names.push(name);
            }
        }
    }
    names.sort();
    names
        .into_iter()
        .map(|name| {
            if directory.is_empty() {
                name
            } else {
                format!("{directory}/{name}")
            }
        })
        .collect()
}

fn append(file: &Path, addition: &[u8]) -> io::Result<()> {
    use std::io::Write as _;
    let mut file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(file)?;
    file.write_all(addition)?;
    file.sync_all()
}

/// Takes an addition back.
fn restore(file: &Path, old: &[u8]) -> io::Result<()> {
    if old.is_empty() {
        std::fs::remove_file(file)
    } else {
        std::fs::OpenOptions::new()
            .write(true)
            .open(file)?
            .set_len(old.len() as u64)
    }
}

/// Folders of other people's files: what lies there is not the project's.
const DEPENDENCIES: [&str; 5] = ["node_modules", ".venv", "venv", "target", "vendor"];

/// Asks git for the ignored files of these pathspecs.
fn ignored_files(layout: &Layout, git: &Program, pathspecs: &[String]) -> Result<Vec<String>> {
    let wrong = |why: String| {
        Failure::new(
            Code::SecretsUnknown,
            "the ignored files could not be listed",
        )
        .why(why)
        .hint("git status --ignored")
    };
    let mut arguments = vec![
        "ls-files".to_owned(),
        "-z".to_owned(),
        "--others".to_owned(),
        "--ignored".to_owned(),
        "--exclude-standard".to_owned(),
        "--".to_owned(),
    ];
    arguments.extend_from_slice(pathspecs);
    arguments.extend(
        DEPENDENCIES
            .iter()
            .map(|folder| format!(":(top,glob,exclude)**/{folder}/**")),
    );
    let said = git
        .run(&layout.root, &arguments)
        .map_err(|error| wrong(error.to_string()))?;
    if !said.ok() {
        return Err(wrong(said.reason()));
    }
    Ok(said
        .records()
        .map(|record| String::from_utf8_lossy(record).into_owned())
        .collect())
}

fn untrack(layout: &Layout, git: &Program, path: &str) -> Result<()> {
    let wrong = |why: String| {
        Failure::new(
            Code::SecretsTracked,
            format!("`{path}` could not be taken out of the index"),
        )
        .why(why)
        .hint(format!("git rm --cached -- {path}"))
    };
    let path =
        clean(path).ok_or_else(|| wrong("it is no path inside the repository".to_owned()))?;
    if let Some((inner, rest)) = layout.owner(&path, git) {
        return untrack(&inner, &inner_program(git), &rest);
    }
    if git.available() {
        let said = git
            .run(
                &layout.root,
                &[
                    "--literal-pathspecs",
                    "update-index",
                    "--force-remove",
                    "--",
                    &path,
                ],
            )
            .map_err(|error| wrong(error.to_string()))?;
        if !said.ok() {
            return Err(wrong(said.reason()));
        }
    } else {
        let removed = git2::Repository::open(&layout.root).and_then(|repository| {
            let mut index = repository.index()?;
            index.remove_path(Path::new(&path))?;
            index.write()
        });
        removed.map_err(|error| wrong(error.message().to_owned()))?;
    }
    match tracked(layout, git, &path) {
        Ok((Known::No, _)) => Ok(()),
        Ok(_) => Err(wrong("it is still there".to_owned())),
        Err(error) => Err(wrong(error.to_string())),
    }
}
