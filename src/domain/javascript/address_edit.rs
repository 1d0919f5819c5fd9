//! The edit that makes a file of JavaScript or TypeScript read its database address from the environment.

use crate::domain::{
    javascript::tree::{Dialect, SyntaxTree},
    own_address::{AddressLiteral, changed, line_start},
};

/// Kinds of files whose text is nothing but code.
const JAVASCRIPT: &[&str] = &["js", "mjs", "cjs", "jsx"];
const TYPESCRIPT: &[&str] = &["ts", "mts", "cts", "tsx"];

/// The file with each literal replaced by the variable that holds it. `loads`: whether it has to load the env file first, which the
/// project has dotenv for. `None` where the file holds more than code.
pub(crate) fn read_address(
    path: &str,
    text: &str,
    replacements: &[AddressLiteral],
    loads: bool,
) -> Option<String> {
    let (_, ending) = path.rsplit_once('.')?;
    let typed = TYPESCRIPT.contains(&ending);
    if !typed && !JAVASCRIPT.contains(&ending) {
        return None;
    }
    let dialect = if matches!(ending, "ts" | "mts" | "cts") {
        Dialect::TypeScript
    } else {
        Dialect::Jsx
    };
    let tree = SyntaxTree::parse(text.to_owned(), dialect).filter(|tree| tree.errors.is_empty())?;
    let mut changes = Vec::new();
    for AddressLiteral { span, key, is_port } in replacements {
        let number = *is_port && text.get(span.clone())?.parse::<u16>().is_ok();
        let read = if number {
            format!("Number(process.env.{key})")
        } else if typed {
            format!("process.env.{key}!")
        } else {
            format!("process.env.{key}")
        };
        changes.push((span.clone(), read));
    }
    if loads {
        let first = tree
            .children(0)
            .find(|id| !matches!(tree.kind(*id), "comment" | "hash_bang_line"))
            // `"use strict"` has to stay the first
            .and_then(|first| {
                let directive = tree.source(first).trim_matches([';', '"', '\'']);
                match directive {
                    "use strict" => tree
                        .children(0)
                        .skip_while(|id| *id <= first)
                        .find(|id| tree.kind(*id) != "comment"),
                    _ => Some(first),
                }
            })?;
        let modules = tree
            .children(0)
            .any(|id| matches!(tree.kind(id), "import_statement" | "export_statement"));
        let line = if modules {
            "import \"dotenv/config\";\n"
        } else {
            "require(\"dotenv\").config();\n"
        };
        let at = line_start(text, tree.span(first).start);
        changes.push((at..at, line.to_owned()));
    }
    let new = changed(text, &changes)?;
    // what cannot be read afterwards is not proposed
    SyntaxTree::parse(new.clone(), dialect)
        .filter(|tree| tree.errors.is_empty())
        .map(|_| new)
}
