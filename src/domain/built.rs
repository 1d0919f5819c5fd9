//! What a command of Node runs that only a build makes: `node dist/index.js`, migrations that knex reads from `build/`.

use std::{collections::BTreeSet, sync::LazyLock};

use regex::Regex;
use serde_json::Value;

use crate::domain::{
    runner::Runner,
    source::{Reader, join},
};

/// What a command needs of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BuildOutput {
    /// The project's own script that makes it.
    pub argv: Vec<String>,
    /// The folder of the script's `package.json`, relative to the root.
    pub dir: String,
    /// The first path of the build that the command needs, relative to the root; a module may be named without its ending.
    pub entry: String,
    /// The folder that the build fills, relative to `dir`.
    pub fills: String,
}

/// Scripts that build an application, by their usual names.
const BUILDS: &[&str] = &["build", "compile", "build:server", "build:ts"];

/// Folders that builds fill, by their usual names.
const OUTPUTS: &[&str] = &["dist", "build", "out", ".output"];

/// What a script does that compiles by itself whatever it starts.
const BUILDS_ITSELF: &[&str] = &[
    "run build",
    "yarn build",
    "pnpm build",
    "tsc ",
    "nest start",
    "nest build",
    "tsup",
    "swc ",
    "esbuild",
    "rollup",
    "webpack",
    "babel ",
    "vite build",
];

/// What a build must not do, since it would change more than the folder that it fills.
const MORE_THAN_A_BUILD: &[&str] = &[
    "migrate",
    "migration",
    "db:",
    "db push",
    "push",
    "seed",
    "deploy",
    "docker",
    "publish",
];

/// Frameworks whose server runs what their build has made: the command, and what it needs.
const SERVERS: &[(&str, &str)] = &[
    ("next start", ".next/BUILD_ID"),
    ("nuxt start", ".output/server/index.mjs"),
    ("nuxt preview", ".output/server/index.mjs"),
    ("vite preview", "dist/index.html"),
];

/// Settings of tools that name folders, by the name of the tool.
const SETTINGS: &[(&str, &[&str])] = &[
    (
        "knex",
        &["knexfile.js", "knexfile.ts", "knexfile.cjs", "knexfile.mjs"],
    ),
    ("sequelize", &[".sequelizerc"]),
    (
        "typeorm",
        &["ormconfig.js", "ormconfig.ts", "ormconfig.json"],
    ),
];

/// How many scripts are followed, one into the other.
const FOLLOWED: usize = 4;

static OUT_DIR: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(?m)^[^/\n]*"outDir"\s*:\s*"(?:\./)?([^"./][^"]*)""#).ok());

static TEXT: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"["'`](?:\./)?([\w.][\w./*{},@-]*)["'`]"#).ok());

/// What a command needs of the project's build; `None` where it needs nothing, builds by itself, or the project has no build.
pub(crate) fn built(
    read: Reader<'_>,
    dir: &str,
    command: &[String],
    is_schema: bool,
) -> Option<BuildOutput> {
    let text = read(&join(dir, "package.json"))?;
    let package: Value = serde_json::from_str(&text).ok()?;
    let scripts = package.get("scripts")?;
    let script = |name: &str| scripts.get(name)?.as_str();
    let build = BUILDS.iter().find(|name| {
        script(name).is_some_and(|text| !MORE_THAN_A_BUILD.iter().any(|word| text.contains(word)))
    })?;
    let mut lines = vec![command.join(" ")];
    let mut names = BTreeSet::new();
    let mut at = 0;
    while let Some(line) = lines.get(at).cloned() {
        at += 1;
        for name in scripts_in(&line) {
            if at <= FOLLOWED && names.insert(name.clone()) {
                let around = [format!("pre{name}"), name];
                lines.extend(
                    around
                        .iter()
                        .filter_map(|name| script(name))
                        .map(str::to_owned),
                );
            }
        }
    }
    let all = lines.join("\n");
    if BUILDS_ITSELF
        .iter()
        .any(|word| format!("{all}\n").contains(word))
    {
        return None;
    }
    let fills = outputs(read, dir);
    let words: Vec<String> = lines
        .iter()
        .flat_map(|line| line.split([' ', '=']))
        .map(|word| word.trim_matches(['"', '\'']).to_owned())
        .collect();
    let mut found = SERVERS
        .iter()
        .filter(|(server, _)| all.contains(server))
        .map(|(_, entry)| (*entry).to_owned())
        .chain(words.iter().filter_map(|word| in_output(word, &fills)));
    let entry = found
        .next()
        .or_else(|| {
            // `node .` runs what the package calls its main file
            let main = package.get("main").and_then(Value::as_str)?;
            words.windows(2).find(|pair| {
                matches!(pair, [before, dot] if before != "-C" && (dot == "." || dot == "./"))
            })?;
            in_output(main, &fills)
        })
        .or_else(|| {
            is_schema
                .then(|| in_settings(read, dir, &words, &fills))
                .flatten()
        })?;
    let folder = entry.split('/').next().unwrap_or(&entry).to_owned();
    Some(BuildOutput {
        argv: Runner::of_node(read, dir).script(build),
        dir: dir.to_owned(),
        entry: join(dir, &entry),
        fills: folder,
    })
}

/// The scripts of the package that a line runs.
fn scripts_in(line: &str) -> Vec<String> {
    let words: Vec<_> = line
        .split(|c: char| c.is_whitespace() || "\"'&;|".contains(c))
        .filter(|word| !word.is_empty())
        .collect();
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let next = |step: usize| words.get(at + step).copied().unwrap_or_default();
        let name = match *word {
            "npm" | "pnpm" | "yarn" | "bun" if matches!(next(1), "run" | "run-script") => next(2),
            "npm" if matches!(next(1), "start" | "test") => next(1),
            "pnpm" | "yarn" => next(1),
            _ => continue,
        };
        found.push(name.to_owned());
    }
    found
}

/// The folders that the build of a package may fill.
fn outputs(read: Reader<'_>, dir: &str) -> Vec<String> {
    let mut found: Vec<String> = OUTPUTS.iter().map(|name| (*name).to_owned()).collect();
    for name in ["tsconfig.json", "tsconfig.build.json"] {
        let text = read(&join(dir, name)).unwrap_or_default();
        let out = OUT_DIR
            .as_ref()
            .and_then(|out| Some(out.captures(&text)?.get(1)?.as_str().to_owned()));
        found.extend(out.map(|out| out.trim_end_matches('/').to_owned()));
    }
    found
}

/// A path in a folder that a build fills, without what stands for several files.
fn in_output(word: &str, fills: &[String]) -> Option<String> {
    let path = word.trim_start_matches("./").trim_end_matches('/');
    let inside = fills.iter().any(|folder| {
        path.strip_prefix(folder.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    let plain = path.split(['*', '{']).next().unwrap_or(path);
    let path = if plain == path {
        path
    } else {
        plain.rsplit_once('/').map_or("", |(folder, _)| folder)
    };
    (inside && !path.is_empty() && !path.split('/').any(|part| part == ".."))
        .then(|| path.to_owned())
}

/// What the settings of a migration tool name of the build, or the file that its command names.
fn in_settings(read: Reader<'_>, dir: &str, words: &[String], fills: &[String]) -> Option<String> {
    let of_tools = SETTINGS
        .iter()
        .filter(|(tool, _)| words.iter().any(|word| word.contains(tool)))
        .flat_map(|(_, files)| files.iter().map(|file| (*file).to_owned()));
    let named = words
        .iter()
        .map(|word| word.trim_start_matches("./"))
        .filter(|word| {
            ["js", "ts", "cjs", "mjs", "json"]
                .iter()
                .any(|end| word.rsplit_once('.').is_some_and(|(_, own)| own == *end))
        })
        .map(str::to_owned);
    let pattern = TEXT.as_ref()?;
    of_tools.chain(named).find_map(|file| {
        let text = read(&join(dir, &file))?;
        let uncommented: Vec<_> = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect();
        pattern
            .captures_iter(&uncommented.join("\n"))
            .find_map(|found| {
                let path = in_output(found.get(1)?.as_str(), fills)?;
                path.contains('/').then_some(path)
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(package: &str, files: &[(&str, &str)], command: &str, is_schema: bool) -> String {
        let read = |path: &str| {
            if path == "package.json" {
                return Some(package.to_owned());
            }
            let file = files.iter().find(|(name, _)| *name == path);
            file.map(|(_, text)| (*text).to_owned())
        };
        let command: Vec<_> = command.split(' ').map(str::to_owned).collect();
        let found = built(&read, "", &command, is_schema);
        found.map_or_else(String::new, |built| {
            format!("{} -> {}", built.argv.join(" "), built.entry)
        })
    }

    fn package(scripts: &str) -> String {
        format!("{{\"main\":\"build/index.js\",\"scripts\":{{{scripts}}}}}")
    }

    #[test]
    fn what_only_a_build_makes_is_found_and_what_builds_itself_is_left() {
        let knexfile = "module.exports = {\n  // directory: 'out/old',\n  migrations: { directory: './build/db/migrations' } };";
        let source = "export default new DataSource({ migrations: ['dist/migrations/*.js'] });";
        for (scripts, files, command, is_schema, wanted) in [
            (
                r#""build":"tsc","start":"node dist/index.js""#,
                vec![],
                "npm run start",
                false,
                "npm run build -> dist/index.js",
            ),
            (
                r#""build":"rimraf build && tsc","start":"node -r dotenv/config .""#,
                vec![],
                "npm run start",
                false,
                "npm run build -> build/index.js",
            ),
            (
                r#""build":"tsc","start":"node target/server""#,
                vec![(
                    "tsconfig.json",
                    "{ \"compilerOptions\": {\n \"outDir\": \"./target\"\n } }",
                )],
                "npm run start",
                false,
                "npm run build -> target/server",
            ),
            // a script that runs another one, and one that npm runs before it
            (
                r#""build":"tsc","knex":"node node_modules/.bin/knex","migrate":"npm run knex migrate:latest""#,
                vec![("knexfile.js", knexfile)],
                "npm run migrate",
                true,
                "npm run build -> build/db/migrations",
            ),
            (
                r#""build":"tsc","migration:run":"typeorm migration:run -d src/data-source.ts""#,
                vec![("src/data-source.ts", source)],
                "npm run migration:run",
                true,
                "npm run build -> dist/migrations",
            ),
            (
                r#""build":"next build","start":"next start""#,
                vec![],
                "npm run start",
                false,
                "npm run build -> .next/BUILD_ID",
            ),
            (
                r#""build":"tsc","prestart":"npm run build","start":"node dist/index.js""#,
                vec![],
                "npm run start",
                false,
                "",
            ),
            (
                r#""build":"tsc","start":"tsc && node dist/index.js""#,
                vec![],
                "npm run start",
                false,
                "",
            ),
            (
                r#""build":"tsc","start":"tsx src/index.ts""#,
                vec![],
                "npm run start",
                false,
                "",
            ),
            // as often written by hand as made by a build
            (
                r#""build":"tsc","start":"node lib/index.js""#,
                vec![],
                "npm run start",
                false,
                "",
            ),
            (
                r#""start":"node dist/index.js""#,
                vec![],
                "npm run start",
                false,
                "",
            ),
            // a build that changes more than files is a person's to run
            (
                r#""build":"prisma migrate deploy && tsc","start":"node dist/index.js""#,
                vec![],
                "npm run start",
                false,
                "",
            ),
        ] {
            let found = found(&package(scripts), &files, command, is_schema);
            assert_eq!(found, wanted, "{scripts} {command}");
        }
    }
}
