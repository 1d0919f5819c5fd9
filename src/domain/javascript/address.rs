//! The variables that the address of a database is made of.

use std::collections::BTreeSet;

use crate::domain::{
    javascript::{
        code::{FilePosition, Meaning, NodeCode},
        env::{call, is_loud, key_of, returned, schema, spot},
        tree::Id,
    },
    reading::WrittenAddress,
    url::{Part, is_foreign, recognize},
};

/// How deep a value is looked into for the variables that it is made of.
const DEEP: usize = 24;

/// The properties of settings that say where a database is, beside its [parts](part_of).
const WHOLE: &[&str] = &[
    "adapter",
    "auth",
    "client",
    "clientUrl",
    "connection",
    "connectionOptions",
    "connectionString",
    "connectionUrl",
    "credentials",
    "data",
    "databaseUrl",
    "datasource",
    "datasourceUrl",
    "datasources",
    "db",
    "dbCredentials",
    "dialect",
    "development",
    "options",
    "pool",
    "production",
    "replication",
    "uri",
    "url",
    "useFactory",
];

/// The variables of an address.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct AddressVariables {
    /// Those that hold all of it.
    pub keys: BTreeSet<String>,
    pub parts: Vec<(String, Part)>,
    /// What of it the code itself writes.
    pub written: Vec<WrittenAddress>,
}

impl AddressVariables {
    pub(super) fn add(&mut self, key: String, part: Option<Part>) {
        match part {
            None => {
                self.keys.insert(key);
            }
            Some(part) => {
                if !self.parts.contains(&(key.clone(), part)) {
                    self.parts.push((key, part));
                }
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.parts.is_empty()
    }

    /// Adds what a value is made of, which is the whole address or a part of it.
    pub(super) fn read(&mut self, code: &NodeCode<'_>, place: &FilePosition, part: Option<Part>) {
        Collector {
            code,
            address: self,
            left: NODES,
        }
        .value(place, DEEP, part);
    }
}

/// The most values that are looked into for one address: settings are small, and what a program computes may branch without end.
const NODES: usize = 2_000;

/// The part of an address that a property of settings is.
fn part_of(property: &str) -> Option<Part> {
    Some(match property {
        "host" | "hostname" | "server" => Part::Host,
        "port" => Part::Port,
        "database" | "dbName" => Part::Database,
        "user" | "username" | "userName" => Part::User,
        "password" => Part::Password,
        _ => return None,
    })
}

struct Collector<'a, 'b> {
    code: &'a NodeCode<'b>,
    address: &'a mut AddressVariables,
    left: usize,
}

impl Collector<'_, '_> {
    fn value(&mut self, place: &FilePosition, depth: usize, part: Option<Part>) {
        let (Some(depth), Some(left)) = (depth.checked_sub(1), self.left.checked_sub(1)) else {
            return;
        };
        self.left = left;
        let tree = place.tree();
        let id = tree.bare(place.id);
        let place = &place.at(id);
        match tree.kind(id) {
            "identifier"
            | "shorthand_property_identifier"
            | "member_expression"
            | "subscript_expression" => self.name(place, depth, part),
            "call_expression" | "new_expression" => self.call(place, depth, part),
            "object" => self.object(place, depth),
            "string" | "number" => self.literal(place, part),
            "template_string" if tree.text(id).is_some() => self.literal(place, part),
            "template_string" | "binary_expression" if part.is_none() => {
                self.text(place, depth);
            }
            "ternary_expression" => {
                for role in ["consequence", "alternative"] {
                    if let Some(value) = tree.field(id, role) {
                        self.value(&place.at(value), depth, part);
                    }
                }
            }
            "class_declaration" | "class" => {}
            _ if tree.is_function(id) => {
                for value in returned(place) {
                    self.value(&value, depth, part);
                }
            }
            _ => {
                for child in tree.children(id) {
                    self.value(&place.at(child), depth, part);
                }
            }
        }
    }

    /// A value that the code itself writes.
    fn literal(&mut self, place: &FilePosition, part: Option<Part>) {
        let tree = place.tree();
        let text = tree.text(place.id);
        let foreign = match (part, &text) {
            (None, Some(text)) => match recognize(text) {
                Some(url) => is_foreign(&url.host),
                None => return,
            },
            (None, None) => return,
            (Some(Part::Host), Some(text)) => is_foreign(text),
            (Some(_), _) => false,
        };
        self.write_down(place, part, foreign);
    }

    fn write_down(&mut self, place: &FilePosition, part: Option<Part>, foreign: bool) {
        let written = WrittenAddress {
            at: spot(place),
            span: place.tree().span(place.id),
            part,
            foreign,
        };
        if !self.address.written.contains(&written) {
            self.address.written.push(written);
        }
    }

    fn name(&mut self, place: &FilePosition, depth: usize, part: Option<Part>) {
        let found = self.code.follow(place);
        match &found {
            Meaning::Outside(..) => match key_of(&found) {
                Some(key) => self.address.add(key, part),
                None => self.object_of(place, depth, part),
            },
            Meaning::Place(_) if NodeCode::stands_for_itself(place, &found) => {}
            Meaning::Place(value) => self.value(value, depth, part),
            Meaning::Part(of, path) => self.below(of, path, depth, part),
            Meaning::Module(_) => {}
            Meaning::Unknown => self.object_of(place, depth, part),
        }
    }

    /// What a member is taken of, where the member itself is not known.
    fn object_of(&mut self, place: &FilePosition, depth: usize, part: Option<Part>) {
        if let Some(object) = place.tree().field(place.id, "object") {
            self.value(&place.at(object), depth, part);
        }
    }

    fn call(&mut self, place: &FilePosition, depth: usize, part: Option<Part>) {
        let tree = place.tree();
        if let Some((key, _)) = call(self.code, place) {
            self.address.add(key, part);
            return;
        }
        if let Some(callee) = tree.callee(place.id) {
            if let Some(object) = tree.field(callee, "object") {
                self.value(&place.at(object), depth, part);
            }
            if let Meaning::Place(function) = self.code.follow(&place.at(callee)) {
                for value in returned(&function) {
                    self.value(&value, depth, part);
                }
            }
        }
        for argument in tree.arguments(place.id) {
            self.value(&place.at(argument), depth, part);
        }
    }

    fn object(&mut self, place: &FilePosition, depth: usize) {
        let tree = place.tree();
        for member in tree.children(place.id) {
            let value = tree.field(member, "value").unwrap_or(member);
            if tree.kind(member) == "spread_element" {
                self.value(&place.at(value), depth, None);
                continue;
            }
            let key = tree.field(member, "key").unwrap_or(member);
            let Some(key) = tree.property(key) else {
                continue;
            };
            let part = part_of(&key);
            if part.is_some() || WHOLE.contains(&key.as_str()) {
                self.value(&place.at(value), depth, part);
            }
        }
    }

    /// A text that is put together: what follows its scheme are the parts of an address.
    fn text(&mut self, place: &FilePosition, depth: usize) {
        let tree = place.tree();
        let mut stage = Stage::Before;
        let before = self.address.written.len();
        let variables = self.address.keys.len() + self.address.parts.len();
        for piece in pieces(place) {
            let literal = match tree.kind(piece) {
                "string_fragment" => Some(tree.source(piece).to_owned()),
                _ => tree.text(piece),
            };
            match literal {
                Some(literal) => stage = stage.after(&literal),
                None => self.value(&place.at(piece), depth, stage.part()),
            }
        }
        // put together of nothing but constants, it is one address that the code writes
        let source = tree.source(place.id);
        let postgres = source.contains("postgres://") || source.contains("postgresql://");
        if postgres && self.address.keys.len() + self.address.parts.len() == variables {
            let hosts = self.address.written.get(before..).unwrap_or_default();
            let local = source.contains("@localhost")
                || source.contains("@127.0.0.1")
                || hosts
                    .iter()
                    .any(|written| written.part == Some(Part::Host) && !written.foreign);
            self.address.written.truncate(before);
            self.write_down(place, None, !local);
        }
    }

    /// The variables of what is below a call: of a checked environment that is the variable itself.
    fn below(&mut self, of: &FilePosition, path: &[String], depth: usize, part: Option<Part>) {
        let tree = of.tree();
        if !tree.is_call(of.id) {
            return;
        }
        if let Some(schema) = schema(self.code, of) {
            let known = path
                .iter()
                .find(|name| schema.fields.iter().any(|(key, ..)| key == *name));
            if let Some(key) = known {
                self.address.add(key.clone(), part);
            }
            return;
        }
        let Some(callee) = tree.callee(of.id) else {
            return;
        };
        if let Meaning::Place(function) = self.code.follow(&of.at(callee)) {
            for value in returned(&function) {
                let mut found = self.code.follow(&value);
                for name in path {
                    found = self.code.below(found, name);
                }
                match &found {
                    Meaning::Place(value) => self.value(value, depth, part),
                    Meaning::Part(of, path) => {
                        if let Some(depth) = depth.checked_sub(1) {
                            self.below(of, path, depth, part);
                        }
                    }
                    Meaning::Outside(..) => {
                        if let Some(key) = key_of(&found) {
                            self.address.add(key, part);
                        }
                    }
                    Meaning::Module(_) | Meaning::Unknown => {}
                }
            }
        } else if !path.first().is_some_and(|name| is_loud(name)) {
            // a member of what was made of it: `new URL(env.URL).href`
            for argument in tree.arguments(of.id) {
                self.value(&of.at(argument), depth, part);
            }
        }
    }
}

/// The pieces of a text that is put together, in order.
fn pieces(place: &FilePosition) -> Vec<Id> {
    let tree = place.tree();
    let mut found = Vec::new();
    let mut open = vec![place.id];
    while let Some(id) = open.pop() {
        let id = tree.bare(id);
        let adds = tree.kind(id) == "binary_expression"
            && tree
                .field(id, "operator")
                .is_some_and(|operator| tree.source(operator) == "+");
        // of `a ?? b` each may be the whole text
        let either = id == place.id && tree.kind(id) == "binary_expression";
        if adds || either {
            open.extend(tree.field(id, "right"));
            open.extend(tree.field(id, "left"));
        } else if tree.kind(id) == "template_string" && tree.text(id).is_none() {
            let mut parts: Vec<_> = tree.children(id).collect();
            parts.reverse();
            open.extend(parts);
        } else {
            found.push(id);
        }
    }
    found
}

/// How far a URL has been read that is put together.
#[derive(Debug, Clone, Copy)]
enum Stage {
    Before,
    User,
    Password,
    Host,
    Port,
    Database,
    Query,
}

impl Stage {
    fn after(self, literal: &str) -> Self {
        let mut stage = self;
        let mut rest = literal;
        if matches!(stage, Self::Before) {
            match literal.split_once("://") {
                Some((_, after)) => {
                    stage = Self::User;
                    rest = after;
                }
                None => return stage,
            }
        }
        for c in rest.chars() {
            stage = match (stage, c) {
                (Self::User, ':') => Self::Password,
                (Self::User | Self::Password, '@') => Self::Host,
                (Self::Host, ':') => Self::Port,
                (Self::Host | Self::Port, '/') => Self::Database,
                (Self::Database, '?') => Self::Query,
                _ => stage,
            };
        }
        stage
    }

    fn part(self) -> Option<Part> {
        Some(match self {
            Self::Before => return None,
            Self::User => Part::User,
            Self::Password => Part::Password,
            Self::Host => Part::Host,
            Self::Port => Part::Port,
            Self::Database => Part::Database,
            Self::Query => Part::SslMode,
        })
    }
}
