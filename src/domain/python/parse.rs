//! Reads Python source into its [syntax](super::syntax), with tree-sitter: broken and new syntax as far as it can be read.
//!
//! What cannot be read is named, unless it holds none of the words that matter here.

use std::ops::ControlFlow;

use tree_sitter::{Node, ParseOptions, ParseState, Parser, Tree};

use crate::domain::python::syntax::{
    Argument, Class, Expr, ExprKind, Function, Import, Imported, Parameter, Span, Stmt, StmtKind,
};

/// The largest file that is read as a tree, in bytes. Trees take some 20 times the text; sources that people write are below it.
pub(crate) const PARSED: usize = 1024 * 1024;

/// How often tree-sitter may ask whether to go on, once per some hundred steps: twenty times what `PARSED` bytes of usual source need.
const PARSE_ROUNDS: usize = 2_000_000;

/// How deep statements and expressions may lie in each other, in levels. Python itself refuses 200 parentheses; the program's stack
/// has room for more.
const DEPTH: usize = 200;

/// What makes a part of a source that was not read matter: without one of these words it neither connects nor makes tables or routes.
const WORDS: &[&str] = &[
    "engine",
    "create_all",
    "dotenv",
    "environ",
    "getenv",
    "connect",
    "FastAPI",
    "APIRouter",
    "router",
    "route",
    "lifespan",
    "on_event",
    "import",
    "Session",
    "session",
    "settings",
    "Settings",
    "postgres",
];

/// A source that was read.
#[derive(Debug)]
pub(crate) struct Source {
    pub text: String,
    pub body: Vec<Stmt>,
    /// What could not be read of it, and would matter: the line and why.
    pub unread: Option<(u32, &'static str)>,
}

/// The text of a Python file: UTF-8, or what its coding line says.
pub(crate) fn decode(bytes: Vec<u8>) -> Result<String, &'static str> {
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let bytes = error.into_bytes();
            if !is_latin(&bytes) {
                return Err("it isn't UTF-8, and its coding line has no other known encoding");
            }
            bytes.into_iter().map(char::from).collect()
        }
    };
    if text.contains('\0') {
        return Err("it contains NUL bytes");
    }
    Ok(text)
}

/// Whether one of the first two lines declares a coding that is like Latin-1.
fn is_latin(bytes: &[u8]) -> bool {
    bytes.split(|byte| *byte == b'\n').take(2).any(|line| {
        let line = String::from_utf8_lossy(line).to_ascii_lowercase();
        let named = line
            .trim_start()
            .strip_prefix('#')
            .and_then(|comment| comment.split_once("coding"))
            .map(|(_, name)| name.trim_start_matches([':', '=', ' ']));
        named.is_some_and(|name| {
            ["latin", "iso-8859-1", "iso8859-1", "cp1252", "windows-1252"]
                .iter()
                .any(|known| name.starts_with(known))
        })
    })
}

impl Source {
    /// Reads a text.
    pub(crate) fn parse(text: String) -> Self {
        if text.len() > PARSED {
            return Self::large(text);
        }
        let Some(tree) = tree(&text) else {
            let unread = matters(&text).then_some((1, "its syntax takes too long to read"));
            return Self {
                text,
                body: Vec::new(),
                unread,
            };
        };
        let mut lowering = Lowering {
            text: &text,
            depth: 0,
            unread: None,
        };
        let body = lowering.block(tree.root_node());
        let unread = lowering.unread.or_else(|| broken(&tree, &text));
        Self { text, body, unread }
    }

    /// Reads only the imports of a text that is too large for a tree; the rest must not matter.
    fn large(text: String) -> Self {
        let mut head = String::new();
        let mut rest = false;
        let mut open = false;
        for line in text.lines() {
            let imports = line.starts_with("import ") || line.starts_with("from ");
            if (imports || open) && head.len() < PARSED {
                open = if imports {
                    line.contains('(') && !line.contains(')')
                } else {
                    !line.contains(')')
                };
                head.push_str(line);
                head.push('\n');
            } else {
                rest = rest || matters(line);
            }
        }
        let Self { body, unread, .. } = Self::parse(head);
        Self {
            text,
            body,
            unread: unread.or(rest.then_some((1, "it is larger than 1 MB"))),
        }
    }

    /// A source that need not be read.
    pub(crate) const fn empty() -> Self {
        Self {
            text: String::new(),
            body: Vec::new(),
            unread: None,
        }
    }

    /// A source without anything in it, for a file that could not be read.
    pub(crate) const fn unreadable(why: &'static str) -> Self {
        Self {
            text: String::new(),
            body: Vec::new(),
            unread: Some((1, why)),
        }
    }
}

fn tree(text: &str) -> Option<Tree> {
    let mut parser = Parser::new();
    parser
        .set_language(&tree_sitter_python::LANGUAGE.into())
        .ok()?;
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
    parser.parse_with_options(&mut input, None, Some(options))
}

fn matters(text: &str) -> bool {
    WORDS.iter().any(|word| text.contains(word))
}

fn line_of(node: Node<'_>) -> u32 {
    u32::try_from(node.start_position().row).map_or(u32::MAX, |row| row.saturating_add(1))
}

/// The first statement with an error of syntax that would matter.
fn broken(tree: &Tree, text: &str) -> Option<(u32, &'static str)> {
    let root = tree.root_node();
    if !root.has_error() {
        return None;
    }
    let mut cursor = root.walk();
    let wrong = root.children(&mut cursor).find(|node| {
        (node.has_error() || node.is_error() || node.is_missing())
            && text.get(node.byte_range()).is_none_or(matters)
    })?;
    Some((line_of(wrong), "its syntax couldn't be read"))
}

struct Lowering<'a> {
    text: &'a str,
    depth: usize,
    unread: Option<(u32, &'static str)>,
}

fn named(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor)
        .filter(|child| !child.is_extra())
        .collect()
}

fn fields<'a>(node: Node<'a>, name: &str) -> Vec<Node<'a>> {
    let mut cursor = node.walk();
    node.children_by_field_name(name, &mut cursor)
        .filter(Node::is_named)
        .collect()
}

impl Lowering<'_> {
    fn source(&self, node: Node<'_>) -> &str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    fn owned(&self, node: Node<'_>) -> String {
        self.source(node).to_owned()
    }

    fn span(node: Node<'_>) -> Span {
        Span {
            start: node.start_byte(),
            end: node.end_byte(),
            line: line_of(node),
        }
    }

    /// Goes one level down, unless that is too deep.
    fn deeper<T>(&mut self, node: Node<'_>, below: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.depth >= DEPTH {
            if self.unread.is_none() && matters(self.source(node)) {
                self.unread = Some((line_of(node), "it is nested deeper than 200 levels"));
            }
            return None;
        }
        self.depth += 1;
        let value = below(self);
        self.depth -= 1;
        Some(value)
    }

    fn block(&mut self, node: Node<'_>) -> Vec<Stmt> {
        let mut body = Vec::new();
        for child in named(node) {
            if child.is_error() || child.kind() == "block" || child.kind() == "case_clause" {
                let below = self.deeper(child, |this| this.block(child));
                body.extend(below.unwrap_or_default());
            } else if let Some(Some(stmt)) = self.deeper(child, |this| this.stmt(child)) {
                body.push(stmt);
            }
        }
        body
    }

    fn body(&mut self, node: Node<'_>, field: &str) -> Vec<Stmt> {
        fields(node, field)
            .into_iter()
            .flat_map(|block| self.block(block))
            .collect()
    }

    fn stmt(&mut self, node: Node<'_>) -> Option<Stmt> {
        let kind = match node.kind() {
            "import_statement" => StmtKind::Import(self.import(node)),
            "import_from_statement" => StmtKind::Import(self.import_from(node)),
            "expression_statement" => self.expression_statement(node),
            "function_definition" => StmtKind::Function(self.function(node, node, Vec::new())),
            "class_definition" => StmtKind::Class(self.class(node, node)),
            "decorated_definition" => self.decorated(node)?,
            "if_statement" => self.if_statement(node)?,
            "for_statement" => StmtKind::For {
                target: self.field(node, "left")?,
                iterable: self.field(node, "right")?,
                body: self.all_bodies(node),
            },
            "with_statement" => StmtKind::With {
                items: self.with_items(node),
                body: self.body(node, "body"),
            },
            "try_statement" => self.try_statement(node),
            "while_statement" => StmtKind::Block(
                self.field(node, "condition").into_iter().collect(),
                self.all_bodies(node),
            ),
            "match_statement" => StmtKind::Block(
                self.field(node, "subject").into_iter().collect(),
                self.all_bodies(node),
            ),
            "global_statement" => StmtKind::Global(
                named(node)
                    .into_iter()
                    .map(|name| self.owned(name))
                    .collect(),
            ),
            "return_statement" => StmtKind::Return(self.first(node)),
            "type_alias_statement" => StmtKind::Assign {
                targets: self.field(node, "left").into_iter().collect(),
                annotation: None,
                value: self.field(node, "right"),
            },
            "future_import_statement"
            | "pass_statement"
            | "nonlocal_statement"
            | "break_statement"
            | "continue_statement" => return None,
            // what stands where a statement should, such as a half of a broken one
            _ => StmtKind::Expr(self.exprs(node)),
        };
        Some(Stmt {
            kind,
            span: Self::span(node),
        })
    }

    fn import(&mut self, node: Node<'_>) -> Vec<Import> {
        fields(node, "name")
            .into_iter()
            .map(|name| {
                let (module, alias) = self.aliased(name);
                Import {
                    dots: 0,
                    module,
                    what: Imported::Module(alias),
                }
            })
            .collect()
    }

    fn import_from(&mut self, node: Node<'_>) -> Vec<Import> {
        let Some(from) = node.child_by_field_name("module_name") else {
            return Vec::new();
        };
        let written: String = self
            .source(from)
            .chars()
            .filter(|c| !c.is_whitespace())
            .collect();
        let module = written.trim_start_matches('.').to_owned();
        let dots = written.len() - module.len();
        let import = |what| Import {
            dots,
            module: module.clone(),
            what,
        };
        let mut imports: Vec<_> = fields(node, "name")
            .into_iter()
            .map(|name| {
                let (name, alias) = self.aliased(name);
                let alias = alias.unwrap_or_else(|| name.clone());
                import(Imported::Name(name, alias))
            })
            .collect();
        if named(node)
            .iter()
            .any(|child| child.kind() == "wildcard_import")
        {
            imports.push(import(Imported::Everything));
        }
        imports
    }

    fn aliased(&self, node: Node<'_>) -> (String, Option<String>) {
        let name = node.child_by_field_name("name").unwrap_or(node);
        let written = |node| {
            self.source(node)
                .chars()
                .filter(|c| !c.is_whitespace())
                .collect::<String>()
        };
        (
            written(name),
            node.child_by_field_name("alias").map(&written),
        )
    }

    fn expression_statement(&mut self, node: Node<'_>) -> StmtKind {
        let only = node.named_child(0);
        match only.map(|only| (only, only.kind())) {
            Some((only, "assignment")) => {
                let mut targets = Vec::new();
                let mut annotation = self.field(only, "type");
                let mut right = Some(only);
                // a = b = value
                while let Some(assignment) = right.filter(|node| node.kind() == "assignment") {
                    targets.extend(self.field(assignment, "left"));
                    annotation = annotation.or_else(|| self.field(assignment, "type"));
                    right = assignment.child_by_field_name("right");
                }
                StmtKind::Assign {
                    targets,
                    annotation,
                    value: right.and_then(|right| self.expr(right)),
                }
            }
            Some((only, "augmented_assignment")) => StmtKind::Assign {
                targets: self.field(only, "left").into_iter().collect(),
                annotation: None,
                value: self.field(only, "right"),
            },
            _ => StmtKind::Expr(self.exprs(node)),
        }
    }

    fn decorated(&mut self, node: Node<'_>) -> Option<StmtKind> {
        let definition = node.child_by_field_name("definition")?;
        let mut decorators = Vec::new();
        for child in named(node) {
            if child.kind() == "decorator" {
                decorators.extend(self.first(child));
            }
        }
        Some(if definition.kind() == "class_definition" {
            StmtKind::Class(self.class(definition, node))
        } else {
            StmtKind::Function(self.function(definition, node, decorators))
        })
    }

    fn function(&mut self, node: Node<'_>, whole: Node<'_>, decorators: Vec<Expr>) -> Function {
        let parameters = node.child_by_field_name("parameters");
        Function {
            name: node
                .child_by_field_name("name")
                .map(|name| self.owned(name))
                .unwrap_or_default(),
            is_async: node.child(0).is_some_and(|first| first.kind() == "async"),
            decorators,
            parameters: parameters
                .map(|parameters| named(parameters))
                .unwrap_or_default()
                .into_iter()
                .filter_map(|parameter| self.parameter(parameter))
                .collect(),
            returns: self.field(node, "return_type"),
            body: self.body(node, "body"),
            span: Self::span(whole),
        }
    }

    fn parameter(&mut self, node: Node<'_>) -> Option<Parameter> {
        let name = match node.kind() {
            "identifier" | "list_splat_pattern" | "dictionary_splat_pattern" => node,
            "default_parameter" | "typed_default_parameter" => node.child_by_field_name("name")?,
            "typed_parameter" => node.named_child(0)?,
            _ => return None,
        };
        let written = self.source(name);
        let plain = written.trim_start_matches('*');
        Some(Parameter {
            name: plain.trim().to_owned(),
            stars: u8::try_from(written.len() - plain.len()).unwrap_or(2),
            annotation: self.field(node, "type"),
            default: self.field(node, "value"),
        })
    }

    fn class(&mut self, node: Node<'_>, whole: Node<'_>) -> Class {
        Class {
            name: node
                .child_by_field_name("name")
                .map(|name| self.owned(name))
                .unwrap_or_default(),
            bases: node
                .child_by_field_name("superclasses")
                .map(|bases| self.arguments(bases))
                .unwrap_or_default(),
            body: self.body(node, "body"),
            span: Self::span(whole),
        }
    }

    fn if_statement(&mut self, node: Node<'_>) -> Option<StmtKind> {
        let mut branches = vec![(
            Some(self.field(node, "condition")?),
            self.body(node, "consequence"),
        )];
        for clause in fields(node, "alternative") {
            branches.push(if clause.kind() == "elif_clause" {
                (
                    self.field(clause, "condition"),
                    self.body(clause, "consequence"),
                )
            } else {
                (None, self.body(clause, "body"))
            });
        }
        Some(StmtKind::If(branches))
    }

    /// The bodies of a statement and of its clauses.
    fn all_bodies(&mut self, node: Node<'_>) -> Vec<Stmt> {
        let mut body = Vec::new();
        for block in fields(node, "body") {
            for child in named(block) {
                if child.kind() == "case_clause" {
                    body.extend(self.body(child, "consequence"));
                }
            }
            if block.kind() == "block" && !block.named_child(0).is_some_and(is_case) {
                body.extend(self.block(block));
            }
        }
        for clause in fields(node, "alternative") {
            body.extend(self.body(clause, "body"));
        }
        body
    }

    fn with_items(&mut self, node: Node<'_>) -> Vec<(Expr, Option<Expr>)> {
        let clauses = named(node)
            .into_iter()
            .filter(|child| child.kind() == "with_clause");
        let mut items = Vec::new();
        for item in clauses.flat_map(named) {
            let Some(value) = item.child_by_field_name("value") else {
                continue;
            };
            if value.kind() == "as_pattern" {
                let target = value
                    .child_by_field_name("alias")
                    .and_then(|alias| self.first(alias));
                items.extend(self.first(value).map(|value| (value, target)));
            } else {
                items.extend(self.expr(value).map(|value| (value, None)));
            }
        }
        items
    }

    fn try_statement(&mut self, node: Node<'_>) -> StmtKind {
        let (mut handlers, mut rest) = (Vec::new(), Vec::new());
        for child in named(node) {
            match child.kind() {
                "except_clause" | "except_group_clause" => {
                    let blocks = named(child)
                        .into_iter()
                        .filter(|part| part.kind() == "block");
                    handlers.push(blocks.flat_map(|block| self.block(block)).collect());
                }
                "else_clause" => rest.extend(self.body(child, "body")),
                "finally_clause" => {
                    for block in named(child) {
                        rest.extend(self.block(block));
                    }
                }
                _ => {}
            }
        }
        StmtKind::Try {
            body: self.body(node, "body"),
            handlers,
            rest,
        }
    }

    fn field(&mut self, node: Node<'_>, name: &str) -> Option<Expr> {
        let child = node.child_by_field_name(name)?;
        self.expr(child)
    }

    fn first(&mut self, node: Node<'_>) -> Option<Expr> {
        let child = named(node).into_iter().next()?;
        self.expr(child)
    }

    fn exprs(&mut self, node: Node<'_>) -> Vec<Expr> {
        named(node)
            .into_iter()
            .filter_map(|child| self.expr(child))
            .collect()
    }

    fn expr(&mut self, node: Node<'_>) -> Option<Expr> {
        let kind = self.deeper(node, |this| this.expr_kind(node)).flatten()?;
        Some(Expr {
            kind,
            span: Self::span(node),
        })
    }

    fn boxed(&mut self, node: Node<'_>, name: &str) -> Option<Box<Expr>> {
        self.field(node, name).map(Box::new)
    }

    fn expr_kind(&mut self, node: Node<'_>) -> Option<ExprKind> {
        Some(match node.kind() {
            "identifier" => ExprKind::Name(self.owned(node)),
            "dotted_name" | "member_type" => return self.dotted(node),
            "string" | "concatenated_string" => self.string(node),
            "attribute" => {
                let name = self.owned(node.child_by_field_name("attribute")?);
                ExprKind::Attribute(self.boxed(node, "object")?, name)
            }
            "call" => {
                let arguments = node.child_by_field_name("arguments")?;
                ExprKind::Call(self.boxed(node, "function")?, self.arguments(arguments))
            }
            "dictionary" => ExprKind::Dict(self.pairs(node)),
            "list" | "tuple" | "set" | "expression_list" | "pattern_list" | "tuple_pattern"
            | "list_pattern" => ExprKind::Items(self.exprs(node)),
            "subscript" => {
                let keys = fields(node, "subscript");
                let keys = keys.into_iter().filter_map(|key| self.expr(key)).collect();
                ExprKind::Subscript(self.boxed(node, "value")?, keys)
            }
            "generic_type" => {
                let mut parts = named(node).into_iter();
                let of = parts.next().and_then(|of| self.expr(of))?;
                let keys = parts.flat_map(|part| self.exprs(part)).collect();
                ExprKind::Subscript(Box::new(of), keys)
            }
            "type" | "parenthesized_expression" | "decorator" | "as_pattern_target" => {
                return self.first(node).map(|inner| inner.kind);
            }
            "conditional_expression" => {
                let mut parts = self.exprs(node).into_iter();
                let (then, test, other) = (parts.next()?, parts.next()?, parts.next()?);
                ExprKind::Conditional {
                    test: Box::new(test),
                    then: Box::new(then),
                    other: Box::new(other),
                }
            }
            "boolean_operator" => ExprKind::Either(self.operands(node)),
            "binary_operator" | "union_type" => {
                let operator = node
                    .child_by_field_name("operator")
                    .map_or_else(|| "|".to_owned(), |operator| self.owned(operator));
                ExprKind::Binary(operator, self.operands(node))
            }
            "lambda" => ExprKind::Lambda(self.boxed(node, "body")?),
            "await" => ExprKind::Await(Box::new(self.first(node)?)),
            "yield" => ExprKind::Yield(self.first(node).map(Box::new)),
            "named_expression" => {
                let name = self.owned(node.child_by_field_name("name")?);
                ExprKind::Walrus(name, self.boxed(node, "value")?)
            }
            "integer" | "float" | "true" | "false" | "none" | "ellipsis" => {
                ExprKind::Literal(self.owned(node))
            }
            "comment" => return None,
            _ => ExprKind::Other(self.exprs(node)),
        })
    }

    fn dotted(&mut self, node: Node<'_>) -> Option<ExprKind> {
        let mut parts = named(node).into_iter();
        let mut expr = parts.next().and_then(|first| self.expr(first))?;
        for part in parts {
            expr = Expr {
                span: Span {
                    end: part.end_byte(),
                    ..expr.span
                },
                kind: ExprKind::Attribute(Box::new(expr), self.owned(part)),
            };
        }
        Some(expr.kind)
    }

    /// The operands of an operator and of those of the same kind to its left, without going down for each of them.
    fn operands(&mut self, node: Node<'_>) -> Vec<Expr> {
        let operator = |node: Node<'_>| {
            node.child_by_field_name("operator")
                .map(|operator| operator.kind_id())
        };
        let mut right = Vec::new();
        let mut at = node;
        loop {
            let children = named(at);
            let (Some(first), Some(last)) = (children.first(), children.last()) else {
                break;
            };
            right.push(*last);
            if first.kind() == node.kind() && operator(*first) == operator(node) {
                at = *first;
            } else {
                if children.len() > 1 {
                    right.push(*first);
                }
                break;
            }
        }
        right
            .into_iter()
            .rev()
            .filter_map(|operand| self.expr(operand))
            .collect()
    }

    fn arguments(&mut self, node: Node<'_>) -> Vec<Argument> {
        if node.kind() != "argument_list" {
            let value = self.expr(node);
            return value
                .into_iter()
                .map(|value| Argument {
                    name: None,
                    stars: 1,
                    value,
                })
                .collect();
        }
        let mut arguments = Vec::new();
        for child in named(node) {
            let (name, stars, value) = match child.kind() {
                "keyword_argument" => (
                    child
                        .child_by_field_name("name")
                        .map(|name| self.owned(name)),
                    0,
                    self.field(child, "value"),
                ),
                "list_splat" => (None, 1, self.first(child)),
                "dictionary_splat" => (None, 2, self.first(child)),
                _ => (None, 0, self.expr(child)),
            };
            arguments.extend(value.map(|value| Argument { name, stars, value }));
        }
        arguments
    }

    fn pairs(&mut self, node: Node<'_>) -> Vec<(Option<Expr>, Expr)> {
        let mut pairs = Vec::new();
        for child in named(node) {
            let pair = if child.kind() == "dictionary_splat" {
                self.first(child).map(|value| (None, value))
            } else {
                let key = self.field(child, "key");
                self.field(child, "value").map(|value| (key, value))
            };
            pairs.extend(pair);
        }
        pairs
    }

    fn string(&mut self, node: Node<'_>) -> ExprKind {
        let strings = if node.kind() == "string" {
            vec![node]
        } else {
            named(node)
        };
        let mut parts: Vec<Expr> = Vec::new();
        let mut literal = String::new();
        let span = Self::span(node);
        for string in strings {
            for part in named(string) {
                match part.kind() {
                    "string_start" if self.source(part).contains(['b', 'B']) => {
                        return ExprKind::Literal(self.owned(node));
                    }
                    "string_content" => literal.push_str(self.source(part)),
                    "interpolation" => {
                        let text = std::mem::take(&mut literal);
                        parts.push(Expr {
                            kind: ExprKind::Text(text),
                            span,
                        });
                        parts.extend(self.field(part, "expression"));
                    }
                    _ => {}
                }
            }
        }
        if parts.is_empty() {
            return ExprKind::Text(literal);
        }
        parts.push(Expr {
            kind: ExprKind::Text(literal),
            span,
        });
        ExprKind::Template(parts)
    }
}

fn is_case(node: Node<'_>) -> bool {
    node.kind() == "case_clause"
}
