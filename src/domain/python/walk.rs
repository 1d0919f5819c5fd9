//! Follows what an application does, in the order in which it would: imports, calls, what a function calls in turn.
//!
//! Nothing is run: every branch is taken, each function once.

use std::collections::HashSet;

use crate::domain::{
    python::{
        code::{Place, PythonCode, Value},
        graph::is_type_checking,
        settings,
        syntax::{Argument, Class, Expr, ExprKind, Function, Imported, Stmt, StmtKind},
    },
    reading::Spot,
};

/// How many calls and imports may lie in each other: the program's stack has room for more.
const DEPTH: usize = 60;

/// An environment variable that is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Read {
    pub key: String,
    pub spot: Spot,
    /// Whether an env file was loaded before.
    pub loaded: bool,
}

/// What was seen on the way.
#[derive(Debug)]
pub(crate) struct Walk<'c, 'a> {
    code: &'c PythonCode<'a>,
    /// The module that is run as a program.
    main: Option<usize>,
    /// Whether functions that are handed over as arguments are taken to be called.
    handed_over: bool,
    imported: HashSet<usize>,
    entered: HashSet<(usize, usize)>,
    depth: usize,
    /// Where an env file is loaded first.
    pub loads: Option<Spot>,
    pub reads: Vec<Read>,
    /// Where tables are created.
    pub creates: Option<Spot>,
    /// Where the database is asked something.
    pub asks: Option<Spot>,
    /// Calls that lead to code that is not known.
    pub unknown: Vec<String>,
}

/// The packages that connect to a database.
const DATABASES: &[&str] = &[
    "sqlalchemy",
    "sqlmodel",
    "psycopg",
    "psycopg2",
    "psycopg_pool",
    "asyncpg",
    "pg8000",
    "aiopg",
    "databases",
    "sqlalchemy_utils",
    "advanced_alchemy",
];

/// Packages whose every call asks the database.
const MAPPERS: &[&str] = &[
    "tortoise",
    "ormar",
    "peewee",
    "piccolo",
    "prisma",
    "fastapi_sqlalchemy",
    "fastapi_async_sqlalchemy",
];

/// Packages that work on a database's engine or session, or have names like it, and neither make tables nor ask the database when
/// they are called.
const HARMLESS: &[&str] = &[
    "asyncio",
    "contextlib",
    "fastapi",
    "fastapi_pagination",
    "fastapi_users",
    "fastapi_users_db_sqlalchemy",
    "functools",
    "logging",
    "loguru",
    "opentelemetry",
    "os",
    "pydantic",
    "pydantic_settings",
    "sentry_sdk",
    "sqladmin",
    "sqlite3",
    "starlette",
    "starlette_admin",
    "structlog",
    "typing",
    "uvicorn",
];

/// The words by which the name of a foreign function says that it is about a database.
const ABOUT_DATABASE: &[&str] = &[
    "database",
    "databases",
    "db",
    "migrate",
    "migrations",
    "postgres",
    "sql",
    "tables",
];

/// Methods that ask a database, whatever they are called on.
const ASKS: &[&str] = &[
    "execute",
    "exec",
    "scalar",
    "scalars",
    "fetchval",
    "fetchrow",
    "fetchone",
    "fetch_one",
    "fetch_all",
    "fetch_val",
    "exec_driver_sql",
    "execute_query",
];

/// Methods that ask a database where they are called on something of its package.
const ASKS_OF_DATABASE: &[&str] = &[
    "connect",
    "connection",
    "begin",
    "get",
    "get_one",
    "query",
    "stream",
    "stream_scalars",
    "fetch",
    "fetchmany",
    "executemany",
    "raw_connection",
    "acquire",
    "getconn",
    "ping",
    "check",
    "run_sync",
    "refresh",
    "commit",
    "database_exists",
];

/// Calls that put the variables of an env file into the environment, or read it by themselves.
const LOADS: &[&str] = &[
    "load_dotenv",
    "dotenv_values",
    "read_env",
    "load_env",
    "load_env_file",
    "read_dotenv",
];

impl<'c, 'a> Walk<'c, 'a> {
    pub(crate) fn new(code: &'c PythonCode<'a>, main: Option<usize>) -> Self {
        Self {
            code,
            main,
            handed_over: false,
            imported: HashSet::new(),
            entered: HashSet::new(),
            depth: 0,
            loads: None,
            reads: Vec::new(),
            creates: None,
            asks: None,
            unknown: Vec::new(),
        }
    }

    /// From here on, functions that are handed over are taken to be called.
    #[must_use]
    pub(crate) const fn calling_arguments(mut self) -> Self {
        self.handed_over = true;
        self
    }

    fn deeper(&mut self, what: &str, below: impl FnOnce(&mut Self)) {
        if self.depth >= DEPTH {
            self.leave_open(what);
            return;
        }
        self.depth += 1;
        below(self);
        self.depth -= 1;
    }

    pub(crate) fn leave_open(&mut self, what: &str) {
        if !self.unknown.iter().any(|known| known == what) {
            self.unknown.push(what.to_owned());
        }
    }

    /// Imports a module.
    pub(crate) fn module(&mut self, at: usize) {
        if !self.imported.insert(at) {
            return;
        }
        let Some(module) = self.code.graph.get(at) else {
            return;
        };
        self.deeper(&module.name, |this| {
            this.body(&PythonCode::top(at), &module.body);
        });
    }

    /// Calls something.
    pub(crate) fn call(&mut self, value: &Value<'a>) {
        match value {
            Value::Function(at, function) => self.function(at, function),
            Value::Class(at, class) => self.methods(at, class, &["__init__", "__post_init__"]),
            Value::Instance(at, class) => self.methods(at, class, &["__call__"]),
            Value::Written(
                at,
                Expr {
                    kind: ExprKind::Lambda(body),
                    ..
                },
            ) => self.expr(at, body),
            // a function that a package wraps
            Value::Made(_, Some((at, made))) => self.handed(at, made),
            Value::Written(..)
            | Value::Module(_)
            | Value::Package(_)
            | Value::Made(..)
            | Value::Unknown => {}
        }
    }

    /// Everything that an object of a class may do.
    pub(crate) fn all_methods(&mut self, place: &Place<'a>, class: &'a Class) {
        let body = PythonCode::class_body(place, class);
        for stmt in &class.body {
            if let StmtKind::Function(function) = &stmt.kind {
                self.function(&body, function);
            }
        }
    }

    fn methods(&mut self, place: &Place<'a>, class: &'a Class, names: &[&str]) {
        let body = PythonCode::class_body(place, class);
        for stmt in &class.body {
            if let StmtKind::Function(function) = &stmt.kind
                && names.contains(&function.name.as_str())
            {
                self.function(&body, function);
            }
        }
    }

    /// Runs a function, with what its parameters depend on.
    pub(crate) fn function(&mut self, place: &Place<'a>, function: &'a Function) {
        if !self.entered.insert((place.module, function.span.start)) {
            return;
        }
        self.deeper(&function.name, |this| {
            for parameter in &function.parameters {
                for expr in parameter.default.iter().chain(&parameter.annotation) {
                    this.dependencies(place, expr, 0);
                }
            }
            let inside = PythonCode::inside(place, function);
            this.body(&inside, &function.body);
        });
    }

    /// Calls what stands in `Depends(…)`, also below another name of a type.
    pub(crate) fn dependencies(&mut self, place: &Place<'a>, expr: &'a Expr, depth: usize) {
        let code = self.code;
        let mut calls = Vec::new();
        let mut names = Vec::new();
        expr.visit(&mut |expr| match &expr.kind {
            ExprKind::Call(callee, arguments)
                if matches!(callee.last_name(), Some("Depends" | "Security")) =>
            {
                calls.extend(arguments.first().map(|argument| &argument.value));
            }
            ExprKind::Name(_) | ExprKind::Attribute(..) => names.push(expr),
            _ => {}
        });
        for called in calls {
            for value in code.values(place, called) {
                self.call(&value);
            }
        }
        for name in names.into_iter().filter(|_| depth < 3) {
            for value in code.values(place, name) {
                if let Value::Written(at, written) = value
                    && matches!(written.kind, ExprKind::Subscript(..))
                {
                    self.dependencies(&at, written, depth + 1);
                }
            }
        }
    }

    fn body(&mut self, place: &Place<'a>, body: &'a [Stmt]) {
        for stmt in body {
            self.stmt(place, stmt);
        }
    }

    fn stmt(&mut self, place: &Place<'a>, stmt: &'a Stmt) {
        if let StmtKind::If(branches) = &stmt.kind {
            for (test, body) in branches {
                if let Some(test) = test {
                    if is_type_checking(test) || (is_main_test(test) && !self.runs_as_main(place)) {
                        continue;
                    }
                    self.expr(place, test);
                }
                self.body(place, body);
            }
            return;
        }
        if let StmtKind::Import(imports) = &stmt.kind {
            for import in imports {
                let Some(name) = self
                    .code
                    .graph
                    .get(place.module)
                    .map(|module| module.absolute(import))
                else {
                    continue;
                };
                self.import(&name);
                if let Imported::Name(member, _) = &import.what {
                    self.import(&format!("{name}.{member}"));
                }
                // decouple reads its file when it is asked
                if name == "decouple" {
                    self.note_load(Spot {
                        file: self.file(place),
                        line: stmt.span.line,
                    });
                }
            }
            return;
        }
        for expr in stmt.exprs() {
            self.expr(place, expr);
        }
        if let StmtKind::With { items, .. } = &stmt.kind {
            for (value, _) in items {
                for value in self.code.values(place, value) {
                    if let Value::Instance(at, class) = value {
                        self.methods(&at, class, &["__enter__", "__aenter__"]);
                    }
                }
            }
        }
        if let StmtKind::Class(class) = &stmt.kind {
            self.body(&PythonCode::class_body(place, class), &class.body);
        }
        for body in stmt.blocks() {
            self.body(place, body);
        }
    }

    fn import(&mut self, name: &str) {
        let mut end = 0;
        loop {
            end = name
                .get(end + 1..)
                .and_then(|rest| rest.find('.'))
                .map_or(name.len(), |dot| end + 1 + dot);
            if let Some(at) = name
                .get(..end)
                .and_then(|name| self.code.graph.module(name))
            {
                self.module(at);
            }
            if end >= name.len() {
                return;
            }
        }
    }

    fn file(&self, place: &Place<'a>) -> String {
        self.code
            .graph
            .get(place.module)
            .map(|module| module.file.clone())
            .unwrap_or_default()
    }

    fn runs_as_main(&self, place: &Place<'a>) -> bool {
        self.main == Some(place.module)
    }

    fn expr(&mut self, place: &Place<'a>, expr: &'a Expr) {
        self.deeper("a nested expression", |this| {
            for part in expr.parts() {
                this.expr(place, part);
            }
            match &expr.kind {
                ExprKind::Attribute(_, name)
                    if name == "create_all" || name == "generate_schemas" =>
                {
                    let spot = this.code.spot(place, expr);
                    this.creates.get_or_insert(spot);
                }
                ExprKind::Subscript(of, keys)
                    if of
                        .last_name()
                        .is_some_and(|name| name.to_ascii_lowercase().contains("env")) =>
                {
                    let environ =
                        this.code.values(place, of).iter().any(
                            |value| matches!(value, Value::Package(path) if path == "os.environ"),
                        );
                    if environ {
                        for key in keys.iter().flat_map(|key| this.code.texts(place, key)) {
                            this.read(key, place, expr);
                        }
                    }
                }
                ExprKind::Call(callee, arguments) => this.called(place, expr, callee, arguments),
                _ => {}
            }
        });
    }

    fn note_load(&mut self, spot: Spot) {
        self.loads.get_or_insert(spot);
    }

    fn read(&mut self, key: String, place: &Place<'a>, expr: &Expr) {
        self.reads.push(Read {
            key,
            spot: self.code.spot(place, expr),
            loaded: self.loads.is_some(),
        });
    }

    fn called(
        &mut self,
        place: &Place<'a>,
        expr: &'a Expr,
        callee: &'a Expr,
        arguments: &'a [Argument],
    ) {
        let code = self.code;
        let values = code.values(place, callee);
        let name = callee.last_name().unwrap_or_default();
        if LOADS.contains(&name) {
            self.note_load(code.spot(place, expr));
            return;
        }
        let mut unknown = values.is_empty();
        for value in &values {
            match value {
                Value::Package(path) => self.package(place, expr, path, arguments),
                Value::Class(at, class) => {
                    for read in settings::reads(code, at, class, arguments) {
                        match read {
                            settings::SettingsRead::FromFile => {
                                self.note_load(code.spot(place, expr));
                            }
                            settings::SettingsRead::Key(key) => self.read(key, place, expr),
                        }
                    }
                    self.call(value);
                }
                Value::Unknown => unknown = true,
                _ => self.call(value),
            }
        }
        let strong = ASKS.contains(&name) && matches!(callee.kind, ExprKind::Attribute(..));
        if unknown && strong {
            let spot = code.spot(place, expr);
            self.asks.get_or_insert(spot);
        } else if values.iter().all(|value| matches!(value, Value::Unknown)) {
            let named = callee.dotted().unwrap_or_else(|| name.to_owned());
            self.leave_open(&named);
        }
        if self.handed_over {
            self.handed(place, expr);
        }
    }

    /// Calls the functions among the arguments of a call.
    fn handed(&mut self, place: &Place<'a>, expr: &'a Expr) {
        let ExprKind::Call(_, arguments) = &expr.kind else {
            return;
        };
        for argument in arguments {
            let items = match &argument.value.kind {
                ExprKind::Items(items) => items.iter().collect(),
                _ => vec![&argument.value],
            };
            for item in items {
                for value in self.code.values(place, item) {
                    if matches!(value, Value::Function(..)) {
                        self.call(&value);
                    }
                }
            }
        }
    }

    fn package(
        &mut self,
        place: &Place<'a>,
        expr: &'a Expr,
        path: &str,
        arguments: &'a [Argument],
    ) {
        let code = self.code;
        let last = path.rsplit('.').next().unwrap_or(path);
        let root = path.split(['.', '(']).next().unwrap_or(path);
        let spot = || code.spot(place, expr);
        let first = arguments.first().map(|argument| &argument.value);
        match path {
            "os.getenv" | "os.environ.get" | "os.environ.pop" | "os.environ.setdefault" => {
                for key in first.into_iter().flat_map(|key| code.texts(place, key)) {
                    self.read(key, place, expr);
                }
            }
            _ if path.starts_with("starlette.config.Config") || root == "dynaconf" => {
                self.note_load(spot());
            }
            _ if root == "environs" || root == "environ" => {
                for key in first.into_iter().flat_map(|key| code.texts(place, key)) {
                    self.read(key, place, expr);
                }
            }
            "alembic.command.upgrade" => {
                self.creates.get_or_insert(spot());
            }
            _ => {}
        }
        if path.ends_with("register_tortoise") && expr.mentions(&["generate_schemas"]) {
            self.creates.get_or_insert(spot());
        }
        let kept = path.contains(".state.");
        let database = DATABASES.contains(&root) || kept;
        let of_database = database
            && (ASKS.contains(&last) || ASKS_OF_DATABASE.contains(&last))
            && (path.contains("()") || matches!(last, "connect" | "database_exists"));
        if of_database || (MAPPERS.contains(&root) && last != "init" && path.contains('.')) {
            self.asks.get_or_insert(spot());
        } else if !DATABASES.contains(&root)
            && !MAPPERS.contains(&root)
            && !HARMLESS.contains(&root)
            && (is_about_database(path) || self.gets_database(place, arguments))
        {
            self.leave_open(&path.replace("()", ""));
        }
    }

    /// Whether something of a database's package, such as an engine, is among the arguments.
    fn gets_database(&self, place: &Place<'a>, arguments: &'a [Argument]) -> bool {
        let values = |argument: &'a Argument| self.code.values(place, &argument.value);
        arguments.iter().flat_map(values).any(|value| match value {
            Value::Package(path) | Value::Made(path, _) => {
                let root = path.split(['.', '(']).next().unwrap_or_default();
                DATABASES.contains(&root)
            }
            _ => false,
        })
    }
}

/// Whether the dotted name of foreign code says that it is about a database.
fn is_about_database(path: &str) -> bool {
    path.split(|c: char| !c.is_ascii_alphanumeric())
        .any(|word| ABOUT_DATABASE.contains(&word.to_ascii_lowercase().as_str()))
}

/// Whether a test is `__name__ == "__main__"`.
fn is_main_test(test: &Expr) -> bool {
    test.mentions(&["__name__"])
}
