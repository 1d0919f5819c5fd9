//! Settings classes of pydantic: which variables their fields are read from, and whether they read an env file themselves.

use crate::domain::python::{
    code::{Place, PythonCode, Value},
    syntax::{Argument, Class, Expr, ExprKind, Stmt, StmtKind, argument},
};

/// What making an object of a settings class reads.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum SettingsRead {
    /// It reads an env file by itself.
    FromFile,
    /// A variable of the environment.
    Key(String),
}

/// What making an object of this class reads; nothing where it isn't a settings class.
pub(crate) fn reads<'a>(
    code: &PythonCode<'a>,
    place: &Place<'a>,
    class: &'a Class,
    arguments: &'a [Argument],
) -> Vec<SettingsRead> {
    if !is_settings(code, place, class) {
        return Vec::new();
    }
    let own_file = argument(arguments, None, "_env_file").is_some();
    if own_file || reads_file(code, place, class, 0) {
        return vec![SettingsRead::FromFile];
    }
    fields(class)
        .into_iter()
        .flat_map(|(name, _)| keys(class, name))
        .map(SettingsRead::Key)
        .collect()
}

pub(crate) fn is_settings<'a>(code: &PythonCode<'a>, place: &Place<'a>, class: &'a Class) -> bool {
    code.descends(place, class, &["BaseSettings"])
}

/// Whether a settings class, or one that it descends from, names an env file or where else its values come from.
fn reads_file<'a>(
    code: &PythonCode<'a>,
    place: &Place<'a>,
    class: &'a Class,
    depth: usize,
) -> bool {
    if option(class, "env_file").is_some() {
        return true;
    }
    let own_sources = class.body.iter().any(|stmt| {
        matches!(&stmt.kind, StmtKind::Function(function) if function.name == "settings_customise_sources")
    });
    own_sources
        || depth < 8
            && class.bases.iter().any(|base| {
                code.values(place, &base.value)
                    .into_iter()
                    .any(|base| match base {
                        Value::Class(at, class) => reads_file(code, &at, class, depth + 1),
                        _ => false,
                    })
            })
}

/// An option of `model_config` or of the inner `Config`.
fn option<'a>(class: &'a Class, name: &str) -> Option<&'a Expr> {
    class
        .body
        .iter()
        .find_map(|stmt| match &stmt.kind {
            StmtKind::Assign {
                targets,
                value: Some(value),
                ..
            } if targets
                .iter()
                .any(|target| target.last_name() == Some("model_config")) =>
            {
                match &value.kind {
                    ExprKind::Call(_, arguments) => argument(arguments, None, name),
                    ExprKind::Dict(pairs) => pairs
                        .iter()
                        .find(|(key, _)| key.as_ref().and_then(Expr::text) == Some(name))
                        .map(|(_, value)| value),
                    _ => None,
                }
            }
            StmtKind::Class(inner) if inner.name == "Config" => assigned(&inner.body, name),
            _ => None,
        })
        .or_else(|| argument(&class.bases, None, name))
}

fn assigned<'a>(body: &'a [Stmt], name: &str) -> Option<&'a Expr> {
    body.iter().find_map(|stmt| match &stmt.kind {
        StmtKind::Assign { targets, value, .. }
            if targets
                .iter()
                .any(|target| target.last_name() == Some(name)) =>
        {
            value.as_ref()
        }
        _ => None,
    })
}

/// The fields of a class with their defaults.
fn fields(class: &Class) -> Vec<(&str, Option<&Expr>)> {
    class
        .body
        .iter()
        .filter_map(|stmt| match &stmt.kind {
            StmtKind::Assign { targets, value, .. } => match targets.as_slice() {
                [
                    Expr {
                        kind: ExprKind::Name(name),
                        ..
                    },
                ] => Some((name.as_str(), value.as_ref())),
                _ => None,
            },
            _ => None,
        })
        .collect()
}

/// The variables that a field is read from: its name with the class's prefix in capitals, and its aliases; none where it isn't a field.
pub(crate) fn keys(class: &Class, field: &str) -> Vec<String> {
    let Some((_, default)) = fields(class).into_iter().find(|(name, _)| *name == field) else {
        return Vec::new();
    };
    if field == "model_config" {
        return Vec::new();
    }
    let mut aliases = Vec::new();
    if let Some(Expr {
        kind: ExprKind::Call(callee, arguments),
        ..
    }) = default
        && callee.last_name() == Some("Field")
    {
        for name in ["validation_alias", "alias", "env"] {
            if let Some(value) = argument(arguments, None, name) {
                value.visit(&mut |expr| aliases.extend(expr.text().map(str::to_owned)));
            }
        }
    }
    if aliases.is_empty() {
        let prefix = option(class, "env_prefix")
            .and_then(Expr::text)
            .unwrap_or_default();
        aliases.push(format!("{prefix}{field}"));
    }
    aliases
        .into_iter()
        .map(|name| name.to_ascii_uppercase())
        .collect()
}
