//! The edit that makes a Python file read its database address from the environment.

use crate::domain::{
    own_address::{AddressLiteral, changed, line_end, line_start},
    python::{
        parse::Source,
        syntax::{ExprKind, Import, Imported, Stmt, StmtKind},
    },
};

/// How the file reads a variable: with what it has already, else with `os`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum EnvironmentReader {
    Decouple,
    Os,
}

/// The file with each literal replaced by the variable that holds it. `loads`: whether it has to load the env file first, which the
/// project has python-dotenv for. `None` where there is no safe place for that.
pub(crate) fn read_address(
    text: &str,
    replacements: &[AddressLiteral],
    loads: bool,
) -> Option<String> {
    let source = Source::parse(text.to_owned());
    if source.unread.is_some() {
        return None;
    }
    let first = replacements.first()?.span.start;
    let holder = source
        .body
        .iter()
        .find(|stmt| (stmt.span.start..stmt.span.end).contains(&first))?;
    let before = || {
        source
            .body
            .iter()
            .take_while(|stmt| stmt.span.start < holder.span.start)
    };
    let brings = |module: &str, name: Option<&str>| {
        before().any(|stmt| imports(stmt).iter().any(|import| is(import, module, name)))
    };
    let reader = if brings("decouple", Some("config")) {
        EnvironmentReader::Decouple
    } else {
        EnvironmentReader::Os
    };
    let mut changes = Vec::new();
    for AddressLiteral { span, key, is_port } in replacements {
        let number = *is_port && text.get(span.clone())?.parse::<u16>().is_ok();
        let read = match reader {
            EnvironmentReader::Decouple => format!("config(\"{key}\")"),
            EnvironmentReader::Os => format!("os.environ[\"{key}\"]"),
        };
        let read = if number { format!("int({read})") } else { read };
        changes.push((span.clone(), read));
    }
    let loads = loads && reader == EnvironmentReader::Os;
    let mut added = Vec::new();
    if reader == EnvironmentReader::Os && !brings("os", None) {
        added.push("import os");
    }
    if loads && !brings("dotenv", Some("load_dotenv")) {
        added.push("from dotenv import load_dotenv");
    }
    if !added.is_empty() {
        let at = place_for_imports(&source, text);
        changes.push((at..at, format!("{}\n", added.join("\n"))));
    }
    if loads {
        let at = line_start(text, holder.span.start);
        changes.push((at..at, "load_dotenv()\n\n".to_owned()));
        // the imports would stand below it
        let imported = |stmt: &Stmt| matches!(stmt.kind, StmtKind::Import(_));
        if imported(holder) {
            return None;
        }
    }
    let new = changed(text, &changes)?;
    // what cannot be read afterwards is not proposed
    Source::parse(new.clone()).unread.is_none().then_some(new)
}

fn imports(stmt: &Stmt) -> &[Import] {
    match &stmt.kind {
        StmtKind::Import(imports) => imports,
        _ => &[],
    }
}

/// Whether an import brings a module by its own name, or this name from it.
fn is(import: &Import, module: &str, name: Option<&str>) -> bool {
    import.dots == 0
        && import.module == module
        && match (&import.what, name) {
            (Imported::Module(None), None) => true,
            (Imported::Module(Some(own)), None) => own == module,
            (Imported::Name(of, own), Some(name)) => of == name && own == name,
            _ => false,
        }
}

/// The line above the first import, below the file's own words and what has to come first.
fn place_for_imports(source: &Source, text: &str) -> usize {
    let first = source.body.iter().find(|stmt| {
        imports(stmt)
            .iter()
            .any(|import| import.module != "__future__")
    });
    if let Some(first) = first {
        return line_start(text, first.span.start);
    }
    let head = source
        .body
        .iter()
        .take_while(|stmt| match &stmt.kind {
            StmtKind::Import(_) => true,
            StmtKind::Expr(exprs) => exprs
                .iter()
                .any(|expr| matches!(expr.kind, ExprKind::Text(_))),
            _ => false,
        })
        .last();
    head.map_or_else(
        || {
            source
                .body
                .first()
                .map_or(0, |first| line_start(text, first.span.start))
        },
        |head| line_end(text, head.span.end),
    )
}
