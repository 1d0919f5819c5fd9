//! Where the values of expressions are written: what a name was given, whoever gave it.

use crate::domain::python::{
    bindings::{Binding, given, set_on},
    code::{Place, PythonCode, Value},
    syntax::{Class, Expr, ExprKind, Imported, StmtKind, argument},
};

/// How many names one value may lead through.
const LINKS: usize = 12;

/// How many modules are searched for what one expression stands for, in all.
const MODULES: usize = 500;

/// The most expressions that one name may stand for.
const GIVEN: usize = 24;

/// How many calls of a function tell what its parameters are.
const CALLERS: usize = 12;

/// An expression, and where its names are looked up.
pub(super) type WrittenExpression<'a> = (Place<'a>, &'a Expr);

/// The expressions that a name, an attribute or a call of a function of the code stands for.
pub(super) fn written<'a>(
    code: &PythonCode<'a>,
    place: &Place<'a>,
    expr: &'a Expr,
) -> Vec<WrittenExpression<'a>> {
    let mut found = Vec::new();
    code.followed.set(0);
    match &expr.kind {
        ExprKind::Name(name) => by_name(code, place, name, &mut found, 0),
        ExprKind::Attribute(of, name) => {
            for value in code.values(place, of) {
                match value {
                    Value::Module(module) => {
                        in_module(code, module, name, &mut found, 0);
                    }
                    Value::Class(at, class) | Value::Instance(at, class) => {
                        in_class(code, &at, class, name, &mut found, 0);
                    }
                    _ => {}
                }
            }
        }
        ExprKind::Call(callee, _) => {
            for value in code.values(place, callee) {
                if let Value::Function(at, function) = value {
                    let inside = PythonCode::inside(&at, function);
                    found.extend(
                        given(&function.body)
                            .into_iter()
                            .map(|value| (inside.clone(), value)),
                    );
                }
            }
        }
        _ => {}
    }
    found.retain(|(_, value)| value.span != expr.span);
    found.truncate(GIVEN);
    found
}

fn by_name<'a>(
    code: &PythonCode<'a>,
    place: &Place<'a>,
    name: &str,
    into: &mut Vec<WrittenExpression<'a>>,
    depth: usize,
) {
    if depth > LINKS {
        return;
    }
    let mut at = Some(place);
    let mut first = true;
    while let Some(frame) = at {
        let before = into.len();
        let body = match (frame.function, frame.class) {
            (Some(function), _) => Some(&function.body),
            (None, Some(class)) if first => Some(&class.body),
            (None, Some(_)) => None,
            (None, None) => {
                in_module(code, frame.module, name, into, depth + 1);
                return;
            }
        };
        if let Some(body) = body {
            let bindings = code.bound(body, frame.function);
            for binding in bindings.get(name).into_iter().flatten() {
                add(code, frame, *binding, into, depth);
            }
        }
        if let Some(function) = frame.function
            && let Some(own) = function
                .parameters
                .iter()
                .position(|parameter| parameter.name == name)
        {
            // of a method, the first parameter is not among the arguments
            let shift = usize::from(frame.class.is_some());
            for site in code.calls_of(frame, function).take(CALLERS) {
                if let ExprKind::Call(_, arguments) = &site.call.kind
                    && let Some(value) = argument(arguments, own.checked_sub(shift), name)
                {
                    into.push((site.place.clone(), value));
                }
            }
            if let Some(default) = function
                .parameters
                .get(own)
                .and_then(|parameter| parameter.default.as_ref())
            {
                let outer = frame
                    .outer
                    .clone()
                    .unwrap_or_else(|| PythonCode::top(frame.module));
                into.push((outer, default));
            }
            return;
        }
        if into.len() > before {
            return;
        }
        first = false;
        at = frame.outer.as_ref();
    }
}

fn add<'a>(
    code: &PythonCode<'a>,
    place: &Place<'a>,
    binding: Binding<'a>,
    into: &mut Vec<WrittenExpression<'a>>,
    depth: usize,
) {
    match binding {
        Binding::Assigned(value) => into.push((place.clone(), value)),
        Binding::Global(function, value) => into.push((PythonCode::inside(place, function), value)),
        Binding::Import(import) => {
            if let Imported::Name(name, _) = &import.what
                && let Some(module) = code.graph.get(place.module)
                && let Some(from) = code.graph.module(&module.absolute(import))
                && from != place.module
            {
                in_module(code, from, name, into, depth + 1);
            }
        }
        Binding::Element(_) | Binding::Typed(_) | Binding::Function(_) | Binding::Class(_) => {}
    }
}

fn in_module<'a>(
    code: &PythonCode<'a>,
    module: usize,
    name: &str,
    into: &mut Vec<WrittenExpression<'a>>,
    depth: usize,
) {
    let searched = code.followed.get() + 1;
    code.followed.set(searched);
    // modules that import all names of each other lead on in more ways than can be tried
    if depth > LINKS || searched > MODULES {
        return;
    }
    let Some(found) = code.graph.get(module) else {
        return;
    };
    let top = PythonCode::top(module);
    let bindings = code.bound(&found.body, None);
    let before = into.len();
    for binding in bindings.get(name).into_iter().flatten() {
        add(code, &top, *binding, into, depth);
    }
    if into.len() > before {
        return;
    }
    for binding in bindings.get("*").into_iter().flatten() {
        if let Binding::Import(import) = binding
            && let Some(from) = code.graph.module(&found.absolute(import))
            && from != module
        {
            in_module(code, from, name, into, depth + 1);
        }
    }
}

/// What a class, or one that it descends from, gives an attribute of its objects.
fn in_class<'a>(
    code: &PythonCode<'a>,
    place: &Place<'a>,
    class: &'a Class,
    name: &str,
    into: &mut Vec<WrittenExpression<'a>>,
    depth: usize,
) {
    if depth > LINKS {
        return;
    }
    let body = PythonCode::class_body(place, class);
    let before = into.len();
    for binding in code
        .bound(&class.body, None)
        .get(name)
        .into_iter()
        .flatten()
    {
        match binding {
            Binding::Function(function) => {
                let inside = PythonCode::inside(&body, function);
                into.extend(
                    given(&function.body)
                        .into_iter()
                        .map(|value| (inside.clone(), value)),
                );
            }
            binding => add(code, &body, *binding, into, depth),
        }
    }
    for stmt in &class.body {
        if let StmtKind::Function(method) = &stmt.kind
            && let Some(own) = method.parameters.first()
        {
            let inside = PythonCode::inside(&body, method);
            into.extend(
                set_on(&method.body, &own.name, name)
                    .into_iter()
                    .map(|value| (inside.clone(), value)),
            );
        }
    }
    if into.len() > before {
        return;
    }
    for base in &class.bases {
        for value in code.values(place, &base.value) {
            if let Value::Class(at, class) = value {
                in_class(code, &at, class, name, into, depth + 1);
            }
        }
    }
}
