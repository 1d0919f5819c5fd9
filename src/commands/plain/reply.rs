//! What was typed at a list of choices.

use crate::core::step::StepId;

/// What was typed at a list of choices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineReply<'a> {
    /// Nothing.
    Default,
    /// The number of a row, from 1.
    Number(usize),
    Back,
    Quit,
    Probe,
    Skip,
    Details,
    Help,
    Incidents,
    Reset,
    /// `g 3`: straight to a step.
    GoTo(StepId),
    /// `/todo`: the projects that match.
    Filter(&'a str),
    /// `c`, or `c 2`: the command that does the same as a row, or as the default.
    Command(Option<usize>),
    Unknown,
}

impl<'a> LineReply<'a> {
    pub(super) fn parse(text: &'a str) -> Self {
        match text {
            "" => Self::Default,
            "b" => Self::Back,
            "q" => Self::Quit,
            "r" => Self::Probe,
            "s" => Self::Skip,
            "d" => Self::Details,
            "?" => Self::Help,
            "m" => Self::Incidents,
            // a word, since a capital letter cannot be heard; or the key of the screens
            "reset" | "R" => Self::Reset,
            "c" => Self::Command(None),
            _ => Self::parse_argument(text).unwrap_or(Self::Unknown),
        }
    }

    /// A number, or a letter and what belongs to it.
    fn parse_argument(text: &'a str) -> Option<Self> {
        if let Some(filter) = text.strip_prefix('/') {
            return Some(Self::Filter(filter.trim()));
        }
        if let Some(number) = text.strip_prefix('c') {
            return Some(Self::Command(Some(number.trim().parse().ok()?)));
        }
        if let Some(number) = text.strip_prefix('g') {
            let number: usize = number.trim().parse().ok()?;
            let step = StepId::ALL.get(number.checked_sub(1)?)?;
            return Some(Self::GoTo(*step));
        }
        text.parse().ok().map(Self::Number)
    }
}

/// Whether this is a yes to a question that asks for one.
pub(super) fn is_yes(text: &str) -> bool {
    matches!(text, "yes" | "y")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_may_have_an_argument() {
        for (text, reply) in [
            ("", LineReply::Default),
            ("2", LineReply::Number(2)),
            ("c", LineReply::Command(None)),
            ("c 2", LineReply::Command(Some(2))),
            ("g3", LineReply::GoTo(StepId::Env)),
            ("g 8", LineReply::Unknown),
            ("/ todo ", LineReply::Filter("todo")),
            ("/", LineReply::Filter("")),
            ("R", LineReply::Reset),
            ("copy", LineReply::Unknown),
            ("napi_0123456789", LineReply::Unknown),
        ] {
            assert_eq!(LineReply::parse(text), reply, "{text:?}");
        }
    }
}
