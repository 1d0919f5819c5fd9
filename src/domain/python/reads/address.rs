//! Where the address of a database comes from: a variable that holds all of it, or those of its parts.

use std::collections::BTreeSet;

use crate::domain::{
    python::{
        code::{Code, Place, Value},
        reads::{
            fields::{nested_key, settings_class},
            follow::written,
            names::{is_scheme, part_of},
            template::{Role, roles},
            variables::{default_texts, is_name, variable},
        },
        syntax::{Argument, Class, Expr, ExprKind, argument},
    },
    url::Part,
};

/// How many names, calls and parts an address may lead through, one in the other.
const LINKS: usize = 24;

/// How many steps one address may take in all.
const STEPS: usize = 2_000;

/// Functions and classes that hand on the address that they are given.
const OF_ARGUMENTS: &[&str] = &[
    "str",
    "int",
    "quote",
    "quote_plus",
    "make_url",
    "URL",
    "DatabaseURL",
    "Secret",
    "SecretStr",
    "PostgresDsn",
    "TypeAdapter",
    "parse",
    "cast",
    "urlparse",
    "urlsplit",
    "parse_obj_as",
    "expandvars",
];

/// Methods that hand on the address that they are called on.
const OF_RECEIVER: &[&str] = &[
    "get_secret_value",
    "unicode_string",
    "strip",
    "render_as_string",
    "removeprefix",
    "removesuffix",
    "split",
    "rstrip",
    "lstrip",
    "lower",
    "encoded_string",
    "rsplit",
    "partition",
    "geturl",
    "_replace",
    "update_query_dict",
];

/// What the code shows of an address.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Address {
    /// The variables that hold all of it.
    pub keys: BTreeSet<String>,
    pub parts: Vec<(String, Part)>,
    /// The schemes that the code itself writes.
    pub schemes: BTreeSet<String>,
    /// The schemes that it replaces others with.
    pub made: BTreeSet<String>,
    /// The schemes that it replaces by others, where they name a driver: the variable's value begins with one.
    pub expected: BTreeSet<String>,
    /// Whether it adds the driver to whatever begins with the scheme, so that the value must not name one.
    pub adds_driver: bool,
    /// The schemes of what is taken where the variable is not set.
    pub defaults: BTreeSet<String>,
    /// Whether a reader of Django takes it.
    pub django: bool,
    steps: usize,
}

/// What an expression is of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    Whole,
    Part(Part),
}

pub(super) struct Addresses<'c, 'a> {
    pub code: &'c Code<'a>,
    pub names: &'c BTreeSet<String>,
}

impl Address {
    pub(super) fn add_part(&mut self, key: String, part: Part) {
        if is_name(&key) && !self.parts.iter().any(|known| *known == (key.clone(), part)) {
            self.parts.push((key, part));
        }
    }

    fn add(&mut self, key: String, of: Of) {
        match of {
            Of::Whole if is_name(&key) => {
                self.keys.insert(key);
            }
            Of::Whole => {}
            Of::Part(part) => self.add_part(key, part),
        }
    }

    /// All schemes that the code writes, replaced ones included.
    pub(super) fn written(&self) -> impl Iterator<Item = &str> {
        self.schemes.iter().chain(&self.made).map(String::as_str)
    }
}

/// The scheme that a text begins with.
fn scheme(text: &str) -> Option<String> {
    let (scheme, _) = text.split_once("://").or_else(|| {
        // `re.sub("^postgresql:", "postgresql+asyncpg:", url)`
        text.split_once(':').filter(|(_, rest)| rest.is_empty())
    })?;
    is_scheme(scheme).then(|| scheme.to_ascii_lowercase())
}

impl<'a> Addresses<'_, 'a> {
    /// What the code shows of an address that stands as one value.
    pub(super) fn whole(&self, place: &Place<'a>, expr: &'a Expr, into: &mut Address) {
        self.follow(place, expr, Of::Whole, into, 0);
    }

    /// The parts among arguments: `connect(host=…, port=…)`.
    pub(super) fn arguments(
        &self,
        place: &Place<'a>,
        arguments: &'a [Argument],
        into: &mut Address,
        depth: usize,
    ) {
        for given in arguments {
            let Some(name) = &given.name else { continue };
            if let Some(part) = part_of(name) {
                self.follow(place, &given.value, Of::Part(part), into, depth);
            } else if matches!(name.as_str(), "drivername" | "scheme") {
                for text in self.code.texts(place, &given.value) {
                    if is_scheme(&text) {
                        into.schemes.insert(text.to_ascii_lowercase());
                    }
                }
            }
        }
    }

    /// The parts in a dictionary.
    pub(super) fn dict(&self, place: &Place<'a>, expr: &'a Expr, into: &mut Address) {
        if let ExprKind::Dict(pairs) = &expr.kind {
            for (key, value) in pairs {
                if let Some(part) = key.as_ref().and_then(Expr::text).and_then(part_of) {
                    self.follow(place, value, Of::Part(part), into, 0);
                }
            }
        }
    }

    fn follow(&self, place: &Place<'a>, expr: &'a Expr, of: Of, into: &mut Address, depth: usize) {
        into.steps += 1;
        if depth > LINKS || into.steps > STEPS {
            return;
        }
        let depth = depth + 1;
        match &expr.kind {
            ExprKind::Text(text) if of == Of::Whole => {
                into.schemes.extend(scheme(text));
            }
            ExprKind::Template(_) | ExprKind::Binary(..) => {
                self.put_together(place, expr, of, into, depth);
            }
            ExprKind::Either(parts) => {
                for part in parts {
                    self.follow(place, part, of, into, depth);
                }
            }
            ExprKind::Conditional { then, other, .. } => {
                self.follow(place, then, of, into, depth);
                self.follow(place, other, of, into, depth);
            }
            ExprKind::Await(inner) | ExprKind::Walrus(_, inner) => {
                self.follow(place, inner, of, into, depth);
            }
            ExprKind::Subscript(inner, keys)
                if !self.variable(place, expr, of, into)
                    && !self.of_values(place, inner, keys.first(), of, into) =>
            {
                // `url.split("://")[1]`
                self.follow(place, inner, of, into, depth);
            }
            ExprKind::Call(callee, arguments) if !self.variable(place, expr, of, into) => {
                self.called(place, expr, callee, arguments, of, into, depth);
            }
            ExprKind::Attribute(inner, name) if !self.of_settings(place, expr, of, into, depth) => {
                let before = into.steps;
                self.given(place, expr, of, into, depth);
                // `url.host` of a URL that is known says nothing of its key
                if into.steps == before && of == Of::Whole && name == "url" {
                    self.follow(place, inner, of, into, depth);
                }
            }
            ExprKind::Name(_) => self.given(place, expr, of, into, depth),
            ExprKind::Lambda(body) => self.follow(place, body, of, into, depth),
            _ => {}
        }
    }

    /// What a name or an attribute was given.
    fn given(&self, place: &Place<'a>, expr: &'a Expr, of: Of, into: &mut Address, depth: usize) {
        for (at, value) in written(self.code, place, expr) {
            self.follow(&at, value, of, into, depth);
        }
    }

    /// Whether it is a read of a variable.
    fn variable(&self, place: &Place<'a>, expr: &'a Expr, of: Of, into: &mut Address) -> bool {
        let Some(variable) = variable(self.code, self.names, place, expr) else {
            return false;
        };
        into.django |= variable.django;
        for key in variable.keys(self.code, place) {
            into.add(key, of);
        }
        if of == Of::Whole {
            let texts = default_texts(self.code, place, &variable);
            into.defaults
                .extend(texts.iter().filter_map(|text| scheme(text)));
            if let Some(default) = variable.default {
                let mut other = Address {
                    steps: into.steps,
                    ..Address::default()
                };
                self.follow(place, default, of, &mut other, LINKS / 2);
                into.steps = other.steps;
                into.keys.extend(other.keys);
                for (key, part) in other.parts {
                    into.add_part(key, part);
                }
                into.defaults.extend(other.schemes);
            }
        }
        true
    }

    /// Whether it is a field of a settings class.
    fn of_settings(
        &self,
        place: &Place<'a>,
        expr: &'a Expr,
        of: Of,
        into: &mut Address,
        depth: usize,
    ) -> bool {
        let mut chain = Vec::new();
        let mut at = expr;
        while let ExprKind::Attribute(inner, name) = &at.kind {
            chain.insert(0, name.as_str());
            for value in self.code.values(place, inner) {
                let (Value::Instance(class_at, class) | Value::Class(class_at, class)) = value
                else {
                    continue;
                };
                if self.field(&class_at, class, &chain, of, into, depth) {
                    return true;
                }
            }
            at = inner;
        }
        false
    }

    fn field(
        &self,
        place: &Place<'a>,
        class: &'a Class,
        chain: &[&str],
        of: Of,
        into: &mut Address,
        depth: usize,
    ) -> bool {
        let Some(settings) = settings_class(self.code, place, class) else {
            return false;
        };
        let [name] = chain else {
            if let Some(key) = nested_key(self.code, &settings, chain) {
                into.add(key, of);
                return true;
            }
            return false;
        };
        let Some(key) = settings.keys_of(self.code, name).into_iter().next() else {
            return false;
        };
        into.add(key, of);
        if of == Of::Whole {
            if let Some((at, default)) = settings.default_of(name) {
                for text in self.code.texts(&at, default) {
                    into.defaults.extend(scheme(&text));
                }
            }
            for (at, function) in settings.validators(name) {
                let inside = Code::inside(&at, function);
                for value in crate::domain::python::bindings::given(&function.body) {
                    self.follow(&inside, value, of, into, depth);
                }
            }
        }
        true
    }

    /// Whether it is what a validator is given of another field: `values.get("HOST")`, `info.data["HOST"]`.
    fn of_values(
        &self,
        place: &Place<'a>,
        receiver: &'a Expr,
        key: Option<&'a Expr>,
        of: Of,
        into: &mut Address,
    ) -> bool {
        let Some(name) = key.and_then(Expr::text) else {
            return false;
        };
        let root = match &receiver.kind {
            ExprKind::Attribute(of, data) if data == "data" => of,
            _ => receiver,
        };
        let ExprKind::Name(root) = &root.kind else {
            return false;
        };
        let (Some(function), Some(class)) = (place.function, place.class) else {
            return false;
        };
        if !function
            .parameters
            .iter()
            .any(|parameter| parameter.name == *root)
        {
            return false;
        }
        let outer = place.outer.clone().unwrap_or_else(|| place.clone());
        let around = outer
            .outer
            .clone()
            .unwrap_or_else(|| Code::top(place.module));
        let Some(settings) = settings_class(self.code, &around, class) else {
            return false;
        };
        for key in settings.keys_of(self.code, name).into_iter().take(1) {
            into.add(key, of);
        }
        true
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "a call is taken apart once, by whoever asks what it is"
    )]
    fn called(
        &self,
        place: &Place<'a>,
        call: &'a Expr,
        callee: &'a Expr,
        arguments: &'a [Argument],
        of: Of,
        into: &mut Address,
        depth: usize,
    ) {
        let receiver = match &callee.kind {
            ExprKind::Attribute(receiver, _) => Some(&**receiver),
            _ => None,
        };
        let first = arguments.first().map(|argument| &argument.value);
        match (callee.last_name(), receiver) {
            (Some("replace"), Some(receiver)) => {
                if let (Some(from), Some(to)) = (first, argument(arguments, Some(1), "new")) {
                    self.replaced(place, from, to, into);
                }
                self.follow(place, receiver, of, into, depth);
            }
            (Some("sub"), Some(_)) if arguments.len() > 2 => {
                if let Some(to) = argument(arguments, Some(1), "repl") {
                    into.made.extend(self.schemes(place, to));
                }
                if let Some(text) = argument(arguments, Some(2), "string") {
                    self.follow(place, text, of, into, depth);
                }
            }
            (Some("set"), Some(receiver)) => {
                let mut set = Address::default();
                self.arguments(place, arguments, &mut set, depth);
                into.made.extend(set.schemes);
                self.follow(place, receiver, of, into, depth);
            }
            (Some("get"), Some(receiver)) if self.of_values(place, receiver, first, of, into) => {}
            (Some("format"), Some(receiver)) if receiver.text().is_some() => {
                self.put_together(place, call, of, into, depth);
            }
            (Some("create" | "build" | "URL" | "PostgresDsn" | "MultiHostUrl"), _)
                if arguments.iter().any(|argument| argument.name.is_some()) =>
            {
                self.arguments(place, arguments, into, depth);
                if let Some(first) = argument(arguments, Some(0), "drivername")
                    .filter(|_| callee.last_name() != Some("build"))
                {
                    for text in self.code.texts(place, first) {
                        if is_scheme(&text) {
                            into.schemes.insert(text);
                        }
                    }
                }
            }
            (Some(name), _) if OF_ARGUMENTS.contains(&name) => {
                for argument in arguments {
                    self.follow(place, &argument.value, of, into, depth);
                }
                into.django |= callee.dotted().as_deref() == Some("dj_database_url.parse");
            }
            (Some(name), Some(receiver)) if OF_RECEIVER.contains(&name) => {
                self.follow(place, receiver, of, into, depth);
            }
            _ => {
                let before = into.steps;
                self.given(place, call, of, into, depth);
                // a helper of a package or one that is not known may hand on what it is given
                if into.steps == before && of == Of::Whole && arguments.len() == 1 {
                    for argument in arguments {
                        self.follow(place, &argument.value, of, into, depth + 4);
                    }
                }
            }
        }
    }

    fn replaced(&self, place: &Place<'a>, from: &'a Expr, to: &'a Expr, into: &mut Address) {
        let made = self.schemes(place, to);
        for old in self.code.texts(place, from) {
            if let Some((_, driver)) = old.split_once('+') {
                let driver = driver.trim_end_matches("://");
                into.expected.insert(format!("postgresql+{driver}"));
            }
            into.adds_driver |=
                is_scheme(&old) && made.iter().any(|made| made.starts_with(&format!("{old}+")));
        }
        into.made.extend(made);
    }

    fn schemes(&self, place: &Place<'a>, expr: &'a Expr) -> Vec<String> {
        self.code
            .texts(place, expr)
            .iter()
            .filter_map(|text| {
                scheme(text).or_else(|| {
                    // `replace("postgresql", "postgresql+asyncpg")`
                    (is_scheme(text) && text.starts_with("postgres")).then(|| text.clone())
                })
            })
            .collect()
    }

    /// A text with parts to fill in.
    fn put_together(
        &self,
        place: &Place<'a>,
        expr: &'a Expr,
        of: Of,
        into: &mut Address,
        depth: usize,
    ) {
        let known = |hole: &'a Expr| self.code.texts(place, hole).into_iter().next();
        let (scheme, holes) = roles(expr, &known);
        if of == Of::Whole {
            into.schemes.extend(scheme);
        }
        for (hole, role) in holes {
            let of = match (of, role) {
                (Of::Part(part), _) | (Of::Whole, Role::Part(part)) => Of::Part(part),
                (Of::Whole, Role::Whole) => Of::Whole,
                (Of::Whole, Role::Other) => continue,
            };
            self.follow(place, hole, of, into, depth);
        }
    }
}
