//! The extensions that files of SQL create.

use super::{SqlToken, statements, tokens};

/// An extension that a file creates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CreatedExtension {
    pub name: String,
    /// The first file that creates it.
    pub file: String,
}

/// How many extensions are looked for: Neon has fewer.
const MOST: usize = 100;
/// Postgres' own limit for the length of a name.
const LONGEST_NAME: usize = 63;

/// Whether it is the name of an extension that there may be: it is a part of a file's name, too.
fn is_name(name: &str) -> bool {
    let plain = |char: char| char.is_ascii_alphanumeric() || "_-".contains(char);
    (1..=LONGEST_NAME).contains(&name.len()) && name.chars().all(plain)
}

/// The words of a statement, without spaces and comments.
fn words(statement: &str) -> impl Iterator<Item = String> {
    tokens(statement)
        .filter(|(token, _)| {
            !matches!(
                token,
                SqlToken::Space | SqlToken::LineComment | SqlToken::BlockComment
            )
        })
        .map(|(_, word)| word.to_lowercase())
}

/// The extension that a statement creates or comments on.
pub(crate) fn extension(statement: &str) -> Option<String> {
    let mut words = words(statement);
    match (words.next()?.as_str(), words.next()?.as_str()) {
        ("create", "extension") => {}
        ("comment", "on") if words.next()? == "extension" => {}
        _ => return None,
    }
    let name = words.find(|word| !matches!(word.as_str(), "if" | "not" | "exists"))?;
    Some(name.trim_matches('"').to_owned())
}

/// The extensions that files create, each once, at most [`MOST`]. A file that can't be split into statements creates none.
pub(crate) fn extensions<'a>(
    files: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Vec<CreatedExtension> {
    let mut found: Vec<CreatedExtension> = Vec::new();
    for (file, text) in files {
        for statement in statements(text).unwrap_or_default() {
            let creates = words(statement.sql)
                .next()
                .is_some_and(|word| word == "create");
            let name = extension(statement.sql).filter(|name| creates && is_name(name));
            let Some(name) = name else {
                continue;
            };
            if found.len() == MOST {
                return found;
            }
            if !found.iter().any(|known| known.name == name) {
                let file = file.to_owned();
                found.push(CreatedExtension { name, file });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_no_extension_has_is_passed_over_and_there_is_a_limit() {
        let many: Vec<_> = (0..1000)
            .map(|n| format!("create extension e{n};"))
            .collect();
        let many = many.concat();
        assert_eq!(extensions([("a.sql", many.as_str())]).len(), MOST);
        let odd = "create extension \"/proc/self/cwd/x\"; create extension \"../x\"; create extension \"\";";
        assert_eq!(extensions([("a.sql", odd)]), []);
    }

    #[test]
    fn each_extension_is_named_once_with_its_first_file() {
        let found = extensions([
            (
                "a.sql",
                "-- create extension hstore;\ncreate /* of words */ extension IF NOT EXISTS \"uuid-ossp\" with schema public;\n\
                 comment on extension plpgsql is 'x'; create table extension (id int); select 'create extension ltree';",
            ),
            (
                "b.sql",
                "CREATE EXTENSION citext; create extension \"uuid-ossp\";",
            ),
            ("c.sql", "\\connect other\ncreate extension cube;"),
        ]);
        let found: Vec<_> = found.iter().map(|one| (&*one.name, &*one.file)).collect();
        assert_eq!(found, [("uuid-ossp", "a.sql"), ("citext", "b.sql")]);
    }
}
