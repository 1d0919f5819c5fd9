//! Screens as SVG: one, or several that are shown in turn.

use std::fmt::Write as _;

/// The size of a cell.
const CELL: (f32, f32) = (8.4, 18.0);
const MARGIN: f32 = 12.0;
/// How long each frame of an animation is shown.
const SECONDS: usize = 3;

const BACKGROUND: &str = "#16181d";

fn colour(color: vt100::Color, dim: bool) -> &'static str {
    match color {
        vt100::Color::Idx(1 | 9) => "#f14c4c",
        vt100::Color::Idx(2 | 10) => "#23d18b",
        vt100::Color::Idx(3 | 11) => "#e5c07b",
        vt100::Color::Idx(4 | 12) => "#6aa9ff",
        vt100::Color::Idx(5 | 13) => "#d670d6",
        vt100::Color::Idx(6 | 14) => "#56c8d8",
        vt100::Color::Idx(8) => "#5c6370",
        vt100::Color::Idx(7) => "#a9b0bb",
        vt100::Color::Default | vt100::Color::Idx(_) | vt100::Color::Rgb(..) if dim => "#8a8f98",
        vt100::Color::Default | vt100::Color::Idx(_) | vt100::Color::Rgb(..) => "#dcdfe4",
    }
}

fn size(screen: &vt100::Screen) -> (u16, u16) {
    let (rows, columns) = screen.size();
    (rows.get(), columns.get())
}

#[derive(Clone, Copy, PartialEq)]
struct Style {
    fill: &'static str,
    bold: bool,
    reversed: bool,
}

fn cell(screen: &vt100::Screen, row: u16, column: u16) -> (Style, String) {
    let cell = screen.cell(row, column).unwrap();
    let style = Style {
        fill: colour(cell.fgcolor(), cell.dim()),
        bold: cell.bold(),
        reversed: cell.inverse(),
    };
    let text = match cell.contents() {
        "" => " ".to_owned(),
        text => text.to_owned(),
    };
    (style, text)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// One text element for each run of one style.
fn frame(out: &mut String, screen: &vt100::Screen) {
    let (rows, columns) = size(screen);
    for row in 0..rows {
        let mut column = 0;
        while column < columns {
            let start = column;
            let (first, mut text) = cell(screen, row, column);
            column += 1;
            while column < columns {
                let (style, next) = cell(screen, row, column);
                if style != first {
                    break;
                }
                text.push_str(&next);
                column += 1;
            }
            let left = MARGIN + f32::from(start) * CELL.0;
            let top = MARGIN + f32::from(row) * CELL.1;
            let mut fill = first.fill;
            if first.reversed {
                let wide = f32::from(column - start) * CELL.0;
                writeln!(out, "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{wide:.1}\" height=\"{:.1}\" fill=\"{fill}\"/>", CELL.1).unwrap();
                fill = BACKGROUND;
            }
            // blanks at both ends are only there to be skipped
            let body = text.trim();
            if body.is_empty() {
                continue;
            }
            let skipped = text.chars().count() - text.trim_start().chars().count();
            let left = left + f32::from(u16::try_from(skipped).unwrap()) * CELL.0;
            let wide = f32::from(u16::try_from(body.chars().count()).unwrap()) * CELL.0;
            let weight = if first.bold {
                " font-weight=\"bold\""
            } else {
                ""
            };
            // textLength keeps the columns aligned whatever font the reader has
            writeln!(
                out,
                "<text x=\"{left:.1}\" y=\"{:.1}\" textLength=\"{wide:.1}\" fill=\"{fill}\"{weight}>{}</text>",
                top + 13.5,
                escape(body)
            )
            .unwrap();
        }
    }
}

/// The style sheet of an animation. Where motion is not wanted, or not known, the last frame stands still.
fn turns(count: usize) -> String {
    let whole = count * SECONDS;
    let share = 100.0 / f32::from(u16::try_from(count).unwrap());
    let last = count - 1;
    let mut style = format!(
        ".f{{visibility:hidden}}\n#f{last}{{visibility:visible}}\n\
         @keyframes turn{{0%{{visibility:visible}}{share:.3}%,100%{{visibility:hidden}}}}\n\
         @media (prefers-reduced-motion:no-preference){{\n\
         .f,#f{last}{{visibility:hidden;animation:turn {whole}s step-end infinite}}\n"
    );
    for index in 0..count {
        writeln!(style, "#f{index}{{animation-delay:{}s}}", index * SECONDS).unwrap();
    }
    style.push_str("}\n");
    style
}

/// Draws one frame, or several as an animation.
pub fn draw(frames: &[vt100::Screen], title: &str) -> String {
    let (rows, columns) = size(&frames[0]);
    let (width, height) = (
        f32::from(columns) * CELL.0 + 2.0 * MARGIN,
        f32::from(rows) * CELL.1 + 2.0 * MARGIN,
    );
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\">\n\
         <title>{}</title>\n",
        escape(title)
    );
    if frames.len() > 1 {
        write!(out, "<style>\n{}</style>\n", turns(frames.len())).unwrap();
    }
    writeln!(
        out,
        "<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{BACKGROUND}\"/>\n\
         <g font-family=\"'DejaVu Sans Mono','Cascadia Mono',Menlo,Consolas,monospace\" font-size=\"14\" xml:space=\"preserve\">"
    )
    .unwrap();
    for (index, screen) in frames.iter().enumerate() {
        writeln!(out, "<g class=\"f\" id=\"f{index}\">").unwrap();
        frame(&mut out, screen);
        out.push_str("</g>\n");
    }
    out.push_str("</g>\n</svg>\n");
    out
}
