//! ASCII in place of our own glyphs, for a locale or a font without them.

/// The stand-in of one of our glyphs, which is one column wide, too; letters of other scripts have none.
pub(crate) const fn stand_in(glyph: char) -> Option<char> {
    Some(match glyph {
        '─' | '–' | '—' | '▂' | '▃' | '▎' | '▍' | '▌' | '⠹' | '⠧' => '-',
        '│' | '▏' | '⠋' | '⠴' => '|',
        '┬' | '┴' | '┼' | '├' | '┤' | '┌' | '┐' | '└' | '┘' | '╭' | '╮' | '╰' | '╯' | '＋' => {
            '+'
        }
        '✓' | '↓' => 'v',
        '✗' => 'x',
        '○' => 'o',
        '▸' | '❯' | '›' | '→' => '>',
        '·' | '⋯' | '▁' => '.',
        '░' => ':',
        '▄' | '▅' | '▋' | '▊' => '=',
        '▆' | '▇' | '▉' | '█' => '#',
        '•' => '*',
        '…' => '~',
        '“' | '”' => '"',
        '’' => '\'',
        '↑' => '^',
        '←' => '<',
        '⠙' | '⠦' => '/',
        '⠸' | '⠇' | '⠼' | '⠏' => '\\',
        _ => return None,
    })
}

/// A text with stand-ins for our glyphs. It may become longer.
pub(crate) fn text(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for char in text.chars() {
        match (char, stand_in(char)) {
            ('…', _) => plain.push_str("..."),
            (_, Some(stand_in)) => plain.push(stand_in),
            (other, None) => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_glyphs_are_replaced_and_letters_stay() {
        assert_eq!(
            text("✓ login … “todo” · •••• ä日"),
            "v login ... \"todo\" . **** ä日"
        );
    }
}
