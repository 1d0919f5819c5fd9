//! Everything in the code of an application that the questions about its environment begin with, seen once.

use crate::domain::python::{
    code::{Place, PythonCode},
    graph::{Graph, is_type_checking},
    syntax::{Expr, ExprKind, Stmt, StmtKind},
};

/// A call or a subscript, and what stands around it.
#[derive(Debug)]
pub(super) struct Seen<'a> {
    pub place: Place<'a>,
    pub expr: &'a Expr,
    /// Whether another value is taken where it gives none: `a or b`.
    pub excused: bool,
    /// The tests under which it is reached.
    pub tests: Vec<&'a Expr>,
}

/// A value that is given to a name, an attribute or an item.
#[derive(Debug)]
pub(super) struct Given<'a> {
    pub place: Place<'a>,
    pub target: &'a Expr,
    pub value: &'a Expr,
}

#[derive(Debug, Default)]
pub(super) struct CodeSurvey<'a> {
    /// In the order of files and lines.
    pub exprs: Vec<Seen<'a>>,
    pub given: Vec<Given<'a>>,
    pub dicts: Vec<(Place<'a>, &'a Expr)>,
    /// Comparisons and the like, such as `"X" in os.environ`.
    pub tested: Vec<(Place<'a>, &'a Expr)>,
}

struct SurveyWalk<'s, 'a> {
    survey: &'s mut CodeSurvey<'a>,
    tests: Vec<&'a Expr>,
    text: &'a str,
}

impl<'a> CodeSurvey<'a> {
    pub(super) fn of(graph: &'a Graph) -> Self {
        let mut survey = Self::default();
        for (at, module) in graph.modules.iter().enumerate() {
            let mut walk = SurveyWalk {
                survey: &mut survey,
                tests: Vec::new(),
                text: &module.text,
            };
            walk.body(&PythonCode::top(at), &module.body);
        }
        survey
    }
}

impl<'a> SurveyWalk<'_, 'a> {
    fn body(&mut self, place: &Place<'a>, body: &'a [Stmt]) {
        for stmt in body {
            match &stmt.kind {
                StmtKind::Function(function) => {
                    self.exprs(place, stmt);
                    self.body(&PythonCode::inside(place, function), &function.body);
                }
                StmtKind::Class(class) => {
                    self.exprs(place, stmt);
                    for base in &class.bases {
                        self.expr(place, &base.value, false);
                    }
                    self.body(&PythonCode::class_body(place, class), &class.body);
                }
                StmtKind::If(branches) => {
                    let before = self.tests.len();
                    for (test, body) in branches {
                        if test.as_ref().is_some_and(is_type_checking) {
                            continue;
                        }
                        if let Some(test) = test {
                            self.expr(place, test, true);
                            self.tests.push(test);
                        }
                        self.body(place, body);
                    }
                    self.tests.truncate(before);
                }
                StmtKind::Assign {
                    targets,
                    annotation,
                    value,
                } => {
                    for target in targets {
                        self.target(place, target);
                        if let Some(value) = value {
                            self.survey.given.push(Given {
                                place: place.clone(),
                                target,
                                value,
                            });
                        }
                    }
                    // `Annotated[str, Field(alias="X")]` reads nothing by itself
                    let _: Option<&Expr> = annotation.as_ref();
                    if let Some(value) = value {
                        self.expr(place, value, false);
                    }
                }
                StmtKind::Expr(exprs) if self.deletes(stmt) => {
                    for expr in exprs {
                        self.target(place, expr);
                    }
                }
                StmtKind::Block(..) => {
                    for expr in stmt.exprs() {
                        self.expr(place, expr, true);
                    }
                    for body in stmt.blocks() {
                        self.body(place, body);
                    }
                }
                _ => {
                    self.exprs(place, stmt);
                    for body in stmt.blocks() {
                        self.body(place, body);
                    }
                }
            }
        }
    }

    fn deletes(&self, stmt: &Stmt) -> bool {
        self.text
            .get(stmt.span.start..)
            .is_some_and(|text| text.starts_with("del ") || text.starts_with("del("))
    }

    fn exprs(&mut self, place: &Place<'a>, stmt: &'a Stmt) {
        for expr in stmt.exprs() {
            self.expr(place, expr, false);
        }
    }

    /// What is assigned is not read.
    fn target(&mut self, place: &Place<'a>, target: &'a Expr) {
        match &target.kind {
            ExprKind::Subscript(_, keys) => {
                for key in keys {
                    self.expr(place, key, false);
                }
            }
            ExprKind::Items(items) => {
                for item in items {
                    self.target(place, item);
                }
            }
            _ => {}
        }
    }

    fn expr(&mut self, place: &Place<'a>, expr: &'a Expr, excused: bool) {
        match &expr.kind {
            ExprKind::Either(parts) => {
                let last = parts.len().saturating_sub(1);
                let before = self.tests.len();
                for (at, part) in parts.iter().enumerate() {
                    self.expr(place, part, excused || at < last);
                    self.tests.push(part);
                }
                self.tests.truncate(before);
                return;
            }
            ExprKind::Conditional { test, then, other } => {
                self.expr(place, test, true);
                self.tests.push(test);
                self.expr(place, then, excused);
                self.expr(place, other, excused);
                self.tests.pop();
                return;
            }
            ExprKind::Call(callee, arguments) => {
                self.see(place, expr, excused);
                self.expr(place, callee, false);
                // `bool(os.getenv("X"))` asks whether it is there
                let asks = excused || callee.last_name() == Some("bool");
                for argument in arguments {
                    self.expr(place, &argument.value, asks);
                }
                return;
            }
            ExprKind::Subscript(..) => self.see(place, expr, excused),
            ExprKind::Dict(_) => self.survey.dicts.push((place.clone(), expr)),
            ExprKind::Other(parts) => {
                if parts.iter().any(|part| part.text().is_some()) {
                    self.survey.tested.push((place.clone(), expr));
                }
                // `os.getenv("X") == "1"`, `not os.getenv("X")`
                for part in parts {
                    self.expr(place, part, true);
                }
                return;
            }
            _ => {}
        }
        for part in expr.parts() {
            self.expr(place, part, excused);
        }
    }

    fn see(&mut self, place: &Place<'a>, expr: &'a Expr, excused: bool) {
        self.survey.exprs.push(Seen {
            place: place.clone(),
            expr,
            excused,
            tests: self.tests.clone(),
        });
    }
}
