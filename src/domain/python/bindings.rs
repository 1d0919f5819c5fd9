//! What gives the names of a body their values.

use std::collections::HashMap;

use crate::domain::python::syntax::{
    Class, Expr, ExprKind, Function, Import, Imported, Stmt, StmtKind,
};

/// What gives a name its value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Binding<'a> {
    Import(&'a Import),
    Assigned(&'a Expr),
    /// Assigned to a name of the module, in one of its functions.
    Global(&'a Function, &'a Expr),
    Element(&'a Expr),
    Typed(&'a Expr),
    Function(&'a Function),
    Class(&'a Class),
}

pub(super) type Bindings<'a> = HashMap<&'a str, Vec<Binding<'a>>>;

/// What a body returns and yields.
pub(super) fn given(body: &[Stmt]) -> Vec<&Expr> {
    let mut values = Vec::new();
    for stmt in body {
        match &stmt.kind {
            StmtKind::Return(value) => values.extend(value),
            StmtKind::Expr(_) | StmtKind::Assign { .. } => {
                for expr in stmt.exprs() {
                    expr.visit(&mut |expr| {
                        if let ExprKind::Yield(Some(value)) = &expr.kind {
                            values.push(value);
                        }
                    });
                }
            }
            _ => {
                for body in stmt.blocks() {
                    values.extend(given(body));
                }
            }
        }
    }
    values
}

/// What is assigned to an attribute of a name: `self.x = value`.
pub(super) fn set_on<'a>(body: &'a [Stmt], own: &str, name: &str) -> Vec<&'a Expr> {
    let mut values = Vec::new();
    for stmt in body {
        if let StmtKind::Assign {
            targets,
            value: Some(value),
            ..
        } = &stmt.kind
        {
            for target in targets {
                if let ExprKind::Attribute(of, attribute) = &target.kind
                    && attribute == name
                    && of.dotted().as_deref() == Some(own)
                {
                    values.push(value);
                }
            }
        }
        for body in stmt.blocks() {
            values.extend(set_on(body, own, name));
        }
    }
    values
}

pub(super) fn bind<'a>(body: &'a [Stmt], into: &mut Bindings<'a>) {
    for stmt in body {
        let mut add = |name: &'a str, binding| into.entry(name).or_default().push(binding);
        match &stmt.kind {
            StmtKind::Import(imports) => {
                for import in imports {
                    let name = match &import.what {
                        Imported::Module(Some(alias)) | Imported::Name(_, alias) => alias,
                        Imported::Module(None) => {
                            import.module.split('.').next().unwrap_or_default()
                        }
                        Imported::Everything => "*",
                    };
                    add(name, Binding::Import(import));
                }
            }
            StmtKind::Assign {
                targets,
                annotation,
                value,
                ..
            } => {
                for target in targets {
                    if let ExprKind::Name(name) = &target.kind {
                        if let Some(value) = value {
                            add(name, Binding::Assigned(value));
                        } else if let Some(annotation) = annotation {
                            add(name, Binding::Typed(annotation));
                        }
                    } else if let ExprKind::Items(names) = &target.kind
                        && let Some(Expr {
                            kind: ExprKind::Items(values),
                            ..
                        }) = value
                    {
                        for (name, value) in names.iter().zip(values) {
                            if let ExprKind::Name(name) = &name.kind {
                                add(name, Binding::Assigned(value));
                            }
                        }
                    }
                }
            }
            StmtKind::Function(function) => add(&function.name, Binding::Function(function)),
            StmtKind::Class(class) => add(&class.name, Binding::Class(class)),
            StmtKind::For {
                target:
                    Expr {
                        kind: ExprKind::Name(name),
                        ..
                    },
                iterable,
                ..
            } => add(name, Binding::Element(iterable)),
            StmtKind::With { items, .. } => {
                for (value, target) in items {
                    if let Some(Expr {
                        kind: ExprKind::Name(name),
                        ..
                    }) = target
                    {
                        add(name, Binding::Assigned(value));
                    }
                }
            }
            _ => {}
        }
        for expr in stmt.exprs() {
            expr.visit(&mut |expr| {
                if let ExprKind::Walrus(name, value) = &expr.kind {
                    into.entry(name).or_default().push(Binding::Assigned(value));
                }
            });
        }
        for body in stmt.blocks() {
            bind(body, into);
        }
    }
}

/// What the functions of a module assign to its names.
pub(super) fn globals<'a>(body: &'a [Stmt], into: &mut Bindings<'a>) {
    for stmt in body {
        if let StmtKind::Function(function) = &stmt.kind {
            let mut names = Vec::new();
            global_names(&function.body, &mut names);
            if !names.is_empty() {
                let mut inside = Bindings::new();
                bind(&function.body, &mut inside);
                for name in names {
                    for binding in inside.get(name).into_iter().flatten() {
                        if let Binding::Assigned(value) = binding {
                            into.entry(name)
                                .or_default()
                                .push(Binding::Global(function, value));
                        }
                    }
                }
            }
        }
        for body in stmt.blocks() {
            globals(body, into);
        }
    }
}

fn global_names<'a>(body: &'a [Stmt], names: &mut Vec<&'a str>) {
    for stmt in body {
        if let StmtKind::Global(global) = &stmt.kind {
            names.extend(global.iter().map(String::as_str));
        }
        for body in stmt.blocks() {
            global_names(body, names);
        }
    }
}
