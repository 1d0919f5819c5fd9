//! The paths that an application answers to `GET`.
//!
//! They are named by calls (Express, Fastify, Koa's router, Hono), by decorators (those of Nest), or by where a file is (Next.js,
//! Svelte's kit, Nuxt, Astro). What is mounted under a path is followed; a router whose place is not known is left out.

use std::collections::BTreeSet;

use crate::domain::{
    javascript::{
        code::{FilePosition, Meaning, NodeCode},
        env::{object, spot},
        file::{Export, File},
        tree::Id,
    },
    reading::{Route, Spot},
};

/// How many routers may be mounted in each other.
const MOUNTED: usize = 8;

/// The most routes and mounts that are kept: generated ones have some thousand.
const MOST: usize = 5_000;

/// What answers paths: an application, a router, or the parameter of a function that is given one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Owner {
    file: String,
    id: Id,
    /// Whether it answers without being mounted.
    serves: bool,
    prefix: String,
}

impl Owner {
    fn is(&self, other: &Self) -> bool {
        self.id == other.id && self.file == other.file
    }
}

/// The prefix of all of Nest's routes.
#[derive(Debug, Default)]
enum Global {
    #[default]
    None,
    Text(String),
    Computed,
}

/// What was seen in all files.
#[derive(Debug, Default)]
pub(super) struct Routes {
    gets: Vec<(Owner, String, Spot)>,
    mounts: Vec<(Owner, String, Owner)>,
    controllers: Vec<(String, Spot)>,
    global: Global,
    excluded: BTreeSet<String>,
    placed: Vec<Route>,
}

impl Routes {
    /// Adds what a file says.
    pub(super) fn add(&mut self, code: &NodeCode<'_>, dir: &str, file: &FilePosition) {
        self.by_place(dir, file);
        let tree = file.tree();
        for id in 0..tree.len() {
            if self.gets.len() + self.mounts.len() + self.controllers.len() > MOST {
                return;
            }
            match tree.kind(id) {
                "call_expression" => {
                    self.call(code, &file.at(id));
                }
                "decorator" => {
                    self.controller(code, &file.at(id));
                }
                _ => {}
            }
        }
    }

    /// All routes with their whole paths.
    pub(super) fn finish(self) -> Vec<Route> {
        let mut found = self.placed.clone();
        for (owner, path, at) in &self.gets {
            for prefix in self.prefixes(owner, MOUNTED) {
                found.push((under(&prefix, path), at.clone()).into());
            }
        }
        for (path, at) in &self.controllers {
            let bare = path.trim_matches('/');
            let path = match &self.global {
                Global::Computed => continue,
                Global::Text(prefix) if !self.excluded.contains(bare) => under(prefix, path),
                Global::Text(_) | Global::None => path.clone(),
            };
            found.push((path, at.clone()).into());
        }
        found.retain(|route| {
            !route.path.contains([':', '*', '{', '[', '(', '$', ' ']) && route.path.is_ascii()
        });
        found.sort_by(|a, b| (&a.at, &a.path).cmp(&(&b.at, &b.path)));
        found.dedup();
        found
    }

    fn prefixes(&self, owner: &Owner, depth: usize) -> Vec<String> {
        let Some(depth) = depth.checked_sub(1) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        let mut mounted = false;
        for (parent, prefix, child) in &self.mounts {
            if child.is(owner) && !parent.is(owner) {
                mounted = true;
                for outer in self.prefixes(parent, depth) {
                    found.push(under(&under(&outer, prefix), &owner.prefix));
                }
            }
            if found.len() > MOUNTED {
                break;
            }
        }
        if !mounted && owner.serves {
            found.push(owner.prefix.clone());
        }
        found
    }

    fn call(&mut self, code: &NodeCode<'_>, place: &FilePosition) -> Option<()> {
        let tree = place.tree();
        let callee = tree.callee(place.id)?;
        let arguments = tree.arguments(place.id);
        if tree.kind(callee) != "member_expression" {
            return self.handed_on(code, place, callee, &arguments);
        }
        let method = tree.source(tree.field(callee, "property")?);
        let of = place.at(tree.field(callee, "object")?);
        let first = *arguments.first()?;
        let text = tree.text(first);
        match method {
            "get" => match text {
                Some(path) if arguments.len() > 1 && path.starts_with('/') => {
                    self.gets.push((owner(code, &of)?, path, spot(place)));
                }
                // Express: `router.route("/path").get(handler)`
                None => {
                    let inner = tree.bare(of.id);
                    let route = tree.callee(inner)?;
                    let path = tree.text(*tree.arguments(inner).first()?)?;
                    if tree.source(tree.field(route, "property")?) == "route" {
                        let of = place.at(tree.field(route, "object")?);
                        self.gets.push((owner(code, &of)?, path, spot(place)));
                    }
                }
                Some(_) => {}
            },
            "use" | "route" | "mount" | "group" => {
                let parent = owner(code, &of)?;
                let prefix = text.clone().unwrap_or_default();
                for argument in arguments.iter().skip(usize::from(text.is_some())) {
                    if let Some(child) = owner(code, &place.at(*argument)) {
                        self.mounts.push((parent.clone(), prefix.clone(), child));
                    }
                }
            }
            "register" => {
                let parent = owner(code, &of)?;
                let child = owner(code, &place.at(first))?;
                let prefix = arguments.get(1).and_then(|options| {
                    let options = object(code, &place.at(*options))?;
                    let prefix = options.tree().property_of(options.id, "prefix")?;
                    options.tree().text(prefix)
                });
                self.mounts
                    .push((parent, prefix.unwrap_or_default(), child));
            }
            "setGlobalPrefix" => {
                self.global = text.map_or(Global::Computed, Global::Text);
                if let Some(options) = arguments.get(1)
                    && let Some(options) = object(code, &place.at(*options))
                {
                    let tree = options.tree();
                    let excluded = tree.property_of(options.id, "exclude");
                    for id in excluded.into_iter().flat_map(|list| tree.all(list)) {
                        if tree.kind(id) == "string" {
                            let path = tree.text(id).unwrap_or_default();
                            self.excluded.insert(path.trim_matches('/').to_owned());
                        }
                    }
                }
            }
            _ => {}
        }
        Some(())
    }

    /// `addRoutes(app)`: a function of the repository that is given an application.
    fn handed_on(
        &mut self,
        code: &NodeCode<'_>,
        place: &FilePosition,
        callee: Id,
        arguments: &[Id],
    ) -> Option<()> {
        let parent = arguments
            .iter()
            .find_map(|argument| owner(code, &place.at(*argument)))?;
        let Meaning::Place(function) = code.follow(&place.at(callee)) else {
            return None;
        };
        if function.tree().is_function(function.id) {
            let child = of_function(&function);
            self.mounts.push((parent, String::new(), child));
        }
        Some(())
    }

    /// Nest: `@Controller("path")` with its `@Get("path")`.
    fn controller(&mut self, code: &NodeCode<'_>, place: &FilePosition) -> Option<()> {
        let tree = place.tree();
        let call = tree.children(place.id).next()?;
        let named = tree.callee(call).map(|callee| tree.source(callee));
        if named != Some("Controller") {
            return None;
        }
        let prefix = match tree.arguments(call).first() {
            None => String::new(),
            Some(argument) => {
                if let Some(text) = tree.text(*argument) {
                    text
                } else {
                    let options = object(code, &place.at(*argument))?;
                    let tree = options.tree();
                    // a version changes the path by settings made elsewhere
                    if tree.property_of(options.id, "version").is_some() {
                        return None;
                    }
                    tree.text(tree.property_of(options.id, "path")?)?
                }
            }
        };
        let around = tree.parent(place.id)?;
        let class = std::iter::once(around)
            .chain(tree.children(around))
            .find(|id| tree.kind(*id) == "class_declaration")?;
        let body = tree.field(class, "body")?;
        for member in tree.children(body) {
            let decorator = match tree.kind(member) {
                "decorator" => tree.children(member).next(),
                _ => None,
            };
            let Some(call) = decorator.filter(|call| {
                tree.callee(*call)
                    .is_some_and(|callee| tree.source(callee) == "Get")
            }) else {
                continue;
            };
            let path = match tree.arguments(call).first() {
                None => String::new(),
                Some(argument) => match tree.text(*argument) {
                    Some(text) => text,
                    None => continue,
                },
            };
            self.controllers
                .push((under(&prefix, &path), spot(&place.at(member))));
        }
        Some(())
    }

    /// Frameworks that find routes by where files are.
    fn by_place(&mut self, dir: &str, file: &FilePosition) {
        if let Some(path) = place_of(dir, &file.file) {
            let at = ["GET", "default"]
                .iter()
                .find_map(|name| match file.file.exports.get(*name) {
                    Some(Export::Value(id)) => Some(*id),
                    _ => None,
                })
                .unwrap_or_default();
            self.placed.push((path, spot(&file.at(at))).into());
        }
    }
}

impl From<(String, Spot)> for Route {
    fn from((path, at): (String, Spot)) -> Self {
        Self { path, at }
    }
}

/// Stands for the default export that Nuxt's `defineEventHandler` made; other servers have such files without it.
const HANDLER: &str = "handler";

/// Whether a file may be a route by where it is, so that it is read whatever it holds.
pub(super) fn is_placed(dir: &str, path: &str) -> bool {
    route_of(dir, path).is_some()
}

/// The path that a file answers, and the export that does.
fn route_of(dir: &str, path: &str) -> Option<(String, &'static str)> {
    let below = if dir.is_empty() {
        path
    } else {
        path.strip_prefix(dir)?.strip_prefix('/')?
    };
    let below = below.strip_prefix("src/").unwrap_or(below);
    let (stem, end) = below.rsplit_once('.')?;
    if !matches!(end, "ts" | "js" | "tsx" | "jsx" | "mts" | "mjs") {
        return None;
    }
    let (folder, name) = stem.rsplit_once('/')?;
    let whole = |path: &str| {
        let path = path.strip_suffix("/index").unwrap_or(path);
        if path == "index" {
            String::new()
        } else {
            path.to_owned()
        }
    };
    let (root, rest) = folder.split_once('/').unwrap_or((folder, ""));
    match (root, name) {
        ("app", "route") | ("routes", "+server") => Some((rest.to_owned(), "GET")),
        ("pages", _) => {
            let path = whole(stem.strip_prefix("pages/")?);
            let export = if path == "api" || path.starts_with("api/") {
                "default"
            } else {
                "GET"
            };
            Some((path, export))
        }
        ("server", _) => {
            let path = stem.strip_prefix("server/")?;
            let path = match path.strip_prefix("routes/") {
                Some(path) => path,
                None => path.strip_prefix("api/").map(|_| path)?,
            };
            let path = path.strip_suffix(".get").unwrap_or(path);
            (!path.contains('.')).then(|| (whole(path), HANDLER))
        }
        _ => None,
    }
}

fn place_of(dir: &str, file: &File) -> Option<String> {
    let (path, export) = route_of(dir, &file.path)?;
    let answers = match file.exports.get("default") {
        Some(Export::Value(id)) if export == HANDLER => file
            .tree
            .callee(*id)
            .is_some_and(|callee| file.tree.source(callee).ends_with("ventHandler")),
        _ => file.exports.contains_key(export),
    };
    if !answers {
        return None;
    }
    let mut parts = vec![""];
    for part in path.split('/').filter(|part| !part.is_empty()) {
        match part.chars().next() {
            // groups and slots are not in the address
            Some('(') if part.ends_with(')') => {}
            Some('@') => {}
            Some('_' | '[' | '(') => return None,
            _ => parts.push(part),
        }
    }
    let path = parts.join("/");
    Some(if path.is_empty() {
        "/".to_owned()
    } else {
        path
    })
}

fn of_function(function: &FilePosition) -> Owner {
    Owner {
        file: function.file.path.clone(),
        id: function.id,
        serves: false,
        prefix: String::new(),
    }
}

/// What an expression is that answers paths.
fn owner(code: &NodeCode<'_>, place: &FilePosition) -> Option<Owner> {
    let mut place = place.clone();
    // chained calls give the same application back
    for _ in 0..64 {
        let tree = place.tree();
        let id = tree.bare(place.id);
        if tree.kind(id) == "identifier"
            && let Some((function, _)) = place.file.parameter(id, tree.source(id))
        {
            return Some(of_function(&place.at(function)));
        }
        let call = match code.follow(&place) {
            Meaning::Place(call) => call,
            Meaning::Module(file) => match file.exports.get("*") {
                Some(Export::Value(id)) => {
                    let id = *id;
                    match code.follow(&FilePosition { file, id }) {
                        Meaning::Place(call) => call,
                        _ => return None,
                    }
                }
                _ => return None,
            },
            _ => return None,
        };
        let tree = call.tree();
        if tree.is_function(call.id) {
            return Some(of_function(&call));
        }
        let callee = tree.callee(call.id)?;
        if let Meaning::Outside(package, path) = code.follow(&call.at(callee)) {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            let serves = match (package.as_str(), path.as_slice()) {
                ("express" | "fastify" | "koa" | "polka", [])
                | ("fastify", ["fastify" | "Fastify"])
                | ("hono" | "hono/quick" | "hono/tiny", ["Hono"])
                | ("@hono/zod-openapi", ["OpenAPIHono"])
                | ("elysia", ["Elysia"] | []) => true,
                ("express", ["Router"])
                | ("@koa/router" | "koa-router" | "express-promise-router", [] | ["Router"]) => {
                    false
                }
                _ => return None,
            };
            let prefix = tree.arguments(call.id).first().and_then(|options| {
                let options = object(code, &call.at(*options))?;
                let prefix = options.tree().property_of(options.id, "prefix")?;
                options.tree().text(prefix)
            });
            return Some(Owner {
                file: call.file.path.clone(),
                id: call.id,
                serves,
                prefix: prefix.unwrap_or_default(),
            });
        }
        let method = tree.source(tree.field(callee, "property")?);
        if !matches!(
            method,
            "get"
                | "post"
                | "put"
                | "patch"
                | "delete"
                | "use"
                | "route"
                | "routes"
                | "all"
                | "on"
                | "onError"
                | "middleware"
                | "notFound"
                | "withTypeProvider"
        ) {
            return None;
        }
        let object = tree.field(callee, "object")?;
        place = call.at(object);
    }
    None
}

/// A path below another.
fn under(prefix: &str, path: &str) -> String {
    let parts: Vec<&str> = prefix
        .split('/')
        .chain(path.split('/'))
        .filter(|part| !part.is_empty())
        .collect();
    format!("/{}", parts.join("/"))
}
