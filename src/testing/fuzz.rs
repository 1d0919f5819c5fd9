//! What the fuzz targets of `fuzz/` run: each takes any bytes, and panics if a promise of the code below it does not hold.
//!
//! The corpora are run by `cargo test`, too, so that what was found once stays fixed.
#![expect(
    clippy::missing_panics_doc,
    reason = "a target that panics has found something"
)]

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::{Terminal, backend::TestBackend};

use super::screens::{AppDriver, fixtures};
use crate::{
    core::{secret::Secret, step::StepId},
    domain::{
        api_key, app_log,
        dotenv::{Document, redacted_lines},
        python::{
            AppStart, Dependencies, WantedCode, find_app, judge, propose_main, read_entry,
            session_files,
        },
        redact, sql,
        url::{Driver, Part, UrlKind, recognize, recognize_parts},
    },
    ports::{neon, repository},
    project::config::Config,
    sandbox,
    tui::{
        msg::{MouseInput, Msg},
        state::App,
        view::view,
    },
};

/// A fuzz target: its name, and what it does with any bytes.
pub type FuzzTarget = (&'static str, fn(&[u8]));

/// All targets. Each has a file in `fuzz/fuzz_targets` and a corpus.
pub const TARGETS: &[FuzzTarget] = &[
    ("env", env),
    ("url", url),
    ("toml", toml),
    ("python", python),
    ("sql", sql),
    ("pack", pack),
    ("wire", wire),
    ("api", api),
    ("keys", keys),
];

/// Takes a result that may be anything.
fn done<T>(_result: T) {}

/// An env file is kept byte for byte, and a value that is set is read back by us and by dotenvy.
pub fn env(data: &[u8]) {
    let mut document = Document::parse(data);
    assert_eq!(document.bytes(), data, "a byte is lost");
    let lints = document.lint();
    for lint in &lints {
        done((lint.kind.message(), lint.kind.why()));
    }
    done(redacted_lines(&document, &[]));
    done(document.dotenvy_agrees(&["DATABASE_URL"]));
    let keys: Vec<String> = document.entries().map(|entry| entry.key.clone()).collect();
    for key in keys.iter().take(4) {
        done(document.clone().requote(key));
    }
    // the first line is the value
    let value = data.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let value = String::from_utf8_lossy(value);
    let before = document.clone();
    match document.set("DATABASE_URL", &value) {
        Ok(_) => {
            let read = document.get("DATABASE_URL").map(Secret::expose);
            assert_eq!(read, Some(&*value), "what was set is not read back");
            assert_eq!(
                Document::parse(document.bytes()),
                document,
                "an edit and a reading differ"
            );
        }
        Err(_) => assert_eq!(before, document, "a failed edit changed something"),
    }
}

/// A URL that is recognized is written for each driver so that it is recognized as the same.
pub fn url(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    done(redact::text(&text));
    done(api_key::alone(&text));
    done(api_key::clean(&text));
    let lines: Vec<_> = text.lines().collect();
    done(recognize_parts(|part: Part| {
        lines.get(part as usize).map(|line| (*line).to_owned())
    }));
    let Some(read) = recognize(&text) else {
        return;
    };
    let connection = read.connection();
    // the forms of ADO and libpq may leave the host out, and then say nothing of where they lead
    if connection.host.is_empty() {
        return;
    }
    for driver in Driver::ALL {
        done(read.accepted_by(*driver));
        for kind in [UrlKind::Direct, UrlKind::Pooled] {
            let written = connection.url(kind, *driver);
            let again = recognize(written.expose());
            let differences = again.map(|again| connection.differences(&again));
            assert_eq!(
                differences,
                Some(Vec::new()),
                "{driver:?}: another connection"
            );
        }
    }
}

/// A configuration that is accepted is still accepted, and still the same but for the project, after the project was written into it.
pub fn toml(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if Config::parse(&text).is_err() {
        return;
    }
    if let Ok(written) = Config::with_project(&text, "name", "old-violet-12345678") {
        let again = Config::parse(&written);
        let id = again.ok().and_then(|config| config.project.id);
        assert_eq!(
            id.as_deref(),
            Some("old-violet-12345678"),
            "the project's id is lost"
        );
    }
}

/// Any text is judged as Python, requirements and the log of an application.
pub fn python(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let read = |_: &str| Some(text.clone().into_owned());
    done(Dependencies::read(&read, "backend"));
    done(find_app(&read, "backend"));
    let main = format!("from app import other\n{text}");
    let files = |path: &str| {
        Ok(match path {
            "backend/app/main.py" => Some(main.clone().into_bytes()),
            "backend/app/other.py" => Some(data.to_vec()),
            "backend/app/__init__.py" => Some(Vec::new()),
            _ => None,
        })
    };
    let command = ["uvicorn", "app.main:app"].map(str::to_owned);
    let start = AppStart::read("backend", &command);
    let Some(entry) = read_entry(&files, "backend", &start) else {
        return;
    };
    for driver in Driver::ALL {
        let judgement = judge(&entry, *driver, "DATABASE_URL", Some("/health"));
        let wanted = WantedCode {
            tables: true,
            health: Some("/health"),
            sqlmodel: true,
            models: Some("app.models".to_owned()),
            new_session: Some("app.db".to_owned()),
        };
        done(propose_main(&entry, &judgement, &wanted));
        done(session_files(
            &entry.app,
            *driver,
            "DATABASE_URL",
            "backend/.env",
            true,
        ));
    }
    done(app_log::telling_line(&text));
    done(app_log::missing_module(&text));
    done(app_log::cause(&text, "DATABASE_URL"));
}

/// The tokens of a text are the text, without a gap.
pub fn sql(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut end = 0;
    for (_, token) in sql::tokens(&text) {
        assert!(!token.is_empty(), "a token is empty");
        done(sql::dollar_body(token));
        end += token.len();
    }
    assert_eq!(end, text.len(), "a byte is in no token");
    done(sql::statements(&text));
    done(sql::locate(&text, data.len() / 2));
}

/// Any files are read as a pack with its index, as a loose object, and as a difference, at 300 MB at the most.
pub fn pack(data: &[u8]) {
    repository::fuzz(data);
}

/// Any bytes are read as the first packets of a client, and a start-up packet is written with the role that was checked.
pub fn wire(data: &[u8]) {
    sandbox::fuzz(data);
}

/// Any body is read as each answer of Neon's API.
pub fn api(data: &[u8]) {
    neon::fuzz(data);
}

thread_local! {
    /// To make them takes longer than most inputs do.
    static FIXTURES: Vec<(&'static str, App)> = fixtures();
}

/// Any keys, pastes, clicks and sizes leave a wizard that draws.
pub fn keys(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else {
        return;
    };
    let mut driver = AppDriver::up_to(StepId::Login);
    let fixture = FIXTURES.with(|all| {
        let at = usize::from(*first) % all.len().max(1);
        all.get(at).map(|(_, app)| app.clone())
    });
    if let Some(app) = fixture.filter(|_| *first >= 4) {
        driver.app = app;
    }
    let mut rest = rest.iter().copied();
    let mut time = driver.app.now;
    while let Some(code) = rest.next() {
        let Some(msg) = message(code, &mut rest) else {
            break;
        };
        time += Duration::from_millis(40);
        driver.send(Msg::Tick(time));
        driver.send(msg);
        if code % 16 == 0 {
            draw(&driver);
        }
    }
    draw(&driver);
}

fn draw(driver: &AppDriver) {
    let (columns, rows) = driver.app.size;
    let backend = TestBackend::new(columns.min(200), rows.min(80));
    let Ok(mut terminal) = Terminal::new(backend);
    let Ok(_) = terminal.draw(|frame| view(&driver.app, frame));
}

fn message(code: u8, rest: &mut impl Iterator<Item = u8>) -> Option<Msg> {
    let key = |code| Msg::Key(KeyEvent::new(code, KeyModifiers::NONE));
    Some(match code {
        0 => Msg::Resize(rest.next()?.into(), rest.next()?.into()),
        1 => {
            let length = usize::from(rest.next()?);
            let text: Vec<u8> = rest.take(length).collect();
            Msg::Paste(Secret::new(String::from_utf8_lossy(&text)))
        }
        2 => Msg::Mouse(MouseInput::Press(rest.next()?.into(), rest.next()?.into())),
        3 => Msg::Mouse(MouseInput::WheelUp),
        4 => Msg::Mouse(MouseInput::WheelDown),
        5 => Msg::Key(KeyEvent::new(
            KeyCode::Char(rest.next()?.into()),
            KeyModifiers::CONTROL,
        )),
        6 => {
            let high = u32::from(rest.next()?) << 8 | u32::from(rest.next()?);
            key(KeyCode::Char(char::from_u32(high)?))
        }
        7 => key(KeyCode::F(rest.next()?)),
        8 => key(KeyCode::Backspace),
        9 => key(KeyCode::Tab),
        10 | 13 => key(KeyCode::Enter),
        11 => key(KeyCode::Up),
        12 => key(KeyCode::Down),
        14 => key(KeyCode::Left),
        15 => key(KeyCode::Right),
        16 => key(KeyCode::Home),
        17 => key(KeyCode::End),
        18 => key(KeyCode::PageUp),
        19 => key(KeyCode::PageDown),
        20 => key(KeyCode::Delete),
        21 => key(KeyCode::Insert),
        22 => key(KeyCode::BackTab),
        27 => key(KeyCode::Esc),
        other => key(KeyCode::Char(other.into())),
    })
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    #[test]
    fn every_target_has_a_file_and_holds_for_its_corpus() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
        let names: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
        let files = fs::read_dir(folder.join("fuzz_targets")).unwrap().flatten();
        let files: BTreeSet<String> = files
            .map(|file| {
                file.path()
                    .file_stem()
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned()
            })
            .collect();
        assert_eq!(names, files);
        for (name, target) in TARGETS {
            let mut count = 0;
            for file in fs::read_dir(folder.join("corpus").join(name))
                .unwrap()
                .flatten()
            {
                target(&fs::read(file.path()).unwrap());
                count += 1;
            }
            assert!(count >= 3, "the corpus of {name} has {count} files");
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(24))]
        #[test]
        fn any_bytes_do_no_harm(data in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            for (_, target) in TARGETS {
                target(&data);
            }
        }
    }
}
