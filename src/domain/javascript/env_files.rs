//! The env files that the code loads by name.

use crate::domain::{
    javascript::{
        code::{FilePosition, Meaning, NodeCode},
        env::{object, spot},
    },
    reading::{EnvFileRead, Spot},
};

/// What starts a path that is meant from the folder of the source, not from where the program runs. No path has it.
pub(super) const BESIDE: char = '\0';

/// Collects the env files that a file of code loads.
pub(super) fn files(code: &NodeCode<'_>, file: &FilePosition) -> Vec<EnvFileRead> {
    let tree = file.tree();
    let mut found = Vec::new();
    for (module, id) in &file.file.imports {
        let paths: &[&str] = match module.as_str() {
            "dotenv/config"
            | "dotenv/config.js"
            | "dotenv-expand/config"
            | "dotenv-safe/config" => &[".env"],
            "dotenv-flow/config" => &[".env", ".env.local"],
            _ => continue,
        };
        let at = spot(&file.at(*id));
        found.extend(paths.iter().map(|path| read(path, &at)));
    }
    for id in 0..tree.len() {
        if tree.kind(id) == "call_expression" {
            let place = file.at(id);
            let at = spot(&place);
            found.extend(call(code, &place).iter().map(|path| read(path, &at)));
        }
    }
    found
}

fn read(path: &str, at: &Spot) -> EnvFileRead {
    EnvFileRead {
        path: path.to_owned(),
        at: at.clone(),
        only: None,
    }
}

/// The env files that a call loads.
fn call(code: &NodeCode<'_>, place: &FilePosition) -> Vec<String> {
    let tree = place.tree();
    let Some(callee) = tree.callee(place.id) else {
        return Vec::new();
    };
    let Meaning::Outside(package, path) = code.follow(&place.at(callee)) else {
        return Vec::new();
    };
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let first = tree
        .arguments(place.id)
        .first()
        .map(|first| place.at(*first));
    let option = |name: &str| {
        let options = object(code, first.as_ref()?)?;
        let value = options.tree().property_of(options.id, name)?;
        Some(options.at(value))
    };
    match (package.as_str(), path.as_slice()) {
        ("dotenv" | "dotenv-safe" | "@dotenvx/dotenvx", ["config"]) | ("dotenv-safe", []) => {
            match (&first, option("path")) {
                (Some(_), Some(path)) => paths(code, &path),
                // options that are not written there may name another file
                (Some(first), None) if object(code, first).is_none() => Vec::new(),
                _ => vec![".env".to_owned()],
            }
        }
        ("dotenv-flow", ["config"]) | ("@next/env", ["loadEnvConfig"]) => {
            vec![".env".to_owned(), ".env.local".to_owned()]
        }
        ("", ["process", "loadEnvFile"]) => match &first {
            Some(path) => paths(code, path),
            None => vec![".env".to_owned()],
        },
        ("@nestjs/config", ["ConfigModule", "forRoot"]) => {
            let ignored = option("ignoreEnvFile")
                .is_some_and(|value| value.tree().source(value.id) == "true");
            match option("envFilePath") {
                _ if ignored => Vec::new(),
                Some(path) => paths(code, &path),
                None => vec![".env".to_owned()],
            }
        }
        _ => Vec::new(),
    }
}

/// The paths that an expression stands for, as far as they are written.
fn paths(code: &NodeCode<'_>, place: &FilePosition) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![place.clone()];
    // paths are short; a limit keeps what leads in a circle from going on
    for _ in 0..64 {
        let Some(place) = open.pop() else { break };
        let Meaning::Place(value) = code.follow(&place) else {
            continue;
        };
        let tree = value.tree();
        if let Some(text) = tree.text(value.id) {
            let text = text.strip_prefix("./").unwrap_or(&text);
            if !text.is_empty() {
                found.push(text.to_owned());
            }
            continue;
        }
        match tree.kind(value.id) {
            "array" => {
                let mut parts: Vec<_> = tree.children(value.id).map(|id| value.at(id)).collect();
                parts.reverse();
                open.extend(parts);
            }
            "call_expression" => found.extend(joined(&value)),
            "ternary_expression" => {
                for role in ["alternative", "consequence"] {
                    open.extend(tree.field(value.id, role).map(|id| value.at(id)));
                }
            }
            "binary_expression" => {
                for role in ["right", "left"] {
                    open.extend(tree.field(value.id, role).map(|id| value.at(id)));
                }
            }
            _ => {}
        }
    }
    found
}

/// `path.resolve(process.cwd(), "a", ".env")`, or from the folder of the file itself.
fn joined(call: &FilePosition) -> Option<String> {
    let tree = call.tree();
    let callee = tree.source(tree.callee(call.id)?);
    if !matches!(
        callee.rsplit('.').next(),
        Some("join" | "resolve" | "URL" | "fileURLToPath")
    ) {
        return None;
    }
    let mut parts: Vec<String> = Vec::new();
    for argument in tree.arguments(call.id) {
        let source = tree.source(argument);
        match tree.text(argument) {
            Some(text) => parts.extend(text.split('/').map(str::to_owned)),
            None if source == "process.cwd()" => {}
            // the folder of the file, relative to where the program runs: that is the application's folder
            None if source == "__dirname" || source.starts_with("import.meta.") => {
                parts.push(BESIDE.to_string());
            }
            None => return None,
        }
    }
    let mut path: Vec<&str> = Vec::new();
    let mut beside = false;
    for part in &parts {
        match part.as_str() {
            "" | "." => {}
            "\0" => {
                beside = true;
                path.clear();
            }
            ".." if path.last().is_some_and(|last| *last != "..") => {
                path.pop();
            }
            part => path.push(part),
        }
    }
    if beside {
        return Some(format!("{BESIDE}{}", path.join("/")));
    }
    (!path.is_empty()).then(|| path.join("/"))
}
