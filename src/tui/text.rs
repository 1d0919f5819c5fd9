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

/// `1 file`, `2 files`.
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
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
