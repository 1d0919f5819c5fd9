//! Splits SQL into tokens, as far as Postgres' lexical rules decide where statements, names and comments end.

/// What kind of token it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SqlToken {
    Space,
    /// `-- …`, without the line end.
    LineComment,
    /// `/* … */`, which may be nested.
    BlockComment,
    /// `'…'`, or `E'…'`, in which a backslash keeps the next quote inside.
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
    if rest.starts_with("--") {
        // a lone carriage return ends it, too: what follows is run
        (SqlToken::LineComment, run(|c| !matches!(c, '\n' | '\r')))
    } else if rest.starts_with("/*") {
        (SqlToken::BlockComment, block_comment(rest))
    } else if first == '\'' {
        (SqlToken::String, quoted(rest, '\''))
    } else if matches!(first, 'e' | 'E') && rest.get(1..2) == Some("'") {
        (SqlToken::String, escaped(rest))
    } else if first == '"' {
        (SqlToken::QuotedName, quoted(rest, '"'))
    } else if let Some(length) = dollar_string(rest) {
        (SqlToken::DollarString, length)
    } else if first.is_ascii_digit() {
        (
            SqlToken::Number,
            run(|c| c.is_ascii_alphanumeric() || c == '_'),
        )
    } else if begins_word(first) {
        (
            SqlToken::Word,
            run(|c| begins_word(c) || c.is_ascii_digit() || c == '$'),
        )
    } else if is_space(first) {
        (SqlToken::Space, run(is_space))
    } else {
        (SqlToken::Symbol, first.len_utf8())
    }
}

/// Whether a name may begin with it: Postgres takes every byte beyond ASCII for a letter, even of a space or a dash.
const fn begins_word(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || !c.is_ascii()
}

const fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}')
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

/// The length of `E'…'` and of what continues it: a string on a later line, with nothing but space and comments between.
fn escaped(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 2;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            b'\'' if bytes.get(at + 1) == Some(&b'\'') => at += 2,
            b'\'' => match text.get(at + 1..).and_then(continuation) {
                Some(length) => at += 1 + length,
                None => return at + 1,
            },
            _ => at += 1,
        }
    }
    text.len()
}

/// How far it is behind the quote of the string that goes on here, if one does.
fn continuation(text: &str) -> Option<usize> {
    let mut new_line = false;
    let mut at = 0;
    loop {
        let rest = text.get(at..)?;
        if rest.starts_with('\'') {
            return new_line.then_some(at + 1);
        } else if rest.starts_with("--") {
            at += rest.find(['\n', '\r'])?;
        } else {
            let space = rest.chars().next().filter(|c| is_space(*c))?;
            new_line |= matches!(space, '\n' | '\r');
            at += 1;
        }
    }
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
    let valid = tag.chars().all(|c| begins_word(c) || c.is_ascii_digit())
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

    #[test]
    fn a_string_with_escapes_ends_where_postgres_ends_it() {
        for (sql, string) in [
            (r"E'\''; COMMIT; '", r"E'\''"),
            (r"E'\'; COMMIT; ' x", r"E'\'; COMMIT; '"),
            (r"e'it''s\\' x", r"e'it''s\\'"),
            ("E'a'\n -- b\n '\\'c' d", "E'a'\n -- b\n '\\'c'"),
            ("E'a' '\\'", "E'a'"),
            ("E'a' -- b\n'c' d", "E'a' -- b\n'c'"),
            // a name that ends with e, and a string that has no escapes
            (r"'\' x", r"'\'"),
        ] {
            let first = tokens(sql).next().unwrap();
            assert_eq!(first, (SqlToken::String, string), "{sql}");
        }
        let found: Vec<_> = tokens("te'\\'").map(|(_, text)| text).collect();
        assert_eq!(found, ["te", "'\\'"]);
    }

    #[test]
    fn what_looks_like_space_or_comment_is_not_more_than_postgres_takes_for_it() {
        let words = |sql| {
            let words = tokens(sql).filter(|(token, _)| *token == SqlToken::Word);
            words.map(|(_, text)| text).collect::<Vec<_>>()
        };
        assert_eq!(words("-- a\rdrop"), ["drop"]);
        assert_eq!(words("a\u{a0}b"), ["a\u{a0}b"]);
        assert_eq!(words("$\u{a0}$ a $\u{a0}$ b"), ["b"]);
        assert_eq!(words("1$$ a $$ b"), ["b"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn tokens_cover_any_text(sql in "[a-zE0-9'\"$*/\\\\; \n-ä]{0,60}") {
            let text: String = tokens(&sql).map(|(_, text)| text).collect();
            prop_assert_eq!(text, sql);
        }
    }
}
