//! Reads what a Prisma schema says of its database.
//!
//! Only the first `datasource` block is read; Prisma allows no second one. Comments and texts are told apart from it:
//! <https://www.prisma.io/docs/orm/prisma-schema/overview/data-sources>.

/// The most bytes of a schema that are read. Schemas of some thousand models are below it.
pub(crate) const SCHEMA: usize = 4 * 1024 * 1024;

/// What a `datasource` block says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Datasource {
    /// As it is written: `postgresql`, `mysql`.
    pub provider: Option<String>,
    /// Where the application connects.
    pub url: Option<UrlSource>,
    /// Where migrations connect.
    pub direct_url: Option<UrlSource>,
    /// Where migrations are tried first.
    pub shadow_url: Option<UrlSource>,
}

/// Where a URL comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UrlSource {
    /// The variable; `None` where the URL itself is written there.
    pub key: Option<String>,
    /// The 1-based line.
    pub line: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// A name or a number.
    Word(String),
    /// What stands in quotes, escapes as written.
    Text(String),
    Sign(char),
}

/// Reads the datasource of a schema; `None` where it has none, such as one of several files of a schema.
pub(crate) fn read(text: &str) -> Option<Datasource> {
    if text.len() > SCHEMA {
        return None;
    }
    let tokens = tokens(text);
    let mut depth = 0_usize;
    let mut at = 0;
    loop {
        match tokens.get(at).map(|(token, _)| token)? {
            Token::Sign('{') => depth += 1,
            Token::Sign('}') => depth = depth.saturating_sub(1),
            Token::Word(word) if depth == 0 && word == "datasource" => {
                let named = matches!(tokens.get(at + 1)?.0, Token::Word(_));
                if named && tokens.get(at + 2)?.0 == Token::Sign('{') {
                    return Some(block(tokens.get(at + 3..).unwrap_or_default()));
                }
            }
            Token::Word(_) | Token::Text(_) | Token::Sign(_) => {}
        }
        at += 1;
    }
}

/// Reads the settings of a block, up to its end.
fn block(tokens: &[(Token, u32)]) -> Datasource {
    let mut found = Datasource::default();
    let mut depth = 0_usize;
    let mut rest = tokens;
    while let [(token, _), after @ ..] = rest {
        match token {
            Token::Sign('}') if depth == 0 => break,
            Token::Sign('{' | '[' | '(') => depth += 1,
            Token::Sign('}' | ']' | ')') => depth = depth.saturating_sub(1),
            Token::Word(name) if depth == 0 => {
                if let [(Token::Sign('='), _), value @ ..] = after {
                    set(&mut found, name, value);
                }
            }
            Token::Word(_) | Token::Text(_) | Token::Sign(_) => {}
        }
        rest = after;
    }
    found
}

fn set(found: &mut Datasource, name: &str, value: &[(Token, u32)]) {
    let place = match name {
        "provider" => {
            // older schemas allowed a list
            let text = match value {
                [(Token::Text(text), _), ..]
                | [(Token::Sign('['), _), (Token::Text(text), _), ..] => Some(text.clone()),
                _ => None,
            };
            found.provider = found.provider.take().or(text);
            return;
        }
        "url" => &mut found.url,
        "directUrl" => &mut found.direct_url,
        "shadowDatabaseUrl" => &mut found.shadow_url,
        _ => return,
    };
    let source = match value {
        [
            (Token::Word(function), line),
            (Token::Sign('('), _),
            (Token::Text(key), _),
            ..,
        ] if function == "env" => Some((Some(key.clone()), *line)),
        [(Token::Text(_), line), ..] => Some((None, *line)),
        _ => None,
    };
    if place.is_none() {
        *place = source.map(|(key, line)| UrlSource { key, line });
    }
}

fn tokens(text: &str) -> Vec<(Token, u32)> {
    let mut tokens = Vec::new();
    let mut line = 1_u32;
    let mut chars = text.trim_start_matches('\u{feff}').chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\n' => line = line.saturating_add(1),
            '/' if chars.peek() == Some(&'/') => while chars.next_if(|c| *c != '\n').is_some() {},
            '/' if chars.peek() == Some(&'*') => {
                let mut last = ' ';
                chars.next();
                for c in chars.by_ref() {
                    line = line.saturating_add(u32::from(c == '\n'));
                    if last == '*' && c == '/' {
                        break;
                    }
                    last = c;
                }
            }
            '"' => {
                let mut value = String::new();
                // a text ends with its line at the latest
                while let Some(c) = chars.next_if(|c| *c != '\n') {
                    match c {
                        '"' => break,
                        '\\' => {
                            value.push(c);
                            value.extend(chars.next_if(|c| *c != '\n'));
                        }
                        _ => value.push(c),
                    }
                }
                tokens.push((Token::Text(value), line));
            }
            c if c.is_alphanumeric() || c == '_' => {
                let mut word = String::from(c);
                while let Some(c) = chars.next_if(|c| c.is_alphanumeric() || "_-".contains(*c)) {
                    word.push(c);
                }
                tokens.push((Token::Word(word), line));
            }
            c if c.is_whitespace() => {}
            c => tokens.push((Token::Sign(c), line)),
        }
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(key: &str, line: u32) -> UrlSource {
        UrlSource {
            key: Some(key.to_owned()),
            line,
        }
    }

    #[test]
    fn the_datasource_is_read_with_its_lines() {
        let schema = "\u{feff}// datasource a { url = env(\"COMMENT\") }\n\
            generator client {\n  provider = \"prisma-client-js\"\n}\n\n\
            datasource db {\n  provider  = \"postgresql\" // not \"mysql\"\n  /* url = env(\"OLD\")\n  */\n  \
            url       = env( \"POSTGRES_PRISMA_URL\" )\n  directUrl = env(\"POSTGRES_URL_NON_POOLING\")\n  \
            shadowDatabaseUrl = \"postgres://a\\\"b\"\n  extensions = [pgcrypto(schema: \"url\")]\n}\n\
            model User {\n  url String @default(\"}\")\n}\n";
        assert_eq!(
            read(schema),
            Some(Datasource {
                provider: Some("postgresql".to_owned()),
                url: Some(key("POSTGRES_PRISMA_URL", 10)),
                direct_url: Some(key("POSTGRES_URL_NON_POOLING", 11)),
                shadow_url: Some(UrlSource {
                    key: None,
                    line: 12
                }),
            })
        );
    }

    #[test]
    fn what_says_nothing_of_a_database_has_none() {
        let none = [
            "",
            "model A { datasource String }",
            "// datasource db { url = env(\"A\") }",
            "datasource",
            "datasource db",
            "datasource db = {",
            "\"datasource db { url = env(\\\"A\\\") }\"",
        ];
        for text in none {
            assert_eq!(read(text), None, "{text}");
        }
        // since Prisma 7 the URL is in prisma.config.ts
        let bare = read("datasource db { provider = [\"sqlite\", \"mysql\"] }").expect("one");
        assert_eq!(bare.provider.as_deref(), Some("sqlite"));
        assert_eq!(bare.url, None);
        // unended, and computed
        let broken =
            read("datasource db { provider = env(\"P\")\n url = env(\n\"A\n").expect("one");
        assert_eq!((broken.provider, broken.url), (None, Some(key("A", 2))));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text in ".*", inside in "[\"(){}=/*a\\\\\n]{0,60}") {
            drop(read(&text));
            drop(read(&format!("datasource db {{ url = {inside}")));
        }
    }
}
