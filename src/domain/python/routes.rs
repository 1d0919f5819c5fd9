//! The routes of a FastAPI application, with their whole paths, and what runs when it starts.

use crate::domain::{
    python::{
        code::{Place, PythonCode, Value},
        syntax::{Argument, Expr, ExprKind, Function, Span, StmtKind, argument},
    },
    reading::Spot,
};

/// What made an application or a router: its module and where the call stands.
type RouterOrigin = (usize, usize);

/// How many routers may lie in each other.
const NESTING: usize = 12;

/// Stands for a part of a path that is not known.
const ANY: char = '*';

/// A route that answers GET.
#[derive(Debug)]
pub(crate) struct GetRoute<'a> {
    pub place: Place<'a>,
    /// The function that answers, where it is one of the code.
    pub function: Option<&'a Function>,
    /// Where the route is declared.
    pub spot: Spot,
    /// The decorator's or the call's arguments.
    pub arguments: &'a [Argument],
    /// The whole paths under which it answers.
    pub paths: Vec<String>,
}

/// A router within another, or within the application.
struct Inclusion {
    parent: Option<RouterOrigin>,
    child: Option<RouterOrigin>,
    prefix: Option<String>,
}

/// A FastAPI application.
#[derive(Debug)]
pub(crate) struct FastApiRoutes<'a> {
    pub found: Vec<GetRoute<'a>>,
    /// What runs when it starts.
    pub startup: Vec<(Place<'a>, &'a Expr)>,
    /// Functions that are registered for its start.
    pub on_start: Vec<(Place<'a>, &'a Function)>,
}

/// What the object is that a server is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AppKind {
    FastApi,
    /// Another framework, by its package.
    Other(String),
    Unknown,
}

struct RouteReader<'c, 'a> {
    code: &'c PythonCode<'a>,
    main: Option<RouterOrigin>,
    inclusions: Vec<Inclusion>,
}

impl<'a> PythonCode<'a> {
    /// What an application object is, and the call that makes it.
    pub(crate) fn app(&self, values: &[Value<'a>]) -> (AppKind, Option<Value<'a>>) {
        self.app_within(values, 0)
    }

    fn app_within(&self, values: &[Value<'a>], depth: usize) -> (AppKind, Option<Value<'a>>) {
        let mut other = AppKind::Unknown;
        for value in values {
            if self.is_app(value) {
                return (AppKind::FastApi, Some(value.clone()));
            }
            if let Value::Made(path, made) = value {
                // something that wraps the application
                if let Some((
                    place,
                    Expr {
                        kind: ExprKind::Call(_, arguments),
                        ..
                    },
                )) = made
                    && depth < 4
                {
                    for argument in arguments {
                        let inner = self.values(place, &argument.value);
                        if let (AppKind::FastApi, found) = self.app_within(&inner, depth + 1) {
                            return (AppKind::FastApi, found);
                        }
                    }
                }
                let root = path.split(['.', '(']).next().unwrap_or(path);
                other = AppKind::Other(root.to_owned());
            }
        }
        (other, None)
    }

    fn is_app(&self, value: &Value<'a>) -> bool {
        match value {
            Value::Made(path, _) => {
                path.trim_end_matches("()").rsplit('.').next() == Some("FastAPI")
            }
            Value::Instance(at, class) => self.descends(at, class, &["FastAPI"]),
            _ => false,
        }
    }

    fn is_router(&self, value: &Value<'a>) -> bool {
        match value {
            Value::Made(path, _) => path
                .trim_end_matches("()")
                .rsplit('.')
                .next()
                .is_some_and(|name| name.ends_with("Router")),
            Value::Instance(at, class) => {
                self.descends(at, class, &["APIRouter", "InferringRouter"])
            }
            _ => false,
        }
    }

    /// The routes of the application that this value is.
    pub(crate) fn routes(&self, app: &Value<'a>) -> FastApiRoutes<'a> {
        let mut reader = RouteReader {
            code: self,
            main: None,
            inclusions: Vec::new(),
        };
        reader.main = reader.identity(app);
        reader.include();
        let mut found = FastApiRoutes {
            found: Vec::new(),
            startup: self.lifespans.clone(),
            on_start: Vec::new(),
        };
        reader.decorated(&mut found);
        reader.registered(&mut found);
        found
    }
}

impl<'a> RouteReader<'_, 'a> {
    fn identity(&self, value: &Value<'a>) -> Option<RouterOrigin> {
        match value {
            Value::Made(_, Some((place, call))) => Some((place.module, call.span.start)),
            // a parameter of this type: the only application there is
            Value::Made(path, None) if path.ends_with("FastAPI()") => self.main,
            Value::Instance(place, class) => Some((place.module, class.span.start)),
            _ => None,
        }
    }

    /// The applications and routers that an expression may be; `None` among them for what is not known.
    fn owners(&self, place: &Place<'a>, expr: &'a Expr) -> Vec<Option<RouterOrigin>> {
        let mut owners = Vec::new();
        let mut named = false;
        for value in self.code.values(place, expr) {
            if self.code.is_app(&value) || self.code.is_router(&value) {
                named = true;
                owners.extend(self.identity(&value).map(Some));
            } else if matches!(&value, Value::Package(path) if path.ends_with("FastAPI().router")) {
                owners.push(self.main);
            } else if matches!(value, Value::Unknown) {
                owners.push(None);
            }
        }
        if named {
            owners.retain(Option::is_some);
        }
        owners.dedup();
        owners
    }

    fn text(&self, place: &Place<'a>, expr: Option<&'a Expr>) -> Option<String> {
        expr.map_or_else(
            || Some(String::new()),
            |expr| {
                // a path's parameters stay as they are written
                self.code.texts(place, expr).into_iter().next()
            },
        )
    }

    fn include(&mut self) {
        for site in &self.code.sites {
            let ExprKind::Call(callee, arguments) = &site.call.kind else {
                continue;
            };
            let ExprKind::Attribute(parent, method) = &callee.kind else {
                continue;
            };
            let (child, prefix) = match method.as_str() {
                "include_router" => (
                    argument(arguments, Some(0), "router"),
                    self.text(&site.place, argument(arguments, None, "prefix")),
                ),
                "mount" => (
                    argument(arguments, Some(1), "app"),
                    self.text(&site.place, argument(arguments, Some(0), "path")),
                ),
                _ => continue,
            };
            let Some(child) = child else { continue };
            let parents = self.owners(&site.place, parent);
            let children = self.owners(&site.place, child);
            for parent in &parents {
                for child in &children {
                    self.inclusions.push(Inclusion {
                        parent: *parent,
                        child: *child,
                        prefix: prefix.clone(),
                    });
                }
            }
        }
    }

    /// The beginnings of the paths below an application or a router.
    fn prefixes(&self, of: Option<RouterOrigin>, depth: usize) -> Vec<String> {
        let Some(made) = of else {
            return vec![ANY.to_string()];
        };
        if Some(made) == self.main {
            return vec![String::new()];
        }
        if depth > NESTING {
            return Vec::new();
        }
        let own = self.own_prefix(made);
        let mut found = Vec::new();
        for inclusion in &self.inclusions {
            // what is included in a way that is not known may be this one
            if inclusion.child.is_some_and(|child| child != made) {
                continue;
            }
            let outer = match inclusion.parent {
                Some(parent) if parent == made => continue,
                parent => self.prefixes(parent, depth + 1),
            };
            for outer in outer {
                let prefix = if inclusion.child.is_none() {
                    ANY.to_string()
                } else {
                    inclusion.prefix.clone().unwrap_or_else(|| ANY.to_string())
                };
                found.push(format!("{outer}{prefix}{own}"));
            }
        }
        found.sort();
        found.dedup();
        found.truncate(64);
        found
    }

    /// The prefix that a router is made with.
    fn own_prefix(&self, made: RouterOrigin) -> String {
        let site = self
            .code
            .sites
            .iter()
            .find(|site| (site.place.module, site.call.span.start) == made);
        let Some((site, ExprKind::Call(_, arguments))) = site.map(|site| (site, &site.call.kind))
        else {
            return String::new();
        };
        self.text(&site.place, argument(arguments, None, "prefix"))
            .unwrap_or_else(|| ANY.to_string())
    }

    fn paths(
        &self,
        owners: &[Option<RouterOrigin>],
        place: &Place<'a>,
        path: Option<&'a Expr>,
    ) -> Vec<String> {
        let path = match path {
            Some(path) => self
                .text(place, Some(path))
                .unwrap_or_else(|| ANY.to_string()),
            None => ANY.to_string(),
        };
        owners
            .iter()
            .flat_map(|owner| self.prefixes(*owner, 0))
            .map(|prefix| format!("{prefix}{path}"))
            .collect()
    }

    /// The routes and start-up functions that decorators declare.
    fn decorated(&self, found: &mut FastApiRoutes<'a>) {
        for (place, function) in &self.code.functions {
            for decorator in &function.decorators {
                let ExprKind::Call(callee, arguments) = &decorator.kind else {
                    continue;
                };
                let ExprKind::Attribute(of, method) = &callee.kind else {
                    continue;
                };
                if method == "on_event" {
                    let event = arguments.first().and_then(|argument| argument.value.text());
                    if event == Some("startup") {
                        found.on_start.push((place.clone(), function));
                    }
                    continue;
                }
                if !matches!(method.as_str(), "get" | "api_route" | "route") {
                    continue;
                }
                let owners = self.owners(place, of);
                if owners.is_empty() {
                    continue;
                }
                found.found.push(GetRoute {
                    place: place.clone(),
                    function: Some(function),
                    spot: self.code.spot(place, decorator),
                    arguments,
                    paths: self.paths(&owners, place, argument(arguments, Some(0), "path")),
                });
            }
        }
    }

    /// The routes, lifespans and start-up functions that calls register.
    fn registered(&self, found: &mut FastApiRoutes<'a>) {
        for site in &self.code.sites {
            let ExprKind::Call(callee, arguments) = &site.call.kind else {
                continue;
            };
            let place = &site.place;
            let (owners, path, endpoint) = match &callee.kind {
                ExprKind::Attribute(of, method) => match method.as_str() {
                    "add_api_route" | "add_route" => (
                        self.owners(place, of),
                        argument(arguments, Some(0), "path"),
                        argument(arguments, Some(1), "endpoint"),
                    ),
                    "add_event_handler" => {
                        let event = argument(arguments, Some(0), "event_type");
                        if event.and_then(Expr::text) == Some("startup") {
                            found.startup.extend(
                                argument(arguments, Some(1), "func")
                                    .map(|called| (place.clone(), called)),
                            );
                        }
                        continue;
                    }
                    _ => continue,
                },
                // app.get("/health")(health)
                ExprKind::Call(inner, inner_arguments)
                    if matches!(inner.last_name(), Some("get" | "api_route")) =>
                {
                    let ExprKind::Attribute(of, _) = &inner.kind else {
                        continue;
                    };
                    (
                        self.owners(place, of),
                        argument(inner_arguments, Some(0), "path"),
                        arguments.first().map(|argument| &argument.value),
                    )
                }
                _ => match callee.last_name() {
                    Some("FastAPI" | "APIRouter") => {
                        for name in ["lifespan", "on_startup"] {
                            found.startup.extend(
                                argument(arguments, None, name).map(|value| (place.clone(), value)),
                            );
                        }
                        continue;
                    }
                    Some("APIRoute" | "Route") => (
                        vec![self.main],
                        argument(arguments, Some(0), "path"),
                        argument(arguments, Some(1), "endpoint"),
                    ),
                    _ => {
                        // a class of one's own that descends from FastAPI
                        found.startup.extend(
                            argument(arguments, None, "lifespan")
                                .map(|value| (place.clone(), value)),
                        );
                        continue;
                    }
                },
            };
            let Some(endpoint) = endpoint.filter(|_| !owners.is_empty()) else {
                continue;
            };
            let function = self
                .code
                .values(place, endpoint)
                .into_iter()
                .find_map(|value| match value {
                    Value::Function(at, function) => Some((at, function)),
                    _ => None,
                });
            found.found.push(GetRoute {
                place: function
                    .as_ref()
                    .map_or_else(|| place.clone(), |(at, _)| at.clone()),
                function: function.map(|(_, function)| function),
                spot: self.code.spot(place, site.call),
                arguments,
                paths: self.paths(&owners, place, path),
            });
        }
    }
}

/// Whether a path of a route is the wanted one. A slash at the end makes no difference: one redirects to the other.
pub(crate) fn is_path(wanted: &str, path: &str) -> bool {
    let (wanted, path) = (wanted.trim_end_matches('/'), path.trim_end_matches('/'));
    match (path.split_once(ANY), path.rsplit_once(ANY)) {
        (Some((before, _)), Some((_, after))) => {
            wanted.len() >= before.len() + after.len()
                && wanted.starts_with(before)
                && wanted.ends_with(after)
                // nothing known of the path is not enough
                && !after.is_empty()
        }
        _ => wanted == path,
    }
}

/// Words in the last part of the path of a route that tells whether an application is well.
const HEALTH: &[&str] = &[
    "health",
    "healthz",
    "healthcheck",
    "health-check",
    "health_check",
    "healthy",
    "ready",
    "readyz",
    "readiness",
    "livez",
    "live",
    "status",
    "ping",
    "db-health",
    "db",
];

/// How likely a path is that of the health route; less is more.
pub(crate) fn health_rank(path: &str) -> Option<usize> {
    if path.contains([ANY, '{']) {
        return None;
    }
    let last = path.trim_end_matches('/').rsplit('/').next()?;
    HEALTH.iter().position(|name| *name == last)
}

/// What a route's function promises: the texts of the dictionary that it returns when all is well.
pub(crate) fn promises<'a>(code: &PythonCode<'a>, route: &GetRoute<'a>) -> Vec<(String, String)> {
    let Some(function) = route.function else {
        return Vec::new();
    };
    let mut returned = Vec::new();
    returns(&function.body, &mut returned);
    let place = PythonCode::inside(&route.place, function);
    let mut all: Option<Vec<(String, String)>> = None;
    for value in returned {
        let pairs = match promised(code, &place, value) {
            Promise::Pairs(pairs) => pairs,
            Promise::Failure => continue,
            Promise::Other => return Vec::new(),
        };
        all = Some(match all {
            None => pairs,
            Some(known) => known
                .into_iter()
                .filter(|pair| pairs.contains(pair))
                .collect(),
        });
    }
    let mut all = all.unwrap_or_default();
    // a model of the answer leaves out what it does not know
    let model = argument(route.arguments, None, "response_model").or(function.returns.as_ref());
    if let Some(model) = model {
        let values = code.instances(&route.place, model);
        for value in values {
            if let Value::Instance(_, class) = value {
                all.retain(|(key, _)| {
                    class.body.iter().any(|stmt| match &stmt.kind {
                        StmtKind::Assign { targets, .. } => {
                            targets.iter().any(|target| target.last_name() == Some(key))
                        }
                        _ => false,
                    })
                });
            }
        }
    }
    all
}

/// What a body returns where nothing fails.
fn returns<'a>(body: &'a [crate::domain::python::syntax::Stmt], into: &mut Vec<&'a Expr>) {
    for stmt in body {
        match &stmt.kind {
            StmtKind::Return(Some(value)) => into.push(value),
            StmtKind::Try { body, rest, .. } => {
                returns(body, into);
                returns(rest, into);
            }
            _ => {
                for body in stmt.blocks() {
                    returns(body, into);
                }
            }
        }
    }
}

/// What a returned value says.
enum Promise {
    Pairs(Vec<(String, String)>),
    /// An answer that says that something failed.
    Failure,
    /// An answer that promises nothing that can be read.
    Other,
}

fn promised<'a>(code: &PythonCode<'a>, place: &Place<'a>, value: &'a Expr) -> Promise {
    match &value.kind {
        ExprKind::Dict(pairs) => Promise::Pairs(
            pairs
                .iter()
                .filter_map(|(key, value)| {
                    Some((key.as_ref()?.text()?.to_owned(), value.text()?.to_owned()))
                })
                .collect(),
        ),
        ExprKind::Call(callee, arguments)
            if callee
                .last_name()
                .is_some_and(|name| name.ends_with("JSONResponse")) =>
        {
            let status = argument(arguments, Some(1), "status_code");
            if status.is_some_and(|status| !succeeds(code, place, status)) {
                return Promise::Failure;
            }
            argument(arguments, Some(0), "content")
                .map_or(Promise::Other, |content| promised(code, place, content))
        }
        _ => Promise::Other,
    }
}

/// Whether a status code is one of success, whatever way the program takes.
fn succeeds<'a>(code: &PythonCode<'a>, place: &Place<'a>, status: &'a Expr) -> bool {
    code.values(place, status).iter().all(|value| match value {
        Value::Written(_, written) => {
            matches!(&written.kind, ExprKind::Literal(text) if text.starts_with('2'))
        }
        Value::Package(path) => path.contains("HTTP_200"),
        _ => false,
    })
}

/// Where a function's first `yield` stands, as a statement right in its body.
pub(crate) fn yield_of(function: &Function) -> Option<Span> {
    fn within(body: &[crate::domain::python::syntax::Stmt]) -> Option<Span> {
        body.iter().find_map(|stmt| {
            let yields = stmt
                .exprs()
                .into_iter()
                .any(|expr| matches!(expr.kind, ExprKind::Yield(_)));
            if yields {
                Some(stmt.span)
            } else {
                stmt.blocks().into_iter().find_map(within)
            }
        })
    }
    within(&function.body)
}
