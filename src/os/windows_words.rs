//! The words of a command as programs for Windows read them: a backslash is a part of a path, unless a quote follows.
//!
//! Nothing here asks the system, so that it is tested on every one.

/// Words as they can be pasted into cmd or PowerShell.
pub(super) fn typed(words: &[&str]) -> String {
    words.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &&str) -> String {
    let plain = |char: char| char.is_alphanumeric() || r"-_./\:=+~".contains(char);
    if !word.is_empty() && word.chars().all(plain) {
        return (*word).to_owned();
    }
    let mut text = String::from("\"");
    let mut backslashes = 0_usize;
    for char in word.chars() {
        if char == '"' {
            // those before it would be taken for its own
            text.extend(std::iter::repeat_n('\\', backslashes + 1));
        }
        backslashes = if char == '\\' { backslashes + 1 } else { 0 };
        text.push(char);
    }
    text.extend(std::iter::repeat_n('\\', backslashes));
    text.push('"');
    text
}

/// The words of a command as a person has written it; `None` where a quote isn't closed. Single quotes hold a word together, too, as in
/// PowerShell.
pub(super) fn words(command: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut open = None;
    let mut backslashes = 0_usize;
    for char in command.chars() {
        if char == '\\' {
            backslashes += 1;
            word.get_or_insert_default().push(char);
            continue;
        }
        let before = std::mem::take(&mut backslashes);
        if char == '"' && open != Some('\'') {
            let word = word.get_or_insert_default();
            // of those before a quote, two are one
            word.truncate(word.len() - before.div_ceil(2));
            if before % 2 == 1 {
                word.push(char);
            } else {
                open = if open.is_some() { None } else { Some(char) };
            }
        } else if char == '\'' && open != Some('"') {
            word.get_or_insert_default();
            open = if open.is_some() { None } else { Some(char) };
        } else if char.is_whitespace() && open.is_none() {
            words.extend(word.take());
        } else {
            word.get_or_insert_default().push(char);
        }
    }
    words.extend(word);
    open.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_keeps_its_backslashes_and_stays_one_word() {
        let all = [
            r"C:\a b\python",
            "-m",
            r".venv\Scripts\python",
            r"C:\a b\",
            "",
            "x\"y",
            r#"a\"b c\\"#,
            "1,2",
        ];
        let line = typed(&all);
        assert_eq!(
            line,
            r#""C:\a b\python" -m .venv\Scripts\python "C:\a b\\" "" "x\"y" "a\\\"b c\\\\" "1,2""#
        );
        assert_eq!(words(&line).unwrap(), all);
    }

    #[test]
    fn a_person_may_write_either_quote() {
        let read = |command| words(command).map(|words| words.join("|"));
        assert_eq!(
            read(r#" "C:\Program Files\Code\code.cmd"  --wait"#).as_deref(),
            Some(r"C:\Program Files\Code\code.cmd|--wait")
        );
        assert_eq!(
            read(r"'C:\Program Files\vim.exe' -f").as_deref(),
            Some(r"C:\Program Files\vim.exe|-f")
        );
        assert_eq!(
            read(r"C:\vim\vim.exe -f").as_deref(),
            Some(r"C:\vim\vim.exe|-f")
        );
        assert_eq!(read(r#"it's "x"#), None);
        assert_eq!(read("  ").as_deref(), Some(""));
    }
}
