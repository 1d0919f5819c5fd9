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

/// The columns of a title whose dots are so many columns wide.
pub(crate) fn width(title: &str, scale: usize) -> usize {
    (title.chars().count() * 6).saturating_sub(1) * scale
}

/// How many lines a title takes. A dot of one column is half a line high, which is square; ASCII has no half lines.
pub(crate) const fn height(theme: Theme, scale: usize) -> usize {
    if theme.ascii {
        7
    } else {
        (7 * scale).div_ceil(2)
    }
}

/// The lines of a title; `None` where one of its letters has no dots.
pub(crate) fn lines(title: &str, theme: Theme, scale: usize) -> Option<Vec<String>> {
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
    let dots = |row: usize| -> Vec<bool> {
        let mut dots = Vec::new();
        for rows in &letters {
            if !dots.is_empty() {
                dots.push(false);
            }
            let row = rows.get(row).copied().unwrap_or_default();
            dots.extend((0..5).map(|column| row & (16 >> column) != 0));
        }
        dots
    };
    let drawn = (0..height(theme, scale)).map(|at| {
        let (upper, lower) = if theme.ascii {
            (dots(at), dots(at))
        } else {
            (dots(2 * at / scale), dots((2 * at + 1) / scale))
        };
        let chars = upper.into_iter().zip(lower).map(|dot| match dot {
            (true, true) if theme.ascii => '#',
            (true, true) => '█',
            (true, false) => '▀',
            (false, true) => '▄',
            (false, false) => ' ',
        });
        chars
            .flat_map(|char| std::iter::repeat_n(char, scale))
            .collect()
    });
    Some(drawn.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::{
        presenter::{Incident, script},
        step::StepId,
    };

    #[test]
    fn every_title_has_letters_and_fits_into_a_narrow_window() {
        let mut titles = vec![script::OPENING.title, script::CLOSING.title];
        titles.extend(StepId::ALL.map(|step| script::step(step).title));
        titles.extend(Incident::ALL.map(|incident| script::incident(incident).title));
        for title in titles {
            for ascii in [false, true] {
                let theme = Theme {
                    ascii,
                    ..Theme::default()
                };
                for scale in 1..=3 {
                    let lines = lines(title, theme, scale).unwrap();
                    assert_eq!(lines.len(), height(theme, scale));
                    for line in lines {
                        assert_eq!(line.chars().count(), width(title, scale), "{title}");
                    }
                }
            }
            assert!(width(title, 1) <= 48, "{title}");
        }
    }

    #[test]
    fn a_letter_is_drawn_as_it_is_known() {
        let drawn = lines("L", Theme::default(), 1).unwrap();
        assert_eq!(drawn, ["█    ", "█    ", "█    ", "▀▀▀▀▀"]);
        let drawn = lines("L", Theme::default(), 2).unwrap();
        assert_eq!(drawn[5..], ["██        ", "██████████"]);
        assert_eq!(lines("é", Theme::default(), 1), None);
    }
}
