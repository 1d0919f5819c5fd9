//! Splits SQL into tokens, as far as Postgres' lexical rules decide where statements, names and comments end.

/// What kind of token it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SqlToken {
    Space,
    /// `-- …`, without the line end.
    LineComment,
    /// `/* … */`, which may be nested.
    BlockComment,
    /// `'…'`.
    String,
    /// `"…"`.
    QuotedName,
    /// `$tag$ … $tag$`, such as the body of a function.
    DollarString,
    /// A keyword or a name.
    Word,
    Number,
    /// Any other single character.
    Symbol,
}

/// The tokens of a text, without a gap. What is never closed goes on to the end.
pub(crate) fn tokens(sql: &str) -> impl Iterator<Item = (SqlToken, &str)> {
    let mut rest = sql;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let (token, length) = next(rest, first);
        let (text, after) = rest.split_at_checked(length)?;
        rest = after;
        Some((token, text))
    })
}

/// The body of a dollar-quoted string and the fence on either side of it; the second fence is missing where it is not closed.
pub(crate) fn dollar_body(text: &str) -> Option<(&str, &str)> {
    let fence = fence(text)?;
    let inner = text.get(fence.len()..)?;
    Some((fence, inner.strip_suffix(fence).unwrap_or(inner)))
}

/// The kind and the length of the token that `rest` begins with.
fn next(rest: &str, first: char) -> (SqlToken, usize) {
    let run = |belongs: fn(char) -> bool| rest.find(|c: char| !belongs(c)).unwrap_or(rest.len());
    let in_word: fn(char) -> bool = |c| c.is_alphanumeric() || matches!(c, '_' | '$');
    if rest.starts_with("--") {
        (SqlToken::LineComment, run(|c| c != '\n'))
    } else if rest.starts_with("/*") {
        (SqlToken::BlockComment, block_comment(rest))
    } else if first == '\'' {
        (SqlToken::String, quoted(rest, '\''))
    } else if first == '"' {
        (SqlToken::QuotedName, quoted(rest, '"'))
    } else if let Some(length) = dollar_string(rest) {
        (SqlToken::DollarString, length)
    } else if first.is_ascii_digit() {
        (SqlToken::Number, run(in_word))
    } else if first.is_alphanumeric() || first == '_' {
        (SqlToken::Word, run(in_word))
    } else if first.is_whitespace() {
        (SqlToken::Space, run(char::is_whitespace))
    } else {
        (SqlToken::Symbol, first.len_utf8())
    }
}

fn block_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    let bytes = text.as_bytes();
    while at < bytes.len() {
        match bytes.get(at..at + 2) {
            Some(b"/*") => {
                depth += 1;
                at += 2;
            }
            Some(b"*/") => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    text.len()
}

/// The length of a text in quotes; a doubled quote stays inside.
fn quoted(text: &str, quote: char) -> usize {
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = characters.next() {
        if c != quote {
            continue;
        }
        if characters.peek().is_some_and(|(_, next)| *next == quote) {
            characters.next();
        } else {
            return at + 1;
        }
    }
    text.len()
}

fn dollar_string(text: &str) -> Option<usize> {
    let fence = fence(text)?;
    let body = text.get(fence.len()..)?;
    Some(
        body.find(fence)
            .map_or(text.len(), |end| fence.len() + end + fence.len()),
    )
}

/// `$tag$`, if the text begins with one.
fn fence(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('$')?;
    let tag = inner.get(..inner.find('$')?)?;
    let valid = tag.chars().all(|c| c.is_alphanumeric() || c == '_')
        && !tag.starts_with(|c: char| c.is_ascii_digit());
    valid.then(|| text.get(..tag.len() + 2)).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_kind_of_token_ends_where_postgres_ends_it() {
        let sql = "a$1 -- c\n/* x /* y */ */'it''s'\"A\"\"b\"$f$ $$;'$f$;1.5";
        let found: Vec<_> = tokens(sql)
            .filter(|(token, _)| *token != SqlToken::Space)
            .collect();
        assert_eq!(
            found,
            [
                (SqlToken::Word, "a$1"),
                (SqlToken::LineComment, "-- c"),
                (SqlToken::BlockComment, "/* x /* y */ */"),
                (SqlToken::String, "'it''s'"),
                (SqlToken::QuotedName, "\"A\"\"b\""),
                (SqlToken::DollarString, "$f$ $$;'$f$"),
                (SqlToken::Symbol, ";"),
                (SqlToken::Number, "1"),
                (SqlToken::Symbol, "."),
                (SqlToken::Number, "5"),
            ]
        );
        assert_eq!(dollar_body("$f$ x $f$"), Some(("$f$", " x ")));
        assert_eq!(dollar_body("$$ x"), Some(("$$", " x")));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn tokens_cover_any_text(sql in "[a-z0-9'\"$*/; \n-ä]{0,60}") {
            let text: String = tokens(&sql).map(|(_, text)| text).collect();
            prop_assert_eq!(text, sql);
        }
    }
}
