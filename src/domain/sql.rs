//! Just enough of SQL's lexical rules to place an error and to judge what a file of statements can reach.

/// The 1-based line and column of a character position (1-based, as Postgres counts).
pub(crate) fn locate(sql: &str, position: usize) -> (usize, usize) {
    let mut line = 1;
    let mut column = 1;
    for c in sql.chars().take(position.saturating_sub(1)) {
        if c == '\n' {
            line += 1;
            column = 1;
        } else {
            column += 1;
        }
    }
    (line, column)
}

/// The tokens that matter here: words in lower case, quoted names and signs. Comments, strings and dollar-quoted bodies
/// are passed over.
fn tokens(sql: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = sql;
    while let Some(c) = rest.chars().next() {
        let used = if rest.starts_with("--") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if c == '\'' {
            tokens.push("'".to_owned());
            closing(rest, '\'')
        } else if c == '"' {
            let end = closing(rest, '"');
            tokens.push(rest.get(..end).unwrap_or_default().to_owned());
            end
        } else if let Some(end) = dollar_quote(rest) {
            tokens.push("$".to_owned());
            end
        } else if c.is_alphanumeric() || c == '_' {
            let end = rest
                .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'))
                .unwrap_or(rest.len());
            tokens.push(rest.get(..end).unwrap_or_default().to_lowercase());
            end
        } else {
            if !c.is_whitespace() {
                tokens.push(c.to_string());
            }
            c.len_utf8()
        };
        rest = rest.get(used..).unwrap_or_default();
    }
    tokens
}

fn block_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut place = 0;
    let bytes = text.as_bytes();
    while place < bytes.len() {
        match bytes.get(place..place + 2) {
            Some(b"/*") => {
                depth += 1;
                place += 2;
            }
            Some(b"*/") => {
                depth -= 1;
                place += 2;
                if depth == 0 {
                    return place;
                }
            }
            _ => place += 1,
        }
    }
    text.len()
}

/// The end of a quoted piece that begins with `quote`; a doubled quote stays inside.
fn closing(text: &str, quote: char) -> usize {
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((place, c)) = characters.next() {
        if c != quote {
            continue;
        }
        if characters.peek().is_some_and(|(_, next)| *next == quote) {
            characters.next();
        } else {
            return place + 1;
        }
    }
    text.len()
}

/// The end of a dollar-quoted body, if one begins here.
fn dollar_quote(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('$')?;
    let tag_end = inner.find('$')?;
    let tag = inner.get(..tag_end)?;
    if !tag.chars().all(|c| c.is_alphanumeric() || c == '_')
        || tag.starts_with(|c: char| c.is_ascii_digit())
    {
        return None;
    }
    let fence = text.get(..tag_end + 2)?;
    let body = text.get(fence.len()..)?;
    Some(
        body.find(fence)
            .map_or(text.len(), |end| fence.len() + end + fence.len()),
    )
}

/// The first statement that would begin or end a transaction, if there is one.
pub(crate) fn ends_transaction(sql: &str) -> Option<String> {
    let tokens = tokens(sql);
    tokens
        .split(|token| token == ";")
        .filter_map(|statement| statement.first())
        .find(|word| {
            matches!(
                word.as_str(),
                "begin"
                    | "start"
                    | "commit"
                    | "end"
                    | "rollback"
                    | "abort"
                    | "savepoint"
                    | "release"
                    | "prepare"
            )
        })
        .cloned()
}

/// Whether every statement only makes tables, indexes, constraints or comments in the schema that is current, so that it can
/// be run in a scratch schema and rolled back without touching anything else. When in doubt, no.
pub(crate) fn is_contained(sql: &str) -> bool {
    let tokens = tokens(sql);
    tokens
        .split(|token| token == ";")
        .filter(|statement| !statement.is_empty())
        .all(|statement| {
            let words: Vec<&str> = statement.iter().map(String::as_str).take(3).collect();
            let known = matches!(
                words.as_slice(),
                ["create", "table", ..]
                    | ["create", "index", _]
                    | ["create", "unique", "index"]
                    | ["alter", "table", _]
                    | ["comment", "on", _]
            );
            // a qualified name, a body of code, or work outside a transaction leads elsewhere
            let leaves = statement.iter().any(|token| {
                matches!(
                    token.as_str(),
                    "." | "$" | "concurrently" | "select" | "execute"
                )
            });
            known && !leaves
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_counts_characters_not_bytes() {
        let sql = "-- ü\ncreate table a(id int);\nselect * from nowhere;";
        let place = sql.find("nowhere").unwrap();
        let characters = sql.get(..place).unwrap().chars().count() + 1;
        assert_eq!(locate(sql, characters), (3, 15));
    }

    #[test]
    fn a_file_that_ends_its_transaction_is_found_out() {
        assert_eq!(
            ends_transaction("create table a (id int); commit; select 1").as_deref(),
            Some("commit")
        );
        assert_eq!(
            ends_transaction("-- commit;\ndo $$ begin commit; end $$; select 'begin'"),
            None
        );
    }

    #[test]
    fn plain_definitions_are_contained() {
        assert!(is_contained(
            "-- a; comment\ncreate table if not exists \"user\" (id int default 0, note text default 'a;b.c');\n\
             create index if not exists a on \"user\" (id);\n/* drop table x; /* nested */ */"
        ));
        assert!(is_contained(""));
    }

    #[test]
    fn whatever_may_reach_further_is_not() {
        for sql in [
            "create table public.a (id int)",
            "drop table a",
            "commit; create table a (id int)",
            "do $$ begin perform 1; end $$",
            "create index concurrently a on b (c)",
            "create table a as select 1",
            "create function f() returns int language sql as 'select 1'",
            "insert into a values (1)",
            "create extension vector",
        ] {
            assert!(!is_contained(sql), "{sql}");
        }
    }
}
