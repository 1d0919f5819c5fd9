//! Large letters of blocks: five by seven dots, two rows of dots in each line.

use crate::tui::theme::Theme;

/// The letters of our titles, a row of five dots in each number, the leftmost in the highest bit.
const LETTERS: &[(char, [u8; 7])] = &[
    ('A', [14, 17, 17, 31, 17, 17, 17]),
    ('B', [30, 17, 17, 30, 17, 17, 30]),
    ('C', [14, 17, 16, 16, 16, 17, 14]),
    ('D', [30, 17, 17, 17, 17, 17, 30]),
    ('E', [31, 16, 16, 30, 16, 16, 31]),
    ('F', [31, 16, 16, 30, 16, 16, 16]),
    ('G', [14, 17, 16, 23, 17, 17, 14]),
    ('H', [17, 17, 17, 31, 17, 17, 17]),
    ('I', [14, 4, 4, 4, 4, 4, 14]),
    ('J', [7, 2, 2, 2, 2, 18, 12]),
    ('K', [17, 18, 20, 24, 20, 18, 17]),
    ('L', [16, 16, 16, 16, 16, 16, 31]),
    ('M', [17, 27, 21, 21, 17, 17, 17]),
    ('N', [17, 25, 25, 21, 19, 19, 17]),
    ('O', [14, 17, 17, 17, 17, 17, 14]),
    ('P', [30, 17, 17, 30, 16, 16, 16]),
    ('R', [30, 17, 17, 30, 20, 18, 17]),
    ('S', [15, 16, 16, 14, 1, 1, 30]),
    ('T', [31, 4, 4, 4, 4, 4, 4]),
    ('U', [17, 17, 17, 17, 17, 17, 14]),
    ('V', [17, 17, 17, 17, 17, 10, 4]),
    ('W', [17, 17, 17, 21, 21, 27, 17]),
    ('Y', [17, 17, 10, 4, 4, 4, 4]),
];

/// The columns of a title.
pub fn width(title: &str) -> usize {
    (title.chars().count() * 6).saturating_sub(1)
}

/// How many lines a title takes.
pub const fn height(theme: Theme) -> usize {
    if theme.ascii { 7 } else { 4 }
}

/// The lines of a title; `None` where one of its letters has no dots.
pub fn lines(title: &str, theme: Theme) -> Option<Vec<String>> {
    let letters: Option<Vec<[u8; 7]>> = title
        .chars()
        .map(|wanted| {
            LETTERS
                .iter()
                .find(|(letter, _)| *letter == wanted)
                .map(|(_, rows)| *rows)
        })
        .collect();
    let letters = letters?;
    let dot = |row: usize, rows: &[u8; 7], column: u8| {
        rows.get(row).is_some_and(|row| row & (16 >> column) != 0)
    };
    let line = |draw: &dyn Fn(&[u8; 7], u8) -> char| {
        let parts: Vec<String> = letters
            .iter()
            .map(|rows| (0..5).map(|column| draw(rows, column)).collect())
            .collect();
        parts.join(" ")
    };
    let drawn = (0..height(theme)).map(|at| {
        if theme.ascii {
            return line(&|rows, column| if dot(at, rows, column) { '#' } else { ' ' });
        }
        line(
            &|rows, column| match (dot(2 * at, rows, column), dot(2 * at + 1, rows, column)) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            },
        )
    });
    Some(drawn.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        plan::StepId,
        tour::{Mishap, talk},
    };

    #[test]
    fn every_title_has_its_letters_and_fits_into_a_narrow_window() {
        let mut titles = vec![talk::OPENING.title, talk::CLOSING.title];
        titles.extend(StepId::ALL.map(|step| talk::step(step).title));
        titles.extend(Mishap::ALL.map(|mishap| talk::mishap(mishap).title));
        for title in titles {
            for ascii in [false, true] {
                let theme = Theme {
                    ascii,
                    ..Theme::default()
                };
                let lines = lines(title, theme).unwrap();
                assert_eq!(lines.len(), height(theme));
                for line in lines {
                    assert_eq!(line.chars().count(), width(title), "{title}");
                }
            }
            assert!(width(title) <= 66, "{title}");
        }
    }

    #[test]
    fn a_letter_is_drawn_as_it_is_known() {
        let drawn = lines("L", Theme::default()).unwrap();
        assert_eq!(drawn, ["█    ", "█    ", "█    ", "▀▀▀▀▀"]);
        assert_eq!(lines("é", Theme::default()), None);
    }
}
