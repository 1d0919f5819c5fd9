//! Where an application connects to its database: with which URL, and with which arguments.

use std::{
    collections::{BTreeMap, BTreeSet},
    ptr,
};

use crate::domain::{
    python::{
        code::{Place, PythonCode, Site, Value},
        makers::{EngineKind, MAKERS},
        settings,
        syntax::{Expr, ExprKind, argument},
    },
    reading::Spot,
};

/// Where a URL comes from.
#[derive(Debug, Default)]
pub(crate) struct UrlSources {
    /// The variables that it is read from.
    pub keys: BTreeSet<String>,
    /// The texts in it, with where they stand.
    pub texts: Vec<(String, Spot)>,
}

/// An option of an engine, or a key of its `connect_args`.
#[derive(Debug, Clone)]
pub(crate) struct EngineOption<'a> {
    pub place: Place<'a>,
    pub value: &'a Expr,
    pub spot: Spot,
    /// Whether it is given whatever way the program takes.
    pub certain: bool,
}

/// Options by their names.
#[derive(Debug, Default)]
pub(crate) struct Entries<'a> {
    pub by_name: BTreeMap<String, EngineOption<'a>>,
    /// Where some of them come from that could not be read.
    pub unknown: Option<Spot>,
}

/// Something that connects.
#[derive(Debug)]
pub(crate) struct SqlEngine<'a> {
    pub kind: EngineKind,
    pub spot: Spot,
    pub place: Place<'a>,
    pub call: &'a Expr,
    pub url: UrlSources,
    pub options: Entries<'a>,
    /// The keys of `connect_args`, or the arguments of a driver's own call.
    pub arguments: Entries<'a>,
}

/// How many dictionaries may be spread into each other.
const SPREADS: usize = 8;

/// How many dictionaries are looked into for the options of one engine, in all.
const DICTIONARIES: usize = 200;

/// How many names and calls a URL may lead through.
const LINKS: usize = 24;

/// How many expressions are followed for one URL, in all.
const FOLLOWED: usize = 2_000;

impl<'a> PythonCode<'a> {
    /// Everything that connects to a database.
    pub(crate) fn engines(&self) -> Vec<SqlEngine<'a>> {
        let wrapped = self.wrapped();
        self.sites
            .iter()
            .filter_map(|site| {
                let kind = match self.kind_of(site)? {
                    EngineKind::Engine if wrapped.iter().any(|call| ptr::eq(*call, site.call)) => {
                        EngineKind::AsyncEngine
                    }
                    kind => kind,
                };
                (!for_sqlite(&site.tests)).then(|| self.engine(site, kind))?
            })
            .collect()
    }

    /// The calls whose engine is made asynchronous at once: `AsyncEngine(create_engine(…))`, as SQLModel's users write it.
    fn wrapped(&self) -> Vec<&'a Expr> {
        self.sites
            .iter()
            .filter_map(|site| {
                let ExprKind::Call(callee, written) = &site.call.kind else {
                    return None;
                };
                if callee.last_name()? != "AsyncEngine" {
                    return None;
                }
                argument(written, Some(0), "sync_engine")
            })
            .collect()
    }

    fn kind_of(&self, site: &Site<'a>) -> Option<EngineKind> {
        let ExprKind::Call(callee, _) = &site.call.kind else {
            return None;
        };
        // under another name it still ends like the call that it is
        let last = callee.last_name()?;
        if !MAKERS.iter().any(|(_, maker, _)| last.ends_with(maker)) && !self.is_renamed(last) {
            return None;
        }
        let mut unknown = true;
        for value in self.values(&site.place, callee) {
            let Value::Package(path) = value else {
                unknown &= matches!(value, Value::Unknown);
                continue;
            };
            unknown = false;
            let root = path.split('.').next().unwrap_or(&path);
            let name = path.rsplit('.').next().unwrap_or(&path);
            if let Some((.., kind)) = MAKERS
                .iter()
                .find(|(package, maker, _)| *package == root && *maker == name)
                && !path.contains("()")
            {
                return Some(*kind);
            }
        }
        match last {
            "create_engine" if unknown => Some(EngineKind::Engine),
            "create_async_engine" if unknown => Some(EngineKind::AsyncEngine),
            _ => None,
        }
    }

    /// Whether an import gives a maker this name.
    fn is_renamed(&self, name: &str) -> bool {
        self.renamed.contains(name)
    }

    fn engine(&self, site: &Site<'a>, kind: EngineKind) -> Option<SqlEngine<'a>> {
        let ExprKind::Call(_, written) = &site.call.kind else {
            return None;
        };
        let place = &site.place;
        let mut options = Entries::default();
        for argument in written {
            if let Some(name) = &argument.name {
                options
                    .by_name
                    .insert(name.clone(), self.entry(place, &argument.value, true));
            } else if argument.stars == 2 {
                self.entries(place, &argument.value, &mut options, 0);
            }
        }
        let mut url = UrlSources::default();
        let first = ["url", "dsn", "conninfo", "db_url", "database_url"]
            .iter()
            .find_map(|name| argument(written, Some(0), name));
        if let Some(first) = first {
            self.sources(place, first, &mut url, 0);
        } else if let Some(entry) = options.by_name.get("url") {
            self.sources(&entry.place, entry.value, &mut url, 0);
        }
        let mut arguments = Entries::default();
        if matches!(kind, EngineKind::Engine | EngineKind::AsyncEngine) {
            if let Some(entry) = options.by_name.get("connect_args") {
                self.entries(&entry.place, entry.value, &mut arguments, 0);
                if !entry.certain {
                    for found in arguments.by_name.values_mut() {
                        found.certain = false;
                    }
                }
            }
        } else if kind != EngineKind::Other {
            arguments.by_name.clone_from(&options.by_name);
        }
        Some(SqlEngine {
            kind,
            spot: self.spot(place, site.call),
            place: place.clone(),
            call: site.call,
            url,
            options,
            arguments,
        })
    }

    fn entry(&self, place: &Place<'a>, value: &'a Expr, certain: bool) -> EngineOption<'a> {
        EngineOption {
            place: place.clone(),
            value,
            spot: self.spot(place, value),
            certain,
        }
    }

    /// Counts what is followed from where the depth is 0, and says whether that is more than the limit: of a few lines that name each
    /// other there are more ways than can be tried.
    fn is_beyond(&self, depth: usize, limit: usize) -> bool {
        let count = if depth == 0 {
            0
        } else {
            self.followed.get() + 1
        };
        self.followed.set(count);
        count > limit
    }

    /// The entries of a dictionary: written, made of others, kept in a variable, filled later.
    fn entries(&self, place: &Place<'a>, expr: &'a Expr, into: &mut Entries<'a>, depth: usize) {
        if self.is_beyond(depth, DICTIONARIES) || depth > SPREADS {
            into.unknown.get_or_insert(self.spot(place, expr));
            return;
        }
        if let Some(found) = self.spread_parameter(place, expr) {
            into.by_name.extend(found);
            return;
        }
        let values = self.values(place, expr);
        let mut ways = Vec::new();
        for value in values {
            let mut way = Entries::default();
            match value {
                Value::Written(at, written) => {
                    self.written_entries(&at, written, &mut way, depth);
                }
                Value::Made(path, Some((at, call))) if path == "dict()" => {
                    if let ExprKind::Call(_, arguments) = &call.kind {
                        for argument in arguments {
                            if let Some(name) = &argument.name {
                                way.by_name
                                    .insert(name.clone(), self.entry(&at, &argument.value, true));
                            } else {
                                self.entries(&at, &argument.value, &mut way, depth + 1);
                            }
                        }
                    }
                    self.filled_later(&at, call, &mut way, depth);
                }
                _ => way.unknown = Some(self.spot(place, expr)),
            }
            ways.push(way);
        }
        let count = ways.len();
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for way in ways {
            if into.unknown.is_none() {
                into.unknown = way.unknown;
            }
            for (name, entry) in way.by_name {
                *seen.entry(name.clone()).or_default() += 1;
                into.by_name.insert(name, entry);
            }
        }
        for (name, times) in seen {
            if times < count
                && let Some(entry) = into.by_name.get_mut(&name)
            {
                entry.certain = false;
            }
        }
    }

    fn written_entries(
        &self,
        place: &Place<'a>,
        written: &'a Expr,
        way: &mut Entries<'a>,
        depth: usize,
    ) {
        match &written.kind {
            ExprKind::Dict(pairs) => {
                for (key, value) in pairs {
                    match key {
                        None => self.entries(place, value, way, depth + 1),
                        Some(key) => {
                            let names = self.texts(place, key);
                            if names.is_empty() {
                                way.unknown.get_or_insert(self.spot(place, key));
                            }
                            let certain = names.len() == 1;
                            for name in names {
                                let mut entry = self.entry(place, value, certain);
                                entry.spot = self.spot(place, key);
                                way.by_name.insert(name, entry);
                            }
                        }
                    }
                }
                self.filled_later(place, written, way, depth);
            }
            ExprKind::Binary(operator, parts) if operator == "|" => {
                for part in parts {
                    self.entries(place, part, way, depth + 1);
                }
            }
            ExprKind::Literal(text) if text == "None" => {}
            _ => {
                way.unknown.get_or_insert(self.spot(place, written));
            }
        }
    }

    /// What is put into a dictionary after it was made.
    fn filled_later(&self, place: &Place<'a>, made: &'a Expr, way: &mut Entries<'a>, depth: usize) {
        let is_it = |at: &Place<'a>, expr: &'a Expr| {
            at.module == place.module
                && self.values(at, expr).iter().any(|value| match value {
                    Value::Written(_, found) | Value::Made(_, Some((_, found))) => {
                        found.span == made.span
                    }
                    _ => false,
                })
        };
        for item in &self.items {
            if !is_it(&item.place, item.of) {
                continue;
            }
            for name in self.texts(&item.place, item.key) {
                let mut entry = self.entry(&item.place, item.value, item.tests == 0);
                entry.spot = self.spot(&item.place, item.key);
                way.by_name.insert(name, entry);
            }
        }
        for site in self.sites_named("update") {
            let ExprKind::Call(callee, arguments) = &site.call.kind else {
                continue;
            };
            let ExprKind::Attribute(of, _) = &callee.kind else {
                continue;
            };
            if !is_it(&site.place, of) {
                continue;
            }
            let mut more = Entries::default();
            for argument in arguments {
                if let Some(name) = &argument.name {
                    more.by_name
                        .insert(name.clone(), self.entry(&site.place, &argument.value, true));
                } else {
                    self.entries(&site.place, &argument.value, &mut more, depth + 1);
                }
            }
            if way.unknown.is_none() {
                way.unknown = more.unknown;
            }
            for (name, mut entry) in more.by_name {
                entry.certain &= site.tests.is_empty();
                way.by_name.insert(name, entry);
            }
        }
    }

    /// What the callers of a function give for its `**name`.
    fn spread_parameter(
        &self,
        place: &Place<'a>,
        expr: &'a Expr,
    ) -> Option<BTreeMap<String, EngineOption<'a>>> {
        let ExprKind::Name(name) = &expr.kind else {
            return None;
        };
        let function = place.function?;
        function
            .parameters
            .iter()
            .find(|parameter| parameter.stars == 2 && parameter.name == *name)?;
        let mut found = BTreeMap::new();
        for site in self.calls_of(place, function) {
            let ExprKind::Call(_, arguments) = &site.call.kind else {
                continue;
            };
            for argument in arguments {
                if let Some(name) = &argument.name
                    && !function
                        .parameters
                        .iter()
                        .any(|parameter| parameter.name == *name)
                {
                    found.insert(name.clone(), self.entry(&site.place, &argument.value, true));
                }
            }
        }
        Some(found)
    }

    /// Where the parts of a URL come from.
    pub(crate) fn sources(
        &self,
        place: &Place<'a>,
        expr: &'a Expr,
        into: &mut UrlSources,
        depth: usize,
    ) {
        if self.is_beyond(depth, FOLLOWED)
            || depth > LINKS
            || into.texts.len() + into.keys.len() > LINKS
        {
            return;
        }
        let depth = depth + 1;
        match &expr.kind {
            ExprKind::Text(text) => into.texts.push((text.clone(), self.spot(place, expr))),
            ExprKind::Template(parts) | ExprKind::Binary(_, parts) | ExprKind::Either(parts) => {
                for part in parts {
                    self.sources(place, part, into, depth);
                }
            }
            ExprKind::Conditional { then, other, .. } => {
                self.sources(place, then, into, depth);
                self.sources(place, other, into, depth);
            }
            ExprKind::Attribute(of, name) => {
                for value in self.values(place, of) {
                    if let Value::Instance(at, class) = value
                        && settings::is_settings(self, &at, class)
                    {
                        into.keys.extend(settings::keys(class, name));
                    }
                }
                self.sources_of_values(place, expr, into, depth);
            }
            ExprKind::Call(..) | ExprKind::Name(_) | ExprKind::Subscript(..) => {
                self.sources_of_values(place, expr, into, depth);
            }
            ExprKind::Await(of) | ExprKind::Walrus(_, of) => {
                self.sources(place, of, into, depth);
            }
            _ => {}
        }
    }

    fn sources_of_values(
        &self,
        place: &Place<'a>,
        expr: &'a Expr,
        into: &mut UrlSources,
        depth: usize,
    ) {
        for value in self.values(place, expr) {
            match value {
                Value::Written(at, written) if written.span != expr.span => {
                    self.sources(&at, written, into, depth);
                }
                Value::Made(path, Some((at, made))) => {
                    self.made(&path, &at, made, into, depth);
                }
                _ => {}
            }
        }
    }

    fn made(
        &self,
        path: &str,
        place: &Place<'a>,
        made: &'a Expr,
        into: &mut UrlSources,
        depth: usize,
    ) {
        match &made.kind {
            ExprKind::Subscript(_, keys) if path == "os.environ[]" => {
                for key in keys {
                    into.keys.extend(self.texts(place, key));
                }
            }
            ExprKind::Call(callee, arguments) => {
                let root = path.split(['.', '(']).next().unwrap_or(path);
                let reads = matches!(path, "os.getenv()" | "os.environ.get()")
                    || matches!(root, "decouple" | "environs" | "environ")
                    || path.starts_with("starlette.config.Config()");
                for (at, argument) in arguments.iter().enumerate() {
                    if at == 0 && reads {
                        into.keys.extend(self.texts(place, &argument.value));
                    } else {
                        self.sources(place, &argument.value, into, depth);
                    }
                }
                if let ExprKind::Attribute(of, _) = &callee.kind {
                    self.sources(place, of, into, depth);
                }
            }
            _ => {}
        }
    }
}

/// Whether a call is made only where the URL is one of `SQLite`.
fn for_sqlite(tests: &[(&Expr, bool)]) -> bool {
    tests.iter().any(|(test, holds)| {
        let negated = matches!(&test.kind, ExprKind::Other(parts) if parts.len() == 1);
        test.mentions(&["sqlite"]) && *holds != negated
    })
}
