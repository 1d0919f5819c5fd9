//! The fields that Neon's OpenAPI document requires of each answer, with their forms. They are in `fields.tsv`; the integration
//! tests include this file, too.

use std::collections::BTreeSet;

use serde_json::Value;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

pub(crate) struct Field {
    pub(crate) schema: &'static str,
    name: &'static str,
    required: bool,
    form: &'static str,
}

pub(crate) fn fields() -> Vec<Field> {
    let lines = include_str!("fields.tsv").lines();
    lines
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let cells: Vec<_> = line.split('\t').collect();
            Field {
                schema: cells[0],
                name: cells[1],
                required: cells[2] == "required",
                form: cells[3],
            }
        })
        .collect()
}

/// Whether a value has a form.
fn fits(value: &Value, form: &str) -> bool {
    if value.is_null() && form.ends_with(" nullable") {
        return true;
    }
    let text = value.as_str();
    match form.split_once(' ').map_or(form, |(first, _)| first) {
        "string" => text.is_some(),
        "id" => text.is_some_and(|id| {
            let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            (1..=60).contains(&id.len()) && id.chars().all(allowed)
        }),
        "date-time" => text.is_some_and(|at| OffsetDateTime::parse(at, &Rfc3339).is_ok()),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "enum" => {
            let mut words = form.trim_start_matches("enum ").split('/');
            text.is_some_and(|text| words.any(|word| word == text))
        }
        other => panic!("fields.tsv: unknown form {other}"),
    }
}

/// What is wrong with an object.
pub(crate) fn faults(fields: &[Field], schema: &str, value: &Value) -> Vec<String> {
    let own: Vec<_> = fields
        .iter()
        .filter(|field| field.schema == schema)
        .collect();
    assert!(!own.is_empty(), "fields.tsv has no {schema}");
    own.iter()
        .filter_map(|field| match value.get(field.name) {
            None if field.required => Some(format!("{schema}.{} is missing", field.name)),
            Some(found) if !fits(found, field.form) => Some(format!(
                "{schema}.{} is no {}: {found}",
                field.name, field.form
            )),
            _ => None,
        })
        .collect()
}

/// Which schema the answers of a key follow.
fn schema(key: &str) -> Option<&'static str> {
    Some(match key {
        "project" => "Project",
        "projects" => "ProjectListItem",
        "branch" | "branches" => "Branch",
        "endpoint" | "endpoints" => "Endpoint",
        "role" | "roles" => "Role",
        "database" | "databases" => "Database",
        "operation" | "operations" => "Operation",
        "organizations" => "Organization",
        "regions" => "RegionResponse",
        "connection_uris" => "ConnectionDetails",
        "connection_parameters" => "ConnectionParameters",
        "project_permissions" => "ProjectPermission",
        _ => return None,
    })
}

/// Checks everything in an answer that a schema is known for.
fn check(
    fields: &[Field],
    value: &Value,
    seen: &mut BTreeSet<&'static str>,
    wrong: &mut Vec<String>,
) {
    let Some(object) = value.as_object() else {
        return;
    };
    for (key, inner) in object {
        let Some(schema) = schema(key) else { continue };
        let all = inner
            .as_array()
            .map_or_else(|| vec![inner], |all| all.iter().collect());
        for one in all {
            seen.insert(schema);
            wrong.extend(faults(fields, schema, one));
            // `role` and `database` are names there
            if schema != "ConnectionParameters" {
                check(fields, one, seen, wrong);
            }
        }
    }
}

/// The schema of an answer as a whole, for the few paths whose answers have no key that names it.
fn of_whole(method: &str, path: &str) -> Option<&'static str> {
    let segments: Vec<_> = path.trim_matches('/').split('/').collect();
    Some(match (method, segments.as_slice()) {
        (_, ["auth"]) => "AuthDetailsResponse",
        (_, ["users", "me"]) => "CurrentUserInfoResponse",
        ("GET", ["api_keys"]) => "ApiKeysListResponseItem",
        ("POST", ["api_keys"]) => "ApiKeyCreateResponse",
        ("DELETE", ["api_keys", _]) => "ApiKeyRevokeResponse",
        (_, ["organizations", _]) => "Organization",
        _ => return None,
    })
}

/// What the answers that were judged have come to.
#[derive(Debug, Default)]
pub(crate) struct SchemaVerdict {
    /// The schemas that something was held against.
    pub(crate) seen: BTreeSet<&'static str>,
    /// What is not as Neon's document says.
    pub(crate) wrong: Vec<String>,
}

impl SchemaVerdict {
    /// Judges the answer of a path, which is given without the API's base.
    pub(crate) fn judge(&mut self, method: &str, path: &str, status: u16, body: &Value) {
        let fields = fields();
        let before = self.wrong.len();
        if status >= 400 {
            // `GeneralError`
            let named = ["code", "message"].map(|name| body[name].is_string());
            if named != [true, true] {
                self.wrong.push(format!("no error of Neon's: {body}"));
            }
        } else if let Some(schema) = of_whole(method, path) {
            self.seen.insert(schema);
            let all = body
                .as_array()
                .map_or_else(|| vec![body], |all| all.iter().collect());
            let all = all.into_iter();
            self.wrong
                .extend(all.flat_map(|one| faults(&fields, schema, one)));
        } else {
            check(&fields, body, &mut self.seen, &mut self.wrong);
        }
        for wrong in &mut self.wrong[before..] {
            *wrong = format!("{method} {path}: {wrong}");
        }
    }
}
