//! Writes values in the style that most of 22 measured readers read back, and tells which readers still don't.

/// The quotes around a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum QuoteStyle {
    Bare,
    /// In `'…'`, where nothing is special.
    Single,
    /// In `"…"`, where `\` escapes and most readers expand `$`.
    Double,
    /// In `` `…` ``, which half of the readers do not know.
    Backtick,
}

/// A value as it will be written.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Quoted {
    /// The text behind the `=`.
    pub text: String,
    pub style: QuoteStyle,
}

/// Writes a value in the best style; `None` where no style keeps it whole, or where a shell would run a part of it.
pub(crate) fn quote(value: &str) -> Option<Quoted> {
    styles(value).into_iter().next()
}

/// The styles to try, the most portable one first.
pub(super) fn candidates(value: &str) -> Vec<String> {
    styles(value)
        .into_iter()
        .map(|quoted| quoted.text)
        .collect()
}

fn styles(value: &str) -> Vec<Quoted> {
    let bare = || Quoted {
        text: value.to_owned(),
        style: QuoteStyle::Bare,
    };
    let single = || Quoted {
        text: format!("'{value}'"),
        style: QuoteStyle::Single,
    };
    let double = || Quoted {
        text: escape(value),
        style: QuoteStyle::Double,
    };
    if value.contains('\0') {
        return Vec::new();
    }
    let lines = value.contains(['\n', '\r']);
    let can_single = !value.contains('\'') && !value.ends_with('\\');
    // a shell, Ruby, dotenvx and dotenv-expand run these anywhere but in '…': a pasted secret must not become code
    if value.contains('`') || value.contains("$(") {
        return if can_single && !value.contains('\r') {
            vec![single()]
        } else {
            Vec::new()
        };
    }
    let needs_double = || vec![double()];
    if is_bare(value) {
        vec![bare(), single(), double()]
    } else if lines {
        let mut styles = needs_double();
        if can_single && !value.contains('\r') {
            styles.push(single());
        }
        styles
    } else if can_single {
        vec![single(), double()]
    } else if value.contains(['&', ';', '|', '<', '>', '(', ')'])
        || !value.contains(['"', '$', '\\'])
    {
        needs_double()
    } else {
        vec![bare(), double()]
    }
}

/// Whether every measured reader reads the value right without quotes.
fn is_bare(value: &str) -> bool {
    value.chars().all(|c| {
        c.is_ascii_alphanumeric()
            || matches!(
                c,
                '_' | '@' | '%' | '+' | '=' | ':' | ',' | '.' | '/' | '?' | '-'
            )
            || (!c.is_ascii() && c.is_alphabetic())
    })
}

/// Writes a value in `"…"`.
fn escape(value: &str) -> String {
    let mut text = String::with_capacity(value.len() + 2);
    text.push('"');
    for c in value.chars() {
        match c {
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '"' | '\\' | '$' | '`' => {
                text.push('\\');
                text.push(c);
            }
            _ => text.push(c),
        }
    }
    text.push('"');
    text
}

/// Reads what stands in `"…"`. An escape that most readers leave alone is left alone.
pub(super) fn unescape(inner: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(inner.len());
    let mut bytes = inner.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let escaped = match bytes.peek() {
            Some(b'n') => Some(b'\n'),
            Some(b'r') => Some(b'\r'),
            Some(mark @ (b'"' | b'\\' | b'$' | b'`')) => Some(*mark),
            Some(_) | None => None,
        };
        match escaped {
            Some(escaped) => {
                bytes.next();
                out.push(escaped);
            }
            None => out.push(byte),
        }
    }
    out
}

/// The measured readers that read another value. `docker run --env-file`, which keeps every quote, is left out: it would be named
/// for half of all values.
pub(super) fn breaks(style: QuoteStyle, value: &str) -> Vec<&'static str> {
    let mut names = match style {
        QuoteStyle::Bare => bare_breaks(value),
        QuoteStyle::Single => single_breaks(value),
        QuoteStyle::Double => double_breaks(value),
        QuoteStyle::Backtick => vec![
            "a shell",
            "python-dotenv",
            "django-environ",
            "python-decouple",
            "dotenvy",
            "uv",
            "docker compose",
            "godotenv",
            "Ruby dotenv",
        ],
    };
    if value.contains("${") && style != QuoteStyle::Backtick {
        names.push("python-dotenv");
    }
    if value.contains('\n') {
        names.extend([
            "django-environ",
            "python-decouple",
            "a shell",
            "direnv",
            "honcho",
        ]);
    }
    if value.contains('\r') {
        names.extend(["python-dotenv", "node --env-file", "a shell"]);
    }
    if style != QuoteStyle::Bare
        && value.len() > 1
        && value.starts_with('"')
        && value.ends_with('"')
    {
        names.push("django-environ");
    }
    let mut found = Vec::new();
    for name in names {
        if !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

fn bare_breaks(value: &str) -> Vec<&'static str> {
    let mut names = Vec::new();
    if value.contains('#') {
        names.extend([
            "dotenv (npm)",
            "node --env-file",
            "Next.js",
            "Bun",
            "Deno",
            "dotenvx",
            "Ruby dotenv",
            "direnv",
            "honcho",
        ]);
    }
    if expands(value) {
        names.extend([
            "a shell",
            "dotenv-expand",
            "Next.js",
            "Bun",
            "Deno",
            "dotenvx",
            "dotenvy",
            "uv",
            "docker compose",
            "godotenv",
            "direnv",
            "Ruby dotenv",
        ]);
    }
    if value.contains([' ', '\t']) {
        names.extend(["a shell", "dotenvy", "uv", "direnv", "honcho"]);
    }
    if value.contains(['"', '\'', '\\']) {
        names.extend(["a shell", "dotenvy", "uv", "honcho"]);
    }
    if value.contains(['&', ';', '|', '<', '>', '(', ')', '`']) || value.starts_with('~') {
        names.push("a shell");
    }
    names
}

fn single_breaks(value: &str) -> Vec<&'static str> {
    let mut names = Vec::new();
    if expands(value) {
        names.extend(["dotenv-expand", "Next.js", "Bun"]);
    }
    if value.contains("\\\\") || value.ends_with('\\') || value.contains("\\'") {
        names.extend([
            "python-dotenv",
            "docker compose",
            "node --env-file",
            "dotenvy",
        ]);
    }
    names
}

fn double_breaks(value: &str) -> Vec<&'static str> {
    let mut names = Vec::new();
    if expands(value) {
        names.extend([
            "dotenv-expand",
            "Next.js",
            "Bun",
            "Deno",
            "dotenvx",
            "direnv",
        ]);
    }
    if value.contains('`') || value.contains("$(") {
        names.extend(["a shell", "dotenvx", "Ruby dotenv", "dotenv-expand"]);
    }
    if value.contains(['"', '\\', '$']) {
        names.extend([
            "dotenv (npm)",
            "python-decouple",
            "Next.js",
            "node --env-file",
            "Bun",
            "Deno",
            "dotenvx",
        ]);
    }
    names
}

/// Whether some reader would expand a `$` in the value.
fn expands(value: &str) -> bool {
    let mut chars = value.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '$'
            && chars.peek().is_some_and(|next| {
                next.is_ascii_alphanumeric() || matches!(next, '_' | '{' | '$' | '(')
            })
        {
            return true;
        }
    }
    false
}
