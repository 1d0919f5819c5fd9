//! The backend step's questions, asked of all modules of an application: where it connects, whether it makes its tables, and whether
//! its health route asks the database.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    core::proof::Coverage,
    domain::{
        python::{
            app::{AppStart, Entry, PythonApp, StartTarget, read_extent},
            code::{PythonCode, Value},
            engines::SqlEngine,
            graph::{Extent, Graph, visit},
            makers::EngineKind,
            routes::{AppKind, FastApiRoutes, GetRoute, health_rank, is_path, promises},
            session::{ConnectionTarget, Connections, SessionIssue, judge_engine},
            syntax::{Expr, ExprKind, Imported, StmtKind},
            walk::Walk,
        },
        reading::Spot,
        sensitive,
        source::{FileReader, Reader, join},
        url::{Driver, recognize},
    },
};

/// An answer that the code gives, or why it gives none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Deduction {
    Yes(Spot),
    No,
    Unknown(String),
}

/// The health route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HealthRoute {
    pub spot: Spot,
    /// Its whole path.
    pub path: String,
    /// Whether it asks the database.
    pub asks: Deduction,
    /// The texts that it answers with when all is well.
    pub promises: Vec<(String, String)>,
}

/// A name of a module's top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Symbol {
    pub module: String,
    pub name: String,
}

/// What the code of an application says.
#[derive(Debug)]
pub(crate) struct Judgement {
    pub app: PythonApp,
    pub kind: AppKind,
    /// Where the engine is made, first.
    pub session: Option<Spot>,
    /// The engine that other modules can import, and whether it is asynchronous.
    pub engine: Option<(Symbol, bool)>,
    /// The function that gives a session for a request.
    pub get_session: Option<Symbol>,
    /// The class or object that holds the tables: `SQLModel`, `Base`.
    pub tables: Option<Symbol>,
    /// What is wrong where it connects.
    pub connections: Connections,
    pub creates: Deduction,
    pub has_models: bool,
    /// Whether it uses `SQLAlchemy` at all.
    pub uses_sqlalchemy: bool,
    /// Whether it imports `dotenv`.
    pub uses_dotenv: bool,
    /// The route of the wanted path.
    pub health: Option<HealthRoute>,
    /// A route of another path that tells whether the application is well, where that one is not there.
    pub other_health: Option<HealthRoute>,
    /// Why the route may be there although it was not found.
    pub health_unknown: Option<String>,
    /// Modules of the project that are imported and not there.
    pub missing: BTreeMap<String, (String, u32)>,
    /// Where an engine is made in a module that the application does not import.
    pub unimported: Option<Spot>,
    /// A package that the sessions come from.
    pub foreign_session: Option<String>,
    pub coverage: Coverage,
}

/// Judges an application. `health` is the wanted path of its health route; without one, the likeliest is taken.
pub(crate) fn judge(entry: &Entry, driver: Driver, key: &str, health: Option<&str>) -> Judgement {
    let code = PythonCode::new(&entry.graph);
    let at = entry.graph.module(&entry.app.module).unwrap_or_default();
    let mut object = member(&code, at, &entry.app.variable);
    let mut walk = Walk::new(&code, entry.is_main.then_some(at));
    walk.module(at);
    let mut made = Vec::new();
    for value in &object {
        if let Value::Function(place, function) = value {
            walk.call(value);
            made.extend(code.results_of(place, function));
        }
    }
    object.extend(made);
    let (kind, app) = code.app(&object);
    let routes = app.as_ref().map(|app| code.routes(app));
    walk.unknown.clear();
    let mut walk = walk.calling_arguments();
    if let Some(routes) = &routes {
        start_up(&code, &mut walk, routes);
    }
    let unknown_start = walk.unknown.clone();
    let engines = code.engines();
    enter_engines(&mut walk, &engines);
    let mut judgement = Judgement {
        app: entry.app.clone(),
        kind,
        session: engines.first().map(|engine| engine.spot.clone()),
        engine: None,
        get_session: None,
        tables: tables(&code),
        connections: Connections::default(),
        creates: match (&walk.creates, &entry.graph.dynamic) {
            (Some(spot), _) => Deduction::Yes(spot.clone()),
            (None, Some((file, line))) => Deduction::Unknown(dynamic(file, *line)),
            (None, None) if unknown_start.is_empty() => Deduction::No,
            (None, None) => {
                Deduction::Unknown(format!("what {} does is unknown", list(&unknown_start)))
            }
        },
        has_models: has_models(&code),
        uses_sqlalchemy: engines
            .iter()
            .any(|engine| matches!(engine.kind, EngineKind::Engine | EngineKind::AsyncEngine)),
        uses_dotenv: uses_dotenv(&code),
        health: None,
        other_health: None,
        health_unknown: None,
        missing: entry.graph.missing.clone(),
        unimported: None,
        foreign_session: foreign_session(&code),
        coverage: entry.graph.coverage.clone(),
    };
    let target = ConnectionTarget { driver, key };
    for engine in &engines {
        judge_engine(&code, engine, &target, &mut judgement.connections);
    }
    env_order(entry.loads_env, &engines, &walk, key, &mut judgement);
    credentials(&code, &mut judgement.connections.issues);
    symbols(&code, &engines, &mut judgement);
    if let Some(routes) = &routes {
        health_route(&code, routes, health, &mut judgement);
    }
    judgement
        .connections
        .issues
        .sort_by_key(|issue| issue.spot.clone());
    judgement.connections.issues.dedup();
    judgement
}

/// The modules that usually make the engine.
const SESSIONS: &[&str] = &[
    "db.session",
    "db",
    "db.engine",
    "db.database",
    "db.base",
    "db.core",
    "database",
    "session",
    "core.db",
    "core.database",
    "database.session",
    "database.core",
    "config.database",
    "models.database",
];

/// Looks for an engine in the usual modules, for an application that imports none, and judges it.
pub(crate) fn judge_unimported(
    files: FileReader<'_>,
    dir: &str,
    entry: &Entry,
    driver: Driver,
    key: &str,
    judgement: &mut Judgement,
) {
    let mut names: Vec<String> = SESSIONS
        .iter()
        .map(|name| entry.app.sibling(name))
        .collect();
    for package in ["", "app.", "src."] {
        names.extend(SESSIONS.iter().map(|name| format!("{package}{name}")));
    }
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name.clone()) {
            continue;
        }
        let path = name.replace('.', "/");
        let there = [format!("{path}.py"), format!("{path}/__init__.py")]
            .iter()
            .any(|file| matches!(files(&join(dir, file)), Ok(Some(_))));
        let Some(graph) = there
            .then(|| {
                let roots = [dir.to_owned(), join(dir, "src"), String::new()];
                Graph::read(files, &roots, &name, Extent::All)
            })
            .flatten()
        else {
            continue;
        };
        let code = PythonCode::new(&graph);
        let engines = code.engines();
        let Some(first) = engines.first() else {
            continue;
        };
        judgement.unimported = Some(first.spot.clone());
        let target = ConnectionTarget { driver, key };
        for engine in &engines {
            judge_engine(&code, engine, &target, &mut judgement.connections);
        }
        let mut walk = Walk::new(&code, None);
        walk.module(graph.module(&name).unwrap_or_default());
        enter_engines(&mut walk, &engines);
        env_order(entry.loads_env, &engines, &walk, key, judgement);
        symbols(&code, &engines, judgement);
        judgement.tables = judgement.tables.take().or_else(|| tables(&code));
        judgement.has_models |= has_models(&code);
        judgement.uses_sqlalchemy = true;
        return;
    }
}

/// A member of a module, also one below another: `app.asgi`.
fn member<'a>(code: &PythonCode<'a>, module: usize, name: &str) -> Vec<Value<'a>> {
    code.member(module, name.split('.').next().unwrap_or(name))
}

fn dynamic(file: &str, line: u32) -> String {
    format!("{file}:{line} imports modules whose names are known only at run time")
}

fn list(names: &[String]) -> String {
    let mut shown: Vec<String> = names
        .iter()
        .take(3)
        .map(|name| format!("`{name}`"))
        .collect();
    if names.len() > shown.len() {
        shown.push(format!("{} more", names.len() - shown.len()));
    }
    shown.join(", ")
}

/// Runs what runs when the application starts.
fn start_up<'a>(code: &PythonCode<'a>, walk: &mut Walk<'_, 'a>, routes: &FastApiRoutes<'a>) {
    for (place, expr) in &routes.startup {
        let exprs = match &expr.kind {
            ExprKind::Items(items) => items.iter().collect(),
            _ => vec![*expr],
        };
        for expr in exprs {
            for value in code.values(place, expr) {
                match value {
                    Value::Class(at, class) | Value::Instance(at, class) => {
                        walk.all_methods(&at, class);
                    }
                    value => walk.call(&value),
                }
            }
            // a function that makes the lifespan
            if let ExprKind::Call(callee, _) = &expr.kind {
                for value in code.values(place, callee) {
                    walk.call(&value);
                }
            }
        }
    }
    for (place, function) in &routes.on_start {
        walk.function(place, function);
    }
}

/// Whether there are classes or objects of tables.
fn has_models(code: &PythonCode<'_>) -> bool {
    let class = code.classes.iter().any(|(_, class)| {
        class.bases.iter().any(|base| {
            base.name.as_deref() == Some("table")
                && matches!(&base.value.kind, ExprKind::Literal(text) if text == "True")
        }) || class.body.iter().any(|stmt| match &stmt.kind {
            StmtKind::Assign { targets, .. } => targets
                .iter()
                .any(|target| matches!(target.last_name(), Some("__tablename__" | "__table__"))),
            _ => false,
        })
    });
    class
        || code.sites.iter().any(|site| match &site.call.kind {
            ExprKind::Call(callee, _) if callee.last_name() == Some("Table") => {
                code.values(&site.place, callee).iter().any(
                    |value| matches!(value, Value::Package(path) if path.starts_with("sqlalchemy")),
                )
            }
            _ => false,
        })
}

/// The name that holds the tables of the models.
fn tables(code: &PythonCode<'_>) -> Option<Symbol> {
    let symbol = |module: usize, name: &str| {
        code.graph.get(module).map(|module| Symbol {
            module: module.name.clone(),
            name: name.to_owned(),
        })
    };
    for (place, class) in &code.classes {
        let direct = class
            .bases
            .iter()
            .any(|base| base.value.last_name() == Some("DeclarativeBase"));
        if direct && place.function.is_none() && place.class.is_none() {
            return symbol(place.module, &class.name);
        }
    }
    for (at, module) in code.graph.modules.iter().enumerate() {
        for stmt in &module.body {
            if let StmtKind::Assign {
                targets,
                value: Some(value),
                ..
            } = &stmt.kind
                && let ExprKind::Call(callee, _) = &value.kind
                && callee.last_name() == Some("declarative_base")
                && let Some(name) = targets.first().and_then(Expr::dotted)
            {
                return symbol(at, &name);
            }
        }
    }
    None
}

fn uses_dotenv(code: &PythonCode<'_>) -> bool {
    code.graph.modules.iter().any(|module| {
        module.text.contains("dotenv")
            && code.sites.iter().any(|site| {
                matches!(&site.call.kind, ExprKind::Call(callee, _) if matches!(callee.last_name(), Some("load_dotenv" | "dotenv_values" | "find_dotenv")))
            })
    })
}

/// Names that engines and sessions go by.
const SESSION_NAMES: &[&str] = &[
    "engine",
    "get_session",
    "get_db",
    "get_async_session",
    "get_db_session",
    "SessionLocal",
    "async_session",
    "async_session_maker",
    "SessionDep",
];

/// A package that isn't a library of databases, and that the code takes its sessions from.
fn foreign_session(code: &PythonCode<'_>) -> Option<String> {
    const LIBRARIES: &[&str] = &["sqlalchemy", "sqlmodel", "fastapi", "starlette"];
    for module in &code.graph.modules {
        for stmt in &module.body {
            let StmtKind::Import(imports) = &stmt.kind else {
                continue;
            };
            for import in imports {
                let Imported::Name(name, _) = &import.what else {
                    continue;
                };
                let from = module.absolute(import);
                let top = from.split('.').next().unwrap_or(&from);
                let local = code.graph.module(top).is_some()
                    || code.graph.module(&from).is_some()
                    || code.graph.missing.contains_key(&from)
                    || code
                        .graph
                        .modules
                        .iter()
                        .any(|module| module.name.split('.').next() == Some(top));
                if SESSION_NAMES.contains(&name.as_str()) && !local && !LIBRARIES.contains(&top) {
                    return Some(top.to_owned());
                }
            }
        }
    }
    None
}

/// Runs the functions that make engines, which may be called at any time.
fn enter_engines<'a>(walk: &mut Walk<'_, 'a>, engines: &[SqlEngine<'a>]) {
    for engine in engines {
        if let (Some(function), Some(outer)) = (engine.place.function, &engine.place.outer) {
            walk.function(outer, function);
        }
    }
}

/// Whether the variable of the URL is read before an env file is loaded.
fn env_order(
    loads_env: bool,
    engines: &[SqlEngine<'_>],
    walk: &Walk<'_, '_>,
    key: &str,
    judgement: &mut Judgement,
) {
    if loads_env || engines.is_empty() {
        return;
    }
    let mut keys: BTreeSet<&str> = engines
        .iter()
        .flat_map(|engine| engine.url.keys.iter().map(String::as_str))
        .collect();
    if keys.is_empty() {
        keys.insert(key);
    }
    let early = walk
        .reads
        .iter()
        .find(|read| keys.contains(read.key.as_str()) && !read.loaded);
    if let Some(read) = early {
        judgement.connections.issues.push(SessionIssue {
            spot: read.spot.clone(),
            title: format!("`{}` is read before .env is loaded", read.key),
            detail: match &walk.loads {
                Some(loads) if loads.file == read.spot.file => format!(
                    "load_dotenv() is called only on line {}, after the variable was read",
                    loads.line
                ),
                Some(loads) => format!(
                    ".env is loaded only on line {} of {}, after this module was imported",
                    loads.line, loads.file
                ),
                None => "nothing calls load_dotenv(), so the variable is found only if the shell sets it"
                    .to_owned(),
            },
            breaks: true,
        });
    }
}

/// Connection URLs with a password anywhere in the code.
fn credentials(code: &PythonCode<'_>, issues: &mut Vec<SessionIssue>) {
    for module in &code.graph.modules {
        if !module.text.contains("://") {
            continue;
        }
        visit(&module.body, &mut |expr| {
            let Some(text) = expr.text().filter(|text| text.contains("://")) else {
                return;
            };
            let Some(read) = recognize(text) else {
                return;
            };
            let template = text.contains('{') || text.contains("%s") || text.contains("%(");
            let host = read.connection().host;
            if read.password.is_empty()
                || template
                || sensitive::looks_like_placeholder(text)
                // a server of one's own machine or of a container
                || !host.contains('.')
                || host.starts_with("127.")
            {
                return;
            }
            issues.push(SessionIssue {
                spot: Spot {
                    file: module.file.clone(),
                    line: expr.span.line,
                },
                title: "the source contains a connection URL with its password".to_owned(),
                detail: "it goes wherever the code goes, and never changes with .env".to_owned(),
                breaks: true,
            });
        });
    }
}

/// The names by which other modules get the engine and a session.
fn symbols(code: &PythonCode<'_>, engines: &[SqlEngine<'_>], judgement: &mut Judgement) {
    for engine in engines {
        let is_async = engine.kind == EngineKind::AsyncEngine;
        if !matches!(engine.kind, EngineKind::Engine | EngineKind::AsyncEngine)
            || engine.place.function.is_some()
            || engine.place.class.is_some()
        {
            continue;
        }
        let Some(module) = code.graph.get(engine.place.module) else {
            continue;
        };
        let name = module.body.iter().find_map(|stmt| match &stmt.kind {
            StmtKind::Assign {
                targets,
                value: Some(value),
                ..
            } if value.span == engine.call.span => targets.first().and_then(Expr::dotted),
            _ => None,
        });
        if let Some(name) = name
            && judgement.engine.is_none()
        {
            judgement.engine = Some((
                Symbol {
                    module: module.name.clone(),
                    name,
                },
                is_async,
            ));
        }
    }
    judgement.get_session = code.functions.iter().find_map(|(place, function)| {
        let module = code.graph.get(place.module)?;
        let top = place.function.is_none() && place.class.is_none();
        let named = matches!(
            function.name.as_str(),
            "get_session" | "get_db" | "get_db_session" | "session"
        );
        let yields = crate::domain::python::routes::yield_of(function).is_some();
        let plain = !function
            .decorators
            .iter()
            .any(|decorator| decorator.mentions(&["contextmanager"]));
        (top && named && yields && plain && !function.is_async).then(|| Symbol {
            module: module.name.clone(),
            name: function.name.clone(),
        })
    });
}

/// Finds and judges the health route.
fn health_route<'a>(
    code: &PythonCode<'a>,
    routes: &FastApiRoutes<'a>,
    wanted: Option<&str>,
    judgement: &mut Judgement,
) {
    if let Some(wanted) = wanted {
        let exact = |route: &&GetRoute<'a>| {
            route
                .paths
                .iter()
                .any(|path| !path.contains('*') && is_path(wanted, path))
        };
        let about = |route: &&GetRoute<'a>| route.paths.iter().any(|path| is_path(wanted, path));
        let found = routes
            .found
            .iter()
            .find(exact)
            .or_else(|| routes.found.iter().find(about));
        judgement.health = found.map(|route| judged(code, route, wanted));
        if found.is_none() {
            if let Some((file, line)) = &code.graph.dynamic {
                judgement.health_unknown = Some(dynamic(file, *line));
            }
            let foreign = code.sites.iter().any(|site| match &site.call.kind {
                ExprKind::Call(callee, arguments)
                    if callee.last_name() == Some("include_router") =>
                {
                    arguments
                        .first()
                        .is_some_and(|router| router.value.mentions(&["health"]))
                        && arguments.first().is_some_and(|router| {
                            code.values(&site.place, &router.value)
                                .iter()
                                .all(|value| !matches!(value, Value::Made(path, _) if path.ends_with("Router()")))
                        })
                }
                _ => false,
            });
            judgement.other_health = likeliest(code, routes);
            if foreign {
                judgement.health_unknown =
                    Some("it includes a router whose code is unknown".to_owned());
            }
        }
        return;
    }
    judgement.health = likeliest(code, routes);
}

fn judged<'a>(code: &PythonCode<'a>, route: &GetRoute<'a>, path: &str) -> HealthRoute {
    HealthRoute {
        spot: route.spot.clone(),
        path: path.to_owned(),
        asks: asks(code, route),
        promises: promises(code, route),
    }
}

/// The route that most likely tells whether the application is well; one that asks the database comes first.
fn likeliest<'a>(code: &PythonCode<'a>, routes: &FastApiRoutes<'a>) -> Option<HealthRoute> {
    let mut likely: Vec<_> = routes
        .found
        .iter()
        .flat_map(|route| route.paths.iter().map(move |path| (route, path)))
        .filter_map(|(route, path)| Some((health_rank(path)?, path.len(), route, path)))
        .collect();
    likely.sort_by_key(|(rank, length, ..)| (*rank, *length));
    let all: Vec<_> = likely
        .into_iter()
        .map(|(_, _, route, path)| judged(code, route, path))
        .collect();
    let asking = all
        .iter()
        .position(|route| matches!(route.asks, Deduction::Yes(_)));
    all.into_iter().nth(asking.unwrap_or(0))
}

/// The path of the likeliest health route of an application, and what it promises, from the modules that make routes alone.
pub(crate) fn promised_health(
    read: Reader<'_>,
    dir: &str,
    app: &PythonApp,
) -> Option<(String, Vec<(String, String)>)> {
    let files = |path: &str| Ok(read(path).map(String::into_bytes));
    let start = AppStart {
        target: Some(StartTarget::Object {
            module: app.module.clone(),
            variable: app.variable.clone(),
        }),
        ..AppStart::read(dir, &[])
    };
    let entry = read_extent(&files, dir, &start, Extent::Routes)?;
    let code = PythonCode::new(&entry.graph);
    let at = entry.graph.module(&app.module)?;
    let (_, object) = code.app(&member(&code, at, &app.variable));
    let routes = code.routes(&object?);
    let (_, _, path, route) = routes
        .found
        .iter()
        .flat_map(|route| route.paths.iter().map(move |path| (route, path)))
        .filter_map(|(route, path)| Some((health_rank(path)?, path.len(), path, route)))
        .min_by_key(|(rank, length, ..)| (*rank, *length))?;
    Some((path.clone(), promises(&code, route)))
}

/// Whether a route asks the database.
fn asks<'a>(code: &PythonCode<'a>, route: &GetRoute<'a>) -> Deduction {
    let mut walk = Walk::new(code, None).calling_arguments();
    if let Some(function) = route.function {
        walk.function(&route.place, function);
    } else {
        walk.leave_open("its endpoint");
    }
    for argument in route.arguments {
        walk.dependencies(&route.place, &argument.value, 0);
    }
    match walk.asks {
        Some(spot) => Deduction::Yes(spot),
        None if walk.unknown.is_empty() => Deduction::No,
        None => Deduction::Unknown(format!("what {} does is unknown", list(&walk.unknown))),
    }
}
