//! Holds `docs/style.md`: no string of the program and no page contains a phrase of the first columns of its tables.
//!
//! What is read: the string literals of `src` outside of tests, the help texts of the command line, the files that neonup generates, and the
//! pages. With `NEONUP_WRITE_STRINGS=FILE` the strings are written there, for the spell check of `.ci/run`.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The rooms whose words are not ours: the sandbox speaks Neon's, and the test kit makes the world that a test needs.
const NOT_OURS: &[&str] = &["src/sandbox/api", "src/sandbox/serverless", "src/testing"];

/// Files beside `src` that people read.
const TEXTS: &[&str] = &[
    ".pre-commit-hooks.yaml",
    "assets/sample/README.md",
    "assets/schema.sql",
    "assets/templates",
    "docs",
];

/// The page with the tables: it has to name the phrases.
const STYLE: &str = "docs/style.md";

struct Text {
    place: String,
    text: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        .replace("\r\n", "\n")
}

/// The files below a path, or the path itself.
fn files(path: &Path, found: &mut BTreeSet<PathBuf>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            files(&entry.unwrap().path(), found);
        }
    } else {
        found.insert(path.to_owned());
    }
}

fn relative(path: &Path) -> String {
    let path = path.strip_prefix(root()).unwrap();
    path.to_str().unwrap().replace('\\', "/")
}

fn ends(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|end| end == extension)
}

fn is_test(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("/tests.rs") || path.ends_with("/fuzz.rs")
}

/// The modules in files of their own that only tests have: `#[cfg(test)] mod name;`.
fn test_modules(paths: &BTreeSet<PathBuf>) -> Vec<String> {
    let mut modules = Vec::new();
    for path in paths {
        let parent = match relative(path).as_str() {
            "src/lib.rs" | "src/main.rs" => "src".to_owned(),
            name => name.trim_end_matches(".rs").to_owned(),
        };
        let text = read(path);
        let lines: Vec<_> = text.lines().map(str::trim).collect();
        for pair in lines.windows(2) {
            let module = pair[1].split_once("mod ").map(|(_, name)| name);
            if let (true, Some(name)) = (pair[0].starts_with("#[cfg(test)]"), module) {
                let name = name.trim_end_matches([';', '{', ' ']);
                modules.push(format!("{parent}/{name}"));
            }
        }
    }
    modules
}

/// Every string of the program that a person may read.
fn strings() -> Vec<Text> {
    let mut paths = BTreeSet::new();
    files(&root().join("src"), &mut paths);
    let modules = test_modules(&paths);
    let mut texts = Vec::new();
    for path in paths {
        let name = relative(&path);
        let skipped = |room: &&str| name.starts_with(room);
        let not_ours = NOT_OURS.iter().any(skipped);
        let is_test = is_test(&name) || modules.iter().any(|module| skipped(&module.as_str()));
        if ends(&path, "rs") && !not_ours && !is_test {
            let tokens: TokenStream = read(&path).parse().unwrap();
            let mut literals = Literals {
                file: name,
                texts: Vec::new(),
            };
            literals.collect(tokens, false);
            texts.append(&mut literals.texts);
        }
    }
    texts
}

/// The pages, and the files that neonup generates, line by line; code in them is left out.
fn pages() -> Vec<Text> {
    let mut paths = BTreeSet::new();
    for name in TEXTS {
        files(&root().join(name), &mut paths);
    }
    for entry in fs::read_dir(root()).unwrap() {
        let path = entry.unwrap().path();
        if ends(&path, "md") {
            paths.insert(path);
        }
    }
    let mut texts = Vec::new();
    for path in paths {
        let name = relative(&path);
        if name == STYLE {
            continue;
        }
        let page = read(&path);
        let text = if ends(&path, "md") {
            without_code(&page)
        } else {
            page
        };
        texts.push(Text { place: name, text });
    }
    texts
}

/// A page without its blocks and spans of code.
fn without_code(page: &str) -> String {
    let mut prose = String::new();
    let mut fenced = false;
    for line in page.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            for (at, part) in line.split('`').enumerate() {
                prose.push_str(if at % 2 == 0 { part } else { "…" });
            }
        }
        prose.push('\n');
    }
    prose
}

/// Collects the strings of a file.
struct Literals {
    file: String,
    texts: Vec<Text>,
}

impl Literals {
    fn push(&mut self, line: usize, text: String) {
        self.texts.push(Text {
            place: format!("{}:{line}", self.file),
            text,
        });
    }

    /// `help` says that doc comments are help texts of the command line.
    fn collect(&mut self, tokens: TokenStream, help: bool) {
        let mut docs: Vec<(usize, String)> = Vec::new();
        let (mut tested, mut helps) = (false, false);
        let mut tokens = tokens.into_iter().peekable();
        while let Some(tree) = tokens.next() {
            match tree {
                TokenTree::Punct(punct) if punct.as_char() == '#' => {
                    tokens.next_if(
                        |next| matches!(next, TokenTree::Punct(punct) if punct.as_char() == '!'),
                    );
                    let Some(TokenTree::Group(group)) =
                        tokens.next_if(|next| matches!(next, TokenTree::Group(_)))
                    else {
                        continue;
                    };
                    let attribute = group.stream().to_string().replace(' ', "");
                    if attribute.starts_with("cfg(test)") || attribute.starts_with("cfg(all(test") {
                        tested = true;
                    } else if attribute.starts_with("derive(") {
                        helps |= ["Args", "Parser", "Subcommand", "ValueEnum"]
                            .iter()
                            .any(|name| attribute.contains(name));
                    } else if attribute.starts_with("doc=") {
                        docs.extend(strings_of(group.stream()));
                    } else if ["error(", "arg(", "command("]
                        .iter()
                        .any(|start| attribute.starts_with(start))
                    {
                        self.collect(group.stream(), false);
                    }
                }
                TokenTree::Group(group) => {
                    let ends = group.delimiter() == Delimiter::Brace;
                    if !tested {
                        if help || helps {
                            self.help(&mut docs);
                        }
                        self.collect(group.stream(), help || helps);
                    }
                    if ends {
                        docs.clear();
                        (tested, helps) = (false, false);
                    }
                }
                TokenTree::Punct(punct) if matches!(punct.as_char(), ';' | ',') => {
                    if help {
                        self.help(&mut docs);
                    }
                    docs.clear();
                    (tested, helps) = (false, false);
                }
                literal @ TokenTree::Literal(_) if !tested => {
                    for (line, text) in strings_of(literal.into()) {
                        self.push(line, text);
                    }
                }
                TokenTree::Literal(_) | TokenTree::Ident(_) | TokenTree::Punct(_) => {}
            }
        }
    }

    fn help(&mut self, docs: &mut Vec<(usize, String)>) {
        let line = docs.first().map_or(0, |(line, _)| *line);
        let text: String = docs.drain(..).map(|(_, text)| text + "\n").collect();
        if !text.is_empty() {
            self.push(line, text);
        }
    }
}

/// The string literals among some tokens, with their lines.
fn strings_of(tokens: TokenStream) -> Vec<(usize, String)> {
    let literal = |tree: TokenTree| {
        let TokenTree::Literal(literal) = tree else {
            return None;
        };
        let line = literal.span().start().line;
        if let syn::Lit::Str(text) = syn::Lit::new(literal) {
            Some((line, text.value()))
        } else {
            None
        }
    };
    tokens.into_iter().filter_map(literal).collect()
}

/// The first column of the tables of the page.
fn phrases(page: &str) -> Vec<String> {
    let cell = |line: &str| Some(line.strip_prefix("| ")?.split(" | ").next()?.to_lowercase());
    page.lines()
        .filter_map(cell)
        .filter(|phrase| phrase != "don't write")
        .collect()
}

/// The places of a phrase in a text: whole words, in any case, across line ends.
fn places(text: &str, phrase: &str) -> usize {
    let is_word = |char: char| char.is_alphanumeric() || matches!(char, '_' | '-');
    let mut count = 0;
    for (at, _) in text.match_indices(phrase) {
        let before = text[..at].chars().next_back();
        let after = text[at + phrase.len()..].chars().next();
        if !before.is_some_and(is_word) && !after.is_some_and(is_word) {
            count += 1;
        }
    }
    count
}

fn normal(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ").to_lowercase()
}

#[test]
fn no_string_and_no_page_has_a_phrase_to_avoid() {
    let phrases = phrases(&read(&root().join(STYLE)));
    assert!(phrases.len() > 80, "{phrases:?}");
    let mut texts = strings();
    assert!(texts.len() > 3000, "{}", texts.len());
    texts.extend(pages());
    let mut found = String::new();
    for Text { place, text } in &texts {
        let plain = normal(text);
        for phrase in &phrases {
            if places(&plain, phrase) > 0 {
                writeln!(found, "{place}: “{phrase}”").unwrap();
            }
        }
    }
    assert!(
        found.is_empty(),
        "see docs/style.md for what to write instead:\n{found}"
    );
}

#[test]
fn strings_are_written_for_the_spell_check() {
    let Some(path) = std::env::var_os("NEONUP_WRITE_STRINGS") else {
        return;
    };
    let mut all = String::new();
    for Text { place, text } in strings() {
        // code in a string isn't prose: words with a blank between them are
        if text.trim().contains(' ') {
            writeln!(all, "{place}: {}", text.replace('\n', " ")).unwrap();
        }
    }
    fs::write(path, all).unwrap();
}

#[test]
fn a_phrase_is_found_as_whole_words_in_any_case_and_across_lines() {
    let text = normal("It lies\n  in the folder; Lies in wait, belies in, lies in-between");
    assert_eq!(places(&text, "lies in"), 2);
    assert_eq!(places(&text, "folder"), 1);
    assert_eq!(places(&text, "fold"), 0);
}

#[test]
fn the_tables_of_a_page_are_read() {
    let page = "# Style\n\n| don't write | write |\n|---|---|\n| Mend | fix |\n| lies in | is in |\n\ntext\n";
    assert_eq!(phrases(page), ["mend", "lies in"]);
}

#[test]
fn strings_outside_of_tests_are_read_with_the_help_of_commands() {
    let source = r##"
        //! Not printed.
        /// Not printed.
        fn print() { say("one", r#"two"#, b"bytes"); }
        #[derive(Debug, Args)]
        /// Three.
        struct Given {
            /// Four.
            #[arg(long, help = "five")]
            flag: bool,
        }
        #[error("six {0}")]
        struct Failed;
        #[expect(dead_code, reason = "not printed")]
        const SEVEN: &str = "seven";
        #[cfg(test)]
        mod tests { const NONE: &str = "in a test"; }
        #[cfg(test)]
        use super::only;
        const EIGHT: &str = "eight";
    "##;
    let mut literals = Literals {
        file: "x.rs".to_owned(),
        texts: Vec::new(),
    };
    literals.collect(source.parse().unwrap(), false);
    let texts: Vec<_> = literals.texts.iter().map(|text| text.text.trim()).collect();
    assert_eq!(
        texts,
        [
            "one", "two", "Three.", "five", "Four.", "six {0}", "seven", "eight"
        ]
    );
    assert_eq!(literals.texts[0].place, "x.rs:4");
}

#[test]
fn code_on_a_page_is_not_prose() {
    let page = "Run `mend it` now.\n```sh\nmend\n```\nDone.\n";
    assert_eq!(without_code(page), "Run … now.\n\n\n\nDone.\n");
}
