//! Every screen in every state as text with its styles, and at unusual sizes.

use ratatui::{
    Terminal,
    backend::TestBackend,
    buffer::Buffer,
    style::{Color, Modifier},
};

use crate::{
    core::{choices::ChoiceRow, redact::identifiers},
    testing::screens::fixtures,
    tui::{
        choices,
        layout::SMALLEST,
        page::Page,
        screens,
        state::App,
        theme::{Role, Theme},
        view::{self, view},
    },
};

/// Draws an app at a size.
pub(super) fn draw(app: &App, columns: u16, rows: u16) -> Buffer {
    let mut app = app.clone();
    app.size = (columns, rows);
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    terminal.draw(|frame| view(&app, frame)).unwrap();
    terminal.backend().buffer().clone()
}

/// The text of a buffer, without trailing blanks.
pub(super) fn text(buffer: &Buffer) -> String {
    let rows = buffer.content.chunks(usize::from(buffer.area.width.max(1)));
    let lines: Vec<_> = rows
        .map(|row| {
            let mut line = String::new();
            let mut skip = 0;
            for cell in row {
                if skip > 0 {
                    skip -= 1;
                    continue;
                }
                line.push_str(cell.symbol());
                skip = crate::tui::text::width(cell.symbol()).saturating_sub(1);
            }
            line.trim_end().to_owned()
        })
        .collect();
    lines.join("\n")
}

/// The styles of a buffer: a letter for each cell, and what the letters mean. Ratatui's own `Display` leaves styles out, so
/// that a moved highlight would change no picture.
fn styles(buffer: &Buffer) -> String {
    let mut legend: Vec<(Color, Modifier)> = Vec::new();
    let mut lines = Vec::new();
    for row in buffer.content.chunks(usize::from(buffer.area.width)) {
        let line: String = row
            .iter()
            .map(|cell| {
                let style = (cell.fg, cell.modifier);
                if style == (Color::Reset, Modifier::empty()) {
                    return ' ';
                }
                let index = legend
                    .iter()
                    .position(|known| *known == style)
                    .unwrap_or_else(|| {
                        legend.push(style);
                        legend.len() - 1
                    });
                char::from(b'a' + u8::try_from(index).unwrap())
            })
            .collect();
        lines.push(line.trim_end().to_owned());
    }
    let names: Vec<_> = legend
        .iter()
        .enumerate()
        .map(|(index, (color, modifier))| {
            let letter = char::from(b'a' + u8::try_from(index).unwrap());
            format!("{letter} {color:?} {modifier:?}")
        })
        .collect();
    format!("{}\n{}", names.join("\n"), lines.join("\n"))
}

fn snapshot(name: &str, shown: &str) {
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true, snapshot_path => "../snapshots" }, {
        insta::assert_snapshot!(name, shown);
    });
}

#[test]
fn every_fixture_at_80x24_matches_its_picture() {
    for (name, app) in fixtures() {
        let buffer = draw(&app, 80, 24);
        snapshot(name, &format!("{}\n\n{}", text(&buffer), styles(&buffer)));
    }
}

/// The fixtures that are drawn at other sizes, too.
const CHOSEN: [&str; 21] = [
    "login-pasted",
    "login-browser",
    "login-browser-elsewhere",
    "login-browser-problem",
    "login-empty",
    "login-rejected",
    "project-join",
    "project-filter",
    "env-todo",
    "backend-todo",
    "schema-todo",
    "health-running",
    "health-untrusted",
    "secrets-leak",
    "summary-mixed",
    "help",
    "project-leave",
    "presenter-opening",
    "presenter-step",
    "presenter-apply",
    "presenter-incidents",
];

fn chosen() -> impl Iterator<Item = (&'static str, App)> {
    fixtures()
        .into_iter()
        .filter(|(name, _)| CHOSEN.contains(name))
}

#[test]
fn chosen_fixtures_at_60x18_match_their_pictures() {
    for (name, app) in chosen() {
        snapshot(&format!("{name}-60x18"), &text(&draw(&app, 60, 18)));
    }
}

#[test]
fn chosen_fixtures_at_120x40_match_their_pictures() {
    for (name, app) in chosen() {
        snapshot(&format!("{name}-120x40"), &text(&draw(&app, 120, 40)));
    }
}

pub(super) const ROLES: [Role; 12] = [
    Role::Text,
    Role::Dim,
    Role::Heading,
    Role::Accent,
    Role::Ok,
    Role::Warn,
    Role::Bad,
    Role::Added,
    Role::Removed,
    Role::Keyword,
    Role::Literal,
    Role::Rule,
];

/// How a theme shows a role.
fn look(theme: Theme, role: Role) -> (Color, Modifier) {
    let style = theme.style(role);
    (style.fg.unwrap_or_default(), style.add_modifier)
}

/// Proves that the colorless twin of a picture needs no picture of its own: it has the same text and no color, and where the
/// colored one has the style of a role, it has the colorless style of that role.
fn assert_colorless_twin(name: &str, app: &App, (columns, rows): (u16, u16)) {
    let colored = draw(app, columns, rows);
    let mut twin = app.clone();
    twin.theme.no_color = true;
    let colorless = draw(&twin, columns, rows);
    assert_eq!(text(&colorless), text(&colored), "{name}");
    let roles = ROLES.map(|role| (look(app.theme, role), look(twin.theme, role)));
    for (cell, twin) in colored.content.iter().zip(&colorless.content) {
        // the cursor in a field
        let reversed = Modifier::REVERSED;
        assert_eq!(
            cell.modifier.contains(reversed),
            twin.modifier.contains(reversed),
            "{name}: {cell:?}"
        );
        let pair = (
            (cell.fg, cell.modifier - reversed),
            (twin.fg, twin.modifier - reversed),
        );
        assert!(
            roles.contains(&pair),
            "{name}: {cell:?} without color {twin:?}"
        );
        assert_eq!(twin.bg, Color::Reset, "{name}: {twin:?}");
    }
}

#[test]
fn without_color_every_fixture_has_the_same_text_and_the_style_of_its_roles() {
    for (name, app) in fixtures() {
        assert_colorless_twin(name, &app, (80, 24));
    }
}

#[test]
fn without_color_roles_are_bold_dim_or_plain() {
    let theme = Theme {
        no_color: true,
        ..Theme::default()
    };
    for role in ROLES {
        let modifier = match role {
            Role::Text | Role::Ok | Role::Added | Role::Removed | Role::Literal => {
                Modifier::empty()
            }
            Role::Dim | Role::Rule => Modifier::DIM,
            Role::Heading | Role::Accent | Role::Warn | Role::Bad | Role::Keyword => Modifier::BOLD,
        };
        assert_eq!(look(theme, role), (Color::Reset, modifier), "{role:?}");
    }
}

#[test]
fn a_window_that_is_too_small_shows_the_size_it_needs() {
    let (name, app) = fixtures().swap_remove(0);
    let buffer = draw(&app, 40, 10);
    snapshot(
        "too-small",
        &format!("{}\n\n{}", text(&buffer), styles(&buffer)),
    );
    assert_colorless_twin(name, &app, (40, 10));
}

#[test]
fn ascii_mode_draws_no_other_glyph() {
    for (name, mut app) in fixtures() {
        app.theme = Theme {
            ascii: true,
            ..app.theme
        };
        let shown = text(&draw(&app, 80, 24));
        let odd: String = shown
            .chars()
            .filter(|char| !char.is_ascii() && !char.is_alphabetic())
            .collect();
        assert!(odd.is_empty(), "{name}: {odd:?} in\n{shown}");
    }
}

#[test]
fn no_cell_has_a_background_color() {
    for (name, app) in fixtures() {
        let buffer = draw(&app, 120, 40);
        assert!(
            buffer.content.iter().all(|cell| cell.bg == Color::Reset),
            "{name}"
        );
    }
}

/// Sizes that break things: nothing, one, around every limit of the layout, very wide, very tall.
fn sizes() -> Vec<(u16, u16)> {
    let columns = [
        0, 1, 2, 3, 19, 20, 21, 59, 60, 61, 75, 76, 77, 80, 109, 120, 133, 300,
    ];
    let rows = [0, 1, 2, 5, 17, 18, 19, 24, 29, 30, 40, 100];
    let mut sizes = Vec::new();
    for (at, column) in columns.into_iter().enumerate() {
        for (other, row) in rows.into_iter().enumerate() {
            // all near the limits, half of the rest
            let near = (18..=40).contains(&row) && (59..=120).contains(&column);
            if near || (at + other) % 2 == 0 {
                sizes.push((column, row));
            }
        }
    }
    sizes
}

#[test]
fn every_size_that_is_large_enough_shows_heading_answer_and_keys() {
    let fixtures = fixtures();
    for (columns, rows) in sizes() {
        for (name, app) in &fixtures {
            let mut app = app.clone();
            app.size = (columns, rows);
            let shown = text(&draw(&app, columns, rows));
            if columns < SMALLEST.0 || rows < SMALLEST.1 {
                continue;
            }
            let at = format!("{name} at {columns} × {rows}:\n{shown}");
            let (heading, sentence) = screens::title(&app);
            if app.overlay.is_none() {
                assert!(shown.contains(heading), "no heading: {at}");
                let first = sentence.split(' ').next().unwrap();
                assert!(shown.contains(first), "no sentence: {at}");
                let choices = choices::of_screen(&app);
                if let Some(row) = choices::chosen(&app, &choices) {
                    let label = match row {
                        ChoiceRow::Choice(choice) => &choice.label,
                        ChoiceRow::Project(project) => &project.name,
                    };
                    let label: String = label.chars().take(12).collect();
                    assert!(shown.contains(label.trim_end()), "no answer: {at}");
                }
            }
            let keys = shown.lines().last().unwrap();
            let items = view::footer_items(&app, &Page::new(&app, app.size));
            let (last, label) = items.last().unwrap();
            assert!(keys.contains(&format!("{last} {label}")), "no keys: {at}");
            let (first, label) = items.first().unwrap();
            assert!(
                keys.contains(&format!("{first} {label}")),
                "no first key: {at}"
            );
        }
    }
}

#[test]
fn a_pasted_key_is_never_drawn() {
    for (name, app) in fixtures() {
        for (columns, rows) in [(80, 24), (300, 100)] {
            let shown = text(&draw(&app, columns, rows));
            assert!(!shown.contains("canary"), "{name}");
        }
        assert!(!format!("{app:?}").contains("canary"), "{name}");
    }
}

#[test]
fn presenter_mode_draws_no_identifier() {
    for (name, mut app) in fixtures() {
        let words = identifiers(&app.plan);
        app.presenter = true;
        // the last ones stand for a user's name: in a role, in code, in SQL
        app.options.private = [
            "/tmp/neonup-demo",
            "neondb_owner",
            "create_engine",
            "gen_random_uuid",
        ]
        .map(str::to_owned)
        .to_vec();
        for (columns, rows) in [(60, 18), (80, 24), (300, 100)] {
            let shown = text(&draw(&app, columns, rows));
            for word in words.iter().chain(&app.options.private) {
                assert!(!shown.contains(word.as_str()), "{word} in {name}:\n{shown}");
            }
        }
    }
}

#[test]
fn fixtures_have_every_step_open_failed_and_done() {
    use crate::core::{plan::Status, step::StepId};
    let fixtures = fixtures();
    for step in StepId::ALL {
        for status in [Status::Todo, Status::Failed, Status::Done] {
            let shown = fixtures.iter().any(|(_, app)| {
                app.screen.step() == Some(step)
                    && app.overlay.is_none()
                    && app.status(step) == status
            });
            assert!(shown, "{step} {status:?}");
        }
    }
}
