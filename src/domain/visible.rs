//! Makes a text safe to show. What a terminal would act on and what a reader could not see is written out: ESC is shown as
//! `\x1b`, a right-to-left override as `\u{202e}`.
//!
//! Names come from servers and from strangers' repositories. Shown as they are, one could set the window's title, fill the
//! clipboard, or write a line of its own that looks like ours. A backslash stays as it is: these escapes are to be read, not
//! to be undone. Everything that is printed or drawn passes here: `report::output`, `tui::text` and the log.

use std::{borrow::Cow, fmt::Write as _};

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};

/// The most marks on one character that are shown as marks. Vietnamese needs two and Hebrew with accents four; a pile of
/// them runs over the lines above and below.
const MARKS: usize = 4;

/// The most characters without a blank that are shown. An identifier or an address is shorter; a terminal that folds a longer
/// one hides everything above it.
pub(crate) const LONGEST_WORD: usize = 2_000;

/// The most bytes of a sentence or a name that a step reports. The longest of ours has some hundred; a server may send megabytes,
/// and a screen looks at all of it for each frame.
const LONGEST_TEXT: usize = 16 * 1024;

/// Makes one line of a text: a line end in it is written out, too, so that a name can't begin a line of its own. A word of more
/// than [`LONGEST_WORD`] characters is cut, and says so.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    if is_plain(text) && text.len() <= LONGEST_WORD {
        return Cow::Borrowed(text);
    }
    match cut(&escaped(text, false)) {
        Some(cut) => Cow::Owned(cut),
        None => escaped(text, false),
    }
}

/// Leaves out what a sentence has behind [`LONGEST_TEXT`], and says how much that is.
pub(crate) fn shortened(text: &str) -> Cow<'_, str> {
    if text.len() <= LONGEST_TEXT {
        return Cow::Borrowed(text);
    }
    let end = text.floor_char_boundary(LONGEST_TEXT);
    let (kept, left) = text.split_at(end);
    Cow::Owned(format!("{kept} …({} more bytes)", left.len()))
}

/// Makes one line of a text like [`line()`], and cuts nothing: for what is going to be run, which is shown in full.
pub(crate) fn line_in_full(text: &str) -> Cow<'_, str> {
    escaped(text, false)
}

/// Makes a text of several lines safe to show. Its line ends stay.
pub(crate) fn lines(text: &str) -> Cow<'_, str> {
    escaped(text, true)
}

/// Writes out in a JSON document what [`line()`] would: as `\uXXXX`, so that whoever reads the document gets it unchanged.
pub(crate) fn json(document: &str) -> Cow<'_, str> {
    // JSON itself has no place for such a character but inside of a string, and has escaped line ends there already
    let escape = |char: char| !matches!(char, '\n' | '\t') && is_hidden(char);
    if document.is_ascii() && !document.contains('\x7f') || !document.chars().any(escape) {
        return Cow::Borrowed(document);
    }
    let mut out = String::with_capacity(document.len() + 64);
    for char in document.chars() {
        if escape(char) {
            for unit in char.encode_utf16(&mut [0; 2]) {
                // writing to a string can't fail
                write!(out, "\\u{unit:04x}").ok();
            }
        } else {
            out.push(char);
        }
    }
    Cow::Owned(out)
}

/// Whether a character is written out wherever it stands: controls, marks of direction, separators of lines, everything
/// without a shape of its own, and what no font knows.
pub(crate) fn is_hidden(char: char) -> bool {
    if char.is_ascii() {
        return char.is_ascii_control();
    }
    matches!(
        char.general_category(),
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
            | GeneralCategory::PrivateUse
            | GeneralCategory::Surrogate
            | GeneralCategory::Unassigned
    ) || matches!(
        char,
        // fillers and joiners that are letters or marks by their category, and blank to the eye
        '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'
            ..='\u{180f}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}'
    )
}

/// Whether [`line()`] would change this text.
pub(crate) fn is_changed(text: &str) -> bool {
    line(text) != text
}

/// Whether every character is printable ASCII or a tab.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t'))
}

/// Whether a character is drawn over the one before it.
fn is_mark(char: char) -> bool {
    !char.is_ascii()
        && matches!(
            char.general_category(),
            GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark
        )
}

/// Whether a character only chooses between the shapes of the one before it.
const fn is_variation(char: char) -> bool {
    matches!(char, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

fn escaped(text: &str, keep_line_ends: bool) -> Cow<'_, str> {
    if is_plain(text) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut marks = 0;
    let mut before = None;
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        marks = if is_mark(char) { marks + 1 } else { 0 };
        let twice = is_variation(char) && before.is_some_and(is_variation);
        before = Some(char);
        match char {
            '\t' => out.push(char),
            '\n' if keep_line_ends => out.push(char),
            // a line end of Windows
            '\r' if keep_line_ends && chars.peek() == Some(&'\n') => {}
            _ if is_hidden(char) || marks > MARKS || twice => escape(char, &mut out),
            _ => out.push(char),
        }
    }
    Cow::Owned(out)
}

fn escape(char: char, out: &mut String) {
    let written = match char {
        '\n' => write!(out, "\\n"),
        '\r' => write!(out, "\\r"),
        _ if u32::from(char) < 0x100 => write!(out, "\\x{:02x}", u32::from(char)),
        _ => write!(out, "\\u{{{:x}}}", u32::from(char)),
    };
    // writing to a string can't fail
    written.ok();
}

/// Cuts the words that are too long; `None` where there is none.
fn cut(text: &str) -> Option<String> {
    let too_long = |word: &str| word.len() > LONGEST_WORD && word.chars().count() > LONGEST_WORD;
    if !text.split(char::is_whitespace).any(too_long) {
        return None;
    }
    let mut out = String::new();
    for piece in text.split_inclusive(char::is_whitespace) {
        let word = piece.trim_end_matches(char::is_whitespace);
        if !too_long(word) {
            out.push_str(piece);
            continue;
        }
        let end = word
            .char_indices()
            .nth(LONGEST_WORD)
            .map_or(word.len(), |(at, _)| at);
        let (kept, left) = word.split_at(end);
        out.push_str(kept);
        write!(out, " …({} more characters)", left.chars().count()).ok();
        out.push_str(piece.get(word.len()..).unwrap_or_default());
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_terminal_acts_on_is_written_out() {
        for (text, shown) in [
            ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
            ("\u{9b}31m", "\\x9b31m"),
            ("a\x7fb\0", "a\\x7fb\\x00"),
            ("one\r\ntwo\rthree", "one\\r\\ntwo\\rthree"),
            ("user\u{202e}gpj.exe", "user\\u{202e}gpj.exe"),
            ("\u{2066}\u{200f}\u{61c}", "\\u{2066}\\u{200f}\\u{61c}"),
            ("a\u{2028}b\u{2029}c", "a\\u{2028}b\\u{2029}c"),
            (
                "zero\u{200b}width\u{feff}\u{ad}",
                "zero\\u{200b}width\\u{feff}\\xad",
            ),
            ("\u{e0041}\u{e007f}", "\\u{e0041}\\u{e007f}"),
            ("\u{3164}\u{115f}\u{ffa0}", "\\u{3164}\\u{115f}\\u{ffa0}"),
            ("\u{e000}\u{fffe}\u{378}", "\\u{e000}\\u{fffe}\\u{378}"),
            ("\u{fe0f}\u{fe0f}\u{fe0f}", "\u{fe0f}\\u{fe0f}\\u{fe0f}"),
        ] {
            assert_eq!(line(text), shown);
        }
    }

    #[test]
    fn names_of_the_world_stay_as_they_are() {
        for text in [
            "plain ascii\twith a tab",
            "Köln, Łódź, Đà Nẵng (e\u{301}\u{323})",
            "漢字 かな 한국어",
            "שָׁלוֹם مرحبا",
            "👍🏽 ✈\u{fe0f} – “…” •••• │ ✓ ⠋",
            r"C:\Users\ada and `\x1b`",
            "a\u{a0}b\u{3000}c",
        ] {
            assert_eq!(line(text), text);
            assert_eq!(lines(text), text);
        }
    }

    #[test]
    fn a_pile_of_marks_is_no_longer_a_pile() {
        let piled = format!("Z{}", "\u{300}".repeat(40));
        let shown = line(&piled);
        assert_eq!(shown.matches('\u{300}').count(), MARKS);
        assert!(shown.ends_with("\\u{300}"));
    }

    #[test]
    fn a_word_that_never_ends_is_cut_and_says_so() {
        let text = format!("name {} end", "x".repeat(LONGEST_WORD + 7));
        assert_eq!(
            line(&text),
            format!("name {} …(7 more characters) end", "x".repeat(LONGEST_WORD))
        );
        assert_eq!(line_in_full(&text), text);
    }

    #[test]
    fn a_text_without_end_is_shortened_and_says_so() {
        let text = "ä ".repeat(LONGEST_TEXT);
        let shown = shortened(&text);
        assert!(shown.len() < LONGEST_TEXT + 40, "{}", shown.len());
        assert!(shown.ends_with(" …(32769 more bytes)"));
        assert_eq!(shortened("short"), "short");
    }

    #[test]
    fn only_a_block_keeps_its_line_ends() {
        assert_eq!(lines("a\r\nb\n\rc"), "a\nb\n\\rc");
        assert_eq!(line("x\n✓ secrets done"), "x\\n✓ secrets done");
    }

    /// Any text, with plenty of what is dangerous in it.
    fn hostile() -> impl Strategy<Value = String> {
        let dangerous = prop::sample::select(
            "\x1b\x07\n\r\t\0\x7f\u{85}\u{9b}\u{9d}\u{ad}\u{61c}\u{180e}\u{200b}\u{200d}\u{200e}\u{2028}\u{202e}\u{2060}\u{2066}\u{fe0f}\u{feff}\u{300}\u{3164}\u{e0001}\u{e0100}\u{f0000}"
                .chars()
                .collect::<Vec<_>>(),
        );
        prop::collection::vec(
            prop_oneof![dangerous, any::<char>(), Just('x'), Just(' ')],
            0..80,
        )
        .prop_map(String::from_iter)
    }

    proptest! {
        #[test]
        fn no_text_gets_through_as_a_command(text in hostile()) {
            let shown = line(&text);
            prop_assert!(shown.chars().all(|char| char == '\t' || !is_hidden(char)), "{shown:?}");
            prop_assert_eq!(line(&shown), shown.clone());
            let shown = lines(&text);
            prop_assert!(shown.chars().all(|char| matches!(char, '\t' | '\n') || !is_hidden(char)));
            prop_assert_eq!(shown.matches('\n').count(), text.matches('\n').count());
        }

        #[test]
        fn a_long_word_is_bounded_and_its_cut_is_final(text in hostile(), times in 1_usize..200) {
            let long = text.repeat(times);
            let shown = line(&long);
            prop_assert!(shown.split(char::is_whitespace).all(|word| word.chars().count() <= LONGEST_WORD));
            prop_assert_eq!(line(&shown), shown.clone());
        }

        #[test]
        fn json_holds_nothing_raw_and_reads_the_same(text in hostile()) {
            let value = serde_json::json!({ text.clone(): [text] });
            let written = serde_json::to_string_pretty(&value).unwrap();
            let safe = json(&written);
            prop_assert!(safe.chars().all(|char| char == '\n' || !is_hidden(char)));
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&safe).unwrap(), value);
        }
    }
}
