//! The commands that a project's own files name for starting it.

use std::sync::LazyLock;

use regex::Regex;

use crate::{
    domain::{
        reading::Spot,
        source::{COMPOSE, Reader, join},
    },
    project::detect::start::spot,
};

/// A command that a file names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Declared {
    /// As it is written, for a shell.
    pub text: String,
    pub at: Spot,
    /// The target of a Makefile that runs it.
    pub target: Option<String>,
}

/// What those who start something call it, the likeliest first.
pub(super) const NAMES: &[&str] = &[
    "start",
    "run",
    "serve",
    "server",
    "runserver",
    "dev",
    "web",
    "api",
    "app",
    "up",
];

/// The most lines of one file that are looked at.
const MOST_LINES: usize = 3000;

/// The commands that the files of a folder, and then those of the root, name; the most explicit files first.
pub(super) fn commands(read: Reader<'_>, dir: &str) -> Vec<Declared> {
    let folders: &[&str] = if dir.is_empty() { &[""] } else { &[dir, ""] };
    let mut found = Vec::new();
    for folder in folders {
        let mut each = |name: &str, commands: fn(&str, &str) -> Vec<Declared>| {
            let path = join(folder, name);
            if let Some(text) = read(&path) {
                found.extend(commands(&text, &path));
            }
        };
        each("Procfile", procfile);
        each("Procfile.dev", procfile);
        each("pyproject.toml", tasks);
        each("Makefile", makefile);
        each("Dockerfile", dockerfile);
        for name in COMPOSE {
            each(name, compose);
        }
    }
    found
}

fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .take(MOST_LINES)
        .enumerate()
        .map(|(at, line)| (at + 1, line))
}

fn procfile(text: &str, path: &str) -> Vec<Declared> {
    lines(text)
        .filter_map(|(line, text)| {
            let command = text.strip_prefix("web:")?;
            Some(Declared {
                text: command.trim().to_owned(),
                at: spot(path, line),
                target: None,
            })
        })
        .collect()
}

/// The lines of a Makefile's targets that start something.
fn makefile(text: &str, path: &str) -> Vec<Declared> {
    let mut target = None;
    let mut found = Vec::new();
    for (line, text) in lines(text) {
        if let Some(recipe) = text.strip_prefix('\t') {
            if let Some(target) = &target {
                found.push(Declared {
                    text: recipe.trim_start_matches(['@', '-']).trim().to_owned(),
                    at: spot(path, line),
                    target: Some(String::clone(target)),
                });
            }
        } else if let Some((name, rest)) = text.split_once(':')
            && !rest.starts_with('=')
        {
            let name = name.trim();
            target = NAMES.contains(&name).then(|| name.to_owned());
        }
    }
    found
}

/// The tasks of taskipy, Poe, PDM and Hatch.
fn tasks(text: &str, path: &str) -> Vec<Declared> {
    let mut table = String::new();
    let mut found = Vec::new();
    for (line, text) in lines(text) {
        let text = text.trim();
        if let Some(name) = text
            .strip_prefix('[')
            .and_then(|text| text.strip_suffix(']'))
        {
            name.trim().clone_into(&mut table);
            continue;
        }
        let tasks = matches!(
            table.as_str(),
            "tool.taskipy.tasks"
                | "tool.poe.tasks"
                | "tool.pdm.scripts"
                | "tool.hatch.envs.default.scripts"
        );
        let Some((name, value)) = text.split_once('=').filter(|_| tasks) else {
            continue;
        };
        let name = name.trim().trim_matches('"');
        if let Some(command) = quoted(value)
            && NAMES.contains(&name)
        {
            found.push(Declared {
                text: command.to_owned(),
                at: spot(path, line),
                target: None,
            });
        }
    }
    found
}

/// The first text in quotes.
fn quoted(value: &str) -> Option<&str> {
    let start = value.find(['"', '\''])?;
    let (_, rest) = value.split_at_checked(start)?;
    let quote = rest.chars().next()?;
    let rest = rest.strip_prefix(quote)?;
    rest.split(quote).next().filter(|text| !text.is_empty())
}

/// The command of the image: the last one counts.
fn dockerfile(text: &str, path: &str) -> Vec<Declared> {
    let commands = lines(text).filter_map(|(line, text)| {
        let (word, rest) = text.trim().split_once(char::is_whitespace)?;
        let starts = ["CMD", "ENTRYPOINT"]
            .iter()
            .any(|name| word.eq_ignore_ascii_case(name));
        starts.then(|| Declared {
            text: one_line(rest),
            at: spot(path, line),
            target: None,
        })
    });
    commands.last().into_iter().collect()
}

/// A command that may be written as a list of words.
fn one_line(text: &str) -> String {
    let text = text.trim();
    if !text.starts_with('[') {
        return text.trim_matches(['"', '\'']).to_owned();
    }
    serde_json::from_str::<Vec<String>>(&text.replace('\'', "\""))
        .ok()
        .and_then(|words| shlex::try_join(words.iter().map(String::as_str)).ok())
        .unwrap_or_default()
}

/// The commands of the services that a compose file builds from the repository.
fn compose(text: &str, path: &str) -> Vec<Declared> {
    services(text)
        .into_iter()
        .filter(|service| service.is_built)
        .flat_map(|service| {
            service.lines.into_iter().filter_map(|(line, text)| {
                let command = text.trim().strip_prefix("command:")?;
                Some(Declared {
                    text: one_line(command),
                    at: spot(path, line),
                    target: None,
                })
            })
        })
        .filter(|command| !command.text.is_empty())
        .collect()
}

/// A service of a compose file.
pub(super) struct ComposeService<'a> {
    /// Whether it is built from the repository, and isn't somebody else's image.
    pub is_built: bool,
    /// Its lines, with their 1-based numbers.
    pub lines: Vec<(usize, &'a str)>,
}

static SERVICE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^([ \t]+)[\w.-]+:\s*(#.*)?$"));

/// The services of a compose file, by its indentation.
pub(super) fn services(text: &str) -> Vec<ComposeService<'_>> {
    let mut found: Vec<ComposeService<'_>> = Vec::new();
    let mut inside = false;
    let mut indent: Option<&str> = None;
    for (line, text) in lines(text) {
        if text.trim().is_empty() || text.trim_start().starts_with('#') {
            continue;
        }
        if !text.starts_with([' ', '\t']) {
            inside = text.trim_end() == "services:";
            indent = None;
            continue;
        }
        if !inside {
            continue;
        }
        let begins = SERVICE
            .captures(text)
            .and_then(|found| found.get(1))
            .map(|space| space.as_str());
        if let Some(space) = begins
            && indent.is_none_or(|known| known == space)
        {
            indent = Some(space);
            found.push(ComposeService {
                is_built: false,
                lines: Vec::new(),
            });
        } else if let Some(service) = found.last_mut() {
            service.is_built |= text.trim_start().starts_with("build:");
            service.lines.push((line, text));
        }
    }
    found
}

static PORT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\$\{[A-Z_]*PORT:?-(\d{2,5})\}|\$\{?[A-Z_]*PORT\}?"));

/// A command of a shell as plain words, with this port where it takes one from the environment; `None` where it needs the shell.
pub(super) fn plain(text: &str, port: u16) -> Option<Vec<String>> {
    let text = PORT.replace_all(text, |found: &regex::Captures<'_>| {
        let default = found.get(1).map(|port| port.as_str().to_owned());
        default.unwrap_or_else(|| port.to_string())
    });
    let text = text.trim();
    let text = text.strip_prefix("exec ").unwrap_or(text);
    if text.contains(['&', '|', ';', '<', '>', '$', '`', '(', '{', '\\']) {
        return None;
    }
    let words = shlex::split(text)?;
    let first = words.first()?;
    // a variable before the program, and what belongs to the container or to the shell
    let foreign = [
        "docker",
        "docker-compose",
        "podman",
        "cd",
        "source",
        ".",
        "sh",
        "bash",
        "echo",
        "export",
        "set",
        "test",
        "if",
        "for",
        "sudo",
        "open",
    ];
    (!first.contains('=') && !first.starts_with('/') && !foreign.contains(&first.as_str()))
        .then_some(words)
}

#[expect(
    clippy::expect_used,
    reason = "the patterns are constants, and the tests use every one of them"
)]
pub(super) fn pattern(source: &str) -> Regex {
    Regex::new(source).expect("a constant pattern")
}
