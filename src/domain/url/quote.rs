//! Values of connection strings that aren't URLs, in quotes where they need them.

/// Writes a value of an ADO connection string; quoted where it holds what would end it.
pub(super) fn ado(value: &str) -> String {
    let plain = !value.is_empty()
        && value
            .chars()
            .all(|c| !matches!(c, ';' | '=' | '"' | '\'') && !c.is_whitespace());
    if plain {
        value.to_owned()
    } else {
        format!("\"{}\"", value.replace('"', "\"\""))
    }
}

/// Writes a value of libpq's keyword form; quoted where it holds what would end it.
pub(super) fn keyword(value: &str) -> String {
    let plain = !value.is_empty()
        && value
            .chars()
            .all(|c| !matches!(c, '\'' | '\\') && !c.is_whitespace());
    if plain {
        value.to_owned()
    } else {
        format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
    }
}
