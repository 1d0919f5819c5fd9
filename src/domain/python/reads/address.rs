//! Where the address of a database comes from: a variable that holds all of it, or those of its parts.

use std::{cell::RefCell, collections::BTreeSet};

use crate::domain::{
    python::{
        bindings::Binding,
        code::{Place, PythonCode, Value},
        reads::{
            fields::{nested_key, settings_class},
            follow::written,
            names::{is_scheme, part_of},
            template::{AddressPart, roles},
            variables::{Variable, default_texts, is_name, variable},
        },
        syntax::{Argument, Class, Expr, ExprKind, Function, argument},
    },
    reading::WrittenAddress,
    url::{Part, is_foreign, recognize},
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
    /// What of it the code itself writes.
    pub written_down: Vec<WrittenAddress>,
    steps: usize,
}

/// What an expression is of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    Whole,
    Part(Part),
}

pub(super) struct Addresses<'c, 'a> {
    pub code: &'c PythonCode<'a>,
    pub names: &'c BTreeSet<String>,
    /// The calls that an address leads through at the moment, the innermost last. A parameter stands for what this call gives it:
    /// other calls of the same helper read other variables, and those hold somebody else's secrets.
    calls: RefCell<Vec<FunctionCall<'a>>>,
}

/// The calls around one that gives a parameter its value, and that value, where it gives one.
type GivenByCall<'a> = (Vec<FunctionCall<'a>>, Option<(Place<'a>, &'a Expr)>);

/// A call of a function of the code.
#[derive(Clone)]
struct FunctionCall<'a> {
    place: Place<'a>,
    function: &'a Function,
    arguments: &'a [Argument],
    /// How many parameters come before the arguments: a method's own object.
    shift: usize,
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

impl<'c, 'a> Addresses<'c, 'a> {
    pub(super) const fn new(code: &'c PythonCode<'a>, names: &'c BTreeSet<String>) -> Self {
        Self {
            code,
            names,
            calls: RefCell::new(Vec::new()),
        }
    }

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
            ExprKind::Text(text) => self.text(place, expr, text, of, into),
            ExprKind::Literal(number) if of == Of::Part(Part::Port) => {
                self.text(place, expr, number, of, into);
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

    /// A text that the code itself writes.
    fn text(&self, place: &Place<'a>, expr: &'a Expr, text: &str, of: Of, into: &mut Address) {
        let (part, foreign) = match of {
            Of::Whole => {
                into.schemes.extend(scheme(text));
                let Some(url) = recognize(text) else {
                    return;
                };
                (None, is_foreign(&url.host))
            }
            Of::Part(part) => (Some(part), part == Part::Host && is_foreign(text)),
        };
        self.write_down(place, expr, part, foreign, into);
    }

    fn write_down(
        &self,
        place: &Place<'a>,
        expr: &'a Expr,
        part: Option<Part>,
        foreign: bool,
        into: &mut Address,
    ) {
        let written = WrittenAddress {
            at: self.code.spot(place, expr),
            span: expr.span.start..expr.span.end,
            part,
            foreign,
        };
        if !into.written_down.contains(&written) {
            into.written_down.push(written);
        }
    }

    /// What a name or an attribute was given.
    fn given(&self, place: &Place<'a>, expr: &'a Expr, of: Of, into: &mut Address, depth: usize) {
        let given = self.of_call(place, expr);
        if let Some((outside, value)) = given {
            let inner = self.calls.replace(outside);
            if let Some((at, value)) = value {
                into.steps += 1;
                self.follow(&at, value, of, into, depth);
            }
            self.calls.replace(inner);
            return;
        }
        for (at, value) in written(self.code, place, expr) {
            let call = called_function(&at, place, expr);
            let known = call.is_some();
            self.calls.borrow_mut().extend(call);
            self.follow(&at, value, of, into, depth);
            if known {
                self.calls.borrow_mut().pop();
            }
        }
    }

    /// What the call that led here gives a parameter, where the name is one; with the calls around it. A parameter that the function
    /// gives another value is not one any more.
    fn of_call(&self, place: &Place<'a>, expr: &'a Expr) -> Option<GivenByCall<'a>> {
        let ExprKind::Name(name) = &expr.kind else {
            return None;
        };
        let function = place.function?;
        let calls = self.calls.borrow();
        let at = calls
            .iter()
            .rposition(|call| std::ptr::eq(call.function, function))?;
        let call = calls.get(at)?;
        let own = function
            .parameters
            .iter()
            .position(|parameter| parameter.name == *name && parameter.stars == 0)?;
        let given_anew = self
            .code
            .bound(&function.body, Some(function))
            .get(name.as_str())
            .is_some_and(|bindings| {
                bindings
                    .iter()
                    .any(|binding| matches!(binding, Binding::Assigned(_)))
            });
        let spread = call.arguments.iter().any(|argument| argument.stars > 0);
        if given_anew || spread {
            return None;
        }
        let outside = calls.get(..at).unwrap_or_default().to_vec();
        let value = argument(call.arguments, own.checked_sub(call.shift), name)
            .map(|value| (call.place.clone(), value))
            .or_else(|| {
                let default = function.parameters.get(own)?.default.as_ref()?;
                let around = place.outer.clone();
                let around = around.unwrap_or_else(|| PythonCode::top(place.module));
                Some((around, default))
            });
        Some((outside, value))
    }

    /// The names that a variable may have where the calls that led to it are known.
    fn keys(&self, place: &Place<'a>, variable: &Variable<'a>) -> Vec<String> {
        let mut at = place.clone();
        let mut key = variable.key;
        let mut inner = None;
        for _ in 0..LINKS {
            let Some((outside, value)) = key.and_then(|key| self.of_call(&at, key)) else {
                break;
            };
            let left = self.calls.replace(outside);
            inner.get_or_insert(left);
            let Some((place, value)) = value else {
                key = None;
                break;
            };
            (at, key) = (place, Some(value));
        }
        let found = match key {
            None if variable.key.is_some() => Vec::new(),
            _ => Variable { key, ..*variable }.keys(self.code, &at),
        };
        if let Some(inner) = inner {
            self.calls.replace(inner);
        }
        found
    }

    /// Whether it is a read of a variable.
    fn variable(&self, place: &Place<'a>, expr: &'a Expr, of: Of, into: &mut Address) -> bool {
        let Some(variable) = variable(self.code, self.names, place, expr) else {
            return false;
        };
        into.django |= variable.django;
        for key in self.keys(place, &variable) {
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
                let inside = PythonCode::inside(&at, function);
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
            .unwrap_or_else(|| PythonCode::top(place.module));
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
        let before = (into.written_down.len(), into.keys.len() + into.parts.len());
        let of_postgres = scheme.as_deref().is_some_and(|scheme| {
            let family = scheme.split('+').next().unwrap_or(scheme);
            matches!(family, "postgresql" | "postgres" | "postgis")
        });
        if of == Of::Whole {
            into.schemes.extend(scheme);
        }
        for (hole, role) in holes {
            let of = match (of, role) {
                (Of::Part(part), _) | (Of::Whole, AddressPart::Part(part)) => Of::Part(part),
                (Of::Whole, AddressPart::Whole) => Of::Whole,
                (Of::Whole, AddressPart::Other) => continue,
            };
            self.follow(place, hole, of, into, depth);
        }
        // put together of nothing but constants, it is one address that the code writes
        if of == Of::Whole && of_postgres && into.keys.len() + into.parts.len() == before.1 {
            let host = into.written_down.get(before.0..).unwrap_or_default();
            let local = host
                .iter()
                .any(|written| written.part == Some(Part::Host) && !written.foreign);
            into.written_down.truncate(before.0);
            let local = local || expr.mentions(&["@localhost", "@127.0.0.1"]);
            self.write_down(place, expr, None, !local, into);
        }
    }
}

/// The call, where an expression is one and this value stands in the function that it calls.
fn called_function<'a>(
    at: &Place<'a>,
    place: &Place<'a>,
    expr: &'a Expr,
) -> Option<FunctionCall<'a>> {
    let ExprKind::Call(_, arguments) = &expr.kind else {
        return None;
    };
    Some(FunctionCall {
        place: place.clone(),
        function: at.function?,
        arguments,
        shift: usize::from(at.class.is_some()),
    })
}
