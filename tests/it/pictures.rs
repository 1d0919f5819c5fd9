//! The README's pictures: drawn by the wizard's own code, and compared with what lies in `assets/pictures`, so that they cannot go
//! stale. `NEONUP_UPDATE_PICTURES=1 cargo test pictures` draws them anew.

use std::{fmt::Write as _, fs, path::Path};

use crossterm::event::KeyCode;
use neonup::{
    plan::StepId,
    tui::{gallery::Stage, view::view},
};
use ratatui::{
    Terminal,
    backend::TestBackend,
    buffer::{Buffer, Cell},
    style::{Color, Modifier},
};

const COLUMNS: u16 = 80;
const ROWS: u16 = 24;
/// The size of a cell in the picture.
const CELL: (f32, f32) = (8.4, 18.0);

fn colour(colour: Color, dim: bool) -> &'static str {
    match colour {
        Color::Red | Color::LightRed => "#f14c4c",
        Color::Green | Color::LightGreen => "#23d18b",
        Color::Yellow | Color::LightYellow => "#e5c07b",
        Color::Cyan | Color::LightCyan => "#56c8d8",
        Color::Blue | Color::LightBlue => "#6aa9ff",
        Color::Magenta | Color::LightMagenta => "#d670d6",
        Color::DarkGray => "#8a8f98",
        Color::Reset
        | Color::Black
        | Color::Gray
        | Color::White
        | Color::Rgb(..)
        | Color::Indexed(_)
            if dim =>
        {
            "#8a8f98"
        }
        Color::Reset
        | Color::Black
        | Color::Gray
        | Color::White
        | Color::Rgb(..)
        | Color::Indexed(_) => "#dcdfe4",
    }
}

fn style(cell: &Cell) -> (&'static str, bool, bool) {
    let reversed = cell.modifier.contains(Modifier::REVERSED);
    (
        colour(cell.fg, cell.modifier.contains(Modifier::DIM)),
        cell.modifier.contains(Modifier::BOLD),
        reversed,
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// A screen as SVG: one text element for each run of one style.
fn svg(buffer: &Buffer, title: &str) -> String {
    let (width, height) = (
        f32::from(COLUMNS) * CELL.0 + 24.0,
        f32::from(ROWS) * CELL.1 + 24.0,
    );
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\">\n\
         <title>{}</title>\n<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#16181d\"/>\n\
         <g font-family=\"'DejaVu Sans Mono','Cascadia Mono',Menlo,Consolas,monospace\" font-size=\"14\" xml:space=\"preserve\">\n",
        escape(title)
    );
    for y in 0..ROWS {
        let mut x = 0;
        while x < COLUMNS {
            let first = style(&buffer[(x, y)]);
            let start = x;
            let mut text = String::new();
            while x < COLUMNS && style(&buffer[(x, y)]) == first {
                text.push_str(buffer[(x, y)].symbol());
                x += 1;
            }
            let (fill, bold, reversed) = first;
            let left = 12.0 + f32::from(start) * CELL.0;
            let top = 12.0 + f32::from(y) * CELL.1;
            let wide = f32::from(x - start) * CELL.0;
            if reversed {
                writeln!(out, "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{wide:.1}\" height=\"{:.1}\" fill=\"{fill}\"/>", CELL.1).unwrap();
            }
            if text.trim().is_empty() {
                continue;
            }
            let fill = if reversed { "#16181d" } else { fill };
            let weight = if bold { " font-weight=\"bold\"" } else { "" };
            // textLength keeps the columns aligned whatever font the reader has
            writeln!(
                out,
                "<text x=\"{left:.1}\" y=\"{:.1}\" textLength=\"{wide:.1}\" fill=\"{fill}\"{weight}>{}</text>",
                top + 13.5,
                escape(&text)
            )
            .unwrap();
        }
    }
    out.push_str("</g>\n</svg>\n");
    out
}

fn draw(stage: &Stage) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(COLUMNS, ROWS)).unwrap();
    terminal.draw(|frame| view(&stage.app, frame)).unwrap();
    terminal.backend().buffer().clone()
}

#[test]
fn the_pictures_are_what_the_wizard_draws() {
    let mut health = Stage::up_to(StepId::Secrets);
    health.keys(&[KeyCode::Char('6')]);
    let pictures = [
        (
            "env",
            "The env step: a masked diff before anything is written",
            Stage::up_to(StepId::Env),
        ),
        (
            "health",
            "The health step: a ladder from the host's name to the app's own answer",
            health,
        ),
    ];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/pictures");
    for (name, title, stage) in pictures {
        let path = folder.join(format!("{name}.svg"));
        let drawn = svg(&draw(&stage), title);
        if std::env::var_os("NEONUP_UPDATE_PICTURES").is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, drawn).unwrap();
            continue;
        }
        let kept = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            kept == drawn,
            "assets/pictures/{name}.svg is stale: NEONUP_UPDATE_PICTURES=1 cargo test pictures draws it anew"
        );
    }
}
