//! Texts that are put together, and which part of a database's address each filled-in value is.

use crate::domain::{
    python::{
        reads::names::{is_scheme, part_of},
        syntax::{Expr, ExprKind},
    },
    url::Part,
};

/// What a filled-in value is of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AddressPart {
    Whole,
    Part(Part),
    Other,
}

/// The first of the characters that stand for filled-in values, in a range that Unicode leaves to private use.
const FIRST_HOLE: u32 = 0xE000;

/// The most values that one text may be filled with.
const HOLES: usize = 200;

/// A text with a mark for each value.
#[derive(Default)]
struct Marked<'a> {
    text: String,
    holes: Vec<&'a Expr>,
}

impl<'a> Marked<'a> {
    fn hole(&mut self, expr: &'a Expr) {
        if self.holes.len() < HOLES {
            self.text.extend(mark(self.holes.len()));
            self.holes.push(expr);
        }
    }

    fn add(&mut self, expr: &'a Expr, known: &dyn Fn(&'a Expr) -> Option<String>) {
        match &expr.kind {
            ExprKind::Text(text) => self.text.push_str(text),
            ExprKind::Template(parts) => {
                for part in parts {
                    self.add(part, known);
                }
            }
            ExprKind::Binary(operator, parts) if operator == "+" => {
                for part in parts {
                    self.add(part, known);
                }
            }
            ExprKind::Name(_) | ExprKind::Attribute(..) => match known(expr) {
                // what may be a constant of the code is one
                Some(text) if !text.is_empty() && text.ends_with("://") => {
                    self.text.push_str(&text);
                }
                _ => self.hole(expr),
            },
            _ => self.hole(expr),
        }
    }

    /// `"…%s…" % (a, b)`, `"…%(a)s…" % {"a": a}`
    fn percent(&mut self, pattern: &str, values: &'a Expr) {
        let mut values_left: Vec<&'a Expr> = match &values.kind {
            ExprKind::Items(items) => items.iter().collect(),
            ExprKind::Dict(_) => Vec::new(),
            _ => vec![values],
        };
        values_left.reverse();
        let mut rest = pattern;
        while let Some((before, after)) = rest.split_once('%') {
            self.text.push_str(before);
            if let Some(named) = after.strip_prefix('(')
                && let Some((name, after)) = named.split_once(')')
            {
                if let Some(value) = of_dict(values, name) {
                    self.hole(value);
                }
                rest = after.get(1..).unwrap_or_default();
            } else {
                if after.starts_with(['s', 'd', 'r', 'i'])
                    && let Some(value) = values_left.pop()
                {
                    self.hole(value);
                }
                rest = after.get(1..).unwrap_or_default();
            }
        }
        self.text.push_str(rest);
    }

    /// `"…{}…{name}…".format(…)`
    fn format(&mut self, pattern: &str, call: &'a Expr) {
        let ExprKind::Call(_, arguments) = &call.kind else {
            return;
        };
        let placed: Vec<_> = arguments
            .iter()
            .filter(|argument| argument.name.is_none() && argument.stars == 0)
            .map(|argument| &argument.value)
            .collect();
        let mut next = 0;
        let mut rest = pattern;
        while let Some((before, after)) = rest.split_once('{') {
            self.text.push_str(before);
            let Some((name, after)) = after.split_once('}') else {
                return;
            };
            let name = name.split([':', '!']).next().unwrap_or(name);
            let value = if name.is_empty() {
                next += 1;
                placed.get(next - 1).copied()
            } else if let Ok(at) = name.parse::<usize>() {
                placed.get(at).copied()
            } else {
                arguments
                    .iter()
                    .find(|argument| argument.name.as_deref() == Some(name))
                    .map(|argument| &argument.value)
            };
            if let Some(value) = value {
                self.hole(value);
            }
            rest = after;
        }
        self.text.push_str(rest);
    }
}

fn of_dict<'a>(dict: &'a Expr, name: &str) -> Option<&'a Expr> {
    let ExprKind::Dict(pairs) = &dict.kind else {
        return None;
    };
    pairs
        .iter()
        .find(|(key, _)| key.as_ref().and_then(Expr::text) == Some(name))
        .map(|(_, value)| value)
}

fn mark(at: usize) -> Option<char> {
    let at = u32::try_from(at).ok()?;
    char::from_u32(FIRST_HOLE.checked_add(at)?)
}

fn is_mark(c: char) -> bool {
    let number = u32::from(c);
    (FIRST_HOLE..FIRST_HOLE + 200).contains(&number)
}

/// The scheme that a text writes, and what each value in it is. `known` gives the text of a constant.
pub(super) fn roles<'a>(
    expr: &'a Expr,
    known: &dyn Fn(&'a Expr) -> Option<String>,
) -> (Option<String>, Vec<(&'a Expr, AddressPart)>) {
    let mut marked = Marked::default();
    match &expr.kind {
        ExprKind::Binary(operator, parts) if operator == "%" => {
            if let [pattern, values] = parts.as_slice() {
                match pattern.text().map(str::to_owned).or_else(|| known(pattern)) {
                    Some(pattern) => marked.percent(&pattern, values),
                    None => return (None, Vec::new()),
                }
            }
        }
        ExprKind::Call(callee, _) => {
            if let ExprKind::Attribute(pattern, _) = &callee.kind
                && let Some(pattern) = pattern.text()
            {
                marked.format(pattern, expr);
            }
        }
        _ => marked.add(expr, known),
    }
    let (scheme, roles) = read(&marked.text);
    let holes = marked
        .holes
        .into_iter()
        .enumerate()
        .map(|(at, hole)| {
            let role = mark(at)
                .and_then(|mark| roles.iter().find(|(known, _)| *known == mark))
                .map_or(AddressPart::Other, |(_, role)| *role);
            (hole, role)
        })
        .collect();
    (scheme, holes)
}

/// The scheme of a marked text, and what its marks are.
fn read(text: &str) -> (Option<String>, Vec<(char, AddressPart)>) {
    let mut found = Vec::new();
    let marks = |text: &str| text.chars().filter(|c| is_mark(*c)).collect::<Vec<_>>();
    let mut set = |text: &str, role: AddressPart| {
        let all = marks(text);
        // of several values in one place, none is all of it
        if let [only] = all.as_slice() {
            found.push((*only, role));
        }
    };
    let Some((scheme, rest)) = text.split_once("://") else {
        if text.contains("host=") || text.contains("dbname=") {
            for word in text.split_whitespace() {
                if let Some((name, value)) = word.split_once('=')
                    && let Some(part) = part_of(name)
                {
                    set(value, AddressPart::Part(part));
                }
            }
        } else if let Some(first) = text.trim_start().chars().next().filter(|c| is_mark(*c)) {
            let rest = text.trim_start().trim_start_matches(first);
            // `f"{URL}?sslmode=require"`
            if marks(rest).is_empty() || rest.starts_with(['?', '&']) {
                found.push((first, AddressPart::Whole));
            }
        }
        return (None, found);
    };
    let scheme = is_scheme(scheme).then(|| scheme.to_ascii_lowercase());
    let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
    if let [only] = marks(address).as_slice()
        && address.trim() == only.to_string()
    {
        // `"postgresql+asyncpg://" + url.split("://")[1]`
        set(address, AddressPart::Whole);
        return (scheme, found);
    }
    let (authority, path) = match address.rsplit_once('@') {
        Some((login, host)) => {
            let (user, password) = login.split_once(':').unwrap_or((login, ""));
            set(user, AddressPart::Part(Part::User));
            set(password, AddressPart::Part(Part::Password));
            host.split_once('/').unwrap_or((host, ""))
        }
        None => address.split_once('/').unwrap_or((address, "")),
    };
    let (host, port) = authority.rsplit_once(':').unwrap_or((authority, ""));
    set(host, AddressPart::Part(Part::Host));
    set(port, AddressPart::Part(Part::Port));
    set(path, AddressPart::Part(Part::Database));
    for pair in query.split('&') {
        if let Some((name, value)) = pair.split_once('=')
            && let Some(part) = part_of(name)
        {
            set(value, AddressPart::Part(part));
        }
    }
    (scheme, found)
}
