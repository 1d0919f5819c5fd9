//! Lines of Python source.

/// The lines of a source without comments, with their 1-based numbers.
pub(super) fn code_lines(text: &str) -> impl Iterator<Item = (u32, &str)> {
    (1..).zip(text.lines().map(without_comment))
}

fn without_comment(line: &str) -> &str {
    let mut quote = None;
    for (at, c) in line.char_indices() {
        match (quote, c) {
            (None, '#') => return line.get(..at).unwrap_or(line).trim_end(),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    line.trim_end()
}

/// The number of the first line of code that holds one of these.
pub(super) fn first_line(text: &str, needles: &[&str]) -> Option<u32> {
    code_lines(text)
        .find(|(_, line)| needles.iter().any(|needle| line.contains(needle)))
        .map(|(number, _)| number)
}
