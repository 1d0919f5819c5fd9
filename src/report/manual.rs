//! What `SETUP.md` says about a finding's code.

use crate::core::code::Code;

/// The manual itself.
const MANUAL: &str = include_str!("../../SETUP.md");

/// The paragraphs about a code, each as one line.
pub(crate) fn paragraphs(code: Code) -> Vec<String> {
    let heading = format!("### {code}");
    let section = MANUAL
        .lines()
        .skip_while(|line| *line != heading)
        .skip(1)
        .take_while(|line| !line.starts_with('#'));
    let mut paragraphs = vec![String::new()];
    for line in section {
        let Some(last) = paragraphs.last_mut().filter(|_| !line.trim().is_empty()) else {
            paragraphs.push(String::new());
            continue;
        };
        if !last.is_empty() {
            last.push(' ');
        }
        last.push_str(line.trim());
    }
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    paragraphs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_its_own_text() {
        let mut texts: Vec<_> = Code::ALL.iter().map(|code| paragraphs(*code)).collect();
        for (code, text) in Code::ALL.iter().zip(&texts) {
            assert!(!text.is_empty(), "{code}");
            let joined = text.join("\n");
            assert!(
                !joined.contains("###") && !joined.contains("\n\n"),
                "{code}"
            );
        }
        texts.sort();
        texts.dedup();
        assert_eq!(texts.len(), Code::ALL.len());
    }
}
