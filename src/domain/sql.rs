//! Just enough of SQL to split a file into its statements, to place an error, and to highlight it.

mod extensions;
mod lexer;
mod statements;

pub(crate) use extensions::{CreatedExtension, extension, extensions};
pub(crate) use lexer::{SqlToken, dollar_body, tokens};
pub(crate) use statements::{Statement, TransactionEffect, UnreadableScript, statements};

/// The longest summary, in characters.
const SUMMARY: usize = 300;

/// A query in one line, without comments, and without what is in quotes: that may be anybody's secret.
pub(crate) fn summary(sql: &str) -> String {
    let mut words = String::new();
    for (token, text) in tokens(sql) {
        match token {
            SqlToken::Space | SqlToken::LineComment | SqlToken::BlockComment => words.push(' '),
            SqlToken::String | SqlToken::DollarString => words.push_str("'…'"),
            SqlToken::QuotedName | SqlToken::Word | SqlToken::Number | SqlToken::Symbol => {
                words.push_str(text);
            }
        }
    }
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(SUMMARY) {
        Some((end, _)) => format!("{}…", words.get(..end).unwrap_or_default()),
        None => words,
    }
}

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

/// The 1-based line and column of a byte.
pub(crate) fn locate_byte(sql: &str, at: usize) -> (usize, usize) {
    let before = sql.get(..at).unwrap_or(sql);
    locate(sql, before.chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_is_one_line_without_what_is_in_quotes() {
        let sql = "-- who\ncreate role a\n  password 'canary';\ndo $x$ canary $x$";
        assert_eq!(summary(sql), "create role a password '…'; do '…'");
        assert_eq!(summary(&"x ".repeat(400)).chars().count(), SUMMARY + 1);
    }

    #[test]
    fn positions_count_characters_instead_of_bytes() {
        let sql = "-- ü\ncreate table a(id int);\nselect * from nowhere;";
        let place = sql.find("nowhere").unwrap();
        let characters = sql.get(..place).unwrap().chars().count() + 1;
        assert_eq!(locate(sql, characters), (3, 15));
    }
}
