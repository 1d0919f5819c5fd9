//! The parts of Python's syntax that the questions about an application need, without the rest.

/// Where something stands in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Span {
    pub start: usize,
    pub end: usize,
    /// The 1-based line of its start.
    pub line: u32,
}

#[derive(Debug)]
pub(crate) struct Expr {
    pub kind: ExprKind,
    pub span: Span,
}

#[derive(Debug)]
pub(crate) enum ExprKind {
    /// A literal text without parts to fill in, escapes as written.
    Text(String),
    /// A text with parts to fill in.
    Template(Vec<Expr>),
    Name(String),
    Attribute(Box<Expr>, String),
    Call(Box<Expr>, Vec<Argument>),
    /// Its pairs; one without a key is a spread.
    Dict(Vec<(Option<Expr>, Expr)>),
    /// A list, a tuple or a set.
    Items(Vec<Expr>),
    Subscript(Box<Expr>, Vec<Expr>),
    /// `a if test else b`
    Conditional {
        test: Box<Expr>,
        then: Box<Expr>,
        other: Box<Expr>,
    },
    /// `a or b`, `a and b`
    Either(Vec<Expr>),
    /// The operands of one kind of operator, such as `+` or `|`.
    Binary(String, Vec<Expr>),
    Lambda(Box<Expr>),
    Await(Box<Expr>),
    Yield(Option<Box<Expr>>),
    /// `name := value`
    Walrus(String, Box<Expr>),
    /// A number, `True`, `None`, as written.
    Literal(String),
    /// Anything else, with the expressions in it.
    Other(Vec<Expr>),
}

#[derive(Debug)]
pub(crate) struct Argument {
    pub name: Option<String>,
    /// `*` and `**`
    pub stars: u8,
    pub value: Expr,
}

#[derive(Debug)]
pub(crate) struct Stmt {
    pub kind: StmtKind,
    pub span: Span,
}

#[derive(Debug)]
pub(crate) enum StmtKind {
    Import(Vec<Import>),
    Assign {
        targets: Vec<Expr>,
        annotation: Option<Expr>,
        value: Option<Expr>,
    },
    Function(Function),
    Class(Class),
    /// Its branches with their tests; `else` has none.
    If(Vec<(Option<Expr>, Vec<Stmt>)>),
    For {
        target: Expr,
        iterable: Expr,
        body: Vec<Stmt>,
    },
    With {
        items: Vec<(Expr, Option<Expr>)>,
        body: Vec<Stmt>,
    },
    Try {
        body: Vec<Stmt>,
        handlers: Vec<Vec<Stmt>>,
        rest: Vec<Stmt>,
    },
    /// `while`, `match`: what is asked, and all their bodies.
    Block(Vec<Expr>, Vec<Stmt>),
    Return(Option<Expr>),
    /// Names of the module that a function assigns.
    Global(Vec<String>),
    Expr(Vec<Expr>),
}

/// One name that an import statement brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Import {
    /// The dots before the module's name.
    pub dots: usize,
    pub module: String,
    pub what: Imported,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Imported {
    /// `import a.b`, `import a.b as c`
    Module(Option<String>),
    /// `from a import b as c`
    Name(String, String),
    /// `from a import *`
    Everything,
}

#[derive(Debug)]
pub(crate) struct Function {
    pub name: String,
    pub is_async: bool,
    pub decorators: Vec<Expr>,
    pub parameters: Vec<Parameter>,
    pub returns: Option<Expr>,
    pub body: Vec<Stmt>,
    /// With its decorators.
    pub span: Span,
}

#[derive(Debug)]
pub(crate) struct Parameter {
    pub name: String,
    pub stars: u8,
    pub annotation: Option<Expr>,
    pub default: Option<Expr>,
}

#[derive(Debug)]
pub(crate) struct Class {
    pub name: String,
    pub bases: Vec<Argument>,
    pub body: Vec<Stmt>,
    pub span: Span,
}

impl Expr {
    /// The text of a literal.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.kind {
            ExprKind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The name as it is written: `a`, `a.b.c`.
    pub(crate) fn dotted(&self) -> Option<String> {
        match &self.kind {
            ExprKind::Name(name) => Some(name.clone()),
            ExprKind::Attribute(of, name) => Some(format!("{}.{name}", of.dotted()?)),
            _ => None,
        }
    }

    /// The last part of a name.
    pub(crate) fn last_name(&self) -> Option<&str> {
        match &self.kind {
            ExprKind::Name(name) | ExprKind::Attribute(_, name) => Some(name),
            _ => None,
        }
    }

    /// The expressions right below it.
    pub(crate) fn parts(&self) -> Vec<&Self> {
        match &self.kind {
            ExprKind::Text(_) | ExprKind::Name(_) | ExprKind::Literal(_) => Vec::new(),
            ExprKind::Template(parts)
            | ExprKind::Items(parts)
            | ExprKind::Either(parts)
            | ExprKind::Binary(_, parts)
            | ExprKind::Other(parts) => parts.iter().collect(),
            ExprKind::Attribute(of, _)
            | ExprKind::Lambda(of)
            | ExprKind::Await(of)
            | ExprKind::Walrus(_, of) => vec![of],
            ExprKind::Yield(of) => of.as_deref().into_iter().collect(),
            ExprKind::Call(of, arguments) => std::iter::once(&**of)
                .chain(arguments.iter().map(|argument| &argument.value))
                .collect(),
            ExprKind::Dict(pairs) => pairs
                .iter()
                .flat_map(|(key, value)| key.iter().chain([value]))
                .collect(),
            ExprKind::Subscript(of, keys) => std::iter::once(&**of).chain(keys).collect(),
            ExprKind::Conditional { test, then, other } => vec![test, then, other],
        }
    }

    /// Shows each expression in it, itself first.
    pub(crate) fn visit<'a>(&'a self, see: &mut dyn FnMut(&'a Self)) {
        see(self);
        for part in self.parts() {
            part.visit(see);
        }
    }

    /// Whether a literal in it, or a name, has one of these words.
    pub(crate) fn mentions(&self, words: &[&str]) -> bool {
        let mut found = false;
        self.visit(&mut |expr| {
            let (ExprKind::Text(text) | ExprKind::Name(text) | ExprKind::Attribute(_, text)) =
                &expr.kind
            else {
                return;
            };
            let text = text.to_ascii_lowercase();
            found |= words.iter().any(|word| text.contains(word));
        });
        found
    }
}

/// An argument of a call by its name, or by its place among those without one.
pub(crate) fn argument<'a>(
    arguments: &'a [Argument],
    place: Option<usize>,
    name: &str,
) -> Option<&'a Expr> {
    let named = arguments
        .iter()
        .find(|argument| argument.name.as_deref() == Some(name));
    let placed = || {
        arguments
            .iter()
            .take_while(|argument| argument.stars == 0)
            .filter(|argument| argument.name.is_none())
            .nth(place?)
    };
    named.or_else(placed).map(|argument| &argument.value)
}

impl Stmt {
    /// The statements right below it, those of functions and classes left out.
    pub(crate) fn blocks(&self) -> Vec<&[Self]> {
        match &self.kind {
            StmtKind::If(branches) => branches.iter().map(|(_, body)| &**body).collect(),
            StmtKind::For { body, .. } | StmtKind::With { body, .. } | StmtKind::Block(_, body) => {
                vec![body]
            }
            StmtKind::Try {
                body,
                handlers,
                rest,
            } => std::iter::once(&**body)
                .chain(handlers.iter().map(|handler| &**handler))
                .chain([&**rest])
                .collect(),
            StmtKind::Import(_)
            | StmtKind::Assign { .. }
            | StmtKind::Function(_)
            | StmtKind::Class(_)
            | StmtKind::Return(_)
            | StmtKind::Global(_)
            | StmtKind::Expr(_) => Vec::new(),
        }
    }

    /// The expressions right in it: those of its blocks, functions and classes left out, but not decorators and defaults.
    pub(crate) fn exprs(&self) -> Vec<&Expr> {
        match &self.kind {
            StmtKind::Import(_) | StmtKind::Try { .. } | StmtKind::Global(_) => Vec::new(),
            StmtKind::Assign { targets, value, .. } => value.iter().chain(targets).collect(),
            StmtKind::Function(function) => function
                .decorators
                .iter()
                .chain(
                    function
                        .parameters
                        .iter()
                        .filter_map(|parameter| parameter.default.as_ref()),
                )
                .collect(),
            StmtKind::Class(class) => class.bases.iter().map(|base| &base.value).collect(),
            StmtKind::If(branches) => branches
                .iter()
                .filter_map(|(test, _)| test.as_ref())
                .collect(),
            StmtKind::For {
                target, iterable, ..
            } => vec![iterable, target],
            StmtKind::With { items, .. } => items
                .iter()
                .flat_map(|(value, target)| std::iter::once(value).chain(target))
                .collect(),
            StmtKind::Block(exprs, _) | StmtKind::Expr(exprs) => exprs.iter().collect(),
            StmtKind::Return(value) => value.iter().collect(),
        }
    }
}
