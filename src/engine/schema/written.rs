//! The text that an expression of a configuration stands for, where it is put together of what stands in the same file.

/// How deep expressions may lie in each other.
const DEEP: usize = 8;

/// What stands for the folder of the configuration, which is the one where the tool runs, or is joined to it.
const HERE: &[&str] = &[
    "__dirname",
    "import.meta.dirname",
    "import.meta.url",
    "process.cwd()",
];

/// Calls that join paths.
const JOINS: &[&str] = &["path.join(", "path.resolve(", "join(", "resolve("];

/// The text of the expression at the beginning of `expression`, and what follows it; `whole` is the file, whose constants it may name.
pub(super) fn text<'t>(expression: &'t str, whole: &str) -> Option<(String, &'t str)> {
    sum(expression, whole, DEEP)
}

/// Terms with a `+` between them.
fn sum<'t>(expression: &'t str, whole: &str, depth: usize) -> Option<(String, &'t str)> {
    let (mut value, mut rest) = term(expression.trim_start(), whole, depth.checked_sub(1)?)?;
    while let Some(more) = rest.trim_start().strip_prefix('+') {
        let (next, after) = term(more.trim_start(), whole, depth.checked_sub(1)?)?;
        value.push_str(&next);
        rest = after;
    }
    for cast in ["as const", "as string", "satisfies string"] {
        rest = rest.trim_start().strip_prefix(cast).unwrap_or(rest);
    }
    Some((value, rest))
}

fn term<'t>(expression: &'t str, whole: &str, depth: usize) -> Option<(String, &'t str)> {
    let depth = depth.checked_sub(1)?;
    if let Some(quote) = expression
        .chars()
        .next()
        .filter(|char| "'\"`".contains(*char))
    {
        let (written, rest) = expression.get(1..)?.split_once(quote)?;
        let value = if quote == '`' {
            filled(written, whole, depth)?
        } else {
            written.to_owned()
        };
        return Some((value, rest));
    }
    if let Some(here) = HERE.iter().find(|here| expression.starts_with(**here)) {
        return Some((".".to_owned(), expression.get(here.len()..)?));
    }
    if let Some(call) = JOINS.iter().find(|call| expression.starts_with(**call)) {
        let mut rest = expression.get(call.len()..)?.trim_start();
        let mut parts = Vec::new();
        while !rest.starts_with(')') {
            let (part, after) = sum(rest, whole, depth)?;
            parts.push(part);
            rest = after.trim_start();
            rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
        }
        return Some((joined(&parts), rest.get(1..)?));
    }
    let word = |char: char| char.is_alphanumeric() || matches!(char, '_' | '$');
    let end = expression
        .find(|char| !word(char))
        .unwrap_or(expression.len());
    let (name, rest) = expression.split_at_checked(end)?;
    // a member, or a call, isn't a constant
    if name.is_empty() || rest.starts_with(['.', '(', '[']) {
        return None;
    }
    let value = constant(name, whole)?;
    Some((sum(value, whole, depth)?.0, rest))
}

/// What a constant of the file is made of.
fn constant<'t>(name: &str, whole: &'t str) -> Option<&'t str> {
    ["const ", "let ", "var "].iter().find_map(|keyword| {
        let after = whole
            .split_once(&format!("{keyword}{name}"))?
            .1
            .trim_start();
        let after = match after.strip_prefix(':') {
            Some(typed) => typed.split_once('=')?.1,
            None => after.strip_prefix('=')?,
        };
        Some(after.trim_start())
    })
}

/// A template with its values.
fn filled(template: &str, whole: &str, depth: usize) -> Option<String> {
    let mut value = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("${") {
        let (inner, after) = after.split_once('}')?;
        let (text, left) = sum(inner, whole, depth)?;
        if !left.trim().is_empty() {
            return None;
        }
        value.push_str(before);
        value.push_str(&text);
        rest = after;
    }
    value.push_str(rest);
    Some(value)
}

/// Paths as one, without what leads nowhere.
fn joined(parts: &[String]) -> String {
    let mut found: Vec<&str> = Vec::new();
    for part in parts.iter().flat_map(|part| part.split('/')) {
        match part {
            "" | "." => {}
            ".." if found.last().is_some_and(|last| *last != "..") => {
                found.pop();
            }
            _ => found.push(part),
        }
    }
    found.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_together_in_the_file_is_read_and_nothing_else() {
        let whole = "const root = './src';\nconst OUT: string = `${root}/db/migrations`;\nexport default {}";
        for (expression, value) in [
            ("'./drizzle',", Some("./drizzle")),
            (
                "path.join(__dirname, 'db', './migrations'),",
                Some("db/migrations"),
            ),
            ("join(process.cwd(), \"drizzle\") }", Some("drizzle")),
            ("`${root}/drizzle`\n", Some("./src/drizzle")),
            ("OUT,", Some("./src/db/migrations")),
            ("root + '/a' as const,", Some("./src/a")),
            (
                "path.resolve(import.meta.dirname, '../db/out')",
                Some("../db/out"),
            ),
            ("process.env.OUT", None),
            ("`${process.env.OUT}/x`", None),
            ("settings.out", None),
            ("unknown", None),
            ("path.join(base(), 'x')", None),
        ] {
            let found = text(expression, whole).map(|(value, _)| value);
            assert_eq!(found.as_deref(), value, "{expression}");
        }
    }
}
