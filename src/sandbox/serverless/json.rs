//! Values: a parameter's JSON as Postgres reads it, and a result's text as JSON.

use std::iter::Peekable;
use std::str::Chars;

use serde_json::Value;

/// The text of a parameter; `None`: null.
pub(super) fn to_text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => Some(array(items)),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => Some(value.to_string()),
    }
}

/// An array as Postgres writes it: JSON's quotes and escapes are its own for what can stand in one.
fn array(items: &[Value]) -> String {
    let items: Vec<_> = items
        .iter()
        .map(|item| match item {
            Value::Null => "NULL".to_owned(),
            Value::Array(items) => array(items),
            Value::Object(_) => Value::String(item.to_string()).to_string(),
            Value::Bool(_) | Value::Number(_) | Value::String(_) => item.to_string(),
        })
        .collect();
    format!("{{{}}}", items.join(","))
}

/// The types that JSON has values of, and the arrays of built-in types: the array's OID and its element's
/// (PostgreSQL, `pg_type.dat`).
const BOOL: u32 = 16;
const INT2: u32 = 21;
const INT4: u32 = 23;
const FLOAT4: u32 = 700;
const FLOAT8: u32 = 701;
const JSON: u32 = 114;
const JSONB: u32 = 3802;
const ARRAYS: [(u32, u32); 30] = [
    (199, JSON),
    (651, 650),   // cidr
    (1000, BOOL), //
    (1001, 17),   // bytea
    (1002, 18),   // "char"
    (1003, 19),   // name
    (1005, INT2), //
    (1007, INT4), //
    (1009, 25),   // text
    (1014, 1042), // bpchar
    (1015, 1043), // varchar
    (1016, 20),   // int8
    (1021, FLOAT4),
    (1022, FLOAT8),
    (1028, 26),   // oid
    (1040, 829),  // macaddr
    (1041, 869),  // inet
    (1115, 1114), // timestamp
    (1182, 1082), // date
    (1183, 1083), // time
    (1185, 1184), // timestamptz
    (1187, 1186), // interval
    (1231, 1700), // numeric
    (1270, 1266), // timetz
    (1561, 1560), // bit
    (1563, 1562), // varbit
    (2951, 2950), // uuid
    (3643, 3614), // tsvector
    (3807, JSONB),
    (3905, 3904), // int4range
];

/// A result's text as JSON. What has no form of its own in JSON is a string, as are arrays of types that are not built in.
pub(super) fn of_text(text: &str, oid: u32) -> Value {
    let string = || Value::String(text.to_owned());
    if let Some((_, element)) = ARRAYS.iter().find(|(array, _)| *array == oid) {
        return of_array(text, *element).unwrap_or_else(string);
    }
    match oid {
        BOOL => Value::Bool(text == "t"),
        INT2 | INT4 => text.parse::<i32>().map_or_else(|_| string(), Value::from),
        // NaN and the infinities are none of JSON's numbers
        FLOAT4 | FLOAT8 => text
            .parse::<f64>()
            .ok()
            .and_then(serde_json::Number::from_f64)
            .map_or_else(string, Value::Number),
        JSON | JSONB => serde_json::from_str(text).unwrap_or_else(|_| string()),
        _ => string(),
    }
}

/// Reads `{…}`, or `[1:2]={…}`, whose bounds JSON cannot tell.
fn of_array(text: &str, element: u32) -> Option<Value> {
    let text = if text.starts_with('[') {
        text.split_once('=')?.1
    } else {
        text
    };
    let mut letters = text.chars().peekable();
    let value = items(&mut letters, element, 0)?;
    letters.next().is_none().then_some(value)
}

/// The most dimensions that an array of Postgres has (`MAXDIM`).
const DIMENSIONS: usize = 6;

fn items(letters: &mut Peekable<Chars<'_>>, element: u32, depth: usize) -> Option<Value> {
    if letters.next()? != '{' || depth == DIMENSIONS {
        return None;
    }
    let mut found = Vec::new();
    if letters.next_if_eq(&'}').is_some() {
        return Some(Value::Array(found));
    }
    loop {
        found.push(match letters.peek()? {
            '{' => items(letters, element, depth + 1)?,
            '"' => of_text(&quoted(letters)?, element),
            _ => {
                let mut word = String::new();
                while let Some(letter) = letters.next_if(|letter| !matches!(letter, ',' | '}')) {
                    word.push(letter);
                }
                if word == "NULL" {
                    Value::Null
                } else {
                    of_text(&word, element)
                }
            }
        });
        match letters.next()? {
            ',' => {}
            '}' => return Some(Value::Array(found)),
            _ => return None,
        }
    }
}

fn quoted(letters: &mut Peekable<Chars<'_>>) -> Option<String> {
    letters.next_if_eq(&'"')?;
    let mut text = String::new();
    loop {
        match letters.next()? {
            '"' => return Some(text),
            '\\' => text.push(letters.next()?),
            letter => text.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn parameters_become_text() {
        for (value, text) in [
            (json!(null), None),
            (json!(true), Some("true")),
            (json!(42), Some("42")),
            (json!("foo\""), Some("foo\"")),
            (json!({"a": 1}), Some("{\"a\":1}")),
            (
                json!([true, null, "NULL", 42, "bar\"-\\"]),
                Some("{true,NULL,\"NULL\",42,\"bar\\\"-\\\\\"}"),
            ),
            (json!([[1, null], ["x"]]), Some("{{1,NULL},{\"x\"}}")),
            (json!([{"a": 1}]), Some("{\"{\\\"a\\\":1}\"}")),
        ] {
            assert_eq!(to_text(&value).as_deref(), text, "{value}");
        }
    }

    #[test]
    fn results_become_json() {
        for (text, oid, value) in [
            ("t", BOOL, json!(true)),
            ("42", INT4, json!(42)),
            ("42", 20, json!("42")),
            ("4.2", FLOAT8, json!(4.2)),
            ("NaN", FLOAT4, json!("NaN")),
            ("-Infinity", FLOAT8, json!("-Infinity")),
            ("{\"a\": [null]}", JSONB, json!({"a": [null]})),
            ("foo", 25, json!("foo")),
            ("{}", 1007, json!([])),
            ("{1,NULL,3}", 1007, json!([1, null, 3])),
            ("{{t,f},{f,t}}", 1000, json!([[true, false], [false, true]])),
            (
                "{\"aa\\\"\\\\,a\",cha,\"NULL\",\"\"}",
                1009,
                json!(["aa\"\\,a", "cha", "NULL", ""]),
            ),
            ("[1:1][3:4]={{1,2}}", 1005, json!([[1, 2]])),
            ("{\"{\\\"a\\\": 1}\"}", 3807, json!([{"a": 1}])),
            // as it is where it cannot be read
            ("{1,2", 1007, json!("{1,2")),
            ("{{{{{{{1}}}}}}}", 1007, json!("{{{{{{{1}}}}}}}")),
        ] {
            assert_eq!(of_text(text, oid), value, "{text}");
        }
    }
}
