//! Which env file an application reads, and which committed file documents it.

use crate::{
    domain::{
        dotenv::Document,
        key_purpose::{self, KeyPurpose, purposes},
        reading::Reading,
        source::join,
        url::Part,
    },
    project::detect::{
        package::Package,
        tree::{Tree, with_folders_above},
    },
};

/// The words that make the name of an example of the name of an env file: `.env.local.example`, `sample.env`.
const EXAMPLE_WORDS: &[&str] = &["example", "sample", "template", "dist", "tmpl", "defaults"];

/// Where the values go, and where their names are documented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EnvPlace {
    /// The env file, relative to the root.
    pub file: String,
    /// The committed example, where there is one.
    pub example: Option<String>,
}

/// How frameworks read env files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Habit {
    /// What the code or its runner loads, by custom `.env`.
    Plain,
    /// `.env`, then `.env.local` over it, where a person's own values go.
    Layered,
    /// The same, but `.env.local` by custom: Next.js.
    Local,
}

/// Packages that read `.env.local` over `.env`.
const LAYERED: &[&str] = &[
    "vite",
    "@sveltejs/kit",
    "astro",
    "nuxt",
    "@remix-run/dev",
    "@react-router/dev",
    "@tanstack/react-start",
    "@solidjs/start",
];

/// The env file of the application in a folder.
pub(super) fn place(tree: &Tree<'_>, dir: &str, reading: &Reading) -> EnvPlace {
    let package = Package::read(tree, dir);
    let habit = package.as_ref().map_or(Habit::Plain, habit);
    let examples = examples(tree, dir);
    let named = named(tree, reading, dir);
    // the source that opens the database loads its own file, and others come too late or hold something else
    if habit == Habit::Plain
        && let Some(file) = beside_opening(reading).filter(|file| named.contains(file))
        && let Some((example, of)) = examples.first()
        && folder_of(&file) == folder_of(of)
    {
        return EnvPlace {
            file,
            example: Some(example.clone()),
        };
    }
    // both say the same
    if let Some((example, file)) = examples.iter().find(|(_, file)| named.contains(file)) {
        let is_shared = habit != Habit::Plain && tree.keeps(file);
        // `.env.example` documents `.env.local` as well, which a framework reads over `.env` and its code names first
        let local = format!("{file}.local");
        let at = |file: &str| named.iter().position(|named| named == file);
        let is_local =
            habit != Habit::Plain && at(&local).is_some_and(|first| Some(first) < at(file));
        if !is_shared && !is_local {
            return EnvPlace {
                file: file.clone(),
                example: Some(example.clone()),
            };
        }
    }
    let here = |name: &str| join(dir, name);
    let custom = match habit {
        Habit::Plain => ".env",
        // git keeps `.env`: the team's values are in it, and a person's own are not
        Habit::Layered if !tree.keeps(&here(".env")) => ".env",
        Habit::Layered | Habit::Local => ".env.local",
    };
    let read_by_habit = |file: &String| {
        habit == Habit::Plain
            || [
                ".env",
                ".env.local",
                ".env.development",
                ".env.development.local",
            ]
            .iter()
            .any(|name| *file == here(name))
    };
    let by_code = named
        .iter()
        .find(|file| read_by_habit(file) && !(habit != Habit::Plain && tree.keeps(file)))
        .cloned();
    // `env-example-relational` is a choice of the application's, and documents the file that the code names
    let is_choice = |file: &String| {
        let known = [".env", ".env.local", ".env.development"];
        folder_of(file) == dir && by_code.is_some() && !known.iter().any(|name| *file == here(name))
    };
    let own = examples
        .iter()
        .map(|(_, file)| file.clone())
        .find(|file| folder_of(file) == dir)
        .filter(|file| !is_choice(file));
    // a search upward from the code's folder ends at the example's
    let above = || {
        let (_, file) = examples.first()?;
        // Python's loader searches upward, Node's does not
        let searched = package.is_none() && named.contains(&here(".env"));
        (named.is_empty() || searched).then(|| file.clone())
    };
    let prisma = package
        .as_ref()
        .is_some_and(|package| package.has_any(&["prisma", "@prisma/client"]));
    let file = match habit {
        Habit::Plain => own
            .or_else(above)
            .or(by_code)
            .unwrap_or_else(|| here(custom)),
        // Prisma's own command reads nothing but `.env`
        Habit::Local if prisma && !tree.keeps(&here(".env")) => here(".env"),
        Habit::Local | Habit::Layered => by_code.unwrap_or_else(|| here(custom)),
    };
    let example = examples
        .iter()
        .find(|(_, of)| *of == file)
        .or_else(|| {
            examples
                .iter()
                .find(|(_, of)| folder_of(of) == folder_of(&file))
        })
        .or_else(|| examples.first())
        .map(|(example, _)| example.clone());
    EnvPlace { file, example }
}

/// The env files that the application in a folder may read, as far as its code, the examples and custom tell.
pub(super) fn others(tree: &Tree<'_>, dir: &str, reading: &Reading) -> Vec<String> {
    let mut files = named(tree, reading, dir);
    files.extend(examples(tree, dir).into_iter().map(|(_, file)| file));
    files.push(join(dir, ".env"));
    if Package::read(tree, dir).is_some_and(|package| habit(&package) != Habit::Plain) {
        files.push(join(dir, ".env.local"));
    }
    files.push(".env".to_owned());
    let mut seen = Vec::new();
    for file in files {
        if !seen.contains(&file) {
            seen.push(file);
        }
    }
    seen
}

fn habit(package: &Package) -> Habit {
    if package.has_any(&["next"]) {
        Habit::Local
    } else if package.has_any(LAYERED) && !runs_own_server(package) {
        Habit::Layered
    } else {
        Habit::Plain
    }
}

/// The only env file that the source which opens the database loads, and not that of a tool's configuration.
fn beside_opening(reading: &Reading) -> Option<String> {
    let opened = |file: &str| {
        let is_config = file.contains(".config.");
        !is_config && reading.opens.iter().any(|opening| opening.at.file == file)
    };
    let mut loaded = reading.files.iter().filter(|read| opened(&read.at.file));
    let first = loaded.next()?;
    loaded
        .all(|read| read.path == first.path)
        .then(|| first.path.clone())
}

/// Whether what starts the application is a file of its own, which reads what it loads itself: Vite then only builds its pages.
fn runs_own_server(package: &Package) -> bool {
    const RUNNERS: &[&str] = &["tsx", "ts-node", "ts-node-dev", "nodemon", "node", "bun"];
    const FRAMEWORKS: &[&str] = &[
        "vite",
        "svelte",
        "astro",
        "nuxt",
        "remix",
        "react-router",
        "vinxi",
    ];
    let scripts = package.scripts();
    let script = ["dev", "start"].iter().find_map(|wanted| {
        let found = scripts.iter().find(|(name, _)| name == wanted);
        found.map(|(_, script)| script)
    });
    script.is_some_and(|script| {
        script
            .split_whitespace()
            .any(|word| RUNNERS.contains(&word))
            && !FRAMEWORKS.iter().any(|name| script.contains(name))
    })
}

/// The env files that the code or its scripts load by name, each once, those that are never read by tests alone first.
fn named(tree: &Tree<'_>, reading: &Reading, dir: &str) -> Vec<String> {
    let by_code = reading.files.iter().map(|read| read.path.clone());
    // a script of the root may start the applications of all folders
    let by_scripts = with_folders_above(dir).into_iter().flat_map(|folder| {
        let files = Package::read(tree, folder).map(|package| package.env_files());
        files
            .unwrap_or_default()
            .into_iter()
            .map(move |file| join(folder, file.trim_start_matches("./")))
    });
    let mut named: Vec<String> = Vec::new();
    for file in by_code.chain(by_scripts) {
        let inside = !file.starts_with("..") && !file.contains("/../");
        let for_tests = file
            .rsplit('/')
            .next()
            .is_some_and(|name| name.contains("test"));
        if inside && !for_tests && env_file_of(&file).is_none() && !named.contains(&file) {
            named.push(file);
        }
    }
    named
}

/// The committed examples in a folder, else in the nearest folder above it that has one: their paths, with the files that they document.
fn examples(tree: &Tree<'_>, dir: &str) -> Vec<(String, String)> {
    with_folders_above(dir)
        .into_iter()
        .map(|folder| in_folder(tree, folder))
        .find(|found| !found.is_empty())
        .unwrap_or_default()
}

fn in_folder(tree: &Tree<'_>, folder: &str) -> Vec<(String, String)> {
    let usual = [".env.example", ".env.sample", ".env.template"].map(str::to_owned);
    let listed = tree.names_in(folder).map(str::to_owned);
    let mut found: Vec<(String, String)> = Vec::new();
    // git may ignore an example that it tracks, so that a walk does not name it
    for name in usual.into_iter().chain(listed) {
        let path = join(folder, &name);
        if let Some(file) = env_file_of(&name)
            && !found.iter().any(|(known, _)| *known == path)
            && tree.has(&path)
        {
            found.push((path, join(folder, &file)));
        }
    }
    let several = found.len() > 1;
    found.sort_by_key(|(example, file)| {
        let lacks = several && !documents_ours(tree, example);
        (lacks, rank(file))
    });
    found
}

/// Whether an example documents a connection to a Postgres, and no other database in its place.
fn documents_ours(tree: &Tree<'_>, example: &str) -> bool {
    let text = tree.read(example).unwrap_or_default();
    let document = Document::parse(text.as_bytes());
    let pairs: Vec<_> = document
        .entries()
        .map(|entry| (entry.key.as_str(), entry.value.expose()))
        .collect();
    let purposes = purposes(&pairs);
    let parts = |purpose: &KeyPurpose| matches!(purpose, KeyPurpose::Part(Part::Host, _));
    let has_parts = purposes.iter().any(parts);
    let split = pairs.iter().any(|(key, _)| key_purpose::is_host(key));
    // parts of another kind of server are nobody's parts
    has_parts
        || (!split
            && purposes
                .iter()
                .any(|purpose| matches!(purpose, KeyPurpose::Url(_))))
}

/// The likelier env file of an application first.
fn rank(file: &str) -> usize {
    let name = file.rsplit('/').next().unwrap_or(file);
    let words = ["test", "docker", "prod", "staging", "ci"];
    match name {
        ".env" => 0,
        ".env.local" => 1,
        _ if words.iter().any(|word| name.contains(word)) => 9,
        _ if name.contains("dev") || name.contains("local") => 2,
        _ => 3,
    }
}

/// The name of the env file that a file documents; `None` where it isn't an example.
fn env_file_of(path: &str) -> Option<String> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let lower = name.to_ascii_lowercase();
    let mut parts: Vec<&str> = lower
        .split(['.', '-', '_'])
        .filter(|part| !part.is_empty())
        .collect();
    let words = parts.len();
    parts.retain(|part| !EXAMPLE_WORDS.contains(part));
    if parts.len() == words || words > 5 {
        return None;
    }
    let file = match parts.as_slice() {
        ["env"] => ".env".to_owned(),
        ["dev", "vars"] => ".dev.vars".to_owned(),
        ["env", rest @ ..] => format!(".env.{}", rest.join(".")),
        [name, "env"] => format!("{name}.env"),
        _ => return None,
    };
    Some(file)
}

/// The folder in which a file lies.
pub(super) fn folder_of(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(folder, _)| folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_name_the_file_that_they_document() {
        for (example, file) in [
            (".env.example", Some(".env")),
            (".env.sample", Some(".env")),
            (".env.dist", Some(".env")),
            ("env.example", Some(".env")),
            (".env-example", Some(".env")),
            ("example.env", Some(".env")),
            ("sample.env", Some(".env")),
            (".env.local.example", Some(".env.local")),
            (".env.example.local", Some(".env.local")),
            (".env.development.sample", Some(".env.development")),
            (".dev.vars.example", Some(".dev.vars")),
            ("app.env.example", Some("app.env")),
            (".env", None),
            (".env.local", None),
            ("example.py", None),
            ("docker-compose.example.yml", None),
        ] {
            assert_eq!(env_file_of(example).as_deref(), file, "{example}");
        }
    }
}
