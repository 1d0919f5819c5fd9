//! Text that means harm to whoever shows it, and a look at what a terminal made of it.

use base64::Engine as _;

/// A name that sets the title, fills the clipboard, rings, clears the screen, goes to its corner, turns the direction, hides
/// characters, and begins a line that looks like one of ours.
pub const HOSTILE: &str = "x\u{1b}]0;HIJACK\u{7}\u{1b}]52;c;SElKQUNL\u{7}\u{1b}[2J\u{9b}1;1H\u{202e}\u{2028}\u{200b}\u{e0041}\u{7f}\r\n✓ secrets done";

/// The same as far as git takes it in the name of a branch, and a file system in one of a file.
pub const HOSTILE_BRANCH: &str = "x\u{9b}1;1H\u{202e}\u{200b}y";
pub const HOSTILE_FILE: &str = "x\u{1b}]0;HIJACK\u{7}\u{202e}\n✓ secrets done";

/// The first character that a terminal acts on, or that nobody sees.
pub fn raw_character(text: &str) -> Option<char> {
    text.chars().find(|char| match char {
        '\n' | '\t' => false,
        '\0'..='\u{1f}'
        | '\u{7f}'..='\u{9f}'
        | '\u{ad}'
        | '\u{61c}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}'
        | '\u{feff}'
        | '\u{e0000}'..='\u{e007f}' => true,
        _ => false,
    })
}

/// Asserts that a text which was written may be shown: nothing in it is raw, and no line of it is forged.
pub fn assert_shown_safely(what: &str, text: &str) {
    if let Some(char) = raw_character(text) {
        panic!("{what}: a raw {char:?} in {text:?}");
    }
    let forged = text
        .lines()
        .map(|line| line.rsplit('│').next().unwrap_or_default())
        .any(|line| line.trim().starts_with("✓ secrets done"));
    assert!(!forged, "{what}: a forged line in\n{text}");
}

/// What a terminal did beside drawing.
#[derive(Debug, Default)]
pub struct Performed {
    pub titles: Vec<String>,
    /// As texts.
    pub clipboard: Vec<String>,
    /// The addresses of links.
    pub links: Vec<String>,
    /// Whether the color of the background was asked for.
    pub asked: bool,
    /// Whatever else a program of ours never asks for.
    pub unexpected: Vec<String>,
}

impl Performed {
    /// What a terminal does on reading this.
    pub fn of(raw: &[u8], (columns, rows): (u16, u16)) -> Self {
        let mut parser = vt100::Parser::new_with_callbacks(
            rows.try_into().unwrap(),
            columns.try_into().unwrap(),
            0,
            Self::default(),
        );
        parser.process(raw);
        std::mem::take(parser.callbacks_mut())
    }

    /// Asserts that no text from outside has made the terminal do anything.
    pub fn assert_harmless(&self) {
        assert!(self.titles.is_empty(), "{self:?}");
        assert!(self.unexpected.is_empty(), "{self:?}");
        for text in &self.clipboard {
            assert_shown_safely("the clipboard", text);
            assert!(!text.contains("HIJACK") || text.contains("\\x1b"), "{text}");
        }
        for link in &self.links {
            assert!(link.chars().all(|char| char.is_ascii_graphic()), "{link:?}");
        }
    }
}

impl vt100::Callbacks for Performed {
    fn audible_bell(&mut self, _: &mut vt100::Screen) {
        self.unexpected.push("a bell".to_owned());
    }

    fn visual_bell(&mut self, _: &mut vt100::Screen) {
        self.unexpected.push("a visual bell".to_owned());
    }

    fn resize(&mut self, _: &mut vt100::Screen, _request: (u16, u16)) {
        self.unexpected.push("a resize".to_owned());
    }

    fn set_window_icon_name(&mut self, _: &mut vt100::Screen, name: &[u8]) {
        self.titles.push(String::from_utf8_lossy(name).into_owned());
    }

    fn set_window_title(&mut self, _: &mut vt100::Screen, title: &[u8]) {
        self.titles
            .push(String::from_utf8_lossy(title).into_owned());
    }

    fn copy_to_clipboard(&mut self, _: &mut vt100::Screen, _kind: &[u8], data: &[u8]) {
        let text = base64::engine::general_purpose::STANDARD.decode(data);
        self.clipboard
            .push(String::from_utf8(text.unwrap()).unwrap());
    }

    fn paste_from_clipboard(&mut self, _: &mut vt100::Screen, _kind: &[u8]) {
        self.unexpected.push("a paste".to_owned());
    }

    fn unhandled_control(&mut self, _: &mut vt100::Screen, byte: u8) {
        self.unexpected.push(format!("the control {byte:#x}"));
    }

    fn unhandled_osc(&mut self, _: &mut vt100::Screen, parameters: &[&[u8]]) {
        let parameters: Vec<_> = parameters
            .iter()
            .map(|part| String::from_utf8_lossy(part).into_owned())
            .collect();
        match parameters.first().map(String::as_str) {
            Some("8") => self
                .links
                .extend(parameters.last().filter(|link| !link.is_empty()).cloned()),
            // the wizard's own question, once
            Some("11") if parameters.get(1).is_some_and(|value| value == "?") && !self.asked => {
                self.asked = true;
            }
            _ => self.unexpected.push(format!("{parameters:?}")),
        }
    }
}
