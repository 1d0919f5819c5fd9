//! Text that fits: eliding, wrapping and padding by width. Long values lose their middle, never their end.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::domain::visible;

/// How many columns a text takes.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// A text as it is drawn, in one line: what a terminal would act on, or nobody could see, is written out. Tabs become spaces.
pub(crate) fn clean(text: &str) -> String {
    visible::line(text).replace('\t', " ")
}

/// A text as it is taken from a paste, without what nobody could see in it.
pub(crate) fn typed(text: &str) -> String {
    text.chars()
        .map(|char| if char == '\t' { ' ' } else { char })
        .filter(|char| !visible::is_hidden(*char))
        .collect()
}

/// The first characters that fit into `columns`.
fn head(text: &str, columns: usize) -> String {
    let mut used = 0;
    text.chars()
        .take_while(|char| {
            used += char.width().unwrap_or(0);
            used <= columns
        })
        .collect()
}

/// The last characters that fit into `columns`.
fn tail(text: &str, columns: usize) -> String {
    let mut used = 0;
    let mut kept: Vec<char> = text
        .chars()
        .rev()
        .take_while(|char| {
            used += char.width().unwrap_or(0);
            used <= columns
        })
        .collect();
    // a combining mark without its base would sit on the ellipsis
    while kept
        .last()
        .is_some_and(|char| char.width().unwrap_or(0) == 0)
    {
        kept.pop();
    }
    kept.into_iter().rev().collect()
}

/// Shortens a text to `columns` by taking out its middle.
pub(crate) fn elide(text: &str, columns: usize) -> String {
    let text = clean(text);
    if width(&text) <= columns {
        return text;
    }
    match columns {
        0 => String::new(),
        1 => "…".to_owned(),
        _ => {
            let room = columns - 1;
            let end = room / 2;
            format!("{}…{}", head(&text, room - end), tail(&text, end))
        }
    }
}

/// Shortens a text to `columns`. Of an address in it, the host and the database stay as long as they can: first the query goes, then
/// the user, then the scheme, and of the host's name the end.
pub(crate) fn shorten(text: &str, columns: usize) -> String {
    let text = clean(text);
    if width(&text) <= columns {
        return text;
    }
    let Some((before, address)) = text.split_once("://") else {
        return elide(&text, columns);
    };
    let (name, scheme) = match before.rfind(|char: char| !is_of_scheme(char)) {
        Some(at) => {
            let after = before.split_at(at).1.chars().next();
            before.split_at(at + after.map_or(0, char::len_utf8))
        }
        None => ("", before),
    };
    let (address, rest) = match address.find(' ') {
        Some(at) => address.split_at(at),
        None => (address, ""),
    };
    let (address, query) = address.split_once('?').unwrap_or((address, ""));
    let (authority, path) = match address.find('/') {
        Some(at) => address.split_at(at),
        None => (address, ""),
    };
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let user = if user.is_empty() { "" } else { "…@" };
    let query = if query.is_empty() { "" } else { "?…" };
    let short_host = match host.split_once('.') {
        Some((first, _)) => format!("{first}…"),
        None => host.to_owned(),
    };
    let shorter = [
        format!("{name}{scheme}://{authority}{path}{query}{rest}"),
        format!("{name}{scheme}://{user}{host}{path}{query}{rest}"),
        format!("{name}…{host}{path}{query}{rest}"),
        format!("{name}…{short_host}{path}{rest}"),
    ];
    if let Some(text) = shorter.into_iter().find(|text| width(text) <= columns) {
        return text;
    }
    let fixed = width(name) + 1 + width(path) + width(rest);
    let host = elide(&short_host, columns.saturating_sub(fixed).max(4));
    elide(&format!("{name}…{host}{path}{rest}"), columns)
}

const fn is_of_scheme(char: char) -> bool {
    char.is_ascii_alphanumeric() || matches!(char, '+' | '-' | '.')
}

/// A text for where code has no color of its own.
pub(crate) fn without_backticks(text: &str) -> String {
    if text.matches('`').count() % 2 == 1 {
        text.to_owned()
    } else {
        text.replace('`', "")
    }
}

/// A text in lines of at most `columns`, each in parts of which some are code: that was between backticks, which are left out.
pub(crate) fn prose(text: &str, columns: usize) -> Vec<Vec<(bool, String)>> {
    let text = clean(text);
    if text.matches('`').count() % 2 == 1 {
        let whole = |line| vec![(false, line)];
        return wrap(&text, columns).into_iter().map(whole).collect();
    }
    // wrapping moves nothing but blanks
    let mut code = text.split('`').enumerate().flat_map(|(at, part)| {
        let visible = part.chars().filter(|char| !char.is_whitespace());
        visible.map(move |_| at % 2 == 1)
    });
    wrap(&text.replace('`', ""), columns)
        .into_iter()
        .map(|line| {
            let mut parts: Vec<(bool, String)> = Vec::new();
            for char in line.chars() {
                let is_code = if char.is_whitespace() {
                    parts.last().is_some_and(|(is_code, _)| *is_code)
                } else {
                    code.next().unwrap_or(false)
                };
                match parts.last_mut() {
                    Some((same, part)) if *same == is_code => part.push(char),
                    _ => parts.push((is_code, char.to_string())),
                }
            }
            parts
        })
        .collect()
}

/// Elides a text, then fills it up with spaces on the right.
pub(crate) fn pad(text: &str, columns: usize) -> String {
    let mut text = elide(text, columns);
    let missing = columns.saturating_sub(width(&text));
    text.extend(std::iter::repeat_n(' ', missing));
    text
}

/// Breaks a text at spaces into lines of at most `columns`; a longer word is cut. A line end in it is none here.
pub(crate) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = Vec::new();
    let text = clean(text.trim_end());
    if text.is_empty() {
        return lines;
    }
    let mut line = String::new();
    for word in text.split_whitespace() {
        let mut word = word.to_owned();
        let gap = usize::from(!line.is_empty());
        if width(&line) + gap + width(&word) > columns && !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        while width(&word) > columns {
            let first = head(&word, columns);
            if first.is_empty() {
                break;
            }
            let rest: String = word.chars().skip(first.chars().count()).collect();
            lines.push(first);
            word = rest;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&word);
    }
    lines.push(line);
    lines
}

/// Wraps a text whose first line is narrower than the others.
pub(crate) fn wrap_first(text: &str, first: usize, others: usize) -> (String, Vec<String>) {
    let text = clean(text).split_whitespace().collect::<Vec<_>>().join(" ");
    let head = wrap(&text, first).into_iter().next().unwrap_or_default();
    let rest = text.strip_prefix(head.as_str()).unwrap_or_default().trim();
    let rest = if rest.is_empty() {
        Vec::new()
    } else {
        wrap(rest, others)
    };
    (head, rest)
}

/// Breaks a line of code into pieces that fit. Nothing of it is left out, not even a blank.
pub(crate) fn pieces(code: &str, columns: usize) -> Vec<String> {
    let mut rest = clean(code);
    let mut pieces = Vec::new();
    loop {
        let first = head(&rest, columns);
        if first.is_empty() || first.len() == rest.len() {
            pieces.push(rest);
            return pieces;
        }
        rest = rest.split_off(first.len());
        pieces.push(first);
    }
}

/// The beginning of a sentence in whole words, with an ellipsis where something was cut off.
pub(crate) fn beginning(sentence: &str, columns: usize) -> String {
    // where hardly anything fits, there are no words to keep whole
    if width(&clean(sentence)) <= columns || columns < 4 {
        return elide(sentence, columns);
    }
    let first = wrap(sentence, columns.saturating_sub(1)).into_iter().next();
    format!(
        "{}…",
        first
            .unwrap_or_default()
            .trim_end_matches([' ', ',', ';', ':'])
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_lose_their_middle() {
        assert_eq!(
            elide("ep-cool-name-12345678.us-east-2.aws.neon.tech", 20),
            "ep-cool-na…neon.tech"
        );
        assert_eq!(elide("short", 20), "short");
        assert_eq!(elide("abcdef", 1), "…");
        assert_eq!(elide("abcdef", 0), "");
    }

    #[test]
    fn of_an_address_the_host_and_the_database_stay() {
        let line = "DATABASE_URL=postgresql+psycopg://neondb_owner:••••@ep-cool-dawn-a1234567.us-east-2.aws.neon.tech\
            /neondb?sslmode=require  (old password)";
        for (columns, shown) in [
            (200, line),
            (
                120,
                "DATABASE_URL=postgresql+psycopg://…@ep-cool-dawn-a1234567.us-east-2.aws.neon.tech/neondb?…  (old password)",
            ),
            (
                90,
                "DATABASE_URL=…ep-cool-dawn-a1234567.us-east-2.aws.neon.tech/neondb?…  (old password)",
            ),
            (
                60,
                "DATABASE_URL=…ep-cool-dawn-a1234567…/neondb  (old password)",
            ),
            (52, "DATABASE_URL=…ep-cool…34567…/neondb  (old password)"),
        ] {
            let short = shorten(line, columns);
            assert!(width(&short) <= columns);
            if columns > 52 {
                assert_eq!(short, shown);
            } else {
                assert!(short.ends_with("/neondb  (old password)"), "{short}");
            }
        }
        assert_eq!(
            shorten("http://localhost:3000", 40),
            "http://localhost:3000"
        );
        assert_eq!(shorten("no address in it", 9), "no a…n it");
        for columns in 0..60 {
            assert!(width(&shorten(line, columns)) <= columns, "{columns}");
            assert!(width(&shorten("://@/?", columns)) <= columns.max(6));
        }
    }

    #[test]
    fn code_is_told_apart_without_its_backticks() {
        let code = |text: &str| (true, text.to_owned());
        let plain = |text: &str| (false, text.to_owned());
        assert_eq!(
            prose("run `neonup setup env` to write it", 16),
            [
                vec![plain("run "), code("neonup setup")],
                vec![code("env "), plain("to write it")],
            ]
        );
        assert_eq!(prose("a ` alone", 40), [vec![plain("a ` alone")]]);
        assert_eq!(prose("", 40), [[]; 0]);
    }

    #[test]
    fn no_text_draws_a_line_of_its_own() {
        let forged = "x\n✓ secrets done\x1b[2J";
        assert_eq!(wrap(forged, 80), ["x\\n✓ secrets done\\x1b[2J"]);
        assert_eq!(elide(forged, 80), "x\\n✓ secrets done\\x1b[2J");
        assert_eq!(wrap("", 80), [""; 0]);
        assert_eq!(typed("na\u{200b}pi\x1b\t1"), "napi 1");
    }

    #[test]
    fn code_is_broken_into_pieces_and_never_cut() {
        assert_eq!(pieces("    return 1", 40), ["    return 1"]);
        assert_eq!(pieces("    return one", 8), ["    retu", "rn one"]);
        assert_eq!(pieces("", 8), [""]);
        for columns in 2..9 {
            let pieces = pieces("a = '漢字漢字' # é", columns);
            assert_eq!(pieces.concat(), "a = '漢字漢字' # é");
            assert!(pieces.iter().all(|piece| width(piece) <= columns));
        }
    }

    #[test]
    fn sentences_are_cut_between_words() {
        let sentence = "session, start-up and health route are fine";
        assert_eq!(beginning(sentence, 60), sentence);
        assert_eq!(beginning(sentence, 20), "session, start-up…");
        assert_eq!(beginning(sentence, 9), "session…");
        assert_eq!(beginning("", 0), "");
        for columns in 1..12 {
            assert!(
                width(&beginning("漢字漢字 漢字", columns)) <= columns,
                "{columns}"
            );
        }
    }

    #[test]
    fn wide_and_combining_characters_never_overflow() {
        for text in [
            "漢字漢字漢字漢字",
            "e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}",
            "👩‍👩‍👧‍👦 family",
            "a\u{202e}b\u{7}c",
        ] {
            for columns in 0..12 {
                assert!(width(&elide(text, columns)) <= columns, "{text} {columns}");
                assert_eq!(width(&pad(text, columns)), columns, "{text} {columns}");
                if columns > 1 {
                    for line in wrap(text, columns) {
                        assert!(width(&line) <= columns, "{line:?} {columns}");
                    }
                }
            }
        }
    }
}
