//! The syntax of a source, as a flat list of nodes: nothing that is done with it can run out of stack.

use std::{ops::ControlFlow, sync::LazyLock};

use tree_sitter::{Language, ParseOptions, ParseState, Parser, TreeCursor};

/// The largest file that is read as a tree, in bytes. Sources that people write are below it; bundles are not.
pub(crate) const PARSED: usize = 1024 * 1024;

/// How often tree-sitter may ask whether to go on, once per some hundred steps: twenty times what `PARSED` bytes of usual source need.
const PARSE_ROUNDS: usize = 2_000_000;

/// The number of a node in its tree.
pub(super) type Id = usize;

/// A grammar, with the names of its kinds of nodes.
struct Grammar {
    language: Language,
    kinds: Vec<String>,
}

impl Grammar {
    fn new(language: Language) -> Self {
        let kinds = (0..language.node_kind_count())
            .map(|id| {
                u16::try_from(id)
                    .ok()
                    .and_then(|id| language.node_kind_for_id(id))
                    .unwrap_or_default()
                    .to_owned()
            })
            .collect();
        Self { language, kinds }
    }
}

static TYPESCRIPT: LazyLock<Grammar> =
    LazyLock::new(|| Grammar::new(tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into()));
static JSX: LazyLock<Grammar> =
    LazyLock::new(|| Grammar::new(tree_sitter_typescript::LANGUAGE_TSX.into()));

/// Types aren't code: nothing in them runs.
const TYPES: &[&str] = &[
    "abstract_method_signature",
    "ambient_declaration",
    "comment",
    "extends_type_clause",
    "function_signature",
    "implements_clause",
    "interface_declaration",
    "method_signature",
    "type_alias_declaration",
    "type_annotation",
    "type_arguments",
    "type_parameters",
];

/// What changes nothing of the value in it.
const WRAPPERS: &[&str] = &[
    "as_expression",
    "await_expression",
    "non_null_expression",
    "parenthesized_expression",
    "satisfies_expression",
    "type_assertion",
];

/// The roles that are asked for.
const ROLES: &[&str] = &[
    "alias",
    "alternative",
    "arguments",
    "body",
    "condition",
    "consequence",
    "constructor",
    "declaration",
    "function",
    "index",
    "key",
    "kind",
    "left",
    "name",
    "object",
    "operator",
    "optional_chain",
    "parameter",
    "parameters",
    "pattern",
    "property",
    "right",
    "source",
    "value",
];

#[derive(Debug)]
struct Node {
    kind: &'static str,
    field: &'static str,
    parent: Id,
    /// The number after the last node below it.
    after: Id,
    start: usize,
    end: usize,
    line: u32,
}

/// The nodes of a source, each before those below it.
#[derive(Debug)]
pub(super) struct SyntaxTree {
    text: String,
    nodes: Vec<Node>,
    /// The lines that have no syntax, with their text.
    pub errors: Vec<Id>,
}

/// The dialect of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// TypeScript without JSX, which writes casts as `<T>value`.
    TypeScript,
    /// Everything else: JavaScript and JSX are read by the same grammar.
    Jsx,
}

static NOWHERE: Node = Node {
    kind: "",
    field: "",
    parent: 0,
    after: 0,
    start: 0,
    end: 0,
    line: 1,
};

impl SyntaxTree {
    /// Reads a text; `None` where that takes too long.
    pub(super) fn parse(text: String, dialect: Dialect) -> Option<Self> {
        let grammar = match dialect {
            Dialect::TypeScript => &*TYPESCRIPT,
            Dialect::Jsx => &*JSX,
        };
        let mut parser = Parser::new();
        parser.set_language(&grammar.language).ok()?;
        let bytes = text.as_bytes();
        let mut rounds = 0;
        let mut go_on = |_: &ParseState| {
            rounds += 1;
            if rounds > PARSE_ROUNDS {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        let options = ParseOptions::new().progress_callback(&mut go_on);
        let mut input = |at: usize, _| bytes.get(at..).unwrap_or_default();
        let parsed = parser.parse_with_options(&mut input, None, Some(options))?;
        let mut tree = Self {
            text: String::new(),
            nodes: Vec::with_capacity(text.len() / 8),
            errors: Vec::new(),
        };
        tree.fill(parsed.walk(), &grammar.kinds);
        tree.text = text;
        Some(tree)
    }

    fn fill(&mut self, mut cursor: TreeCursor<'_>, kinds: &'static [String]) {
        let mut open: Vec<Id> = Vec::new();
        loop {
            if let Some(id) = self.enter(&cursor, kinds, open.last().copied()) {
                if cursor.goto_first_child() {
                    open.push(id);
                    continue;
                }
                self.leave(id);
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return;
                }
                if let Some(id) = open.pop() {
                    self.leave(id);
                }
            }
        }
    }

    /// Adds a node that matters.
    fn enter(
        &mut self,
        cursor: &TreeCursor<'_>,
        kinds: &'static [String],
        parent: Option<Id>,
    ) -> Option<Id> {
        let node = cursor.node();
        let kind = kinds
            .get(usize::from(node.kind_id()))
            .map_or("ERROR", String::as_str);
        let field = cursor.field_name().unwrap_or_default();
        let field = ROLES.iter().find(|role| **role == field).copied();
        // of signs and keywords only those that have a role: an operator, `const`
        if (!node.is_named() && field.is_none()) || TYPES.contains(&kind) {
            return None;
        }
        let id = self.nodes.len();
        if let Some(of) = parent {
            let wrapper = matches!(self.kind(of), "as_expression" | "satisfies_expression");
            if wrapper && of + 1 != id {
                return None; // the type
            }
        }
        if node.is_error() {
            self.errors.push(id);
        }
        let row = node.start_position().row;
        self.nodes.push(Node {
            kind,
            field: field.unwrap_or_default(),
            parent: parent.unwrap_or_default(),
            after: id + 1,
            start: node.start_byte(),
            end: node.end_byte(),
            line: u32::try_from(row).map_or(u32::MAX, |row| row.saturating_add(1)),
        });
        Some(id)
    }

    fn leave(&mut self, id: Id) {
        let after = self.nodes.len();
        if let Some(node) = self.nodes.get_mut(id) {
            node.after = after;
        }
    }

    fn node(&self, id: Id) -> &Node {
        self.nodes.get(id).unwrap_or(&NOWHERE)
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The kind of a node, as the grammar calls it.
    pub(super) fn kind(&self, id: Id) -> &'static str {
        self.node(id).kind
    }

    /// The role of a node in the one above it.
    pub(super) fn role(&self, id: Id) -> &'static str {
        self.node(id).field
    }

    /// The 1-based line.
    pub(super) fn line(&self, id: Id) -> u32 {
        self.node(id).line
    }

    /// Where a node stands in its text, in bytes.
    pub(super) fn span(&self, id: Id) -> std::ops::Range<usize> {
        let node = self.node(id);
        node.start..node.end
    }

    pub(super) fn source(&self, id: Id) -> &str {
        let node = self.node(id);
        self.text.get(node.start..node.end).unwrap_or_default()
    }

    /// The node above.
    pub(super) fn parent(&self, id: Id) -> Option<Id> {
        (id > 0).then(|| self.node(id).parent)
    }

    /// The nodes above, the nearest first.
    pub(super) fn above(&self, id: Id) -> impl Iterator<Item = Id> {
        std::iter::successors(self.parent(id), |id| self.parent(*id))
    }

    /// The nodes right below.
    pub(super) fn children(&self, id: Id) -> impl Iterator<Item = Id> {
        let after = self.node(id).after;
        let first = Some(id + 1).filter(|first| *first < after);
        std::iter::successors(first, move |id| {
            Some(self.node(*id).after).filter(|next| *next < after)
        })
    }

    /// The node and all below it.
    pub(super) fn all(&self, id: Id) -> std::ops::Range<Id> {
        id..self.node(id).after
    }

    /// The node below that has this role.
    pub(super) fn field(&self, id: Id, role: &str) -> Option<Id> {
        self.children(id).find(|child| self.role(*child) == role)
    }

    /// The value, without what is around it: parentheses, casts, `await`.
    pub(super) fn bare(&self, id: Id) -> Id {
        let mut id = id;
        while WRAPPERS.contains(&self.kind(id)) {
            match self.children(id).next() {
                Some(below) => id = below,
                None => break,
            }
        }
        id
    }

    /// The outermost node that has the same value.
    pub(super) fn whole(&self, id: Id) -> Id {
        let mut id = id;
        while let Some(parent) = self.parent(id)
            && WRAPPERS.contains(&self.kind(parent))
        {
            id = parent;
        }
        id
    }

    /// The literal text that a node is.
    pub(super) fn text(&self, id: Id) -> Option<String> {
        let id = self.bare(id);
        match self.kind(id) {
            "string" => {}
            "template_string" => {
                if self
                    .children(id)
                    .any(|part| self.kind(part) == "template_substitution")
                {
                    return None;
                }
            }
            _ => return None,
        }
        let source = self.source(id);
        let inside = source.get(1..source.len().saturating_sub(1))?;
        // escapes do not stand in what is asked for: names, paths, packages
        Some(inside.to_owned())
    }

    /// The name of a property, a method or a member.
    pub(super) fn property(&self, id: Id) -> Option<String> {
        match self.kind(id) {
            "string" => self.text(id),
            "computed_property_name" => self.text(self.children(id).next()?),
            "property_identifier"
            | "shorthand_property_identifier"
            | "shorthand_property_identifier_pattern"
            | "identifier"
            | "type_identifier"
            | "number"
            | "private_property_identifier" => Some(self.source(id).to_owned()),
            _ => None,
        }
    }

    /// The arguments of a call.
    pub(super) fn arguments(&self, call: Id) -> Vec<Id> {
        self.field(call, "arguments")
            .filter(|list| self.kind(*list) == "arguments")
            .map(|list| self.children(list).collect())
            .unwrap_or_default()
    }

    /// What is called or constructed.
    pub(super) fn callee(&self, call: Id) -> Option<Id> {
        self.field(call, "function")
            .or_else(|| self.field(call, "constructor"))
            .map(|callee| self.bare(callee))
    }

    pub(super) fn is_call(&self, id: Id) -> bool {
        matches!(self.kind(id), "call_expression" | "new_expression")
    }

    pub(super) fn is_function(&self, id: Id) -> bool {
        matches!(
            self.kind(id),
            "arrow_function"
                | "function_declaration"
                | "function_expression"
                | "generator_function"
                | "generator_function_declaration"
                | "method_definition"
        )
    }

    /// The value of a property of an object that is written there.
    pub(super) fn property_of(&self, object: Id, name: &str) -> Option<Id> {
        self.children(object).find_map(|member| {
            let key = self
                .field(member, "key")
                .or_else(|| self.field(member, "name"))
                .unwrap_or(member);
            if self.property(key)? != name {
                return None;
            }
            Some(self.field(member, "value").unwrap_or(member))
        })
    }

    /// Whether something is thrown in it, or the program ended.
    pub(super) fn fails(&self, id: Id) -> bool {
        self.all(id).any(|below| match self.kind(below) {
            "throw_statement" => true,
            "call_expression" => self.callee(below).is_some_and(|callee| {
                matches!(
                    self.source(callee),
                    "process.exit" | "exit" | "assert" | "invariant" | "Deno.exit"
                )
            }),
            _ => false,
        })
    }
}
