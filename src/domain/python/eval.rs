//! What the expressions of an application may stand for, as far as its code tells without running it.
//!
//! Every value that a name is ever given counts; what leads out of the code is [`Value::Unknown`].

use crate::domain::python::{
    bindings::{Binding, given, set_on},
    code::{Place, PythonCode, Value},
    syntax::{Argument, Class, Expr, ExprKind, Function, Import, Imported, StmtKind, argument},
};

/// How many names, calls and attributes one value may lead through, one after the other.
const DEPTH: usize = 32;

/// How many steps one value may take in all.
const STEPS: usize = 4_000;

/// How many calls of a function tell what its parameters are.
const CALLERS: usize = 12;

/// The most values of one expression.
const VALUES: usize = 64;

impl<'a> PythonCode<'a> {
    /// What an expression may stand for.
    pub(crate) fn values(&self, place: &Place<'a>, expr: &'a Expr) -> Vec<Value<'a>> {
        self.steps.set(0);
        self.eval(place, expr, 0)
    }

    /// What an expression may stand for, given that it is a type and an instance of it is meant.
    pub(crate) fn instances(&self, place: &Place<'a>, annotation: &'a Expr) -> Vec<Value<'a>> {
        self.steps.set(0);
        self.typed(place, annotation, 0)
    }

    /// A name of a module's top.
    pub(crate) fn member(&self, module: usize, name: &str) -> Vec<Value<'a>> {
        self.steps.set(0);
        self.of_module(module, name, 0)
    }

    /// The texts that an expression may be.
    pub(crate) fn texts(&self, place: &Place<'a>, expr: &'a Expr) -> Vec<String> {
        self.values(place, expr)
            .into_iter()
            .filter_map(|value| match value {
                Value::Written(at, written) => self.joined(&at, written, 0),
                _ => None,
            })
            .collect()
    }

    /// A text that is put together of texts.
    fn joined(&self, place: &Place<'a>, expr: &'a Expr, depth: usize) -> Option<String> {
        match &expr.kind {
            ExprKind::Text(text) => Some(text.clone()),
            ExprKind::Template(parts) | ExprKind::Binary(_, parts) if depth < 4 => {
                let texts = parts.iter().map(|part| {
                    let found = self.eval(place, part, 0);
                    found.into_iter().find_map(|value| match value {
                        Value::Written(at, written) => self.joined(&at, written, depth + 1),
                        _ => None,
                    })
                });
                texts.collect()
            }
            _ => None,
        }
    }

    /// What a call of this function gives.
    pub(crate) fn results_of(&self, place: &Place<'a>, function: &'a Function) -> Vec<Value<'a>> {
        self.steps.set(0);
        self.results(place, function, 0)
    }

    fn eval(&self, place: &Place<'a>, expr: &'a Expr, depth: usize) -> Vec<Value<'a>> {
        if self.is_at_end() || depth > DEPTH {
            return self.cut();
        }
        let depth = depth + 1;
        let written = || vec![Value::Written(place.clone(), expr)];
        let mut values = match &expr.kind {
            ExprKind::Name(name) => self.name(place, name, depth),
            ExprKind::Attribute(of, name) => self
                .eval(place, of, depth)
                .into_iter()
                .flat_map(|of| self.attribute(of, name, depth))
                .collect(),
            ExprKind::Call(callee, arguments) => self
                .eval(place, callee, depth)
                .into_iter()
                .flat_map(|callee| self.call(place, callee, expr, arguments, depth))
                .collect(),
            ExprKind::Await(of) | ExprKind::Walrus(_, of) | ExprKind::Yield(Some(of)) => {
                self.eval(place, of, depth)
            }
            ExprKind::Either(parts) => parts
                .iter()
                .flat_map(|part| self.eval(place, part, depth))
                .collect(),
            ExprKind::Conditional { then, other, .. } => {
                let mut values = self.eval(place, then, depth);
                values.extend(self.eval(place, other, depth));
                values
            }
            ExprKind::Subscript(of, keys) => self.item(place, expr, of, keys, depth),
            ExprKind::Text(_)
            | ExprKind::Template(_)
            | ExprKind::Dict(_)
            | ExprKind::Items(_)
            | ExprKind::Binary(..)
            | ExprKind::Lambda(_)
            | ExprKind::Literal(_) => written(),
            ExprKind::Yield(None) | ExprKind::Other(_) => vec![Value::Unknown],
        };
        values.truncate(VALUES);
        values
    }

    fn item(
        &self,
        place: &Place<'a>,
        expr: &'a Expr,
        of: &'a Expr,
        keys: &'a [Expr],
        depth: usize,
    ) -> Vec<Value<'a>> {
        let values = self.eval(place, of, depth).into_iter();
        values
            .flat_map(|of| match of {
                Value::Package(path) if path == "os.environ" => vec![Value::Made(
                    "os.environ[]".to_owned(),
                    Some((place.clone(), expr)),
                )],
                // a type with its parameters
                Value::Package(_) | Value::Class(..) => vec![Value::Written(place.clone(), expr)],
                Value::Written(
                    at,
                    Expr {
                        kind: ExprKind::Dict(pairs),
                        ..
                    },
                ) => {
                    let wanted = keys.first().and_then(Expr::text);
                    pairs
                        .iter()
                        .filter(|(key, _)| {
                            wanted.is_none()
                                || key.as_ref().and_then(Expr::text).is_none()
                                || key.as_ref().and_then(Expr::text) == wanted
                        })
                        .flat_map(|(_, value)| self.eval(&at, value, depth))
                        .collect()
                }
                Value::Written(
                    at,
                    Expr {
                        kind: ExprKind::Items(items),
                        ..
                    },
                ) => items
                    .iter()
                    .flat_map(|item| self.eval(&at, item, depth))
                    .collect(),
                Value::Made(path, made) => vec![Value::Made(format!("{path}[]"), made)],
                _ => vec![Value::Unknown],
            })
            .collect()
    }

    /// What a call gives.
    fn call(
        &self,
        place: &Place<'a>,
        callee: Value<'a>,
        expr: &'a Expr,
        arguments: &'a [Argument],
        depth: usize,
    ) -> Vec<Value<'a>> {
        match callee {
            Value::Package(path) => {
                let last = path.rsplit('.').next().unwrap_or(&path);
                let first = arguments.first().map(|argument| &argument.value);
                match last {
                    "Depends" | "Security" => first.map_or_else(Vec::new, |of| {
                        self.eval(place, of, depth)
                            .into_iter()
                            .flat_map(|of| self.call(place, of, expr, &[], depth + 1))
                            .collect()
                    }),
                    "partial"
                    | "asynccontextmanager"
                    | "contextmanager"
                    | "lru_cache"
                    | "cache"
                    | "run_in_threadpool"
                    | "deepcopy"
                    | "copy"
                        if first.is_some() =>
                    {
                        first.map_or_else(Vec::new, |of| self.eval(place, of, depth))
                    }
                    "cast" => argument(arguments, Some(1), "val")
                        .map_or_else(Vec::new, |of| self.eval(place, of, depth)),
                    "next" | "anext" if !path.contains('.') => {
                        first.map_or_else(Vec::new, |of| self.eval(place, of, depth))
                    }
                    "super" if !path.contains('.') => place
                        .class
                        .map(|class| Value::Instance(Self::around(place), class))
                        .into_iter()
                        .collect(),
                    _ => vec![Value::Made(
                        format!("{path}()"),
                        Some((place.clone(), expr)),
                    )],
                }
            }
            Value::Made(path, _) => {
                vec![Value::Made(
                    format!("{path}()"),
                    Some((place.clone(), expr)),
                )]
            }
            Value::Class(at, class) => vec![Value::Instance(at, class)],
            Value::Instance(at, class) => self
                .in_class(&at, class, "__call__", depth)
                .into_iter()
                .flat_map(|callee| match callee {
                    Value::Function(at, function) => self.results(&at, function, depth),
                    _ => vec![Value::Unknown],
                })
                .collect(),
            Value::Function(at, function) => self.results(&at, function, depth),
            Value::Written(
                at,
                Expr {
                    kind: ExprKind::Lambda(body),
                    ..
                },
            ) => self.eval(&at, body, depth),
            Value::Module(_) | Value::Written(..) | Value::Unknown => vec![Value::Unknown],
        }
    }

    /// The place that a class stands in, seen from inside of it.
    fn around(place: &Place<'a>) -> Place<'a> {
        let mut at = place;
        while let Some(outer) = &at.outer {
            let inside = at.class.is_some();
            at = outer;
            if inside && at.class.is_none() {
                break;
            }
        }
        at.clone()
    }

    /// What a function returns or yields, else what it says it does.
    fn results(&self, place: &Place<'a>, function: &'a Function, depth: usize) -> Vec<Value<'a>> {
        if depth > DEPTH {
            return self.cut();
        }
        let inside = Self::inside(place, function);
        let mut values = Vec::new();
        for value in given(&function.body) {
            values.extend(self.eval(&inside, value, depth + 1));
        }
        if values.iter().all(|value| matches!(value, Value::Unknown))
            && let Some(returns) = &function.returns
        {
            values = self.typed(&inside, returns, depth + 1);
        }
        if values.is_empty() {
            values.push(Value::Unknown);
        }
        values
    }

    fn attribute(&self, of: Value<'a>, name: &str, depth: usize) -> Vec<Value<'a>> {
        match of {
            Value::Module(module) => self.of_module(module, name, depth),
            Value::Package(path) | Value::Made(path, _) => {
                vec![Value::Package(format!("{path}.{name}"))]
            }
            Value::Class(at, class) | Value::Instance(at, class) => {
                self.in_class(&at, class, name, depth)
            }
            Value::Written(_, expr) if matches!(expr.kind, ExprKind::Text(_)) => {
                vec![Value::Package(format!("str().{name}"))]
            }
            Value::Written(_, expr) if matches!(expr.kind, ExprKind::Dict(_)) => {
                vec![Value::Package(format!("dict().{name}"))]
            }
            Value::Function(..) | Value::Written(..) | Value::Unknown => vec![Value::Unknown],
        }
    }

    /// An attribute of a class or of an object of it.
    fn in_class(
        &self,
        place: &Place<'a>,
        class: &'a Class,
        name: &str,
        depth: usize,
    ) -> Vec<Value<'a>> {
        if depth > DEPTH {
            return self.cut();
        }
        let body = Self::class_body(place, class);
        let mut values = Vec::new();
        for binding in self
            .bound(&class.body, None)
            .get(name)
            .into_iter()
            .flatten()
        {
            if let Binding::Function(function) = binding
                && function.decorators.iter().any(|decorator| {
                    matches!(
                        decorator.last_name(),
                        Some("property" | "cached_property" | "computed_field")
                    )
                })
            {
                values.extend(self.results(&body, function, depth + 1));
                continue;
            }
            values.extend(self.binding(&body, *binding, depth + 1));
        }
        for stmt in &class.body {
            let StmtKind::Function(method) = &stmt.kind else {
                continue;
            };
            let Some(own) = method.parameters.first() else {
                continue;
            };
            for value in set_on(&method.body, &own.name, name) {
                values.extend(self.eval(&Self::inside(&body, method), value, depth + 1));
            }
        }
        if !values.is_empty() {
            return values;
        }
        for base in &class.bases {
            if base.name.is_some() {
                continue;
            }
            for base in self.eval(place, &base.value, depth + 1) {
                values.extend(match base {
                    Value::Class(at, class) => self.in_class(&at, class, name, depth + 1),
                    Value::Package(path) => vec![Value::Package(format!("{path}().{name}"))],
                    _ => vec![Value::Unknown],
                });
            }
        }
        if values.is_empty() {
            values.push(Value::Unknown);
        }
        values
    }

    /// Takes a step, and says whether the value has had all that it may take.
    fn is_at_end(&self) -> bool {
        let steps = self.steps.get() + 1;
        self.steps.set(steps);
        steps > STEPS
    }

    /// What is left of a value that a limit or a circle cuts short.
    fn cut(&self) -> Vec<Value<'a>> {
        self.cuts.set(self.cuts.get() + 1);
        vec![Value::Unknown]
    }

    /// What a name of a module stands for, found out once.
    fn of_module(&self, module: usize, name: &str, depth: usize) -> Vec<Value<'a>> {
        let key = (module, name.to_owned());
        match self.members.borrow().get(&key) {
            Some(Some(known)) => return known.clone(),
            Some(None) => return self.cut(),
            None => {}
        }
        // modules that import all names of each other lead on in more ways than can be tried
        if self.is_at_end() {
            return self.cut();
        }
        self.members.borrow_mut().insert(key.clone(), None);
        let before = self.cuts.get();
        let values = self.find_in_module(module, name, depth);
        let mut members = self.members.borrow_mut();
        if self.cuts.get() == before {
            members.insert(key, Some(values.clone()));
        } else {
            members.remove(&key);
        }
        values
    }

    fn find_in_module(&self, module: usize, name: &str, depth: usize) -> Vec<Value<'a>> {
        if depth > DEPTH {
            return self.cut();
        }
        let Some(found) = self.graph.get(module) else {
            return vec![Value::Unknown];
        };
        let top = Self::top(module);
        let bindings = self.bound(&found.body, None);
        let mut values = Vec::new();
        for binding in bindings.get(name).into_iter().flatten() {
            values.extend(self.binding(&top, *binding, depth + 1));
        }
        if values.is_empty()
            && let Some(below) = self.graph.module(&format!("{}.{name}", found.name))
        {
            values.push(Value::Module(below));
        }
        if values.is_empty() {
            for binding in bindings.get("*").into_iter().flatten() {
                if let Binding::Import(import) = binding {
                    let from = found.absolute(import);
                    match self.graph.module(&from) {
                        Some(from) if from != module => {
                            let found = self.of_module(from, name, depth + 1);
                            values.extend(
                                found
                                    .into_iter()
                                    .filter(|value| !matches!(value, Value::Unknown)),
                            );
                        }
                        None if KNOWN_STARS
                            .iter()
                            .any(|(module, names)| *module == from && names.contains(&name)) =>
                        {
                            values.push(Value::Package(format!("{from}.{name}")));
                        }
                        Some(_) | None => {}
                    }
                }
            }
        }
        if values.is_empty() {
            values.push(Value::Unknown);
        }
        values
    }

    fn name(&self, place: &Place<'a>, name: &str, depth: usize) -> Vec<Value<'a>> {
        let mut at = Some(place);
        let mut first = true;
        while let Some(frame) = at {
            if let Some(function) = frame.function {
                let own = function
                    .parameters
                    .iter()
                    .position(|parameter| parameter.name == name);
                let bindings = self.bound(&function.body, Some(function));
                let mut values = Vec::new();
                for binding in bindings.get(name).into_iter().flatten() {
                    values.extend(self.binding(frame, *binding, depth));
                }
                if let Some(own) = own {
                    values.extend(self.parameter(frame, function, own, depth));
                }
                if !values.is_empty() {
                    return values;
                }
            } else if let Some(class) = frame.class {
                let bindings = self.bound(&class.body, None);
                if first && let Some(found) = bindings.get(name) {
                    return found
                        .iter()
                        .flat_map(|binding| self.binding(frame, *binding, depth))
                        .collect();
                }
            } else {
                let values = self.of_module(frame.module, name, depth);
                if !matches!(values.as_slice(), [Value::Unknown]) || !is_builtin(name) {
                    return values;
                }
                return vec![Value::Package(name.to_owned())];
            }
            first = false;
            at = frame.outer.as_ref();
        }
        vec![Value::Unknown]
    }

    fn binding(&self, place: &Place<'a>, binding: Binding<'a>, depth: usize) -> Vec<Value<'a>> {
        match binding {
            Binding::Import(import) => self.imported(place.module, import, depth),
            Binding::Assigned(expr) => self.eval(place, expr, depth),
            Binding::Global(function, expr) => {
                self.eval(&Self::inside(place, function), expr, depth)
            }
            Binding::Element(expr) => self
                .eval(place, expr, depth)
                .into_iter()
                .flat_map(|of| match of {
                    Value::Written(
                        at,
                        Expr {
                            kind: ExprKind::Items(items),
                            ..
                        },
                    ) => items
                        .iter()
                        .flat_map(|item| self.eval(&at, item, depth))
                        .collect(),
                    Value::Made(path, made) => vec![Value::Made(path, made)],
                    _ => vec![Value::Unknown],
                })
                .collect(),
            Binding::Typed(annotation) => self.typed(place, annotation, depth),
            Binding::Function(function) => vec![Value::Function(place.clone(), function)],
            Binding::Class(class) => vec![Value::Class(place.clone(), class)],
        }
    }

    fn imported(&self, module: usize, import: &'a Import, depth: usize) -> Vec<Value<'a>> {
        let Some(from) = self.graph.get(module).map(|module| module.absolute(import)) else {
            return vec![Value::Unknown];
        };
        match &import.what {
            Imported::Module(alias) => {
                let name = if alias.is_some() {
                    from.as_str()
                } else {
                    // `import a.b` binds `a`
                    from.split('.').next().unwrap_or(&from)
                };
                match self.graph.module(name) {
                    Some(at) => vec![Value::Module(at)],
                    None => vec![Value::Package(name.to_owned())],
                }
            }
            Imported::Name(name, _) => {
                if let Some(at) = self.graph.module(&from) {
                    let values = if at == module {
                        vec![Value::Unknown]
                    } else {
                        self.of_module(at, name, depth + 1)
                    };
                    if !matches!(values.as_slice(), [Value::Unknown]) {
                        return values;
                    }
                }
                if let Some(at) = self.graph.module(&format!("{from}.{name}")) {
                    return vec![Value::Module(at)];
                }
                if self.graph.module(&from).is_some() || self.graph.missing.contains_key(&from) {
                    return vec![Value::Unknown];
                }
                vec![Value::Package(format!("{from}.{name}"))]
            }
            Imported::Everything => vec![Value::Unknown],
        }
    }

    /// What a parameter is: what its type says, its default, and what the calls of the function give it.
    fn parameter(
        &self,
        place: &Place<'a>,
        function: &'a Function,
        at: usize,
        depth: usize,
    ) -> Vec<Value<'a>> {
        let Some(parameter) = function.parameters.get(at) else {
            return vec![Value::Unknown];
        };
        let outer = place
            .outer
            .clone()
            .unwrap_or_else(|| Self::top(place.module));
        if at == 0
            && let Some(class) = place.class
            && !function
                .decorators
                .iter()
                .any(|decorator| decorator.last_name() == Some("staticmethod"))
        {
            return vec![Value::Instance(Self::around(place), class)];
        }
        let mut values = Vec::new();
        let mut left_out = true;
        let typed = parameter
            .annotation
            .as_ref()
            .map_or_else(Vec::new, |annotation| {
                self.typed(&outer, annotation, depth + 1)
            });
        let (plain, telling): (Vec<_>, Vec<_>) = typed.into_iter().partition(is_plain);
        if telling.is_empty() {
            let shift = usize::from(place.class.is_some());
            let mut calls = 0;
            let mut given = 0;
            for site in self.calls_of(place, function).take(CALLERS) {
                let ExprKind::Call(_, arguments) = &site.call.kind else {
                    continue;
                };
                calls += 1;
                if let Some(value) = argument(arguments, at.checked_sub(shift), &parameter.name) {
                    given += 1;
                    values.extend(self.eval(&site.place, value, depth + 4));
                }
            }
            left_out = calls == 0 || given < calls;
        }
        if left_out && let Some(default) = &parameter.default {
            values.extend(self.eval(&outer, default, depth + 1));
        }
        values.extend(telling);
        // what is written tells more than a type of the language
        if values.iter().all(|value| matches!(value, Value::Unknown)) {
            values.extend(plain);
        }
        if values.is_empty() {
            values.push(Value::Unknown);
        }
        values
    }

    /// Objects of a type.
    fn typed(&self, place: &Place<'a>, annotation: &'a Expr, depth: usize) -> Vec<Value<'a>> {
        if self.is_at_end() || depth > DEPTH {
            return self.cut();
        }
        let depth = depth + 1;
        match &annotation.kind {
            ExprKind::Subscript(of, keys) => match of.last_name() {
                Some("Annotated") => {
                    let mut values = Vec::new();
                    for (at, key) in keys.iter().enumerate() {
                        values.extend(if at == 0 {
                            self.typed(place, key, depth)
                        } else if matches!(&key.kind, ExprKind::Call(..)) {
                            self.eval(place, key, depth)
                        } else {
                            Vec::new()
                        });
                    }
                    values
                }
                Some(
                    "Optional" | "AsyncGenerator" | "Generator" | "Iterator" | "AsyncIterator"
                    | "Iterable" | "AsyncIterable" | "Awaitable" | "ClassVar" | "Final" | "Union",
                ) => keys
                    .iter()
                    .take(1)
                    .flat_map(|key| self.typed(place, key, depth))
                    .collect(),
                _ => self.typed(place, of, depth),
            },
            ExprKind::Items(parts) | ExprKind::Binary(_, parts) => parts
                .iter()
                .flat_map(|part| self.typed(place, part, depth))
                .filter(|value| !matches!(value, Value::Unknown))
                .collect(),
            ExprKind::Text(name) => self
                .name(place, name.split(['[', '.']).next().unwrap_or(name), depth)
                .into_iter()
                .flat_map(|value| self.instance(value, depth))
                .collect(),
            ExprKind::Name(_) | ExprKind::Attribute(..) => self
                .eval(place, annotation, depth)
                .into_iter()
                .flat_map(|value| self.instance(value, depth))
                .collect(),
            _ => vec![Value::Unknown],
        }
    }

    fn instance(&self, value: Value<'a>, depth: usize) -> Vec<Value<'a>> {
        match value {
            Value::Class(at, class) => vec![Value::Instance(at, class)],
            Value::Package(path) => vec![Value::Made(format!("{path}()"), None)],
            // another name of a type
            Value::Written(at, expr) => self.typed(&at, expr, depth),
            Value::Made(path, made) => vec![Value::Made(path, made)],
            _ => vec![Value::Unknown],
        }
    }

    /// Whether a class descends from a class of a package whose name ends so.
    pub(crate) fn descends(&self, place: &Place<'a>, class: &'a Class, names: &[&str]) -> bool {
        self.steps.set(0);
        self.descends_at(place, class, names, 0)
    }

    fn descends_at(
        &self,
        place: &Place<'a>,
        class: &'a Class,
        names: &[&str],
        depth: usize,
    ) -> bool {
        depth < DEPTH
            && class.bases.iter().any(|base| {
                self.eval(place, &base.value, depth)
                    .into_iter()
                    .any(|base| match base {
                        Value::Class(at, class) => self.descends_at(&at, class, names, depth + 1),
                        Value::Package(path) | Value::Made(path, _) => names.iter().any(|name| {
                            path.trim_end_matches("()").rsplit('.').next() == Some(name)
                        }),
                        _ => false,
                    })
            })
    }
}

/// Whether a value tells no more than a type of the language.
fn is_plain(value: &Value<'_>) -> bool {
    match value {
        Value::Unknown => true,
        Value::Made(path, None) => {
            is_builtin(path.trim_end_matches("()")) || path.starts_with("typing")
        }
        _ => false,
    }
}

/// Names that `from … import *` brings from packages, as far as they matter here.
const KNOWN_STARS: &[(&str, &[&str])] = &[
    (
        "sqlmodel",
        &["SQLModel", "Session", "create_engine", "text", "select"],
    ),
    (
        "sqlalchemy",
        &["create_engine", "text", "MetaData", "select"],
    ),
    (
        "sqlalchemy.orm",
        &[
            "Session",
            "sessionmaker",
            "DeclarativeBase",
            "declarative_base",
        ],
    ),
    ("fastapi", &["FastAPI", "APIRouter", "Depends"]),
    ("dotenv", &["load_dotenv"]),
    ("os", &["environ", "getenv"]),
];

fn is_builtin(name: &str) -> bool {
    matches!(
        name,
        "dict"
            | "str"
            | "int"
            | "bool"
            | "list"
            | "set"
            | "tuple"
            | "print"
            | "len"
            | "getattr"
            | "hasattr"
            | "isinstance"
            | "next"
            | "anext"
            | "super"
            | "open"
            | "range"
            | "enumerate"
            | "Exception"
            | "RuntimeError"
            | "ValueError"
            | "any"
            | "all"
            | "sum"
            | "max"
            | "min"
            | "round"
            | "type"
            | "repr"
            | "sorted"
            | "zip"
            | "float"
            | "id"
            | "vars"
            | "map"
            | "filter"
            | "format"
    )
}
