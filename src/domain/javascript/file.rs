//! A source file with its names: what it binds, imports and exports.

use std::collections::HashMap;

use crate::domain::javascript::tree::{Dialect, Id, SyntaxTree};

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Bound {
    Value(Id),
    /// What is below a value by these names; [`EACH`] stands for the parts of a list.
    Part(Id, Vec<String>),
    /// A name of another module: `default`, `*` for all of it.
    Import(String, String),
    /// A parameter, or what cannot be known.
    Opaque,
}

/// What stands for any one part of a list.
pub(super) const EACH: &str = "[]";

/// A place where a name is taken out of a value by a pattern.
#[derive(Debug)]
pub(super) struct Taken {
    pub at: Id,
    pub value: Id,
    pub path: Vec<String>,
    /// Whether another value stands in where there is none.
    pub default: bool,
    /// The name that it has from there on.
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Export {
    Local(String),
    Value(Id),
    From(String, String),
}

#[derive(Debug)]
pub(super) struct File {
    /// Relative to the repository's root.
    pub path: String,
    pub tree: SyntaxTree,
    bindings: HashMap<(Id, String), Vec<Bound>>,
    pub taken: Vec<Taken>,
    pub exports: HashMap<String, Export>,
    /// The modules that it exports all of.
    pub stars: Vec<String>,
    /// The modules that it imports when it runs, each where it does.
    pub imports: Vec<(String, Id)>,
}

impl File {
    /// Reads a text; `None` where that takes too long.
    pub(super) fn parse(path: &str, text: String) -> Option<Self> {
        let (text, dialect) = script(path, text);
        let mut file = Self {
            path: path.to_owned(),
            tree: SyntaxTree::parse(text, dialect)?,
            bindings: HashMap::new(),
            taken: Vec::new(),
            exports: HashMap::new(),
            stars: Vec::new(),
            imports: Vec::new(),
        };
        for id in 0..file.tree.len() {
            file.declare(id);
        }
        for id in 0..file.tree.len() {
            file.assign(id);
        }
        Some(file)
    }

    fn bind(&mut self, scope: Id, name: String, bound: Bound) {
        self.bindings.entry((scope, name)).or_default().push(bound);
    }

    /// Where names that are declared here hold.
    fn scope(&self, id: Id) -> Id {
        self.tree
            .above(id)
            .find(|above| is_scope(&self.tree, *above))
            .unwrap_or_default()
    }

    fn function_scope(&self, id: Id) -> Id {
        self.tree
            .above(id)
            .find(|above| self.tree.is_function(*above))
            .unwrap_or_default()
    }

    fn declare(&mut self, id: Id) {
        let tree = &self.tree;
        match tree.kind(id) {
            "import_statement" => self.import(id),
            "variable_declarator" => {
                let variable = tree
                    .parent(id)
                    .is_some_and(|of| tree.kind(of) == "variable_declaration");
                let scope = if variable {
                    self.function_scope(id)
                } else {
                    self.scope(id)
                };
                let value = tree.field(id, "value");
                if let Some(name) = tree.field(id, "name") {
                    self.pattern(scope, name, value, Vec::new(), false);
                }
            }
            "function_declaration"
            | "generator_function_declaration"
            | "class_declaration"
            | "abstract_class_declaration" => {
                if let Some(name) = tree.field(id, "name") {
                    let name = tree.source(name).to_owned();
                    self.bind(self.scope(id), name, Bound::Value(id));
                }
            }
            "enum_declaration" => {
                if let Some(name) = tree.field(id, "name") {
                    let name = tree.source(name).to_owned();
                    self.bind(self.scope(id), name, Bound::Opaque);
                }
            }
            "required_parameter" | "optional_parameter" => {
                let scope = self.function_scope(id);
                if let Some(pattern) = tree.field(id, "pattern") {
                    self.opaque(scope, pattern);
                }
            }
            "arrow_function" | "catch_clause" => {
                if let Some(parameter) = tree.field(id, "parameter") {
                    self.opaque(id, parameter);
                }
            }
            "for_in_statement" => {
                if let (Some(left), Some(right)) = (tree.field(id, "left"), tree.field(id, "right"))
                    && tree.field(id, "kind").is_some()
                {
                    let of = tree
                        .field(id, "operator")
                        .is_some_and(|operator| tree.source(operator) == "of");
                    if of {
                        self.pattern(id, left, Some(right), vec![EACH.to_owned()], false);
                    } else {
                        self.opaque(id, left);
                    }
                }
            }
            "export_statement" => self.export(id),
            "call_expression" => {
                let module = tree.callee(id).and_then(|callee| {
                    matches!(tree.source(callee), "require" | "import")
                        .then(|| tree.arguments(id).first().and_then(|name| tree.text(*name)))
                });
                if let Some(Some(module)) = module {
                    self.imports.push((module, id));
                }
            }
            _ => {}
        }
    }

    fn import(&mut self, id: Id) {
        let tree = &self.tree;
        let type_only = tree
            .source(id)
            .strip_prefix("import")
            .map(str::trim_start)
            .and_then(|rest| rest.strip_prefix("type"))
            .is_some_and(|rest| {
                let name = rest.trim_start();
                let more = name.len() < rest.len() || rest.starts_with(['{', '*']);
                more && !name.starts_with(['\'', '"', ',']) && !name.starts_with("from ")
            });
        if type_only {
            return;
        }
        let clause = tree
            .children(id)
            .find(|child| matches!(tree.kind(*child), "import_clause" | "import_require_clause"));
        let source = tree
            .field(id, "source")
            .or_else(|| clause.and_then(|clause| tree.field(clause, "source")));
        let Some(module) = source.and_then(|source| tree.text(source)) else {
            return;
        };
        let mut names: Vec<(String, String)> = Vec::new();
        let mut types = 0;
        for part in clause.into_iter().flat_map(|clause| tree.children(clause)) {
            match tree.kind(part) {
                "identifier" => {
                    let whole = clause.is_some_and(|c| tree.kind(c) == "import_require_clause");
                    let name = if whole { "*" } else { "default" };
                    names.push((name.to_owned(), tree.source(part).to_owned()));
                }
                "namespace_import" => {
                    if let Some(name) = tree.children(part).next() {
                        names.push(("*".to_owned(), tree.source(name).to_owned()));
                    }
                }
                "named_imports" => {
                    for specifier in tree.children(part) {
                        if tree.source(specifier).starts_with("type ") {
                            types += 1;
                            continue;
                        }
                        let Some(name) = tree.field(specifier, "name") else {
                            continue;
                        };
                        let alias = tree.field(specifier, "alias").unwrap_or(name);
                        names.push((
                            tree.property(name).unwrap_or_default(),
                            tree.source(alias).to_owned(),
                        ));
                    }
                }
                _ => {}
            }
        }
        if types > 0 && names.is_empty() {
            return;
        }
        self.imports.push((module.clone(), id));
        for (name, alias) in names {
            self.bind(0, alias, Bound::Import(module.clone(), name));
        }
    }

    fn export(&mut self, id: Id) {
        let tree = &self.tree;
        let rest = tree.source(id).strip_prefix("export").unwrap_or_default();
        let rest = rest.trim_start();
        if rest.starts_with("type ") || rest.starts_with("type{") {
            return;
        }
        let module = tree
            .field(id, "source")
            .and_then(|source| tree.text(source));
        if let Some(module) = &module {
            self.imports.push((module.clone(), id));
        }
        let tree = &self.tree;
        let mut exports = Vec::new();
        for part in tree.children(id) {
            match tree.kind(part) {
                "export_clause" => {
                    for specifier in tree.children(part) {
                        let Some(name) = tree.field(specifier, "name") else {
                            continue;
                        };
                        let alias = tree.field(specifier, "alias").unwrap_or(name);
                        let name = tree.property(name).unwrap_or_default();
                        let export = match &module {
                            Some(module) => Export::From(module.clone(), name),
                            None => Export::Local(name),
                        };
                        exports.push((tree.property(alias).unwrap_or_default(), export));
                    }
                }
                "namespace_export" => {
                    let name = tree
                        .children(part)
                        .next()
                        .and_then(|name| tree.property(name));
                    if let (Some(name), Some(module)) = (name, &module) {
                        exports.push((name, Export::From(module.clone(), "*".to_owned())));
                    }
                }
                _ if tree.role(part) == "value" || rest.starts_with("default") => {
                    exports.push(("default".to_owned(), Export::Value(part)));
                }
                _ if tree.role(part) == "declaration" => {
                    for name in declared(tree, part) {
                        exports.push((name.clone(), Export::Local(name)));
                    }
                }
                _ => {}
            }
        }
        if rest.starts_with('*') && exports.is_empty() {
            self.stars.extend(module);
        }
        self.exports.extend(exports);
    }

    /// Takes the names of a pattern out of a value.
    fn pattern(
        &mut self,
        scope: Id,
        pattern: Id,
        value: Option<Id>,
        path: Vec<String>,
        default: bool,
    ) {
        // a pattern lies in another, as far as the grammar itself allows: the list of what is left has no such limit
        let mut open = vec![(pattern, path, default)];
        while let Some((pattern, path, default)) = open.pop() {
            let tree = &self.tree;
            let below = |name: String| {
                let mut path = path.clone();
                path.push(name);
                path
            };
            match tree.kind(pattern) {
                "identifier" | "shorthand_property_identifier_pattern" => {
                    let name = tree.source(pattern).to_owned();
                    let bound = match value {
                        None => Bound::Opaque,
                        Some(value) if path.is_empty() => Bound::Value(value),
                        Some(value) => Bound::Part(value, path.clone()),
                    };
                    if let Some(value) = value.filter(|_| !path.is_empty()) {
                        self.taken.push(Taken {
                            at: pattern,
                            value,
                            path,
                            default,
                            name: name.clone(),
                        });
                    }
                    self.bind(scope, name, bound);
                }
                "object_pattern" => {
                    for part in tree.children(pattern) {
                        match tree.kind(part) {
                            "shorthand_property_identifier_pattern" => {
                                open.push((part, below(tree.source(part).to_owned()), default));
                            }
                            "pair_pattern" => {
                                let key =
                                    tree.field(part, "key").and_then(|key| tree.property(key));
                                if let (Some(key), Some(to)) = (key, tree.field(part, "value")) {
                                    open.push((to, below(key), default));
                                }
                            }
                            "object_assignment_pattern" => {
                                if let Some(left) = tree.field(part, "left") {
                                    open.push((left, below(tree.source(left).to_owned()), true));
                                }
                            }
                            "rest_pattern" => {
                                if let Some(name) = tree.children(part).next() {
                                    open.push((name, path.clone(), default));
                                }
                            }
                            _ => {}
                        }
                    }
                }
                "assignment_pattern" => {
                    if let Some(left) = tree.field(pattern, "left") {
                        open.push((left, path, true));
                    }
                }
                "array_pattern" => {
                    for part in tree.children(pattern) {
                        open.push((part, below(EACH.to_owned()), default));
                    }
                }
                _ => {}
            }
        }
    }

    /// Names that stand for what cannot be known.
    fn opaque(&mut self, scope: Id, pattern: Id) {
        self.pattern(scope, pattern, None, Vec::new(), false);
    }

    fn assign(&mut self, id: Id) {
        let tree = &self.tree;
        if tree.kind(id) != "assignment_expression" {
            return;
        }
        let (Some(left), Some(right)) = (tree.field(id, "left"), tree.field(id, "right")) else {
            return;
        };
        match tree.kind(left) {
            "identifier" => {
                let name = tree.source(left).to_owned();
                if let Some(scope) = self.scope_of(left, &name) {
                    self.bind(scope, name, Bound::Value(right));
                }
            }
            "member_expression" => {
                let name = tree.source(left);
                let exported = match name {
                    "module.exports" | "exports" => Some("*"),
                    _ => name
                        .strip_prefix("module.exports.")
                        .or_else(|| name.strip_prefix("exports.")),
                };
                if let Some(exported) = exported.filter(|name| !name.contains(['.', '('])) {
                    let exported = exported.to_owned();
                    self.exports.insert(exported, Export::Value(right));
                }
            }
            _ => {}
        }
    }

    fn scope_of(&self, at: Id, name: &str) -> Option<Id> {
        let mut key = (0, name.to_owned());
        self.tree
            .above(at)
            .filter(|above| is_scope(&self.tree, *above))
            .find(|scope| {
                key.0 = *scope;
                self.bindings.contains_key(&key)
            })
    }

    /// What a name stands for at a place, the first that it is given first; empty where it is not of this file.
    pub(super) fn lookup(&self, at: Id, name: &str) -> &[Bound] {
        self.scope_of(at, name)
            .and_then(|scope| self.bindings.get(&(scope, name.to_owned())))
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// The function that a name is a parameter of, and its place among them.
    pub(super) fn parameter(&self, at: Id, name: &str) -> Option<(Id, usize)> {
        let scope = self.scope_of(at, name)?;
        let tree = &self.tree;
        if !tree.is_function(scope) {
            return None;
        }
        if let Some(only) = tree.field(scope, "parameter") {
            return (tree.source(only) == name).then_some((scope, 0));
        }
        let place = tree
            .children(tree.field(scope, "parameters")?)
            .position(|parameter| {
                tree.field(parameter, "pattern")
                    .is_some_and(|pattern| tree.source(pattern) == name)
            })?;
        Some((scope, place))
    }
}

fn is_scope(tree: &SyntaxTree, id: Id) -> bool {
    tree.is_function(id)
        || matches!(
            tree.kind(id),
            "program" | "statement_block" | "for_statement" | "for_in_statement" | "catch_clause"
        )
}

/// The names that a declaration makes.
fn declared(tree: &SyntaxTree, id: Id) -> Vec<String> {
    if let Some(name) = tree.field(id, "name") {
        return vec![tree.source(name).to_owned()];
    }
    let mut names = Vec::new();
    for declarator in tree.children(id) {
        let Some(pattern) = tree.field(declarator, "name") else {
            continue;
        };
        names.extend(
            tree.all(pattern)
                .filter(|below| {
                    matches!(
                        tree.kind(*below),
                        "identifier" | "shorthand_property_identifier_pattern"
                    )
                })
                .map(|below| tree.source(below).to_owned()),
        );
    }
    names
}

/// The code of a file: all of it, or the scripts in a component.
fn script(path: &str, text: String) -> (String, Dialect) {
    let end = path.rsplit_once('.').map_or("", |(_, end)| end);
    match end {
        "ts" | "mts" | "cts" => (text, Dialect::TypeScript),
        "vue" | "svelte" => (component(&text, end), Dialect::TypeScript),
        "astro" => (component(&text, end), Dialect::Jsx),
        _ => (text, Dialect::Jsx),
    }
}

/// Blanks out what is not code in a component; its lines stay where they are.
fn component(text: &str, end: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut inside = false;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let trimmed = line.trim();
        if end == "astro" && trimmed == "---" && (inside || code.trim().is_empty()) {
            inside = !inside && number < 20;
        } else if end != "astro" && !inside && trimmed.starts_with("<script") {
            inside = !trimmed.contains("</script");
        } else if end != "astro" && inside && trimmed.starts_with("</script") {
            inside = false;
        } else if inside {
            code.push_str(line);
            continue;
        }
        if line.ends_with('\n') {
            code.push('\n');
        }
    }
    code
}
