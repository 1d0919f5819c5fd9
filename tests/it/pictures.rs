//! The README's pictures and its animation: the real binary in a real terminal, recorded while Enter leads through the demo.
//!
//! `NEONUP_UPDATE_PICTURES=1 cargo test --test it pictures` records them anew, where `NEONUP_TEST_PYTHON` names a Python with the
//! sample's packages. Without the variable the recording is compared with `assets/pictures`, but for times, ids and ports, so that
//! the pictures cannot go stale.

mod svg;
mod words;

use std::{fs, path::Path};

use crate::support::{Home, Terminal, python, skip};

/// The steps that ask something in the demo; the others have nothing to do.
const ASKS: [&str; 5] = ["Project", "Environment", "Backend", "Schema", "Health"];
/// The pages that are recorded when everything is done, and their keys.
const DONE: [(&str, &str); 3] = [("Health", "6"), ("Secrets", "7"), ("Summary", "8")];

/// Records the demo by Enter alone: a frame at each question, then the results.
fn record(python: &Path) -> Vec<vt100::Screen> {
    let _port = crate::support::apps_port();
    let home = Home::new();
    let dir = tempfile::Builder::new()
        .prefix("neonup-demo-")
        .tempdir()
        .unwrap();
    let backend = dir.path().join("aido-todo/backend");
    fs::create_dir_all(&backend).unwrap();
    let venv = python.parent().unwrap().parent().unwrap();
    std::os::unix::fs::symlink(venv, backend.join(".venv")).unwrap();
    let mut terminal = home.open(&["demo", "--dir", dir.path().to_str().unwrap()]);
    let quiet = |terminal: &Terminal| {
        let text = terminal.text();
        // neither a step that is looked at, nor a word that goes away by itself
        let looked_at = |line: &str| {
            let steps = line.split('│').next().unwrap_or_default();
            steps.trim_end().ends_with(" run")
        };
        text.contains('❯')
            && !text.lines().any(looked_at)
            && text
                .lines()
                .nth(22)
                .is_some_and(|rule| rule.chars().all(|char| "─┴".contains(char)))
    };
    let picture = |terminal: &Terminal| terminal.output().screen().clone();
    let mut frames = Vec::new();
    for stop in ASKS {
        terminal.until(&format!("{stop} asks"), |terminal| {
            let heading = terminal.heading();
            heading.starts_with(stop) && heading.contains("todo") && quiet(terminal)
        });
        frames.push(picture(&terminal));
        terminal.press("\r");
    }
    terminal.until("the summary", |terminal| {
        terminal.text().contains("All done") && quiet(terminal)
    });
    for (title, key) in DONE {
        terminal.press(key);
        terminal.until(title, |terminal| {
            terminal.heading().starts_with(title) && quiet(terminal)
        });
        frames.push(picture(&terminal));
    }
    crate::support::end_demo(&mut terminal);
    assert_eq!(terminal.wait_for_end().exit_code(), 0);
    frames
}

#[test]
fn stored_pictures_match_what_the_wizard_draws() {
    let Some(python) = python() else {
        return skip("NEONUP_TEST_PYTHON names no Python with the sample's packages");
    };
    let frames = record(&python);
    let pictures = [
        (
            "demo",
            "From a fresh clone to a verified database, by Enter alone",
            frames.clone(),
        ),
        (
            "env",
            "The env step: a masked diff before anything is written",
            vec![frames[1].clone()],
        ),
        (
            "health",
            "The health step: a ladder from the host's name to the app's own answer",
            vec![frames[5].clone()],
        ),
    ];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/pictures");
    for (name, title, frames) in pictures {
        let path = folder.join(format!("{name}.svg"));
        let drawn = svg::draw(&frames, title);
        if std::env::var_os("NEONUP_UPDATE_PICTURES").is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, &drawn).unwrap();
            continue;
        }
        let stored = fs::read_to_string(&path).unwrap_or_default();
        let (stored, drawn) = (words::of(&stored), words::of(&drawn));
        let differs = stored
            .iter()
            .zip(&drawn)
            .find(|(stored, drawn)| stored != drawn)
            .map(|(stored, drawn)| format!("\nstored: {stored}\ndrawn:  {drawn}"));
        assert!(
            stored.len() == drawn.len() && differs.is_none(),
            "assets/pictures/{name}.svg is stale: NEONUP_UPDATE_PICTURES=1 cargo test --test it pictures records it anew{}",
            differs.unwrap_or_default()
        );
    }
}
