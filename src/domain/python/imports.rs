//! Tells apart, without a tree of the syntax, the modules that need one and those of which the imports are enough.

/// What a module has in it that reads the environment, opens a database, or answers.
const WORDS: &[&str] = &[
    "env",
    "ettings",
    "decouple",
    "onfig",
    "CONFIG",
    "DATABASE",
    "database_url",
    "connect",
    "create_engine",
    "create_async_engine",
    "create_pool",
    "ConnectionPool",
    "from_conn_string",
    "Database",
    "MongoClient",
    "MotorClient",
    "sqlalchemy.url",
    "set_bind",
    "Engine(",
    "db_url",
    "urlpatterns",
    ".route(",
    ".get(\"/",
    ".get('/",
    "FastAPI",
    "Flask(",
    "Blueprint",
    "APIRouter",
    "include_router",
    "add_url_rule",
    "api_route",
    "Dsn",
    "DSN",
    "PostgresSaver",
];

/// Whether a module may read the environment, open a database, or answer.
pub(super) fn tells(text: &str) -> bool {
    WORDS.iter().any(|word| text.contains(word))
}

/// The import statements that stand right in a module, and as many line breaks before each that it keeps its line.
pub(super) fn imports_of(text: &str) -> String {
    let mut found = String::new();
    let mut lines = Lines {
        rest: text,
        line: 0,
    };
    let mut written = 0;
    while let Some((line, statement)) = lines.next_statement() {
        if ["import ", "from ", "import\t", "from\t"]
            .iter()
            .any(|word| statement.starts_with(word))
        {
            while written < line {
                found.push('\n');
                written += 1;
            }
            found.push_str(statement);
            written += statement.matches('\n').count();
        }
    }
    found
}

/// The logical lines of a source: those that end outside of texts and brackets.
struct Lines<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Lines<'a> {
    fn next_statement(&mut self) -> Option<(usize, &'a str)> {
        if self.rest.is_empty() {
            return None;
        }
        let length = statement_length(self.rest);
        let (statement, rest) = self.rest.split_at_checked(length)?;
        let line = self.line;
        self.line += statement.matches('\n').count();
        self.rest = rest;
        Some((line, statement))
    }
}

/// The bytes of the first logical line, with its line break.
fn statement_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'#' => {
                while bytes.get(at).is_some_and(|byte| *byte != b'\n') {
                    at += 1;
                }
                continue;
            }
            b'"' | b'\'' => {
                at = text_end(bytes, at, *byte);
                continue;
            }
            b'\\' => at += 1,
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b'\n' if depth == 0 => return at + 1,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

/// Where a text that begins here ends.
fn text_end(bytes: &[u8], start: usize, quote: u8) -> usize {
    let triple = bytes.get(start..start + 3) == Some(&[quote; 3]);
    let mut at = start + if triple { 3 } else { 1 };
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 1,
            b'\n' if !triple => return at,
            byte if *byte == quote && !triple => return at + 1,
            byte if *byte == quote && bytes.get(at..at + 3) == Some(&[quote; 3]) => return at + 3,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_imports_that_stand_in_a_module_are_kept_with_their_lines() {
        for (text, imports) in [
            (
                "import a\nx = 1\nfrom b import c\n",
                "import a\n\nfrom b import c\n",
            ),
            ("\"\"\"\nimport a\n\"\"\"\nimport b\n", "\n\n\nimport b\n"),
            ("def f():\n    import a\n", ""),
            (
                "x = (\nimport a\n)\nfrom b import (\n    c, # )\n    d,\n)\nimport e",
                "\n\n\nfrom b import (\n    c, # )\n    d,\n)\nimport e",
            ),
            ("x = 'it\\'s # ' # '\nimport a\n", "\nimport a\n"),
            (
                "x = '''a\\'''\nimport a\n'''\nimport b\n",
                "\n\n\nimport b\n",
            ),
            ("# import a\nimport\tb\nimportant = 1\n", "\nimport\tb\n"),
            ("x = \"\nimport a\n", "\nimport a\n"),
        ] {
            assert_eq!(imports_of(text), imports, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_fail(text in r#"([ -~\n'"\\#()\[\]é]|import a\n|"""){0,60}"#) {
            imports_of(&text);
        }
    }
}
