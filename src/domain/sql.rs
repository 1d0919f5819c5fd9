//! Just enough of SQL to place an error, to judge what a file of statements can reach, and to highlight it.

mod lexer;

pub(crate) use lexer::{SqlToken, dollar_body, tokens};

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

/// The tokens that matter for judging statements: words in lower case, quoted names and symbols. `'` stands for a string and `$`
/// for a dollar-quoted one.
fn significant_tokens(sql: &str) -> Vec<String> {
    tokens(sql)
        .filter_map(|(token, text)| match token {
            SqlToken::Space | SqlToken::LineComment | SqlToken::BlockComment => None,
            SqlToken::String => Some("'".to_owned()),
            SqlToken::DollarString => Some("$".to_owned()),
            SqlToken::Word | SqlToken::Number => Some(text.to_lowercase()),
            SqlToken::QuotedName | SqlToken::Symbol => Some(text.to_owned()),
        })
        .collect()
}

/// The first statement that would begin or end a transaction, if there is one.
pub(crate) fn ends_transaction(sql: &str) -> Option<String> {
    let tokens = significant_tokens(sql);
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

/// Whether every statement only creates tables, indexes, constraints or comments in the current schema, so that it can run in
/// a scratch schema and be rolled back without touching anything else. When in doubt, no.
pub(crate) fn is_contained(sql: &str) -> bool {
    let tokens = significant_tokens(sql);
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
    fn positions_count_characters_instead_of_bytes() {
        let sql = "-- ü\ncreate table a(id int);\nselect * from nowhere;";
        let place = sql.find("nowhere").unwrap();
        let characters = sql.get(..place).unwrap().chars().count() + 1;
        assert_eq!(locate(sql, characters), (3, 15));
    }

    #[test]
    fn statements_that_end_the_transaction_are_found() {
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
    fn statements_that_may_reach_further_are_not_contained() {
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
