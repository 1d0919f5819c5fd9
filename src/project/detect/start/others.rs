//! Go, Rust, Rails, and whatever a file of the project names.

use crate::{
    domain::source::{Reader, join},
    project::detect::start::{Start, USUAL_PORT, declared, ports, spot, words},
};

/// What a program that serves is called, among several of one repository.
const SERVERS: &[&str] = &[
    "server", "api", "web", "http", "app", "serve", "backend", "main",
];

/// How a Go program is started. `files` are the repository's files, relative to its root.
pub(crate) fn go(read: Reader<'_>, files: &[String], dir: &str) -> Option<Start> {
    read(&join(dir, "go.mod"))?;
    let main = join(dir, "main.go");
    let (package, file) = if read(&main).is_some() {
        (".".to_owned(), main)
    } else {
        let below = join(dir, "cmd/");
        let programs: Vec<_> = files
            .iter()
            .filter_map(|file| {
                let name = file.strip_prefix(&below)?.strip_suffix("/main.go")?;
                (!name.contains('/')).then_some((name, file))
            })
            .collect();
        let (name, file) = chosen(&programs)?;
        (format!("./cmd/{name}"), file.clone())
    };
    let port = ports::of_code(&read(&file)?, read, dir).unwrap_or(8080);
    let command = words(&format!("go run {package}"));
    Some(Start::new(dir, command, port, Some(spot(&file, 1))))
}

/// How a Rust program is started. `files` are the repository's files, relative to its root.
pub(crate) fn rust(read: Reader<'_>, files: &[String], dir: &str) -> Option<Start> {
    let manifest = read(&join(dir, "Cargo.toml"))?;
    let main = join(dir, "src/main.rs");
    let (command, file) = if read(&main).is_some() {
        (words("cargo run"), main)
    } else {
        let below = join(dir, "src/bin/");
        let programs: Vec<_> = files
            .iter()
            .filter_map(|file| {
                let name = file.strip_prefix(&below)?;
                let name = name
                    .strip_suffix("/main.rs")
                    .or_else(|| name.strip_suffix(".rs"))?;
                (!name.contains('/')).then_some((name, file))
            })
            .collect();
        let (name, file) = chosen(&programs)?;
        (words(&format!("cargo run --bin {name}")), file.clone())
    };
    let usual = if manifest.contains("rocket") {
        8000
    } else if manifest.contains("actix-web") {
        8080
    } else {
        3000
    };
    let port = ports::of_code(&read(&file)?, read, dir).unwrap_or(usual);
    Some(Start::new(dir, command, port, Some(spot(&file, 1))))
}

/// The only program, else the one that is called as servers are.
fn chosen<'a>(programs: &[(&'a str, &'a String)]) -> Option<(&'a str, &'a String)> {
    if let [(name, at)] = programs {
        return Some((*name, *at));
    }
    SERVERS.iter().find_map(|wanted| {
        let found = programs.iter().find(|(name, _)| name == wanted)?;
        Some(*found)
    })
}

/// How a Rails application is started.
pub(crate) fn rails(read: Reader<'_>, dir: &str) -> Option<Start> {
    read(&join(dir, "config/application.rb"))?;
    let script = join(dir, "bin/rails");
    let command = match read(&script) {
        Some(_) => words("bin/rails server -p 3000"),
        None => words("bundle exec rails server -p 3000"),
    };
    let seen = spot(&join(dir, "config/application.rb"), 1);
    Some(Start::new(dir, command, 3000, Some(seen)))
}

/// How an application of any kind is started, by what its files name: a Procfile, tasks, a compose file, a Makefile.
pub(crate) fn declared_start(read: Reader<'_>, dir: &str) -> Option<Start> {
    declared::commands(read, dir).into_iter().find_map(|found| {
        // a Makefile runs in its own folder, a container's command in a folder of the image
        let (folder, file) = found
            .at
            .file
            .rsplit_once('/')
            .unwrap_or(("", &found.at.file));
        if file == "Dockerfile" || folder != dir {
            return None;
        }
        let port = ports::of_command(&found.text).unwrap_or(USUAL_PORT);
        let plain = declared::plain(&found.text, port)?;
        let command = match &found.target {
            Some(target) => words(&format!("make {target}")),
            None => plain,
        };
        Some(Start::new(dir, command, port, Some(found.at)))
    })
}
