//! Sixteen colors of the terminal's own, by what they mean; and the glyphs.

use ratatui::{
    buffer::Buffer,
    style::{Color, Modifier, Style},
};

use crate::{
    core::{code::Severity, facts::CheckState, plan::Status},
    domain::ascii,
};

/// What a piece of text means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Text,
    /// Less important text.
    Dim,
    /// A heading.
    Heading,
    /// What is chosen, or can be pressed.
    Accent,
    /// In order.
    Ok,
    /// Should be fixed.
    Warn,
    /// Stops.
    Bad,
    /// An added line.
    Added,
    /// A removed line.
    Removed,
    /// A keyword of SQL.
    Keyword,
    /// A literal of SQL.
    Literal,
    /// Lines and frames.
    Rule,
}

/// How things look: on the terminal's own background, and never by color alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Theme {
    /// Whether no colors are used.
    pub no_color: bool,
    /// Whether all glyphs are ASCII.
    pub ascii: bool,
    /// Whether the terminal's background is light.
    pub light: bool,
}

impl Theme {
    /// The style of a role.
    pub(crate) const fn style(self, role: Role) -> Style {
        let plain = Style::new();
        if self.no_color {
            return match role {
                Role::Text | Role::Ok | Role::Added | Role::Literal | Role::Removed => plain,
                Role::Dim | Role::Rule => plain.add_modifier(Modifier::DIM),
                Role::Heading | Role::Accent | Role::Warn | Role::Bad | Role::Keyword => {
                    plain.add_modifier(Modifier::BOLD)
                }
            };
        }
        if self.light {
            // no green, yellow or gray of the usual sixteen can be read on white (a test measures it)
            return match role {
                Role::Text | Role::Dim => plain,
                Role::Rule => plain.fg(Color::DarkGray),
                Role::Heading => plain.add_modifier(Modifier::BOLD),
                Role::Accent => plain.fg(Color::Blue).add_modifier(Modifier::BOLD),
                Role::Ok | Role::Added | Role::Literal | Role::Keyword => plain.fg(Color::Blue),
                Role::Warn => plain.fg(Color::Magenta),
                Role::Bad | Role::Removed => plain.fg(Color::Red),
            };
        }
        // VGA's dark red, brown and dark gray cannot be read on black; the bright ones can
        match role {
            Role::Text => plain,
            Role::Dim => plain.fg(Color::Gray),
            Role::Rule => plain.fg(Color::DarkGray),
            Role::Heading => plain.add_modifier(Modifier::BOLD),
            Role::Accent => plain.fg(Color::Cyan).add_modifier(Modifier::BOLD),
            Role::Ok | Role::Added | Role::Literal => plain.fg(Color::Green),
            Role::Warn => plain.fg(Color::LightYellow),
            Role::Bad | Role::Removed => plain.fg(Color::LightRed),
            Role::Keyword => plain.fg(Color::Cyan),
        }
    }

    /// The glyph, the role and the word of a status.
    pub(crate) const fn status(status: Status) -> (&'static str, Role, &'static str) {
        match status {
            Status::Unknown => ("·", Role::Dim, ""),
            Status::Running => ("⋯", Role::Accent, "run"),
            Status::Done => ("✓", Role::Ok, "done"),
            Status::Todo => ("○", Role::Warn, "todo"),
            Status::Failed => ("✗", Role::Bad, "failed"),
            Status::Skipped => ("–", Role::Dim, "skipped"),
        }
    }

    /// The same of a step with so many warnings, where it is done.
    pub(crate) const fn standing(
        status: Status,
        warnings: usize,
    ) -> (&'static str, Role, &'static str) {
        if matches!(status, Status::Done) && warnings > 0 {
            return ("!", Role::Warn, "done");
        }
        Self::status(status)
    }

    /// The glyph and the role of a check.
    pub(crate) const fn check(state: CheckState) -> (&'static str, Role) {
        match state {
            CheckState::Waiting => ("·", Role::Dim),
            CheckState::Running => ("⋯", Role::Accent),
            CheckState::Ok => ("✓", Role::Ok),
            CheckState::Warning => ("!", Role::Warn),
            CheckState::Gap => ("✗", Role::Bad),
            CheckState::Skipped => ("–", Role::Dim),
        }
    }

    /// The glyph and the role of a finding.
    pub(crate) const fn severity(severity: Severity) -> (&'static str, Role) {
        match severity {
            Severity::Note => ("i", Role::Dim),
            Severity::Warning => ("!", Role::Warn),
            Severity::Gap => ("✗", Role::Bad),
        }
    }

    /// Replaces the glyphs of a drawn screen by ASCII ones, where that was asked for.
    pub(crate) fn finish(self, buffer: &mut Buffer) {
        if !self.ascii {
            return;
        }
        for cell in &mut buffer.content {
            let mut chars = cell.symbol().chars();
            if let (Some(char), None) = (chars.next(), chars.next())
                && !char.is_ascii()
                && let Some(plain) = ascii::stand_in(char)
            {
                cell.set_char(plain);
            }
        }
    }
}
