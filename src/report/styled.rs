//! A line in parts, each with its color. What is a color and what is text stays apart until it is written, so that no text can
//! bring a color, or anything else that a terminal obeys.

/// A color of meaning, for lines; the text beside it says the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Good,
    Bad,
    Warn,
    /// What to type, or where.
    Hint,
    Dim,
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
}

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
