//! The env files that an application loads by name, and where they lie.

use std::collections::BTreeSet;

use crate::domain::{
    python::{
        code::{Place, PythonCode, Value},
        reads::{
            fields::{class_spot, settings_class, settings_classes},
            follow::written,
            survey::CodeSurvey,
            variables::{default_texts, variable},
        },
        syntax::{Argument, Expr, ExprKind, argument},
    },
    reading::{EnvFileRead, Spot},
    source::{FileReader, join},
};

/// How many names and parts a path may lead through.
const LINKS: usize = 24;

/// The most paths that one expression may stand for.
const PATHS: usize = 8;

/// A path as the code builds it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Built {
    /// Relative to the folder where the program runs.
    Here(String),
    /// Relative to the repository's root.
    Root(String),
}

/// What the questions about paths need.
pub(super) struct Paths<'c, 'a> {
    pub code: &'c PythonCode<'a>,
    pub names: &'c BTreeSet<String>,
    pub files: FileReader<'c>,
    /// The application's folder.
    pub dir: &'c str,
}

/// The env files that are loaded.
pub(super) fn env_files<'a>(paths: &Paths<'_, 'a>, survey: &CodeSurvey<'a>) -> Vec<EnvFileRead> {
    let mut found = Vec::new();
    for seen in &survey.exprs {
        if let ExprKind::Call(callee, arguments) = &seen.expr.kind
            && paths.may_load(callee, arguments)
        {
            paths.loaded(&seen.place, seen.expr, callee, arguments, &mut found);
        }
    }
    for (place, class, settings) in settings_classes(paths.code) {
        let Some((at, value)) = settings.option(paths.code, "env_file") else {
            continue;
        };
        let only = settings.forbids_others(paths.code).then(|| {
            settings
                .reads(paths.code)
                .into_iter()
                .map(|read| read.key)
                .collect()
        });
        let spot = Spot {
            line: value.span.line,
            ..class_spot(paths.code, &at, class)
        };
        let spot = if spot.file.is_empty() {
            class_spot(paths.code, &place, class)
        } else {
            spot
        };
        for path in paths.each(&at, value) {
            found.push(EnvFileRead {
                path,
                at: spot.clone(),
                only: only.clone(),
            });
        }
    }
    found
}

impl<'a> Paths<'_, 'a> {
    fn may_load(&self, callee: &Expr, arguments: &[Argument]) -> bool {
        let named = |name: &str| self.names.contains(name);
        arguments
            .iter()
            .any(|argument| argument.name.as_deref() == Some("_env_file"))
            || matches!(
                callee.last_name(),
                Some(
                    "load_dotenv"
                        | "dotenv_values"
                        | "read_env"
                        | "read_envfile"
                        | "RepositoryEnv"
                        | "Config"
                        | "config"
                )
            )
            || callee.last_name().is_some_and(named)
    }

    fn loaded(
        &self,
        place: &Place<'a>,
        call: &'a Expr,
        callee: &'a Expr,
        arguments: &'a [Argument],
        found: &mut Vec<EnvFileRead>,
    ) {
        let at = self.code.spot(place, call);
        let mut add = |paths: Vec<String>, only: Option<BTreeSet<String>>| {
            for path in paths {
                found.push(EnvFileRead {
                    path,
                    at: at.clone(),
                    only: only.clone(),
                });
            }
        };
        for value in self.code.values(place, callee) {
            match value {
                Value::Class(class_at, class) => {
                    let file = argument(arguments, None, "_env_file");
                    if let (Some(file), Some(settings)) =
                        (file, settings_class(self.code, &class_at, class))
                    {
                        let only = settings.forbids_others(self.code).then(|| {
                            let reads = settings.reads(self.code).into_iter();
                            reads.map(|read| read.key).collect()
                        });
                        add(self.each(place, file), only);
                    }
                }
                Value::Package(path) => {
                    let root = path.split(['.', '(']).next().unwrap_or_default();
                    let last = path.rsplit('.').next().unwrap_or_default();
                    let first = match (root, last) {
                        ("dotenv", "load_dotenv" | "dotenv_values") => {
                            argument(arguments, Some(0), "dotenv_path")
                        }
                        ("environ", "read_env") => argument(arguments, Some(0), "env_file"),
                        ("environs", "read_env") => argument(arguments, Some(0), "path"),
                        ("decouple", "RepositoryEnv") => argument(arguments, Some(0), "source"),
                        ("starlette", "Config") => {
                            if let Some(file) = argument(arguments, Some(0), "env_file") {
                                add(self.each(place, file), None);
                            }
                            continue;
                        }
                        // it searches for the file itself
                        ("decouple", "config") => None,
                        _ => continue,
                    };
                    let paths = match (first, root) {
                        (Some(first), _) => self.each(place, first),
                        // django-environ takes the one beside the module
                        (None, "environ") => {
                            let folder = self.folder_of(place);
                            vec![join(&folder, ".env")]
                        }
                        (None, _) => vec![self.searched(place, ".env")],
                    };
                    add(paths, None);
                }
                _ => {}
            }
        }
    }

    fn folder_of(&self, place: &Place<'a>) -> String {
        let file = self
            .code
            .graph
            .get(place.module)
            .map_or("", |module| module.file.as_str());
        file.rsplit_once('/')
            .map_or("", |(folder, _)| folder)
            .to_owned()
    }

    /// A file that is looked for from the module's folder upwards: the first that is there, else the first that an example stands
    /// beside, else the one in the application's folder.
    fn searched(&self, place: &Place<'a>, name: &str) -> String {
        let start = self.folder_of(place);
        let mut folders = vec![start.as_str()];
        let mut at = start.as_str();
        while let Some((above, _)) = at.rsplit_once('/') {
            folders.push(above);
            at = above;
        }
        if !start.is_empty() {
            folders.push("");
        }
        let is_there = |path: String| !matches!((self.files)(&path), Ok(None));
        for ending in ["", ".example", ".sample", ".template", ".dist"] {
            for folder in &folders {
                let path = join(folder, name);
                if is_there(format!("{path}{ending}")) {
                    return path;
                }
            }
        }
        let folder = if folders.contains(&self.dir) {
            self.dir
        } else {
            ""
        };
        join(folder, name)
    }

    /// The paths that an expression, or each item of it, stands for.
    fn each(&self, place: &Place<'a>, expr: &'a Expr) -> Vec<String> {
        let mut found = Vec::new();
        self.each_into(place, expr, &mut found, 0);
        found.truncate(PATHS);
        found
    }

    fn each_into(&self, place: &Place<'a>, expr: &'a Expr, found: &mut Vec<String>, depth: usize) {
        if let ExprKind::Items(items) = &expr.kind {
            for item in items {
                self.each_into(place, item, found, depth + 1);
            }
            return;
        }
        let built = self.built(place, expr, depth);
        if built.is_empty() && depth < LINKS {
            for (at, value) in written(self.code, place, expr) {
                if matches!(value.kind, ExprKind::Items(_)) {
                    self.each_into(&at, value, found, depth + 1);
                }
            }
        }
        for path in built {
            let path = match path {
                Built::Here(path) if path.starts_with(['/', '~', '$']) => None,
                Built::Here(path) => normal(&join(self.dir, &path)),
                Built::Root(path) => normal(&path),
            };
            if let Some(path) = path
                && !found.contains(&path)
            {
                found.push(path);
            }
        }
    }

    /// The paths that an expression may be.
    fn built(&self, place: &Place<'a>, expr: &'a Expr, depth: usize) -> Vec<Built> {
        if depth > LINKS {
            return Vec::new();
        }
        let depth = depth + 1;
        let mut found = match &expr.kind {
            ExprKind::Text(text) => vec![Built::Here(text.clone())],
            ExprKind::Name(name) if name == "__file__" => vec![Built::Root(
                self.code
                    .graph
                    .get(place.module)
                    .map(|module| module.file.clone())
                    .unwrap_or_default(),
            )],
            ExprKind::Binary(operator, parts) if operator == "/" => {
                self.joined(place, &parts.iter().collect::<Vec<_>>(), depth)
            }
            ExprKind::Template(_) | ExprKind::Binary(..) => self.appended(place, expr, depth),
            ExprKind::Attribute(of, name) if name == "parent" => self
                .built(place, of, depth)
                .iter()
                .filter_map(parent)
                .collect(),
            ExprKind::Subscript(of, keys) => self.parents(place, of, keys, depth),
            ExprKind::Either(parts) => parts
                .iter()
                .flat_map(|part| self.built(place, part, depth))
                .collect(),
            ExprKind::Conditional { then, other, .. } => [then, other]
                .into_iter()
                .flat_map(|part| self.built(place, part, depth))
                .collect(),
            ExprKind::Call(callee, arguments) => self.called(place, expr, callee, arguments, depth),
            _ => Vec::new(),
        };
        if found.is_empty() {
            for (at, value) in written(self.code, place, expr) {
                found.extend(self.built(&at, value, depth));
            }
        }
        found.truncate(PATHS);
        found
    }

    /// `path.parents[2]`
    fn parents(
        &self,
        place: &Place<'a>,
        of: &'a Expr,
        keys: &'a [Expr],
        depth: usize,
    ) -> Vec<Built> {
        let ExprKind::Attribute(of, name) = &of.kind else {
            return Vec::new();
        };
        let number = keys.first().and_then(|key| match &key.kind {
            ExprKind::Literal(number) => number.parse::<usize>().ok(),
            _ => None,
        });
        let Some(number) = number.filter(|number| name == "parents" && *number < LINKS) else {
            return Vec::new();
        };
        self.built(place, of, depth)
            .into_iter()
            .filter_map(|path| (0..=number).try_fold(path, |path, _| parent(&path)))
            .collect()
    }

    fn joined(&self, place: &Place<'a>, parts: &[&'a Expr], depth: usize) -> Vec<Built> {
        let Some((first, rest)) = parts.split_first() else {
            return Vec::new();
        };
        let mut found = self.built(place, first, depth);
        for part in rest {
            let below = self.built(place, part, depth);
            found = found
                .iter()
                .flat_map(|path| below.iter().filter_map(|below| under(path, below)))
                .take(PATHS)
                .collect();
        }
        found
    }

    /// `f"{BASE}/.env"`, `BASE + "/.env"`: all of whose parts are known.
    fn appended(&self, place: &Place<'a>, expr: &'a Expr, depth: usize) -> Vec<Built> {
        let (ExprKind::Template(parts) | ExprKind::Binary(_, parts)) = &expr.kind else {
            return Vec::new();
        };
        if let ExprKind::Binary(operator, _) = &expr.kind
            && operator != "+"
        {
            return Vec::new();
        }
        let mut whole = None;
        for part in parts {
            let Some(part) = self.built(place, part, depth).into_iter().next() else {
                return Vec::new();
            };
            whole = Some(match (whole, part) {
                (None, part) => part,
                (Some(Built::Here(before)), Built::Here(text)) => Built::Here(before + &text),
                (Some(Built::Here(before)), root) if before.is_empty() => root,
                (Some(Built::Root(before)), Built::Here(text)) => Built::Root(before + &text),
                (Some(_), Built::Root(_)) => return Vec::new(),
            });
        }
        whole.into_iter().collect()
    }

    fn called(
        &self,
        place: &Place<'a>,
        call: &'a Expr,
        callee: &'a Expr,
        arguments: &'a [Argument],
        depth: usize,
    ) -> Vec<Built> {
        let values: Vec<_> = arguments.iter().map(|argument| &argument.value).collect();
        let first = || {
            values
                .first()
                .map_or_else(Vec::new, |first| self.built(place, first, depth))
        };
        if let Some(variable) = variable(self.code, self.names, place, call) {
            return default_texts(self.code, place, &variable)
                .into_iter()
                .map(Built::Here)
                .collect();
        }
        match callee.last_name() {
            Some("find_dotenv") => {
                let name = argument(arguments, Some(0), "filename").and_then(Expr::text);
                let name = name.filter(|name| !name.is_empty()).unwrap_or(".env");
                if argument(arguments, Some(2), "usecwd").is_some() {
                    vec![Built::Here(name.to_owned())]
                } else {
                    vec![Built::Root(self.searched(place, name))]
                }
            }
            Some("Path" | "PurePath" | "PosixPath" | "join") if !values.is_empty() => {
                self.joined(place, &values, depth)
            }
            Some("dirname") => first().iter().filter_map(parent).collect(),
            Some("abspath" | "realpath" | "normpath" | "str" | "fspath" | "getenv") => first(),
            Some("getcwd" | "cwd") => vec![Built::Here(String::new())],
            Some("resolve" | "absolute" | "as_posix" | "expanduser") => match &callee.kind {
                ExprKind::Attribute(of, _) => self.built(place, of, depth),
                _ => Vec::new(),
            },
            Some("joinpath") => match &callee.kind {
                ExprKind::Attribute(of, _) => {
                    let mut parts = vec![&**of];
                    parts.extend(values);
                    self.joined(place, &parts, depth)
                }
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }
}

fn parent(path: &Built) -> Option<Built> {
    let above = |path: &str| -> Option<String> {
        let path = normal(path)?;
        if path.is_empty() || path.ends_with("..") {
            return Some(join(&path, ".."));
        }
        Some(
            path.rsplit_once('/')
                .map_or("", |(above, _)| above)
                .to_owned(),
        )
    };
    match path {
        Built::Here(path) => above(path).map(Built::Here),
        Built::Root(path) => above(path).map(Built::Root),
    }
}

fn under(path: &Built, below: &Built) -> Option<Built> {
    match (path, below) {
        (_, Built::Root(_)) => Some(below.clone()),
        // an absolute path takes the place of what stands before it
        (_, Built::Here(below)) if below.starts_with('/') => None,
        (Built::Here(path), Built::Here(below)) => Some(Built::Here(join(path, below))),
        (Built::Root(path), Built::Here(below)) => Some(Built::Root(join(path, below))),
    }
}

/// A relative path without `.` and `..` but for those that lead out; `None` for an absolute one and for what isn't a path.
fn normal(path: &str) -> Option<String> {
    if path.starts_with(['/', '~', '$']) || path.contains(['\0', '\n']) || path.len() > 1000 {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
