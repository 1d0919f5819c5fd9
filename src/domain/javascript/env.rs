//! The variables of the environment that the code reads, and which of them it cannot do without.

use std::collections::BTreeSet;

use crate::domain::{
    javascript::{
        code::{FilePosition, Meaning, NodeCode},
        file::EACH,
        tree::{Id, SyntaxTree},
    },
    reading::{EnvRead, Spot},
};

/// How deep a schema is looked into.
const DEEP: usize = 24;

pub(super) fn spot(place: &FilePosition) -> Spot {
    Spot {
        file: place.file.path.clone(),
        line: place.tree().line(place.id),
    }
}

/// Whether a text may be the name of a variable.
fn is_key(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Whether a text is written as names of variables are, so that it is hardly anything else.
pub(super) fn is_loud(text: &str) -> bool {
    is_key(text) && !text.chars().any(|c| c.is_ascii_lowercase())
}

/// The variable that a name outside of the repository is.
pub(super) fn key_of(found: &Meaning) -> Option<String> {
    let Meaning::Outside(package, path) = found else {
        return None;
    };
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let key = match (package.as_str(), path.as_slice()) {
        ("", ["process" | "import.meta" | "Bun", "env", key])
        | ("$env/static/private" | "$env/static/public" | "astro:env/server", [key])
        | ("$env/dynamic/private" | "$env/dynamic/public" | "cloudflare:workers", ["env", key]) => {
            *key
        }
        _ => return None,
    };
    // what Vite, Bun and Astro set themselves, or give as functions
    let own = package.is_empty()
        && matches!(path.first(), Some(&"import.meta"))
        && matches!(key, "DEV" | "PROD" | "SSR" | "MODE" | "BASE_URL" | "SITE")
        || key == "getSecret";
    (is_key(key) && !own).then(|| key.to_owned())
}

/// Whether something is the environment itself.
fn is_environment(found: &Meaning) -> bool {
    match found {
        Meaning::Outside(package, path) => {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            matches!(
                (package.as_str(), path.as_slice()),
                ("", ["process" | "import.meta" | "Bun", "env"])
                    | (
                        "$env/dynamic/private" | "$env/dynamic/public" | "cloudflare:workers",
                        ["env"]
                    )
            )
        }
        _ => false,
    }
}

/// Collects the variables that a file reads.
pub(super) fn reads(code: &NodeCode<'_>, file: &FilePosition) -> Vec<EnvRead> {
    let mut reader = EnvReader {
        code,
        reads: Vec::new(),
        governed: BTreeSet::new(),
    };
    let tree = file.tree();
    for id in 0..tree.len() {
        if tree.is_call(id) {
            reader.schema(&file.at(id));
        }
    }
    for id in 0..tree.len() {
        reader.node(&file.at(id));
    }
    for taken in &file.file.taken {
        let mut found = code.follow(&file.at(taken.value));
        let each = taken.path.first().is_some_and(|first| first == EACH);
        if each {
            continue;
        }
        for name in &taken.path {
            found = code.below(found, name);
        }
        if let Some(key) = key_of(&found) {
            let place = file.at(taken.at);
            let required = !taken.default && required_by_name(&place, &taken.name);
            reader.add(key, &place, required);
        }
    }
    let mut reads = reader.reads;
    reads.sort_by(|a, b| (a.at.line, &a.key).cmp(&(b.at.line, &b.key)));
    reads.dedup_by(|later, first| {
        let same = later.key == first.key && later.at == first.at;
        first.required |= same && later.required;
        same
    });
    reads
}

struct EnvReader<'a, 'b> {
    code: &'a NodeCode<'b>,
    reads: Vec<EnvRead>,
    /// The objects that only hand the environment to a schema, which says what is required.
    governed: BTreeSet<Id>,
}

impl EnvReader<'_, '_> {
    fn add(&mut self, key: String, place: &FilePosition, required: bool) {
        self.reads.push(EnvRead {
            key,
            at: spot(place),
            required,
            goes_on: false,
        });
    }

    fn node(&mut self, place: &FilePosition) {
        let tree = place.tree();
        match tree.kind(place.id) {
            "member_expression" => {
                if let Some(key) = key_of(&self.code.follow(place)) {
                    self.read(key, place);
                }
            }
            "subscript_expression" => self.subscript(place),
            "call_expression" => {
                if let Some((key, said)) = call(self.code, place) {
                    self.add(key, place, said.unwrap_or_else(|| required(place)));
                }
            }
            "import_specifier" => {
                let Some(name) = tree.field(place.id, "name") else {
                    return;
                };
                let alias = tree.field(place.id, "alias").unwrap_or(name);
                let found = self.code.follow(&place.at(alias));
                if let Some(key) = key_of(&found) {
                    self.add(key, place, true);
                }
            }
            _ => {}
        }
    }

    fn read(&mut self, key: String, place: &FilePosition) {
        let tree = place.tree();
        if tree
            .above(place.id)
            .any(|above| self.governed.contains(&above))
            || is_written(place)
        {
            return;
        }
        self.add(key, place, required(place));
    }

    /// `env["KEY"]`, and `env[name]` where the names stand in a list.
    fn subscript(&mut self, place: &FilePosition) {
        let tree = place.tree();
        if let Some(key) = key_of(&self.code.follow(place)) {
            self.read(key, place);
            return;
        }
        let (Some(object), Some(index)) = (
            tree.field(place.id, "object"),
            tree.field(place.id, "index"),
        ) else {
            return;
        };
        let index = tree.bare(index);
        if tree.kind(index) != "identifier" || !is_environment(&self.code.follow(&place.at(object)))
        {
            return;
        }
        let Some(list) = self.code.list_of(&place.at(index)) else {
            return;
        };
        let required = required(place);
        let names: Vec<_> = list.tree().children(list.id).collect();
        for name in names {
            if let Some(key) = list.tree().text(name).filter(|key| is_key(key)) {
                self.add(key, &list.at(name), required);
            }
        }
    }

    /// A call that checks the environment against a schema.
    fn schema(&mut self, place: &FilePosition) {
        let Some(schema) = schema(self.code, place) else {
            return;
        };
        for (key, at, required) in schema.fields {
            self.add(key, &at, required);
        }
        self.governed.extend(schema.handed);
    }
}

/// What a schema wants of the environment.
pub(super) struct Schema {
    pub fields: Vec<(String, FilePosition, bool)>,
    handed: Vec<Id>,
}

/// The schema that a call checks the environment against.
pub(super) fn schema(code: &NodeCode<'_>, place: &FilePosition) -> Option<Schema> {
    let tree = place.tree();
    let callee = tree.callee(place.id)?;
    let arguments = tree.arguments(place.id);
    let name = tree
        .field(callee, "property")
        .map_or_else(|| tree.source(callee), |name| tree.source(name));
    let mut fields = Vec::new();
    let mut handed = Vec::new();
    let is_env = |argument: Option<&Id>| {
        argument.is_some_and(|argument| is_environment_or_spread(code, &place.at(*argument)))
    };
    match name {
        "createEnv" => {
            let options = object(code, &place.at(*arguments.first()?))?;
            for part in ["server", "client", "shared"] {
                if let Some(part) = options.tree().property_of(options.id, part)
                    && let Some(part) = object(code, &options.at(part))
                {
                    members(code, &part, true, &mut fields);
                }
            }
            for part in [
                "runtimeEnv",
                "runtimeEnvStrict",
                "experimental__runtimeEnv",
                "server",
                "client",
            ] {
                handed.extend(options.tree().property_of(options.id, part));
            }
        }
        // envalid, znv, envsafe
        "cleanEnv" | "customCleanEnv" | "parseEnv" if is_env(arguments.first()) => {
            let specs = object(code, &place.at(*arguments.get(1)?))?;
            members(code, &specs, true, &mut fields);
        }
        "envsafe" => {
            let specs = object(code, &place.at(*arguments.first()?))?;
            members(code, &specs, true, &mut fields);
        }
        "parse" | "safeParse" | "parseAsync" | "safeParseAsync" | "validate" | "validateSync"
        | "validateAsync" | "asserts" => {
            let first = *arguments.first()?;
            if is_env(arguments.get(1)) {
                // valibot
                shape(code, &place.at(first), DEEP, &mut fields);
            } else if is_environment_or_spread(code, &place.at(first)) {
                let of = tree.field(callee, "object")?;
                shape(code, &place.at(of), DEEP, &mut fields);
            } else if let Some(list) = object_of_reads(code, &place.at(first)) {
                let of = tree.field(callee, "object")?;
                shape(code, &place.at(of), DEEP, &mut fields);
                if list.file.path == place.file.path {
                    handed.push(list.id);
                }
            } else {
                return None;
            }
        }
        // NestJS
        "forRoot" if tree.source(callee).starts_with("ConfigModule.") => {
            let options = object(code, &place.at(*arguments.first()?))?;
            let schema = options.tree().property_of(options.id, "validationSchema")?;
            shape(code, &options.at(schema), DEEP, &mut fields);
        }
        _ => return None,
    }
    (!fields.is_empty()).then_some(Schema { fields, handed })
}

fn is_environment_or_spread(code: &NodeCode<'_>, place: &FilePosition) -> bool {
    let found = code.follow(place);
    if is_environment(&found) {
        return true;
    }
    let Meaning::Place(place) = found else {
        return false;
    };
    let tree = place.tree();
    tree.kind(place.id) == "object"
        && tree
            .children(place.id)
            .filter(|child| tree.kind(*child) == "spread_element")
            .filter_map(|spread| tree.children(spread).next())
            .any(|value| is_environment(&code.follow(&place.at(value))))
}

/// An object that is written there and only hands variables on by their own names.
fn object_of_reads(code: &NodeCode<'_>, place: &FilePosition) -> Option<FilePosition> {
    let found = object(code, place)?;
    let tree = found.tree();
    let mut any = false;
    for pair in tree.children(found.id) {
        let key = tree.field(pair, "key").and_then(|key| tree.property(key))?;
        let value = tree.field(pair, "value")?;
        if key_of(&code.follow(&found.at(value))).as_deref() != Some(key.as_str()) {
            return None;
        }
        any = true;
    }
    any.then_some(found)
}

/// The object that an expression is.
pub(super) fn object(code: &NodeCode<'_>, place: &FilePosition) -> Option<FilePosition> {
    match code.follow(place) {
        Meaning::Place(place) if place.tree().kind(place.id) == "object" => Some(place),
        _ => None,
    }
}

/// The keys of a schema, such as `z.object({…}).extend({…})`.
fn shape(
    code: &NodeCode<'_>,
    place: &FilePosition,
    depth: usize,
    fields: &mut Vec<(String, FilePosition, bool)>,
) -> Option<()> {
    let depth = depth.checked_sub(1)?;
    let Meaning::Place(call) = code.follow(place) else {
        return None;
    };
    let tree = call.tree();
    let callee = tree.callee(call.id)?;
    let joi = tree.source(callee).to_ascii_lowercase().starts_with("joi");
    if let Some(of) = tree.field(callee, "object") {
        shape(code, &call.at(of), depth, fields);
    }
    for argument in tree.arguments(call.id) {
        match object(code, &call.at(argument)) {
            Some(object) => members(code, &object, !joi, fields),
            None => {
                if tree.is_call(tree.bare(argument))
                    || matches!(tree.kind(argument), "identifier" | "member_expression")
                {
                    shape(code, &call.at(argument), depth, fields);
                }
            }
        }
    }
    Some(())
}

/// The keys of an object of rules, and whether each is required.
fn members(
    code: &NodeCode<'_>,
    object: &FilePosition,
    by_default: bool,
    fields: &mut Vec<(String, FilePosition, bool)>,
) {
    let tree = object.tree();
    for pair in tree.children(object.id) {
        if tree.kind(pair) == "spread_element" {
            if let Some(more) = tree.children(pair).next()
                && let Some(more) = self::object(code, &object.at(more))
                && more
                    .tree()
                    .children(more.id)
                    .all(|child| more.tree().kind(child) != "spread_element")
            {
                members(code, &more, by_default, fields);
            }
            continue;
        }
        let key = tree.field(pair, "key").unwrap_or(pair);
        let Some(key) = tree.property(key).filter(|key| is_loud(key)) else {
            continue;
        };
        let value = tree.field(pair, "value").unwrap_or(pair);
        let rule = match code.follow(&object.at(value)) {
            Meaning::Place(rule) => rule,
            _ => object.at(value),
        };
        let required = demands(&rule, by_default);
        fields.push((key, object.at(pair), required));
    }
}

/// Whether a rule of a schema demands its variable.
fn demands(rule: &FilePosition, by_default: bool) -> bool {
    let tree = rule.tree();
    let mut required = by_default;
    for id in tree.all(rule.id) {
        let name = match tree.kind(id) {
            "call_expression" => match tree.callee(id) {
                Some(callee) => match tree.field(callee, "property") {
                    Some(name) => tree.source(name),
                    None => tree.source(callee),
                },
                None => continue,
            },
            "pair" => match tree.field(id, "key") {
                Some(key) => tree.source(key),
                None => continue,
            },
            _ => continue,
        };
        match name {
            "optional" | "default" | "nullish" | "catch" | "devDefault" | "nullable"
            | "prefault" | "fallback" | "exactOptional" | "undefinedable" => return false,
            "required" if !by_default => required = true,
            _ => {}
        }
    }
    required
}

/// The variable that a call reads, and whether it is required where the call itself says so.
pub(super) fn call(code: &NodeCode<'_>, place: &FilePosition) -> Option<(String, Option<bool>)> {
    let tree = place.tree();
    if tree.kind(place.id) != "call_expression" {
        return None;
    }
    let callee = tree.callee(place.id)?;
    let arguments = tree.arguments(place.id);
    let text = |at: usize| {
        arguments
            .get(at)
            .and_then(|argument| tree.text(*argument))
            .filter(|key| is_key(key))
    };
    // most calls have no such text at all
    let keys: Vec<Option<String>> = (0..arguments.len().min(4)).map(text).collect();
    if keys.iter().all(Option::is_none) {
        return None;
    }
    let first = keys.first().cloned().flatten();
    let defaulted = (arguments.len() > 1).then_some(false);
    let found = code.follow(&place.at(callee));
    if let Meaning::Outside(package, path) = &found {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        return match (package.as_str(), path.as_slice()) {
            ("", ["Deno", "env", "get"]) | ("astro:env/server", ["getSecret"]) => {
                Some((first?, None))
            }
            ("prisma/config" | "@prisma/config", ["env"]) => Some((first?, Some(true))),
            ("env-var", ["get"] | ["default", "get"]) => Some((first?, Some(chained(place)))),
            _ => None,
        };
    }
    if let Meaning::Place(function) = &found
        && function.tree().is_function(function.id)
    {
        let (place_of, throws) = getter(code, function)?;
        let key = keys.get(place_of).cloned().flatten()?;
        let defaulted = (arguments.len() > place_of + 1).then_some(false);
        return Some((key, defaulted.or_else(|| throws.then_some(true))));
    }
    // NestJS' ConfigService, whose names are variables where they are written so
    let method = tree.source(tree.field(callee, "property")?);
    let of = tree.source(tree.field(callee, "object")?);
    let last = of.rsplit(['.', '?']).next().unwrap_or_default();
    let service = last.to_ascii_lowercase().ends_with("config")
        || last.to_ascii_lowercase().ends_with("configservice")
        || of.ends_with("get(ConfigService)");
    let first = first.filter(|key| is_loud(key))?;
    let imported = place
        .file
        .imports
        .iter()
        .any(|(module, _)| module == "@nestjs/config")
        || last.to_ascii_lowercase().ends_with("configservice");
    match method {
        "getOrThrow" if service && imported => Some((first, Some(true))),
        "get" if service && imported => Some((first, defaulted)),
        _ => None,
    }
}

/// Whether `env.get("KEY")` goes on with `required()`.
fn chained(place: &FilePosition) -> bool {
    let tree = place.tree();
    let mut required = false;
    for above in tree.above(place.id) {
        match tree.kind(above) {
            "member_expression" => {
                let name = tree.field(above, "property").map(|name| tree.source(name));
                required |= name == Some("required");
                if name == Some("default") {
                    return false;
                }
            }
            "call_expression" => {}
            _ => break,
        }
    }
    required
}

/// Whether a function reads the variable that a parameter names: the parameter's place, and whether it fails without.
fn getter(code: &NodeCode<'_>, function: &FilePosition) -> Option<(usize, bool)> {
    let tree = function.tree();
    let place = tree.all(function.id).find_map(|id| {
        let name = match tree.kind(id) {
            "subscript_expression" => {
                let object = tree.field(id, "object")?;
                let index = tree.bare(tree.field(id, "index")?);
                is_environment(&code.follow(&function.at(object))).then_some(index)?
            }
            "call_expression" => {
                let callee = tree.callee(id)?;
                let found = code.follow(&function.at(callee));
                let deno = found
                    .of("")
                    .is_some_and(|path| path == ["Deno", "env", "get"]);
                deno.then(|| tree.arguments(id).first().copied())??
            }
            _ => return None,
        };
        let (of, at) = function
            .file
            .parameter(name, tree.source(name))
            .filter(|_| tree.kind(name) == "identifier")?;
        (of == function.id).then_some(at)
    })?;
    Some((place, tree.fails(function.id)))
}

/// Whether a variable is set or removed there, not read.
fn is_written(place: &FilePosition) -> bool {
    let tree = place.tree();
    let whole = tree.whole(place.id);
    let Some(parent) = tree.parent(whole) else {
        return false;
    };
    match tree.kind(parent) {
        "assignment_expression" => tree.role(whole) == "left",
        "unary_expression" => tree
            .field(parent, "operator")
            .is_some_and(|operator| tree.source(operator) == "delete"),
        _ => false,
    }
}

/// Whether the program does not go on without what is read at a place.
fn required(place: &FilePosition) -> bool {
    let tree = place.tree();
    match use_of(place) {
        Use::Tested(fails) => fails,
        Use::Defaulted => false,
        Use::Plain => {
            // `const url = env.URL`, and what is done with the name
            let whole = tree.whole(place.id);
            let declared = tree
                .parent(whole)
                .filter(|parent| tree.kind(*parent) == "variable_declarator")
                .and_then(|declarator| tree.field(declarator, "name"))
                .filter(|name| tree.kind(*name) == "identifier");
            declared.is_none_or(|name| required_by_name(&place.at(name), tree.source(name)))
        }
    }
}

/// Whether what is done with a name shows that the program does not go on without it.
fn required_by_name(place: &FilePosition, name: &str) -> bool {
    let tree = place.tree();
    let scope = tree
        .above(place.id)
        .find(|above| matches!(tree.kind(*above), "statement_block" | "program"))
        .unwrap_or_default();
    let mut tested = false;
    for id in tree.all(scope) {
        if tree.kind(id) != "identifier" || id == place.id || tree.source(id) != name {
            continue;
        }
        match use_of(&place.at(id)) {
            Use::Tested(true) => return true,
            Use::Tested(false) | Use::Defaulted => tested = true,
            Use::Plain => {}
        }
    }
    !tested
}

enum Use {
    Plain,
    /// Whether the program ends where the test says that it is missing.
    Tested(bool),
    Defaulted,
}

/// What is done with a value where it stands.
fn use_of(place: &FilePosition) -> Use {
    let tree = place.tree();
    let mut id = tree.whole(place.id);
    let mut tested = false;
    loop {
        let Some(parent) = tree.parent(id) else {
            return Use::Plain;
        };
        let role = tree.role(id);
        let operator = tree
            .field(parent, "operator")
            .map_or("", |operator| tree.source(operator));
        match (tree.kind(parent), role, operator) {
            ("binary_expression", "left", "??" | "||") if !tested => {
                let right = tree.field(parent, "right").unwrap_or(parent);
                if tree.fails(right) {
                    return Use::Tested(true);
                }
                return Use::Defaulted;
            }
            ("augmented_assignment_expression", "left", _) => return Use::Defaulted,
            ("member_expression" | "subscript_expression" | "call_expression", _, _)
                if tree.field(parent, "optional_chain").is_some() && !tested =>
            {
                return Use::Defaulted;
            }
            ("binary_expression", "left", "&&") if !tested => return Use::Tested(false),
            ("binary_expression", _, "&&" | "||") if tested => {}
            (
                "binary_expression",
                _,
                "==" | "===" | "!=" | "!==" | "<" | ">" | "<=" | ">=" | "in",
            )
            | ("unary_expression", _, "!" | "typeof") => tested = true,
            ("ternary_expression", "condition", _) => {
                let fails = tree.children(parent).any(|part| tree.fails(part));
                return Use::Tested(fails);
            }
            ("if_statement", "condition", _) => {
                let fails = tree
                    .field(parent, "consequence")
                    .is_some_and(|body| tree.fails(body));
                return Use::Tested(fails && tests_absence(tree, id));
            }
            ("switch_statement", ..) => return Use::Tested(false),
            ("arguments", ..) => {
                let call = tree.parent(parent).unwrap_or(parent);
                let callee = tree.callee(call).map_or("", |callee| tree.source(callee));
                return match callee {
                    "Boolean" => Use::Tested(false),
                    "assert" | "assert.ok" | "invariant" => Use::Tested(true),
                    _ if tested => Use::Tested(false),
                    _ => Use::Plain,
                };
            }
            ("parenthesized_expression" | "sequence_expression", ..) => {}
            _ if tested => return Use::Tested(false),
            _ => return Use::Plain,
        }
        id = tree.whole(parent);
    }
}

/// Whether a condition is true where a value is missing: `!url`, `url === undefined`.
fn tests_absence(tree: &SyntaxTree, condition: Id) -> bool {
    tree.all(condition).any(|id| {
        let operator = tree
            .field(id, "operator")
            .map_or("", |operator| tree.source(operator));
        let right = tree
            .field(id, "right")
            .map_or("", |right| tree.source(right));
        matches!(
            (tree.kind(id), operator),
            ("unary_expression", "!" | "typeof")
        ) || (matches!(operator, "==" | "===")
            && matches!(right, "undefined" | "null" | "\"\"" | "''"))
    })
}

/// What a function gives back.
pub(super) fn returned(function: &FilePosition) -> Vec<FilePosition> {
    let tree = function.tree();
    if !tree.is_function(function.id) {
        return Vec::new();
    }
    let Some(body) = tree.field(function.id, "body") else {
        return Vec::new();
    };
    if tree.kind(body) != "statement_block" {
        return vec![function.at(body)];
    }
    tree.all(body)
        .filter(|id| tree.kind(*id) == "return_statement")
        .filter(|id| tree.above(*id).find(|above| tree.is_function(*above)) == Some(function.id))
        .filter_map(|id| tree.children(id).next())
        .map(|value| function.at(value))
        .collect()
}
