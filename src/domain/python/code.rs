//! The code of an application: its modules, with every call, function and class in them, and where each of them stands.

use std::{
    cell::{Cell, RefCell},
    collections::{HashMap, HashSet},
    rc::Rc,
};

use crate::domain::{
    python::{
        bindings::{Bindings, bind, globals},
        graph::Graph,
        makers::MAKERS,
        syntax::{Class, Expr, ExprKind, Function, Imported, Stmt, StmtKind},
    },
    reading::Spot,
};

/// Where names are looked up.
#[derive(Debug)]
pub(crate) struct Frame<'a> {
    pub module: usize,
    pub function: Option<&'a Function>,
    /// The class of its body, or of which the function is a method.
    pub class: Option<&'a Class>,
    pub outer: Option<Rc<Self>>,
}

pub(crate) type Place<'a> = Rc<Frame<'a>>;

#[derive(Debug, Clone)]
pub(crate) enum Value<'a> {
    Module(usize),
    Class(Place<'a>, &'a Class),
    Instance(Place<'a>, &'a Class),
    Function(Place<'a>, &'a Function),
    /// Something of a package: `sqlalchemy.create_engine`.
    Package(String),
    /// What a call of something of a package gives: `sqlalchemy.create_engine()`; the call, where there is one.
    Made(String, Option<(Place<'a>, &'a Expr)>),
    /// A literal, a dictionary, an operator.
    Written(Place<'a>, &'a Expr),
    Unknown,
}

/// A call, and where it stands.
#[derive(Debug)]
pub(crate) struct Site<'a> {
    pub place: Place<'a>,
    pub call: &'a Expr,
    /// The tests under which it is made, and whether they are to hold.
    pub tests: Vec<(&'a Expr, bool)>,
}

/// An item that is set in something: `x["key"] = value`.
#[derive(Debug)]
pub(crate) struct Item<'a> {
    pub place: Place<'a>,
    pub of: &'a Expr,
    pub key: &'a Expr,
    pub value: &'a Expr,
    pub tests: usize,
}

/// The values of the names of modules; `None` for those that are being found out.
type Members<'a> = HashMap<(usize, String), Option<Vec<Value<'a>>>>;

/// The code of an application, with what its expressions stand for.
#[derive(Debug)]
pub(crate) struct PythonCode<'a> {
    pub graph: &'a Graph,
    pub sites: Vec<Site<'a>>,
    pub items: Vec<Item<'a>>,
    pub functions: Vec<(Place<'a>, &'a Function)>,
    pub classes: Vec<(Place<'a>, &'a Class)>,
    /// What is set as the lifespan of an application after it was made.
    pub lifespans: Vec<(Place<'a>, &'a Expr)>,
    /// The names that imports give to something of a package that makes connections.
    pub renamed: HashSet<&'a str>,
    by_name: HashMap<&'a str, Vec<usize>>,
    bindings: RefCell<HashMap<usize, Rc<Bindings<'a>>>>,
    /// What the names of modules stand for; `None` while it is being found out.
    pub(super) members: RefCell<Members<'a>>,
    /// How often a limit or a circle has cut a value short.
    pub(super) cuts: Cell<usize>,
    pub(super) steps: Cell<usize>,
    /// How much was followed for the options or the URL of one engine, or for one expression.
    pub(super) followed: Cell<usize>,
}

impl<'a> PythonCode<'a> {
    pub(crate) fn new(graph: &'a Graph) -> Self {
        let mut code = Self {
            graph,
            sites: Vec::new(),
            items: Vec::new(),
            functions: Vec::new(),
            classes: Vec::new(),
            lifespans: Vec::new(),
            renamed: HashSet::new(),
            by_name: HashMap::new(),
            bindings: RefCell::default(),
            members: RefCell::default(),
            cuts: Cell::new(0),
            steps: Cell::new(0),
            followed: Cell::new(0),
        };
        for (at, module) in graph.modules.iter().enumerate() {
            if module.runs {
                code.note(&Self::top(at), &module.body, &mut Vec::new());
            }
        }
        for (at, site) in code.sites.iter().enumerate() {
            if let ExprKind::Call(callee, _) = &site.call.kind
                && let Some(name) = callee.last_name()
            {
                code.by_name.entry(name).or_default().push(at);
            }
        }
        code
    }

    /// The top of a module.
    pub(crate) fn top(module: usize) -> Place<'a> {
        Rc::new(Frame {
            module,
            function: None,
            class: None,
            outer: None,
        })
    }

    /// The inside of a function.
    pub(crate) fn inside(place: &Place<'a>, function: &'a Function) -> Place<'a> {
        let method = place.function.is_none().then_some(place.class).flatten();
        Rc::new(Frame {
            module: place.module,
            function: Some(function),
            class: method,
            outer: Some(place.clone()),
        })
    }

    /// The body of a class.
    pub(crate) fn class_body(place: &Place<'a>, class: &'a Class) -> Place<'a> {
        Rc::new(Frame {
            module: place.module,
            function: None,
            class: Some(class),
            outer: Some(place.clone()),
        })
    }

    fn note(&mut self, place: &Place<'a>, body: &'a [Stmt], tests: &mut Vec<(&'a Expr, bool)>) {
        for stmt in body {
            for expr in stmt.exprs() {
                self.note_expr(place, expr, tests);
            }
            match &stmt.kind {
                StmtKind::Import(imports) => {
                    for import in imports {
                        if let Imported::Name(name, alias) = &import.what
                            && name != alias
                            && MAKERS.iter().any(|(_, maker, _)| maker == name)
                        {
                            self.renamed.insert(alias);
                        }
                    }
                }
                StmtKind::Function(function) => {
                    self.functions.push((place.clone(), function));
                    self.note(&Self::inside(place, function), &function.body, tests);
                }
                StmtKind::Class(class) => {
                    self.classes.push((place.clone(), class));
                    self.note(&Self::class_body(place, class), &class.body, tests);
                }
                StmtKind::If(branches) => {
                    let before = tests.len();
                    for (test, body) in branches {
                        let own = tests.len();
                        tests.extend(test.iter().map(|test| (test, true)));
                        self.note(place, body, tests);
                        tests.truncate(own);
                        tests.extend(test.iter().map(|test| (test, false)));
                    }
                    tests.truncate(before);
                }
                StmtKind::Assign {
                    targets,
                    value: Some(value),
                    ..
                } => {
                    for target in targets {
                        if target.last_name() == Some("lifespan_context") {
                            self.lifespans.push((place.clone(), value));
                        }
                        if let ExprKind::Subscript(of, keys) = &target.kind
                            && let Some(key) = keys.first()
                        {
                            self.items.push(Item {
                                place: place.clone(),
                                of,
                                key,
                                value,
                                tests: tests.len(),
                            });
                        }
                    }
                }
                _ => {
                    for body in stmt.blocks() {
                        self.note(place, body, tests);
                    }
                }
            }
        }
    }

    fn note_expr(&mut self, place: &Place<'a>, expr: &'a Expr, tests: &mut Vec<(&'a Expr, bool)>) {
        if let ExprKind::Conditional { test, then, other } = &expr.kind {
            self.note_expr(place, test, tests);
            for (branch, holds) in [(then, true), (other, false)] {
                tests.push((test, holds));
                self.note_expr(place, branch, tests);
                tests.pop();
            }
            return;
        }
        if matches!(expr.kind, ExprKind::Call(..)) {
            self.sites.push(Site {
                place: place.clone(),
                call: expr,
                tests: tests.clone(),
            });
        }
        for part in expr.parts() {
            self.note_expr(place, part, tests);
        }
    }

    /// The file and line of something.
    pub(crate) fn spot(&self, place: &Place<'a>, expr: &Expr) -> Spot {
        Spot {
            file: self
                .graph
                .get(place.module)
                .map(|module| module.file.clone())
                .unwrap_or_default(),
            line: expr.span.line,
        }
    }

    /// The calls whose last name is this.
    pub(crate) fn sites_named(&self, name: &str) -> impl Iterator<Item = &Site<'a>> {
        self.by_name
            .get(name)
            .into_iter()
            .flatten()
            .filter_map(|at| self.sites.get(*at))
    }

    /// The calls that by their name may be of this function, or of the class whose `__init__` it is.
    pub(crate) fn calls_of(
        &self,
        place: &Place<'a>,
        function: &'a Function,
    ) -> impl Iterator<Item = &Site<'a>> {
        let name = match place.class {
            Some(class) if function.name == "__init__" => class.name.as_str(),
            _ => function.name.as_str(),
        };
        self.sites_named(name)
    }

    /// The names that a body binds, in its blocks but not in its functions and classes.
    pub(super) fn bound(
        &self,
        body: &'a [Stmt],
        function: Option<&'a Function>,
    ) -> Rc<Bindings<'a>> {
        let key = body.as_ptr().addr();
        if let Some(found) = self.bindings.borrow().get(&key) {
            return found.clone();
        }
        let mut bindings = Bindings::new();
        bind(body, &mut bindings);
        if function.is_none() {
            globals(body, &mut bindings);
        }
        let bindings = Rc::new(bindings);
        // an empty body has no address of its own
        if !body.is_empty() {
            self.bindings.borrow_mut().insert(key, bindings.clone());
        }
        bindings
    }
}
