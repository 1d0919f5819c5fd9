//! Reads what JavaScript and TypeScript say of their environment and their database.
//!
//! Nothing is run. Each source is read by tree-sitter into a flat [`tree`], its names are bound ([`mod@file`]), and what an expression
//! stands for is followed through names, members and imports as far as the code tells ([`code`]). What it does not tell is left out,
//! never guessed.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "each question is about a few kinds of syntax and values, and the others do not answer it"
)]

mod address;
mod address_edit;
mod code;
mod env;
mod env_files;
mod file;
mod openings;
mod routes;
mod signing;
#[cfg(test)]
mod tests;
mod tree;

pub(crate) use address_edit::read_address;

use std::{collections::BTreeSet, sync::LazyLock};

use aho_corasick::AhoCorasick;

use crate::domain::{
    javascript::{
        code::{FilePosition, NodeCode, package_name},
        env_files::BESIDE,
        routes::Routes,
        tree::{PARSED, SyntaxTree},
    },
    reading::{Reading, Spot},
    source::{FileReader, join},
};

/// The most files that are read, so that a look ends: large applications have some thousand.
const FILES: usize = 10_000;

/// The most bytes of source that are read, in all.
const BYTES: usize = 64 * 1024 * 1024;

/// What a source that answers one of the questions here has in it.
const WORDS: &[&str] = &[
    "env",
    "Env",
    "onfig",
    "dotenv",
    "pg",
    "ostgres",
    "neon",
    "drizzle",
    "risma",
    "equelize",
    "ypeorm",
    "ypeOrm",
    "knex",
    "kysely",
    "mikro",
    "mysql",
    "sqlite",
    "libsql",
    "ongo",
    "mssql",
    "mariadb",
    "slonik",
    "planetscale",
    "tedious",
    "eystone",
    "jsonwebtoken",
    "cookie-parser",
    "express-session",
];

static MATTERS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| AhoCorasick::new(WORDS).ok());

/// What a source that names routes has in it, beside the [place](routes::is_placed) of some.
const ROUTE_WORDS: &[&str] = &[
    "Controller",
    "Router",
    "astify",
    "elysia",
    "express",
    "hono",
    "koa",
    "polka",
    "router",
    "setGlobalPrefix",
    "app.get(",
    "app.use(",
];

static ANSWERS: LazyLock<Option<AhoCorasick>> =
    LazyLock::new(|| AhoCorasick::new(ROUTE_WORDS).ok());

/// What Node, Deno and Bun bring themselves.
const BUILT_IN: &[&str] = &[
    "assert",
    "async_hooks",
    "bun",
    "buffer",
    "child_process",
    "cluster",
    "console",
    "constants",
    "crypto",
    "dgram",
    "diagnostics_channel",
    "dns",
    "domain",
    "events",
    "fs",
    "http",
    "http2",
    "https",
    "inspector",
    "module",
    "net",
    "os",
    "path",
    "perf_hooks",
    "process",
    "punycode",
    "querystring",
    "readline",
    "repl",
    "stream",
    "string_decoder",
    "sys",
    "timers",
    "tls",
    "trace_events",
    "tty",
    "url",
    "util",
    "v8",
    "vm",
    "wasi",
    "worker_threads",
    "zlib",
];

/// Reads the sources of an application: these of its folder, and those of other packages of the repository that they import.
pub(crate) fn read(files: FileReader<'_>, dir: &str, paths: &[String]) -> Reading {
    let code = NodeCode::new(files, dir, paths);
    let mut reading = Reading::default();
    let mut routes = Routes::default();
    let mut packages = BTreeSet::new();
    let mut bytes = 0_usize;
    let mut foreign = 0;
    let mut open: Vec<String> = paths.to_vec();
    let mut read = 0_usize;
    let below = runs_below(&code, dir);
    let dirs = (dir, below.as_deref());
    while !open.is_empty() {
        for path in std::mem::take(&mut open) {
            read += 1;
            if read > FILES || bytes > BYTES {
                code.leave_out(&path, "there are too many source files to read them all");
                continue;
            }
            let Some(text) = code.text(&path) else {
                continue;
            };
            bytes = bytes.saturating_add(text.len());
            let kept = Kept {
                packages: &mut packages,
                routes: &mut routes,
                reading: &mut reading,
            };
            source(&code, dirs, &path, text, kept);
        }
        open = code.foreign(foreign);
        foreign += open.len();
    }
    let inlined = inlined(&code, dir);
    let known: BTreeSet<String> = reading
        .reads
        .iter()
        .filter(|read| read.at.file.contains("next.config"))
        .map(|read| read.key.clone())
        .collect();
    reading
        .reads
        .retain(|read| !inlined.contains(&read.key) || known.contains(&read.key));
    reading.routes = routes.finish();
    reading.coverage.join(code.into_coverage());
    reading
}

/// The names that Next.js itself puts in for `process.env.NAME`: those of `env` in its configuration.
fn inlined(code: &NodeCode<'_>, dir: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for end in ["js", "mjs", "ts", "cjs"] {
        let path = join(dir, &format!("next.config.{end}"));
        let Some(file) = code.load(&path) else {
            continue;
        };
        let root = FilePosition { file, id: 0 };
        let tree = root.tree();
        for id in 0..tree.len() {
            let Some(value) = (tree.kind(id) == "object")
                .then(|| tree.property_of(id, "env"))
                .flatten()
            else {
                continue;
            };
            if let Some(env) = env::object(code, &root.at(value)) {
                let tree = env.tree();
                found.extend(
                    tree.children(env.id)
                        .filter_map(|pair| tree.property(tree.field(pair, "key").unwrap_or(pair))),
                );
            }
        }
    }
    found
}

/// What is collected from file to file.
struct Kept<'a> {
    packages: &'a mut BTreeSet<String>,
    routes: &'a mut Routes,
    reading: &'a mut Reading,
}

/// Reads a source. `dirs` are the application's folder, and the one below it where its scripts run.
fn source(
    code: &NodeCode<'_>,
    (dir, below): (&str, Option<&str>),
    path: &str,
    text: String,
    kept: Kept<'_>,
) {
    let Kept {
        packages,
        routes,
        reading,
    } = kept;
    if is_bundle(path, &text) {
        return;
    }
    let matters = matters(&text);
    let answers = routes::is_placed(dir, path) || answers(&text);
    if !matters && !answers && !imports_news(&text, packages) {
        return;
    }
    if text.len() > PARSED && !matters && !answers {
        return;
    }
    let Some(file) = code.load_text(path, text) else {
        return;
    };
    let root = FilePosition { file, id: 0 };
    for (module, id) in &root.file.imports {
        package(code, &root, module, *id, packages, reading);
    }
    if answers {
        routes.add(code, dir, &root);
    }
    if !matters {
        return;
    }
    if let Some(line) = broken(root.tree()) {
        code.leave_out(path, &format!("its syntax couldn't be read at line {line}"));
    }
    reading.reads.extend(env::reads(code, &root));
    reading
        .files
        .extend(env_files::files(code, &root).into_iter().map(|mut read| {
            let from = below.filter(|below| path.starts_with(&format!("{below}/")));
            read.path = placed(&read.path, path, from.unwrap_or(dir));
            read
        }));
    reading.opens.extend(openings::opens(code, dir, &root));
    reading.signs.extend(signing::keys(code, &root));
}

/// The folder in which the script that starts the application runs, where it goes to one below the package: `cd server && node index.js`.
fn runs_below(code: &NodeCode<'_>, dir: &str) -> Option<String> {
    let text = code.text(&join(dir, "package.json"))?;
    let package: serde_json::Value = serde_json::from_str(&text).ok()?;
    let scripts = package.get("scripts")?;
    ["start", "dev", "server", "serve"].iter().find_map(|name| {
        let script = scripts.get(name)?.as_str()?;
        let (folder, _) = script.trim_start().strip_prefix("cd ")?.split_once("&&")?;
        let folder = folder.trim().trim_start_matches("./").trim_end_matches('/');
        let plain = |c: char| c.is_alphanumeric() || "-_./".contains(c);
        let below = !folder.is_empty() && !folder.starts_with(['.', '/']);
        (below && folder.chars().all(plain)).then(|| join(dir, folder))
    })
}

/// Whether a source is what a bundler made: hardly any lines, and each of them long. What the packages in it read is not the application's.
fn is_bundle(path: &str, text: &str) -> bool {
    const LONG: usize = 5_000;
    const ON_AVERAGE: usize = 500;
    let plain = path
        .rsplit_once('.')
        .is_some_and(|(_, end)| matches!(end, "js" | "mjs" | "cjs"));
    plain
        && text.len() / (text.lines().count() + 1) > ON_AVERAGE
        && text.lines().any(|line| line.len() > LONG)
}

fn answers(text: &str) -> bool {
    ANSWERS.as_ref().is_none_or(|words| words.is_match(text))
}

fn matters(text: &str) -> bool {
    MATTERS.as_ref().is_none_or(|words| words.is_match(text))
}

/// Whether a source may import a package that is not known yet.
fn imports_news(text: &str, packages: &BTreeSet<String>) -> bool {
    // a package's name stands in quotes after one of these; what isn't an import is told apart by its syntax
    ["from", "import", "require("].iter().any(|word| {
        memchr::memmem::find_iter(text.as_bytes(), word).any(|at| {
            let rest = text.get(at + word.len()..).unwrap_or_default();
            let rest = rest.trim_start_matches([' ', '(', '\n', '\r', '\t']);
            let Some(quote) = rest
                .chars()
                .next()
                .filter(|c| matches!(c, '"' | '\'' | '`'))
            else {
                return false;
            };
            let rest = rest.get(1..).unwrap_or_default();
            let Some((module, _)) = rest.split_once(quote) else {
                return false;
            };
            package_name(module)
                .is_some_and(|name| !BUILT_IN.contains(&name.as_str()) && !packages.contains(&name))
        })
    })
}

fn package(
    code: &NodeCode<'_>,
    root: &FilePosition,
    module: &str,
    id: tree::Id,
    packages: &mut BTreeSet<String>,
    reading: &mut Reading,
) {
    let Some(name) = package_name(module) else {
        return;
    };
    if BUILT_IN.contains(&name.as_str()) || packages.contains(&name) {
        return;
    }
    if code.resolve(&root.file.path, module).is_some() || code.is_alias(module) {
        return;
    }
    packages.insert(name.clone());
    let at = Spot {
        file: root.file.path.clone(),
        line: root.tree().line(id),
    };
    reading.packages.push((name, at));
}

/// The line of the first piece without syntax that would matter.
fn broken(tree: &SyntaxTree) -> Option<u32> {
    tree.errors
        .iter()
        .find(|id| matters(tree.source(**id)))
        .map(|id| tree.line(*id))
}

/// The path of an env file, relative to the repository's root: code names it from where it runs, or from its own folder.
fn placed(path: &str, file: &str, dir: &str) -> String {
    let (from, path) = match path.strip_prefix(BESIDE) {
        Some(path) => (file.rsplit_once('/').map_or("", |(folder, _)| folder), path),
        None => (dir, path),
    };
    let mut parts: Vec<&str> = from.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.join("/")
}
