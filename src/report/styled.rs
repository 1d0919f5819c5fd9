//! A line in parts, each with its color. What is a color and what is text stays apart until it is written, so that no text can
//! bring a color, or anything else that a terminal obeys.

use unicode_width::UnicodeWidthStr as _;

/// A color of meaning, for lines; the text beside it says the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Good,
    Bad,
    Warn,
    /// What to type, or where.
    Hint,
    Dim,
    /// What to read first.
    Strong,
}

impl Tone {
    /// Its code of SGR, the sequence that sets colors.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Good => "32",
            Self::Bad => "31",
            Self::Warn => "33",
            Self::Hint => "36",
            Self::Dim => "2",
            Self::Strong => "1",
        }
    }
}

/// A line of text in parts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct StyledLine(Vec<(Option<Tone>, String)>);

impl StyledLine {
    /// An empty line.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a text.
    #[must_use]
    pub(crate) fn plain(mut self, text: impl Into<String>) -> Self {
        self.0.push((None, text.into()));
        self
    }

    /// Adds a text in a color.
    #[must_use]
    pub(crate) fn painted(mut self, tone: Tone, text: impl Into<String>) -> Self {
        self.0.push((Some(tone), text.into()));
        self
    }

    pub(super) fn parts(&self) -> &[(Option<Tone>, String)] {
        &self.0
    }

    /// The same with each text changed.
    pub(super) fn map(&self, change: impl Fn(&str) -> String) -> Self {
        let changed = |(tone, text): &(Option<Tone>, String)| (*tone, change(text));
        Self(self.0.iter().map(changed).collect())
    }

    /// Shows code by its color, in place of the backticks around it.
    pub(super) fn color_code(&self) -> Self {
        let mut colored = Self::new();
        for (tone, text) in &self.0 {
            if text.matches('`').count() % 2 == 1 {
                colored.0.push((*tone, text.clone()));
                continue;
            }
            for (at, part) in text.split('`').enumerate() {
                let tone = tone.or_else(|| (at % 2 == 1).then_some(Tone::Hint));
                if !part.is_empty() {
                    colored.0.push((tone, part.to_owned()));
                }
            }
        }
        colored
    }

    /// Breaks the line at spaces, so that it fits into `columns`. Lines after the first are indented. A word that is too long
    /// stays whole: it can be copied.
    pub(super) fn wrap(&self, columns: usize, indent: usize) -> Vec<Self> {
        let columns = columns.max(indent + MIN_COLUMNS);
        let mut lines = Vec::new();
        let mut line = Self::new();
        let mut used = 0;
        // a word may have several colors: it ends where a space is
        let mut word = Self::new();
        let mut gap = String::new();
        let mut end_word = |word: &mut Self, gap: &mut String| {
            let width: usize = word.0.iter().map(|(_, text)| text.width()).sum();
            if used + gap.width() + width > columns && used > indent {
                lines.push(std::mem::take(&mut line));
                line = Self::new().plain(" ".repeat(indent));
                used = indent;
                gap.clear();
            }
            used += gap.width() + width;
            if !gap.is_empty() {
                line.0.push((None, std::mem::take(gap)));
            }
            line.0.append(&mut word.0);
        };
        for (tone, text) in &self.0 {
            for (at, part) in text.split(' ').enumerate() {
                if at > 0 {
                    if !word.0.is_empty() {
                        end_word(&mut word, &mut gap);
                    }
                    gap.push(' ');
                }
                if !part.is_empty() {
                    word.0.push((*tone, part.to_owned()));
                }
            }
        }
        end_word(&mut word, &mut gap);
        lines.push(line);
        lines
    }
}

/// No line is broken to fewer columns than this.
const MIN_COLUMNS: usize = 20;

impl From<&str> for StyledLine {
    fn from(text: &str) -> Self {
        Self::new().plain(text)
    }
}

impl From<String> for StyledLine {
    fn from(text: String) -> Self {
        Self::new().plain(text)
    }
}

impl From<&String> for StyledLine {
    fn from(text: &String) -> Self {
        Self::new().plain(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(lines: &[StyledLine]) -> Vec<String> {
        let text = |line: &StyledLine| line.0.iter().map(|(_, text)| text.as_str()).collect();
        lines.iter().map(text).collect()
    }

    #[test]
    fn lines_break_at_spaces_and_keep_their_colors() {
        let line = StyledLine::new()
            .painted(Tone::Bad, "✗ env ")
            .plain(" DATABASE_URL has an old password, ")
            .painted(Tone::Dim, "changed")
            .plain(" in Neon");
        let lines = line.wrap(34, 7);
        assert_eq!(
            texts(&lines),
            [
                "✗ env  DATABASE_URL has an old",
                "       password, changed in Neon"
            ]
        );
        assert!(
            lines[1]
                .0
                .contains(&(Some(Tone::Dim), "changed".to_owned()))
        );
        assert_eq!(texts(&line.wrap(200, 7)).len(), 1);
    }

    #[test]
    fn a_long_word_stays_whole_and_a_narrow_window_is_not_a_word_a_line() {
        let line =
            StyledLine::from("  fix: see https://example.org/a/very/long/address/of/a/page now");
        assert_eq!(
            texts(&line.wrap(30, 7)),
            [
                "  fix: see",
                "       https://example.org/a/very/long/address/of/a/page",
                "       now"
            ]
        );
        assert_eq!(texts(&line.wrap(0, 7))[0], "  fix: see");
    }

    #[test]
    fn code_is_colored_in_place_of_its_backticks() {
        let line = StyledLine::from("run `neonup login`, then go on").color_code();
        assert_eq!(
            texts(std::slice::from_ref(&line)),
            ["run neonup login, then go on"]
        );
        assert!(
            line.0
                .contains(&(Some(Tone::Hint), "neonup login".to_owned()))
        );
        let odd = StyledLine::from("a ` alone");
        assert_eq!(odd.color_code(), odd);
    }
}
