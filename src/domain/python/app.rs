//! Finds the application object of a Python backend: where its start command says, or in the usual files.

use crate::domain::{
    python::{
        graph::{Extent, Graph, imports, visit},
        parse::{Source, decode},
        syntax::{Expr, ExprKind, StmtKind},
    },
    source::{FileReader, Reader, join},
};

/// Whether a `manage.py` is Django's: it loads Django, or names its settings. Other projects call scripts of their own so.
pub(crate) fn is_django_script(text: &str) -> bool {
    let source = Source::parse(text.to_owned());
    let mut found = false;
    visit(&source.body, &mut |expr| {
        found |= expr
            .text()
            .is_some_and(|text| text.contains("DJANGO_SETTINGS_MODULE"));
    });
    imports(&source.body, &mut |module| {
        found |= module == "django"
            || module.starts_with("django.")
            || module == "configurations.management";
    });
    found
}

/// The module and variable that hold the application object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PythonApp {
    /// Such as `src.main`.
    pub module: String,
    /// Such as `app`.
    pub variable: String,
    /// Relative to the repository's root.
    pub file: String,
    /// The folder of the package that holds the module, relative to the root.
    pub package_dir: String,
    /// The package, such as `src`; empty where the module stands alone.
    pub package: String,
}

impl PythonApp {
    /// The object in a module that is looked for in a folder, such as `src.main:app`.
    pub(crate) fn new(dir: &str, module: &str, variable: &str) -> Self {
        let (package, _) = module.rsplit_once('.').unwrap_or(("", module));
        Self {
            file: join(dir, &format!("{}.py", module.replace('.', "/"))),
            package_dir: if package.is_empty() {
                dir.to_owned()
            } else {
                join(dir, &package.replace('.', "/"))
            },
            package: package.to_owned(),
            module: module.to_owned(),
            variable: variable.to_owned(),
        }
    }

    /// A module of the same package.
    pub(crate) fn sibling(&self, name: &str) -> String {
        if self.package.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.package)
        }
    }
}

/// The application that a start command serves by its module, `src.main:app`, in the folder where it runs.
pub(crate) fn served_app(dir: &str, command: &[String]) -> Option<PythonApp> {
    let start = AppStart::read(dir, command);
    let Some(StartTarget::Object { module, variable }) = &start.target else {
        return None;
    };
    let place = start.roots.first().map_or(dir, String::as_str);
    Some(PythonApp::new(place, module, variable))
}

/// What a start command runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StartTarget {
    /// An object of a module, for a server.
    Object { module: String, variable: String },
    /// A module that is run as a program.
    Module(String),
    /// A file; `served` where a server looks for the application in it, else it is run as a program.
    File { path: String, served: bool },
    /// Flask's own server, which finds the application itself.
    Flask,
}

/// What is known of an application from the command that starts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AppStart {
    pub target: Option<StartTarget>,
    /// Folders that modules are looked for in, before the usual ones.
    pub roots: Vec<String>,
    /// Whether the command itself loads an env file.
    pub loads_env: bool,
    /// Whether it runs Python at all, as far as that shows.
    pub python: bool,
}

/// Servers that are run as `python -m`, and so aren't modules of the project.
const SERVERS: &[&str] = &[
    "uvicorn",
    "gunicorn",
    "hypercorn",
    "granian",
    "daphne",
    "fastapi",
    "flask",
    "debugpy",
    "poetry",
    "uv",
    "dotenv",
    "coverage",
    "waitress",
];

fn is_module(text: &str) -> bool {
    !text.is_empty()
        && text.split('.').all(|part| {
            !part.is_empty()
                && !part.starts_with(|c: char| c.is_ascii_digit())
                && part.chars().all(|c| c.is_alphanumeric() || c == '_')
        })
}

impl AppStart {
    /// Reads a start command that is run in `dir`.
    pub(crate) fn read(dir: &str, command: &[String]) -> Self {
        // `sh -c "…"` and the like hold the command in one word
        let words: Vec<String> = command
            .iter()
            .flat_map(|word| {
                if word.contains(' ') {
                    shlex::split(word).unwrap_or_else(|| vec![word.clone()])
                } else {
                    vec![word.clone()]
                }
            })
            .collect();
        let mut start = Self {
            target: None,
            roots: Vec::new(),
            loads_env: false,
            python: false,
        };
        let mut fastapi = false;
        // `npm run dev:server` names a script, and no module of Python
        let of_node = words.first().is_some_and(|program| {
            ["npm", "npx", "pnpm", "yarn", "bun", "node"].contains(&program.as_str())
        });
        for (at, word) in words.iter().enumerate() {
            let next = words.get(at + 1).map(String::as_str);
            let (flag, joined) = word
                .split_once('=')
                .map_or((word.as_str(), None), |(flag, value)| (flag, Some(value)));
            let value = joined.or(next);
            let name = word.rsplit('/').next().unwrap_or(word);
            let is_file = std::path::Path::new(name)
                .extension()
                .is_some_and(|end| end == "py");
            start.python |= name.starts_with("python") || SERVERS.contains(&name);
            match flag {
                "--app-dir" | "--chdir" | "--pythonpath" | "--directory" => {
                    start.roots.extend(value.map(|path| below(dir, path)));
                }
                "PYTHONPATH" => {
                    let paths = joined.unwrap_or_default().split(':');
                    start.roots.extend(paths.map(|path| below(dir, path)));
                }
                "--env-file" | "dotenv" | "honcho" => start.loads_env = true,
                "-m" if next.is_some_and(|name| is_module(name) && !SERVERS.contains(&name)) => {
                    start.python = true;
                    if start.target.is_none() {
                        start.target = next.map(|name| StartTarget::Module(name.to_owned()));
                    }
                }
                "flask" => {
                    start.target.get_or_insert(StartTarget::Flask);
                }
                "fastapi" => fastapi = true,
                _ => {}
            }
            let before = at.checked_sub(1).and_then(|at| words.get(at));
            let names_value = before.is_some_and(|flag| {
                matches!(
                    flag.as_str(),
                    "-b" | "--bind" | "--host" | "-k" | "--worker-class" | "--log-config" | "-h"
                )
            });
            if names_value || of_node {
                continue;
            }
            let object = joined.filter(|_| matches!(flag, "--app" | "--entrypoint"));
            if let Some((module, variable)) = object.unwrap_or(word).split_once(':') {
                let variable = variable.trim_end_matches("()");
                if is_module(module) && is_module(variable) {
                    start.python = true;
                    start.target = Some(StartTarget::Object {
                        module: module.to_owned(),
                        variable: variable.to_owned(),
                    });
                }
            } else if is_file && start.target.is_none() {
                start.python = true;
                start.target = Some(StartTarget::File {
                    path: below(dir, word),
                    served: fastapi,
                });
            }
        }
        if fastapi && start.target.is_none() {
            start.target = Some(StartTarget::File {
                path: String::new(),
                served: true,
            });
        }
        start
    }
}

/// A path of a command that is run in `dir`.
fn below(dir: &str, path: &str) -> String {
    let mut parts: Vec<&str> = dir.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The application that was found, with its modules.
#[derive(Debug)]
pub(crate) struct Entry {
    pub app: PythonApp,
    pub graph: Graph,
    /// Whether its module is run as a program, so that `__name__` is `__main__`.
    pub is_main: bool,
    pub loads_env: bool,
}

/// The folders in which modules of a backend are looked for.
fn roots(dir: &str, start: &AppStart) -> Vec<String> {
    let mut roots = start.roots.clone();
    roots.push(dir.to_owned());
    roots.push(join(dir, "src"));
    let mut above = dir;
    while let Some((parent, _)) = above.rsplit_once('/') {
        roots.push(parent.to_owned());
        above = parent;
    }
    roots.push(String::new());
    roots.push("src".to_owned());
    let mut seen = Vec::new();
    roots.retain(|root| {
        let new = !seen.contains(root);
        seen.push(root.clone());
        new
    });
    roots
}

/// Reads the application that a start command names; `None` where its module is not there or the command names none.
pub(crate) fn read_entry(files: FileReader<'_>, dir: &str, start: &AppStart) -> Option<Entry> {
    read_extent(files, dir, start, Extent::All)
}

pub(crate) fn read_extent(
    files: FileReader<'_>,
    dir: &str,
    start: &AppStart,
    extent: Extent,
) -> Option<Entry> {
    match start.target.as_ref()? {
        StartTarget::Object { module, variable } => {
            let graph = Graph::read(files, &roots(dir, start), module, extent)?;
            entry(graph, module, variable, start, false)
        }
        StartTarget::Module(module) => {
            let program = format!("{module}.__main__");
            let roots = roots(dir, start);
            [&program, module].into_iter().find_map(|module| {
                run_as_program(
                    files,
                    Graph::read(files, &roots, module, extent)?,
                    module,
                    &roots,
                    start,
                )
            })
        }
        StartTarget::File { path, served } => {
            let path = if path.is_empty() {
                ["main", "app", "api", "app/main", "app/app", "app/api"]
                    .iter()
                    .map(|name| join(dir, &format!("{name}.py")))
                    .find(|path| matches!(files(path), Ok(Some(_))))?
            } else {
                path.clone()
            };
            let (root, module) = module_of(files, &path, *served);
            let mut start = start.clone();
            start.roots.insert(0, root);
            let roots = roots(dir, &start);
            let graph = Graph::read(files, &roots, &module, extent)?;
            if *served {
                let variable = made_app(&graph.get(graph.module(&module)?)?.body)
                    .unwrap_or_else(|| "app".to_owned());
                entry(graph, &module, &variable, &start, false)
            } else {
                run_as_program(files, graph, &module, &roots, &start)
            }
        }
        StartTarget::Flask => ["wsgi", "app"].iter().find_map(|module| {
            let graph = Graph::read(files, &roots(dir, start), module, extent)?;
            entry(graph, module, "app", start, false)
        }),
    }
}

fn entry(
    graph: Graph,
    module: &str,
    variable: &str,
    start: &AppStart,
    is_main: bool,
) -> Option<Entry> {
    let found = graph.get(graph.module(module)?)?;
    let (package_dir, _) = found.file.rsplit_once('/').unwrap_or(("", &found.file));
    let package = if found.is_package {
        module
    } else {
        module.rsplit_once('.').map_or("", |(package, _)| package)
    };
    let app = PythonApp {
        module: module.to_owned(),
        variable: variable.to_owned(),
        file: found.file.clone(),
        package_dir: package_dir.to_owned(),
        package: package.to_owned(),
    };
    Some(Entry {
        app,
        graph,
        is_main,
        loads_env: start.loads_env,
    })
}

/// The application that a program serves by `uvicorn.run(…)`, else the one that it makes itself.
fn run_as_program(
    files: FileReader<'_>,
    graph: Graph,
    module: &str,
    roots: &[String],
    start: &AppStart,
) -> Option<Entry> {
    let at = graph.module(module)?;
    let mut served = None;
    visit(&graph.get(at)?.body, &mut |expr| {
        let ExprKind::Call(callee, arguments) = &expr.kind else {
            return;
        };
        if !matches!(callee.last_name(), Some("run" | "Config" | "Granian")) {
            return;
        }
        let Some(first) = crate::domain::python::syntax::argument(arguments, Some(0), "app") else {
            return;
        };
        if let Some((module, variable)) = first.text().and_then(|text| text.split_once(':')) {
            served = Some((Some(module.to_owned()), variable.to_owned()));
        } else if let Some(name) = first.dotted()
            && served.is_none()
        {
            served = Some((None, name));
        } else if let ExprKind::Call(maker, _) = &first.kind
            && served.is_none()
            && let Some(name) = maker.dotted()
        {
            served = Some((None, name));
        }
    });
    match served {
        Some((Some(other), variable)) => {
            let graph = Graph::read(files, roots, &other, Extent::All)?;
            entry(graph, &other, &variable, start, false)
        }
        Some((None, variable)) => entry(graph, module, &variable, start, true),
        None => {
            let variable = made_app(&graph.get(at)?.body).unwrap_or_else(|| "app".to_owned());
            entry(graph, module, &variable, start, true)
        }
    }
}

/// The folder and the dotted name under which a file is imported: a server takes the package that it lies in, a program its folder.
fn module_of(files: FileReader<'_>, path: &str, served: bool) -> (String, String) {
    let (mut dir, file) = path.rsplit_once('/').unwrap_or(("", path));
    let mut name = file.trim_end_matches(".py").to_owned();
    while served && !dir.is_empty() && matches!(files(&join(dir, "__init__.py")), Ok(Some(_))) {
        let (above, package) = dir.rsplit_once('/').unwrap_or(("", dir));
        name = format!("{package}.{name}");
        dir = above;
    }
    (dir.to_owned(), name)
}

/// Looks for the application object in the usual files.
pub(crate) fn find_app(read: Reader<'_>, dir: &str) -> Option<PythonApp> {
    [
        "src.main",
        "app.main",
        "main",
        "src.app",
        "app.app",
        "app",
        "api.main",
        "server.main",
        "backend.main",
        "src.app.main",
        "src.api.main",
        "api",
        "server",
        "asgi",
        "app.asgi",
        "app.server",
        "app.api",
        "src.server",
        "app.__init__",
    ]
    .iter()
    .find_map(|module| {
        let text = read(&join(dir, &format!("{}.py", module.replace('.', "/"))))?;
        if !text.contains("FastAPI(") {
            return None;
        }
        let source = Source::parse(decode(text.into_bytes()).ok()?);
        let variable = made_app(&source.body)?;
        Some(PythonApp::new(dir, module, &variable))
    })
}

/// The name that a module gives to `FastAPI(…)`.
fn made_app(body: &[crate::domain::python::syntax::Stmt]) -> Option<String> {
    let is_made = |value: &Expr| match &value.kind {
        ExprKind::Call(callee, _) => callee.last_name() == Some("FastAPI"),
        _ => false,
    };
    body.iter().find_map(|stmt| match &stmt.kind {
        StmtKind::Assign {
            targets,
            value: Some(value),
            ..
        } if is_made(value) => targets.first().and_then(Expr::dotted),
        _ => stmt.blocks().into_iter().find_map(made_app),
    })
}
