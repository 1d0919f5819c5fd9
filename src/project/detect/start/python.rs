//! Python: a server is given the application's module, from the folder where its imports are found.

use crate::{
    domain::{
        python::{self, Served, served},
        reading::Spot,
        runner::Runner,
        source::{Reader, join},
    },
    project::detect::start::{
        Start, USUAL_PORT,
        declared::{self, Declared},
        is_of, ports, spot, words,
    },
};

/// The most modules that are read to find the application.
const MOST_READ: usize = 400;

/// Folders whose modules are not the application.
const ASIDE: &[&str] = &[
    "tests",
    "test",
    "docs",
    "examples",
    "example",
    "scripts",
    "migrations",
    "alembic",
    "versions",
    "node_modules",
    "site-packages",
    ".venv",
    "venv",
    "env",
    "build",
    "dist",
    "notebooks",
];

/// A module with an application, and the folder that it is imported from.
struct AppModule {
    /// The folder of the imports, relative to `dir`.
    root: String,
    module: String,
    served: Served,
    at: Spot,
}

/// How a FastAPI application is started. `files` are the repository's files, relative to its root.
pub(crate) fn fastapi(read: Reader<'_>, files: &[String], dir: &str) -> Option<Start> {
    let found = find(
        read,
        files,
        dir,
        &["FastAPI", "Starlette", "Litestar", "Quart"],
    )?;
    let declared = declared::commands(read, dir);
    let port = port_of(&declared, "uvicorn").unwrap_or(USUAL_PORT);
    let mut command = words("python -m uvicorn");
    command.push(format!("{}:{}", found.module, found.served.name));
    if found.served.factory {
        command.push("--factory".to_owned());
    }
    if !found.root.is_empty() {
        command.extend(["--app-dir".to_owned(), found.root]);
    }
    command.extend(["--port".to_owned(), port.to_string()]);
    Some(start(read, dir, &command, port, Some(found.at)))
}

/// How a Flask application is started. `files` are the repository's files, relative to its root.
pub(crate) fn flask(read: Reader<'_>, files: &[String], dir: &str) -> Start {
    let named = flask_app(read, dir);
    let found = find(read, files, dir, &["Flask", "APIFlask", "OpenAPI"]);
    let seen = named
        .as_ref()
        .map(|(_, at)| at.clone())
        .or_else(|| found.as_ref().map(|found| found.at.clone()));
    let app = match (named, found) {
        (Some((app, _)), _) => Some(app),
        (None, Some(found)) => {
            // Flask finds these two by itself
            let usual = found.root.is_empty()
                && ["app", "wsgi"].contains(&found.module.as_str())
                && ["app", "application", "create_app", "make_app"]
                    .contains(&found.served.name.as_str());
            let brought = || {
                let usual = ["wsgi.py", "app.py"].map(|file| join(dir, file));
                usual.iter().any(|path| {
                    read(path).is_some_and(|text| imports(&text, &found.module, &found.served.name))
                })
            };
            (!usual && !brought()).then(|| {
                // a path, unlike a module, says where the imports are found: Flask goes up while there is an `__init__.py`
                let object = &found.served.name;
                if found.root.is_empty() {
                    format!("{}:{object}", found.module)
                } else {
                    let path = join(&found.root, &found.module.replace('.', "/"));
                    format!("{path}:{object}")
                }
            })
        }
        (None, None) => None,
    };
    let mut command = words("python -m flask");
    if let Some(app) = app {
        command.extend(["--app".to_owned(), app]);
    }
    command.extend(words(&format!("run --port {USUAL_PORT}")));
    start(read, dir, &command, USUAL_PORT, seen)
}

/// Whether a file that Flask finds by itself imports the application from the module that makes it, beside which it has the routes.
fn imports(text: &str, module: &str, object: &str) -> bool {
    let last = module.rsplit('.').next().unwrap_or(module);
    object == "app"
        && text.lines().any(|line| {
            let words: Vec<_> = line
                .split(|c: char| c.is_whitespace() || c == ',')
                .filter(|word| !word.is_empty())
                .collect();
            match words.as_slice() {
                ["from", from, "import", names @ ..] => {
                    from.rsplit('.').next() == Some(last)
                        && names.contains(&object)
                        && !names.contains(&"as")
                }
                _ => false,
            }
        })
}

/// How a Django application is started, with its `manage.py` in this folder.
pub(crate) fn django(read: Reader<'_>, dir: &str) -> Start {
    let command = words(&format!(
        "python manage.py runserver {USUAL_PORT} --noreload"
    ));
    let seen = Some(spot(&join(dir, "manage.py"), 1));
    start(read, dir, &command, USUAL_PORT, seen)
}

fn start(read: Reader<'_>, dir: &str, command: &[String], port: u16, seen: Option<Spot>) -> Start {
    let words: Vec<_> = command.iter().map(String::as_str).collect();
    let command = Runner::of_python(read, dir).command(&words);
    Start::new(dir, command, port, seen)
}

/// The port that a declared command of such a server names by itself.
fn port_of(declared: &[Declared], server: &str) -> Option<u16> {
    declared
        .iter()
        .filter(|command| command.text.contains(server) && !command.at.file.ends_with("Dockerfile"))
        .find_map(|command| ports::of_command(&command.text))
}

/// What `FLASK_APP` holds, by the file that Flask itself loads or by the example of the env file.
fn flask_app(read: Reader<'_>, dir: &str) -> Option<(String, Spot)> {
    [".flaskenv", ".env.example", ".env.sample"]
        .iter()
        .find_map(|name| {
            let path = join(dir, name);
            let text = read(&path)?;
            text.lines().enumerate().find_map(|(at, line)| {
                let line = line.trim();
                let value = line
                    .strip_prefix("export ")
                    .unwrap_or(line)
                    .strip_prefix("FLASK_APP=")?;
                let value = value.trim().trim_matches(['"', '\'']);
                (!value.is_empty() && !value.contains(['$', '<']))
                    .then(|| (value.to_owned(), spot(&path, at + 1)))
            })
        })
}

/// The application: where a command of the project says, else in the usual module, else in the one nearest to the folder.
fn find(read: Reader<'_>, files: &[String], dir: &str, classes: &[&str]) -> Option<AppModule> {
    let look = |file: &str| {
        served(read(&join(dir, file))?, classes).map(|served| (file.to_owned(), served))
    };
    for command in declared::commands(read, dir) {
        let words = shlex::split(&command.text).unwrap_or_default();
        let named = python::AppStart::read("", &words);
        let Some(python::StartTarget::Object { module, variable }) = named.target else {
            continue;
        };
        for root in named.roots.iter().map(String::as_str).chain(["", "src"]) {
            let path = module.replace('.', "/");
            let file = [format!("{path}.py"), format!("{path}/__init__.py")]
                .into_iter()
                .map(|file| join(root, &file))
                .find(|file| read(&join(dir, file)).is_some());
            if let Some(file) = file {
                let factory = words.iter().any(|word| word == "--factory")
                    || command.text.contains(&format!("{variable}()"));
                let made = look(&file).map(|(_, served)| served);
                return Some(AppModule {
                    root: root.to_owned(),
                    module,
                    served: Served {
                        name: variable,
                        factory,
                        line: made.as_ref().map_or(1, |made| made.line),
                        imports: made.map(|made| made.imports).unwrap_or_default(),
                    },
                    at: command.at,
                });
            }
        }
    }
    let usual = python::find_app(read, dir)
        .map(|app| app.file)
        .and_then(|file| {
            let inside = file.strip_prefix(dir)?.trim_start_matches('/').to_owned();
            look(&inside)
        });
    let (file, served) = usual.or_else(|| {
        let mut modules: Vec<_> = files
            .iter()
            .filter_map(|file| {
                let inside = if dir.is_empty() {
                    file
                } else {
                    file.strip_prefix(dir)?.strip_prefix('/')?
                };
                let aside = inside
                    .split('/')
                    .any(|part| ASIDE.contains(&part) || part.starts_with("test_"));
                (is_of(inside, &["py"]) && !aside).then_some(inside)
            })
            .collect();
        // the nearest first, and among those what is usually called so
        modules.sort_by_key(|file| {
            let name = file.rsplit('/').next().unwrap_or(file);
            let usual = [
                "main.py",
                "app.py",
                "asgi.py",
                "wsgi.py",
                "server.py",
                "api.py",
                "__init__.py",
            ];
            let order = usual.iter().position(|known| *known == name);
            (
                file.matches('/').count(),
                order.unwrap_or(usual.len()),
                *file,
            )
        });
        modules.into_iter().take(MOST_READ).find_map(look)
    })?;
    let (root, module) = import_root(read, files, dir, &file, &served)?;
    let at = spot(&join(dir, &file), served.line as usize);
    Some(AppModule {
        root,
        module,
        served,
        at,
    })
}

/// The folder below `dir` that a module is imported from, and its name there: the one where most of what it imports is found.
fn import_root(
    read: Reader<'_>,
    files: &[String],
    dir: &str,
    file: &str,
    served: &Served,
) -> Option<(String, String)> {
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut roots = vec![String::new()];
    for part in folder.split('/').filter(|part| !part.is_empty()) {
        let above = roots.last().cloned().unwrap_or_default();
        roots.push(join(&above, part));
    }
    let is_there = |path: &str| {
        let whole = join(dir, path);
        let below = format!("{whole}/");
        files.iter().any(|file| file.starts_with(&below))
            || read(&format!("{whole}.py")).is_some()
            || read(&format!("{whole}/__init__.py")).is_some()
    };
    let found_from = |root: &str| {
        served
            .imports
            .iter()
            .filter(|name| is_there(&join(root, name)))
            .count()
    };
    // a package's own folder isn't a root for it, unless nothing else finds its imports
    let packaged =
        |root: &str| !root.is_empty() && read(&join(dir, &join(root, "__init__.py"))).is_some();
    let src = |root: &str| root == "src" && folder != "src" && !packaged("src");
    let root = roots
        .into_iter()
        .enumerate()
        .max_by_key(|(depth, root)| {
            (
                found_from(root),
                !packaged(root),
                src(root),
                std::cmp::Reverse(*depth),
            )
        })
        .map(|(_, root)| root)?;
    let inside = if root.is_empty() {
        file
    } else {
        file.strip_prefix(&root)?.strip_prefix('/')?
    };
    let module = inside.strip_suffix(".py")?.replace('/', ".");
    let module = module
        .strip_suffix(".__init__")
        .unwrap_or(&module)
        .to_owned();
    Some((root, module))
}
