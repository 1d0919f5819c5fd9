//! Readability of both themes: WCAG 2.2's contrast ratio of every role, on the palettes that terminals come with.

use ratatui::style::Color;

use crate::tui::tests::pictures::{ROLES, draw};
use crate::{
    testing::screens::fixtures,
    tui::theme::{Role, Theme},
};

type Rgb = (u8, u8, u8);

/// A palette of sixteen colors, in the order of their SGR numbers.
struct Palette {
    name: &'static str,
    colors: [Rgb; 16],
}

/// The colors of the Linux console, xterm and the Tango terminals (GNOME's old default).
const PALETTES: [Palette; 3] = [
    Palette {
        name: "VGA",
        colors: [
            (0, 0, 0),
            (170, 0, 0),
            (0, 170, 0),
            (170, 85, 0),
            (0, 0, 170),
            (170, 0, 170),
            (0, 170, 170),
            (170, 170, 170),
            (85, 85, 85),
            (255, 85, 85),
            (85, 255, 85),
            (255, 255, 85),
            (85, 85, 255),
            (255, 85, 255),
            (85, 255, 255),
            (255, 255, 255),
        ],
    },
    Palette {
        name: "xterm",
        colors: [
            (0, 0, 0),
            (205, 0, 0),
            (0, 205, 0),
            (205, 205, 0),
            (0, 0, 238),
            (205, 0, 205),
            (0, 205, 205),
            (229, 229, 229),
            (127, 127, 127),
            (255, 0, 0),
            (0, 255, 0),
            (255, 255, 0),
            (92, 92, 255),
            (255, 0, 255),
            (0, 255, 255),
            (255, 255, 255),
        ],
    },
    Palette {
        name: "Tango",
        colors: [
            (0, 0, 0),
            (204, 0, 0),
            (78, 154, 6),
            (196, 160, 0),
            (52, 101, 164),
            (117, 80, 123),
            (6, 152, 154),
            (211, 215, 207),
            (85, 87, 83),
            (239, 41, 41),
            (138, 226, 52),
            (252, 233, 79),
            (114, 159, 207),
            (173, 127, 168),
            (52, 226, 226),
            (238, 238, 236),
        ],
    },
];

/// The number of one of the sixteen colors; `None` for the terminal's own foreground.
fn number(color: Color) -> Option<usize> {
    const ORDER: [Color; 16] = [
        Color::Black,
        Color::Red,
        Color::Green,
        Color::Yellow,
        Color::Blue,
        Color::Magenta,
        Color::Cyan,
        Color::Gray,
        Color::DarkGray,
        Color::LightRed,
        Color::LightGreen,
        Color::LightYellow,
        Color::LightBlue,
        Color::LightMagenta,
        Color::LightCyan,
        Color::White,
    ];
    if color == Color::Reset {
        return None;
    }
    let number = ORDER.iter().position(|known| *known == color);
    assert!(number.is_some(), "{color:?} is none of the sixteen");
    number
}

/// Relative luminance, as WCAG 2.2 defines it.
fn luminance((red, green, blue): Rgb) -> f64 {
    let part = |value: u8| {
        let value = f64::from(value) / 255.0;
        if value <= 0.04045 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    };
    0.0722f64.mul_add(
        part(blue),
        0.2126f64.mul_add(part(red), 0.7152 * part(green)),
    )
}

fn contrast(one: Rgb, other: Rgb) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn contrast_of_known_pairs_is_as_wcag_gives_it() {
    assert!((contrast((0, 0, 0), (255, 255, 255)) - 21.0).abs() < 0.001);
    // the standard's well-known border case
    assert!((contrast((0x76, 0x76, 0x76), (255, 255, 255)) - 4.54).abs() < 0.01);
}

#[test]
fn every_role_has_a_contrast_of_4_5_on_the_usual_palettes() {
    let mut low = Vec::new();
    for light in [false, true] {
        let theme = Theme {
            light,
            ..Theme::default()
        };
        let (behind, before) = if light {
            ((255, 255, 255), (0, 0, 0))
        } else {
            ((0, 0, 0), (170, 170, 170))
        };
        for palette in &PALETTES {
            for role in ROLES.into_iter().filter(|role| *role != Role::Rule) {
                let color = theme.style(role).fg.unwrap_or(Color::Reset);
                let shown = number(color).map_or(before, |number| palette.colors[number]);
                let ratio = contrast(shown, behind);
                if ratio < 4.5 {
                    low.push(format!(
                        "{role:?} is {ratio:.2} on {}, light {light}",
                        palette.name
                    ));
                }
            }
        }
    }
    assert!(low.is_empty(), "{low:#?}");
}

/// A style is a patch: over a rule it would keep the rule's color, which is meant for lines.
#[test]
fn only_rules_are_drawn_in_the_color_of_rules() {
    for light in [false, true] {
        for (name, mut app) in fixtures() {
            app.theme.light = light;
            let rule = app.theme.style(Role::Rule).fg.unwrap();
            for (columns, rows) in [(60, 18), (80, 24), (120, 40)] {
                let buffer = draw(&app, columns, rows);
                let wrong: String = buffer
                    .content
                    .iter()
                    .filter(|cell| cell.fg == rule)
                    .map(ratatui::buffer::Cell::symbol)
                    .filter(|symbol| !matches!(*symbol, "─" | "│" | "┬" | "┴" | " "))
                    .collect();
                assert!(wrong.is_empty(), "{name} at {columns} × {rows}: {wrong:?}");
            }
        }
    }
}
