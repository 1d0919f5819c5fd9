//! The paths that an application answers to `GET`: FastAPI's, Flask's and Django's.

use std::collections::BTreeMap;

use crate::domain::{
    python::{
        code::{Place, PythonCode, Value},
        reads::{follow::written, survey::CodeSurvey},
        syntax::{Argument, Expr, ExprKind, argument},
    },
    reading::{Route, Spot},
};

/// How many lists of Django's paths may lie in each other.
const NESTING: usize = 8;

/// The most paths that are kept.
const PATHS: usize = 2000;

/// The paths that are answered, the first place of each.
pub(super) fn routes<'a>(code: &PythonCode<'a>, survey: &CodeSurvey<'a>) -> Vec<Route> {
    let mut found = FoundPaths::default();
    fastapi(code, &mut found);
    flask(code, &mut found);
    django(code, survey, &mut found);
    found
        .0
        .into_iter()
        .map(|(path, at)| Route { path, at })
        .collect()
}

#[derive(Default)]
struct FoundPaths(BTreeMap<String, Spot>);

impl FoundPaths {
    fn add(&mut self, path: &str, at: Spot) {
        let plain = !path.is_empty()
            && path.len() < 200
            && !path.contains(['{', '<', '*', '(', '[', '^', '$', '\\', '?', '%', ' ', '#'])
            && path.chars().all(|c| !c.is_control());
        if plain && self.0.len() < PATHS {
            let path = if path.starts_with('/') {
                path.to_owned()
            } else {
                format!("/{path}")
            };
            self.0.entry(path).or_insert(at);
        }
    }
}

fn fastapi(code: &PythonCode<'_>, found: &mut FoundPaths) {
    for site in code.sites_named("FastAPI") {
        let ExprKind::Call(callee, _) = &site.call.kind else {
            continue;
        };
        let made = code
            .values(&site.place, callee)
            .into_iter()
            .any(|value| matches!(value, Value::Package(path) if path.ends_with(".FastAPI")));
        if !made {
            continue;
        }
        let app = Value::Made(
            "fastapi.FastAPI()".to_owned(),
            Some((site.place.clone(), site.call)),
        );
        for route in code.routes(&app).found {
            let asks = argument(route.arguments, None, "methods").is_none_or(names_get);
            for path in route.paths.iter().filter(|_| asks) {
                found.add(path, route.spot.clone());
            }
        }
    }
}

fn names_get(methods: &Expr) -> bool {
    let mut got = false;
    methods.visit(&mut |expr| got |= expr.text() == Some("GET"));
    got
}

/// What made a blueprint: its module and where the call stands.
type BlueprintOrigin = (usize, usize);

fn flask(code: &PythonCode<'_>, found: &mut FoundPaths) {
    let blueprints = registered(code);
    let declared = |place: &Place<'_>, made: BlueprintOrigin, path: &str| -> Vec<String> {
        let _: &Place<'_> = place;
        blueprints
            .get(&made)
            .map(|prefixes| {
                prefixes
                    .iter()
                    .map(|prefix| format!("{prefix}{path}"))
                    .collect()
            })
            .unwrap_or_default()
    };
    for (place, function) in &code.functions {
        for decorator in &function.decorators {
            let ExprKind::Call(callee, arguments) = &decorator.kind else {
                continue;
            };
            let ExprKind::Attribute(of, method) = &callee.kind else {
                continue;
            };
            if !matches!(method.as_str(), "route" | "get") {
                continue;
            }
            let asks = argument(arguments, None, "methods").is_none_or(names_get);
            let Some(path) = path_of(code, place, argument(arguments, Some(0), "rule")) else {
                continue;
            };
            for owner in owners(code, place, of).into_iter().filter(|_| asks) {
                let paths = match owner {
                    BlueprintOwner::App => vec![path.clone()],
                    BlueprintOwner::Blueprint(made) => declared(place, made, &path),
                };
                for path in paths {
                    found.add(&path, code.spot(place, decorator));
                }
            }
        }
    }
    for site in code.sites_named("add_url_rule") {
        let ExprKind::Call(callee, arguments) = &site.call.kind else {
            continue;
        };
        let ExprKind::Attribute(of, _) = &callee.kind else {
            continue;
        };
        let asks = argument(arguments, None, "methods").is_none_or(names_get);
        let rule = argument(arguments, Some(0), "rule");
        if let Some(path) = path_of(code, &site.place, rule)
            && asks
            && owners(code, &site.place, of).contains(&BlueprintOwner::App)
        {
            found.add(&path, code.spot(&site.place, site.call));
        }
    }
}

fn path_of<'a>(code: &PythonCode<'a>, place: &Place<'a>, path: Option<&'a Expr>) -> Option<String> {
    code.texts(place, path?).into_iter().next()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BlueprintOwner {
    App,
    Blueprint(BlueprintOrigin),
}

fn owners<'a>(code: &PythonCode<'a>, place: &Place<'a>, of: &'a Expr) -> Vec<BlueprintOwner> {
    let mut found = Vec::new();
    for value in code.values(place, of) {
        if let Value::Made(path, Some((at, call))) = value {
            let owner = match path.trim_end_matches("()").rsplit('.').next() {
                Some("Flask" | "Quart") => BlueprintOwner::App,
                Some("Blueprint" | "APIBlueprint") => {
                    BlueprintOwner::Blueprint((at.module, call.span.start))
                }
                _ => continue,
            };
            if !found.contains(&owner) {
                found.push(owner);
            }
        }
    }
    found
}

/// The prefixes under which each blueprint is registered.
fn registered(code: &PythonCode<'_>) -> BTreeMap<BlueprintOrigin, Vec<String>> {
    let mut found: BTreeMap<BlueprintOrigin, Vec<String>> = BTreeMap::new();
    for site in code.sites_named("register_blueprint") {
        let ExprKind::Call(_, arguments) = &site.call.kind else {
            continue;
        };
        let Some(blueprint) = argument(arguments, Some(0), "blueprint") else {
            continue;
        };
        for value in code.values(&site.place, blueprint) {
            let Value::Made(_, Some((at, call))) = value else {
                continue;
            };
            let ExprKind::Call(_, made_with) = &call.kind else {
                continue;
            };
            // what it is registered with goes before what it was made with
            let given = argument(arguments, None, "url_prefix").map(|prefix| (&site.place, prefix));
            let own = argument(made_with, None, "url_prefix").map(|prefix| (&at, prefix));
            let prefix = match given.or(own) {
                None => Some(String::new()),
                Some((place, prefix)) => path_of(code, place, Some(prefix)),
            };
            if let Some(prefix) = prefix {
                found
                    .entry((at.module, call.span.start))
                    .or_default()
                    .push(prefix.trim_end_matches('/').to_owned());
            }
        }
    }
    found
}

/// Django's lists of paths, from the one that the settings name.
fn django<'a>(code: &PythonCode<'a>, survey: &CodeSurvey<'a>, found: &mut FoundPaths) {
    let mut roots = Vec::new();
    for given in &survey.given {
        if given.target.last_name() == Some("ROOT_URLCONF") {
            for name in code.texts(&given.place, given.value) {
                roots.extend(code.graph.module(&name));
            }
        }
    }
    roots.sort_unstable();
    roots.dedup();
    for root in roots {
        in_urls(code, survey, root, "/", found, 0);
    }
}

fn in_urls<'a>(
    code: &PythonCode<'a>,
    survey: &CodeSurvey<'a>,
    module: usize,
    prefix: &str,
    found: &mut FoundPaths,
    depth: usize,
) {
    if depth > NESTING {
        return;
    }
    for given in &survey.given {
        if given.place.module == module && given.target.last_name() == Some("urlpatterns") {
            patterns(
                code,
                survey,
                &given.place,
                given.value,
                prefix,
                found,
                depth,
            );
        }
    }
}

fn patterns<'a>(
    code: &PythonCode<'a>,
    survey: &CodeSurvey<'a>,
    place: &Place<'a>,
    list: &'a Expr,
    prefix: &str,
    found: &mut FoundPaths,
    depth: usize,
) {
    if depth > NESTING {
        return;
    }
    match &list.kind {
        ExprKind::Items(parts) | ExprKind::Binary(_, parts) => {
            for part in parts {
                patterns(code, survey, place, part, prefix, found, depth);
            }
        }
        // those of `i18n_patterns` begin with a language
        ExprKind::Call(callee, arguments)
            if matches!(callee.last_name(), Some("path" | "re_path" | "url")) =>
        {
            pattern(code, survey, (place, list, arguments), prefix, found, depth);
        }
        ExprKind::Name(name) if name != "urlpatterns" => {
            for (at, value) in written(code, place, list) {
                patterns(code, survey, &at, value, prefix, found, depth + 1);
            }
        }
        _ => {}
    }
}

fn pattern<'a>(
    code: &PythonCode<'a>,
    survey: &CodeSurvey<'a>,
    (place, call, arguments): (&Place<'a>, &'a Expr, &'a [Argument]),
    prefix: &str,
    found: &mut FoundPaths,
    depth: usize,
) {
    let Some(route) = path_of(code, place, argument(arguments, Some(0), "route")) else {
        return;
    };
    let route = route.trim_start_matches('^').trim_end_matches('$');
    let path = format!("{prefix}{}", route.trim_start_matches('/'));
    let Some(view) = argument(arguments, Some(1), "view") else {
        return;
    };
    if let ExprKind::Call(callee, included) = &view.kind
        && callee.last_name() == Some("include")
    {
        let Some(what) = included.first().map(|argument| &argument.value) else {
            return;
        };
        let what = match &what.kind {
            // the list with the name of its application
            ExprKind::Items(items) => match items.first() {
                Some(first) => first,
                None => return,
            },
            _ => what,
        };
        let names = code.texts(place, what);
        if names.is_empty() {
            patterns(code, survey, place, what, &path, found, depth + 1);
        }
        for module in names.iter().filter_map(|name| code.graph.module(name)) {
            in_urls(code, survey, module, &path, found, depth + 1);
        }
        return;
    }
    // a whole site, such as the one of the administration
    if view.last_name() != Some("urls") {
        found.add(&path, code.spot(place, call));
    }
}
