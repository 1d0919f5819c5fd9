//! Names in which the parts of an address are known, and schemes.

use crate::domain::url::Part;

/// The part of a connection that an argument or a key of this name is.
pub(super) fn part_of(name: &str) -> Option<Part> {
    match name.to_ascii_lowercase().as_str() {
        "host" | "hostname" | "server" => Some(Part::Host),
        "port" => Some(Part::Port),
        "user" | "username" | "role" => Some(Part::User),
        "password" | "passwd" | "pwd" => Some(Part::Password),
        "dbname" | "database" | "db" | "name" | "path" | "db_name" | "database_name" => {
            Some(Part::Database)
        }
        "sslmode" => Some(Part::SslMode),
        _ => None,
    }
}

/// Whether a text can be the scheme of a URL.
pub(super) fn is_scheme(text: &str) -> bool {
    !text.is_empty()
        && text.len() < 60
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '.' | '-' | '_'))
}
