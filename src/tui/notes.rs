//! The presenter's own window: what to say now, what comes next, and the time.

use std::time::{Duration, SystemTime};

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};

use crate::{
    core::presenter::{notes, notes::Scene, script},
    ports::presentation::Presentation,
    tui::{
        text,
        theme::{Role, Theme},
        widgets::lines,
    },
};

/// Longer lines are hard to read at a glance.
const WIDEST: usize = 76;

/// Draws what is known of the presentation.
pub(crate) fn draw(
    theme: Theme,
    presentation: Option<&Presentation>,
    area: Rect,
    buffer: &mut Buffer,
) {
    let width = WIDEST.min(usize::from(area.width).saturating_sub(2));
    let inner = Rect {
        x: area.x + area.width.min(1),
        width: area.width.saturating_sub(1),
        ..area
    };
    lines::draw(&page(theme, presentation, width), inner, buffer, 0);
    theme.finish(buffer);
}

/// The same as text, a line each, for a terminal without a screen.
pub(crate) fn plain(presentation: Option<&Presentation>) -> Vec<String> {
    let theme = Theme {
        no_color: true,
        ascii: false,
        light: false,
    };
    page(theme, presentation, WIDEST)
        .iter()
        .map(|line| line.to_string().trim_end().to_owned())
        .collect()
}

fn page(theme: Theme, presentation: Option<&Presentation>, width: usize) -> Vec<Line<'static>> {
    let line = |role, text: String| Line::from(Span::styled(text, theme.style(role)));
    let wrapped = |role, text: &str| -> Vec<Line<'static>> {
        let lines = text::wrap(text, width);
        lines.into_iter().map(|text| line(role, text)).collect()
    };
    let Some(presentation) = presentation else {
        let mut lines = vec![
            line(Role::Heading, "Presenter's notes".to_owned()),
            Line::default(),
        ];
        lines.extend(wrapped(
            Role::Text,
            "No presentation is running. Start one in another terminal: neonup demo --present",
        ));
        return lines;
    };
    let since = |then: SystemTime| clock(presentation.now.duration_since(then).unwrap_or_default());
    let presented = presentation.presented;
    let mut lines = vec![
        line(
            Role::Dim,
            format!(
                "{} since the start, {} here",
                since(presentation.began),
                since(presentation.since)
            ),
        ),
        Line::default(),
        line(Role::Accent, title(presented.place).to_owned()),
    ];
    lines.extend(wrapped(Role::Dim, presented.moment.about()));
    for note in notes::of(presented.place) {
        lines.push(Line::default());
        let sign = if theme.ascii { "> " } else { "› " };
        let texts = text::wrap(note, width.saturating_sub(2));
        lines.extend(texts.into_iter().enumerate().map(|(at, text)| {
            Line::from(vec![
                Span::styled(if at == 0 { sign } else { "  " }, theme.style(Role::Accent)),
                Span::styled(text, theme.style(Role::Text)),
            ])
        }));
    }
    lines.push(Line::default());
    lines.push(line(
        Role::Heading,
        match presented.place.next() {
            Some(next) => format!("Next: {}", title(next)),
            None => "This is the end.".to_owned(),
        },
    ));
    lines
}

const fn title(place: Scene) -> &'static str {
    match place {
        Scene::Opening => script::OPENING.caption,
        Scene::Step(step) => step.title(),
        Scene::Summary => script::CLOSING.caption,
    }
}

/// Minutes and seconds, such as `4:05`.
fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::{
        presenter::notes::{Presented, SceneState},
        step::StepId,
    };

    fn presentation() -> Presentation {
        Presentation {
            presented: Presented {
                place: Scene::Step(StepId::Env),
                moment: SceneState::BeforeApply,
            },
            began: SystemTime::UNIX_EPOCH,
            since: SystemTime::UNIX_EPOCH + Duration::from_secs(200),
            now: SystemTime::UNIX_EPOCH + Duration::from_secs(245),
        }
    }

    #[test]
    fn the_page_says_what_to_say_and_how_long_it_took() {
        let lines = plain(Some(&presentation()));
        assert_eq!(lines[0], "4:05 since the start, 0:45 here");
        assert_eq!(lines[2], "Environment");
        assert_eq!(lines[3], SceneState::BeforeApply.about());
        assert!(lines.iter().any(|line| line.starts_with("› Let them find")));
        assert_eq!(lines.last().unwrap(), "Next: Backend");
        assert!(plain(None).join(" ").contains("neonup demo --present"));
    }

    #[test]
    fn it_is_drawn_in_a_window_of_any_size() {
        for (width, height) in [(0, 0), (1, 1), (20, 5), (60, 18), (200, 60)] {
            let area = Rect::new(0, 0, width, height);
            let mut buffer = Buffer::empty(area);
            for ascii in [false, true] {
                let theme = Theme {
                    no_color: false,
                    ascii,
                    light: true,
                };
                let presentation = presentation();
                draw(theme, Some(&presentation), area, &mut buffer);
            }
        }
    }
}
