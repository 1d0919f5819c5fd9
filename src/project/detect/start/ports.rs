//! The port that an application listens on, as its code or its commands say.

use std::sync::LazyLock;

use regex::Regex;

use crate::{
    domain::{
        dotenv::Document,
        source::{Reader, join},
    },
    project::detect::start::declared::pattern,
};

/// A port in a command: `--port 8000`, `-p 3000`, `PORT=3000`, `0.0.0.0:8000`.
static IN_COMMAND: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?:--port[= ]|-p[= ]?|\bPORT=|(?:0\.0\.0\.0|127\.0\.0\.1|localhost|\[::\])?:)(\d{2,5})(?:\s|$|'|\x22)",
    )
});

/// A variable that holds the port, with what is taken where it is unset: `process.env.PORT || 3000`, `Number(process.env.API_PORT ?? "4000")`,
/// `os.Getenv("PORT")`, Nest's `config.get<number>('PORT', 4000)`.
static VARIABLE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?:env\.|env\[["']|(?:Getenv|getenv|get(?:<\w+>)?|var)\(\s*["'])([A-Z_]*PORT)["'\])]*\s*(?:,\s*10\s*\))?\s*(?:(?:\|\||\?\?|,)\s*["']?(\d{2,5}))?"#,
    )
});

/// A port as a number in the code: `.listen(3000`, `port: 3000`, `const port = 3000`, `":8080"`, `([0, 0, 0, 0], 3000)`.
static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"\.listen\(\s*(\d{2,5})|(?i:\bport)\s*(?::[ \w]*=|[:=]|:=)\s*["']?(\d{2,5})\b|["'](?:0\.0\.0\.0|127\.0\.0\.1|localhost)?:(\d{2,5})["']|\]\s*,\s*(\d{2,5})\s*\)"#,
    )
});

/// Env files that say which port is used, where the code reads it from a variable.
const EXAMPLES: &[&str] = &[
    ".env.example",
    ".env.sample",
    ".env.template",
    ".env.dist",
    "env.example",
    ".env.development",
];

/// The port that a command names.
pub(super) fn of_command(text: &str) -> Option<u16> {
    let found = IN_COMMAND.captures(text)?;
    found.get(1)?.as_str().parse().ok()
}

/// The port that a file's code names, or the example's value of the variable that it reads it from.
pub(super) fn of_code(text: &str, read: Reader<'_>, dir: &str) -> Option<u16> {
    if let Some(found) = VARIABLE.captures(text) {
        let key = found.get(1)?.as_str();
        let example = of_example(read, dir, key);
        let default = || found.get(2)?.as_str().parse().ok();
        if let Some(port) = example.or_else(default) {
            return Some(port);
        }
    }
    let found = NUMBER.captures(text)?;
    (1..5)
        .find_map(|group| found.get(group))?
        .as_str()
        .parse()
        .ok()
}

/// The value of a variable in the example of an env file.
fn of_example(read: Reader<'_>, dir: &str, key: &str) -> Option<u16> {
    let folders: &[&str] = if dir.is_empty() { &[""] } else { &[dir, ""] };
    folders.iter().find_map(|folder| {
        EXAMPLES.iter().find_map(|name| {
            let text = read(&join(folder, name))?;
            let document = Document::parse(text.as_bytes());
            let entry = document.entries().find(|entry| entry.key == key)?;
            entry.value.expose().parse().ok()
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_a_variable_may_hold_is_the_one_that_is_taken_without() {
        let nothing: Reader<'_> = &|_| None;
        for (code, port) in [
            (
                "const port = configService.get<number>('PORT', 4000);",
                4000,
            ),
            ("await app.listen(config.get('PORT', 4001));", 4001),
            ("app.listen(process.env.PORT || 4002);", 4002),
            ("app.run(port=int(os.getenv(\"PORT\", 4003)))", 4003),
        ] {
            assert_eq!(of_code(code, nothing, ""), Some(port), "{code}");
        }
    }
}
