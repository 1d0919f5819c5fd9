//! Reads of variables of the environment: through `os`, django-environ, environs, decouple, starlette and dj-database-url.

use std::collections::BTreeSet;

use crate::domain::{
    python::{
        bindings::given,
        code::{Place, PythonCode, Value},
        graph::Graph,
        reads::{
            follow::written,
            survey::{CodeSurvey, Seen},
        },
        syntax::{Argument, Expr, ExprKind, Imported, Stmt, StmtKind, argument},
    },
    reading::{EnvRead, Spot},
};

/// How many calls of one helper that reads the environment are looked at.
const HELPER_CALLS: usize = 1000;

/// The packages that read the environment; what they make is followed through the names that it is given.
const PACKAGES: &[&str] = &[
    "dotenv",
    "decouple",
    "environ",
    "environs",
    "starlette",
    "dj_database_url",
];

/// What reads a variable.
#[derive(Debug, Clone, Copy)]
pub(super) struct Variable<'a> {
    /// Its name, where it is written; else it is the one below.
    pub key: Option<&'a Expr>,
    pub usual: Option<&'static str>,
    pub default: Option<&'a Expr>,
    /// Whether its value is taken for the URL of a database by Django's readers.
    pub django: bool,
    /// Whether the default is elsewhere.
    pub excused: bool,
    /// Whether it gives nothing where the variable is not set, instead of failing.
    pub lenient: bool,
}

/// The names by which something is reached that reads the environment.
pub(super) fn names(graph: &Graph) -> BTreeSet<String> {
    let mut found: BTreeSet<String> = ["environ", "getenv", "dotenv_values"]
        .map(str::to_owned)
        .into();
    for module in &graph.modules {
        imported(&module.body, &mut found);
    }
    // what is made of them is given names, which other modules import under others
    for _ in 0..3 {
        let before = found.len();
        for module in &graph.modules {
            named(&module.body, &mut found);
        }
        if found.len() == before {
            break;
        }
    }
    found
}

fn imported(body: &[Stmt], found: &mut BTreeSet<String>) {
    each(body, &mut |stmt| {
        let StmtKind::Import(imports) = &stmt.kind else {
            return;
        };
        for import in imports {
            let root = import.module.split('.').next().unwrap_or_default();
            match &import.what {
                Imported::Name(name, alias)
                    if PACKAGES.contains(&root)
                        || (root == "os" && matches!(name.as_str(), "environ" | "getenv")) =>
                {
                    found.insert(alias.clone());
                }
                Imported::Module(alias) if PACKAGES.contains(&root) => {
                    found.insert(alias.clone().unwrap_or_else(|| root.to_owned()));
                }
                _ => {}
            }
        }
    });
}

fn named(body: &[Stmt], found: &mut BTreeSet<String>) {
    let is_tool = |value: &Expr, found: &BTreeSet<String>| match &value.kind {
        ExprKind::Call(callee, _) => callee
            .last_name()
            .is_some_and(|name| found.contains(name) || MAKERS.contains(&name)),
        _ => value.last_name().is_some_and(|name| found.contains(name)),
    };
    each(body, &mut |stmt| match &stmt.kind {
        // a helper that makes one: `config = get_config()`
        StmtKind::Function(function)
            if given(&function.body)
                .into_iter()
                .any(|value| is_tool(value, found)) =>
        {
            found.insert(function.name.clone());
        }
        StmtKind::Assign {
            targets,
            value: Some(value),
            ..
        } if is_tool(value, found) => {
            found.extend(
                targets
                    .iter()
                    .filter_map(|target| target.last_name().map(str::to_owned)),
            );
        }
        StmtKind::Import(imports) => {
            for import in imports {
                if let Imported::Name(name, alias) = &import.what
                    && found.contains(name)
                {
                    found.insert(alias.clone());
                }
            }
        }
        _ => {}
    });
}

/// The classes of packages whose objects read the environment.
const MAKERS: &[&str] = &[
    "Env",
    "FileAwareEnv",
    "Config",
    "AutoConfig",
    "dotenv_values",
];

/// Shows each statement, those in blocks, functions and classes included.
pub(super) fn each<'a>(body: &'a [Stmt], see: &mut dyn FnMut(&'a Stmt)) {
    for stmt in body {
        see(stmt);
        match &stmt.kind {
            StmtKind::Function(function) => each(&function.body, see),
            StmtKind::Class(class) => each(&class.body, see),
            _ => {
                for body in stmt.blocks() {
                    each(body, see);
                }
            }
        }
    }
}

/// The variable that a call or a subscript reads.
pub(super) fn variable<'a>(
    code: &PythonCode<'a>,
    names: &BTreeSet<String>,
    place: &Place<'a>,
    expr: &'a Expr,
) -> Option<Variable<'a>> {
    match &expr.kind {
        ExprKind::Subscript(of, keys) => {
            if !mentions(of, names) {
                return None;
            }
            let reads = code.values(place, of).into_iter().any(|value| match value {
                Value::Package(path) => path == "os.environ",
                Value::Made(path, _) => path.ends_with("dotenv_values()"),
                _ => false,
            });
            reads.then(|| Variable {
                key: keys.first(),
                usual: None,
                default: None,
                django: false,
                excused: false,
                lenient: false,
            })
        }
        ExprKind::Call(callee, arguments) => {
            if !mentions(callee, names) {
                return None;
            }
            code.values(place, callee)
                .into_iter()
                .find_map(|value| match value {
                    Value::Package(path) => of_path(&path, arguments),
                    Value::Made(path, made) => of_object(&path, arguments).map(|mut variable| {
                        variable.excused |= in_scheme(made.as_ref(), variable.key);
                        variable
                    }),
                    _ => None,
                })
        }
        _ => None,
    }
}

/// Whether a name in what is called or asked is one of these.
fn mentions(expr: &Expr, names: &BTreeSet<String>) -> bool {
    match &expr.kind {
        ExprKind::Name(name) => names.contains(name),
        ExprKind::Attribute(of, name) => names.contains(name) || mentions(of, names),
        ExprKind::Call(of, _) => {
            of.last_name().is_some_and(|name| MAKERS.contains(&name)) || mentions(of, names)
        }
        _ => false,
    }
}

/// The variable that a function of a package reads.
fn of_path<'a>(path: &str, arguments: &'a [Argument]) -> Option<Variable<'a>> {
    let (of, last) = path.rsplit_once('.')?;
    let root = path.split(['.', '(']).next()?;
    let plain = |key, default| Variable {
        key,
        usual: None,
        default,
        django: false,
        excused: false,
        lenient: matches!(root, "os" | "dotenv"),
    };
    match (root, of, last) {
        ("os", "os", "getenv") | ("os", "os.environ", "get" | "pop") => Some(plain(
            Some(argument(arguments, Some(0), "key")?),
            argument(arguments, Some(1), "default"),
        )),
        ("dotenv", _, "get") if of.ends_with("dotenv_values()") => Some(plain(
            Some(argument(arguments, Some(0), "key")?),
            argument(arguments, Some(1), "default"),
        )),
        ("decouple", "decouple", "config") => Some(plain(
            Some(argument(arguments, Some(0), "option")?),
            argument(arguments, Some(1), "default"),
        )),
        ("dj_database_url", "dj_database_url", "config") => Some(Variable {
            key: argument(arguments, Some(0), "env"),
            usual: Some("DATABASE_URL"),
            default: argument(arguments, None, "default"),
            django: true,
            excused: false,
            lenient: true,
        }),
        ("environ", _, _) if of.ends_with("Env()") => {
            let usual = match last {
                "db" | "db_url" => Some("DATABASE_URL"),
                "cache" | "cache_url" => Some("CACHE_URL"),
                "email" | "email_url" => Some("EMAIL_URL"),
                "search_url" => Some("SEARCH_URL"),
                "channels" | "channels_url" => Some("CHANNELS_URL"),
                "str" | "bytes" | "bool" | "int" | "float" | "json" | "list" | "tuple" | "dict"
                | "url" | "path" | "unicode" | "get_value" => None,
                _ => return None,
            };
            let key = argument(arguments, Some(0), "var");
            (key.is_some() || usual.is_some()).then(|| Variable {
                key,
                usual,
                default: argument(arguments, Some(1), "default"),
                django: matches!(last, "db" | "db_url"),
                excused: false,
                lenient: false,
            })
        }
        ("environs", _, _) if of.ends_with("Env()") => {
            if matches!(
                last,
                "read_env" | "prefixed" | "seal" | "dump" | "add_parser" | "parser_for"
            ) {
                return None;
            }
            Some(Variable {
                django: matches!(last, "dj_db_url"),
                ..plain(
                    Some(argument(arguments, Some(0), "name")?),
                    argument(arguments, Some(1), "default"),
                )
            })
        }
        _ => None,
    }
}

/// The variable that calling an object of a package reads: `env("X")`.
fn of_object<'a>(path: &str, arguments: &'a [Argument]) -> Option<Variable<'a>> {
    let (name, default) = match path {
        "environ.Env()" | "environ.FileAwareEnv()" => ("var", 2),
        "environs.Env()" => ("name", 1),
        "decouple.Config()" | "decouple.AutoConfig()" => ("option", 1),
        "starlette.config.Config()" => ("key", 2),
        _ => return None,
    };
    Some(Variable {
        key: Some(argument(arguments, Some(0), name)?),
        usual: None,
        default: argument(arguments, Some(default), "default"),
        django: false,
        excused: false,
        lenient: false,
    })
}

/// Whether the default is where the reader was made: `Env(DEBUG=(bool, False))`.
fn in_scheme<'a>(made: Option<&(Place<'a>, &'a Expr)>, key: Option<&Expr>) -> bool {
    let (Some((_, made)), Some(key)) = (made, key.and_then(Expr::text)) else {
        return false;
    };
    let ExprKind::Call(_, arguments) = &made.kind else {
        return false;
    };
    argument(arguments, None, key)
        .is_some_and(|scheme| matches!(&scheme.kind, ExprKind::Items(items) if items.len() > 1))
}

impl<'a> Variable<'a> {
    /// The names that it may have.
    pub(super) fn keys(&self, code: &PythonCode<'a>, place: &Place<'a>) -> Vec<String> {
        let Some(key) = self.key else {
            return self.usual.map(str::to_owned).into_iter().collect();
        };
        if let Some(key) = key.text() {
            return vec![key.to_owned()];
        }
        code.texts(place, key)
    }
}

/// Every read of a variable.
pub(super) fn reads<'a>(
    code: &PythonCode<'a>,
    names: &BTreeSet<String>,
    survey: &CodeSurvey<'a>,
) -> Vec<EnvRead> {
    let mut found = Vec::new();
    for seen in &survey.exprs {
        if let Some(variable) = variable(code, names, &seen.place, seen.expr) {
            note(code, seen, &variable, &mut found);
        }
    }
    for (place, expr) in &survey.tested {
        let asks_environment = expr.parts().into_iter().any(|part| {
            mentions(part, names)
                && code
                    .values(place, part)
                    .iter()
                    .any(|value| matches!(value, Value::Package(path) if path == "os.environ"))
        });
        if asks_environment {
            for key in expr.parts().into_iter().filter_map(Expr::text) {
                found.push(EnvRead {
                    key: key.to_owned(),
                    at: code.spot(place, expr),
                    required: false,
                    goes_on: true,
                });
            }
        }
    }
    found
}

fn note<'a>(
    code: &PythonCode<'a>,
    seen: &Seen<'a>,
    variable: &Variable<'a>,
    found: &mut Vec<EnvRead>,
) {
    let place = &seen.place;
    let parameter = |expr: &Expr| {
        let ExprKind::Name(name) = &expr.kind else {
            return None;
        };
        let function = place.function?;
        function
            .parameters
            .iter()
            .position(|parameter| parameter.name == *name)
            .map(|at| (function, at))
    };
    let is_given = |default: &Expr| parameter(default).is_none();
    let excused = (seen.excused && variable.lenient)
        || variable.excused
        || variable.default.is_some_and(is_given);
    if let Some(key) = variable.key
        && let Some((function, at)) = parameter(key)
    {
        // a helper of the code reads what its callers name
        let shift = usize::from(place.class.is_some());
        for site in code.calls_of(place, function).take(HELPER_CALLS) {
            let ExprKind::Call(_, arguments) = &site.call.kind else {
                continue;
            };
            let name = function.parameters.get(at).map_or("", |own| &own.name);
            let Some(key) = argument(arguments, at.checked_sub(shift), name) else {
                continue;
            };
            for key in code.texts(&site.place, key) {
                push(
                    found,
                    key,
                    code.spot(&site.place, site.call),
                    !excused && arguments.len() == 1,
                    variable.lenient,
                );
            }
        }
        return;
    }
    for key in variable.keys(code, place) {
        // what the code asks for first, it can do without
        let asked = seen.tests.iter().any(|test| {
            let mut same = false;
            test.visit(&mut |expr| same |= expr.text() == Some(&key));
            same
        });
        push(
            found,
            key,
            code.spot(place, seen.expr),
            !excused && !asked,
            variable.lenient,
        );
    }
}

fn push(found: &mut Vec<EnvRead>, key: String, at: Spot, required: bool, goes_on: bool) {
    if is_name(&key) {
        found.push(EnvRead {
            key,
            at,
            required,
            goes_on,
        });
    }
}

/// Whether a text may be the name of a variable in an env file.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 200
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
}

/// The text that a read falls back on.
pub(super) fn default_texts<'a>(
    code: &PythonCode<'a>,
    place: &Place<'a>,
    variable: &Variable<'a>,
) -> Vec<String> {
    let Some(default) = variable.default else {
        return Vec::new();
    };
    let mut texts = code.texts(place, default);
    if texts.is_empty() {
        for (at, value) in written(code, place, default) {
            texts.extend(code.texts(&at, value));
        }
    }
    texts
}
