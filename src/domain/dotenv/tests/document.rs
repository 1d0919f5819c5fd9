use proptest::prelude::*;

use crate::domain::dotenv::{document::SetError, quote::quote, scan::BOM, *};

fn get(text: &str, key: &str) -> Option<String> {
    Document::parse(text.as_bytes())
        .get(key)
        .map(|value| value.expose().to_owned())
}

fn set(text: &str, key: &str, value: &str) -> String {
    let mut document = Document::parse(text.as_bytes());
    document.set(key, value).unwrap();
    String::from_utf8(document.bytes().to_vec()).unwrap()
}

#[test]
fn values_are_read_as_by_most_readers() {
    for (line, value) in [
        ("V=abc", "abc"),
        ("V= abc", "abc"),
        ("V = abc", "abc"),
        ("  V=abc", "abc"),
        ("V=abc  ", "abc"),
        ("V=abc # c", "abc"),
        ("V=abc#def", "abc#def"),
        ("V='abc' # c", "abc"),
        ("V=\"a # b\"", "a # b"),
        ("V='a # b'", "a # b"),
        ("V='a'#c", "a"),
        ("V=a b c", "a b c"),
        ("V=\"a\\\"b\"", "a\"b"),
        ("V='a\\'b'", "a\\'b"),
        ("V='ab\\'", "ab\\"),
        ("V='a'b'c'", "'a'b'c'"),
        ("V=\"a\\nb\"", "a\nb"),
        ("V='a\\nb'", "a\\nb"),
        ("V=\"a\\tb\"", "a\\tb"),
        ("V=\"a\\$b\"", "a$b"),
        ("V=a=b==", "a=b=="),
        ("V=", ""),
        ("V=\"\"", ""),
        ("V=''", ""),
        ("V= # c", ""),
        ("V=abc\r", "abc"),
        ("V='abc'\r", "abc"),
        ("export V=abc", "abc"),
        ("export  V=abc", "abc"),
        ("V=\"abc", "\"abc"),
        ("V='l1\nl2'", "l1\nl2"),
        ("V=\"l1\nl2\"", "l1\nl2"),
        ("V=first\nV=second", "second"),
        ("\u{feff}V=abc", "abc"),
    ] {
        for end in ["", "\n", "\nZ=end\n"] {
            let text = format!("{line}{end}");
            assert_eq!(get(&text, "V").as_deref(), Some(value), "{text:?}");
            if end.len() > 1 {
                assert_eq!(get(&text, "Z").as_deref(), Some("end"), "{text:?}");
            }
        }
    }
    for line in ["V", "V: abc", "JUNK line", "# V=abc", "=abc", ""] {
        assert_eq!(get(line, "V"), None, "{line:?}");
    }
}

#[test]
fn keys_inside_a_value_are_ignored() {
    let text = "A='x\nB=1\n'\nB=2\n";
    assert_eq!(get(text, "B").as_deref(), Some("2"));
    assert_eq!(set(text, "B", "3"), "A='x\nB=1\n'\nB=3\n");
    // one stray quote does not swallow the file
    let text = "A=\"x\nB=\"y\"\n";
    assert_eq!(get(text, "B").as_deref(), Some("y"));
}

#[test]
fn setting_a_value_changes_nothing_else() {
    for (before, after) in [
        ("V=old", "V=new"),
        ("V=old\n", "V=new\n"),
        (
            "# c\n\n  export V = 'old'   # why\nZ=1",
            "# c\n\n  export V = new   # why\nZ=1",
        ),
        ("V=a\nX=1\nV=b\n", "V=new\nX=1\nV=new\n"),
        ("V=old\r\nZ=1\r\n", "V=new\r\nZ=1\r\n"),
        ("Z=1\r\n", "Z=1\r\nV=new\r\n"),
        ("Z=1", "Z=1\nV=new\n"),
        ("", "V=new\n"),
        ("\u{feff}V=old\n", "\u{feff}V=new\n"),
        ("V='a'#c\n", "V='new'#c\n"),
        ("V=#c\n", "V=new\n"),
        ("V= # c\n", "V=new # c\n"),
        ("V=\"a\nb\"\nZ=1\n", "V=new\nZ=1\n"),
        ("junk line\nV=\n", "junk line\nV=new\n"),
    ] {
        assert_eq!(set(before, "V", "new"), after, "{before:?}");
    }
}

#[test]
fn values_are_quoted_in_the_most_portable_style() {
    for (value, text) in [
        ("", ""),
        ("plain_1", "plain_1"),
        (
            "postgresql://u:p%40@h/d?sslmode=require",
            "postgresql://u:p%40@h/d?sslmode=require",
        ),
        (
            "postgresql://u:p@h/d?a=b&c=d",
            "'postgresql://u:p@h/d?a=b&c=d'",
        ),
        ("päss", "päss"),
        ("two words", "'two words'"),
        ("a#b", "'a#b'"),
        ("a$b", "'a$b'"),
        ("it's", "\"it's\""),
        ("it's; x", "\"it's; x\""),
        ("a\nb", "\"a\\nb\""),
        ("`id`", "'`id`'"),
        ("$(id)", "'$(id)'"),
        ("~/x", "'~/x'"),
        ("a\"'b", "a\"'b"),
    ] {
        assert_eq!(quote(value).unwrap().text, text, "{value:?}");
    }
    // a shell would run it, and no quotes keep it whole
    assert!(quote("'`id`").is_none());
    assert!(quote("a\0b").is_none());
}

#[test]
fn unportable_keys_are_refused() {
    let mut document = Document::default();
    for key in ["A-B", "1A", "", "Ä", "A B"] {
        assert!(
            matches!(document.set(key, "x"), Err(SetError::Key(_))),
            "{key}"
        );
    }
    assert!(document.bytes().is_empty());
}

#[test]
fn every_lint_names_its_line() {
    let text = "\u{feff}A=1\nA=2\nB = x\nC=\"open\nbad line\nD=a&b\nE=****\nF=changeme\nG-H=1\nI=1 # c\r\n";
    let found: Vec<_> = Document::parse(text.as_bytes())
        .lint()
        .into_iter()
        .map(|lint| (lint.line, format!("{:?}", lint.kind)))
        .collect();
    let names: Vec<_> = found
        .iter()
        .map(|(line, kind)| format!("{line} {}", kind.split([' ', '(']).next().unwrap()))
        .collect();
    assert_eq!(
        names,
        [
            "1 ByteOrderMark",
            "10 CarriageReturns",
            "2 Duplicate",
            "3 Spaces",
            "4 UnterminatedQuote",
            "5 UnreadableLine",
            "6 Unportable",
            "7 Masked",
            "8 Placeholder",
            "9 KeyName",
            "10 InlineComment",
        ]
    );
}

#[test]
fn dotenvy_agrees_only_where_it_reads_the_whole_file() {
    let document = Document::parse(b"A=1\nB='x y'\n");
    assert!(document.dotenvy_agrees(&["A", "B"]));
    assert!(!Document::parse(b"A=1\nB=x y\n").dotenvy_agrees(&["A"]));
    assert_eq!(format!("{document:?}"), "{\"A\", \"B\"}");
}

/// Text that is likely to be awkward.
fn awkward() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"A".to_vec()),
        Just(b"KEY".to_vec()),
        Just(b"export ".to_vec()),
        Just(b"=".to_vec()),
        Just(b"\n".to_vec()),
        Just(b"\r\n".to_vec()),
        Just(b"\r".to_vec()),
        Just(b"'".to_vec()),
        Just(b"\"".to_vec()),
        Just(b"`".to_vec()),
        Just(b"\\".to_vec()),
        Just(b"#".to_vec()),
        Just(b" ".to_vec()),
        Just(b"\t".to_vec()),
        Just(b"$".to_vec()),
        Just(BOM.to_vec()),
        Just(b"x".to_vec()),
        Just("ä".as_bytes().to_vec()),
        Just(vec![0xff]),
        Just(vec![0]),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn file() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![4 => awkward(), 1 => prop::collection::vec(any::<u8>(), 0..60)]
}

fn value_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[A-Za-z0-9_:/@?=.&-]{0,20}",
        "[ -~]{0,12}",
        "['\"$\\\\`#\n\r x]{0,8}",
        "\\PC{0,10}",
    ]
}

fn keys() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("A".to_owned()),
        Just("KEY".to_owned()),
        Just("NEW".to_owned())
    ]
}

/// How many cases: `NEONUP_FUZZ_CASES` for a long run.
fn config() -> ProptestConfig {
    let cases = std::env::var("NEONUP_FUZZ_CASES")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(500);
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_bytes_are_kept_without_a_gap(bytes in file()) {
        let document = Document::parse(&bytes);
        prop_assert_eq!(document.bytes(), &bytes[..]);
        let mut at = if bytes.starts_with(BOM) { BOM.len() } else { 0 };
        for piece in document.pieces() {
            prop_assert_eq!(piece.lines().start, at);
            prop_assert!(piece.lines().end > at);
            at = piece.lines().end;
        }
        prop_assert_eq!(at, bytes.len());
        document.lint();
        redacted_lines(&document, &[]);
    }

    #[test]
    fn a_value_reads_back_and_everything_else_stays(bytes in file(), key in keys(), value in value_text()) {
        let before = Document::parse(&bytes);
        let mut after = before.clone();
        if after.set(&key, &value).is_err() {
            prop_assert_eq!(after.bytes(), &bytes[..]);
            return Ok(());
        }
        prop_assert_eq!(after.get(&key).unwrap().expose(), value.as_str());
        for entry in after.all(&key) {
            prop_assert_eq!(entry.value.expose(), value.as_str());
        }
        // the bytes between the values are the same
        let between = |document: &Document| {
            let mut out = Vec::new();
            let mut at = 0;
            for entry in document.all(&key) {
                out.extend_from_slice(&document.bytes()[at..entry.span.start]);
                at = entry.span.end;
            }
            out.extend_from_slice(&document.bytes()[at..]);
            out
        };
        if before.all(&key).count() == 0 {
            prop_assert!(after.bytes().starts_with(&bytes));
            prop_assert!(after.bytes().ends_with(b"\n"));
        } else {
            prop_assert_eq!(between(&after), between(&before));
        }
        let mut again = after.clone();
        prop_assert_eq!(again.set(&key, &value), Ok(SetOutcome::Unchanged));
        prop_assert_eq!(again.bytes(), after.bytes());
    }

    #[test]
    fn almost_every_value_can_be_written(value in "[ -&(-_a-~\n]{0,30}") {
        // no single quote, no backtick
        if value.ends_with('\\') { return Ok(()); }
        let mut document = Document::parse(b"# c\nA=1\n");
        prop_assert!(document.set("NEW", &value).is_ok(), "{:?}", value);
    }
}
