//! What a module gives to a server, and from where it has to be imported.

use std::collections::BTreeSet;

use crate::domain::python::{
    parse::{Source, decode},
    syntax::{Expr, ExprKind, Stmt, StmtKind},
};

/// An application that a module makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Served {
    /// The name of the application in the module, or of the function that makes it.
    pub name: String,
    /// Whether it is a function that makes it.
    pub factory: bool,
    /// The 1-based line of the name.
    pub line: u32,
    /// The first parts of the modules that it imports by their whole name.
    pub imports: BTreeSet<String>,
}

/// The application of one of these classes (`FastAPI`, `Flask`) that a module makes: at its top, or in a function of it.
pub(crate) fn served(text: String, classes: &[&str]) -> Option<Served> {
    let source = Source::parse(decode(text.into_bytes()).ok()?);
    let imports = imports(&source.body);
    let makes = |value: &Expr| called(value).is_some_and(|name| classes.contains(&name));
    let found = assigned(&source.body, &makes).map(|(name, line)| (name, false, line));
    let (name, factory, line) = found.or_else(|| {
        let (factory, line) = source.body.iter().find_map(|stmt| match &stmt.kind {
            StmtKind::Function(function)
                if function
                    .parameters
                    .iter()
                    .all(|parameter| parameter.default.is_some())
                    && holds(&function.body, &makes) =>
            {
                Some((function.name.clone(), stmt.span.line))
            }
            _ => None,
        })?;
        let uses = |value: &Expr| called(value) == Some(&factory);
        Some(match assigned(&source.body, &uses) {
            Some((name, line)) => (name, false, line),
            None => (factory, true, line),
        })
    })?;
    Some(Served {
        name,
        factory,
        line,
        imports,
    })
}

/// The last name of what an expression calls.
fn called(value: &Expr) -> Option<&str> {
    match &value.kind {
        ExprKind::Call(callee, _) => callee.last_name(),
        _ => None,
    }
}

/// The name at a module's top that is given such a value, with its line.
fn assigned(body: &[Stmt], is: &dyn Fn(&Expr) -> bool) -> Option<(String, u32)> {
    body.iter().find_map(|stmt| match &stmt.kind {
        StmtKind::Assign {
            targets,
            value: Some(value),
            ..
        } if is(value) => {
            let name = targets.first().and_then(Expr::dotted)?;
            Some((name, stmt.span.line))
        }
        _ => stmt
            .blocks()
            .into_iter()
            .find_map(|body| assigned(body, is)),
    })
}

/// Whether such a value is made among these statements.
fn holds(body: &[Stmt], is: &dyn Fn(&Expr) -> bool) -> bool {
    body.iter().any(|stmt| {
        stmt.exprs().into_iter().any(is)
            || matches!(&stmt.kind, StmtKind::Return(Some(value)) if is(value))
            || stmt.blocks().into_iter().any(|body| holds(body, is))
    })
}

fn imports(body: &[Stmt]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for stmt in body {
        if let StmtKind::Import(imports) = &stmt.kind {
            found.extend(
                imports
                    .iter()
                    .filter(|import| import.dots == 0)
                    .filter_map(|import| import.module.split('.').next())
                    .map(str::to_owned),
            );
        }
        for block in stmt.blocks() {
            found.extend(self::imports(block));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_application_of_a_module_is_named() {
        for (text, name, factory) in [
            ("app = FastAPI()\n", "app", false),
            (
                "import fastapi\napi: fastapi.FastAPI = fastapi.FastAPI(\n  title='x',\n)\n",
                "api",
                false,
            ),
            (
                "def create_app():\n    app = FastAPI()\n    return app\n",
                "create_app",
                true,
            ),
            (
                "def create_app(name='x') -> FastAPI:\n    return FastAPI()\n\napp = create_app()\n",
                "app",
                false,
            ),
            ("if True:\n    app = FastAPI()\n", "app", false),
        ] {
            let found = served(text.to_owned(), &["FastAPI"]).unwrap();
            assert_eq!(
                (found.name.as_str(), found.factory),
                (name, factory),
                "{text}"
            );
        }
        // a function that wants something is not called by a server; a test's helper makes another thing
        for text in [
            "def make(settings):\n    return FastAPI()\n",
            "x = Router()\n",
            "# app = FastAPI()\n",
        ] {
            assert_eq!(served(text.to_owned(), &["FastAPI"]), None, "{text}");
        }
    }

    #[test]
    fn imports_of_the_whole_name_are_told() {
        let text =
            "from shopping.db import x\nfrom . import y\nimport os.path as p\napp = FastAPI()\n";
        let found = served(text.to_owned(), &["FastAPI"]).unwrap();
        let names: Vec<_> = found.imports.iter().map(String::as_str).collect();
        assert_eq!(names, ["os", "shopping"]);
    }
}
