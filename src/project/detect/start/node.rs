//! Node: the script that starts the application, else the file that does.

use serde_json::Value;

use crate::{
    domain::{
        built::built,
        runner::Runner,
        source::{Reader, join},
    },
    project::detect::start::{Start, is_of, ports, spot},
};

/// Frameworks with a server of their own, and the port that it takes where nobody says another.
const FRAMEWORKS: &[(&str, u16)] = &[
    ("next", 3000),
    ("nuxt", 3000),
    ("@nestjs/core", 3000),
    ("@remix-run/dev", 3000),
    ("@react-router/dev", 5173),
    ("@sveltejs/kit", 5173),
    ("astro", 4321),
    ("@adonisjs/core", 3333),
    ("@redwoodjs/core", 8910),
    ("@strapi/strapi", 1337),
    ("wrangler", 8787),
    ("vite", 5173),
];

/// Scripts that start an application, the likeliest first.
const SCRIPTS: &[&str] = &[
    "start",
    "dev",
    "serve",
    "server",
    "start:dev",
    "dev:server",
    "start:server",
    "develop",
    "api",
];

/// What a script names that only a build makes.
const BUILT: &[&str] = &[
    "dist/",
    "build/",
    "lib/",
    "out/",
    ".next",
    ".output",
    "next start",
    "nuxt start",
    "remix-serve",
    "react-router-serve",
    "vite preview",
    "astro preview",
    ":prod",
];

/// What starts no application that would answer: containers, and what runs several things at once.
const FOREIGN: &[&str] = &[
    "docker",
    "podman",
    "pm2",
    "vercel ",
    "firebase ",
    "serverless ",
    "expo ",
];

/// Compilers: a script that runs nothing else starts no application.
const COMPILERS: &[&str] = &[
    "tsc", "tsup", "tsdown", "unbuild", "rollup", "babel", "swc", "esbuild",
];

/// Files that an application begins with, by their usual names.
const ENTRIES: &[&str] = &[
    "src/main.ts",
    "src/index.ts",
    "src/server.ts",
    "src/app.ts",
    "server.ts",
    "index.ts",
    "app.ts",
    "main.ts",
    "src/main.js",
    "src/index.js",
    "src/server.js",
    "src/app.js",
    "server.js",
    "index.js",
    "app.js",
    "main.js",
    "server/index.js",
    "server/index.ts",
    "src/index.mjs",
    "server.mjs",
    "index.mjs",
    "bin/www",
];

/// The longest script that is looked at, in bytes: a longer one isn't a start command.
const LONGEST: usize = 2000;

/// How the Node application of a folder is started; `None` where it has no script and no server of its own.
pub(crate) fn node(read: Reader<'_>, dir: &str) -> Option<Start> {
    let path = join(dir, "package.json");
    let text = read(&path)?;
    let package: Value = serde_json::from_str(&text).ok()?;
    let runner = Runner::of_node(read, dir);
    let scripts = package.get("scripts");
    let script = |name: &str| scripts?.get(name)?.as_str();
    let candidates = SCRIPTS
        .iter()
        .filter_map(|name| Some((*name, script(name)?)))
        .filter(|(_, script)| {
            script.len() <= LONGEST
                && !FOREIGN.iter().any(|word| script.contains(word))
                && !only_compiles(script)
        });
    let chosen = candidates
        .enumerate()
        .min_by_key(|(order, (name, script))| {
            let builds = || {
                let command = runner.script(name);
                built(read, dir, &command, false).is_some()
            };
            (effort(script, &builds), *order)
        })
        .map(|(_, found)| found);
    if let Some((name, script)) = chosen {
        let line = line_of(&text, &format!("\"{name}\""));
        let port = port(read, dir, &package, script);
        return Some(Start::new(
            dir,
            runner.script(name),
            port,
            Some(spot(&path, line)),
        ));
    }
    let main = package.get("main").and_then(Value::as_str);
    let listens = |file: &str| {
        read(&join(dir, file))
            .is_some_and(|text| text.contains(".listen(") || text.contains("serve("))
    };
    let file = main
        .into_iter()
        .map(|main| main.trim_start_matches("./"))
        .chain(ENTRIES.iter().copied())
        .find(|file| listens(file))?;
    let command = if is_of(file, &["ts"]) {
        let runs = ["tsx", "ts-node"];
        let tool = runs.iter().find(|tool| has(&package, tool))?;
        runner.command(&[tool, file])
    } else {
        vec!["node".to_owned(), file.to_owned()]
    };
    let port = port(read, dir, &package, "");
    Some(Start::new(
        dir,
        command,
        port,
        Some(spot(&join(dir, file), 1)),
    ))
}

/// Whether a script is one command, and that a compiler's: the `dev` of a package that others import.
fn only_compiles(script: &str) -> bool {
    let first = script.split_whitespace().next().unwrap_or_default();
    let starts = ["&&", ";", "|", "onSuccess", "node "];
    COMPILERS.contains(&first) && !starts.iter().any(|word| script.contains(word))
}

/// How much a script needs before it answers: nothing, a watcher beside it, the project's own build, a whole workspace, a build that
/// nobody knows how to make.
fn effort(script: &str, is_built: &dyn Fn() -> bool) -> u8 {
    let any = |words: &[&str]| words.iter().any(|word| script.contains(word));
    // a script that builds by itself has what it needs
    let builds = any(&[
        "tsc &&",
        "build &&",
        "tsc;",
        "tsc --watch",
        "tsc -w",
        "nest start",
    ]) && !script.contains(":prod");
    // the `start` of each package of a workspace runs what its build made
    let of_packages = any(&["turbo ", "nx "]) && any(&[" start", ":start"]);
    if any(BUILT) && !builds && is_built() {
        3
    } else if (any(BUILT) || of_packages) && !builds {
        5
    } else if any(&[
        "concurrently",
        "npm-run-all",
        "run-p ",
        "turbo ",
        "nx ",
        "lerna ",
    ]) {
        4
    } else if any(&["--debug", "--inspect"]) {
        2
    } else {
        u8::from(any(&["nodemon", "watch", "ts-node-dev"]))
    }
}

fn has(package: &Value, name: &str) -> bool {
    ["dependencies", "devDependencies"].iter().any(|table| {
        package
            .get(table)
            .is_some_and(|table| table.get(name).is_some())
    })
}

/// The port: the script's, the code's, the framework's.
fn port(read: Reader<'_>, dir: &str, package: &Value, script: &str) -> u16 {
    if let Some(port) = ports::of_command(script) {
        return port;
    }
    let framework = FRAMEWORKS
        .iter()
        .find(|(name, _)| has(package, name))
        .copied();
    let named = script
        .split_whitespace()
        .map(|word| word.trim_start_matches("./"))
        .filter(|word| is_of(word, &["js", "mjs", "cjs", "ts", "mts", "tsx"]));
    // Nest's port stands in its code, as that of a server of the project's own beside Vite; the others are told by their command alone
    let asks_code = framework.is_none_or(|(name, _)| {
        name == "@nestjs/core"
            || name == "vite" && !script.contains("vite") && named.clone().next().is_some()
    });
    named
        .chain(ENTRIES.iter().copied())
        .filter(|_| asks_code)
        .find_map(|file| ports::of_code(&read(&join(dir, file))?, read, dir))
        .or_else(|| framework.map(|(_, port)| port))
        .unwrap_or(3000)
}

fn line_of(text: &str, needle: &str) -> usize {
    text.lines()
        .position(|line| line.trim_start().starts_with(needle))
        .map_or(1, |at| at + 1)
}
